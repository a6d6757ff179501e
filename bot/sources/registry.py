"""The one table of sources: which class reads the calls of which kind of PBX."""

import httpx

from bot.config.sources import AsteriskSettings, SourceSettings, WebhookSettings
from bot.domain.clock import Clock, system_clock
from bot.sources.asterisk.source import create_asterisk
from bot.sources.base import CallSource
from bot.sources.own.json_calls import JsonCallSource


def create_source(
    name: str,
    settings: SourceSettings,
    *,
    http: httpx.AsyncClient,
    clock: Clock = system_clock,
) -> CallSource:
    """The source of this name; `isinstance` with the protocols of base.py tells what it can do.

    `http` asks PBXs that are asked (http_api.py makes one); whoever opened it closes it.

    The type checker refuses a kind that has settings and no case here.
    """
    del http  # no kind of PBX is asked over HTTP yet
    match settings:
        case WebhookSettings():
            return JsonCallSource(name, settings, clock=clock)
        case AsteriskSettings():
            return create_asterisk(name, settings, clock=clock)

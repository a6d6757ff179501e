"""The one table of sources: which class reads the calls of which kind of PBX."""

import httpx

from bot.config.sources import (
    AsteriskSettings,
    BinotelSettings,
    SourceSettings,
    WebhookSettings,
    ZadarmaSettings,
)
from bot.domain.clock import Clock, system_clock
from bot.sources.asterisk.master_csv import MasterCsvSource
from bot.sources.base import CallSource
from bot.sources.binotel.source import BinotelSource
from bot.sources.own.json_calls import JsonCallSource
from bot.sources.zadarma.source import ZadarmaSource


def create_source(
    name: str,
    settings: SourceSettings,
    *,
    http: httpx.AsyncClient,
    clock: Clock = system_clock,
    latest: Clock | None = None,
) -> CallSource:
    """The source of this name; `isinstance` with the protocols of base.py tells what it can do.

    `http` asks PBXs that are asked (http_api.py makes one); whoever opened it closes it. `latest`:
    the latest moment the clock has shown, by which calls are judged too far ahead; None: `clock`.

    The type checker refuses a kind that has settings and no case here.
    """
    match settings:
        case WebhookSettings():
            return JsonCallSource(name, settings, clock=latest or clock)
        case AsteriskSettings():
            return MasterCsvSource(name, settings, clock=latest or clock)
        case ZadarmaSettings():
            return ZadarmaSource(name, settings, http=http, clock=clock)
        case BinotelSettings():
            return BinotelSource(name, settings, http=http, clock=clock)

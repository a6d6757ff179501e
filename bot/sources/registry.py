"""The one table of sources: which class reads the calls of which kind of PBX."""

import httpx

from bot.config.sources import (
    AsteriskSettings,
    BinotelSettings,
    FreeSwitchSettings,
    MappingSettings,
    MikopbxSettings,
    OneVoipPlanetSettings,
    RingostatSettings,
    SourceSettings,
    ThreeCxSettings,
    UnitalkSettings,
    WebhookSettings,
    ZadarmaSettings,
)
from bot.domain.clock import Clock, system_clock
from bot.domain.errors import StartError
from bot.sources.asterisk.source import create_asterisk
from bot.sources.base import CallSource
from bot.sources.binotel.source import BinotelSource
from bot.sources.freeswitch.calls import FreeSwitchSource
from bot.sources.mapping.calls import create_mapping_source
from bot.sources.mapping.model import load_mapping
from bot.sources.mikopbx.source import create_mikopbx
from bot.sources.own.json_calls import JsonCallSource
from bot.sources.ringostat.source import RingostatSource
from bot.sources.threecx.source import create_threecx_source
from bot.sources.unitalk.source import UnitalkSource
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

    The type checker refuses a kind that has settings and no case here. Raises StartError if a
    file that the settings name cannot be used.
    """
    match settings:
        case WebhookSettings():
            return JsonCallSource(name, settings, clock=latest or clock)
        case AsteriskSettings():
            return create_asterisk(name, settings, clock=clock, latest=latest)
        case ZadarmaSettings():
            return ZadarmaSource(name, settings, http=http, clock=clock)
        case BinotelSettings():
            return BinotelSource(name, settings, http=http, clock=clock)
        case MappingSettings():
            try:
                mapping = load_mapping(settings.file)
            except StartError as error:
                raise StartError(f"SOURCES__{name.upper()}__FILE: {error}") from None
            return create_mapping_source(name, settings, mapping, clock=clock)
        case OneVoipPlanetSettings():
            return create_mapping_source(name, settings, load_mapping("onevoiplanet"), clock=clock)
        case FreeSwitchSettings():
            return FreeSwitchSource(name, settings, clock=clock)
        case ThreeCxSettings():
            return create_threecx_source(name, settings, http=http, clock=clock)
        case UnitalkSettings():
            return UnitalkSource(name, settings, http=http, clock=clock)
        case RingostatSettings():
            return RingostatSource(name, settings, http=http, clock=clock)
        case MikopbxSettings():
            return create_mikopbx(name, settings, http=http, clock=clock)

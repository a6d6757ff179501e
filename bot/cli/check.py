"""`dzvinok check`: whether the settings, the token, the database and every source will work."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import httpx
from aiogram.exceptions import TelegramAPIError

from bot.app import create_bot
from bot.config.settings import Settings
from bot.domain.clock import mending_zone, system_clock
from bot.domain.errors import StartError, StorageError
from bot.sources.base import FileSource, HookSource
from bot.sources.registry import create_source
from storage.calls import CallRepo
from storage.database import open_database
from storage.rejects import RejectRepo

_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is in order, and a line about it."""

    what: str
    is_ok: bool
    detail: str


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, one after another; nothing that fails stops the rest."""
    yield Finding("settings", is_ok=True, detail="read")
    yield await _check_token(settings)
    yield await _check_database(settings)
    if settings.updates == "webhook":
        yield await _check_public_url(settings)
    if not settings.sources:
        yield Finding("sources", is_ok=True, detail="none is set, so no calls will come")
    for name in settings.sources:
        yield _check_source(name, settings)
    for finding in await _check_clocks(settings):
        yield finding


async def _check_token(settings: Settings) -> Finding:
    try:
        bot = create_bot(settings)
    except StartError as error:
        return Finding("token", is_ok=False, detail=str(error))
    try:
        me = await bot.get_me(request_timeout=_SECONDS)
    except TelegramAPIError as error:
        return Finding("token", is_ok=False, detail=f"BOT_TOKEN: {error.message}")
    finally:
        await bot.session.close()
    return Finding("token", is_ok=True, detail=f"@{me.username}")


async def _check_database(settings: Settings) -> Finding:
    try:
        async with open_database(settings.database_path) as database:
            count = await CallRepo(database).count()
    except (StartError, OSError, StorageError) as error:
        return Finding("database", is_ok=False, detail=str(error))
    return Finding("database", is_ok=True, detail=f"{settings.database_path}, {count} calls")


async def _check_public_url(settings: Settings) -> Finding:
    """Whether the outside reaches a running bot; it must be running to answer."""
    url = settings.public_url.rstrip("/") + "/healthz"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return Finding("public url", is_ok=False, detail=f"PUBLIC_URL: {type(error).__name__}")
    is_ok = answer.status_code == httpx.codes.OK
    return Finding("public url", is_ok=is_ok, detail=f"answers {answer.status_code}")


async def _check_clocks(settings: Settings) -> list[Finding]:
    """The sources whose calls come hours late or early, by what the database shows."""
    if not settings.database_path.is_file():
        return []
    try:
        async with open_database(settings.database_path) as database:
            shifts = await RejectRepo(database).clock_shifts()
    except (StartError, OSError, StorageError):
        return []  # told by _check_database
    findings = []
    for name, shift in shifts.items():
        if name not in settings.sources:
            continue
        written = ZoneInfo(settings.sources[name].timezone)
        zone = mending_zone(written, settings.zone, shift=shift, now=system_clock())
        how = f"{abs(shift) / 3600:g} h {'late' if shift > 0 else 'early'}"
        setting = f"SOURCES__{name.upper()}__TIMEZONE"
        detail = f"{setting}: the last calls came {how} by their own times; try {setting}={zone}"
        findings.append(Finding(f"clock of {name}", is_ok=False, detail=detail))
    return findings


def _check_source(name: str, settings: Settings) -> Finding:
    """Whether calls can come from the source, and by which ways."""
    chosen = settings.sources[name]
    source = create_source(name, chosen)
    what = f"source {name}"
    ways = [chosen.kind, chosen.timezone]
    if isinstance(source, HookSource):
        if chosen.token is None:
            closed = f"SOURCES__{name.upper()}__TOKEN: not set, its hook is closed"
            return Finding(what, is_ok=False, detail=closed)
        address = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
        ways.append(f"POST {address.rstrip('/')}/hooks/{name}/***")
    if isinstance(source, FileSource):
        ways.append(f"dzvinok import {name} FILE…")
    return Finding(what, is_ok=True, detail=", ".join(ways))

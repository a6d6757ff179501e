"""`dzvinok check`: whether the settings, the token, the database and every source will work.

What stops the bot from being useful is FAIL: with no administrator nobody can be let in, without a
source no call comes, a guessable token lets anybody invent calls. What only looks odd, or cannot
be known before the bot runs, is a note. Each finding is a line with what to do.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import tzlocal

from bot.cli.guessable import A_NEW_ONE, is_guessable
from bot.cli.telegram import bot_account
from bot.config.settings import Settings
from bot.domain.clock import system_clock
from bot.domain.clock_shifts import mending_zone
from bot.domain.errors import SourceError, SourceHintError, StartError, StorageError
from bot.domain.hours import local_time
from bot.sources.base import CallSource, FeedSource, FileSource, HookSource
from bot.sources.http_api import certificates, create_client
from bot.sources.pinning import pinned_transports
from bot.sources.registry import create_source
from bot.web.server import not_served
from storage.calls import CallRepo
from storage.clock_shifts import ClockShiftRepo
from storage.database import describe_server, open_database
from storage.employees import EmployeeRepo
from storage.leases import is_held
from storage.rejects import RejectRepo

_SECONDS = 10
_OWN_SECONDS = 2
_FEED_SECONDS = 45
_CLOCK_SECONDS = 120
_SERVER_CLOCK_SECONDS = 2
_TELEGRAM = "https://api.telegram.org"


class Verdict(Enum):
    """The word a line begins with."""

    OK = "ok"
    NOTE = "note"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is in order, and a line about it."""

    what: str
    verdict: Verdict
    detail: str


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, one after another; nothing that fails stops the rest."""
    yield Finding("settings", Verdict.OK, "read")
    yield await _check_token(settings)
    database, administrators = await _check_database(settings)
    yield _check_administrators(settings, administrators)
    yield database
    if settings.database_url and database.verdict is Verdict.OK:
        for finding in await _check_server(settings.database_url.get_secret_value()):
            yield finding
    yield _check_zone(settings)
    port, is_running = await _check_port(settings)
    yield port
    if settings.public_url:
        yield await _check_public_url(settings, is_running=is_running)
    if settings.updates == "webhook":
        yield _check_secret(settings)
    if not settings.sources:
        detail = (
            "SOURCES: none is set, so no call will come; "
            "set SOURCES__OFFICE__KIND and the rest of a source, see .env.example"
        )
        yield Finding("sources", Verdict.FAIL, detail)
    async with create_client(pinned_transports(settings.sources.values())) as http:
        for name, chosen in settings.sources.items():
            try:
                source = create_source(name, chosen, http=http)
            except StartError as error:
                yield Finding(f"source {name}", Verdict.FAIL, str(error))
                continue
            heard = None if isinstance(source, FeedSource) else await _last_heard(settings, name)
            yield _check_source(source, settings, heard=heard)
            if isinstance(source, FeedSource):
                yield await _check_feeds(source, http)
    for finding in await _check_clocks(settings):
        yield finding


async def _check_token(settings: Settings) -> Finding:
    try:
        me = await bot_account(settings)
    except StartError as error:
        return Finding("token", Verdict.FAIL, str(error))
    detail = f"@{me.username}"
    if not me.supports_inline_queries:
        detail += "; in other chats it finds no calls, @BotFather's /setinline turns that on"
    return Finding("token", Verdict.OK, detail)


async def _check_database(settings: Settings) -> tuple[Finding, int]:
    """What the database is like, and how many administrators it knows."""
    try:
        async with open_database(settings.database) as database:
            calls = await CallRepo(database).count()
            administrators = len(await EmployeeRepo(database).list_administrators())
    except StartError as error:
        return Finding("database", Verdict.FAIL, str(error)), 0
    except StorageError as error:
        return Finding("database", Verdict.FAIL, f"{settings.database_setting}: {error}"), 0
    counted = f"{calls} {'call' if calls == 1 else 'calls'}"
    return Finding("database", Verdict.OK, f"{settings.database_place}, {counted}"), administrators


async def _check_server(url: str) -> list[Finding]:
    """What bots on several machines need of the server that a single one may not notice."""
    try:
        server = await describe_server(url)
    except StartError as error:
        return [Finding("server", Verdict.FAIL, str(error))]
    what, ahead = "clock of the server", abs(server.ahead)
    told = f"{ahead:.1f} s {'before' if server.ahead > 0 else 'behind'} that of this computer"
    clock = Finding(what, Verdict.OK, told)
    if ahead - server.unsure > _SERVER_CLOCK_SECONDS:
        clock = Finding(what, Verdict.NOTE, f"{told}: set both by NTP")
    what, bots = "connections", server.connections // server.of_a_bot
    told = f"{server.connections}, of which each bot takes up to {server.of_a_bot}"
    connections = Finding(what, Verdict.OK, told)
    if bots < 2:
        verdict = Verdict.NOTE if bots else Verdict.FAIL
        connections = Finding(what, verdict, f"{told}: raise max_connections of the server")
    return [Finding("server", Verdict.OK, f"PostgreSQL {server.version}"), clock, connections]


def _check_administrators(settings: Settings, stored: int) -> Finding:
    what, ids = "administrators", settings.admin_ids
    bot_id = settings.bot_token.get_secret_value().partition(":")[0]
    if bot_id in map(str, ids):
        detail = (
            "ADMIN_IDS: holds the id of the bot itself; put ids of people there, "
            "@userinfobot tells each theirs"
        )
        return Finding(what, Verdict.FAIL, detail)
    if ids:
        return Finding(what, Verdict.OK, f"{len(ids)} in ADMIN_IDS")
    if stored:
        return Finding(what, Verdict.OK, f"{stored} by invitation, none in ADMIN_IDS")
    detail = (
        "ADMIN_IDS: empty, so nobody can let people in; "
        "put your numeric Telegram id there, @userinfobot tells it"
    )
    return Finding(what, Verdict.FAIL, detail)


def _check_zone(settings: Settings) -> Finding:
    """The company's zone beside this computer's: one of them may be a mistake."""
    now = datetime.now(settings.zone)
    detail = f"TIMEZONE: {settings.timezone}, where it is {now:%H:%M}"
    try:
        here = tzlocal.get_localzone_name()
        is_same = _offsets(ZoneInfo(here), now) == _offsets(settings.zone, now)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Finding("time zone", Verdict.OK, detail)
    if is_same:
        return Finding("time zone", Verdict.OK, detail)
    detail += f"; this computer keeps {here}, {now.astimezone(ZoneInfo(here)):%H:%M}"
    if not any(_offsets(ZoneInfo(here), now)):  # UTC: as servers do
        return Finding("time zone", Verdict.OK, detail)
    return Finding("time zone", Verdict.NOTE, f"{detail}; is it the company's?")


def _offsets(zone: ZoneInfo, now: datetime) -> list[timedelta]:
    """How far a zone is from UTC now and half a year later, so in summer and in winter."""
    moments = (now, now + timedelta(days=182))
    return [moment.astimezone(zone).utcoffset() or timedelta() for moment in moments]


async def _check_port(settings: Settings) -> tuple[Finding, bool]:
    """Whether the bot can listen, and whether it does so already."""
    what, port = "port", settings.http_port
    where = f"{settings.http_host}:{port}" if port else f"{settings.http_host}, any that"
    try:
        server = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, settings.http_host, port
        )
    except (OSError, UnicodeError) as error:
        if await _is_own_bot(settings):
            return Finding(what, Verdict.OK, f"{where}, the bot is running there"), True
        return Finding(what, Verdict.FAIL, str(not_served(settings, error))), False
    server.close()
    await server.wait_closed()
    return Finding(what, Verdict.OK, f"{where} is free"), False


async def _is_own_bot(settings: Settings) -> bool:
    """Whether it is the bot on our database that listens at our address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http_host, settings.http_host)  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}/healthz"
    try:
        async with httpx.AsyncClient(
            verify=certificates(), timeout=_OWN_SECONDS, trust_env=False
        ) as client:
            answer = await client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        return False
    return answer.text == "ok" and await is_held(settings.database)


async def _check_public_url(settings: Settings, *, is_running: bool) -> Finding:
    """Whether the outside reaches the bot; only a running one can answer."""
    what, is_webhook = "public url", settings.updates == "webhook"
    url = settings.public_url.rstrip("/")
    if is_webhook and url.startswith("http:") and settings.bot_api_url.rstrip("/") == _TELEGRAM:
        detail = "PUBLIC_URL: Telegram posts to https only; put a proxy with HTTPS before the bot"
        return Finding(what, Verdict.FAIL, detail)
    try:
        async with httpx.AsyncClient(timeout=_SECONDS) as client:
            answer = await client.get(url + "/healthz")
        said, is_ok = f"answers {answer.status_code}", answer.status_code == httpx.codes.OK
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        said, is_ok = f"does not answer ({type(error).__name__})", False
    if is_ok:
        return Finding(what, Verdict.OK, said)
    if not is_running:
        detail = f"PUBLIC_URL: {said}; the bot does not run yet: check again when it does"
        return Finding(what, Verdict.NOTE, detail)
    detail = f"PUBLIC_URL: {said}; let the proxy there pass requests to HTTP_PORT"
    return Finding(what, Verdict.FAIL, detail)


def _check_secret(settings: Settings) -> Finding:
    if is_guessable(settings.webhook_secret.get_secret_value()):
        return _guessable("webhook secret", "WEBHOOK_SECRET")
    return Finding("webhook secret", Verdict.OK, "long enough")


async def _check_clocks(settings: Settings) -> list[Finding]:
    """The sources whose calls come hours late or early, by what the database shows."""
    if not settings.database_url and not settings.database_path.is_file():
        return []
    try:
        async with open_database(settings.database) as database:
            shifts = await ClockShiftRepo(database).by_source()
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
        findings.append(Finding(f"clock of {name}", Verdict.FAIL, detail))
    return findings


async def _last_heard(settings: Settings, name: str) -> str | None:
    """What has come of a source that only its hook can tell of; None: that is not known."""
    try:
        async with open_database(settings.database) as database:
            at = await CallRepo(database).last_received(name)
            refused = await RejectRepo(database).last(name)
    except (StartError, OSError, StorageError):
        return None  # told by _check_database
    if at is not None:
        return f"last call heard of {local_time(at, settings.zone):%Y-%m-%d %H:%M}"
    return (
        f"no call so far, what came could not be read: {refused}" if refused else "no call so far"
    )


def _check_source(source: CallSource, settings: Settings, *, heard: str | None) -> Finding:
    """Whether calls can come from the source, and by which ways."""
    name = source.name
    chosen = settings.sources[name]
    what, setting = f"source {name}", f"SOURCES__{name.upper()}__TOKEN"
    ways = [chosen.kind, chosen.timezone]
    if isinstance(source, HookSource):
        if chosen.token is None:
            if isinstance(source, FeedSource):
                asked = f"{', '.join(ways)}, asked again and again; its hook would tell sooner"
                hint = f"{asked}: {setting} opens it, this makes one: {A_NEW_ONE}"
                return Finding(what, Verdict.NOTE, hint)
            needed = f"{setting}: not set, and calls come by the hook alone"
            return Finding(what, Verdict.FAIL, f"{needed}; this makes one: {A_NEW_ONE}")
        if is_guessable(chosen.token.get_secret_value(), name):
            return _guessable(what, setting)
        address = settings.public_url or f"http://{settings.http_host}:{settings.http_port}"
        ways.append(f"POST {address.rstrip('/')}/hooks/{name}/***")
    if isinstance(source, FileSource):
        ways.append(f"dzvinok import {name} FILE…")
    if heard and isinstance(source, HookSource):
        ways.append(heard)
    return Finding(what, Verdict.OK, ", ".join(ways))


async def _check_feeds(source: FeedSource, http: httpx.AsyncClient) -> Finding:
    """Whether the PBX answers, and as it should, and goes by our clock."""
    what = f"connection {source.name}"
    dates: list[tuple[str, str]] = []

    async def note_date(response: httpx.Response) -> None:
        dates.append((response.url.host, response.headers.get("Date", "")))

    http.event_hooks = {"response": [note_date]}
    try:
        async with asyncio.timeout(_FEED_SECONDS):
            said, verdict = await source.check(), Verdict.OK
    except TimeoutError:
        told = f"no answer within {_FEED_SECONDS} s: try later, or check a firewall between"
        return Finding(what, Verdict.FAIL, told)
    except SourceHintError as error:
        said, verdict = str(error), Verdict.NOTE
    except SourceError as error:
        return Finding(what, Verdict.FAIL, str(error))
    finally:
        http.event_hooks = {}
    if dates and (wrong := _clock_differs(*dates[-1])):
        return Finding(what, Verdict.FAIL, wrong)
    return Finding(what, verdict, said)


def _clock_differs(host: str, date: str) -> str | None:
    """What to do if whoever answered with this date is minutes before us, or behind."""
    try:
        ahead = round(parsedate_to_datetime(date).timestamp() - system_clock())
    except ValueError:
        return None
    if abs(ahead) <= _CLOCK_SECONDS:
        return None
    slow = "slow" if ahead > 0 else "fast"
    return f"by {host} the clock of this computer is {abs(ahead)} s {slow}: set both by NTP"


def _guessable(what: str, setting: str) -> Finding:
    detail = f"{setting}: short or easy to guess; this makes a good one: {A_NEW_ONE}"
    return Finding(what, Verdict.FAIL, detail)

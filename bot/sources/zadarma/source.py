"""Zadarma: told of calls by its hook, asked for what was missed, for prices and recordings.

Its statistics may be asked 3 times a minute and "not every minute": so they are read after a
start and after an outage, seldom otherwise, and again five minutes after talks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import ZadarmaSettings
from bot.domain.calls import CallFacts, Direction, EndedCall
from bot.domain.clock import Clock, system_clock
from bot.domain.errors import SourceError, SourceHintError
from bot.sources.base import Feed, Reading, rejected
from bot.sources.polling import Pace, PolledFeed
from bot.sources.posted import decode_text, read_posted
from bot.sources.quota import Quota
from bot.sources.times import LocalTime, local_text
from bot.sources.zadarma.client import PBX_STATISTICS, STATISTICS, RefusedError, ZadarmaApi
from bot.sources.zadarma.events import Events, is_signed
from bot.sources.zadarma.statistics import NEAR, Prices, Statistics
from bot.sources.zadarma.words import direction_of, extension_of

PAGE = 1000
"""Rows of one answer, at most; a full one is followed by another."""

OFTEN, SELDOM = 900.0, 3600.0
"""Seconds between two readings of the statistics, without a hook and with one."""

_WEEK = 7 * 86400
_PAGES = 200
_CLOCK_SECONDS = 120
_NOTICES = (
    *("notify_start", "notify_internal", "notify_answer", "notify_end"),
    *("notify_out_start", "notify_out_end"),
)


class ZadarmaSource:
    """Is a HookSource, signed, answering and echoing; a FeedSource; Late, Recording and Dial."""

    hook_answer = "{}"
    """Zadarma might take anything else for an order what to do with the call."""

    ask_pause = 300.0

    def __init__(
        self,
        name: str,
        settings: ZadarmaSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._settings = settings
        self._setting = f"SOURCES__{name.upper()}"
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._api = ZadarmaApi(
            http,
            settings,
            setting=self._setting,
            requests=Quota(100, 60, steady=steady, sleep=sleep),
            statistics=Quota(3, 60, steady=steady, sleep=sleep),
        )
        numbers, local = settings.number_plan, LocalTime(self._zone)
        self._events = Events(name, numbers=numbers, time=local, clock=clock)
        self._statistics = Statistics(name, numbers=numbers, time=local, clock=clock)
        self._prices = Prices(numbers=numbers, time=local)
        self._pace = Pace(OFTEN, SELDOM)
        self._feed = PolledFeed(
            "calls", self._read_window, clock, self._pace, step=_WEEK, sleep=sleep
        )

    @property
    def name(self) -> str:
        return self._name

    def is_genuine(self, body: bytes, content_type: str, headers: Mapping[str, str]) -> bool:
        form = self._form(body, content_type)
        secret = self._settings.secret.get_secret_value()
        return form is not None and is_signed(form, headers.get("Signature", ""), secret)

    def hook_echo(self, query: Mapping[str, str]) -> str | None:
        return query.get("zd_echo")

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        text = decode_text(body, self._settings.encoding)
        form = self._form(body, content_type)
        if form is None:
            return [rejected(0, ["expected the form of an event"], text)]
        readings = self._events.read(form, text)
        self._pace.note_hook(readings)
        return readings

    def _form(self, body: bytes, content_type: str) -> dict[str, object] | None:
        try:
            posted = read_posted(body, content_type, self._settings.encoding)
        except ValueError:
            return None
        return posted if isinstance(posted, dict) else None

    @property
    def feeds(self) -> Sequence[Feed]:
        return [self._feed]

    async def check(self) -> str:
        said = await self._api.get("/v1/info/timezone/")
        self._check_clock(said)
        hook = await self._api.get("/v1/pbx/callinfo/")
        self._check_hook(hook)
        return "the key fits, the clocks agree, calls are posted to the hook"

    def _check_clock(self, said: Mapping[str, Any]) -> None:
        now = self._clock()
        try:
            unix = int(said["unixtime"])
            local = datetime.fromisoformat(str(said["datetime"])).replace(tzinfo=UTC)
        except (KeyError, ValueError, TypeError):
            return
        if abs(unix - now) > _CLOCK_SECONDS:
            raise SourceError(
                f"the clock of this computer is {abs(unix - now)} s "
                f"{'slow' if unix > now else 'fast'}: set it by NTP"
            )
        theirs = round((local.timestamp() - unix) / 900) * 900
        offset = datetime.fromtimestamp(now, self._zone).utcoffset()
        if offset is not None and theirs != offset.total_seconds():
            raise SourceError(
                f"{self._setting}__TIMEZONE: {self._settings.timezone} is not the zone of the "
                f"account, which is {theirs / 3600:+g} h from UTC now: make them the same"
            )

    def _check_hook(self, said: Mapping[str, Any]) -> None:
        token = self._settings.token.get_secret_value() if self._settings.token else ""
        url = str(said.get("url") or "")
        if not url or not token or not url.rstrip("/").endswith(f"/hooks/{self._name}/{token}"):
            state = "no address is set" if not url else "they are posted to another address"
            raise SourceHintError(
                f"the key fits, but {state} for notifications of calls, so they come up to "
                f"{OFTEN // 60:.0f} minutes late: in Zadarma's cabinet, Settings - Integrations "
                f"and API, paste PUBLIC_URL/hooks/{self._name}/TOKEN"
            )
        notices = said.get("notifications")
        switches = notices if isinstance(notices, dict) else {}
        off = [name for name in _NOTICES if str(switches.get(name, "true")).lower() != "true"]
        if off:
            told = "the key fits, but not all calls are told of at once"
            raise SourceHintError(f"{told}: in Zadarma's cabinet switch on {', '.join(off)}")

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        """Asks only for talks: no other call is recorded, or paid for when it went out."""
        lacking = [call for call in calls if call.talk and _may_come(call)]
        if not lacking:
            return []
        begins = min(call.started_at for call in lacking) - 2 * NEAR
        ends = max(call.ended_at for call in lacking) + 2 * NEAR
        wanted = {call.external_id for call in lacking}
        readings = self._statistics.calls(await self._rows(PBX_STATISTICS, begins, ends))
        found = await self._with_prices(readings, begins, ends)
        return [one for one in found if isinstance(one, CallFacts) and one.external_id in wanted]

    async def find_recording(self, reference: str) -> str | None:
        which = "pbx_call_id" if direction_of(reference) else "call_id"
        try:
            said = await self._api.get("/v1/pbx/record/request/", {which: reference})
        except RefusedError:
            return None
        links = said.get("links")
        first = links[0] if isinstance(links, list) and links else said.get("link")
        return first if isinstance(first, str) and first else None

    def can_ring(self, extension: str) -> bool:
        return extension_of(extension) is not None

    async def dial(self, extension: str, number: str, *, ref: str) -> None:
        """Zadarma rings the extension, then the number; the call's id comes with its events."""
        del ref
        params = {"from": extension, "to": number.removeprefix("+"), "sip": extension}
        await self._api.get("/v1/request/callback/", params)

    async def _read_window(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        readings = self._statistics.calls(await self._rows(PBX_STATISTICS, begins, ends))
        yield await self._with_prices(readings, begins, ends)

    async def _with_prices(
        self, readings: Sequence[Reading], begins: int, ends: int
    ) -> list[Reading]:
        """The readings; prices are asked for only if there is an outgoing talk among them."""
        calls = [one for one in readings if isinstance(one, CallFacts)]
        rejects = [one for one in readings if not isinstance(one, CallFacts)]
        if any(call.direction is Direction.OUT and call.talk for call in calls):
            rows = await self._rows(STATISTICS, begins, ends)
            calls = self._prices.add(calls, rows)
        return [*rejects, *calls]

    async def _rows(self, path: str, begins: int, ends: int) -> list[object]:
        """All rows of a window of time, each once, however the pages overlap."""
        start, end = local_text(begins, self._zone), local_text(ends, self._zone)
        params = {"start": start, "end": end, "limit": str(PAGE)}
        if path == PBX_STATISTICS:
            params["version"] = "2"
        rows: dict[str, object] = {}
        for page in range(_PAGES):
            said = await self._api.get(path, params | {"skip": str(page * PAGE)})
            stats = said.get("stats")
            if not isinstance(stats, list):
                raise SourceError("Zadarma's statistics have no list of calls")
            known = len(rows)
            rows |= {repr(row): row for row in stats}
            if len(stats) < PAGE or len(rows) == known:
                break
        return list(rows.values())


def _may_come(call: EndedCall) -> bool:
    """Whether what it lacks may still be told: an incoming call has no price."""
    is_paid = direction_of(call.external_id) is Direction.OUT and not call.has_price
    return is_paid or not call.has_recording

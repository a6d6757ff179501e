"""Binotel: told of calls by its webhooks, and asked for them, seldom as long as those tell.

A list has no pages and no more than a thousand calls: so a window of time whose list is full is
asked for in halves.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import httpx

from bot.config.sources import BinotelSettings
from bot.domain.clock import Clock, system_clock
from bot.domain.errors import SourceError
from bot.sources.base import Feed, Reading, rejected
from bot.sources.binotel.client import BinotelApi, NothingError
from bot.sources.binotel.events import Events
from bot.sources.binotel.records import is_no_call, read_record
from bot.sources.polling import Pace, PolledFeed
from bot.sources.posted import decode_text, read_posted

LIMIT = 1000
"""Calls of one answer, at most, as others have found."""

STEP = 12 * 3600
"""Seconds of history asked for at once; others have found that a day is the most."""

_SHORTEST = 60


class BinotelSource:
    """Is a HookSource that answers, a FeedSource, a RecordingSource and a DialSource."""

    hook_answer = json.dumps({"status": "success"})
    """Whatever else is said, Binotel posts again for 38 hours."""

    def __init__(
        self,
        name: str,
        settings: BinotelSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._settings = settings
        self._numbers = settings.number_plan
        self._clock = clock
        self._api = BinotelApi(http, settings, setting=f"SOURCES__{name.upper()}")
        self._events = Events(name, numbers=self._numbers, clock=clock)
        self._pace = Pace()
        self._feed = PolledFeed(
            "calls", self._read_window, clock, self._pace, step=STEP, sleep=sleep
        )

    @property
    def name(self) -> str:
        return self._name

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        text = decode_text(body, self._settings.encoding)
        try:
            form = read_posted(body, content_type, self._settings.encoding)
        except ValueError as error:
            return [rejected(0, [str(error)], text)]
        if not isinstance(form, dict):
            return [rejected(0, ["expected the form of an event"], text)]
        readings = self._events.read(form, text)
        self._pace.note_hook(readings)
        return readings

    @property
    def feeds(self) -> Sequence[Feed]:
        return [self._feed]

    async def check(self) -> str:
        said = await self._api.call("stats/all-incoming-calls-since", timestamp=self._clock() - 60)
        _records(said)
        return "the key and the secret fit"

    async def find_recording(self, reference: str) -> str | None:
        try:
            said = await self._api.call("stats/call-record", generalCallID=reference)
        except NothingError:
            return None
        url = said.get("url")
        return url if isinstance(url, str) and url else None

    def can_ring(self, extension: str) -> bool:
        return extension.isascii() and extension.isdecimal()

    async def dial(self, extension: str, number: str, *, ref: str) -> str | None:
        """Binotel rings the extension, then the number, which it wants as it is dialled here."""
        del ref
        national = number.removeprefix("+38") if number.startswith("+380") else number.lstrip("+")
        try:
            said = await self._api.call(
                "calls/internal-number-to-external-number",
                internalNumber=extension,
                externalNumber=national,
                **{"async": True},
            )
        except NothingError as error:
            raise SourceError(
                f"{error}: ask Binotel to allow calls by API on this line"
            ) from error
        call_id = said.get("generalCallID")
        return str(call_id) if isinstance(call_id, str | int) and call_id else None

    async def _read_window(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        for way in ("incoming", "outgoing"):
            async for readings in self._read_way(way, begins, ends):
                yield readings

    async def _read_way(
        self, way: str, begins: int, ends: int
    ) -> AsyncIterator[Sequence[Reading]]:
        if ends > self._clock():  # until now
            said = await self._api.call(f"stats/all-{way}-calls-since", timestamp=begins)
            records = _records(said)
            if len(records) < LIMIT:
                yield self._readings(records)
                return
        step = min(STEP, ends - begins)
        while begins < ends:
            stop = min(begins + step, ends)
            said = await self._api.call(
                f"stats/{way}-calls-for-period", startTime=begins, stopTime=stop
            )
            records = _records(said)
            if len(records) >= LIMIT and step > _SHORTEST:
                step //= 2
                continue
            yield self._readings(records)
            begins = stop

    def _readings(self, records: Mapping[object, object]) -> list[Reading]:
        readings: list[Reading] = []
        for place, (key, record) in enumerate(records.items()):
            try:
                if not isinstance(record, Mapping):
                    raise ValueError("expected an object")
                if not is_no_call(record):
                    readings.append(
                        read_record(
                            record,
                            key,
                            source=self._name,
                            numbers=self._numbers,
                            clock=self._clock,
                        )
                    )
            except ValueError as error:
                body = json.dumps(record, ensure_ascii=False)
                readings.append(rejected(place, [str(error)], body))
        return readings


def _records(said: Mapping[str, object]) -> Mapping[object, object]:
    """The calls of an answer by their ids; PHP writes none as an empty list, or as "".

    Raises SourceError if there is no list of calls.
    """
    match said.get("callDetails"):
        case Mapping() as records:
            return records
        case list() as records:
            return dict(enumerate(records))
        case None | "":
            return {}
    raise SourceError("Binotel's answer has no list of calls")

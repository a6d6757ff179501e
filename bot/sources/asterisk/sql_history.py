"""asteriskcdrdb, asked again and again for the calls that have ended since.

A row says when its call began, in the server's local time, and is written when it has ended. So
what is new is found by the end of the calls, among those that began within LONGEST_CALL; and what
was written late, by asking again for OVERLAP seconds before the latest end. Rows that were read
already are known and passed over.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.config.sources import CDR_COLUMNS, AsteriskSettings
from bot.domain.calls import CallFacts, Direction, Party, Reject, Status
from bot.domain.clock import Clock
from bot.sources.asterisk.cdr import ANSWERED, Cdr, CdrMore
from bot.sources.asterisk.cdr_database import COLUMNS, CdrDatabase, Row, open_cdr_database
from bot.sources.asterisk.cdr_rows import RowReader
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.history import FIRST_DAYS, NAME, QUIET, Joining
from bot.sources.base import NAME_LIMIT, TEXT_LIMIT, Batch, Reading, clean_text, rejected

LOOK_SECONDS = 5.0
"""Between two looks at the table."""

LONGEST_CALL = 12 * 3600
OVERLAP = 600
"""Seconds: `batch=yes` in cdr.conf writes up to five minutes late."""

_NIGHT = 3 * 3600
_SAY_SECONDS = 60.0
_PAGE = 200
_LOOKED_AT = 200
_AT_ONCE = 25
"""Rows read without a pause: a press waits for no more than that takes, a few milliseconds."""

_CDR = len(CDR_COLUMNS)
_START, _BILLSEC, _SEQUENCE = map(COLUMNS.index, ("start", "billsec", "sequence"))
_DATE_IN_NAME = re.compile(r"-(\d{4})(\d\d)(\d\d)-\d{6}-", re.ASCII)


class SqlHistory:
    """The rows of the database CDR_DATABASE_URL. Is a Feed."""

    name = NAME

    def __init__(
        self,
        source: str,
        settings: AsteriskSettings,
        *,
        clock: Clock,
        latest: Clock | None = None,
        every: float = LOOK_SECONDS,
        quiet: float = QUIET,
    ) -> None:
        """`every`: seconds between two looks. `quiet`: see history.py."""
        assert settings.cdr_database_url is not None  # noqa: S101 - or else there is no such feed
        self._url = settings.cdr_database_url
        self._source = source
        self._settings = settings
        self._setting = f"SOURCES__{source.upper()}__CDR_DATABASE_URL"
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._latest = latest or clock
        self._every = every
        self._quiet = quiet

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        reading = _Reading(self._source, self._settings, self._clock, self._latest, self._quiet)
        reading.since = _read_cursor(cursor)
        async with open_cdr_database(self._url, setting=self._setting) as database:
            await database.look()
            said_at: float | None = None
            while True:
                began, now = self._clock(), time.monotonic()
                async for readings in reading.sweep(database):
                    yield Batch(readings, reading.cursor(), is_history=True)
                readings = reading.pop_over(now=now)
                if readings or said_at is None or now - said_at >= _SAY_SECONDS:
                    said_at = now
                    yield Batch(readings, reading.cursor(), is_history=True, read_until=began)
                await asyncio.sleep(self._every)

    async def check(self) -> str:
        """What was found, in a line. Raises SourceError with what is wrong and what to do."""
        async with open_cdr_database(self._url, setting=self._setting) as database:
            has_index = await database.look()
            rows = RowReader(self._settings, latest=self._latest)
            found = [_read_row(rows, row) for row in await database.last(_LOOKED_AT)]
        ends = [item.end for item in found if isinstance(item, Cdr)]
        told = ["the database of calls"]
        if ends:
            last = datetime.fromtimestamp(max(ends), self._zone)
            told[0] += f", last call {last:%Y-%m-%d %H:%M}"
        else:
            told[0] += ", no call in it so far"
        if not has_index:
            told.append("its start of calls has no index, so each look reads all: make one")
        if hint := rows.zone_hint():
            told.append(hint)
        return "; ".join(told)


class _Reading:
    """What is read of the table, and to which calls its rows were put so far.

    `since`: rows of calls that ended until then were read; None: no row was.
    """

    def __init__(
        self, source: str, settings: AsteriskSettings, clock: Clock, latest: Clock, quiet: float
    ) -> None:
        self.since: int | None = None
        self._clock = clock
        self._zone = ZoneInfo(settings.timezone)
        self._rows = RowReader(settings, latest=latest)
        self._joining = Joining(source, settings, quiet=quiet)
        self._adding = _Adding(settings)
        self._known: dict[int, int] = {}
        self._latest = 0
        self._read_to: int | None = None

    async def sweep(self, database: CdrDatabase) -> AsyncGenerator[list[Reading], None]:
        """Read what is new, page by page; a page that is full is told of at once."""
        if self.since is None:
            since = self._clock() - FIRST_DAYS * 86400
            began, ended = since, since
        else:
            began, ended = self.since - LONGEST_CALL, self.since - OVERLAP
        began_from, ended_from = self._local(began), self._local(ended)
        limit = _PAGE
        while True:
            asked_at = time.monotonic()
            page = await database.rows(started_from=began_from, ended_from=ended_from, limit=limit)
            readings = await self._join(page)
            if len(page) < limit:
                break
            await asyncio.sleep(time.monotonic() - asked_at)  # half of the time is for people
            last = page[-1][_START]
            limit = limit * 2 if last == began_from else _PAGE
            began_from = last
            self._forget()
            yield readings
        self._read_to = None
        self.since = self._latest or self.since
        self._forget()
        if readings:
            yield readings

    def pop_over(self, *, now: float | None = None) -> list[Reading]:
        """The calls that are over; `now`: all rows there are were read."""
        return [self._adding.add(facts, cdrs) for facts, cdrs in self._joining.pop_over(now=now)]

    def cursor(self) -> str | None:
        """Where to go on: the earliest end of a call that may not have been told of yet."""
        first = self._joining.first_place()
        places = [self.since, self._read_to, first[0] if first else None]
        known = [one for one in places if one is not None]
        return json.dumps({"sql": min(known)}) if known else None

    async def _join(self, page: Sequence[Row]) -> list[Reading]:
        readings: list[Reading] = []
        for count, row in enumerate(page, 1):
            if hash(row) not in self._known:
                self._known[hash(row)] = self._latest
                item = _read_row(self._rows, row)
                if isinstance(item, Reject):
                    readings.append(item)
                elif not item.is_message():
                    self._known[hash(row)] = item.end
                    self._latest = max(self._latest, min(item.end, self._clock()))
                    self._read_to = item.start
                    place = (item.end, 0)
                    self._joining.add(item, place, now=time.monotonic(), told_until=item.start)
            if count % _AT_ONCE == 0:
                readings += self.pop_over()
                await asyncio.sleep(0)
        return readings

    def _forget(self) -> None:
        """Forget the rows that no look finds again."""
        before = self._latest - OVERLAP
        if self._read_to is not None:
            before = min(before, self._read_to)
        self._known = {row: end for row, end in self._known.items() if end >= before}

    def _local(self, moment: int) -> str:
        """The earliest time that the server's clock shows at that moment or later."""
        at = datetime.fromtimestamp(moment, self._zone)
        later = datetime.fromtimestamp(moment + _NIGHT, self._zone)
        back = (at.utcoffset() or timedelta()) - (later.utcoffset() or timedelta())
        return f"{at - max(back, timedelta()):%Y-%m-%d %H:%M:%S}"


class _Adding:
    """Says of calls what FreePBX's own columns say."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._plan = DialPlan(settings)
        self._zone = ZoneInfo(settings.timezone)
        self._recordings = settings.recordings_url.rstrip("/")

    def add(self, facts: CallFacts, cdrs: Sequence[Cdr]) -> CallFacts:
        if facts.direction is Direction.IN:
            if line := _first(cdrs, "did"):
                facts.line = line
                facts.callee = Party(None, line)
            name = facts.caller.name or _first(cdrs, "cnam")
            facts.caller = Party(name, facts.caller.number)
        else:
            own = _first(cdrs, "cnum")
            number = facts.caller.number
            if own and self._plan.is_extension(own):
                facts.extension = number = own
            facts.caller = Party(facts.caller.name or _first(cdrs, "cnam"), number)
            facts.callee = Party(_first(cdrs, "dst_cnam"), facts.callee.number)
        if facts.status is Status.ANSWERED and self._recordings:
            facts.recording_url = self._recording(facts, cdrs)
        return facts

    def _recording(self, facts: CallFacts, cdrs: Sequence[Cdr]) -> str | None:
        """In folders by date, as FreePBX keeps them; the date stands in the name of the file."""
        name = (_first(cdrs, "recordingfile") or "").rpartition("/")[2]
        if not name:
            return None
        dated = _DATE_IN_NAME.search(name)
        began = datetime.fromtimestamp(facts.started_at, self._zone)
        folder = "/".join(dated.groups()) if dated else f"{began:%Y/%m/%d}"
        return f"{self._recordings}/{folder}/{quote(name)}"


def _first(cdrs: Sequence[Cdr], name: str) -> str | None:
    """What the first row says that says it at all."""
    limit = TEXT_LIMIT if name in {"did", "cnum"} else NAME_LIMIT
    found = (getattr(cdr.more, name) for cdr in cdrs if cdr.more is not None)
    return next(filter(None, (clean_text(text, limit) for text in found)), None)


def _read_row(rows: RowReader, row: Row) -> Cdr | Reject:
    try:
        cdr = rows.read(list(row[:_CDR]))
    except ValueError as error:
        place = int(row[_SEQUENCE]) if row[_SEQUENCE].isdecimal() else 0
        return rejected(place, [str(error)], ", ".join(row))
    answer, talked = cdr.answer, row[_BILLSEC]
    if answer is None and cdr.disposition == ANSWERED and talked.isdecimal():
        answer = max(cdr.start, cdr.end - int(talked))
    return cdr._replace(answer=answer, more=CdrMore(*row[_CDR:]))


def _read_cursor(cursor: str | None) -> int | None:
    """Until when rows were read; None: this database was not read before."""
    try:
        return int(json.loads(cursor or "")["sql"])
    except (ValueError, KeyError, TypeError):
        return None

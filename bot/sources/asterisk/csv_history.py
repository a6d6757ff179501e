"""`Master.csv`, followed as it grows. What it says, and cannot say: master_csv.py."""

import asyncio
import io
import json
import re
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Reject
from bot.domain.clock import Clock
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.asterisk.cdr_rows import RowReader
from bot.sources.asterisk.followed_file import HEAD, Chunk, FollowedFile, Mark
from bot.sources.asterisk.history import FIRST_DAYS, NAME, QUIET, Joining
from bot.sources.asterisk.open_calls import Place
from bot.sources.base import Batch, Reading, ignore_progress
from bot.sources.lines import Line, read_lines

T = TypeVar("T")

LOOK_SECONDS = 1.0
"""Between two looks at the file."""

_SAY_SECONDS = 60.0
"""After so long without news it is said up to when all is read."""

_END = 1 << 16
"""Bytes of its end that a check reads."""

_AT_ONCE = 25
"""Rows read without a pause: a press waits for no more than that takes, a few milliseconds."""


class CsvHistory:
    """The rows of the file MASTER_CSV. Is a Feed."""

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
        """`every`: seconds between two looks at the file. `quiet`: see history.py."""
        self._source = source
        self._settings = settings
        self._setting = f"SOURCES__{source.upper()}__MASTER_CSV"
        self._path = Path(settings.master_csv)
        self._clock = clock
        self._every = every
        self._quiet = quiet
        self._latest = latest or clock
        self._rows = RowReader(settings, latest=self._latest)

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        mark = _read_cursor(cursor)
        followed = FollowedFile(self._path, mark or Mark())
        joining = Joining(self._source, self._settings, quiet=self._quiet)
        chunks: dict[int, Chunk] = {}
        end: Place | None = None
        said_at: float | None = None
        try:
            if mark is None and await self._touch(self._path.exists):
                since = self._clock() - FIRST_DAYS * 86400
                await self._touch(partial(followed.skip_to, since, self._moment_of))
            while True:
                chunk = await self._touch(partial(self._more, followed, is_new=mark is None))
                readings: list[Reading] = []
                if chunk is not None:
                    chunks[chunk.file] = chunk
                    end = (chunk.file, chunk.offset + len(chunk.data))
                    readings = await self._join(chunk, joining)
                now = time.monotonic()
                if chunk is None:
                    readings += [facts for facts, _ in joining.pop_over(now=now)]
                is_due = said_at is None or now - said_at >= _SAY_SECONDS
                if readings or chunk is not None or is_due:
                    said_at = now
                    if place := joining.first_place() or end:
                        mark = chunks[place[0]].mark(place[1])
                        chunks = {file: one for file, one in chunks.items() if file >= place[0]}
                    cursor = None if mark is None else _write_cursor(mark)
                    until = self._clock() if chunk is None else None
                    yield Batch(readings, cursor, is_history=True, read_until=until)
                if chunk is None:
                    await asyncio.sleep(self._every)
        finally:
            followed.close()

    async def check(self) -> str:
        """What was found, in a line. Raises SourceError with what is wrong and what to do."""
        return await self._touch(self._look)

    async def _touch(self, look: Callable[[], T]) -> T:
        """What looking at the file yields. Raises SourceError."""
        try:
            return await asyncio.to_thread(look)
        except PermissionError:
            raise SourceAuthError(
                f"{self._setting}: this user may not read it; `usermod -aG asterisk dzvinok` and a"
                " restart let it"
            ) from None
        except FileNotFoundError:
            raise SourceError(
                f"{self._setting}: there is no such file; is cdr_csv on (`cdr show status`), and"
                " was there a call since?"
            ) from None
        except OSError as error:
            raise SourceError(f"{self._setting}: cannot be read: {error.strerror}") from None

    def _more(self, followed: FollowedFile, *, is_new: bool) -> Chunk | None:
        """The next rows. One that was there and is gone was rotated: the next call makes it."""
        try:
            return followed.more()
        except FileNotFoundError:
            if is_new or not self._path.parent.exists():
                raise
            return None

    async def _join(self, chunk: Chunk, joining: Joining) -> list[Reading]:
        """Put its rows to their calls; the calls that are over, and what cannot be read."""
        first = next(read_lines(io.BytesIO(chunk.head), advance=ignore_progress), None)
        layout, has_header = self._rows.layout(first)
        if has_header and (missing := layout.missing()):
            raise SourceError(f"{self._setting}: its header has no column {', '.join(missing)}")
        encoding = self._settings.encoding
        lines = read_lines(io.BytesIO(chunk.data), advance=ignore_progress, encoding=encoding)
        if has_header and chunk.offset == 0:
            next(lines, None)
        starts = [0, *(found.end() for found in re.finditer(b"\n", chunk.data))]
        readings: list[Reading] = []
        for count, item in enumerate(self._rows.read_lines(lines, layout), 1):
            if isinstance(item, Reject):
                readings.append(replace(item, place=chunk.number + item.place - 1))
            else:
                number, cdr = item
                place = (chunk.file, chunk.offset + starts[number - 1])
                joining.add(cdr, place, now=time.monotonic(), told_until=cdr.end)
            if count % _AT_ONCE == 0:
                readings += [facts for facts, _ in joining.pop_over()]
                await asyncio.sleep(0)
        return readings

    def _moment_of(self, head: bytes, raw: bytes) -> int | None:
        """When the call of a row began; None: it is no row."""
        first = next(read_lines(io.BytesIO(head), advance=ignore_progress), None)
        layout, _ = self._rows.layout(first)
        line = Line(1, raw.decode(self._settings.encoding, "replace").rstrip("\r\n"))
        item = next(self._rows.read_lines(iter([line]), layout), None)
        return None if item is None or isinstance(item, Reject) else item[1].start

    def _look(self) -> str:
        """How the end of the file reads."""
        rows = RowReader(self._settings, latest=self._latest)
        with self._path.open("rb") as file:
            head = file.read(HEAD)
            size = file.seek(0, 2)
            file.seek(max(0, size - _END))
            if size > _END:
                file.readline()
            lines = read_lines(file, advance=ignore_progress, encoding=self._settings.encoding)
            layout, _ = rows.layout(
                next(read_lines(io.BytesIO(head), advance=ignore_progress), None)
            )
            read = list(rows.read_lines(lines, layout))
        ends = [item[1].end for item in read if not isinstance(item, Reject)]
        if read and not ends:
            raise SourceError(f"{self._setting}: no line of its end is a call; see COLUMNS")
        if not ends:
            return f"{self._path}, empty so far"
        zone = ZoneInfo(self._settings.timezone)
        last = datetime.fromtimestamp(max(ends), UTC).astimezone(zone)
        found = f"{self._path}, last call {last:%Y-%m-%d %H:%M}"
        return f"{found}; {hint}" if (hint := rows.zone_hint()) else found


def _read_cursor(cursor: str | None) -> Mark | None:
    """The mark in a cursor; None: this history was not read before."""
    try:
        return Mark(*json.loads(cursor or "")["csv"])
    except (ValueError, KeyError, TypeError):
        return None


def _write_cursor(mark: Mark) -> str:
    return json.dumps({"csv": [mark.offset, mark.length, mark.digest]})

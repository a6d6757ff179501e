"""History of Asterisk from `Master.csv` (cdr_csv): rows of legs in, whole calls out.

Columns: the 16 every Asterisk writes, then uniqueid and userfield if cdr.conf says `loguniqueid`
and `loguserfield`, then peeraccount, linkedid and sequence if it says `newcdrcolumns`. There is no
header. Times are local, UTC with `usegmtime`: the source's TIMEZONE must say which.

Rows of one call share the linkedid, without it the uniqueid, without that the channel while
its rows follow one another. Legs through Local channels (FreePBX's queues, find-me-follow-me) are
found by the channel's name where there is no linkedid. Asterisk writes the rows of a call as
channels hang up, so they lie near each other, yet not together. A call is given out once OPEN_ROWS
rows of other calls have come since its last row, or at the end of the last file. A row later
than that makes a second statement under the same id, merged like any other.

What such a file cannot tell, and what is said instead:
- who hung up: not said;
- whether the caller gave up or the dial timed out, both NO ANSWER: an outgoing call reads as
  no_answer, never as cancelled_by_operator;
- the wait of a call that an IVR, a queue or a click-to-call answered before the person did: it
  is counted to that answer, unless the person's leg has a row of its own;
- who answered or was rung where neither the channel nor the dial string names the extension (a
  queue whose members sit behind one trunk): not said;
- a peer that was off, from a peer that does not exist: both FAILED. With `congestion=no`
  (default) CONGESTION is FAILED too;
- the line of a call that the dial plan moved on before it was answered (all of FreePBX's ring
  groups, queues and IVRs: only the database has a `did` column): not said;
- calls that never dialled anybody, with `unanswered=no` (default): they are not in the file;
- price, recording, talk lost to the network, SIP attended transfers as one call.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Direction, Party, Reject, Status
from bot.domain.phones import clean
from bot.sources.base import (
    ID_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    Advance,
    clean_text,
    ignore_progress,
    rejected,
)
from bot.sources.lines import Record, read_lines, read_records
from bot.sources.times import LocalTime

OPEN_ROWS = 8192
"""Rows kept while more of their calls may come: a day of a busy office, some 15 MB."""

COLUMNS = range(16, 22)

SRC, DST, CONTEXT, CLID, CHANNEL, DSTCHANNEL, APP, DATA = range(1, 9)
START, ANSWER, END, DURATION = 9, 10, 11, 12
DISPOSITION = 14
FIRST_OPTIONAL = 16

IN, OUT, INTERNAL = Direction  # looking up a member of an enum is slow in Python 3.11

ANSWERED, NO_ANSWER, BUSY, FAILED, CONGESTION = (
    "ANSWERED",
    "NO ANSWER",
    "BUSY",
    "FAILED",
    "CONGESTION",
)

OUT_STATUSES = {
    NO_ANSWER: Status.NO_ANSWER,
    BUSY: Status.REJECTED_BY_SUBSCRIBER,
    FAILED: Status.UNREACHABLE,
    CONGESTION: Status.NO_CHANNELS,
}
IN_STATUSES = {
    NO_ANSWER: Status.MISSED,
    BUSY: Status.MISSED,
    ANSWERED: Status.MISSED,  # by a machine: what a person answered never gets here
    CONGESTION: Status.NO_CHANNELS,
    FAILED: Status.MISSED_OFFLINE,
}
IN_RANKS = {NO_ANSWER: 0, BUSY: 0, ANSWERED: 1, CONGESTION: 2, FAILED: 3}
"""Which of several failed attempts to reach an employee names the call: one that rang."""

DIALLING = frozenset({"Dial", "Queue"})
MACHINES = frozenset(
    {"BackGround", "Echo", "MusicOnHold", "Playback", "Record", "VoiceMail", "WaitExten"}
)
"""Applications that answer in nobody's name; Asterisk before 12 leaves the last dialled channel
in their rows."""

LINE_CHANNELS = frozenset({"DAHDI", "Zap", "Dongle", "Quectel", "Khomp", "mISDN"})
"""Kinds of channel named by the number of a port, which is no extension."""

_UNIQUEID = re.compile(r"^\S*\d+\.\d+$", re.ASCII)
_OUTSIDE = re.compile(r"^\+?\d{3,}$", re.ASCII)
_LOCAL_PREFIX = re.compile(r"^[A-Z]{2,4}-", re.ASCII)

RESTART = 60
"""Seconds between rows that name the same Local channel, from which they mean two: Asterisk counts
them from one again when it restarts."""

WRONG_ZONE = 1800
"""Seconds between a channel's birth (its uniqueid says) and its row's start that need another
explanation than a slow PBX."""


class _Row(NamedTuple):
    cells: list[str]
    start: int
    answer: int | None
    end: int
    uniqueid: str


class _Group:
    """Rows of one call that have come so far; `keys` are all it is found by."""

    __slots__ = ("end", "keys", "linkedid", "rows", "start")

    def __init__(self, key: str, linkedid: str, row: _Row) -> None:
        self.keys = {key}
        self.linkedid = linkedid
        self.rows = [row]
        self.start = row.start
        self.end = row.end

    def add(self, row: _Row) -> None:
        self.rows.append(row)
        self.start = min(self.start, row.start)
        self.end = max(self.end, row.end)

    def absorb(self, other: "_Group") -> None:
        self.keys |= other.keys
        self.rows += other.rows
        self.start = min(self.start, other.start)
        self.end = max(self.end, other.end)


class AsteriskCalls:
    """Reads the history of one Asterisk, one reading at a time. Implements FileSource."""

    def __init__(self, name: str, settings: AsteriskSettings) -> None:
        self._name = name
        self._country = settings.country
        self._zone = settings.timezone
        self._time = LocalTime(ZoneInfo(settings.timezone))
        self._extension = re.compile(settings.extension_pattern)
        self._kind: Callable[[str], Direction | None] = lru_cache(maxsize=1024)(self._find_kind)
        contexts = [part.strip() for part in settings.trunk_contexts.split(",") if part.strip()]
        self._trunks = frozenset(contexts)
        self._trunk_prefixes = tuple(f"{context}-" for context in contexts)
        self._groups: OrderedDict[int, _Group] = OrderedDict()
        self._by_key: dict[str, _Group] = {}
        self._open_rows = 0
        self._read_rows = 0
        self._shifted_rows = 0
        self._shift = 0

    @property
    def name(self) -> str:
        return self._name

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[CallFacts | Reject]:
        """All calls of the files, which are one log in pieces, the oldest first."""
        self._groups.clear()
        self._by_key.clear()
        self._open_rows = self._read_rows = self._shifted_rows = 0
        for file in files:
            lines = read_lines(file, advance=advance)
            for record in read_records(lines, is_whole=_is_whole):
                if isinstance(record, Reject):
                    yield record
                    continue
                try:
                    ended = self._take(record)
                except ValueError as error:
                    yield rejected(record.number, [str(error)], record.text)
                    continue
                if ended is not None:
                    yield self._call(ended)
                while self._open_rows > OPEN_ROWS:
                    yield self._call(self._close(next(iter(self._groups.values()))))
        while self._groups:
            yield self._call(self._close(next(iter(self._groups.values()))))

    def hints(self) -> list[str]:
        if self._shifted_rows * 2 <= self._read_rows:
            return []
        hours = self._shift / 3600
        return [
            f"the times in the file are about {hours:+g} h from those in its unique ids: was it"
            f" written in another time zone than {self._zone} (with usegmtime=yes it is UTC)?"
        ]

    # Reading rows

    def _take(self, record: Record) -> _Group | None:
        """Put a row to the others of its call. Returns a call that it shows to be over."""
        row, linkedid = self._parse(record.cells)
        cells = row.cells
        ended = None
        key = linkedid or row.uniqueid
        if not key:
            key = "\0" + cells[CHANNEL]
            group = self._by_key.get(key)
            if group is not None and row.start > group.end + 1:
                ended = self._close(group)
        group = self._by_key.get(key)
        if group is None:
            group = self._by_key[key] = _Group(key, linkedid, row)
            self._groups[id(group)] = group
        else:
            group.add(row)
            self._groups.move_to_end(id(group))
        self._open_rows += 1
        if not linkedid and ("Local/" in cells[CHANNEL] or "Local/" in cells[DSTCHANNEL]):
            self._tie(group, cells)
        return ended

    def _parse(self, cells: list[str]) -> tuple[_Row, str]:
        """The row and its linkedid, "" if it has none. Raises ValueError, in words."""
        count = len(cells)
        if count not in COLUMNS:
            raise ValueError(f"{count} columns; Asterisk writes 16 to 21")
        uniqueid = linkedid = ""
        if count >= 19:
            linkedid = cells[-2].strip()
        if count in (18, 21) or (count in (17, 20) and _UNIQUEID.match(cells[FIRST_OPTIONAL])):
            uniqueid = cells[FIRST_OPTIONAL].strip()
        key = linkedid or uniqueid
        if len(key) > ID_LIMIT or not key.isprintable():
            raise ValueError(f"the unique id is over {ID_LIMIT} characters, or not text")
        second, point, _ = uniqueid.partition(".")
        born = int(second[-10:]) if point and second[-10:].isdecimal() else None
        text = cells[START]
        try:
            start = self._time.read(text, after=born)
        except ValueError:
            raise ValueError("column 10 (start) is not a time like 2026-11-22 21:31:36") from None
        self._read_rows += 1
        if born is not None and not -WRONG_ZONE < start - born < WRONG_ZONE:
            self._shifted_rows += 1
            self._shift = round((start - born) / 900) * 900
        duration = cells[DURATION]
        if not (duration.isdecimal() and len(duration) < 9):
            raise ValueError("column 13 (duration) is not a number of seconds")
        answer = None
        try:
            if cells[ANSWER]:
                answer = max(start, self._time.read(cells[ANSWER], after=start))
            text = cells[END]
            if text == cells[START]:
                end = start
            else:
                end = self._time.read(text, after=start) if text else start + int(duration)
        except ValueError:
            raise ValueError(
                "column 11 or 12 (answer, end) is not a time like 2026-11-22 21:31:36"
            ) from None
        return _Row(cells, start, answer, max(start, end), uniqueid), linkedid

    def _tie(self, group: _Group, cells: list[str]) -> None:
        """Join the group with the one that holds the other half of a Local channel."""
        for channel in (cells[CHANNEL], cells[DSTCHANNEL]):
            half, mark, _ = channel.rpartition(";")
            if not (mark and half.startswith("Local/")):
                continue
            other = self._by_key.get(half, group)
            if group.start > other.end + RESTART or other.start > group.end + RESTART:
                other.keys.discard(half)
                other = group
            self._by_key[half] = group
            group.keys.add(half)
            if other is group:
                continue
            large, small = (group, other) if len(group.rows) > len(other.rows) else (other, group)
            large.absorb(small)
            self._by_key.update(dict.fromkeys(small.keys, large))
            del self._groups[id(small)]
            self._groups.move_to_end(id(large))
            group = large

    def _close(self, group: _Group) -> _Group:
        del self._groups[id(group)]
        for key in group.keys:
            del self._by_key[key]
        self._open_rows -= len(group.rows)
        return group

    # Telling what the rows say together

    def _call(self, group: _Group) -> CallFacts | Reject:
        rows = group.rows
        entry = rows[0]
        if len(rows) > 1:
            entry = min(
                rows,
                key=lambda row: (
                    row.uniqueid != group.linkedid,
                    row.cells[CHANNEL].endswith(";2"),
                    row.start,
                ),
            )
            rows = [row for row in rows if not _is_tail(row)] or rows
        direction, caller = self._direction(entry, rows)

        tries = [
            row for row in rows if row.cells[DSTCHANNEL] or row.cells[APP] in DIALLING
        ] or rows
        if direction is OUT:
            tries = [row for row in tries if self._is_outside(row.cells[DST])] or tries
        talks = [
            row for row in tries if row.cells[DISPOSITION] == ANSWERED and _is_talk(row, direction)
        ]
        decisive = tries[0]
        if talks:
            if len(talks) > 1:  # the answer of a person's own leg is better than of a queue's
                talks = [row for row in talks if _is_own_leg(row)] or talks
                talks.sort(key=lambda row: row.start if row.answer is None else row.answer)
            decisive = talks[0]
            status = Status.ANSWERED
        elif direction is IN:
            if len(tries) > 1:
                decisive = min(tries, key=lambda row: IN_RANKS.get(row.cells[DISPOSITION], 4))
            status = IN_STATUSES.get(decisive.cells[DISPOSITION], Status.UNKNOWN_ERROR)
        else:
            if len(tries) > 1:
                decisive = max(tries, key=lambda row: row.end)
            status = OUT_STATUSES.get(decisive.cells[DISPOSITION], Status.UNKNOWN_ERROR)

        word = decisive.cells[DISPOSITION]
        facts = CallFacts(
            source=self._name,
            external_id=group.linkedid or _root_id(entry),
            direction=direction,
            status=status,
            started_at=group.start,
            country=self._country,
            raw_status=word if word in IN_STATUSES else clean_text(word, TEXT_LIMIT),
            answered_at=decisive.answer if talks else None,
            ended_at=group.end,
        )
        for row in rows:
            if row.cells[APP] == "Queue":
                facts.queue = clean_text(_arguments(row.cells[DATA])[0], TEXT_LIMIT)
                break
        if direction is IN:
            self._tell_incoming(facts, entry, rows, talks)
        else:
            self._tell_own(facts, entry, tries, rows, caller)
        return facts

    def _tell_incoming(
        self, facts: CallFacts, entry: _Row, rows: list[_Row], talks: list[_Row]
    ) -> None:
        cells = entry.cells
        number = clean_text(cells[SRC], TEXT_LIMIT)
        facts.caller = Party(_caller_name(cells[CLID], number), number)
        for row in (entry, *rows):
            dialled = row.cells[DST]
            if self._is_trunk(row.cells[CONTEXT]) and self._is_outside(dialled):
                facts.line = dialled
                break
        else:
            dialled = cells[DST]
        if facts.line or any(map(str.isdecimal, dialled)):
            facts.callee = Party(None, clean_text(dialled, TEXT_LIMIT))
        facts.rang = self._rang(rows)
        for row in talks:
            facts.extension = self._answerer(row)
            if facts.extension:
                break

    def _tell_own(
        self,
        facts: CallFacts,
        entry: _Row,
        tries: list[_Row],
        rows: list[_Row],
        caller: str | None,
    ) -> None:
        cells = entry.cells
        number = clean_text(cells[SRC], TEXT_LIMIT)
        facts.extension = caller
        facts.caller = Party(_caller_name(cells[CLID], number), caller or number)
        if facts.direction is INTERNAL:
            facts.rang = self._rang(rows)
        elif not self._is_outside(cells[DST]):
            cells = tries[0].cells
        facts.callee = Party(None, clean_text(cells[DST], TEXT_LIMIT))

    def _direction(self, entry: _Row, rows: list[_Row]) -> tuple[Direction, str | None]:
        """By where the call entered, else by who could have called whom; and who of us called.

        FreePBX moves an incoming call on to ext-group, ext-queues, ivr-… before it writes the row,
        and rewrites the caller's number of an outgoing one: then the channels tell.
        """
        cells = entry.cells
        if self._is_trunk(cells[CONTEXT]):
            return IN, None
        named = self._own_name(cells[CHANNEL])
        caller = named or self._if_extension(cells[SRC])
        is_to_us = self._if_extension(cells[DST]) is not None
        if named and is_to_us and cells[CHANNEL].startswith("Local/"):
            # A leg to 101 apart from the row of its call, no call of 101: the number tells whose.
            caller = self._if_extension(cells[SRC])
        if caller:
            if is_to_us or not any(self._is_outside(row.cells[DST]) for row in rows):
                return INTERNAL, caller
            return OUT, caller
        if is_to_us or not self._is_outside(cells[DST]):
            return IN, None
        if any(self._is_trunk(row.cells[CONTEXT]) for row in rows):
            return IN, None
        dialled = {
            piece.rpartition("/")[2].partition("@")[0]
            for row in rows
            if row.cells[APP] == "Dial"
            for piece in _arguments(row.cells[DATA])[0].split("&")
        }
        return (OUT if cells[DST] in dialled else IN), None

    def _rang(self, rows: list[_Row]) -> tuple[str, ...]:
        """Extensions rung, in order; a row without a second channel rang nobody."""
        found: dict[str, None] = {}
        for row in rows:
            if row.cells[DSTCHANNEL]:
                own = self._own_name(row.cells[DSTCHANNEL])
                if own:
                    found[own] = None
                    if "&" not in row.cells[DATA]:
                        continue
                for extension in self._dialled(row):
                    found[extension] = None
        return tuple(found)

    def _answerer(self, row: _Row) -> str | None:
        own = self._own_name(row.cells[DSTCHANNEL])
        if own:
            return own
        dialled = self._dialled(row)
        return dialled[0] if len(dialled) == 1 else None

    def _dialled(self, row: _Row) -> list[str]:
        """Extensions in the dial string: `IAX2/world/101,8`, `PJSIP/101&PJSIP/102,20`."""
        if row.cells[APP] != "Dial":
            return []
        found = []
        for piece in _arguments(row.cells[DATA])[0].split("&"):
            kind, _, rest = piece.strip().partition("/")
            if kind in LINE_CHANNELS:
                continue
            for part in reversed(rest.split("/")):
                user = part.removeprefix("sip:").removeprefix("sips:").partition("@")[0]
                extension = self._if_extension(_LOCAL_PREFIX.sub("", user))
                if extension:
                    found.append(extension)
                    break
        return found

    def _own_name(self, channel: str) -> str | None:
        """The extension that a channel is named by: `PJSIP/101-0000001a`, `Local/101@…;1`."""
        kind, _, rest = channel.partition("/")
        if kind in LINE_CHANNELS:
            return None
        if kind == "Local":
            return self._if_extension(_LOCAL_PREFIX.sub("", rest.partition("@")[0]))
        return self._if_extension(rest.rpartition("-")[0])

    def _if_extension(self, text: str) -> str | None:
        return text if self._kind(text) is IN else None

    def _is_outside(self, number: str) -> bool:
        return self._kind(number) is OUT

    def _find_kind(self, number: str) -> Direction | None:
        """Whether a number is one of ours (IN), one outside (OUT) or none at all."""
        if not number or len(number) > TEXT_LIMIT or not number.isprintable():
            return None
        if self._extension.search(number):
            return IN
        return OUT if _OUTSIDE.match(number) else None

    def _is_trunk(self, context: str) -> bool:
        """FreePBX may add the trunk's name to the context: `from-trunk-sip-kyivstar`."""
        return context in self._trunks or context.startswith(self._trunk_prefixes)


def _is_whole(cells: list[str]) -> bool:
    return len(cells) in COLUMNS


def _is_tail(row: _Row) -> bool:
    """What is left of a channel after the dial: it decides nothing, even when it says ANSWERED."""
    return row.cells[DURATION] == "0" and row.cells[APP] == "Hangup"


def _is_talk(row: _Row, direction: Direction) -> bool:
    """Whether a row that says ANSWERED means that a person did."""
    cells = row.cells
    if direction is INTERNAL and cells[APP] not in DIALLING:
        return not _is_tail(row)  # own voicemail, a conference
    return bool(cells[DSTCHANNEL]) and cells[APP] not in MACHINES


def _is_own_leg(row: _Row) -> bool:
    return row.cells[APP] != "Queue" and not row.cells[DSTCHANNEL].startswith("Local/")


def _root_id(entry: _Row) -> str:
    """The id of a call without linkedid: the same whenever the same rows are read."""
    if entry.uniqueid:
        return entry.uniqueid
    seed = "\0".join((entry.cells[CHANNEL], entry.cells[START], entry.cells[SRC]))
    return "row-" + blake2b(seed.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _arguments(data: str) -> list[str]:
    """Arguments of an application; Asterisk before 1.6 puts bars between them."""
    return data.split("," if "," in data else "|")


def _caller_name(clid: str, number: str | None) -> str | None:
    """The name in `"Name" <number>`, unless it says no more than the number."""
    name, mark, _ = clid.rpartition("<")
    if not mark:
        return None
    name = name.strip()
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    shown = clean_text(name, NAME_LIMIT)
    return clean(shown) if shown != number else None

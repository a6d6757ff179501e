"""Exports of the log: what a row of one says, and what the program that writes one is told."""

import errno
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.domain.calls import CaseState, Direction, EndedBy, Status
from bot.domain.errors import AppError, NoAccessError
from bot.domain.hours import local_date, moment_of
from bot.domain.log import LogFilter
from bot.domain.people import Scope

PLANS = 5
"""How many weekly exports a person may have."""

DUE_AT = 9 * 60
"""The minute of Monday at which they are due, company time."""

LATE = 2 * 86_400
"""Seconds for which one that was due, and could not be sent, is tried: until Wednesday."""

FILE_BYTES = 45_000_000
"""Of one file; Telegram takes 50 MB from a bot. More goes into further files."""

SHEET_ROWS = 1_048_575
"""Rows that a sheet has beside its headings; more go into a further file."""

ALL_BYTES = 1_000_000_000
"""What all files of an export take at most on the disk."""

SECONDS = 1800.0
"""How long it may take to write them."""


class ExportKind(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"


class ExportFault(StrEnum):
    """Why there is no file."""

    DISK = "disk full"
    TOO_LARGE = "larger than can be sent"
    SLOW = "takes too long"
    CRASHED = "crashed"
    AWAY = "database away"


class ExportError(AppError):
    def __init__(self, fault: ExportFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class ChangedMeanwhileError(NoAccessError):
    """What was made is not to be sent any more: it is another's turn, or others' calls."""


class NotAllSentError(AppError):
    """Telegram has taken some of the files, and then no more."""

    def __init__(self, sent: int, parts: int) -> None:
        super().__init__(f"{sent} of {parts} files were sent")
        self.sent = sent
        self.parts = parts


def fault_of(error: OSError) -> ExportFault:
    """What it means that the system refused."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return ExportFault.DISK
        case errno.EFBIG:
            return ExportFault.TOO_LARGE
    return ExportFault.CRASHED


class ExportedCall(NamedTuple):
    """A call as an export tells it.

    Names are those that the log shows, None where it shows a number; `status` is the one shown.
    Times are Unix seconds, `wait` and `talk` seconds. Of a lost call: how its `fate` stands, who
    has it or has ended it (`fate_by`), since when that is so (`fate_at`), and what was said then.
    """

    id: int
    source: str
    external_id: str
    direction: Direction
    status: Status
    started_at: int
    caller: str | None
    caller_number: str | None
    callee: str | None
    callee_number: str | None
    line: str | None
    queue: str | None
    employee: str | None
    extension: str | None
    wait: int | None
    talk: int | None
    ended_at: int | None
    ended_by: EndedBy
    price: Decimal | None
    currency: str | None
    comment: str | None
    author: str | None
    fate: CaseState | None
    fate_by: str | None
    fate_at: int | None
    fate_words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWords:
    """All words of an export, in the reader's language.

    `headings`: of the columns, in the order of bot.media.call_tables. `about`: what the sheet of
    totals says of the export, in pairs. The sums of a currency stand behind `price`.
    """

    headings: Sequence[str]
    calls: str
    totals: str
    about: Sequence[tuple[str, str]]
    directions: Mapping[Direction, str]
    statuses: Mapping[Direction, Mapping[Status, str]]
    ended_by: Mapping[EndedBy, str]
    fates: Mapping[CaseState, str]
    hidden: str
    all_calls: str
    by_direction: str
    by_status: str
    talk: str
    price: str
    is_comma: bool
    """Whether the reader's language writes 0,5: a CSV then has semicolons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """What is to be written; `where` is the database, `zone` the name of the company's.

    `at_once`: calls that are read at a time.
    """

    where: Path | str = field(repr=False)
    scope: Scope
    log_filter: LogFilter
    kind: ExportKind
    words: ExportWords
    zone: str
    file_bytes: int = FILE_BYTES
    file_rows: int = SHEET_ROWS
    all_bytes: int = ALL_BYTES
    seconds: float = SECONDS
    at_once: int = 500


@dataclass(slots=True)
class Totals:
    """What all rows come to."""

    calls: int = 0
    talk: int = 0
    directions: Counter[Direction] = field(default_factory=Counter)
    statuses: Counter[tuple[Direction, Status]] = field(default_factory=Counter)
    prices: dict[str, Decimal] = field(default_factory=dict)

    def add(self, calls: Sequence[ExportedCall]) -> None:
        self.calls += len(calls)
        self.directions.update(call.direction for call in calls)
        self.statuses.update((call.direction, call.status) for call in calls)
        for call in calls:
            self.talk += call.talk or 0
            if call.price is not None:
                currency = call.currency or ""
                self.prices[currency] = self.prices.get(currency, Decimal()) + call.price


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """A weekly export: which view of the log, as what, when it is due next."""

    employee_id: int
    view_id: int
    kind: ExportKind
    due_at: int


def next_due(moment: int, zone: ZoneInfo) -> int:
    """The first Monday at nine that is later than the moment."""
    day = local_date(moment, zone)
    day -= timedelta(days=day.weekday())
    while (due_at := moment_of(day, DUE_AT, zone)) <= moment:
        day += timedelta(days=7)
    return due_at

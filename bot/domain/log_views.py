"""What a person has chosen to see of the log, and what is chosen without one of the choices."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.calls import CaseState, Direction, Status
from bot.domain.log import LONGER_THAN
from bot.domain.places import Place, PlaceKind

SAVED_VIEWS = 5
"""How many views a person may keep."""

STORED_FROM = 10**6
"""The first id of a stored view. Smaller ones are days, as date.toordinal(); 0: the whole log."""


class Fate(StrEnum):
    """What became of a call: those after LOST are what became of a lost one."""

    ANSWERED = "answered"
    LOST = "lost"
    RETURNED = "returned"
    GOT_THROUGH = "got_through"
    BY_HAND = "by_hand"
    UNRETURNED = "unreturned"
    NO_CASE = "no_case"
    """Nobody need call back: it was too short, or its number is ignored."""


CASE_STATES: Mapping[Fate, tuple[CaseState, ...]] = {
    Fate.RETURNED: (CaseState.CALLED_BACK,),
    Fate.GOT_THROUGH: (CaseState.GOT_THROUGH,),
    Fate.BY_HAND: (CaseState.BY_HAND,),
    Fate.UNRETURNED: (CaseState.OPEN, CaseState.EXPIRED),
    Fate.NO_CASE: (),
}
"""How the case of a lost call stands then. Each lost call has one of these fates."""


class Period(StrEnum):
    """Days as of the moment the log is read."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    """Today and the six days before it."""
    MONTH = "month"
    """Since the first of the month."""


class Chip(StrEnum):
    """What is chosen and dropped by one press; the first letter of a button's data each."""

    IN = "i"
    OUT = "o"
    INTERNAL = "n"
    ANSWERED = "a"
    LOST = "l"
    UNRETURNED = "u"
    TODAY = "t"
    YESTERDAY = "y"
    WEEK = "w"
    MONTH = "m"
    COMMENTED = "c"
    RECORDED = "r"
    LONG = "1"
    LONGER = "2"
    LONGEST = "3"
    FIRST = "f"


@dataclass(frozen=True, slots=True)
class LogView:
    """All that is chosen; of what stands at its default nothing is.

    `person`: the id of an employee. `days`: the first and the last, as date.toordinal(), where no
    `period` is. `client_of`: the id of a call, whose client's calls are meant. `query`: what is
    looked for, as it was typed.
    """

    client_of: int = 0
    period: Period | None = None
    days: tuple[int, int] | None = None
    direction: Direction | None = None
    fate: Fate | None = None
    status: Status | None = None
    person: int = 0
    place: Place | None = None
    longer_than: int = 0
    is_commented: bool = False
    is_recorded: bool = False
    is_first: bool = False
    query: str = ""

    @property
    def parts(self) -> list[str]:
        """The names of the fields that are chosen, in the order in which they are told."""
        return [one.name for one in fields(self) if getattr(self, one.name) != one.default]

    def without(self, part: str) -> "LogView":
        """All the rest."""
        return replace(self, **{part: getattr(WHOLE_LOG, part)})

    @property
    def of_any_day(self) -> "LogView":
        """All the rest but the days."""
        return replace(self, days=None, period=None)

    def toggled(self, chip: Chip) -> "LogView":
        """With this chosen, or no more."""
        part, value = _CHIPS[chip]
        chosen = getattr(WHOLE_LOG, part) if self.has(chip) else value
        if part == "period":
            return replace(self, period=chosen, days=None)
        if part in {"fate", "status"}:
            return replace(self, **{"fate": None, "status": None, part: chosen})
        return replace(self, **{part: chosen})

    def has(self, chip: Chip) -> bool:
        part, value = _CHIPS[chip]
        return bool(getattr(self, part) == value)

    def span(self, today: date) -> tuple[date, date] | None:
        """The first and the last day that are meant; None: all."""
        if self.days:
            return date.fromordinal(self.days[0]), date.fromordinal(self.days[1])
        match self.period:
            case Period.TODAY:
                return today, today
            case Period.YESTERDAY:
                return today - timedelta(days=1), today - timedelta(days=1)
            case Period.WEEK:
                return today - timedelta(days=6), today
            case Period.MONTH:
                return today.replace(day=1), today
            case None:
                return None

    @property
    def base(self) -> "LogView":
        """Only the one day, the client or the search that the log was opened for."""
        is_day = self.days is not None and self.days[0] == self.days[1]
        days = self.days if is_day and not self.query else None
        return LogView(client_of=self.client_of, days=days, query=self.query)

    @property
    def is_filtered(self) -> bool:
        return self != self.base

    @property
    def day(self) -> int:
        """The one day that is all that is chosen, as date.toordinal(); 0: it is something else."""
        if self.days and self.days[0] == self.days[1] and self.parts == ["days"]:
            return self.days[0]
        return 0


WHOLE_LOG = LogView()

_CHIPS: Mapping[Chip, tuple[str, Any]] = {
    Chip.IN: ("direction", Direction.IN),
    Chip.OUT: ("direction", Direction.OUT),
    Chip.INTERNAL: ("direction", Direction.INTERNAL),
    Chip.ANSWERED: ("fate", Fate.ANSWERED),
    Chip.LOST: ("fate", Fate.LOST),
    Chip.UNRETURNED: ("fate", Fate.UNRETURNED),
    Chip.TODAY: ("period", Period.TODAY),
    Chip.YESTERDAY: ("period", Period.YESTERDAY),
    Chip.WEEK: ("period", Period.WEEK),
    Chip.MONTH: ("period", Period.MONTH),
    Chip.COMMENTED: ("is_commented", True),
    Chip.RECORDED: ("is_recorded", True),
    Chip.LONG: ("longer_than", LONGER_THAN[0]),
    Chip.LONGER: ("longer_than", LONGER_THAN[1]),
    Chip.LONGEST: ("longer_than", LONGER_THAN[2]),
    Chip.FIRST: ("is_first", True),
}


def day_view(ordinal: int) -> LogView:
    return LogView(days=(ordinal, ordinal))


def as_data(view: LogView) -> dict[str, Any]:
    """What is chosen, as JSON can keep it."""
    return {name: value for name, value in asdict(view).items() if name in view.parts}


def from_data(data: Mapping[str, Any]) -> LogView:
    """The same back. Raises ValueError for what this program does not know."""
    if unknown := data.keys() - {one.name for one in fields(LogView)}:
        raise ValueError(f"unknown choices: {', '.join(sorted(unknown))}")
    return LogView(**{name: _READ.get(name, _as_it_is)(value) for name, value in data.items()})


def _as_it_is(value: Any) -> Any:
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "period": Period,
    "days": lambda days: (int(days[0]), int(days[1])),
    "direction": Direction,
    "fate": Fate,
    "status": Status,
    "place": lambda place: Place(PlaceKind(place["kind"]), str(place["name"])),
}

"""What a company decides about lost calls: who is told after how long, and when it opens."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.hours import Hours


class EscalationField(StrEnum):
    """The numbers of Escalation, by the names of its fields."""

    OPERATORS = "operators_after"
    GROUPS = "groups_after"
    SUPERVISORS = "supervisors_after"
    REPEAT = "repeat_every"
    TARGET = "target_minutes"


@dataclass(frozen=True, slots=True)
class StepMoments:
    """When the operators who were rung, the groups and the supervisors are told of a lost call."""

    operators: int
    groups: int
    supervisors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who is told of a lost call after how many minutes of working time, 0 for at once.

    There are three steps: the operators who were rung, the groups, and the supervisors and
    administrators. `repeat_every`: minutes after which all are told again until somebody takes the
    case, 0 for never. `target_minutes`: how soon a client should be called back, for digests.
    """

    operators_after: int = 0
    groups_after: int = 0
    supervisors_after: int = 0
    repeat_every: int = 0
    target_minutes: int = 15

    def minutes(self, name: EscalationField) -> int:
        minutes: int = getattr(self, name.value)
        return minutes

    @property
    def is_at_once(self) -> bool:
        """Whether everybody is told at once, and only once."""
        return not (
            self.operators_after
            or self.groups_after
            or self.supervisors_after
            or self.repeat_every
        )

    def step_moments(self, hours: Hours, now: int, zone: ZoneInfo) -> StepMoments:
        """When each step is told of a call that was lost now; `hours`: those of its line."""

        def after(minutes: int) -> int:
            return hours.after(now, minutes * 60, zone)

        return StepMoments(
            operators=after(self.operators_after),
            groups=after(self.groups_after),
            supervisors=after(self.supervisors_after),
        )

    def repeat_moment(self, hours: Hours, moment: int, zone: ZoneInfo) -> int | None:
        """When all are told again of what they were told at the moment; None: never."""
        return hours.after(moment, self.repeat_every * 60, zone) if self.repeat_every else None


def next_opening_of_company(
    company: Hours, lines: Collection[Hours], now: int, zone: ZoneInfo
) -> int | None:
    """When the company next opens for the first time in a day; None: never.

    If it never closes, that is when the first of the `lines` opens that have hours of their own.
    """
    opening = company.next_opening_of_day(now, zone)
    if opening is not None or not lines:
        return opening
    week = zip(*(one.week for one in lines), strict=True)
    spans = tuple(tuple(sorted({span for some in day for span in some})) for day in week)
    return Hours(spans, company.holidays).next_opening_of_day(now, zone)

"""The escalation of lost calls: who hears of one after how long."""

from dataclasses import dataclass
from enum import StrEnum


class EscalationField(StrEnum):
    """The numbers of Escalation, by the names of its fields."""

    OPERATORS = "operators_after"
    GROUPS = "groups_after"
    SUPERVISORS = "supervisors_after"
    REPEAT = "repeat_every"
    TARGET = "target_minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The escalation: who hears of a lost call after how many minutes of working time.

    There are three steps: those whose extensions rang, the groups, the supervisors and
    administrators; 0: at once. `repeat_every`: minutes after which all hear again until somebody
    takes the case, 0 for never. `target_minutes`: how soon a client should be called back, for the
    digests.
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
        """Whether everybody hears at once, and once."""
        return not (
            self.operators_after
            or self.groups_after
            or self.supervisors_after
            or self.repeat_every
        )


@dataclass(frozen=True, slots=True)
class StepMoments:
    """When those who were rung, the groups and the supervisors are to hear of one lost call."""

    operators: int
    groups: int
    supervisors: int

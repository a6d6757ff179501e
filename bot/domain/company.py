"""What the company has decided about its alerts: who hears after how long."""

from dataclasses import dataclass
from enum import StrEnum


class LadderField(StrEnum):
    """The fields of Ladder by their names."""

    OPERATORS = "operators_after"
    GROUPS = "groups_after"
    SUPERVISORS = "supervisors_after"
    REPEAT = "repeat_every"
    TARGET = "target_minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Who hears of a lost call after how many minutes of working time, and how fast is well done.

    0: at once. `repeat_every`: minutes after which all hear again until somebody takes the case,
    0 for never. `target_minutes`: within which a client should be called back.
    """

    operators_after: int = 0
    groups_after: int = 0
    supervisors_after: int = 0
    repeat_every: int = 0
    target_minutes: int = 15

    def minutes(self, name: LadderField) -> int:
        found: int = getattr(self, name.value)
        return found

    @property
    def is_at_once(self) -> bool:
        """Whether everybody hears at once, and once."""
        return not (
            self.operators_after
            or self.groups_after
            or self.supervisors_after
            or self.repeat_every
        )

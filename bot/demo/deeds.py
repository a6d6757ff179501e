"""What the people of the demo did in the days before, as its audit shows it. All invented."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.audit import AuditKind

_DAY = 1440


@dataclass(frozen=True, slots=True)
class Deed:
    """`ago`: in minutes. `who`, `other`: Telegram ids of people, 0 for nobody.

    `is_of_a_call`: of one of the latest, whichever it is.
    """

    ago: int
    who: int
    kind: AuditKind
    other: int = 0
    number: str | None = None
    count: int = 1
    is_of_a_call: bool = False
    detail: Mapping[str, str] = field(default_factory=dict)


DEEDS = (
    Deed(9 * _DAY, 1, AuditKind.ROLE, 4, detail={"old": "accountant", "new": "operator"}),
    Deed(9 * _DAY - 1, 1, AuditKind.EXTENSIONS, 4, detail={"new": "102"}),
    Deed(
        8 * _DAY,
        1,
        AuditKind.NUMBER,
        detail={"name": "supervisors_after", "old": "0", "new": "10"},
    ),
    Deed(
        8 * _DAY - 90,
        1,
        AuditKind.NUMBER,
        detail={"name": "supervisors_after", "old": "10", "new": "0"},
    ),
    Deed(7 * _DAY, 5, AuditKind.EXPORTED, count=412, detail={"what": "calls", "format": "xlsx"}),
    Deed(5 * _DAY, 3, AuditKind.CONTACT_NAMED, number="+380671234567", detail={"new": "Ганна"}),
    Deed(
        5 * _DAY - 3,
        4,
        AuditKind.CONTACT_NAMED,
        number="+380671234567",
        detail={"old": "Ганна", "new": "Ганна Мельник"},
    ),
    Deed(4 * _DAY, 2, AuditKind.IGNORED, number="+380445559900"),
    Deed(4 * _DAY - 40, 1, AuditKind.HEARD, number="+380445559900"),
    Deed(3 * _DAY, 2, AuditKind.MANY_CLOSED, count=7),
    Deed(3 * _DAY - 2, 2, AuditKind.MANY_CLOSED_UNDONE, count=7),
    Deed(2 * _DAY, 1, AuditKind.HOLIDAYS, detail={"added": "2027-01-01"}),
    Deed(2 * _DAY - 5, 1, AuditKind.HOLIDAYS, detail={"removed": "2027-01-01"}),
    Deed(_DAY + 200, 2, AuditKind.LOOKED_UP, detail={"query": "067 123"}),
    Deed(_DAY + 198, 2, AuditKind.LISTENED, is_of_a_call=True),
    Deed(_DAY + 60, 3, AuditKind.COMMENT_DELETED, 3, is_of_a_call=True),
    Deed(180, 2, AuditKind.COMMENT_CHANGED, 3, is_of_a_call=True),
    Deed(150, 2, AuditKind.HANDED, 4, is_of_a_call=True),
    Deed(95, 3, AuditKind.CLOSED, is_of_a_call=True),
    Deed(60, 1, AuditKind.LISTENED, is_of_a_call=True),
)
"""From the oldest to the newest."""

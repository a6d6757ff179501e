"""What the audit says of deeds, as rows and as an administrator reads them."""

import json
from dataclasses import dataclass
from typing import Any

from keyboards.callbacks import AuditPages
from storage.engine.base import Database
from tests.support.screens import BOSS, App


@dataclass(frozen=True, slots=True)
class Deed:
    """`who`, `other`: names; None: nobody."""

    kind: str
    who: str | None
    other: str | None
    call: int | None
    case: int | None
    number: str | None
    count: int
    detail: dict[str, Any]


async def deeds(database: Database, *, since: int = 0) -> list[Deed]:
    """All that is noted behind the row `since`, in order."""
    rows = await database.fetch(
        "SELECT a.*, e.name AS who, o.name AS other FROM audit AS a "
        "LEFT JOIN employees AS e ON e.id = a.employee_id "
        "LEFT JOIN employees AS o ON o.id = a.other_id WHERE a.id > ? ORDER BY a.id",
        (since,),
    )
    return [
        Deed(
            row["kind"],
            row["who"],
            row["other"],
            row["call_id"],
            row["case_id"],
            row["number"],
            row["count"],
            json.loads(row["detail"] or "{}"),
        )
        for row in rows
    ]


async def last_id(database: Database) -> int:
    """Of the newest row; 0: there is none."""
    return await database.count("SELECT coalesce(max(id), 0) FROM audit")


async def read(app: App, asked: AuditPages | None = None) -> list[str]:
    """The rows an administrator reads, newest first: who, and what, without their numbers."""
    await app.press_data(BOSS, (asked or AuditPages()).pack())
    lines = app.text.split("\n")
    firsts = [n for n, line in enumerate(lines) if line[:1].isdigit()]
    return [f"{lines[n].split(' ', 2)[2]}: {lines[n + 1].strip()}" for n in firsts]

"""People of the company, put straight into a database, and what they are owed."""

from bot.domain.people import AlertScope, EmployeeState, Role
from storage.engine.base import Database
from tests.support.statements import NOW


async def hire(
    database: Database,
    tg_id: int,
    role: Role,
    *extensions: str,
    name: str = "Олена",
    alerts: AlertScope = AlertScope.ALL,
    state: EmployeeState = EmployeeState.ACTIVE,
    is_unreachable: bool = False,
) -> None:
    """Put a person straight into the tables, in a state that takes many steps to reach."""
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO employees (id, tg_id, name, role, language, page_size, alerts, state, "
            "unreachable_at, created_at) VALUES (?, ?, ?, ?, 'uk', 8, ?, ?, ?, 0)",
            (tg_id, tg_id, name, role, alerts, state, NOW if is_unreachable else None),
        )
        tx.write_many(
            "INSERT INTO employee_extensions (extension, employee_id) VALUES (?, ?)",
            [(extension, tg_id) for extension in extensions],
        )


async def told_chats(database: Database) -> list[int]:
    """The chats that are owed an alert, one entry an alert."""
    rows = await database.fetch("SELECT chat_id FROM outbox WHERE kind = 'case'")
    return sorted(row["chat_id"] for row in rows)

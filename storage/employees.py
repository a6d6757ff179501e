"""The people: who may use the bot, as what, and how each wants it."""

from collections.abc import Sequence

from bot.domain.audit import AuditKind, By
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.hours import QuietHours
from bot.domain.pages import nearest_page
from bot.domain.people import AlertScope, Employee, EmployeeState, Language, Role
from storage.audit import note, note_change
from storage.engine.base import Answer, Database, Row, Select, Transaction, marks_sql
from storage.owing import bring_chat_up_to_date, drop_for_person, owe_open_cases

NAME_LIMIT = 64
"""Characters of a person's name."""

EXTENSION_LIMIT = 100
"""Characters of one extension."""

EXTENSIONS_LIMIT = 20
"""Extensions of one person."""


_COMING_BY_THEMSELVES = "digests", "weekly_statistics", "export_plans"


class EmployeeRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tg_id: int) -> Employee | None:
        """The person of this Telegram account, whatever their state; None: a stranger."""
        people = await self._select("e.tg_id = ?", (tg_id,))
        return people[0] if people else None

    async def get(self, employee_id: int) -> Employee:
        """The person, blocked or not. Raises NotFoundError if they are unknown or removed."""
        if person := await self.find_by_id(employee_id):
            return person
        raise NotFoundError(f"employee {employee_id}")

    async def find_by_id(self, employee_id: int) -> Employee | None:
        """The person, blocked or not; None: they are unknown or removed."""
        rows = await self._database.fetch(*employee_select(employee_id))
        return next(iter(employees_of(rows)), None)

    async def list_page(
        self, *, page: int, size: int, have_extensions: bool = False
    ) -> tuple[list[Employee], int, int]:
        """A page of the people who were not removed, its number, and how many pages there are.

        Pages count from 0; the last one stands for any beyond. Administrators come first, and
        people of one role by name. `have_extensions`: only those who have any.
        """
        where = "e.state <> 'removed'"
        if have_extensions:
            where += " AND e.id IN (SELECT employee_id FROM employee_extensions)"
        total = await self._database.count(f"SELECT count(*) FROM employees AS e WHERE {where}")  # noqa: S608
        page, pages = nearest_page(page, size=size, total=total)
        people = await self._select(
            where,
            (size, page * size),
            order="CASE e.role WHEN 'administrator' THEN 0 WHEN 'supervisor' THEN 1 "
            "WHEN 'operator' THEN 2 ELSE 3 END, e.name, e.id",
            limit="LIMIT ? OFFSET ?",
        )
        return people, page, pages

    async def list_holders(
        self, extensions: Sequence[str], *, but: int = 0
    ) -> dict[str, list[str]]:
        """Who else has these extensions: the names of the people, by extension.

        `but`: the id of a person who is not meant.
        """
        rows = await self._database.fetch(
            "SELECT x.extension, e.name, e.tg_id FROM employee_extensions AS x "  # noqa: S608
            "JOIN employees AS e ON e.id = x.employee_id "
            f"WHERE x.extension IN ({marks_sql(extensions)}) AND e.id <> ? "
            "AND e.state <> 'removed' ORDER BY x.extension, e.name, e.id",
            (*extensions, but),
        )
        holders: dict[str, list[str]] = {}
        for row in rows:
            holders.setdefault(row["extension"], []).append(row["name"] or str(row["tg_id"]))
        return holders

    async def count_unreachable(self) -> int:
        """How many of those who have access cannot be written to."""
        return await self._database.count(
            "SELECT count(*) FROM employees WHERE state = 'active' AND unreachable_at IS NOT NULL"
        )

    async def list_administrators(self) -> list[Employee]:
        return await self._select("e.role = 'administrator' AND e.state = 'active'", ())

    async def sync_administrators(
        self, tg_ids: Sequence[int], *, language: Language, page_size: int, now: int
    ) -> None:
        """Make exactly these accounts the administrators by settings.

        One that is no longer named is blocked; those invited as administrators are not touched.
        """
        itself = By(None, now)
        async with self._database.transaction() as tx:
            already = await tx.execute(
                "SELECT tg_id FROM employees WHERE in_settings = 1 AND state = 'active'"
            )
            known = {row["tg_id"] for row in already}
            for tg_id in tg_ids:
                [named] = await tx.execute(
                    "INSERT INTO employees (tg_id, name, role, language, page_size, in_settings, "
                    "created_at) VALUES (?, '', 'administrator', ?, ?, 1, ?) "
                    "ON CONFLICT (tg_id) DO UPDATE SET role = 'administrator', in_settings = 1 "
                    "RETURNING id",
                    (tg_id, language.value, page_size, now),
                )
                await let_in(tx, named["id"])
                if tg_id not in known:
                    note(tx, AuditKind.ADMIN_IDS, itself, other=named["id"])
            blocked = await tx.execute(
                "UPDATE employees SET in_settings = 0, state = 'blocked' "  # noqa: S608
                f"WHERE in_settings = 1 AND tg_id NOT IN ({marks_sql((0, *tg_ids))}) RETURNING id",
                (0, *tg_ids),
            )
            for row in blocked:
                await drop_for_person(tx, row["id"])
                await let_clients_go(tx, row["id"])
                states = (EmployeeState.ACTIVE, EmployeeState.BLOCKED)
                note_change(tx, AuditKind.ACCESS, itself, *states, other=row["id"])

    async def set_name(self, employee_id: int, name: str, *, by: By | None = None) -> None:
        """`by`: who changes it, of whom the audit is told; None: the bot, of an account's own."""
        async with self._database.transaction() as tx:
            asked = _ask_person(tx, employee_id) if by else None
            tx.write("UPDATE employees SET name = ? WHERE id = ?", (name, employee_id))
            for row in await asked if asked else ():
                note_change(tx, AuditKind.RENAMED, by, row["name"], name, other=employee_id)

    async def set_role(self, employee_id: int, role: Role, *, by: By | None = None) -> None:
        """Give the person a role; those whom the settings name stay administrators.

        The cases in the hands of one who takes no clients any more are free at the next tick.
        Raises NoAccessError if `by`, who changes it, is no administrator any more.
        """
        async with self._database.transaction() as tx:
            asked = _ask_person(tx, employee_id)
            await _check_administrator(tx, by)
            changed = await tx.execute(
                "UPDATE employees SET role = ? WHERE id = ? AND in_settings = 0 RETURNING id",
                (role.value, employee_id),
            )
            for row in await asked if changed else ():
                note_change(tx, AuditKind.ROLE, by, row["role"], role.value, other=employee_id)
            if changed and not role.takes_clients:
                await let_clients_go(tx, employee_id)

    async def set_state(
        self, employee_id: int, state: EmployeeState, *, by: By | None = None
    ) -> None:
        """Let a person in, keep them out, or remove them; administrators by settings stay as is.

        Those who are out are owed no more messages, and the cases in their hands are free at the
        next tick. Removed people keep their name in what they wrote; they lose their extensions
        and what came to them by itself: invited again, they choose anew.
        Raises NoAccessError if `by`, who changes it, is no administrator any more.
        """
        async with self._database.transaction() as tx:
            asked = _ask_person(tx, employee_id)
            await _check_administrator(tx, by)
            [before] = [row["state"] for row in await asked] or [state]
            if state is EmployeeState.ACTIVE:
                await let_in(tx, employee_id)
                note_change(tx, AuditKind.ACCESS, by, before, state.value, other=employee_id)
                return
            changed = await tx.execute(
                "UPDATE employees SET state = ? WHERE id = ? AND in_settings = 0 RETURNING id",
                (state.value, employee_id),
            )
            if not changed:
                return
            note_change(tx, AuditKind.ACCESS, by, before, state.value, other=employee_id)
            await drop_for_person(tx, employee_id)
            await let_clients_go(tx, employee_id)
            if state is EmployeeState.REMOVED:
                await set_extensions(tx, employee_id, ())
                for what in _COMING_BY_THEMSELVES:
                    tx.write(f"DELETE FROM {what} WHERE employee_id = ?", (employee_id,))  # noqa: S608

    async def set_extensions(
        self, employee_id: int, extensions: Sequence[str], *, by: By | None = None
    ) -> None:
        """`by`: who changes them, of whom the audit is told."""
        async with self._database.transaction() as tx:
            asked = tx.ask(
                "SELECT extension FROM employee_extensions WHERE employee_id = ? "
                "ORDER BY extension",
                (employee_id,),
            )
            await set_extensions(tx, employee_id, extensions)
            old = ", ".join(row["extension"] for row in await asked)
            new = ", ".join(sorted(set(extensions)))
            note_change(tx, AuditKind.EXTENSIONS, by, old, new, other=employee_id)

    async def set_language(self, employee_id: int, language: Language) -> None:
        await self._set(employee_id, "language", language.value)

    async def set_page_size(self, employee_id: int, page_size: int) -> None:
        await self._set(employee_id, "page_size", page_size)

    async def set_alerts(self, employee_id: int, alerts: AlertScope) -> None:
        await self._set(employee_id, "alerts", alerts.value)

    async def set_quiet(self, employee_id: int, quiet: QuietHours | None) -> None:
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE employees SET quiet_from = ?, quiet_to = ? WHERE id = ?",
                (quiet.start if quiet else None, quiet.end if quiet else None, employee_id),
            )

    async def set_reachable(self, employee_id: int, *, now: int) -> None:
        """Note that the bot may write to the person again: they wrote to it.

        The edits they have missed are owed, and of the clients they were not alerted of one list.
        """
        async with self._database.transaction() as tx:
            [row] = await tx.execute(
                "UPDATE employees SET unreachable_at = NULL WHERE id = ? RETURNING tg_id",
                (employee_id,),
            )
            await bring_chat_up_to_date(tx, row["tg_id"])
            await owe_open_cases(tx, employee_id, due_at=now, now=now)

    async def _set(self, employee_id: int, column: str, value: str | int | None) -> None:
        async with self._database.transaction() as tx:
            tx.write(
                f"UPDATE employees SET {column} = ? WHERE id = ?",  # noqa: S608 - our own names
                (value, employee_id),
            )

    async def _select(
        self, where: str, values: Sequence[str | int], *, order: str = "e.id", limit: str = ""
    ) -> list[Employee]:
        select = _select(where, values, order=order, limit=limit)
        return employees_of(await self._database.fetch(*select))


def employee_select(employee_id: int) -> Select:
    """For those who read a person, blocked or not, together with something else."""
    return _select("e.id = ? AND e.state <> 'removed'", (employee_id,))


def acting_select(tg_id: int, message_id: int) -> Select:
    """For those who read a person, as `find` does, together with something else.

    And whether this message of their chat with the bot shows a card.
    """
    return _select("e.tg_id = ?", (tg_id,), pressed=message_id)


def acting_of(rows: Sequence[Row]) -> tuple[Employee | None, bool]:
    """The person, and whether the message shows a card, that were selected so."""
    return next(iter(employees_of(rows)), None), bool(rows and rows[0]["shows_card"])


def _select(
    where: str,
    values: Sequence[str | int],
    *,
    pressed: int = 0,
    order: str = "e.id",
    limit: str = "",
) -> Select:
    """A row for each extension of each person; `pressed`: a message that may show a card."""
    return (
        "SELECT e.*, x.extension FROM "  # noqa: S608 - our own predicates
        "(SELECT e.*, EXISTS (SELECT 1 FROM open_cards AS o WHERE o.chat_id = e.tg_id "
        "AND o.message_id = ?) AS shows_card "
        f"FROM employees AS e WHERE {where} ORDER BY {order} {limit}) AS e "
        "LEFT JOIN employee_extensions AS x ON x.employee_id = e.id "
        f"ORDER BY {order}, x.extension",
        (pressed, *values),
    )


def _ask_person(tx: Transaction, employee_id: int) -> Answer:
    """What they are before they are changed."""
    return tx.ask("SELECT name, role, state FROM employees WHERE id = ?", (employee_id,))


async def _check_administrator(tx: Transaction, by: By | None) -> None:
    """Raises NoAccessError unless it is an administrator; None is nobody in particular.

    Two who take the role from each other at once would leave nobody to give it back.
    """
    if by and not await tx.execute(
        "SELECT 1 FROM employees WHERE id = ? AND role = 'administrator' AND state = 'active'",
        (by.employee_id,),
    ):
        raise NoAccessError(f"employee {by.employee_id} is no administrator any more")


async def let_in(tx: Transaction, employee_id: int) -> None:
    """Let the person have access; one who was out is owed what their chat has missed."""
    back = await tx.execute(
        "UPDATE employees SET state = 'active' WHERE id = ? AND state <> 'active' RETURNING tg_id",
        (employee_id,),
    )
    for row in back:
        await bring_chat_up_to_date(tx, row["tg_id"])


async def let_clients_go(tx: Transaction, employee_id: int) -> None:
    """Have the cases in a person's hands freed at the next tick, as if they had not answered."""
    tx.write(
        "UPDATE cases SET claim_due_at = 0, asked_at = 0 WHERE owner_id = ? AND state = 'open'",
        (employee_id,),
    )


async def set_extensions(tx: Transaction, employee_id: int, extensions: Sequence[str]) -> None:
    """Replace a person's extensions, inside the caller's transaction."""
    tx.write("DELETE FROM employee_extensions WHERE employee_id = ?", (employee_id,))
    tx.write_many(
        "INSERT INTO employee_extensions (extension, employee_id) VALUES (?, ?)",
        [(extension, employee_id) for extension in dict.fromkeys(extensions)],
    )


def employees_of(rows: Sequence[Row]) -> list[Employee]:
    people: dict[int, tuple[Row, list[str]]] = {}
    for row in rows:
        _, extensions = people.setdefault(row["id"], (row, []))
        if row["extension"] is not None:
            extensions.append(row["extension"])
    return [_employee(row, tuple(extensions)) for row, extensions in people.values()]


def _employee(row: Row, extensions: tuple[str, ...]) -> Employee:
    return Employee(
        id=row["id"],
        tg_id=row["tg_id"],
        name=row["name"],
        role=Role(row["role"]),
        extensions=extensions,
        language=Language(row["language"]),
        page_size=row["page_size"],
        alerts=AlertScope(row["alerts"]),
        state=EmployeeState(row["state"]),
        in_settings=bool(row["in_settings"]),
        unreachable=row["unreachable_at"] is not None,
        quiet=QuietHours(row["quiet_from"], row["quiet_to"])
        if row["quiet_from"] is not None
        else None,
    )

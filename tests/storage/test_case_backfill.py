"""Calls that a version without cases has recorded get their cases, in silence."""

import shutil
from pathlib import Path

from bot.domain.case_rules import DEFAULT_RULES
from storage.case_backfill import create_missing_cases
from storage.database import open_database
from storage.engine.sqlite import MIGRATIONS, open_sqlite
from tests.support.statements import NOW
from tests.support.stored_calls import StoredCalls


async def test_calls_recorded_before_there_were_cases_get_theirs_and_nobody_is_alerted(
    tmp_path: Path,
) -> None:
    first = tmp_path / "migrations"
    first.mkdir()
    shutil.copy(sorted(MIGRATIONS.glob("*.sql"))[0], first)
    columns = (
        "id, source, external_id, direction, status, level, started_at, position, received_at"
    )
    async with (
        open_sqlite(tmp_path / "dzvinok.db", migrations=first) as old,
        old.transaction() as tx,
    ):
        await tx.execute(
            "INSERT INTO employees (tg_id, name, role, language, page_size, created_at) "
            "VALUES (1, 'Ганна', 'administrator', 'uk', 8, 0)"
        )
        for number, (client, status) in enumerate(
            [("+380671234567", "missed"), ("+380671234567", "missed"), (None, "missed")]
        ):
            await tx.execute(
                f"INSERT INTO calls ({columns}, client, lost) "
                "VALUES (?, 'office', ?, 'in', ?, 1, ?, ?, ?, ?, 1)",
                (number + 1, f"c{number}", status, NOW, NOW + number, NOW, client),
            )
        await tx.execute(
            "INSERT INTO outbox (chat_id, employee_id, kind, subject, created_at, due_at) "
            "VALUES (1, 1, 'lost_call', '1', 0, 0), (1, 1, 'rejects', 'office', 0, 0)"
        )
    async with open_database(tmp_path / "dzvinok.db") as database:
        stored = StoredCalls(database)
        assert await create_missing_cases(database, rules=DEFAULT_RULES, now=NOW + 2 * 86400) == 3
        assert [(case.client, case.lost) for case in await stored.all_cases()] == [
            ("+380671234567", 2),
            (None, 1),
        ]
        assert await create_missing_cases(database, rules=DEFAULT_RULES, now=NOW + 2 * 86400) == 0
        assert (await stored.owed(), await stored.owed("rejects")) == ([], [1])

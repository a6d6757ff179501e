"""The outbox as a room: which files may write to it, what the alerter reads from it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.outbox import MessageKind, Priority
from storage.database import Database, open_database
from storage.outbox import OutboxRepo
from tests.support.places import ROOT

WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) outbox\b")
KINDS = (MessageKind.DIGEST, MessageKind.REMINDER, MessageKind.OPEN_CASES)


def test_only_the_outbox_and_owing_write_to_it() -> None:
    files = {path.stem for path in (ROOT / "storage").glob("*.py")}
    writers = {
        stem
        for stem in files
        if WRITES.search((ROOT / "storage" / f"{stem}.py").read_text(encoding="utf-8"))
    }
    assert writers == {"outbox", "owing"}
    assert len(files) > 15


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield database


async def owe(
    database: Database, chat_id: int, kind: MessageKind, priority: Priority, *, due_at: int
) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO outbox (chat_id, kind, subject, priority, created_at, due_at) "
            "VALUES (?, ?, 'x', ?, 0, ?)",
            (chat_id, kind.value, priority, due_at),
        )


async def test_each_chat_is_told_its_most_urgent_due_message_first(database: Database) -> None:
    for chat_id in (1, 2, 3):
        await owe(database, chat_id, KINDS[0], Priority.LIST, due_at=10)
        await owe(database, chat_id, KINDS[1], Priority(chat_id % 3), due_at=10)
        await owe(database, chat_id, KINDS[2], Priority.ALERT, due_at=11)  # not yet
    outbox = OutboxRepo(database)
    due = await outbox.list_due(now=10, limit=9)
    assert [owed.chat_id for owed in due] == [3, 1, 2]
    assert {owed.kind for owed in due} == {KINDS[1]}
    assert [owed.chat_id for owed in await outbox.list_due(now=10, limit=9, not_to={3, 2})] == [1]
    assert [owed.chat_id for owed in await outbox.list_due(now=10, limit=2)] == [3, 1]
    assert await outbox.list_due(now=9, limit=9) == []

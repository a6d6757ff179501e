"""When calls were heard of: as they come, and what is known of before."""

import shutil
from pathlib import Path

import pytest

from storage.calls import CallRepo
from storage.engine.base import Database
from storage.engine.sqlite import MIGRATIONS, open_sqlite
from storage.silences import SilenceRepo
from tests.support.statements import said

NOW = 900 * 2_000_000


async def test_new_calls_of_a_quarter_are_counted_with_the_longest_time_between(
    database: Database,
) -> None:
    calls, silences = CallRepo(database), SilenceRepo(database)
    for seconds, names in ((0, "ab"), (10, "b"), (300, "c"), (320, "d"), (900, "e")):
        facts = [said(external_id=name, started_at=NOW) for name in names]
        await calls.record(facts, now=NOW + seconds, is_live=True)
    first, second = await silences.heard("office", now=NOW + 900)
    assert (first.calls, first.first_at, first.last_at) == (4, NOW, NOW + 320)
    assert first.longest == 300
    assert (second.quarter, second.calls) == (first.quarter + 1, 1)
    assert await silences.last_heard("office", now=NOW + 950) == NOW + 900
    assert await silences.last_heard("office", now=NOW + 899) == NOW + 320
    assert await silences.last_heard("shop", now=NOW) is None


async def test_what_is_old_or_dated_by_a_wrong_clock_is_forgotten(database: Database) -> None:
    calls, silences = CallRepo(database), SilenceRepo(database)
    for day in (0, 30, 58, 90):
        now = NOW + day * 86400
        await calls.record([said(external_id=str(day), started_at=now)], now=now, is_live=True)
    await silences.forget(["office"], now=NOW + 58 * 86400)
    rows = await database.fetch("SELECT last_at FROM heard ORDER BY quarter")
    assert [(row["last_at"] - NOW) // 86400 for row in rows] == [30, 58]


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Those before this one."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for script in MIGRATIONS.glob("*.sql"):
        if script.name < "0026":
            shutil.copy(script, folder)
    return folder


async def test_calls_that_came_before_the_upgrade_are_learnt_from(
    tmp_path: Path, migrations: Path
) -> None:
    path = tmp_path / "old.db"
    async with (
        open_sqlite(path, migrations=migrations) as database,
        database.transaction() as tx,
    ):
        for number, (received, ended) in enumerate(
            [(0, -5), (400, 380), (500, None), (900, 880), (1000, -90_000), (-57 * 86400, None)]
        ):
            end = None if ended is None else NOW + ended
            began = NOW + received if ended is None else NOW + ended - 60
            await tx.execute(
                "INSERT INTO calls (id, source, external_id, direction, status, level, lost, "
                "position, started_at, ended_at, received_at) "
                "VALUES (?, 'office', ?, 'in', 'missed', 1, 0, 0, ?, ?, ?)",
                (number, str(number), began, end, NOW + received),
            )
    shutil.copy(next(MIGRATIONS.glob("0026_*")), migrations)
    async with open_sqlite(path, migrations=migrations) as database:
        heard = await SilenceRepo(database).heard("office", now=NOW + 3600)
    quarter = NOW // 900
    assert [(one.quarter, one.calls, one.longest) for one in heard] == [
        (quarter, 3, 400),
        (quarter + 1, 1, 0),
    ]

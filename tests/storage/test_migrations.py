"""Migrations: each applies to the schema before it, and one that fails leaves nothing."""

import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import StartError
from storage.engine.sqlite import MIGRATIONS, open_sqlite

SCRIPTS = sorted(MIGRATIONS.glob("*.sql"))


def schema(path: Path) -> tuple[int, list[tuple[Any, ...]]]:
    connection = sqlite3.connect(path)
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        sql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        return version, connection.execute(sql).fetchall()
    finally:
        connection.close()


async def migrate(path: Path, migrations: Path) -> None:
    async with open_sqlite(path, migrations=migrations):
        pass


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Our migrations, to be added to."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    return tmp_path / "migrations"


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [int(path.name.partition("_")[0]) for path in SCRIPTS]
    assert numbers == list(range(1, len(SCRIPTS) + 1)) != []
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", path.name) for path in SCRIPTS)


async def test_every_migration_applies_to_the_schema_before_it(
    tmp_path: Path, migrations: Path
) -> None:
    path, some = tmp_path / "step.db", tmp_path / "some"
    some.mkdir()
    extra = migrations / f"{len(SCRIPTS) + 1:04}_extra.sql"
    extra.write_text("ALTER TABLE calls ADD COLUMN mood TEXT;\nCREATE TABLE x (a INTEGER);\n")
    for number, script in enumerate([*SCRIPTS, extra], start=1):
        shutil.copy(script, some)
        await migrate(path, some)
        assert schema(path)[0] == number
        await migrate(path, some)  # again changes nothing
    await migrate(tmp_path / "fresh.db", migrations)
    assert schema(path) == schema(tmp_path / "fresh.db")


@pytest.mark.parametrize("is_fresh", [True, False])
async def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, migrations: Path, is_fresh: bool
) -> None:
    path = tmp_path / "dzvinok.db"
    await migrate(path, migrations)
    before = schema(path)
    broken = f"{len(SCRIPTS) + 1:04}_broken.sql"
    script = "CREATE TABLE half (a INTEGER);\nDROP TABLE fsm;\nINSERT INTO nowhere VALUES (1);\n"
    (migrations / broken).write_text(script)
    target = tmp_path / "fresh.db" if is_fresh else path
    with pytest.raises(StartError, match="nowhere"):
        await migrate(target, migrations)
    assert schema(target) == before
    (migrations / broken).unlink()
    await migrate(target, migrations)
    assert schema(target) == before


async def test_a_first_migration_that_fails_leaves_an_empty_file(tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (only / "0001_broken.sql").write_text("CREATE TABLE half (a INTEGER);\nSELECT nothing;\n")
    with pytest.raises(StartError, match="nothing"):
        await migrate(tmp_path / "dzvinok.db", only)
    assert schema(tmp_path / "dzvinok.db") == (0, [])


async def test_a_newer_database_is_refused_and_left_alone(
    tmp_path: Path, migrations: Path
) -> None:
    path = tmp_path / "dzvinok.db"
    (migrations / f"{len(SCRIPTS) + 1:04}_newer.sql").write_text("CREATE TABLE x (a INTEGER);\n")
    await migrate(path, migrations)
    before = schema(path)
    with pytest.raises(StartError, match="newer"):
        await migrate(path, MIGRATIONS)
    assert schema(path) == before


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dzvinok.db"
    path.write_text("Це не база даних. " * 100)
    with pytest.raises(StartError, match="DATABASE_PATH"):
        await migrate(path, MIGRATIONS)


def test_every_statement_of_a_migration_ends() -> None:
    """What stands after the last semicolon would be left out in silence."""
    for script in SCRIPTS:
        lines = script.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if line.strip() and not line.startswith("--")]
        assert code[-1].endswith(";"), script

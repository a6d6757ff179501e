"""Migrations of PostgreSQL: which older programs may go on with what a newer one has made."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.errors import StartError, StorageError
from storage.engine.base import Database, Select
from storage.engine.postgres import open_postgres
from storage.engine.postgres_schema import MIGRATIONS
from tests.support.postgres import postgres_database

ALL_SO_FAR = 26
"""The first migration there is: no older program runs on PostgreSQL."""

KNOWN = max(int(path.name[:4]) for path in MIGRATIONS.glob("*.sql"))
ADDS = "-- expand\nALTER TABLE calls ADD COLUMN mood TEXT;\n"
TAKES_AWAY = "ALTER TABLE calls DROP COLUMN mood;\n"

CONNECTIONS = 8
"""At the most, of one program."""

CALLS = "SELECT * FROM calls"
FLAWS = "SELECT * FROM flaws"


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a database of this program."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Our migrations, to be added to."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    return tmp_path / "migrations"


async def migrate(url: str, migrations: Path, *scripts: str) -> None:
    """Let a newer program start, which has these migrations too."""
    for number, script in enumerate(scripts, start=KNOWN + 1):
        (migrations / f"{number:04}_newer.sql").write_text(script, encoding="utf-8")
    async with open_postgres(url, migrations=migrations):
        pass


# Which programs may work


async def test_an_older_program_works_on_what_was_only_added_to(
    url: str, migrations: Path
) -> None:
    await migrate(url, migrations, ADDS)
    for _ in range(2):
        async with open_postgres(url) as database:
            [[version]] = await database.fetch("SELECT version FROM schema_version")
            assert version == KNOWN + 1


@pytest.mark.parametrize("more", [(), ("-- expand\nSELECT 1;\n",)])
async def test_an_older_program_is_refused_where_something_was_taken_away(
    url: str, migrations: Path, more: tuple[str, ...]
) -> None:
    """Also if what came later was only added."""
    await migrate(url, migrations, ADDS, TAKES_AWAY, *more)
    with pytest.raises(StartError, match="newer Dzvinok") as refused:
        async with open_postgres(url):
            pass
    assert "\n" not in str(refused.value)
    for number in range(2, 2 + 1 + len(more)):
        (migrations / f"{KNOWN + number:04}_newer.sql").unlink()
    with pytest.raises(StartError, match="newer Dzvinok"):
        async with open_postgres(url, migrations=migrations):
            pass


async def test_one_that_knows_what_is_needed_works_on_what_was_taken_away(
    url: str, migrations: Path
) -> None:
    await migrate(url, migrations, ADDS, f"-- contract: {KNOWN + 1:04}\n{TAKES_AWAY}")
    (migrations / f"{KNOWN + 2:04}_newer.sql").unlink()
    async with open_postgres(url, migrations=migrations) as database:
        assert await database.count("SELECT version FROM schema_version") == KNOWN + 2


async def test_a_migration_may_take_its_time(url: str, migrations: Path) -> None:
    await migrate(f"{url}&options=-cstatement_timeout%3D50ms", migrations, "SELECT pg_sleep(0.2);")


# What an older program, at work, does with it


async def open_all(database: Database) -> None:
    """Have it open all its connections."""
    await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.05)") for _ in range(CONNECTIONS)))


async def read_on_all(database: Database, *selects: Select) -> None:
    """Read on each connection there is, one after another."""
    for _ in range(3 * CONNECTIONS):
        assert await database.fetch_each(*selects) == [[]] * len(selects)


async def test_what_is_at_work_reads_a_table_that_was_added_to(url: str, migrations: Path) -> None:
    async with open_postgres(url) as database:
        await open_all(database)
        await read_on_all(database, (FLAWS, ()), (CALLS, ()))
        await migrate(url, migrations, ADDS)
        await read_on_all(database, (FLAWS, ()), (CALLS, ()))
        await read_on_all(database, (CALLS, ()))


@pytest.mark.parametrize("trips", [(CALLS,), (FLAWS, CALLS), (CALLS, FLAWS, CALLS)])
async def test_what_is_at_work_decides_on_a_table_that_was_added_to(
    url: str, migrations: Path, trips: tuple[str, ...]
) -> None:
    async def decide(database: Database) -> None:
        async with database.transaction() as tx:
            for sql in trips:
                tx.write("UPDATE counters SET value = value + 1 WHERE name = 'calls'")
                assert await tx.ask(sql) == []

    async with open_postgres(url) as database:
        for _ in range(3):
            await decide(database)
        await migrate(url, migrations, ADDS)
        for _ in range(3):
            await decide(database)
        value = await database.count("SELECT value FROM counters WHERE name = 'calls'")
        assert value == 6 * len(trips)


async def test_a_read_that_is_cut_short_spoils_no_later_one(url: str) -> None:
    """On each connection, at the moment in which it begins to prepare what it reads."""
    sleep, quick = "SELECT pg_sleep(?)", (FLAWS, ())
    async with open_postgres(f"{url}&options=-cstatement_timeout%3D100ms") as database:
        await open_all(database)
        for _ in range(CONNECTIONS):
            await database.fetch_each((sleep, (0,)), quick)
        for _ in range(CONNECTIONS):
            with pytest.raises(StorageError, match="timeout"):
                await database.fetch_each((sleep, (1,)), quick)
        await read_on_all(database, quick)


# What a migration may say

_COMMENT = re.compile(r"--.*")
_ADDS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"CREATE TABLE .*",
        r"CREATE INDEX .*",
        r"CREATE STATISTICS .*",
        r"ANALYZE \w+",
        r"ALTER TABLE \w+ ADD COLUMN (?!.*\bNOT NULL\b(?!.*\bDEFAULT\b))(?!.*\bUNIQUE\b)"
        r"(?!.*\bPRIMARY KEY\b)(?!.*, (?:ADD|ALTER|DROP|RENAME)\b).*",
        r"INSERT INTO .*",
        r"UPDATE .*",
    )
]
_REFERENCE = re.compile(r"\bREFERENCES \w++(?: ?\(\w+\))?+(?! ON DELETE (?:CASCADE|SET NULL))")


def tightens(script: str) -> list[str]:
    """The statements after which an older program may fail: all but those known to only add.

    A reference needs ON DELETE: an older program deletes what is referred to. An index may be made
    anew under its name.
    """
    statements = [" ".join(one.split()) for one in _COMMENT.sub("", script).split(";")]
    made = {found[1] for one in statements if (found := re.match(r"CREATE INDEX (\w+)", one))}
    return [
        one
        for one in statements
        if one
        and one not in {f"DROP INDEX {name}" for name in made}
        and (not any(adds.fullmatch(one) for adds in _ADDS) or _REFERENCE.search(one))
    ]


def wrong_words(number: int, script: str) -> str | None:
    """What is wrong with what a migration says of older programs; None: nothing."""
    said = re.match(r"-- (?:expand|contract: (\d{4}))\n", script)
    if not said:
        return "the first line must be `-- expand` or `-- contract: NNNN`"
    if said[1] is not None and not ALL_SO_FAR < int(said[1]) <= number:
        return f"no program that knows {said[1]} can have stopped using anything"
    if said[1] is None and (found := tightens(script)):
        return f"does more than expand: {found}"
    return None


def test_every_migration_says_what_it_does_to_older_programs() -> None:
    numbered = {int(path.name[:4]): path for path in MIGRATIONS.glob("*.sql")}
    assert ALL_SO_FAR in numbered
    wrong = {
        path.name: wrong
        for number, path in numbered.items()
        if number > ALL_SO_FAR and (wrong := wrong_words(number, path.read_text(encoding="utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "first",
    ["", "-- Adds a mood.\n", "\n-- expand\n", "-- contract: 0029\n", "-- contract: 0026\n"],
)
def test_a_migration_that_does_not_say_it_is_noticed(first: str) -> None:
    assert wrong_words(28, f"{first}CREATE TABLE moods (id BIGINT);\n")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE moods (id BIGINT NOT NULL UNIQUE, name TEXT CHECK (name <> ''))",
        "CREATE INDEX calls_by_mood ON calls (mood)",
        "CREATE STATISTICS moods_of ON (mood & 1) FROM calls; ANALYZE calls",
        'ALTER TABLE calls ADD COLUMN mood TEXT COLLATE "C"',
        "ALTER TABLE calls ADD COLUMN mood BIGINT NOT NULL DEFAULT 0 CHECK (mood IN (0, 1))",
        "ALTER TABLE calls ADD COLUMN of_case BIGINT REFERENCES cases (id) ON DELETE SET NULL",
        "UPDATE calls SET mood = 1",
        "INSERT INTO moods (id) SELECT id FROM calls -- DROP TABLE calls",
        "DROP INDEX calls_by_line; CREATE INDEX calls_by_line ON calls (line, position)",
    ],
)
def test_what_expands(statement: str) -> None:
    assert wrong_words(27, f"-- expand\n{statement};\n") is None


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE fsm",
        "DROP INDEX calls_by_client",
        "ALTER TABLE calls DROP COLUMN line",
        "ALTER TABLE calls RENAME COLUMN line TO trunk",
        "ALTER TABLE calls RENAME TO talks",
        "ALTER TABLE calls ALTER COLUMN line SET NOT NULL",
        "ALTER TABLE calls ALTER COLUMN line TYPE BIGINT",
        "ALTER TABLE calls ADD CONSTRAINT some CHECK (wait >= 0)",
        "ALTER TABLE calls ADD COLUMN mood BIGINT NOT NULL",
        "ALTER TABLE calls ADD COLUMN mood BIGINT UNIQUE",
        "ALTER TABLE calls ADD COLUMN mood BIGINT, DROP COLUMN line",
        "ALTER TABLE calls ADD COLUMN of_case BIGINT REFERENCES cases (id)",
        "CREATE TABLE moods (call_id BIGINT REFERENCES calls (id))",
        "CREATE UNIQUE INDEX one_name ON employees (name)",
        "DELETE FROM fsm",
        "TRUNCATE fsm",
    ],
)
def test_what_does_more_than_expand_is_noticed(statement: str) -> None:
    script = f"CREATE TABLE moods (id BIGINT);\n{statement};\n"
    assert wrong_words(28, f"-- expand\n{script}")
    assert wrong_words(28, f"-- contract: 0027\n{script}") is None

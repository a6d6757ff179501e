"""The schema on PostgreSQL: which version is there, who may work on it, how it is brought up.

Programs of several versions work on one database while they are upgraded in turn: a migration says
in its first line what it does to older programs (CONTRIBUTING.md, "Migrations").
"""

import re
from pathlib import Path

import psycopg

from bot.domain.errors import StartError
from storage.engine.postgres_connections import Connection, explained

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "postgres"

COMPANY_LOCK = 0x44_7A_76_01
"""The advisory lock of whoever writes; any constant, the same in all versions of the program."""

LOCK_SQL = f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})"

VERSION_SQL = "SELECT version FROM schema_version"

_FIRST_LINE = re.compile(r"-- (?:expand|contract: (\d{4}))\n")


async def stored_version(connection: Connection) -> tuple[int, int]:
    """That of the schema there, 0 if there is none; and the oldest a program must know for it."""
    cursor = await connection.execute("SELECT to_regclass('schema_version') IS NOT NULL")
    [(is_there,)] = await cursor.fetchall()
    if not is_there:
        return 0, 0
    cursor = await connection.execute(
        "SELECT coalesce(max(version), 0), coalesce(max(oldest), 0) FROM schema_version"
    )
    [(version, oldest)] = await cursor.fetchall()
    return int(version), int(oldest)


async def migrate(
    connection: Connection, migrations: Path = MIGRATIONS, *, is_exact: bool = False
) -> None:
    """Bring the database to the newest schema that this program knows.

    Raises StartError if it is newer, unless programs of this version may work on it and not
    `is_exact`; psycopg.Error.
    """
    scripts = {int(path.name[:4]): path for path in sorted(migrations.glob("[0-9]*.sql"))}  # noqa: ASYNC240 - once, at the start
    known = max(scripts)
    async with connection.transaction():
        await connection.execute(LOCK_SQL.encode())
        await connection.execute("SET LOCAL statement_timeout = 0")
        version, oldest = await stored_version(connection)
        if known < (version if is_exact else oldest):
            raise StartError(
                f"DATABASE_URL: the database was written by a newer Dzvinok (schema {version}, "
                f"for programs that know {oldest}; this one knows {known}): upgrade the program"
            )
        if known <= version:
            return
        for number, path in scripts.items():
            if number > version:
                script = path.read_text(encoding="utf-8")
                try:
                    await connection.execute(script.encode())
                except psycopg.Error as error:
                    raise explained(StartError(f"{path.name}: {error}")) from error
                line = _FIRST_LINE.match(script)
                oldest = max(oldest, int(line[1] or 0) if line else number)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT, oldest BIGINT)"
        )
        await connection.execute("DELETE FROM schema_version")
        await connection.execute(
            "INSERT INTO schema_version (version, oldest) VALUES (%s, %s)", (known, oldest)
        )

"""The server of PostgreSQL: what it must be able to do, for `run` and `check` alike."""

import asyncio
import time
from typing import Any

import psycopg

from bot.domain.errors import StartError
from storage.engine.base import Server
from storage.engine.postgres_connections import (
    CREATEDB,
    OF_A_BOT,
    Connection,
    connect,
    explained,
)

_MODE_SECONDS = 10.0

_POOLER = (
    "DATABASE_URL: leads to a pooler that keeps no sessions (PgBouncer in transaction mode), "
    "which breaks the locks and the bell of the bots: put the address of PostgreSQL itself there, "
    "or that of a pooler in session mode"
)


async def examine(connection: Connection, url: str) -> None:
    """Raises StartError if the bot could not work with this server; psycopg.Error if it is gone.

    So do `run` and `check` find the same.
    """
    told = connection.info
    [found] = await _fetch(
        connection,
        "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', "
        "current_setting('server_encoding'), pg_backend_pid(), current_schema(), "
        "to_regclass('schema_version') IS NOT NULL, "
        "has_schema_privilege(current_schema(), 'CREATE'), "
        "has_function_privilege('pg_advisory_xact_lock(bigint)', 'EXECUTE') "
        "AND has_function_privilege('pg_try_advisory_lock(bigint)', 'EXECUTE')",
    )
    is_read_only, encoding, pid, schema, is_there, may_create, may_lock = found
    if is_read_only:
        raise explained(StartError("it is read-only"))
    if encoding != "UTF8":
        raise StartError(
            f"DATABASE_URL: the database is in {encoding}: make one in UTF-8 {CREATEDB}"
        )
    if pid != told.backend_pid:
        await _check_pooler(url)
    if not is_there and not may_create:
        raise StartError(
            f"DATABASE_URL: {told.user} may make no tables in the schema {schema or 'public'}: "
            f'ALTER DATABASE "{told.dbname}" OWNER TO "{told.user}", or '
            f'GRANT USAGE, CREATE ON SCHEMA {schema or "public"} TO "{told.user}"'
        )
    if is_there and (closed := await _closed_tables(connection)):
        raise StartError(
            f"DATABASE_URL: {told.user} may not read and write {', '.join(closed)}: GRANT SELECT, "
            f'INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO "{told.user}"'
        )
    if not may_lock:
        raise StartError(
            f"DATABASE_URL: {told.user} may take no advisory locks: GRANT EXECUTE ON ALL "
            f'FUNCTIONS IN SCHEMA pg_catalog TO "{told.user}"'
        )
    await connection.execute("LISTEN dzvinok_check")
    await connection.execute("UNLISTEN dzvinok_check")


async def _closed_tables(connection: Connection) -> list[str]:
    """The tables there that this user may not read or write."""
    rows = await _fetch(
        connection,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
        "AND relnamespace = (SELECT relnamespace FROM pg_class "
        "WHERE oid = to_regclass('schema_version')) "
        "AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') "
        "AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) "
        "ORDER BY relname",
    )
    return [name for (name,) in rows]


async def _check_pooler(url: str) -> None:
    """Raises StartError unless each of our connections is a session of its own.

    Some pooler stands between us and the server: what it told of the session is not what the
    session says. One that shares sessions gives the second of two connections the session of the
    first, or the first another one meanwhile.
    """
    try:
        async with asyncio.timeout(_MODE_SECONDS), await connect(url) as one:
            first = await _pid(one)
            async with await connect(url) as two, two.transaction():
                if await _pid(two) == first or await _pid(one) != first:
                    raise StartError(_POOLER)
    except TimeoutError as error:
        told = f"the pooler gives us no second connection: let it have {OF_A_BOT} for each bot"
        raise StartError(f"DATABASE_URL: {told}") from error
    except psycopg.OperationalError as error:
        if "statement pooling" in str(error):  # shared even in transactions
            raise StartError(_POOLER) from error
        raise


async def _pid(connection: Connection) -> int:
    [(pid,)] = await _fetch(connection, "SELECT pg_backend_pid()")
    return int(pid)


async def describe_server(url: str) -> Server:
    """What the server is like. Raises StartError."""
    try:
        async with await connect(url) as connection:
            await _fetch(connection, "SELECT clock_timestamp()")  # the first takes longer
            asked_at = time.time()
            [(at,)] = await _fetch(
                connection, "SELECT extract(epoch FROM clock_timestamp())::float8"
            )
            answered_at = time.time()
            [(version, connections)] = await _fetch(
                connection,
                "SELECT split_part(current_setting('server_version'), ' ', 1), "
                "least(current_setting('max_connections')::int "
                "- current_setting('superuser_reserved_connections')::int "
                "- coalesce(current_setting('reserved_connections', true)::int, 0), "
                "nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) "
                "FROM pg_roles, pg_database "
                "WHERE rolname = current_user AND datname = current_database()",
            )
    except (psycopg.Error, OSError) as error:
        raise explained(error) from error
    unsure = (answered_at - asked_at) / 2
    return Server(version, at - (asked_at + unsure), unsure, connections, OF_A_BOT)


async def _fetch(connection: Connection, sql: str) -> list[Any]:
    return list(await (await connection.execute(sql.encode())).fetchall())

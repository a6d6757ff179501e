"""The server of PostgreSQL: how it is reached, what it must be able to do, what to mend."""

import asyncio
import re
import time
from typing import Any

import psycopg

from bot.domain.errors import StartError
from storage.engine.base import Row, Server

OLDEST = 140000
"""The first version with idle_session_timeout, by which a lost leader is noticed."""

CONNECTIONS = 8
"""Of the pool of a bot."""

OF_A_BOT = CONNECTIONS + 2
"""Connections that a bot takes at most: the pool, the leader's lock, the listener."""

_MODE_SECONDS = 10.0

_SETTINGS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
    "application_name": "dzvinok",
    "client_encoding": "utf8",
}
"""Where the address says nothing else: a server that is gone is noticed within seconds."""

_SESSION = {
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
}
"""The same of a session; asked of it once it is there, since poolers refuse them before."""

_EXPECTED = (
    "DATABASE_URL: expected an address like postgresql://dzvinok:password@host/dzvinok, "
    "special characters of the password as in %40 for @"
)

_POOLER = (
    "DATABASE_URL: leads to a pooler that keeps no sessions (PgBouncer in transaction mode), "
    "which breaks the locks and the bell of the bots: put the address of PostgreSQL itself there, "
    "or that of a pooler in session mode"
)

_ADVICE = (
    ("unsupported startup parameter", "write the address of PostgreSQL itself, not of a pooler"),
    ("(no|without) encryption|SSL off|SSL required", "the server wants TLS: add ?sslmode=require"),
    ("does not support SSL", "take sslmode out of the address, or switch TLS on in the server"),
    (
        "certificate",
        "name the certificate of the authority: ?sslmode=verify-full&sslrootcert=FILE",
    ),
    ("no password supplied", "write the password: postgresql://user:password@host/database"),
    (r"(password|SASL) authentication failed|no such user", "check the user and the password"),
    (r"database .* does not exist|no such database", "make it: createdb -O USER DATABASE"),
    (r"role .* does not exist", "make the user: createuser -P USER"),
    ("pg_hba.conf", "let this computer in: a line of its address in pg_hba.conf"),
    (
        "resolve host|translate host name",
        "no such host is known here: check the name in the address",
    ),
    ("Connection refused|No such file", "nothing listens there: check host, port, the server"),
    ("timeout|timed out|unreachable", "nothing answers there: check host, port, the firewall"),
    (
        "too many (clients|connections)|connection slots|no more connections",
        f"raise max_connections: each bot takes up to {OF_A_BOT}",
    ),
    (
        "read-only|hot standby|standby mode",
        "it is a standby: write the address of the primary, or all hosts with commas between",
    ),
    (
        "must be owner|permission denied",
        "make the bot's user the owner of the database: ALTER DATABASE … OWNER TO …",
    ),
    ("starting up|shutting down|recovery mode", "try again when it has started"),
    ("lock timeout", "another bot starts, or a move is under way: try again when it has ended"),
)
"""What to do, by what is said; the first that fits."""

Connection = psycopg.AsyncConnection[Row]


def explained(error: Exception) -> StartError:
    """What the server, or the way to it, says, and what to do."""
    told = " ".join(str(error).split())
    for pattern, advice in _ADVICE:
        if re.search(pattern, told, re.IGNORECASE):
            return StartError(f"DATABASE_URL: {told}; {advice}")
    return StartError(f"DATABASE_URL: {told}")


def address(url: str) -> str:
    """With our settings where the address says nothing else. Raises StartError.

    It repeats nothing of an address that cannot be read: a part of the password may be anywhere.
    """
    try:
        said = psycopg.conninfo.conninfo_to_dict(url)
        if not re.fullmatch(r"[\d,]*", str(said.get("port", ""))):
            raise StartError(_EXPECTED)
        more = {name: value for name, value in _SETTINGS.items() if name not in said}
        return psycopg.conninfo.make_conninfo(url, **more)
    except psycopg.Error as error:
        raise StartError(_EXPECTED) from error


async def connect(url: str, **session: str) -> psycopg.AsyncConnection[Any]:
    """A connection of one's own, with these settings of its session.

    Raises psycopg.Error or OSError; StartError for an address that is none, or too old a server.
    """
    connection = await psycopg.AsyncConnection.connect(address(url), autocommit=True)
    try:
        version = connection.info.server_version
        if version < OLDEST:
            raise StartError(
                f"DATABASE_URL: PostgreSQL {version // 10000} is too old: "
                f"upgrade it to {OLDEST // 10000} or newer"
            )
        await configure(connection, **{"idle_session_timeout": "0"} | session)
    except BaseException:
        await connection.close()
        raise
    return connection


async def configure(connection: psycopg.AsyncConnection[Any], **session: str) -> None:
    """Give the session these settings, and ours unless its address has options of its own."""
    if "options" not in connection.info.get_parameters():
        session = _SESSION | session
    if session:
        sql = ", ".join(["set_config(%s, %s, false)"] * len(session))
        values = [one for setting in session.items() for one in setting]
        await connection.execute(f"SELECT {sql}".encode(), values)


async def examine(connection: psycopg.AsyncConnection[Any], url: str) -> None:
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
            f"DATABASE_URL: the database is in {encoding}: "
            "make one in UTF-8: createdb -E UTF8 -T template0 DATABASE"
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


async def _closed_tables(connection: psycopg.AsyncConnection[Any]) -> list[str]:
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


async def _pid(connection: psycopg.AsyncConnection[Any]) -> int:
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


async def _fetch(connection: psycopg.AsyncConnection[Any], sql: str) -> list[Any]:
    return list(await (await connection.execute(sql.encode())).fetchall())

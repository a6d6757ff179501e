"""Connections to PostgreSQL: where it is, how long it may be silent, what rows look like.

And what is to be mended when there is none.
"""

import asyncio
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import RowMaker

from bot.domain.errors import StartError
from storage.engine.base import Row

OLDEST = 140000
"""The first version with idle_session_timeout, by which a lost leader is noticed."""

CONNECTIONS = 8
"""Of the pool of a bot."""

OF_A_BOT = CONNECTIONS + 4
"""Connections that a bot takes at most: the pool, the leader's lock, its locks, the listener, an
export."""

_PREPARED = 500
"""Statements that a connection keeps prepared."""

_SETTINGS = {
    "connect_timeout": "3",
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
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "jit": "off",
    "idle_in_transaction_session_timeout": "5s",
    "max_parallel_workers_per_gather": "0",
    "join_collapse_limit": "14",
    "from_collapse_limit": "14",
}
"""The same of a session; asked of it once it is there, since poolers refuse them before.

And the server notices within seconds a bot that is gone: all others wait for what it has locked.
Who reads the whole log takes one processor; others would have none left for a press. And a card
joins more tables than the planner orders by itself: it would begin with the largest. To compile
a statement takes longer than a page of the log.
"""

FREED_SECONDS = 6
"""After which the server ends a session of ours that holds locks and asks nothing."""

_CONFIGURED_SECONDS = 5.0

SILENT_SECONDS = 45.0
"""After which a server that has not answered is believed to hang: longer than it may take."""

_EXPECTED = (
    "DATABASE_URL: expected an address like postgresql://dzvinok:password@host/dzvinok, "
    "special characters of the password as in %40 for @"
)

CREATEDB = "as user postgres: createdb -O USER -E UTF8 -T template0 DATABASE"
"""How a database is made that will do, whatever the server's own encoding."""

_ADVICE = (
    ("unsupported startup parameter", "write the address of PostgreSQL itself, not of a pooler"),
    (
        "pg_hba.conf.*(no encryption|SSL off)",
        "let this computer in: a line of its address in pg_hba.conf; "
        "if there is one for TLS alone (hostssl), add ?sslmode=require",
    ),
    ("without encryption|SSL required", "the server wants TLS: add ?sslmode=require"),
    ("does not support SSL", "take sslmode out of the address, or switch TLS on in the server"),
    (
        "certificate",
        "name the certificate of the authority: ?sslmode=verify-full&sslrootcert=FILE",
    ),
    ("no password supplied", "write the password: postgresql://user:password@host/database"),
    (r"(password|SASL) authentication failed|no such user", "check the user and the password"),
    (r"database .* does not exist|no such database", f"make it {CREATEDB}"),
    (r"role .* does not exist", "make it as user postgres: createuser --pwprompt USER"),
    ("pg_hba.conf", "let this computer in: a line of its address in pg_hba.conf"),
    (
        "resolve host|translate host name",
        "no such host is known here: check the name in the address",
    ),
    (
        "Connection refused|No such file",
        "nothing listens there: check host, port, listen_addresses of the server",
    ),
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


class Connection(psycopg.AsyncConnection[Row]):
    schema = 0
    """The version of the schema that what is prepared fits."""
    is_silent = False
    """Broken off, since no answer came."""


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


async def connect(url: str, **session: str) -> Connection:
    """A connection of one's own, with these settings of its session.

    Raises psycopg.Error or OSError; StartError for an address that is none, or too old a server.
    """
    connection = await Connection.connect(address(url), autocommit=True, row_factory=row_factory)
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


async def configure(connection: Connection, **session: str) -> None:
    """Give the session these settings, and ours unless its address has options of its own."""
    connection.prepared_max = _PREPARED
    connection.adapters.register_loader("numeric", _WholeNumberLoader)
    if "options" not in connection.info.get_parameters():
        session = _SESSION | session
    if session:
        sql = ", ".join(["set_config(%s, %s, false)"] * len(session))
        values = [one for setting in session.items() for one in setting]
        with answered(connection, _CONFIGURED_SECONDS):
            await connection.execute(f"SELECT {sql}".encode(), values)


@contextmanager
def answered(
    connection: Connection, seconds: float = SILENT_SECONDS
) -> Iterator[Callable[[], None]]:
    """Break the connection off unless the block ends within so many seconds.

    A server that hangs, or that the network has been cut from, might never answer, and a cancel of
    what waits for it (asyncio.timeout, say) would wait on. Yields what gives it as many seconds
    again.
    """
    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, _break_off, connection)

    def again() -> None:
        nonlocal timer
        timer.cancel()
        timer = loop.call_later(seconds, _break_off, connection)

    try:
        yield again
    finally:
        timer.cancel()


def _break_off(connection: Connection) -> None:
    connection.is_silent = True
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as it:
        it.shutdown(socket.SHUT_RDWR)


@lru_cache(maxsize=4096)
def translated(sql: str) -> str:
    """With the placeholders of psycopg: no `?` of ours stands in a literal."""
    return sql.replace("%", "%%").replace("?", "%s")


class _Row(tuple[Any, ...]):
    """As sqlite3.Row: by place, by name, and a dict where one is wanted."""

    __slots__ = ()
    places: ClassVar[dict[str, int]]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.places)


def row_factory(cursor: psycopg.AsyncCursor[Any]) -> RowMaker[Row]:
    return _row_class(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=4096)
def _row_class(names: tuple[str, ...]) -> type[_Row]:
    places = {name: place for place, name in enumerate(names)}
    return type("_Row", (_Row,), {"__slots__": (), "places": places})


class _WholeNumberLoader(Loader):
    """What PostgreSQL sums of BIGINT are: NUMERIC, but whole."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)

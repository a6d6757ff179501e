"""Connections to PostgreSQL: where it is, how long it may be silent, and what rows look like."""

from functools import lru_cache
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import RowMaker

from bot.domain.errors import StartError
from storage.engine.base import Row

_PREPARED = 500
"""Statements that a connection keeps prepared."""

_SETTINGS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
    "application_name": "dzvinok",
    "options": "-c statement_timeout=60s -c lock_timeout=20s "
    "-c idle_in_transaction_session_timeout=60s",
}
"""Where the address says nothing else: a server that is gone is noticed within seconds."""

Connection = psycopg.AsyncConnection[Row]


async def connect(url: str, *, idle_seconds: int = 0) -> Connection:
    """A connection of one's own; the server ends it when it is idle for so long (0: never).

    Raises psycopg.Error or OSError.
    """
    address = address_of(url)
    connection = await psycopg.AsyncConnection.connect(
        address, autocommit=True, row_factory=row_factory
    )
    await configure(connection)
    await connection.execute(f"SET idle_session_timeout = '{idle_seconds}s'".encode())
    return connection


def address_of(url: str) -> str:
    """With our settings where the address says nothing else. Raises StartError."""
    try:
        said = psycopg.conninfo.conninfo_to_dict(url)
        more = {name: value for name, value in _SETTINGS.items() if name not in said}
        return psycopg.conninfo.make_conninfo(url, **more)
    except psycopg.Error as error:
        raise StartError(f"DATABASE_URL: {one_line(error)}") from error


async def configure(connection: Connection) -> None:
    connection.prepared_max = _PREPARED
    connection.adapters.register_loader("numeric", _WholeNumberLoader)


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


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

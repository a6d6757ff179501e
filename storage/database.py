"""The door to the database: which engine it is, is known here and in storage/engine/ alone."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

from bot.domain.errors import StartError
from storage.engine.base import Database, Server
from storage.engine.sqlite import open_sqlite, open_sqlite_to_read
from storage.engine.sqlite_files import copy_database, remove_database

__all__ = [
    "Where",
    "copy_database",
    "describe_server",
    "needing_postgres",
    "open_database",
    "open_to_read",
    "remove_database",
]

Where = Path | str
"""The file of an SQLite database, or the address of one of PostgreSQL: postgresql://…"""


def open_database(where: Where) -> AbstractAsyncContextManager[Database]:
    """Open it, creating and migrating it as needed. Raises StartError if that cannot be."""
    if isinstance(where, Path):
        return open_sqlite(where)
    with needing_postgres():
        from storage.engine.postgres import open_postgres
    return open_postgres(where)


def open_to_read(where: Where) -> AbstractAsyncContextManager[Database]:
    """Open what a bot is at work on, to read it beside the bot. Raises StartError."""
    if isinstance(where, Path):
        return open_sqlite_to_read(where)
    with needing_postgres():
        from storage.engine.postgres import open_postgres_to_read
    return open_postgres_to_read(where)


async def describe_server(url: str) -> Server:
    """What the server of PostgreSQL is like. Raises StartError."""
    with needing_postgres():
        from storage.engine import postgres_server
    return await postgres_server.describe_server(url)


@contextmanager
def needing_postgres() -> Iterator[None]:
    """For the import of what needs the driver: raises StartError if it is not installed."""
    try:
        yield
    except ImportError as error:
        told = "DATABASE_URL: needs the extra `postgres`: pip install 'dzvinok[postgres]'"
        raise StartError(told) from error

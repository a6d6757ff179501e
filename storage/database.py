"""The door to the database: which engine it is, is known here and in storage/engine/ alone."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.domain.errors import StartError
from storage.engine.base import Database
from storage.engine.sqlite import open_sqlite
from storage.engine.sqlite_files import copy_database, remove_database

__all__ = ["Where", "copy_database", "open_database", "remove_database"]

Where = Path | str
"""The file of an SQLite database, or the address of one of PostgreSQL: postgresql://…"""


def open_database(where: Where) -> AbstractAsyncContextManager[Database]:
    """Open it, creating and migrating it as needed. Raises StartError if that cannot be."""
    if isinstance(where, Path):
        return open_sqlite(where)
    try:
        from storage.engine.postgres import open_postgres
    except ImportError as error:
        told = "DATABASE_URL: needs the extra `postgres`: pip install 'dzvinok[postgres]'"
        raise StartError(told) from error
    return open_postgres(where)

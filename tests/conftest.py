"""What tests of several rooms begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database, open_database
from tests.support.stored_calls import StoredCalls


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield database


@pytest.fixture
def stored(database: Database) -> StoredCalls:
    """An empty database that calls are about to be stored in."""
    return StoredCalls(database)

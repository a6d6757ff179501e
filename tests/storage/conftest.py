"""What tests of the storage begin with."""

import pytest

from storage.calls import CallRepo
from storage.engine.base import Database
from tests.support.call_logs import Log


@pytest.fixture
def log(database: Database) -> Log:
    """An empty log."""
    return Log(database)


@pytest.fixture
def calls(database: Database) -> CallRepo:
    """The calls of an empty database."""
    return CallRepo(database)

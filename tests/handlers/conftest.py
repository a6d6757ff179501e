"""What tests of the screens begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey

from storage.engine.base import Database
from storage.fsm import FsmStorage
from tests.support.screens import App, open_app


@pytest.fixture(autouse=True)
def _engine(engine: str) -> None:
    """Each test runs on both engines."""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The screens of a company with nobody but its administrator, BOSS."""
    async with open_app(tmp_path) as app:
        yield app


@pytest.fixture
def state(database: Database) -> FSMContext:
    """The dialog of a person, none yet."""
    return FSMContext(FsmStorage(database), StorageKey(bot_id=42, chat_id=1, user_id=1))

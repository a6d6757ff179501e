"""What tests of the screens begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.screens import App, open_app


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The screens of a company with nobody but its administrator, BOSS."""
    async with open_app(tmp_path) as app:
        yield app

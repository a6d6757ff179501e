"""What tests of the whole bot begin with."""

import pytest


@pytest.fixture(autouse=True)
def _engine(engine: str) -> None:
    """Each test runs on both engines."""

"""The language in which the views speak."""

from collections.abc import Iterator

import pytest

from bot.domain.people import Language
from tests.support.texts import speaking


@pytest.fixture(params=Language)
def language(request: pytest.FixtureRequest) -> Iterator[Language]:
    with speaking(request.param):
        yield request.param


@pytest.fixture
def ukrainian() -> Iterator[None]:
    with speaking(Language.UK):
        yield

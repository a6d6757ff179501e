from collections.abc import AsyncIterator

import pytest

from tests.support.demo_page import Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as site:
        yield site

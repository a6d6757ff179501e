"""Several bots on one PostgreSQL: all take hooks, one leads and sends, and the next follows it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support.engines import ONLY_POSTGRES
from tests.support.replicas import Company
from tests.support.replicas import company as create_company

pytestmark = ONLY_POSTGRES

SWEEP = 5.0
"""Seconds after which an outbox is looked into that nobody rang for."""


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with create_company(tmp_path) as company:
        yield company


async def test_whoever_takes_a_call_the_leader_tells_of_it_at_once(company: Company) -> None:
    async with company.bot() as leader, company.bot() as other:
        await company.lose(leader, "0671234501")
        assert await company.lose(other, "0671234502") < SWEEP / 2
        assert company.told("0671234501") == company.told("0671234502") == 1


async def test_when_the_leader_stops_another_goes_on(company: Company) -> None:
    async with AsyncExitStack() as first, company.bot() as other:
        await first.enter_async_context(company.bot())
        await company.lose(other, "0671234501")
        await first.aclose()
        await company.lose(other, "0671234502")
        assert company.told("0671234501") == company.told("0671234502") == 1


async def test_a_leader_that_is_cut_off_leads_again_or_another_does(company: Company) -> None:
    async with company.bot() as one, company.bot() as other:
        await company.lose(one, "0671234501")
        with psycopg.connect(company.settings.database_url.get_secret_value()) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        for number, url in enumerate((one, other, one)):
            await company.lose(url, f"067123451{number}")
        for number in range(3):
            assert company.told(f"067123451{number}") == 1

"""Several bots, one of which is killed, stands still or is cut off: nothing accepted is lost.

`python -m tests.bench.replicas` does it more often, and says how long all of it takes.
"""

from pathlib import Path

import pytest

from tests.support import replica_deaths, replica_outages
from tests.support.engines import ONLY_POSTGRES
from tests.support.postgres_servers import PostgresServer, postgres_servers, url_of
from tests.support.replica_deaths import Outcome
from tests.support.replicated import company
from tests.support.tcp_proxy import TcpProxy

pytestmark = ONLY_POSTGRES


@pytest.mark.long
async def test_kill_9_of_the_leader_and_of_another_loses_nothing(tmp_path: Path) -> None:
    outcome = Outcome()
    with postgres_servers(1) as [server]:
        server.create()
        async with company(tmp_path, server.url) as found:
            async with replica_deaths.load(found):
                for is_leader in (True, False):
                    await replica_deaths.kill_one(found, is_leader=is_leader, outcome=outcome)
            replica_deaths.check(found, outcome)
    assert outcome.leads == 2


@pytest.mark.long
async def test_a_leader_that_stands_still_is_followed_and_sends_nothing_after(
    tmp_path: Path,
) -> None:
    outcome = Outcome()
    with postgres_servers(1) as [server]:
        server.create()
        async with company(tmp_path, server.url, replicas=2) as found:
            async with replica_outages.load(found) as deeds:
                await replica_deaths.stand_still(found, outcome)
            replica_outages.check(found, deeds, outcome)
    assert outcome.leads == 2


@pytest.mark.long
async def test_a_leader_that_is_cut_off_is_followed_and_sends_nothing_after(
    tmp_path: Path,
) -> None:
    outcome = Outcome()
    with postgres_servers(1) as [server]:
        server.create()
        async with (
            TcpProxy("127.0.0.1", server.port).running() as first,
            TcpProxy("127.0.0.1", server.port).running() as second,
        ):
            networks = [first, second]
            urls = [server.url_at(network.port) for network in networks]
            async with company(
                tmp_path, server.url, replicas=2, addresses=urls.__getitem__
            ) as found:
                async with replica_outages.load(found) as deeds:
                    await replica_deaths.cut_off(found, outcome, networks)
                replica_outages.check(found, deeds, outcome)
    assert outcome.leads == 2


@pytest.mark.long
async def test_a_primary_that_dies_is_followed_by_its_standby(tmp_path: Path) -> None:
    with postgres_servers(2) as [primary, standby]:
        primary.create()
        standby.follow(primary)
        url = url_of([primary, standby])
        async with company(tmp_path, url, replicas=2) as found:
            async with replica_outages.load(found) as deeds:
                await found.taken_more()
                outage = await replica_outages.moved(primary, standby, seconds=1)
                await found.taken_more()
            replica_outages.check(found, deeds, Outcome())
            assert outage.first_taken(found) < 5


async def stop_it(server: PostgresServer) -> None:
    await replica_outages.stopped(server, "immediate", seconds=1)


async def end_sessions(server: PostgresServer) -> None:
    await replica_outages.cut_again_and_again(server, times=5)


@pytest.mark.long
@pytest.mark.parametrize("happens", [stop_it, end_sessions])
async def test_a_database_that_comes_and_goes_loses_nothing(
    tmp_path: Path, happens: replica_outages.Happening
) -> None:
    with postgres_servers(1) as [server]:
        server.create()
        async with company(tmp_path, server.url, replicas=2) as found:
            async with replica_outages.load(found) as deeds:
                await found.taken_more()
                await happens(server)
                await found.taken_more()
            replica_outages.check(found, deeds, Outcome())

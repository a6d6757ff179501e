"""`python -m tests.bench.replicas`: several bots on one PostgreSQL, and all that may break there.

Three bots behind a proxy are killed in turn, stopped, cut from the network; PostgreSQL is killed
and its standby promoted, stopped, cut off, locked. Calls, comments and claims go on meanwhile.
What was accepted must be there in the end; if any of it is not, the run fails. The second table
says what one writer at a time on all machines costs. Everything takes a quarter of an hour.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import contention
from tests.bench.logs import say
from tests.support import replica_deaths, replica_outages
from tests.support.postgres_servers import PostgresServer, postgres_servers, url_of
from tests.support.replica_deaths import Outcome
from tests.support.replica_outages import Outage
from tests.support.replicated import Company, company
from tests.support.tcp_proxy import TcpProxy

KILLS = 30
REPLICAS = 3
UNNOTICED_SECONDS = 3.0
AWAY_SECONDS = 20.0
LOCKED_SECONDS = 30.0
_BREATH = 4.0
_WIDTH = 190


@dataclass
class Stage:
    """What a proof works on; `networks`: between each bot and the first of the servers."""

    found: Company
    servers: list[PostgresServer]
    networks: list[TcpProxy]
    kills: int
    outcome: Outcome = field(default_factory=Outcome)
    outage: Outage | None = None


async def _kill(stage: Stage) -> None:
    for number in range(stage.kills):
        await replica_deaths.kill_one(
            stage.found, is_leader=number % 2 == 0, outcome=stage.outcome
        )


async def _stand_still(stage: Stage) -> None:
    await replica_deaths.stand_still(stage.found, stage.outcome)


async def _cut_off(stage: Stage) -> None:
    await replica_deaths.cut_off(stage.found, stage.outcome, stage.networks)


async def _promote(stage: Stage) -> None:
    primary, standby = stage.servers
    stage.outage = await replica_outages.moved(primary, standby, UNNOTICED_SECONDS)


async def _stop_fast(stage: Stage) -> None:
    stage.outage = await replica_outages.stopped(stage.servers[0], "fast", AWAY_SECONDS)


async def _stop_at_once(stage: Stage) -> None:
    stage.outage = await replica_outages.stopped(stage.servers[0], "immediate", AWAY_SECONDS)


async def _end_sessions(stage: Stage) -> None:
    stage.outage = await replica_outages.cut_again_and_again(stage.servers[0])


async def _lock_writers(stage: Stage) -> None:
    stage.outage = await replica_outages.held_up(
        stage.servers[0], LOCKED_SECONDS, replica_outages.WRITERS_LOCK
    )


async def _lock_tables(stage: Stage) -> None:
    stage.outage = await replica_outages.held_up(
        stage.servers[0], LOCKED_SECONDS, replica_outages.TABLES_LOCK
    )


@dataclass(frozen=True, slots=True)
class Proof:
    what: str
    do: Callable[[Stage], Awaitable[None]]
    has_standby: bool = False


PROOFS = {
    "kills": Proof("kill -9 of the leader and of others in turn", _kill),
    "still": Proof("SIGSTOP of the leader for 10 s", _stand_still),
    "network": Proof("the leader cut from PostgreSQL for 10 s", _cut_off),
    "standby": Proof(
        "kill -9 of the primary, its standby promoted 3 s later", _promote, has_standby=True
    ),
    "fast": Proof("PostgreSQL stopped (fast) for 20 s", _stop_fast),
    "immediate": Proof("PostgreSQL stopped (immediate) for 20 s", _stop_at_once),
    "sessions": Proof("all sessions ended x 20, every half a second", _end_sessions),
    "writers": Proof("the writers' lock held for 30 s by somebody else", _lock_writers),
    "tables": Proof("tables locked for 30 s: all connections are busy", _lock_tables),
}


async def prove(proof: Proof, directory: Path, kills: int) -> list[str]:
    """A row of the table. Raises AssertionError, in a group or alone, if something was lost."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(postgres_servers(2))
        servers[0].create()
        if proof.has_standby:
            servers[1].follow(servers[0])
        networks = [TcpProxy("127.0.0.1", servers[0].port) for _ in range(REPLICAS)]
        for network in networks:
            await stack.enter_async_context(network.running())
        urls = [servers[0].url_at(network.port) for network in networks]
        if proof.has_standby:
            urls = [url_of(servers)] * REPLICAS
        found = await stack.enter_async_context(
            company(
                directory,
                url_of(servers[: 1 + proof.has_standby]),
                replicas=REPLICAS,
                addresses=urls.__getitem__,
            )
        )
        stage = Stage(found, servers, networks, kills)
        if proof.do is _kill:
            async with replica_deaths.load(found):
                await proof.do(stage)
            replica_deaths.check(found, stage.outcome)
        else:
            async with replica_outages.load(found) as deeds:
                await asyncio.sleep(_BREATH)  # so long it is quiet
                await proof.do(stage)
                await asyncio.sleep(_BREATH)  # and again
            replica_outages.check(found, deeds, stage.outcome)
        return [proof.what, *_figures(stage), f"{time.monotonic() - began:.0f}"]


def _figures(stage: Stage) -> list[str]:
    found, outcome, outage = stage.found, stage.outcome, stage.outage
    statuses, took = found.statuses(), outcome.takeovers
    refused = statuses.total() - statuses[200]
    return [
        str(outcome.deaths or ""),
        str(statuses[200]),
        str(refused),
        f"{max(one.seconds for one in found.posted):.1f}",
        f"{outage.first_taken(found):.2f}" if outage else "",
        f"{statistics.median(took):.1f} / {max(took):.1f}" if took else "",
        f"{outcome.leads}, {outcome.senders}",
        str(outcome.told),
        f"{outcome.doubled}, {outcome.most_doubled}",
    ]


_COLUMNS = (
    "what was done",
    "deaths",
    "posts taken",
    "refused",
    "longest, s",
    "taken again after, s",
    "next alert, p50 / max s",
    "led, sent",
    "told",
    "doubled, of one",
    "took, s",
    "lost?",
)


def _print_proofs(rows: Sequence[Sequence[str]]) -> None:
    table = Table(title="Nothing accepted is lost", title_justify="left")
    for number, name in enumerate(_COLUMNS):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row, style=None if row[-1] == "no" else "bold red")
    _console().print(table)


def _print_contention(found: Sequence[tuple[contention.Setting, contention.Load]]) -> None:
    table = Table(title="One writer at a time on all machines", title_justify="left")
    for name in ("setting", "what", "a second", "p50 / p95 / max, ms", "lock held", "wait for it"):
        table.add_column(name, justify="left" if name in {"setting", "what"} else "right")
    for setting, load in found:
        asked = f"{load.what}, {load.asked}/s" if load.asked else f"{load.what}, all that can be"
        table.add_row(
            str(setting),
            asked,
            f"{load.rate:.0f}",
            load.spread,
            f"{load.held:.0%}",
            f"{load.waiting:.2f}",
        )
    _console().print(table)


def _console() -> Console:
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH)


def main() -> None:
    options = _options()
    rows: list[list[str]] = []
    loads: list[tuple[contention.Setting, contention.Load]] = []
    for name in options.only:
        if name in PROOFS:
            say(f"{name}: {PROOFS[name].what}")
            with tempfile.TemporaryDirectory(prefix="dzvinok-replicas-") as directory:
                try:
                    row = asyncio.run(prove(PROOFS[name], Path(directory), options.kills))
                    rows.append([*row, "no"])
                except (AssertionError, TimeoutError, ExceptionGroup):
                    traceback.print_exc()
                    rows.append([PROOFS[name].what, *[""] * (len(_COLUMNS) - 2), "YES"])
    if "contention" in options.only:
        for setting in contention.SETTINGS:
            with tempfile.TemporaryDirectory(prefix="dzvinok-replicas-") as directory:
                done = asyncio.run(contention.measure(Path(directory), setting))
                loads += [(setting, load) for load in done]
    if rows:
        _print_proofs(rows)
    if loads:
        _print_contention(loads)
    sys.exit(any(row[-1] == "YES" for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replicas", description=__doc__)
    names = [*PROOFS, "contention"]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--kills", type=int, default=KILLS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

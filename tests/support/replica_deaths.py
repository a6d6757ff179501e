"""What becomes of several bots one of which dies, stands still or is cut off, under load."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

from tests.support.crash_checks import check_calls, check_claims, check_comments
from tests.support.crash_load import pbx, reader, taker, writer
from tests.support.crashing import PATIENCE, PHONES, lost_call
from tests.support.processes import assert_discreet
from tests.support.replicated import Company, Replica
from tests.support.running import ADMIN, IVAN, OLENA
from tests.support.tcp_proxy import TcpProxy

CLIENTS = 3
STILL_SECONDS = 10.0

_rung = cycle(sorted(PHONES))
"""Of each lost call another telephone: many in a minute would be told in lists, later."""


@dataclass
class Outcome:
    """What came of it all. Times in seconds."""

    deaths: int = 0
    takeovers: list[float] = field(default_factory=list)
    """From the leader's death to the next alert."""
    told: int = 0
    doubled: int = 0
    most_doubled: int = 0
    """Of one person."""
    leads: int = 0
    """How often a process began to lead."""
    senders: int = 0
    """How often another process sent than the one that had sent before: no more than that, or
    two sent at the same time."""


@asynccontextmanager
async def load(company: Company) -> AsyncIterator[None]:
    """Calls, comments, pages and claims go on until the end of the block, which ends what was
    begun and waits until nothing is owed."""
    async with asyncio.TaskGroup() as tasks:
        for name in range(1, CLIENTS + 1):  # not 0, which posts lost calls of its own
            tasks.create_task(pbx(company, name))
        for person in (OLENA, IVAN):
            tasks.create_task(writer(company, person))
        tasks.create_task(reader(company, ADMIN))
        tasks.create_task(taker(company, ADMIN, company.over))
        yield
        company.over.set()
        company.telegram.telegram.changes.notify()
    await nothing_is_owed(company)


async def nothing_is_owed(company: Company) -> None:
    async with asyncio.timeout(PATIENCE):
        while company.rows("SELECT 1 FROM outbox WHERE state = 'pending' LIMIT 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def next_alert(company: Company, by: Replica) -> float:
    """Tell one bot of a lost call; when somebody is told of it."""
    number = company.number()
    call = lost_call(f"lost-{number}", number, [next(_rung)])
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        told = tasks.create_task(company.told_of(number))
        await company.post([call], url=by.url)
        company.note(call)
    return told.result()


async def kill_one(company: Company, *, is_leader: bool, outcome: Outcome) -> None:
    """`kill -9` at any moment, and another life of the same."""
    leader = await company.leader()
    others = [one for one in company.replicas if one is not leader]
    victim = leader if is_leader else random.choice(others)
    await company.taken_more(random.randint(20, 60))
    if is_leader and random.random() < 0.5:
        await _begin_to_send(company, others[0])
    await victim.end()
    died_at = time.time()
    outcome.deaths += 1
    alert_at = await next_alert(company, others[0] if victim is leader else leader)
    if is_leader:
        outcome.takeovers.append(alert_at - died_at)
    await victim.start()
    company.births.append(time.time())


async def _begin_to_send(company: Company, by: Replica) -> None:
    """Have Telegram accept an alert and not answer: the one moment that makes a double."""
    number, phone = company.number(), next(_rung)
    call = lost_call(f"deadly-{number}", number, [phone])
    slow = company.telegram.faults.add(
        "sendMessage", "slow", chat_id=PHONES[phone], seconds=30, times=9
    )
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(company.told_of(number))
        await company.post([call], url=by.url)
        company.note(call)
    company.telegram.faults.remove(slow)


async def stand_still(company: Company, outcome: Outcome) -> None:
    """SIGSTOP of the leader, SIGCONT when another has long led."""

    async def stop(leader: Replica) -> None:
        leader.process.signal(signal.SIGSTOP)

    async def go_on(leader: Replica) -> None:
        leader.process.signal(signal.SIGCONT)

    await _without_leader(company, outcome, stop, go_on)


async def cut_off(company: Company, outcome: Outcome, networks: list[TcpProxy]) -> None:
    """The leader and the database hear nothing of each other, for a while."""

    async def cut(leader: Replica) -> None:
        networks[company.replicas.index(leader)].cut()

    async def mend(leader: Replica) -> None:
        networks[company.replicas.index(leader)].mend()

    await _without_leader(company, outcome, cut, mend)


async def _without_leader(
    company: Company,
    outcome: Outcome,
    lose: Callable[[Replica], Awaitable[None]],
    find: Callable[[Replica], Awaitable[None]],
) -> None:
    leader = await company.leader()
    other = next(one for one in company.replicas if one is not leader)
    began = time.time()
    outcome.deaths += 1
    await lose(leader)
    outcome.takeovers.append(await next_alert(company, other) - began)
    await asyncio.sleep(max(0.0, began + STILL_SECONDS - time.time()))  # so long it is lost
    await find(leader)
    for replica in company.replicas:
        await next_alert(company, replica)


def check(company: Company, outcome: Outcome) -> None:
    """That nothing accepted is lost, and who sent it all. Raises AssertionError."""
    check_calls(company)
    check_comments(company)
    check_claims(company)
    count_told(company, outcome)
    assert outcome.most_doubled <= outcome.deaths
    for replica in company.replicas:
        assert_discreet(replica.log, numbers=company.numbers)
        assert "Traceback" not in replica.log, replica.log


def count_told(company: Company, outcome: Outcome) -> None:
    """Everybody was told of all they had to be, and of nothing else."""
    for person in company.people:
        numbers = Counter(alert.number for alert in company.alerts(person))
        assert numbers.keys() == company.owed.get(person, set()), f"{person} was told of others"
        doubled = numbers.total() - len(numbers)
        outcome.told += len(numbers)
        outcome.doubled += doubled
        outcome.most_doubled = max(outcome.most_doubled, doubled)
    senders = company.alert_senders()
    outcome.senders = sum(
        first != second for first, second in zip(["", *senders], senders, strict=False)
    )
    outcome.leads = sum(one.log.count("this process leads") for one in company.replicas)
    assert outcome.senders <= outcome.leads, f"two have sent at the same time: {senders}"

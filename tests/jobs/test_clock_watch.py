"""The watch on the clock: what it deletes by, and what it tells."""

import asyncio

import pytest

from bot.config.settings import Settings
from bot.domain.audit import AuditKind, By
from bot.domain.clock import LatestMoment
from bot.domain.people import Language
from bot.jobs.clock_watch import ClockWatch
from bot.jobs.jobs import Jobs
from bot.jobs.silence_watch import SilenceWatch
from bot.repositories import create_repositories
from storage.clock import ClockRepo
from storage.engine.base import Database
from tests.support.kyiv import KYIV
from tests.support.statements import said

NOW, DAY = 1_795_427_000, 86400
ADMIN = 1001


async def no_exports(*, now: int) -> None:
    del now


class Server:
    """A server whose clock can be set, with calls of one, a hundred and seven hundred days ago."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.repositories = create_repositories(database, Settings(_env_file=None))
        self.now, self.passed = NOW, 0.0
        self.start()

    def start(self) -> None:
        """As after a restart: only the database knows what the clock was."""
        self.latest = LatestMoment(self.clock)
        self.watch = ClockWatch(
            ClockRepo(self.database),
            clock=self.clock,
            latest=self.latest,
            steady=lambda: self.passed,
            wake=lambda: None,
        )
        repositories = self.repositories
        self.jobs = Jobs(
            repositories.calls,
            repositories.case_deadlines,
            repositories.company,
            repositories.reminders,
            repositories.digest_times,
            repositories.weekly_statistics,
            repositories.open_cards,
            repositories.dials,
            repositories.audit,
            repositories.contact_book,
            repositories.search,
            clock_watch=self.watch,
            silence_watch=SilenceWatch(repositories.silences, repositories.company, (), zone=KYIV),
            wake=lambda: None,
            weekly_exports=no_exports,
            retention_days=365,
            audit_days=730,
        )

    def clock(self) -> int:
        return self.now

    def live(self, seconds: int) -> None:
        self.now += seconds
        self.passed += seconds

    async def left(self) -> int:
        """How many calls are left after a purge."""
        await self.jobs.purge()
        return await self.repositories.calls.count()

    async def jumps(self) -> list[str]:
        rows = await self.database.fetch(
            "SELECT subject FROM outbox WHERE kind = 'clock_jump' ORDER BY id"
        )
        return [row["subject"] for row in rows]


@pytest.fixture
async def server(database: Database) -> Server:
    server = Server(database)
    await server.repositories.employees.sync_administrators(
        [ADMIN], language=Language.UK, page_size=8, now=NOW
    )
    facts = [said(external_id=str(ago), started_at=NOW - ago * DAY) for ago in (1, 100, 700)]
    await server.repositories.calls.record(facts, now=NOW)
    return server


async def test_a_leap_deletes_nothing_until_the_clock_has_kept_to_it(server: Server) -> None:
    assert await server.left() == 2, "one call is older than RETENTION_DAYS"
    server.now += 300 * DAY
    assert await server.left() == 2
    server.live(DAY - 60)
    server.start()
    assert await server.left() == 2, "a restart proves nothing"
    server.live(120)
    assert await server.left() == 1, "two days of it are believed"


async def test_old_deeds_are_deleted_by_audit_days_and_after_a_leap_none(server: Server) -> None:
    audit = server.repositories.audit
    for ago in (1000, 500, 1):
        await audit.note(AuditKind.LOOKED_UP, By(None, NOW - ago * DAY))

    async def left() -> int:
        await server.jobs.purge_audit()
        return await server.database.count("SELECT count(*) FROM audit WHERE kind = 'looked_up'")

    assert await left() == 2
    server.now += 3000 * DAY
    assert await left() == 2, "nothing is deleted until the clock has kept to it"


async def test_a_clock_that_returns_deletes_a_day_later(server: Server) -> None:
    await server.watch.look()
    server.now += 10_000 * DAY
    assert await server.left() == 3
    server.now -= 10_000 * DAY
    assert await server.left() == 3, "it may have been wrong before, and not after"
    server.live(DAY + 60)
    assert await server.left() == 2


async def test_a_leap_while_the_bot_was_down_deletes_nothing_either(server: Server) -> None:
    assert await server.left() == 2
    server.now += 300 * DAY
    server.start()
    assert await server.left() == 2


async def test_a_jump_is_told_once_and_a_small_step_to_nobody(server: Server) -> None:
    await server.watch.look()
    for step in (3600, 60, -1, -2):
        server.now += step
        await server.watch.look()
        await server.watch.look()
    assert await server.jumps() == [f"{NOW} {NOW + 3600}"]
    server.live(90)
    await server.watch.look()
    server.now -= 7200
    server.start()
    await server.watch.look()
    assert len(await server.jumps()) == 2, "it is known by what the database remembers"


async def test_what_is_due_and_the_look_at_the_clock_wait_for_nothing_slow(server: Server) -> None:
    await server.watch.look()
    async with asyncio.timeout(5), server.watch.present_moment():
        async with server.watch.present_moment():
            pass
        server.live(90)
        await server.watch.look()
        assert (await server.database.fetch("SELECT noted_at FROM clock"))[0][0] == NOW + 90


async def test_what_is_under_way_is_written_before_the_clock_is_mended(server: Server) -> None:
    await server.watch.look()
    began: list[int] = []

    async def begin() -> None:
        async with server.watch.present_moment() as now:
            began.append(now)

    async with asyncio.TaskGroup() as tasks:
        async with server.watch.present_moment() as before:
            server.now -= 7200
            looking = tasks.create_task(server.watch.look())
            tasks.create_task(begin())
            await asyncio.wait([looking], timeout=0.2)
            assert (await server.jumps(), began) == ([], [])
        await looking
        assert await server.jumps() == [f"{before} {before - 7200}"]
    assert began == [before - 7200]


async def test_what_the_clock_has_shown_is_known_even_if_no_call_came_meanwhile(
    server: Server,
) -> None:
    server.live(30 * DAY)
    await server.watch.look()
    server.now -= 30 * DAY
    assert server.latest() == NOW + 30 * DAY

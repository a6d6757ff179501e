"""A PBX that is silent when it should not be: who is told of what, and what is no such silence."""

import itertools
import random
from datetime import date

import pytest

from bot.config.settings import Settings
from bot.domain.people import Language
from bot.domain.typed_times import parse_week
from bot.intake.recorder import Recorder
from bot.jobs.silence_watch import SilenceWatch
from bot.repositories import Repositories, create_repositories
from storage.engine.base import Database
from tests.support.engines import ONLY_SQLITE
from tests.support.kyiv import KYIV, at
from tests.support.plans import ExplainedDatabase
from tests.support.statements import said

MONDAY, DAY, LOOK = at("2026-03-02T00:00"), 86400, 240
WEEKS = 4


class Company:
    """A company whose source `office` has brought thirty calls an hour for four weeks.

    It works Monday to Friday, 9 to 18; its clock is moved by the tests.
    """

    def __init__(self, database: Database, repositories: Repositories) -> None:
        self.database = database
        self.repositories = repositories
        self.now = MONDAY
        self.ids = itertools.count()
        self.recorder = Recorder(
            repositories.calls,
            repositories.rejects,
            clock=lambda: self.now,
            on_recorded=lambda: None,
        )
        self.restart()

    def restart(self) -> None:
        """Only the database remembers."""
        self.watch = SilenceWatch(
            self.repositories.silences, self.repositories.company, ("office", "shop"), zone=KYIV
        )

    async def fill(self) -> None:
        """What was heard of in the last weeks, by chance."""
        chance, rows = random.Random(1), []
        for day in range(1, WEEKS * 7 + 2):
            opens = MONDAY - day * DAY + 9 * 3600
            for quarter in range(36) if day % 7 not in {1, 2} else ():
                begins = opens + quarter * 900
                moments = sorted(begins + chance.randrange(900) for _ in range(7))
                gaps = [b - a for a, b in itertools.pairwise(moments)]
                rows.append((begins // 900, 7, moments[0], moments[-1], max(gaps)))
        async with self.database.transaction() as tx:
            tx.write_many("INSERT INTO heard VALUES ('office', ?, ?, ?, ?, ?)", rows)

    async def begin(self, moment: str) -> None:
        self.now = at(moment)
        await self.watch.look(now=self.now)

    async def pass_to(self, moment: str) -> None:
        """Look every four minutes until then."""
        while self.now < at(moment):
            self.now = min(self.now + LOOK, at(moment))
            await self.watch.look(now=self.now)

    async def call(self, **values: object) -> None:
        """A new call is told of as it rings."""
        values = {"external_id": f"c{next(self.ids)}", "started_at": self.now} | values
        await self.recorder.record([said(**values)])

    async def told(self) -> list[tuple[str, str]]:
        rows = await self.database.fetch(
            "SELECT kind, subject FROM outbox WHERE kind IN ('silent', 'heard_again') ORDER BY id"
        )
        return [(row["kind"], row["subject"]) for row in rows]


@pytest.fixture
async def company(database: Database) -> Company:
    repositories = create_repositories(database, Settings(_env_file=None))
    await repositories.employees.sync_administrators(
        [1001], language=Language.UK, page_size=8, now=MONDAY
    )
    await repositories.company.set_hours(None, parse_week("пн-пт 9-18"), now=MONDAY)
    company = Company(database, repositories)
    await company.fill()
    return company


async def test_silence_is_told_once_and_its_end_once(company: Company) -> None:
    await company.begin("2026-03-02T10:00")
    await company.call()
    since = company.now
    await company.pass_to("2026-03-02T10:15")
    assert await company.told() == []
    await company.pass_to("2026-03-02T10:45")
    [(kind, subject)] = await company.told()
    source, begun, gap = subject.split()
    assert (kind, source, int(begun)) == ("silent", "office", since)
    assert 100 <= int(gap) <= 160
    await company.pass_to("2026-03-03T12:00")
    assert len(await company.told()) == 1
    await company.call()
    again = company.now
    await company.pass_to("2026-03-03T12:10")
    assert (await company.told())[1:] == [("heard_again", f"office {since} {again}")]


async def test_a_silence_that_nobody_could_be_told_of_is_told_later_or_not_at_all(
    company: Company,
) -> None:
    async def let_reach(moment: int | None) -> None:
        async with company.database.transaction() as tx:
            await tx.execute("UPDATE employees SET unreachable_at = ?", (moment,))

    await company.begin("2026-03-02T10:00")
    await company.call()
    await let_reach(1)
    await company.pass_to("2026-03-02T11:00")
    await company.call()
    await let_reach(None)
    await company.pass_to("2026-03-02T11:08")
    assert await company.told() == [], "no end of what was never told"
    await let_reach(1)
    await company.pass_to("2026-03-02T12:00")
    await let_reach(None)
    await company.pass_to("2026-03-02T12:30")
    [(kind, subject)] = await company.told()
    assert (kind, subject.split()[:2]) == ("silent", ["office", str(at("2026-03-02T11:00"))])


async def test_nights_weekends_and_days_off_tell_nothing(company: Company) -> None:
    await company.begin("2026-03-06T17:50")
    await company.call()
    await company.pass_to("2026-03-09T09:05")
    assert await company.told() == []
    await company.repositories.company.set_holidays([date(2026, 3, 9)], now=company.now)
    await company.pass_to("2026-03-09T23:00")
    assert await company.told() == []


async def test_a_restart_forgets_nothing_and_time_off_counts_nothing(company: Company) -> None:
    await company.begin("2026-03-02T09:00")
    await company.pass_to("2026-03-02T09:15")
    company.restart()
    await company.pass_to("2026-03-02T09:45")
    assert len(await company.told()) == 1, "as if there had been no restart"
    await company.call()
    await company.pass_to("2026-03-02T09:50")
    company.now += 3 * 3600
    company.restart()
    await company.watch.look(now=company.now)
    await company.pass_to("2026-03-02T12:58")
    assert len(await company.told()) == 2, "the bot was off: the silence is waited for anew"
    await company.pass_to("2026-03-02T13:30")
    [*_, (kind, subject)] = await company.told()
    assert kind == "silent"
    assert int(subject.split()[1]) == at("2026-03-02T12:50"), "since it is listened to again"


async def test_a_clock_that_is_set_tells_of_no_silence(company: Company) -> None:
    await company.begin("2026-03-02T10:00")
    await company.call()
    for step in (3 * 3600, -2 * 3600, -3600, 4 * 60, -4 * 60, 7200):
        company.now += step
        await company.watch.look(now=company.now)
        await company.watch.look(now=company.now)
    await company.pass_to("2026-03-02T12:05")
    assert await company.told() == []
    await company.pass_to("2026-03-02T12:40")
    assert [kind for kind, _ in await company.told()] == ["silent"], "it is noticed all the same"


async def test_a_clock_that_was_ahead_does_not_hide_silence(company: Company) -> None:
    company.now += 300 * DAY
    await company.call()
    company.now = at("2026-03-02T10:00")
    await company.call()
    await company.pass_to("2026-03-02T10:45")
    assert [kind for kind, _ in await company.told()] == ["silent"]


async def test_a_pbx_told_as_lost_is_not_told_twice(company: Company) -> None:
    feeds = company.repositories.feeds
    await company.begin("2026-03-02T10:00")
    await company.call()
    await company.pass_to("2026-03-02T10:10")
    await feeds.note_failure("office", "ami", "gone", now=company.now)
    await feeds.note_failure("office", "ami", "gone", now=company.now + 60)
    await company.pass_to("2026-03-02T16:00")
    assert await company.told() == []
    await feeds.note_answer("office", "ami", now=company.now)
    await company.pass_to("2026-03-02T16:12")
    assert await company.told() == [], "waited for anew"
    await company.pass_to("2026-03-02T16:45")
    assert len(await company.told()) == 1


async def test_history_and_calls_of_other_days_are_no_sign_of_life(company: Company) -> None:
    await company.begin("2026-03-02T10:00")
    await company.call()
    for minute in range(5, 50, 5):
        old = {"started_at": company.now - 7200, "ended_at": company.now - 7100}
        await company.recorder.record_history([said(external_id=f"h{minute}", **old)])
        await company.repositories.calls.record(
            [said(external_id=f"i{minute}", started_at=company.now)], now=company.now
        )
        await company.call(started_at=company.now + DAY + 3600)
        await company.call(started_at=company.now - DAY - 3600)
        await company.call(external_id="c0", started_at=at("2026-03-02T10:00"))
        await company.pass_to(f"2026-03-02T10:{minute:02}")
    assert [kind for kind, _ in await company.told()] == ["silent"]


async def test_a_history_that_is_followed_is_heard(company: Company) -> None:
    """As with Master.csv alone: its calls are history, and of just now."""
    await company.begin("2026-03-02T09:55")
    for minute in range(0, 60, 5):
        facts = said(external_id=f"f{minute}", started_at=company.now - 90, ended_at=company.now)
        await company.recorder.record_history([facts])
        await company.pass_to(f"2026-03-02T10:{minute:02}")
    assert await company.told() == []


async def test_a_source_that_is_new_or_gone_is_not_judged(company: Company) -> None:
    await company.repositories.calls.record(
        [said(source="shop", started_at=company.now)], now=company.now, is_live=True
    )
    await company.pass_to("2026-03-02T18:00")
    assert {subject.split()[0] for _, subject in await company.told()} == {"office"}
    await company.repositories.silences.forget(("shop",), now=company.now)
    assert list(await company.repositories.silences.silences()) == ["shop"]
    assert await company.repositories.silences.heard("office", now=company.now) == []


@ONLY_SQLITE
async def test_a_look_reads_no_calls_and_walks_its_index(database: Database) -> None:
    explained = ExplainedDatabase(database)
    company = Company(database, create_repositories(explained, Settings(_env_file=None)))
    await company.fill()
    await company.watch.look(now=MONDAY)
    await company.call()
    explained.plans.clear()
    company.restart()
    await company.watch.look(now=MONDAY + LOOK)
    steps = [(step, plan.sql) for plan in explained.plans for step in plan.steps]
    assert any("heard" in step for step, _ in steps)
    assert not [sql for _, sql in steps if " calls " in f"{sql} "]
    assert not [step for step, _ in steps if step.startswith("SCAN heard") or "TEMP" in step]

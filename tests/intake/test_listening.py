"""Feeds of PBXs that fail, hang and lie: nothing missing, nobody else held up, each told once."""

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.domain.calls import PRICE_DELAY, EndedCall, Outcome, Reject
from bot.domain.errors import SourceAuthError, SourceError, StorageError
from bot.domain.outbox import MessageKind
from bot.domain.people import Language
from bot.intake.asking_again import MUCH_LATER, AskingAgain
from bot.intake.listening import LONGEST_PAUSE, Listening
from bot.intake.recorder import Recorder
from bot.sources.base import Batch, CallSource, Reading
from bot.telemetry.metrics import Metrics
from storage.calls import CallRepo
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.feeds import TELL_AFTER, FeedRepo
from storage.rejects import RejectRepo
from tests.support.statements import NOW, said

Step = Batch | Exception


@dataclass
class Scripted:
    """A feed that says what it is told to, and then nothing more; `cursors`: where it began."""

    name: str
    steps: list[Step]
    cursors: list[str | None] = field(default_factory=list)
    closed: int = 0
    is_silent: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        self.cursors.append(cursor)
        try:
            while self.steps:
                step = self.steps.pop(0)
                if isinstance(step, Exception):
                    raise step
                yield step
            self.is_silent.set()
            await asyncio.Event().wait()
        finally:
            self.closed += 1


@dataclass
class PatientPbx:
    """A PBX that is not asked again for a while; `asked`: when it was."""

    name: str
    clock: Callable[[], int]
    ask_pause: float = 300.0
    asked: list[int] = field(default_factory=list)

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        assert calls
        self.asked.append(self.clock())
        return []


@dataclass
class Pbx:
    name: str
    feeds: Sequence[Scripted] = ()
    later: Callable[[Sequence[EndedCall]], list[Reading]] = lambda _: []

    async def check(self) -> str:
        return "ok"

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        return self.later(calls)


class FullOnce(CallRepo):
    """A disk that is full when the first statement comes."""

    is_full = True

    async def record(self, *args: object, **values: object) -> list[Outcome]:
        if self.is_full:
            self.is_full = False
            raise StorageError("disk full")
        return await super().record(*args, **values)  # type: ignore[arg-type]


@dataclass
class Intake:
    """What listens, on a database with one administrator, and pauses that take no time."""

    database: Database
    calls: CallRepo
    now: int = NOW
    pauses: list[float] = field(default_factory=list)

    @property
    def feeds(self) -> FeedRepo:
        return FeedRepo(self.database)

    @property
    def recorder(self) -> Recorder:
        rejects = RejectRepo(self.database)
        return Recorder(self.calls, rejects, clock=lambda: self.now, on_recorded=lambda: None)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += int(seconds)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def listening(self, *sources: CallSource) -> AsyncIterator[None]:
        listening = Listening(
            {one.name: one for one in sources},
            self.recorder,
            self.feeds,
            clock=lambda: self.now,
            steady=lambda: self.now,
            wake=lambda: None,
            metrics=Metrics(),
            sleep=self.sleep,
        )
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(listening.run())
            yield
            listening.stop()

    async def numbers(self) -> list[str]:
        rows = await self.database.fetch("SELECT external_id FROM calls ORDER BY id")
        return [row["external_id"] for row in rows]

    async def told(self) -> list[tuple[str, str]]:
        rows = await self.database.fetch("SELECT kind, subject FROM outbox ORDER BY id")
        return [(row["kind"], row["subject"].partition(" ")[0]) for row in rows]


@pytest.fixture
async def intake(database: Database) -> Intake:
    await EmployeeRepo(database).sync_administrators(
        [1001], language=Language.UK, page_size=8, now=NOW
    )
    return Intake(database, CallRepo(database))


async def test_a_feed_goes_on_where_it_was_cut(intake: Intake) -> None:
    feed = Scripted(
        "events",
        [
            Batch([said(external_id="a")], cursor="1"),
            Batch([said(external_id="b"), Reject(0, ("no time",), "{}")], cursor="2"),
            SourceError("cut"),
            Batch([said(external_id="b"), said(external_id="c")], cursor="3", read_until=NOW),
        ],
    )
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert feed.cursors == [None, "2"]
    assert await intake.numbers() == ["a", "b", "c"]
    assert await RejectRepo(intake.database).counts() == {"office": 1}
    assert await intake.feeds.cursor("office", "events") == "3"
    assert feed.closed == 2

    again = Scripted("events", [])
    async with intake.listening(Pbx("office", [again])):
        await again.is_silent.wait()
    assert again.cursors == ["3"]


async def test_an_outage_is_logged_once_and_told_once_when_it_lasts(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    blip: list[Step] = [Batch(), SourceError("blip"), Batch()]
    long: list[Step] = [SourceError("refused")] * 30
    feed = Scripted("events", [*blip, *long, *blip])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert await intake.told() == [("feed_lost", "office"), ("feed_back", "office")]
    lines = [one.getMessage() for one in caplog.records if "answer" in one.getMessage()]
    assert [one.partition(": ")[2] or "back" for one in lines] == [
        *("back", "blip", "back", "refused", "back", "blip", "back")
    ]
    assert max(intake.pauses) <= LONGEST_PAUSE * 1.5
    assert len(set(intake.pauses)) > 20  # by chance: not all of a company's bots at once
    [row] = await intake.database.fetch(
        "SELECT created_at, subject FROM outbox WHERE kind = 'feed_lost'"
    )
    assert row["created_at"] - int(row["subject"].split()[2]) >= TELL_AFTER


async def test_what_a_person_must_mend_is_told_at_once(intake: Intake) -> None:
    feed = Scripted("events", [SourceAuthError("key"), SourceAuthError("key"), Batch()])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert await intake.told() == [("feed_lost", "office"), ("feed_back", "office")]


async def test_a_pbx_that_wants_to_be_left_alone_is(intake: Intake) -> None:
    feed = Scripted("calls", [SourceError("429", retry_after=500), Batch()])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert intake.pauses == [500]


async def test_a_feed_that_fails_holds_up_no_other(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Scripted("events", [ValueError("s3cret")] * 3)
    good = Scripted("calls", [Batch([said(external_id="a")], cursor="1")])
    async with intake.listening(Pbx("office", [broken, good])):
        await asyncio.gather(broken.is_silent.wait(), good.is_silent.wait())
    assert await intake.numbers() == ["a"]
    state = {one.feed: one for one in await intake.feeds.states()}
    assert state["events"].error == "internal: ValueError"
    assert state["calls"].failed_at is None
    assert any(one.levelno == logging.ERROR for one in caplog.records)


async def test_a_feed_that_a_source_has_no_more_is_not_told_of_and_keeps_its_cursor(
    intake: Intake,
) -> None:
    gone = Scripted("sql", [Batch(cursor="7", read_until=NOW), SourceError("down")])
    async with intake.listening(Pbx("office", [gone])):
        await gone.is_silent.wait()
    kept = Scripted("ami", [Batch()])
    async with intake.listening(Pbx("office", [kept])):
        await kept.is_silent.wait()
    assert [one.feed for one in await intake.feeds.states()] == ["ami"]
    assert await intake.feeds.cursor("office", "sql") == "7"


async def test_what_the_disk_did_not_take_is_read_again(database: Database) -> None:
    intake = Intake(database, FullOnce(database))
    call = Batch([said(external_id="a")], cursor="1")
    feed = Scripted("events", [call, call])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert feed.cursors == [None, None]
    assert await intake.numbers() == ["a"]


async def test_history_says_nothing_of_clocks(intake: Intake) -> None:
    """Five calls told hours late would look like a PBX in another time zone."""
    calls = [
        said(external_id=str(n), started_at=NOW - 20_000 + n, ended_at=NOW - 19_000 + n)
        for n in range(300)
    ]
    feed = Scripted("history", [Batch(calls, cursor="1", is_history=True)])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    assert len(await intake.numbers()) == 300
    assert MessageKind.CLOCK.value not in {kind for kind, _ in await intake.told()}


async def test_feeds_of_a_source_that_is_no_more_are_forgotten(intake: Intake) -> None:
    feed = Scripted("events", [Batch(cursor="1")])
    async with intake.listening(Pbx("office", [feed])):
        await feed.is_silent.wait()
    async with intake.listening(Pbx("other")):
        while await intake.feeds.states():  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert await intake.feeds.cursor("office", "events") is None


async def test_a_call_that_lacks_something_is_asked_for_again_twice(intake: Intake) -> None:
    ended = NOW - 60
    await intake.recorder.record(
        [
            said(external_id="a", started_at=ended - 60, ended_at=ended, talk=30),
            said(external_id="b", started_at=ended - 60, ended_at=ended),
        ]
    )
    asked: list[tuple[int, list[str]]] = []

    def later(calls: Sequence[EndedCall]) -> list[Reading]:
        asked.append((intake.now - ended, [one.external_id for one in calls]))
        if len(asked) == 1:
            raise SourceError("busy", retry_after=30)
        return []

    asking = AskingAgain(
        {"office": Pbx("office", later=later)},
        intake.calls,
        intake.recorder,
        clock=lambda: intake.now,
        sleep=intake.sleep,
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(asking.run())
        while intake.now < NOW + 3 * MUCH_LATER:  # noqa: ASYNC110
            await asyncio.sleep(0)
        asking.stop()
    assert [names for _, names in asked] == [["a", "b"]] * 3
    first, repeated, last = (seconds for seconds, _ in asked)
    assert PRICE_DELAY <= first < PRICE_DELAY + 20
    assert 30 <= repeated - first < 40
    assert MUCH_LATER <= last < MUCH_LATER + 20


async def test_a_pbx_that_is_not_to_be_asked_often_is_not(intake: Intake) -> None:
    await intake.recorder.record(
        [
            said(external_id=str(n), started_at=at - 60, ended_at=at)
            for n, at in enumerate(range(NOW - 2000, NOW, 20))
        ]
    )
    source = PatientPbx("office", lambda: intake.now)
    asking = AskingAgain(
        {"office": source},
        intake.calls,
        intake.recorder,
        clock=lambda: intake.now,
        sleep=intake.sleep,
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(asking.run())
        while intake.now < NOW + MUCH_LATER:  # noqa: ASYNC110
            await asyncio.sleep(0)
        asking.stop()
    assert len(source.asked) > 3
    gaps = [later - before for before, later in itertools.pairwise(source.asked)]
    assert min(gaps) >= source.ask_pause

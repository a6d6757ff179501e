"""What changes while a file is made, or sent; what becomes of a weekly one that cannot be sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiogram import Bot

from bot.delivery.exports import Export, ExportSender
from bot.delivery.weekly_exports import AGAIN_SECONDS, WeeklyExports
from bot.demo.bot_api.server import BotApiServer
from bot.domain.audit import AuditArea, AuditFilter
from bot.domain.calls import Direction
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.exports import ExportError, ExportFault, ExportJob, ExportKind, NotAllSentError
from bot.domain.hours import QuietHours
from bot.domain.log import Turn
from bot.domain.log_views import WHOLE_LOG, LogView
from bot.domain.people import Employee, EmployeeState, Language, Role
from bot.media.exports import Exporter, ExportFiles
from bot.parts import create_bot, create_export_screens
from bot.repositories import Repositories, create_repositories
from bot.telegram.background import Background
from bot.telegram.i18n import create_i18n
from handlers.exports import reason
from storage.database import open_database
from tests.support.databases import put_database
from tests.support.employees import hire
from tests.support.engines import BOTH_ENGINES
from tests.support.running import OLENA, settings_for
from tests.support.statements import NOW, said
from tests.support.telegram import TOKEN

pytestmark = BOTH_ENGINES

DAY = 86400
WEEK = 7 * DAY


class Told:
    """Does something once the file is made, before it is sent."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._meanwhile = meanwhile

    def made(self, rows: int, total: int) -> None: ...

    async def sending(self) -> None:
        await self._meanwhile()


class Place:
    def __init__(self, bot: Bot, telegram: BotApiServer, repositories: Repositories) -> None:
        self.bot = bot
        self.telegram = telegram
        self.repositories = repositories
        self.now = NOW
        self.i18n = create_i18n(Language.UK)
        self.sender: ExportSender
        self.olena: Employee

    async def send(
        self,
        meanwhile: Callable[[], Awaitable[None]],
        *,
        may_send: Callable[[], bool] = lambda: True,
    ) -> int:
        export = Export(self.olena, WHOLE_LOG, ExportKind.CSV)
        return await self.sender.send(self.bot, export, Told(meanwhile), may_send=may_send)

    def files(self) -> int:
        return len(self.names())

    def names(self) -> list[str | None]:
        """Of the files that were sent."""
        user = self.telegram.user(OLENA, "Олена")
        return [one.media.file.name for one in user.messages() if one.media]

    def last(self) -> str:
        return self.telegram.user(OLENA, "Олена").last().text

    async def plan(self, view: LogView = WHOLE_LOG, kind: ExportKind = ExportKind.CSV) -> int:
        """Let Olena have it since last week; the id of the view. It is due."""
        view_id = await self.repositories.log_views.put(OLENA, view)
        plans = self.repositories.export_plans
        assert await plans.put(OLENA, view_id, kind, now=NOW - WEEK)
        return view_id

    async def monday(
        self,
        *,
        now: int = NOW,
        may_send: Callable[[], bool] = lambda: True,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Begin what is due, and wait until it is over; `meanwhile`: as long as it has no turn."""
        self.now = now
        background = Background(at_once=9)
        sender = replace(self.sender, turns=asyncio.Semaphore(1))
        log_views = self.repositories.log_views
        weekly = WeeklyExports(
            self.bot, sender, log_views, background, self.i18n, may_send=may_send
        )
        async with sender.turns:
            await weekly.begin_due(now=now)
            if meanwhile:
                await meanwhile()
        plans = await self.repositories.export_plans.list_of(OLENA)
        async with asyncio.timeout(30):
            while any(  # noqa: ASYNC110 - nobody tells of its end
                background.is_under_way(("weekly", OLENA, one.view_id)) for one in plans
            ):
                await asyncio.sleep(0.02)

    async def is_due(self, *, now: int = NOW) -> bool:
        return bool(await self.repositories.export_plans.list_due(now=now))

    async def noted(self) -> int:
        page = await self.repositories.audit.page(
            AuditFilter(area=AuditArea.DATA), turn=Turn.FIRST, key=None, size=9
        )
        return len(page.entries)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Three calls of 101, where Olena is, two of them last week; a Telegram to send them to."""
    telegram = BotApiServer()
    telegram.register_bot(TOKEN, username="dzvinok_bot", name="Dzvinok")
    async with telegram.running():
        settings = settings_for(tmp_path, telegram)
        await put_database(settings.database_path)
        async with open_database(settings.database) as database:
            repositories = create_repositories(database, settings)
            await hire(database, OLENA, Role.OPERATOR, "101")
            calls = [
                said(rang=("101",), external_id=f"a{ago}", started_at=NOW - ago)
                for ago in (0, 3 * DAY, 4 * DAY)
            ]
            await repositories.calls.record(calls, now=NOW)
            bot = create_bot(settings)
            telegram.user(OLENA, "Олена", is_started=True)
            found = Place(bot, telegram, repositories)
            screens = create_export_screens(
                repositories, settings, lambda: found.now, Background()
            )
            found.sender = screens.sender
            found.olena = await repositories.employees.get(OLENA)
            try:
                with found.i18n.context(), found.i18n.use_locale("uk"):
                    yield found
            finally:
                await bot.session.close()


async def nothing() -> None:
    pass


async def test_the_file_is_sent_and_noted_before(place: Place) -> None:
    assert await place.send(nothing) == 3
    assert place.files() == 1
    assert await place.noted() == 1


@pytest.mark.parametrize("state", [EmployeeState.BLOCKED, EmployeeState.REMOVED])
async def test_who_has_left_meanwhile_gets_no_file(place: Place, state: EmployeeState) -> None:
    async def leave() -> None:
        await place.repositories.employees.set_state(place.olena.id, state)

    with pytest.raises((NoAccessError, NotFoundError)):
        await place.send(leave)
    assert place.files() == 0
    assert await place.noted() == 0


async def test_who_sees_other_calls_meanwhile_gets_no_file_of_before(place: Place) -> None:
    async def move() -> None:
        await place.repositories.employees.set_extensions(place.olena.id, ["102"])

    with pytest.raises(NoAccessError):
        await place.send(move)
    assert place.files() == 0


async def test_who_leads_no_more_sends_nothing(place: Place) -> None:
    with pytest.raises(NoAccessError):
        await place.send(nothing, may_send=lambda: False)
    assert place.files() == 0
    assert await place.noted() == 0


async def test_of_a_file_that_telegram_takes_by_half_it_is_said_how_much(place: Place) -> None:
    place.sender = replace(place.sender, file_rows=1)
    half_taken(place)
    with pytest.raises(NotAllSentError) as raised:
        await place.send(nothing)
    assert (raised.value.sent, raised.value.parts) == (1, 3)
    assert reason(raised.value).startswith("Telegram прийняв файлів: 1 з 3.")


def half_taken(place: Place) -> None:
    """Let Telegram take the first file alone."""
    place.telegram.faults.add("sendDocument", "slow")
    place.telegram.faults.add("sendDocument", "server_error")


# Every Monday


async def test_a_weekly_file_that_was_sent_is_not_sent_again_by_the_next_leader(
    place: Place,
) -> None:
    await place.plan()
    await place.monday(may_send=lambda: not place.files())
    assert place.files() == 1
    assert not await place.is_due()


async def test_who_leads_no_more_leaves_a_weekly_file_to_the_next_leader(place: Place) -> None:
    await place.plan()
    turns = iter([True, False])
    await place.monday(may_send=lambda: next(turns, False))
    assert place.files() == 0
    assert await place.is_due()


async def test_a_weekly_file_stands_in_the_audit_once_however_often_it_is_tried(
    place: Place,
) -> None:
    await place.plan()
    for number in range(3):
        assert await place.is_due(now=NOW + number * AGAIN_SECONDS)
        place.telegram.faults.add("sendDocument", "server_error")
        await place.monday(now=NOW + number * AGAIN_SECONDS)
        assert not await place.is_due(now=NOW + number * AGAIN_SECONDS)
    await place.monday(now=NOW + 3 * AGAIN_SECONDS)
    assert place.files() == 1
    assert await place.noted() == 1
    await place.monday(now=NOW + WEEK)
    assert await place.noted() == 2


async def test_of_several_weekly_files_none_comes_twice(place: Place) -> None:
    await place.plan()
    place.sender = replace(place.sender, file_rows=1)
    half_taken(place)
    await place.monday()
    assert place.names() == ["dzvinky-2026-09-14_2026-09-20-1z2.csv"]
    assert place.last().startswith("🗓 Тиждень 14–20 вер. ")
    assert "\nTelegram прийняв файлів: 1 з 2." in place.last()
    assert not await place.is_due(now=NOW + AGAIN_SECONDS)


async def test_what_is_refused_for_good_is_tried_next_week(place: Place) -> None:
    await place.plan()
    place.telegram.faults.add("sendDocument", "bad_request", description="wrong file")
    await place.monday()
    assert not await place.is_due(now=NOW + AGAIN_SECONDS)


async def test_a_weekly_file_of_a_client_whom_the_person_sees_no_more_is_tried_next_week(
    place: Place,
) -> None:
    await place.plan(LogView(client_of=1))
    await place.repositories.employees.set_extensions(OLENA, ["102"])
    await place.monday()
    assert place.files() == 0
    assert not await place.is_due(now=NOW + AGAIN_SECONDS)


async def test_who_sees_other_calls_meanwhile_gets_the_weekly_file_of_these(place: Place) -> None:
    await place.plan()

    class Moved(Exporter):
        @asynccontextmanager
        async def files(
            self, job: ExportJob, progress: Callable[[int, int], None]
        ) -> AsyncIterator[ExportFiles]:
            async with super().files(job, progress) as files:
                await place.repositories.employees.set_extensions(OLENA, ["101", "103"])
                yield files

    whole, place.sender = place.sender, replace(place.sender, exporter=Moved())
    await place.monday()
    assert place.files() == 0
    place.sender = whole
    await place.monday()
    assert place.files() == 1


@pytest.mark.parametrize("fault", [ExportFault.TOO_LARGE, ExportFault.SLOW, ExportFault.DISK])
async def test_of_a_weekly_file_that_is_too_much_the_person_is_told(
    place: Place, fault: ExportFault
) -> None:
    await place.plan()

    class Full(Exporter):
        @asynccontextmanager
        async def files(
            self, job: ExportJob, progress: Callable[[int, int], None]
        ) -> AsyncIterator[ExportFiles]:
            raise ExportError(fault)
            async with super().files(job, progress) as files:
                yield files

    place.sender = replace(place.sender, exporter=Full())
    await place.monday()
    is_lasting = fault is not ExportFault.DISK
    messages = place.telegram.user(OLENA, "Олена").messages()
    assert [("Це забагато для одного" in one.text) for one in messages] == [True] * is_lasting
    assert await place.is_due(now=NOW + AGAIN_SECONDS) != is_lasting


async def test_a_weekly_file_dropped_before_its_turn_does_not_come(place: Place) -> None:
    view_id = await place.plan()
    await place.monday(meanwhile=lambda: place.repositories.export_plans.remove(OLENA, view_id))
    assert place.files() == 0


async def test_a_weekly_file_changed_before_its_turn_comes_as_it_was_wanted_last(
    place: Place,
) -> None:
    await place.plan()

    async def change() -> None:
        await place.plan(kind=ExportKind.XLSX)

    await place.monday(meanwhile=change)
    assert place.names() == ["dzvinky-2026-09-14_2026-09-20.xlsx"]


async def test_a_week_without_calls_is_told_in_silence_at_night_and_to_who_may_know(
    place: Place,
) -> None:
    await place.plan(LogView(direction=Direction.INTERNAL))
    await place.repositories.employees.set_quiet(OLENA, QuietHours(0, 24 * 60 - 1))
    turns = iter([True, False])
    await place.monday(may_send=lambda: next(turns, False))
    assert not place.telegram.calls("sendMessage", chat_id=OLENA)
    await place.monday()
    [told] = place.telegram.calls("sendMessage", chat_id=OLENA)
    assert told.params["text"] == (
        "🗓 Тиждень 14–20 вер. 2026\N{NARROW NO-BREAK SPACE}р.\nВнутрішні\nТаких дзвінків не було."
    )
    assert told.params["disable_notification"] in {True, "true"}
    assert not await place.is_due()

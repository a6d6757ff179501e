"""Rights that are lost while a file is made."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiogram import Bot

from bot.demo.bot_api.server import BotApiServer
from bot.domain.audit import AuditArea, AuditFilter
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.exports import ExportKind
from bot.domain.log import Turn
from bot.domain.log_views import WHOLE_LOG
from bot.domain.people import Employee, EmployeeState, Role
from bot.parts import create_bot, create_export_screens
from bot.repositories import Repositories, create_repositories
from bot.telegram.background import Background
from bot.telegram.i18n import create_i18n
from handlers.export_files import Export, ExportSender
from storage.database import open_database
from tests.support.databases import put_database
from tests.support.employees import hire
from tests.support.running import OLENA, settings_for
from tests.support.statements import NOW, said
from tests.support.telegram import TOKEN


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
        user = self.telegram.user(OLENA, "Олена")
        return sum(one.media is not None for one in user.messages())

    async def noted(self) -> int:
        page = await self.repositories.audit.page(
            AuditFilter(area=AuditArea.DATA), turn=Turn.FIRST, key=None, size=9
        )
        return len(page.entries)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """One call of 101, where Olena is, and a Telegram to send it to."""
    telegram = BotApiServer()
    telegram.register_bot(TOKEN, username="dzvinok_bot", name="Dzvinok")
    async with telegram.running():
        settings = settings_for(tmp_path, telegram)
        await put_database(settings.database_path)
        async with open_database(settings.database) as database:
            repositories = create_repositories(database, settings)
            await hire(database, OLENA, Role.OPERATOR, "101")
            await repositories.calls.record([said(rang=("101",), started_at=NOW)], now=NOW)
            bot = create_bot(settings)
            telegram.user(OLENA, "Олена", is_started=True)
            found = Place(bot, telegram, repositories)
            screens = create_export_screens(repositories, settings, lambda: NOW, Background())
            found.sender = screens.sender
            found.olena = await repositories.employees.get(OLENA)
            i18n = create_i18n(settings.language)
            try:
                with i18n.context(), i18n.use_locale("uk"):
                    yield found
            finally:
                await bot.session.close()


async def nothing() -> None:
    pass


async def test_the_file_is_sent_and_noted_before(place: Place) -> None:
    assert await place.send(nothing) == 1
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

"""What is owed, on its way: news that comes meanwhile, chats that come back, the unsendable."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.delivery.alerter import Alerter
from bot.delivery.notices import Notices
from bot.delivery.pace import Pace
from bot.domain.calls import CaseState, Status
from bot.domain.errors import StorageError
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import Employee, EmployeeState, Language, Role
from bot.telegram.i18n import create_i18n
from bot.telemetry.metrics import Metrics
from storage.company import CompanyRepo
from storage.database import open_database
from storage.digests import DigestRepo
from storage.groups import GroupRepo
from storage.outbox import OutboxRepo
from storage.owing import mark_cases_changed, owe_anew, ping_people
from storage.rejects import RejectRepo
from storage.reminders import ReminderRepo
from tests.storage.test_cases import Desk
from tests.support.people import RecordingSession

KYIV = ZoneInfo("Europe/Kyiv")
GROUP = -100


class Outbox(OutboxRepo):
    """An outbox whose disk is full the first `failures` times that something was sent."""

    failures = 0

    async def mark_sent(self, *args: Any, **values: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageError("disk full")
        await super().mark_sent(*args, **values)


class Interrupted(RecordingSession):
    """Telegram that takes a while: `meanwhile` happens before it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Any = None

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - the signature of aiogram's
    ) -> TelegramType:
        if self.meanwhile and isinstance(method, SendMessage):
            await self.meanwhile()
        return await super().make_request(bot, method, timeout)


class Post:
    """An Alerter that does one thing at a time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.telegram = Interrupted()
        self.outbox = Outbox(desk.database)
        self.groups = GroupRepo(desk.database)
        self.alerter = Alerter(
            Bot("42:TEST", session=self.telegram, default=DefaultBotProperties(parse_mode="HTML")),
            outbox=self.outbox,
            groups=self.groups,
            notices=Notices(
                employees=desk.employees,
                cases=desk.cases,
                company=CompanyRepo(desk.database, KYIV),
                groups=self.groups,
                digests=DigestRepo(desk.database, KYIV, window=1),
                reminders=ReminderRepo(desk.database),
                journal=desk.journal,
                rejects=RejectRepo(desk.database),
                i18n=create_i18n(Language.UK),
                zone=KYIV,
                clock=lambda: desk.now,
            ),
            clock=lambda: desk.now,
            pace=Pace(asyncio.get_running_loop().time),
            metrics=Metrics(),
        )

    async def due(self) -> list[MessageKind]:
        return [owed.kind for owed in await self.outbox.list_due(now=self.desk.now, limit=9)]

    async def deliver(self) -> None:
        """All that is due, once."""
        for owed in await self.outbox.list_due(now=self.desk.now, limit=9):
            await self.alerter._deliver(owed)

    @property
    def said(self) -> list[str]:
        """What was sent or edited, its kind first."""
        return [
            f"{type(one).__name__}: {one.text}"
            for one in self.telegram.requests
            if isinstance(one, SendMessage | EditMessageText)
        ]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield Desk(database)


@pytest.fixture
async def boss(desk: Desk) -> Employee:
    return await desk.hire(1001, Role.SUPERVISOR)


async def test_news_between_the_sending_and_its_note_are_told(desk: Desk, boss: Employee) -> None:
    await desk.lost(-60)
    post = Post(desk)
    post.outbox.failures = 1
    await post.deliver()  # Telegram has it, the disk has not
    await desk.cases.take((await desk.one()).id, boss, now=desk.now)
    await post.deliver()
    await post.deliver()
    assert len(post.said) == 2
    assert "Взято" in post.said[1]
    assert await post.due() == []


async def test_a_ping_rings_once_whatever_comes_meanwhile(desk: Desk, boss: Employee) -> None:
    await desk.lost(-60)
    post = Post(desk)
    await post.deliver()
    case = await desk.one()
    desk.now += 60
    async with desk.database.transaction() as tx:
        await ping_people(tx, case.id, employee_ids=[boss.id], now=desk.now)

    async def touched() -> None:
        async with desk.database.transaction() as tx:
            await mark_cases_changed(tx, [case.id], priority=Priority.NEWS, now=desk.now)

    post.telegram.meanwhile = touched
    await post.deliver()
    post.telegram.meanwhile = None
    await desk.cases.take(case.id, boss, now=desk.now)
    await post.deliver()
    assert [said.partition(":")[0] for said in post.said] == [
        *("SendMessage", "SendMessage", "EditMessageText")
    ]


@pytest.mark.parametrize("is_blocked", [True, False])
async def test_one_who_comes_back_hears_of_cases_again(
    desk: Desk, boss: Employee, *, is_blocked: bool
) -> None:
    post = Post(desk)
    await desk.lost(-90, "0501112233")
    await post.deliver()
    await desk.lost(-60)
    await desk.dialled(-30, "0501112233", status=Status.NO_ANSWER)
    if is_blocked:
        await desk.employees.set_state(boss.id, EmployeeState.BLOCKED)
        await desk.employees.set_state(boss.id, EmployeeState.ACTIVE)
    else:
        await post.outbox.drop_unreachable(
            1001, employee_id=boss.id, reason="Forbidden", now=desk.now
        )
        await desk.employees.set_reachable(boss.id)
    await post.deliver()
    assert "Спроба" in post.said[-1], "what was shown is mended"
    desk.now += 600
    await desk.lost(-5)
    await post.deliver()
    assert "×2" in post.said[-1], "the client of whom nothing was said calls again"


async def test_a_group_that_comes_back_is_told_the_truth(desk: Desk, boss: Employee) -> None:
    post = Post(desk)
    await post.groups.connect(GROUP, 0, title="Зміна", by=boss, now=desk.now)
    await desk.employees.set_state(boss.id, EmployeeState.BLOCKED)
    await desk.lost(-60)
    await post.deliver()
    await desk.dialled(-30)
    await post.groups.leave(GROUP, None, now=desk.now)
    await post.groups.connect(GROUP, 0, title="Зміна", by=boss, now=desk.now)
    await post.deliver()
    assert post.said[-1].startswith("EditMessageText")
    assert "Передзвонили" in post.said[-1]


async def test_a_message_that_cannot_be_made_holds_up_no_other(desk: Desk, boss: Employee) -> None:
    post = Post(desk)
    async with desk.database.transaction() as tx:
        await owe_anew(
            tx,
            MessageKind.REMINDER,
            "not a number",
            employee_id=boss.id,
            priority=Priority.ALERT,
            now=desk.now,
        )
    await desk.lost(-60)
    await post.deliver()
    desk.now += 1  # its chat is open again
    assert await post.due() == [MessageKind.CASE]


async def test_the_list_of_late_calls_is_not_put_off(desk: Desk, boss: Employee) -> None:
    assert boss
    await desk.hire(1103, Role.ACCOUNTANT, "101")
    post = Post(desk)
    for number in range(3):
        await desk.lost(-2 * 3600, f"06712345{number:02}")
        desk.now += 30
    assert await post.due() == [MessageKind.OPEN_CASES]
    assert await desk.owed("open_cases") == [1001]


async def test_nobody_is_handed_what_they_cannot_be_told(desk: Desk, boss: Employee) -> None:
    ivan = await desk.hire(1102, Role.OPERATOR, "102")
    await desk.lost(-60)
    await OutboxRepo(desk.database).drop_unreachable(
        1102, employee_id=ivan.id, reason="Forbidden", now=desk.now
    )
    case = await desk.one()
    assert not await desk.cases.hand(case.id, boss, ivan.id, now=desk.now)
    assert (await desk.one()).owner is None


async def test_what_expires_before_it_is_closed_was_not_closed(desk: Desk, boss: Employee) -> None:
    await desk.lost()
    case = await desk.one()
    assert not await desk.cases.close(case.id, boss, "так", now=case.expires_at + 1)
    assert (await desk.one()).state is CaseState.EXPIRED


async def test_what_was_said_goes_with_the_calls_of_its_time(desk: Desk, boss: Employee) -> None:
    async with desk.database.transaction() as tx:
        for kind in (MessageKind.DIGEST, MessageKind.REJECTS):
            await owe_anew(
                tx, kind, "1", employee_id=boss.id, priority=Priority.LIST, now=desk.now
            )
        await tx.execute("UPDATE outbox SET state = 'sent', done_at = ?", (desk.now,))
    await desk.calls.purge(before=desk.now)
    assert len(await desk.owed("digest", "sent")) == 1
    await desk.calls.purge(before=desk.now + 1)
    assert await desk.owed("digest", "sent") == []
    assert await desk.owed("rejects", "sent") == [1001]

"""What is owed, on its way: news that comes meanwhile, chats that come back, the unsendable."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.delivery.alerter import Accepted
from bot.delivery.open_cards import Holding
from bot.demo.bot_api.server import BotApiServer
from bot.domain.calls import CaseState, Status
from bot.domain.cases import BatchKind, Board, BoardPart, Taking
from bot.domain.errors import StorageError
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import EVERYTHING, Employee, EmployeeState, Role
from bot.repositories import create_repositories
from storage.alert_lists import AlertLists
from storage.comments import CommentRepo
from storage.groups import GroupRepo
from storage.invites import InviteRepo
from storage.open_cards import DrawnCard, OpenCardRepo
from storage.outbox import OutboxRepo
from storage.owing import mark_cases_changed, owe_anew, ping_chats, ping_people
from tests.support.deliveries import WatchedOutbox, deliver_due
from tests.support.running import settings_for
from tests.support.screens import RecordingSession
from tests.support.stored_calls import StoredCalls

KYIV = ZoneInfo("Europe/Kyiv")
GROUP = -100


class Outbox(WatchedOutbox):
    """An outbox whose disk is full once, if `meanwhile` is to happen: then that happens."""

    meanwhile: Any = None

    async def mark_sent(self, *args: Any, **values: Any) -> None:
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            await meanwhile()
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
    """The way of messages from the outbox to Telegram."""

    def __init__(self, stored: StoredCalls, folder: Path) -> None:
        self.stored = stored
        self.telegram = Interrupted()
        self.outbox = Outbox(stored.database)
        self.groups = GroupRepo(stored.database)
        self.accepted: dict[int, Accepted] = {}
        self._bot = Bot(
            "42:TEST", session=self.telegram, default=DefaultBotProperties(parse_mode="HTML")
        )
        chosen = settings_for(folder, BotApiServer(), bot_api_url="http://127.0.0.1")
        self._repositories = create_repositories(stored.database, chosen)

    async def due(self) -> list[MessageKind]:
        return [owed.kind for owed in (await self.outbox.look(now=self.stored.now, limit=9)).due]

    async def deliver(
        self,
        holding: Holding = lambda _: nullcontext(),
        then: Callable[[], Awaitable[object]] | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """All that is due; `holding` holds up the presses of a person. `then`: see deliver_due."""
        await deliver_due(
            self._bot,
            self._repositories,
            self.outbox,
            zone=KYIV,
            clock=lambda: self.stored.now,
            holding=holding,
            then=then,
            may_send=may_send,
            accepted=self.accepted,
        )

    async def send_and_lose_the_lead(self) -> None:
        """Telegram takes what is due; the database goes away before that is noted."""
        is_taken = asyncio.Event()

        async def go_away() -> None:
            is_taken.set()
            await asyncio.Event().wait()

        self.outbox.meanwhile = go_away
        delivering = asyncio.ensure_future(self.deliver())
        await is_taken.wait()
        delivering.cancel()
        await asyncio.wait([delivering], timeout=5)
        assert delivering.cancelled(), "in the very moment in which the Alerter was woken"

    @property
    def said(self) -> list[str]:
        """What was sent or edited, its kind first."""
        return [
            f"{type(one).__name__}: {one.text}"
            for one in self.telegram.requests
            if isinstance(one, SendMessage | EditMessageText)
        ]


@pytest.fixture
def post(stored: StoredCalls, tmp_path: Path) -> Post:
    return Post(stored, tmp_path)


@pytest.fixture
async def boss(stored: StoredCalls) -> Employee:
    return await stored.hire(1001, Role.SUPERVISOR)


@pytest.mark.usefixtures("boss")
async def test_between_the_look_who_leads_and_the_sending_nothing_is_asked(
    stored: StoredCalls, post: Post
) -> None:
    """A database that answers late answers when another has long led, and sent."""
    trips: list[int] = []

    def may_send() -> bool:
        trips[:] = [stored.database.trips]
        return True

    async def sent() -> None:
        assert trips == [stored.database.trips]

    post.telegram.meanwhile = sent
    await stored.lost(-60)
    await post.deliver(may_send=may_send)
    assert len(post.said) == 1


async def test_news_between_the_sending_and_its_note_are_told(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)

    async def taken() -> None:  # Telegram has the alert, the disk has not
        await stored.cases.take((await stored.only_case()).id, boss, now=stored.now)

    post.outbox.meanwhile = taken
    await post.deliver()
    assert len(post.said) == 2
    assert "Взято" in post.said[1]
    assert await post.due() == []


async def test_who_leads_again_sends_nothing_that_telegram_took_before(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)
    await post.send_and_lose_the_lead()
    await stored.cases.take((await stored.only_case()).id, boss, now=stored.now)
    await post.deliver()
    assert [said.partition(":")[0] for said in post.said] == ["SendMessage", "EditMessageText"]
    assert await post.due() == []


async def test_what_another_has_sent_meanwhile_is_edited_and_not_what_was_sent_before(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)
    await post.send_and_lose_the_lead()
    [theirs] = (await post.outbox.look(now=stored.now, limit=9)).due
    await post.outbox.mark_sent(theirs, message_id=999, shown="", now=stored.now)
    await stored.cases.take((await stored.only_case()).id, boss, now=stored.now)
    await post.deliver()
    last = post.telegram.requests[-1]
    assert isinstance(last, EditMessageText)
    assert last.message_id == 999
    assert post.accepted == {}


async def test_a_ping_rings_once_whatever_comes_meanwhile(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)
    await post.deliver()
    case = await stored.only_case()
    stored.now += 60
    async with stored.database.transaction() as tx:
        await ping_people(tx, case.id, employee_ids=[boss.id], now=stored.now)

    async def touched() -> None:
        async with stored.database.transaction() as tx:
            await mark_cases_changed(tx, [case.id], priority=Priority.NEWS, now=stored.now)

    post.telegram.meanwhile = touched
    await post.deliver()
    post.telegram.meanwhile = None
    await stored.cases.take(case.id, boss, now=stored.now)
    await post.deliver()
    assert [said.partition(":")[0] for said in post.said] == [
        *("SendMessage", "SendMessage", "EditMessageText")
    ]


async def test_an_alert_takes_two_trips_and_so_does_its_edit(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    """Its reading and its note, whoever the reader; and one for each look at what is due."""
    await stored.hire(1002, Role.OPERATOR, "101")
    await post.groups.connect(-5, 0, title="Реєстратура", by=boss, now=stored.now)

    async def trips() -> int:
        """Of all messages together, without the looks."""
        before, looks = stored.database.trips, post.outbox.looks
        await post.deliver()
        return stored.database.trips - before - (post.outbox.looks - looks)

    await stored.lost(-60, rang=("101",))
    assert await trips() == 2 * len(post.said) == 6
    await stored.cases.take((await stored.only_case()).id, boss, now=stored.now)
    assert await trips() == 6
    assert [said.partition(":")[0] for said in post.said[3:]] == ["EditMessageText"] * 3


@pytest.mark.usefixtures("boss")
async def test_a_call_that_another_process_imports_is_told_of(
    stored: StoredCalls, post: Post
) -> None:
    """Nobody wakes the Alerter then: it looks by itself."""
    await post.deliver(then=lambda: stored.lost(-60))
    assert len(post.said) == 1


async def block_and_let_in(stored: StoredCalls, boss: Employee) -> None:
    await stored.employees.set_state(boss.id, EmployeeState.BLOCKED)
    await stored.employees.set_state(boss.id, EmployeeState.ACTIVE)


async def remove_and_invite(stored: StoredCalls, boss: Employee) -> None:
    await stored.employees.set_state(boss.id, EmployeeState.REMOVED)
    invites = InviteRepo(stored.database)
    token = await invites.add(boss.role, now=stored.now)
    await invites.accept(
        token,
        tg_id=boss.tg_id,
        name=boss.name,
        language=boss.language,
        page_size=boss.page_size,
        now=stored.now,
    )


async def take_out_of_settings_and_back(stored: StoredCalls, boss: Employee) -> None:
    for named in ([boss.tg_id], [], [boss.tg_id]):
        await stored.employees.sync_administrators(
            named, language=boss.language, page_size=boss.page_size, now=stored.now
        )


async def lose_and_reach(stored: StoredCalls, boss: Employee) -> None:
    await OutboxRepo(stored.database).drop_unreachable(
        boss.tg_id, employee_id=boss.id, reason="Forbidden", now=stored.now
    )
    await stored.employees.set_reachable(boss.id, now=stored.now)


WAYS_BACK = [block_and_let_in, remove_and_invite, take_out_of_settings_and_back, lose_and_reach]


@pytest.mark.parametrize("come_back", WAYS_BACK)
async def test_one_who_comes_back_hears_of_cases_again(
    stored: StoredCalls,
    post: Post,
    boss: Employee,
    come_back: Callable[[StoredCalls, Employee], Awaitable[None]],
) -> None:
    await stored.lost(-90, "0501112233")
    await post.deliver()
    await stored.lost(-60)
    await stored.dialled(-30, "0501112233", status=Status.NO_ANSWER)
    told = len(post.said)
    await come_back(stored, boss)
    await post.deliver()
    mended, *open_cases = post.said[told:]
    assert "Спроба" in mended, "what was shown is mended"
    if come_back is lose_and_reach:  # others are let in by an administrator, and greeted
        assert "2 клієнтам не передзвонили" in open_cases[0]
    stored.now += 600
    await stored.lost(-5)
    await post.deliver()
    assert "×2" in post.said[-1], "the client of whom nothing was said calls again"


async def test_who_is_made_an_accountant_is_not_alerted_of_what_was_still_to_come(
    stored: StoredCalls, post: Post
) -> None:
    olena = await stored.hire(7, Role.OPERATOR, "101")
    await stored.lost(-60)
    await stored.employees.set_role(olena.id, Role.ACCOUNTANT)
    await post.deliver()
    assert await stored.owed(state="dropped") == [olena.tg_id]
    assert post.said == []


async def test_a_group_that_comes_back_is_told_the_truth(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await post.groups.connect(GROUP, 0, title="Зміна", by=boss, now=stored.now)
    await stored.employees.set_state(boss.id, EmployeeState.BLOCKED)
    await stored.lost(-60)
    await post.deliver()
    await stored.dialled(-30)
    await post.groups.leave(GROUP, None, now=stored.now)
    await post.groups.connect(GROUP, 0, title="Зміна", by=boss, now=stored.now)
    await post.deliver()
    assert post.said[-1].startswith("EditMessageText")
    assert "Передзвонили" in post.said[-1]


async def test_a_message_that_cannot_be_made_holds_up_no_other(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    async with stored.database.transaction() as tx:
        await owe_anew(
            tx,
            MessageKind.REMINDER,
            "not a number",
            employee_id=boss.id,
            priority=Priority.ALERT,
            now=stored.now,
        )
    await stored.lost(-60)
    await post.deliver()
    [said] = post.said
    assert "Пропущений дзвінок" in said
    stored.now += 60
    assert await post.due() == [MessageKind.REMINDER], "it is tried again"


@pytest.mark.usefixtures("boss")
async def test_the_list_of_late_calls_is_not_put_off(stored: StoredCalls, post: Post) -> None:
    await stored.hire(1103, Role.ACCOUNTANT, "101")
    for number in range(3):
        await stored.lost(-2 * 3600, f"06712345{number:02}")
        stored.now += 30
    assert await post.due() == [MessageKind.OPEN_CASES]
    assert await stored.owed("open_cases") == [1001]


async def test_nobody_is_handed_what_they_cannot_be_told(
    stored: StoredCalls, boss: Employee
) -> None:
    ivan = await stored.hire(1102, Role.OPERATOR, "102")
    await stored.lost(-60)
    await OutboxRepo(stored.database).drop_unreachable(
        1102, employee_id=ivan.id, reason="Forbidden", now=stored.now
    )
    case = await stored.only_case()
    assert not await stored.cases.hand(case.id, boss, ivan.id, now=stored.now)
    assert (await stored.only_case()).owner is None


async def test_what_expires_before_it_is_closed_was_not_closed(
    stored: StoredCalls, boss: Employee
) -> None:
    await stored.lost()
    case = await stored.only_case()
    assert not await stored.case_closings.close(case.id, boss, "так", now=case.expires_at + 1)
    assert (await stored.only_case()).state is CaseState.EXPIRED


async def test_what_was_said_goes_with_the_calls_of_its_time(
    stored: StoredCalls, boss: Employee
) -> None:
    async with stored.database.transaction() as tx:
        for kind in (MessageKind.DIGEST, MessageKind.REJECTS):
            await owe_anew(
                tx, kind, "1", employee_id=boss.id, priority=Priority.REPORT, now=stored.now
            )
        await tx.execute("UPDATE outbox SET state = 'sent', done_at = ?", (stored.now,))
    await stored.calls.purge(before=stored.now)
    assert len(await stored.owed("digest", "sent")) == 1
    await stored.calls.purge(before=stored.now + 1)
    assert await stored.owed("digest", "sent") == []
    assert await stored.owed("rejects", "sent") == [1001]


async def test_a_card_whose_press_is_being_answered_is_edited_later(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)
    await post.deliver()
    cards = OpenCardRepo(stored.database)
    await cards.note(boss.tg_id, 10, DrawnCard("c2:1:0:0:0", 1, None, "other", 0), now=stored.now)
    press, said = asyncio.Lock(), list(post.said)
    async with press:
        await post.deliver(holding=lambda _: press)  # and does not wait for ever: alerts would too
        assert post.said == said
    assert await post.due() == []
    stored.now += 1
    await post.deliver(holding=lambda _: press)
    [edit] = post.said[len(said) :]
    assert edit.startswith("EditMessageText")
    assert await post.due() == []


@pytest.mark.usefixtures("boss")
async def test_what_was_gathered_before_the_process_died_is_told_by_the_next_one(
    stored: StoredCalls, post: Post
) -> None:
    for number in range(7):
        await stored.lost(-60 + number, f"06712345{number:02}")
    lists = AlertLists(stored.database)
    assert (await post.outbox.look(now=stored.now, limit=9)).crowded
    await lists.gather(now=stored.now)  # and here it dies
    await stored.lost(-50, "0501112233")
    await post.deliver()
    [said] = post.said
    assert said.count("+380") == 8
    assert await post.due() == []

    # A client of the list is called back and lost again, when it is calm: that is an alert.
    await stored.dialled(-5, "0671234500")
    await stored.lost(-4, "0671234500")
    stored.now += 61
    await post.deliver()
    alert, edit = post.said[1:]
    assert alert.startswith("SendMessage: 🔴 <b>Пропущений дзвінок")
    assert edit.startswith("EditMessageText")
    assert "закрито 1" in edit


async def test_cases_closed_before_their_list_left_are_a_list_when_opened_again(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    for number in range(7):
        await stored.lost(-60 + number, f"06712345{number:02}")
    await AlertLists(stored.database).gather(now=stored.now)
    cases = [case.id for case in await stored.all_cases()]
    for case_id in cases:
        await stored.case_closings.close(case_id, boss, "Реклама", now=stored.now)
    await post.deliver()
    assert post.said == []
    for case_id in cases:
        await stored.case_closings.reopen(case_id, boss, now=stored.now)
    await post.deliver()
    [said] = post.said
    assert said.count("+380") == 7


async def test_a_group_that_leaves_a_queue_is_not_told_of_it_by_a_list_that_waits(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    groups = GroupRepo(stored.database)
    group = await groups.connect(GROUP, 0, title="Зміна", by=boss, now=stored.now)
    for number in range(7):
        queue = "Опт" if number < 3 else "Продажі"
        await stored.lost(-60 + number, f"06712345{number:02}", queue=queue)
    await AlertLists(stored.database).gather(now=stored.now)
    [sales] = [one for one in await groups.places() if one.name == "Продажі"]
    await groups.set_place(group.id, sales.code, is_wanted=True)
    await post.deliver()
    [said] = [one for one in post.said if one.count("+380") < 7]
    assert said.count("+380") == 4


async def test_what_is_done_to_a_listed_client_is_told_before_details_of_others(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-100)
    await post.deliver()
    for number in range(7):
        await stored.lost(-60 + number, f"06712345{number:02}")
    await post.deliver()
    alert, *listed = [case.id for case in await stored.all_cases()]
    told = len(post.said)
    stored.now += 5
    await CommentRepo(stored.database).set(1, "Опт", author=boss, on_top_of=0, now=stored.now)
    assert await stored.cases.take(listed[0], boss, now=stored.now) is Taking.TAKEN
    await post.deliver()
    row, detail = post.said[told:]
    assert "взято 1" in row
    assert "Опт" in detail

    # Of many taken at once the list tells before the alert of each.
    stored.now += 5
    batch = await stored.batches.ask(
        BatchKind.TAKE, boss, Board.FREE, BoardPart(), today=stored.now, now=stored.now
    )
    await stored.batches.carry_out(batch.id, boss, now=stored.now)
    assert (await stored.cases.get(alert, EVERYTHING)).is_held_by(boss)
    await post.deliver()
    row, taken = post.said[told + 2 :]
    assert "взято 7" in row
    assert "Взято" in taken


async def test_a_list_is_told_before_news_of_clients_who_are_known(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    for number in range(3):
        await stored.lost(-100, f"06755500{number:02}")
        await post.deliver()
    known = [case.id for case in await stored.all_cases()]
    told = len(post.said)
    for does in (stored.cases.take, stored.cases.give_back):  # it begins, it grows
        stored.now += 5
        for case in known:
            await does(case, boss, now=stored.now)
        for number in range(7):
            await stored.lost(-60 + number, f"067123{told:02}{number:02}")
        await post.deliver()
        first, *news = post.said[told:]
        assert "Пропущені дзвінки" in first
        assert len(news) == len(known)
        told = len(post.said)


async def test_one_who_missed_a_whole_list_is_told_of_its_clients_again(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    for number in range(7):
        await stored.lost(-60 + number, f"06712345{number:02}")
    await AlertLists(stored.database).gather(now=stored.now)
    await post.outbox.drop_unreachable(
        1001, employee_id=boss.id, reason="Forbidden", now=stored.now
    )
    await stored.employees.set_reachable(boss.id, now=stored.now)
    await post.deliver()
    [still_open] = post.said
    assert "7 клієнтам не передзвонили" in still_open
    stored.now += 61
    await stored.lost(-5, "0671234500")
    await post.deliver()
    assert "×2" in post.said[-1]


async def test_one_who_comes_back_and_knows_a_client_from_a_list_hears_when_nobody_takes_them(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    for number in range(7):
        await stored.lost(-60 + number, f"06712345{number:02}")
    await post.deliver()
    case = (await stored.all_cases())[0]
    lists = AlertLists(stored.database)
    [row] = await stored.database.fetch("SELECT message_id FROM outbox WHERE kind = 'list'")
    message_id = row["message_id"]
    assert await lists.open(case.id, chat_id=1001, message_id=message_id, now=stored.now)
    await block_and_let_in(stored, boss)
    stored.now += 600
    async with stored.database.transaction() as tx:
        await ping_chats(tx, case.id, since=stored.now, now=stored.now)
    said = len(post.said)
    await post.deliver()
    assert post.said[said].startswith("SendMessage: 🔴 <b>Пропущений дзвінок")


async def test_a_case_opened_again_rings_though_its_alert_was_deleted(
    stored: StoredCalls, post: Post, boss: Employee
) -> None:
    await stored.lost(-60)
    await post.deliver()
    case = await stored.only_case()
    await stored.case_closings.close(case.id, boss, "Реклама", now=stored.now)
    [edit] = (await post.outbox.look(now=stored.now, limit=9)).due
    await post.outbox.forget_message(edit)  # the reader has deleted it
    await post.deliver()
    assert len(post.said) == 1
    await stored.case_closings.reopen(case.id, boss, now=stored.now)
    await post.deliver()
    alert = post.telegram.requests[-1]
    assert isinstance(alert, SendMessage)
    assert alert.disable_notification is False

"""Several bots at a webhook on one PostgreSQL: what one has in hand the others know of."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.markup import find_button
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from storage.database import open_database
from storage.delayed_screens import DelayedScreen, DelayedScreenRepo
from storage.invites import InviteRepo
from tests.support.engines import ONLY_POSTGRES
from tests.support.lost_calls import NUMBER, is_alert, pressed
from tests.support.replicas import PATIENCE, Company
from tests.support.replicas import company as create_company
from tests.support.running import ADMIN, OLENA
from tests.support.telegram import TOKEN

pytestmark = ONLY_POSTGRES

GROUP = -1001234
FLOOD = 2
"""Seconds that Telegram asks to wait."""


class Phones:
    """A PBX that begins calls, and its connection to one of the bots."""

    name = "office"

    def __init__(self) -> None:
        self.dialled: list[str] = []
        self.rung = asyncio.Event()

    def can_ring(self, extension: str) -> bool:
        return extension == "101"

    async def dial(self, extension: str, number: str, *, ref: str) -> str | None:
        del extension, ref
        self.dialled.append(number)
        self.rung.set()
        return None


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with create_company(tmp_path, by_webhook=True) as company:
        yield company


async def replies(user: User, words: str) -> Message:
    return await user.wait_for(lambda one: one.is_from_bot and words in one.text, PATIENCE)


async def test_what_one_person_does_is_handled_in_order_on_whatever_machine(
    company: Company,
) -> None:
    async with company.bot() as one, company.bot() as other:
        for first, second in ((one, other), (other, one)):
            before = len(company.admin.replies())
            company.telegram.faults.add("sendMessage", "slow", seconds=1)
            begun = time.monotonic()
            handling = asyncio.ensure_future(company.write(first, "/log"))
            await company.telegram.wait_calls("sendMessage", before + 1, chat_id=ADMIN)
            assert await company.write(second, "/settings") == 200
            assert time.monotonic() - begun > 0.9, "only after the first"
            assert await handling == 200
            texts = [one.text for one in company.admin.replies()[before:]]
            assert [("Налаштування" in text) for text in texts] == [False, True]


async def test_what_is_written_in_a_group_is_handled_in_order_too(company: Company) -> None:
    olena, group = await hire(company), company.telegram.group(GROUP, "Зміна")
    for member in (company.admin, olena, company.telegram.telegram.bots[TOKEN]):
        group.add(member)
    async with company.bot() as one, company.bot() as other:
        company.telegram.faults.add("sendMessage", "slow", chat_id=GROUP, seconds=1)
        begun = time.monotonic()
        handling = asyncio.ensure_future(company.write(one, "/connect", group=GROUP))
        await company.telegram.wait_calls("sendMessage", chat_id=GROUP)
        assert await company.write(other, "/connect", user=olena, group=GROUP) == 200
        assert time.monotonic() - begun > 0.9, "only after what another person wrote there before"
        assert await handling == 200


async def test_a_press_that_two_machines_get_is_done_once_and_shows_what_was_done(
    company: Company,
) -> None:
    admin = company.admin
    async with company.bot() as one, company.bot() as other:
        company.to = one
        await company.lose(one, NUMBER)
        await pressed(admin, await admin.wait_for(is_alert), "✅")
        message: Message | None = admin.last_reply()
        for label, said in (("Помилилися", "Закрито вручну"), ("↩️", "Знову відкрито")):
            assert message is not None
            data = str(find_button(message.markup, label)["callback_data"])
            for company.to in (one, other):
                await (await admin.press_stale(message, data)).answered()
                message = admin.current(message)
                assert message is not None
                assert said in message.text


async def test_one_person_holds_up_nobody_else_on_another_machine(company: Company) -> None:
    olena = await hire(company)
    async with company.bot() as one, company.bot() as other:
        company.telegram.faults.add("sendMessage", "slow", chat_id=ADMIN, seconds=6)
        begun = time.monotonic()
        handling = asyncio.ensure_future(company.write(one, "/log"))
        await company.telegram.wait_calls("sendMessage", chat_id=ADMIN)
        assert await company.write(other, "/log", user=olena) == 200
        assert time.monotonic() - begun < 5
        assert await handling == 200


async def test_what_waits_too_long_is_to_be_sent_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.PATIENCE", 0.2)
    async with company.bot() as one, company.bot() as other:
        company.telegram.faults.add("sendMessage", "slow", seconds=1.5)
        handling = asyncio.ensure_future(company.write(one, "/log"))
        await company.telegram.wait_calls("sendMessage", chat_id=ADMIN)
        assert await company.write(other, "/settings") == 503
        assert await handling == 200
        assert await company.write(other, "/settings") == 200
        assert "Налаштування" in company.admin.replies()[-1].text
        assert len(company.admin.replies()) == 2, "the refused one has done nothing"


async def test_a_screen_is_shown_once_and_in_time_though_another_begins(company: Company) -> None:
    async with company.bot(), company.bot() as other:
        company.telegram.faults.add("sendMessage", "flood", chat_id=ADMIN, retry_after=FLOOD)
        begun = time.monotonic()
        assert await company.write(other, "/settings") == 200
        async with company.bot():
            await replies(company.admin, "Налаштування")
            assert time.monotonic() - begun > FLOOD - 0.5
            await forgotten(company)
        assert len(company.admin.replies()) == 1


async def test_a_newer_screen_of_another_machine_supersedes_one_that_waits(
    company: Company,
) -> None:
    async with company.bot() as one, company.bot() as other:
        for first, second in ((one, other), (other, one)):
            before = len(company.admin.replies())
            company.telegram.faults.add("sendMessage", "flood", chat_id=ADMIN, retry_after=FLOOD)
            assert await company.write(first, "/log") == 200
            assert await company.write(second, "/settings") == 200
            await asyncio.sleep(FLOOD + 0.5)
            [screen] = company.admin.replies()[before:]
            assert "Налаштування" in screen.text


async def test_the_leader_shows_what_a_dead_one_has_kept(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.LEFT_SECONDS", 2)
    async with company.bot(), company.bot():
        async with open_database(company.settings.database) as database:
            screen = DelayedScreen(ADMIN, None, None, "Журнал", None, int(time.time()), None)
            await DelayedScreenRepo(database).set(screen)
        begun = time.monotonic()
        await replies(company.admin, "Журнал")
        assert 0.9 < time.monotonic() - begun < 6
        await forgotten(company)
        assert len(company.admin.replies()) == 1


async def forgotten(company: Company) -> None:
    """Wait until no screen is kept."""
    async with open_database(company.settings.database) as database, asyncio.timeout(PATIENCE):
        kept = DelayedScreenRepo(database)
        while await kept.list_chats(asked_by=int(time.time())):  # noqa: ASYNC110 - the bots' own
            await asyncio.sleep(0.02)


async def hire(company: Company) -> User:
    async with company.bot() as url:
        company.to = url
        async with open_database(company.settings.database) as database:
            token = await InviteRepo(database).add(
                Role.OPERATOR, extensions=("101",), name="Олена", now=int(time.time())
            )
        olena = company.telegram.user(OLENA, "Олена", language_code="uk")
        await olena.start(token)
        await replies(olena, "Олена")
        await replies(company.admin, "👋")
    return olena


@pytest.mark.parametrize("place", [0, 1])
async def test_a_call_wished_on_any_machine_is_begun_once_by_the_leader(
    company: Company, place: int
) -> None:
    olena, pbxs = await hire(company), (Phones(), Phones())
    async with (
        company.bot(dialling={"office": pbxs[0]}) as leader,
        company.bot(dialling={"office": pbxs[1]}) as other,
    ):
        company.to = (leader, other)[place]
        await company.lose(leader, "0671234501")
        alert = await olena.wait_for(lambda one: "☎️ Передзвонити" in str(one.buttons))
        assert "телефон 101" in await pressed(olena, alert, "☎️")
        await olena.wait_for(lambda one: "підніміть слухавку" in one.text, PATIENCE)
        async with asyncio.timeout(PATIENCE):
            await pbxs[0].rung.wait()
    assert [pbx.dialled for pbx in pbxs] == [["+380671234501"], []]


async def test_health_tells_who_leads_and_how_many_there_are(company: Company) -> None:
    async with company.bot() as leader:
        assert await company.write(leader, "/health") == 200
        assert "Копій бота: 1, ця головна" in company.admin.replies()[-1].text
        async with company.bot() as other:
            for url, words in ((leader, "ця головна"), (other, "головна інша")):
                assert await company.write(url, "/health") == 200
                text = company.admin.replies()[-1].text
                assert f"Копій бота: 2, {words}\n" in text
                assert "лише цієї копії" in text

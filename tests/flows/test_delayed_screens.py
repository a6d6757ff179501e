"""A screen that Telegram wants later is shown later: over real HTTP, with floods made to order."""

import asyncio
import re
import time
from pathlib import Path

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.calls import COMMENT_LIMIT
from bot.domain.people import Role
from tests.support.lost_calls import NOW, alert_of, has_button, lost
from tests.support.running import OLENA, Office, running_office
from tests.support.telegram import Clock

HANGS = 5.0
"""Seconds that Telegram's answer to one request takes."""

SOON = "Telegram просить пригальмувати. Відповідь буде тут через 1 секунду."


async def answer_to(user: User, sent: Message, words: str = "", seconds: float = 8) -> Message:
    return await user.wait_for(
        lambda one: one.is_from_bot and one.id > sent.id and words in one.text, seconds
    )


async def changed(user: User, message: Message, words: str, seconds: float = 8) -> Message:
    return await user.wait_for(
        lambda one: one.id == message.id and words in one.text, seconds, after=None
    )


async def card_of_a_lost_call(office: Office, user: User) -> Message:
    await office.post(lost("a", NOW - 60))
    alert = await alert_of(user, "Ганна")
    await (await user.click(alert, "📄")).answered()
    return user.last()


async def test_every_command_that_meets_a_flood_is_answered_when_it_is_over(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        for command in ("/today", "/log", "/missed", "/staff", "/settings", "/health", "/help"):
            expected = await office.ask(admin, command)
            office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id)
            sent = await admin.send(command)
            delayed = await answer_to(admin, sent)
            texts = [re.sub(r"[\d,]+ МБ", "", one.text) for one in (delayed, expected)]
            assert texts[0] == texts[1], command  # but for the size: to keep a screen is to write
            assert delayed.buttons == expected.buttons, command
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id, times=2)
        sent = await admin.send("hello")
        assert "/help" in (await answer_to(admin, sent)).text, "though Telegram asks twice"


async def test_a_press_that_meets_a_flood_says_so_and_its_screen_follows(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        settings = await office.ask(admin, "/settings")
        office.telegram.faults.add("editMessageText", "flood", chat_id=admin.id)
        toast = await (await admin.click(settings, "🌙")).answered()
        assert toast.text == SOON
        await admin.wait_for(lambda one: one.id == settings.id and has_button("✏️")(one))
        office.telegram.faults.add("answerCallbackQuery", "flood")
        await (await admin.click(settings, "✏️")).answered()


async def test_others_are_answered_while_a_screen_waits_and_a_newer_one_supersedes_it(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id, retry_after=2)
        sent = await admin.send("/log")
        async with asyncio.timeout(1.5):
            await office.ask(olena, "/today")
            newer = await office.ask(admin, "/settings")
        assert "Налаштування" in newer.text
        await asyncio.sleep(2.5)  # Telegram's two seconds
        assert [one.id for one in admin.replies() if one.id > sent.id] == [newer.id]


async def test_one_who_is_still_being_answered_holds_up_nobody_elses_screen_or_toast(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        faults = office.telegram.faults
        screens = [await office.ask(user, "/settings") for user in (admin, olena)]
        begun = time.monotonic()
        faults.add("answerCallbackQuery", "flood", times=2)
        await admin.click(screens[0], "🌙")
        await changed(admin, screens[0], "Тихі")
        faults.add("answerCallbackQuery", "slow", seconds=HANGS)  # the admin's toast, shown later
        press = await olena.click(screens[1], "🌙")
        for user in (admin, olena):
            faults.add("sendMessage", "flood", chat_id=user.id)
        await admin.send("/today")
        faults.add("sendMessage", "slow", chat_id=admin.id, seconds=HANGS)
        await admin.send("/help")
        sent = await olena.send("/today")
        await answer_to(olena, sent)
        await press.answered()
        assert time.monotonic() - begun < HANGS


async def test_a_long_flood_outlives_a_restart(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR)
        await alert_of(admin, "👋")  # who has joined is told of before
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id, retry_after=300)
        sent = await admin.send("/log")
        assert await office.ask(olena, "/today")
        assert admin.last().id == sent.id
        async with office.restarted():
            await answer_to(admin, sent)


async def test_questions_asked_later_take_their_answers_and_go(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        faults = office.telegram.faults
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(admin, "Ганна")
        faults.add("sendMessage", "flood", chat_id=admin.id)
        await (await admin.click(alert, "✅")).answered()
        question = await answer_to(admin, alert, "Чому")
        await (await admin.click(question, "Помилилися")).answered()
        faults.clear()
        assert office.rows("SELECT count(*) FROM cases WHERE closed_at IS NOT NULL") == [(1,)]

        card = await card_of_a_second_call(office, admin)
        faults.add("editMessageText", "flood", chat_id=admin.id)
        await (await admin.click(card, "💬")).answered()
        await changed(admin, card, "Коментар")
        faults.add("sendMessage", "flood", chat_id=admin.id)
        sent = await admin.send("y" * (COMMENT_LIMIT + 1))
        hint = await answer_to(admin, sent)
        faults.add("sendMessage", "flood", chat_id=admin.id)
        saved = await office.press(admin, hint, "✅")
        assert "y" * COMMENT_LIMIT in saved.text
        await admin.wait_gone(card)


async def card_of_a_second_call(office: Office, user: User) -> Message:
    await office.post(lost("b", NOW - 60, caller={"number": "0501112233"}))
    alert = await alert_of(user, "50 111 22 33")
    await (await user.click(alert, "📄")).answered()
    return user.last()


async def test_an_answer_saved_in_a_flood_is_saved_once_and_said(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        card = await card_of_a_lost_call(office, admin)
        await office.press(admin, card, "💬")
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id)
        sent = await admin.send("передзвонить сама")
        shown = await answer_to(admin, sent, "передзвонить сама")
        assert any("✏️" in label for row in shown.buttons for label in row)
        assert office.rows("SELECT count(*) FROM comment_changes") == [(1,)]


async def test_a_card_shown_later_below_its_alert_ends_the_dialog_too(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        card = await card_of_a_lost_call(office, admin)
        await office.post(lost("b", NOW - 60, caller={"number": "0501112233"}))
        alert = await alert_of(admin, "50 111 22 33")
        await office.press(admin, card, "💬")
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id)
        assert (await (await admin.click(alert, "📄")).answered()).text == SOON
        other = await answer_to(admin, alert, "50 111 22 33")
        assert "не збережено" in (await office.ask(admin, "передзвонити")).text
        assert admin.current(other) is not None


async def test_a_menu_shown_later_is_no_question_and_doubts_shown_later_are_one(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        faults = office.telegram.faults
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(admin, "Ганна")
        await office.press(admin, alert, "🙋")
        await changed(admin, alert, "Взято")
        await office.press(admin, alert, "📄")
        card = admin.last()
        await office.press(admin, card, "💬")
        faults.add("sendMessage", "flood", chat_id=admin.id)
        assert (await (await admin.click(alert, "⏰")).answered()).text == SOON
        menu = await answer_to(admin, card, "Коли нагадати")
        assert "передзвоню" in (await office.ask(admin, "передзвоню")).text
        await admin.wait_gone(card)
        assert admin.current(menu) is not None

        person = await office.press(admin, await office.ask(admin, "/staff"), "1")
        question = await office.press(admin, person, "🔢")
        faults.add("sendMessage", "flood", chat_id=admin.id)
        sent = await admin.send("101")
        doubt = await answer_to(admin, sent, "101")
        saved = await office.press(admin, doubt, "✅")
        assert "Внутрішні номери: 101" in saved.text
        await admin.wait_gone(question)

"""What holds for every dialog: asked, answered, left, over when its data are of another shape."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.markup import find_button
from bot.demo.bot_api.people import User as Account
from bot.domain.calls import COMMENT_LIMIT
from bot.domain.people import Role
from keyboards.callbacks import Nothing
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import NOW, lost
from tests.support.running import IVAN, OLENA, Office, running_office
from tests.support.telegram import Clock

pytestmark = ONLY_SQLITE  # what is asked and said; tests/flows has dialogs on both

ALERT = "the alert of a lost call"
DIALOGS = {
    "comment": (ALERT, "📄 Card", "💬 Comment"),
    "contact": (ALERT, "📄 Card", "👤 Contact"),
    "reason, from a call's card": (ALERT, "📄 Card", "✅ Close"),
    "reason, from an alert": (ALERT, "✅ Close"),
    "reason, from a case's card": ("/missed", "1", "✅ Close"),
    "words, from an alert": (ALERT, "📝 Take and say"),
    "reminder": (ALERT, "📄 Card", "⏰ Remind", "✏️ Another time"),
    "quiet hours": ("/settings", "🌙 Quiet hours", "✏️ My own"),
    "digest": ("/settings", "📊 Digests", "✏️ Another time"),
    "working hours": ("/settings", "🏢 Company", "🕘 Working hours"),
    "days off": ("/settings", "🏢 Company", "📅 Days off"),
    "name": ("/staff", "1", "✏️ Name"),
    "extensions": ("/staff", "1", "🔢 Extensions"),
    "invitation": ("/staff", "➕ Invite", "☎️ Operator"),
}
"""From where and by which presses each question comes to be asked."""

ANSWERS = {
    "comment": "A word",
    "contact": "Hanna",
    "reminder": "30 min",
    "quiet hours": "22-8",
    "digest": "18:30",
    "working hours": "Mon-Fri 9-18",
    "days off": "01.01",
    "name": "Olena",
    "extensions": "101",
    "invitation": "105",
}
OF_STAFF = {"name", "extensions", "invitation"}
"""Their ✖️ is a way back that works in a year too."""

EARLIER_DATA = '{"card": "c1:1:0:0:0:0:0", "employee": 1, "page": 0, "call": 1, "asking": [7]}'
UNKNOWN = "I don't know this command"
UNASKED = "Search: "
OVER = "This question is no longer open; nothing was changed."


class Chief:
    """An administrator who reads English, asked one thing after another."""

    def __init__(self, office: Office, user: Account) -> None:
        self.office = office
        self.user = user
        self.lost = 0

    async def say(self, text: str) -> Message:
        return await self.office.ask(self.user, text)

    async def send_sticker(self) -> Message:
        sent = await self.user.send_sticker()
        return await self.user.wait_for(lambda message: message.id > sent.id)

    async def press(self, message: Message, label: str) -> Message:
        """The message that the press has opened below, or else the pressed one as it is then."""
        before = self.user.last().id
        changed = await self.office.press(self.user, message, label)
        newest = self.user.last()
        return newest if newest.id > before else changed

    async def lose_a_call(self) -> Message:
        """The alert of it; each is of another client."""
        self.lost += 1
        if self.lost > 1:  # six within a minute would become a list
            self.office.clock.advance(20)
        last = self.user.last()
        caller = {"number": f"06712345{self.lost:02}"}
        await self.office.post(lost(f"call {self.lost}", NOW - 60, caller=caller))
        return await self.user.wait_for(lambda one: "A call was missed" in one.text, after=last)

    async def ask(self, name: str) -> Message:
        """The message that asks."""
        start, *labels = DIALOGS[name]
        message = await (self.lose_a_call() if start == ALERT else self.say(start))
        for label in labels:
            message = await self.press(message, label)
        return message

    async def forget_data(self) -> None:
        """As if the dialog had been begun under a version that kept other data."""
        last = await self.user.press_stale(self.user.last(), Nothing().pack())
        await last.answered()  # so what was pressed before is done
        path = self.office.settings.database
        async with open_database(path) as database, database.transaction() as tx:
            await tx.execute("UPDATE fsm SET data = ? WHERE state IS NOT NULL", (EARLIER_DATA,))


async def set_extensions(office: Office, tg_id: int, extensions: list[str]) -> None:
    async with open_database(office.settings.database) as database:
        employees = EmployeeRepo(database)
        person = await employees.find(tg_id)
        assert person is not None
        await employees.set_extensions(person.id, extensions)


@pytest.fixture
async def chief(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Chief]:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        await office.administrator()  # or people would be told that one cannot be reached
        user = await office.employee(OLENA, "Olena", Role.ADMINISTRATOR, language="en")
        yield Chief(office, user)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_every_dialog_takes_its_answer_once_after_anything_but_a_text(chief: Chief) -> None:
    for name in DIALOGS:
        question = await chief.ask(name)
        hint = await chief.send_sticker()
        assert "text" in hint.text or "name" in hint.text, name
        screen = await chief.say(ANSWERS.get(name, "Spam"))
        assert UNKNOWN not in screen.text, name
        assert UNASKED not in screen.text, name
        assert OVER not in screen.text, name
        further = UNASKED if name != "comment" else "came after the comment was saved"
        assert further in (await chief.say("Once more")).text, name
        assert chief.user.current(question) is None, name


async def test_a_question_waits_though_telegrams_answer_that_it_is_shown_is_lost(
    chief: Chief,
) -> None:
    card = await chief.press(await chief.lose_a_call(), "📄 Card")
    faults = chief.office.telegram.faults
    faults.add("editMessageText", "lose_answer", chat_id=chief.user.id)
    await chief.press(card, "💬 Comment")
    assert "A word" in (await chief.say("A word")).text


async def test_cancel_by_command_takes_every_question_away(chief: Chief) -> None:
    for name in DIALOGS:
        question = await chief.ask(name)
        screen = await chief.say("/cancel")
        assert UNKNOWN not in screen.text, name
        assert UNASKED not in screen.text, name
        assert UNASKED in (await chief.say(ANSWERS.get(name, "Spam"))).text, name
        assert chief.user.current(question) is None, name


async def test_only_cancel_to_this_bot_is_cancel(chief: Chief) -> None:
    for command in ("/cancelling", "/cancel_all", "/cancel@another_bot"):
        await chief.ask("comment")
        assert UNKNOWN in (await chief.say(command)).text, command
        assert "This was not saved" in (await chief.say("A word")).text, command
    for name in ("comment", "days off"):
        question = await chief.ask(name)
        assert UNKNOWN not in (await chief.say("/cancel@dzvinok_bot")).text, name
        await chief.user.wait_gone(question)


async def test_cancel_by_button_puts_the_screen_in_place_of_the_question(chief: Chief) -> None:
    for name in DIALOGS:
        question = await chief.ask(name)
        screen = await chief.press(question, "✖️")
        assert screen.id == question.id, name
        assert screen.text != question.text, name
        assert not any("✖️ Cancel" in row for row in screen.buttons), name
        assert UNASKED in (await chief.say(ANSWERS.get(name, "Spam"))).text, name


async def test_another_command_leaves_every_dialog_and_its_text_and_buttons_say_so(
    chief: Chief,
) -> None:
    for name in DIALOGS:
        question = await chief.ask(name)
        await chief.say("/log")
        assert "This was not saved" in (await chief.say(ANSWERS.get(name, "Spam"))).text, name
        assert UNASKED in (await chief.say("/16:00 call back")).text, name
        if name not in OF_STAFF:
            over = await chief.press(question, "✖️")
            assert (over.text, over.buttons) == (OVER, []), name


async def test_a_reply_to_a_question_that_was_left_is_not_taken_for_another_answer(
    chief: Chief,
) -> None:
    older = await chief.ask("comment")
    await chief.say("/log")
    question = await chief.ask("comment")
    sent = await chief.user.send("Of the first call", reply_to=older)
    said = await chief.user.wait_for(lambda one: one.id > sent.id)
    assert "This was not saved" in said.text
    await chief.user.send("Of the second call", reply_to=question)
    card = await chief.user.wait_for(lambda one: "Of the second call" in one.text)
    assert f"67 123 45 {chief.lost:02}" in card.text
    assert chief.office.rows("SELECT count(*) FROM comments") == [(1,)]


async def test_a_dialog_begun_with_other_data_is_over_and_says_so(chief: Chief) -> None:
    for name in DIALOGS:
        question = await chief.ask(name)
        await chief.forget_data()
        assert (await chief.say(ANSWERS.get(name, "Spam"))).text == OVER, name
        assert UNASKED in (await chief.say("Once more")).text, name
        if name not in OF_STAFF:
            assert (await chief.press(question, "✖️")).text == OVER, name


async def test_a_button_of_other_data_is_over_too(chief: Chief) -> None:
    question = await chief.ask("reason, from an alert")
    await chief.forget_data()
    over = await chief.press(question, "Wrong number")
    assert (over.text, over.buttons) == (OVER, [])


async def test_a_button_of_an_older_question_does_not_answer_the_present_one(
    chief: Chief,
) -> None:
    await chief.ask("comment")
    older = await chief.say("a" * (COMMENT_LIMIT + 1))
    question = await chief.ask("comment")
    present = await chief.say("b" * (COMMENT_LIMIT + 1))
    over = await chief.press(older, "✅ Save this")
    assert (over.text, over.buttons) == (OVER, [])
    card = await chief.press(present, "✅ Save this")
    assert "b" * COMMENT_LIMIT in card.text
    await chief.user.wait_gone(question)


async def test_a_button_that_opens_another_card_ends_every_dialog_and_its_text_is_not_saved(
    chief: Chief,
) -> None:
    for name in DIALOGS:
        other = await chief.lose_a_call()
        question = await chief.ask(name)
        card = await chief.press(other, "📄 Card")
        assert card.id != question.id
        await chief.user.wait_gone(question)
        assert "This was not saved" in (await chief.say(ANSWERS.get(name, "Spam"))).text, name
        assert UNASKED in (await chief.say("Once more")).text, name
    assert chief.office.rows("SELECT count(*) FROM comments") == [(0,)]
    assert chief.office.rows("SELECT count(*) FROM contacts WHERE name = 'Hanna'") == [(0,)]


async def test_a_question_of_another_dialog_takes_the_place_of_the_first(chief: Chief) -> None:
    for name in DIALOGS:
        other = await chief.press(await chief.lose_a_call(), "📄 Card")
        first = await chief.ask(name)
        second = await chief.press(other, "💬 Comment")
        await chief.user.wait_gone(first)
        saved = await chief.say(f"After {name}")
        assert f"After {name}" in saved.text
        await chief.user.wait_gone(second)


async def test_a_screen_of_another_message_ends_a_dialog(chief: Chief) -> None:
    for start, label in (("/settings", "📊"), ("/settings", "🏢"), ("/staff", "1")):
        await chief.lose_a_call()
        screen = await chief.say(start)
        question = await chief.ask("comment")
        await chief.press(screen, label)
        await chief.user.wait_gone(question)
        assert "This was not saved" in (await chief.say("A word")).text, (start, label)


async def test_pages_and_the_actions_of_alerts_keep_a_dialog_which_says_where_a_text_landed(
    chief: Chief,
) -> None:
    alert = await chief.lose_a_call()
    log = await chief.say("/log")
    question = await chief.ask("comment")
    await chief.press(log, "🔄")
    await chief.press(alert, "🙋")
    card = await chief.say("Still about the second call")
    assert "Still about the second call" in card.text
    assert f"67 123 45 {chief.lost:02}" in card.text
    await chief.user.wait_gone(question)
    closing = await chief.lose_a_call()
    await chief.press(closing, "✅ Close")
    closed = (await chief.say("Spam")).text
    assert closed == f"Closed by hand\n+380 67 123 45 {chief.lost:02}"


async def test_a_further_text_that_is_refused_leaves_the_question(chief: Chief) -> None:
    office = chief.office
    ivan = await office.employee(IVAN, "Ivan", Role.OPERATOR, "101", language="en")
    await chief.lose_a_call()
    screen = await office.ask(ivan, "/log")
    for label in ("1", "💬 Comment"):
        screen = await office.press(ivan, screen, label)
    await office.ask(ivan, "A word")
    await set_extensions(office, IVAN, ["105"])
    assert "no access" in (await office.ask(ivan, "Another word")).text
    assert UNASKED in (await office.ask(ivan, "A third one")).text


async def test_a_question_pressed_twice_shows_what_came_of_the_first_press(chief: Chief) -> None:
    spam = [(name, None, "Advertising") for name in DIALOGS if name.startswith("reason")]
    long = [("comment", "x" * (COMMENT_LIMIT + 1), "✅ Save")]
    for name, answer, label in [*((name, None, "✖️") for name in DIALOGS), *spam, *long]:
        question = await chief.ask(name)
        if answer:
            question = await chief.say(answer)
        button = find_button(question.markup, label)
        screen = await chief.press(question, label)
        again = await chief.user.press_stale(question, str(button["callback_data"]))
        await again.answered()
        shown = chief.user.current(question)
        assert shown is not None
        assert (screen.id, screen.text) == (shown.id, shown.text), name
        assert shown.text != OVER, name


async def test_a_text_that_comes_twice_is_offered_to_the_comment_once(chief: Chief) -> None:
    await chief.ask("comment")
    await chief.say("One")
    for _twice in range(2):
        asked = await chief.say("Two")
    card = await chief.press(asked, "➕ Add it")
    assert "One\nTwo" in card.text
    assert card.text.count("Two") == 1


async def test_texts_in_one_go_are_offered_to_the_comment(chief: Chief) -> None:
    await chief.ask("comment")
    for text in ("One", "Two", "Three"):
        await chief.user.send(text)
    asked = await chief.user.wait_for(lambda one: "Three" in one.text)
    assert "came after the comment was saved" in asked.text
    card = await chief.press(asked, "➕ Add it")
    assert "One\nTwo\nThree" in card.text
    more = await chief.say("y" * COMMENT_LIMIT)
    assert "Too long by 14 characters" in more.text
    assert "Comment on the call" in more.text
    assert "Three\nFour" in (await chief.say("Four")).text
    card = await chief.press(chief.user.last(), "✖️")
    assert "Three" in card.text
    assert "Four" not in card.text
    assert "yyy" not in card.text
    assert UNASKED in (await chief.say("Five")).text
    await chief.ask("comment")
    await chief.say("One")
    assert (await chief.say("/cancel")).text == "There is nothing to cancel."
    assert UNASKED in (await chief.say("Five")).text


async def test_a_text_that_begins_with_a_slash_is_a_comment_unless_it_is_a_command(
    chief: Chief,
) -> None:
    for text in ("/16:00 call back", "/ or not", "//", "/1", "/завтра", "/n/a"):
        question = await chief.ask("comment")
        assert text in (await chief.say(text)).text, text
        await chief.user.wait_gone(question)
        await chief.say("/log")


async def test_editing_the_message_of_a_comment_is_answered(chief: Chief) -> None:
    await chief.ask("comment")
    sent = await chief.user.send("Tomorow")
    await chief.user.wait_for(lambda one: "Tomorow" in one.text)
    await chief.user.edit(sent, "Tomorrow")
    asked = await chief.user.wait_for(lambda one: "Change the comment too?" in one.text)
    card = await chief.press(asked, "✅ Change it")
    assert "Tomorrow" in card.text
    assert "Tomorow" not in card.text
    await chief.say("/log")
    last = chief.user.last()
    await chief.user.edit(sent, "Today")
    answer = await chief.user.wait_for(lambda one: "changes nothing" in one.text, after=last)
    assert "✏️" in answer.text

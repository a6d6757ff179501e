"""Cards that people have open are kept true, over real HTTP, and never cover a newer screen."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import AlertScope, EmployeeState, Role
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.lost_calls import NOW, alert_of, dialled, lost, moment
from tests.support.running import IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock


def answered(call_id: str, at: float, **changes: object) -> dict[str, object]:
    """An answered incoming call, of which nobody is alerted."""
    return {
        "id": call_id,
        "direction": "in",
        "status": "answered",
        "caller": {"number": "0501112233"},
        "extension": "101",
        "rang": ["101"],
        "started_at": moment(at),
        "answered_at": moment(at + 5),
        "ended_at": moment(at + 30),
        **changes,
    }


def now(user: User, message: Message) -> Message:
    current = user.current(message)
    assert current is not None
    return current


def edits(office: Office, message: Message) -> int:
    return sum(
        one.params["message_id"] == message.id
        for one in office.telegram.calls("editMessageText", chat_id=message.chat.id)
    )


async def card_below_alert(office: Office, user: User, words: str = "Ганна") -> Message:
    await office.press(user, await alert_of(user, words), "📄")
    return user.last()


async def card_from_log(office: Office, user: User, *presses: str) -> Message:
    message = await office.ask(user, "/log")
    for label in (*presses, "1"):
        message = await office.press(user, message, label)
    return message


async def test_a_call_back_shows_on_cards_that_are_open_and_on_nothing_else(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        boss = await office.employee(SUPERVISOR, "Ірина", Role.SUPERVISOR, language="en")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        await office.post(lost("a", NOW - 600), answered("z", NOW - 900))
        filtered = await card_from_log(office, admin, "🔴")
        below = await card_below_alert(office, olena)
        english = await card_from_log(office, boss)
        asked = await card_below_alert(office, ivan)
        left = await card_from_log(office, ivan)
        question = await office.press(ivan, asked, "💬")
        log = await office.press(ivan, left, "⬅️")
        await office.nothing_due()
        back = now(admin, filtered).button("⬅️")["callback_data"]
        sent = {user.id: len(user.messages()) for user in (admin, olena, boss, ivan)}
        before = [edits(office, one) for one in (filtered, below, english, asked, left)]

        await office.post(dialled("b", NOW - 120))
        await admin.wait_for(lambda one: one.id == filtered.id and "Передзвонили" in one.text)
        await office.nothing_due()
        assert "✅ Передзвонили: Олена" in now(olena, below).text
        assert "✅ Called back: Олена" in now(boss, english).text
        assert now(ivan, left).text == log.text, "what is no card any more is let be"
        assert now(ivan, asked).text == question.text, "a question over a card too"
        assert sent == {user.id: len(user.messages()) for user in (admin, olena, boss, ivan)}
        after = [edits(office, one) for one in (filtered, below, english, asked, left)]
        assert [two - one for one, two in zip(before, after, strict=True)] == [1, 1, 1, 0, 0]

        assert now(admin, filtered).button("⬅️")["callback_data"] == back
        assert "🎛 Пропущені" in (await office.press(admin, filtered, "⬅️")).text
        talk = await office.press(olena, below, "↗️")
        assert "↗️ Вихідний" in talk.text
        assert "✅ Передзвонили" in (await office.ask(ivan, "спитати про доставку")).text
        await office.nothing_due()
        assert "спитати про доставку" not in now(olena, below).text, "it shows another call now"


async def test_whatever_is_told_of_a_call_or_its_case_shows_as_if_reloaded(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        boss = await office.employee(SUPERVISOR, "Ірина", Role.SUPERVISOR)
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        async with open_database(office.settings.database) as database:
            for user in (admin, boss):  # with alerts each step would take a second more
                person = await EmployeeRepo(database).find(user.id)
                assert person
                await EmployeeRepo(database).set_alerts(person.id, AlertScope.NONE)
        await office.post(lost("a", NOW - 600))
        alert = await alert_of(olena)
        call = await card_from_log(office, admin)
        case = await office.press(boss, await office.ask(boss, "/missed"), "1")
        own = await card_below_alert(office, olena)
        await office.nothing_due()

        async def taken() -> None:
            await office.press(olena, alert, "🙋")

        async def attempted_and_corrected() -> None:
            await office.post(
                dialled("b", NOW - 60, status="no_answer", answered_at=None),
                lost("a", NOW - 600, queue="sales"),
            )

        async def commented() -> None:
            await office.press(olena, own, "💬")
            await office.ask(olena, "просила по обіді")

        async def named() -> None:
            await office.press(olena, olena.last(), "👤")
            await office.ask(olena, "Ганна Квіти")

        async def closed() -> None:
            await office.press(olena, alert, "✅")
            await office.press(olena, olena.last(), "Помилилися")

        steps: list[tuple[Callable[[], Awaitable[None]], str, str]] = [
            (taken, "Взято: Олена", "Взято: Олена"),
            (attempted_and_corrected, "sales", "Спроба"),
            (commented, "просила по обіді", "просила по обіді"),
            (named, "Ганна Квіти", "Ганна Квіти"),
            (closed, "Закрито вручну: Олена", "Закрито вручну: Олена"),
        ]
        for step, of_call, of_case in steps:
            office.clock.advance(1)
            before = len(admin.messages()), len(boss.messages())
            await step()
            await office.nothing_due()
            for user, card, words in ((admin, call, of_call), (boss, case, of_case)):
                shown = now(user, card)
                assert words in shown.text, step.__name__
                reloaded = await office.press(user, card, "🔄")
                assert (shown.text, shown.buttons) == (reloaded.text, reloaded.buttons)
            assert (len(admin.messages()), len(boss.messages())) == before, "in silence"
        assert "Не передзвонили" in (await office.press(boss, case, "⬅️")).text


async def test_a_card_is_not_edited_for_what_its_own_press_has_shown(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 600))
        card = await card_below_alert(office, olena)
        for count, label in enumerate(("🙋", "↩️", "🔄"), start=1):
            await office.press(olena, card, label)
            await office.nothing_due()
            if label != "🔄":
                assert edits(office, card) == count
        assert edits(office, card) == 3, "the one that Telegram found unchanged is the last"
        assert office.rows("SELECT count(*) FROM outbox WHERE kind = 'card'") == [(0,)]

        await office.press(olena, card, "💬")
        await office.ask(olena, "зайвий текст")
        saved = olena.last()
        deleted = await office.press(olena, saved, "🗑")
        await office.nothing_due()
        assert now(olena, saved).text == deleted.text, "the note stays, and the way back"
        await office.post(lost("a", NOW - 600, queue="sales"))
        await office.nothing_due()
        assert "sales" in now(olena, saved).text
        assert "зайвий текст" in (await office.press(olena, saved, "↩️ Повернути")).text


async def test_only_who_may_still_see_a_card_has_it_kept_true_and_the_rest_is_silence(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        people = [
            await office.employee(1200 + number, f"Особа {number}", Role.OPERATOR, "101")
            for number in range(5)
        ]
        blocked, moved, promoted, gone, refused = people
        await office.post(answered("a", NOW - 600))
        cards = [await card_from_log(office, one) for one in (*people, admin)]
        await office.nothing_due()
        before = [one.text for one in cards]
        async with open_database(office.settings.database) as database:
            employees = EmployeeRepo(database)
            ids = [one.id for one in [await employees.find(user.id) for user in people] if one]
            await employees.set_state(ids[0], EmployeeState.BLOCKED)
            await employees.set_extensions(ids[1], ["105"])
            await employees.set_role(ids[2], Role.SUPERVISOR)
        await gone.delete(cards[3])
        faults = office.telegram.faults
        faults.add("editMessageText", "forbidden", chat_id=refused.id)
        flood = faults.add("editMessageText", "flood", chat_id=admin.id)
        sent = [len(user.messages()) for user in (*people, admin)]
        await office.post(answered("a", NOW - 600, queue="sales"))
        await office.nothing_due()
        assert flood.times == 0
        office.clock.advance(2)
        await admin.wait_for(lambda one: one.id == cards[5].id and "sales" in one.text)
        await office.nothing_due()
        for user, card, text in zip(people[:2], cards, before, strict=False):
            assert now(user, card).text == text
        assert "sales" in now(promoted, cards[2]).text
        assert now(refused, cards[4]).text == before[4]
        assert sent == [len(user.messages()) for user in (*people, admin)]
        kept = {chat for [chat] in office.rows("SELECT chat_id FROM open_cards")}
        assert kept == {blocked.id, moved.id, promoted.id, admin.id}
        assert office.rows("SELECT count(*) FROM outbox WHERE state = 'pending'") == [(0,)]

        async with open_database(office.settings.database) as database:
            await EmployeeRepo(database).set_state(ids[0], EmployeeState.ACTIVE)
        seconds = 10  # nobody wakes the Alerter: it looks every five
        await blocked.wait_for(lambda one: one.id == cards[0].id and "sales" in one.text, seconds)


async def test_cards_outlive_a_restart_and_a_flood(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        admin = await office.administrator()
        await office.post(answered("a", NOW - 600), lost("b", NOW - 500))
        old = await card_from_log(office, admin)
        await office.nothing_due()
        alert = await alert_of(admin)
        office.telegram.faults.add("sendMessage", "flood", chat_id=admin.id, retry_after=300)
        await (await admin.click(alert, "📄")).answered()
        async with office.restarted() as again:
            await again.post(dialled("c", NOW - 120))
            late = await admin.wait_for(lambda one: one.id > alert.id and "Початок" in one.text)
            await admin.wait_for(lambda one: one.id == late.id and "Передзвонили" in one.text)
            await admin.wait_for(lambda one: one.id == old.id and "Передзвонили" in one.text)


async def test_presses_and_edits_at_once_never_end_with_an_older_screen(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        people = [
            await office.employee(1200 + number, f"Особа {number}", Role.OPERATOR, "101")
            for number in range(6)
        ]
        await office.post(answered("a", NOW - 600), answered("b", NOW - 900))
        cards = [await card_from_log(office, one) for one in people]
        for number in range(4):
            await office.nothing_due()
            for one in people:  # answers of Telegram come late: edits are under way for a while
                office.telegram.faults.add("editMessageText", "slow", chat_id=one.id, seconds=0.05)
            shown = [("⬅️", "Журнал"), ("💬", "Коментар")][number % 2]
            changing = office.post(answered("a", NOW - 600, queue=f"q{number}"))
            presses = [
                office.press(user, card, shown[0])
                for user, card in zip(people, cards, strict=True)
            ]
            await asyncio.gather(changing, *presses)
            await office.nothing_due()
            for user, card in zip(people, cards, strict=True):
                assert shown[1] in now(user, card).text, (number, user.id)
                await office.press(user, card, "1" if shown[0] == "⬅️" else "✖️")
                assert f"q{number}" in now(user, card).text

"""The bot as people use it: real HTTP, polling, every answer waited for."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.cli.import_files import import_files
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from bot.domain.signs import STATUS
from keyboards.callbacks import Calendar, Card, ClientLog, DialogButton, DialogStep
from tests.support.lost_calls import alert_of, lost
from tests.support.places import DATA
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock, RunningClock

ASTERISK = DATA / "asterisk"
AFTER_RECORDING = 1_795_384_000.0
"""Twenty minutes after the last call of the recording, the same evening in Kyiv."""


async def import_recording(office: Office) -> None:
    """As history: two hours later, so that nobody is alerted."""
    summary = await import_files(
        office.settings,
        "pbx",
        [ASTERISK / "Master.csv"],
        is_dry_run=False,
        clock=lambda: int(office.clock()) + 7200,
        console=Console(file=StringIO()),
    )
    assert (summary.read, summary.rejected) == (12, 0)


OLD = {"started_at": "2026-11-22T20:00:00+00:00", "ended_at": "2026-11-22T20:00:20+00:00"}
"""When a call is too old to alert anybody of."""


def call(call_id: str, **changes: Any) -> dict[str, Any]:
    """A lost call that ended a minute before AFTER_RECORDING."""
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": "0671234567", "name": "Ганна"},
        "callee": {"number": "0445550101"},
        "line": "0445550101",
        "rang": ["101", "102"],
        "started_at": "2026-11-22T21:45:23+00:00",
        "ended_at": "2026-11-22T21:45:40+00:00",
        "ended_by": "caller",
        **changes,
    }


async def open_row(office: Office, user: User, message: Message, words: str) -> Message:
    """Open the first row of a list, of one line or two, that has these words in it."""
    for number, row in re.findall(r"^(\d+)\. (.*(?:\n .*)?)", message.text, re.MULTILINE):
        if words in row:
            return await office.press(user, message, number)
    raise AssertionError(f"no row with {words!r} in:\n{message.text}")


def label(message: Message, start: str) -> str | None:
    found = [text for row in message.buttons for text in row if text.startswith(start)]
    return found[0] if found else None


async def test_a_supervisor_reads_the_recorded_history_to_both_ends(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        await office.administrator()
        boss = await office.employee(SUPERVISOR, "Марія", Role.SUPERVISOR)
        await import_recording(office)
        truth = json.loads((ASTERISK / "expected.json").read_text(encoding="utf-8"))["calls"]

        today = await office.ask(boss, "/today")
        assert "Дзвінки за сьогодні, 22 листопада" in today.text
        assert "Усього 12: вхідних 8, вихідних 4" in today.text
        assert "Пропущених дзвінків 5, не передзвонили 3 клієнтам" in today.text
        assert label(today, "1/2")

        page = await office.ask(boss, "/log")
        newest = page.text
        rows = [line for line in page.text.splitlines() if line[:1].isdigit()]
        page = await office.press(boss, page, "▶️")
        assert label(page, "2/2")
        assert label(page, "▶️") is None
        rows += [line for line in page.text.splitlines() if line[:1].isdigit()]
        assert len(rows) == len(truth) == 12
        page = await office.press(boss, page, "◀️")
        assert page.text == newest
        page = await office.press(boss, page, "⏭")
        assert label(page, "2/2")
        page = await office.press(boss, page, "⏮")
        assert page.text == newest

        card = await open_row(office, boss, page, "0445550199")
        assert card.text.startswith("💤 Пропущений дзвінок від абонента в офлайн стані")
        assert "Хто дзвонив: прихований номер" in card.text
        assert "Ціна: –" in card.text
        assert label(card, "🔍") is None, "a hidden number has no other calls"
        page = await office.press(boss, card, "⬅️")
        assert page.text == newest
        await office.nothing_due()
        assert office.telegram.calls("sendMessage", chat_id=boss.id), "and no alert among them"
        assert not [m for m in boss.messages() if "Пропущений дзвінок\n" in m.text]


async def test_a_card_tells_start_wait_talk_end_and_the_parties(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        await office.administrator()
        olena = await office.employee(OLENA, "Олена Коваленко", Role.OPERATOR, "101")
        await import_recording(office)
        page = await office.ask(olena, "/log")
        card = await open_row(office, olena, page, "Acme")
        assert card.html.splitlines() == [
            "✅ <b>Дзвонили та дзвінок був прийнятий оператором</b>",
            "↙️ Вхідний, 22 листопада, 23:31",
            "🆕 Новий клієнт, перший дзвінок",
            "",
            "Хто дзвонив: Acme &lt;b&gt;Ltd&lt;/b&gt; &amp; Sons",
            "+380 67 123 45 67",
            "Кому дзвонили: Олена Коваленко (101)",
            "Лінія 0445550101",
            "",
            "Початок дзвінка: 23:31:36",
            "Очікування дзвінка: 0:02",
            "Тривалість: 0:03",
            "Кінець дзвінка: 23:31:41",
            "Ціна: –",
            "Аудіозапис розмови: –",
            "",
            "🗨 Коментаря ще немає",
        ]


async def test_an_operator_sees_own_calls_and_a_forged_button_no_other(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "103")
        await import_recording(office)
        page = await office.ask(ivan, "/today")
        assert "Усього 1: вхідних 1, вихідних 0" in page.text
        assert STATUS["missed"] in page.text  # type: ignore[index]  # a StrEnum's key is its text
        everything = await office.ask(boss, "/log")
        foreign = everything.markup["inline_keyboard"][0][0]["callback_data"]  # type: ignore[index]
        assert Card.unpack(foreign)
        for forged in (foreign, ClientLog(call=Card.unpack(foreign).call).pack()):
            query = await ivan.press_stale(page, forged)
            answer = await query.answered()
            assert (answer.text, answer.show_alert) == ("Немає доступу.", True)
        query = await ivan.press_stale(page, Card(call=999_999).pack())
        assert (await query.answered()).text == "Цих даних уже немає: їх видалено."
        for nonsense in ("", "c1:x", "l1:99999999:0:0:f:0:0", "d1:0:0:0:0:0:0", "zz:1"):
            query = await ivan.press_stale(page, nonsense or "-")
            assert (await query.answered()).text


async def test_a_comment_is_written_changed_deleted_and_brought_back(tmp_path: Path) -> None:
    clock = Clock(AFTER_RECORDING)
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        await office.post(call("a1", **OLD))
        page = await office.ask(boss, "/today")
        card = await office.press(boss, page, "1")
        dialog = await office.press(boss, card, "💬")
        assert "Надішліть текст, до 200 символів." in dialog.text

        await boss.send_sticker()
        hint = await boss.wait_for(lambda message: "лише текст" in message.text)
        long = "Ї" * 237
        refused = await office.ask(boss, long)
        assert "Текст довший на 37 символів" in refused.text
        assert "Ї" * 200 in refused.text
        assert "Ї" * 201 not in refused.text
        card = await office.ask(boss, "Просила\nнабрати <b>після</b> 16:00 🙏")
        assert "💬 Адмін, 23:46:\nПросила\nнабрати <b>після</b> 16:00 🙏" in card.text
        await boss.wait_gone(dialog)
        del hint

        dialog = await office.press(boss, card, "✏️")
        assert "<code>Просила\nнабрати &lt;b&gt;після" in dialog.html
        card = await office.press(boss, dialog, "✖️")
        assert "16:00 🙏" in card.text
        dialog = await office.press(boss, card, "✏️")
        refused = await office.ask(boss, long)
        card = await office.press(boss, refused, "✅")
        assert "Ї" * 200 in card.text

        gone = await office.press(boss, card, "🗑")
        assert "🗨 Коментаря ще немає" in gone.text
        clock.advance(29)
        back = await office.press(boss, gone, "↩️")
        assert "Ї" * 200 in back.text
        gone = await office.press(boss, back, "🗑")
        clock.advance(31)
        query = await boss.click(gone, "↩️")
        assert (await query.answered()).text == "Повернути вже не можна."
        row = (await office.press(boss, back, "⬅️")).text
        assert "💬" not in row


async def test_the_dialog_survives_a_restart_and_a_command_leaves_it(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        await office.post(call("a1", **OLD))
        card = await office.press(boss, await office.ask(boss, "/today"), "1")
        await office.press(boss, card, "💬")
        async with office.restarted() as again:
            card = await again.ask(boss, "після перезапуску")
            assert "💬 Адмін, 23:46:\nпісля перезапуску" in card.text
            left = await again.press(boss, card, "✏️")
            page = await again.ask(boss, "/log")
            assert "Журнал дзвінків" in page.text
            assert "Це не збережено" in (await again.ask(boss, "уже не коментар")).text
            assert "Це запитання вже не діє" in (await again.press(boss, left, "✖️")).text
            card = await again.press(boss, page, "1")
            await again.press(boss, card, "✏️")
            cancelled = await again.ask(boss, "/cancel")
            assert "Скасовано, нічого не змінено." in cancelled.text
            assert "після перезапуску" in cancelled.text


async def test_two_who_comment_at_once_are_both_shown_and_choose(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(call("a1", **OLD))
        cards = {}
        for user in (boss, olena):
            cards[user.id] = await office.press(user, await office.ask(user, "/today"), "1")
            await office.press(user, cards[user.id], "💬")
        await office.ask(olena, "передзвоню о 16")
        both = await office.ask(boss, "не дзвонити")
        assert "Поки ви писали, з'явився інший коментар (Олена):\nпередзвоню о 16" in both.text
        assert "Ваш текст:\nне дзвонити" in both.text
        card = await office.press(boss, both, "✅")
        assert "💬 Адмін, 23:46:\nне дзвонити" in card.text


async def test_a_missed_call_reaches_exactly_the_right_people_once(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=RunningClock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        maria = await office.employee(SUPERVISOR, "Maria", Role.SUPERVISOR, language="en")
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "103")
        quiet = await office.employee(1200, "Тихий", Role.OPERATOR, "102")
        book = await office.employee(1201, "Книга", Role.ACCOUNTANT, "101")
        settings = await office.ask(quiet, "/settings")
        await office.press(quiet, settings, "Не сповіщати")
        office.telegram.faults.add("sendMessage", "flood", chat_id=olena.id, retry_after=1)

        missed = call("a1")
        answer = await office.post(missed)
        assert answer == {"accepted": 1, "updated": 0, "unchanged": 0, "rejected": []}
        assert (await office.post(missed, missed))["unchanged"] == 2
        old = call("old", caller={"number": "0501112233"}, **OLD)
        assert (await office.post(old))["accepted"] == 1
        alert = await olena.wait_for(lambda message: "Пропущений дзвінок" in message.text)
        assert alert.text.splitlines() == [
            "🔴 Пропущений дзвінок",
            "Ганна",
            "+380 67 123 45 67",
            "🆕 Новий клієнт, перший дзвінок",
            "23:45, чекали 0:17, лінія 0445550101",
            "Кому дзвонили: Олена (101), Тихий (102)",
        ]
        await maria.wait_for(lambda message: "A call was missed" in message.text)
        await boss.wait_for(lambda message: "Пропущений дзвінок" in message.text)
        await office.nothing_due()
        people = (boss, maria, olena, ivan, quiet, book)
        alerts = [len([m for m in who.messages() if "0445550101" in m.text]) for who in people]
        assert alerts == [1, 1, 1, 0, 0, 0]

        query = await olena.click(alert, "📄")
        await query.answered()
        card = await olena.wait_for(lambda message: "Пропущений виклик" in message.text)
        assert "Ціна: –" in card.text
        current = olena.current(alert)
        assert current is not None
        assert current.text == alert.text


async def test_a_price_that_comes_later_is_on_the_card_at_the_next_press(tmp_path: Path) -> None:
    clock = Clock(AFTER_RECORDING)
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        talked = call(
            "a2", status="answered", extension="101", answered_at="2026-11-22T21:45:29+00:00"
        )
        await office.post(talked)
        card = await office.press(boss, await office.ask(boss, "/today"), "1")
        assert "Ціна: –" in card.text
        await office.post({**talked, "price": "0.08"})
        card = await office.press(boss, card, "🔄")
        assert "Ціна: 0,08\xa0₴" in card.text
        await office.post(call("a3"))
        await office.nothing_due()
        clock.advance(360)
        card = await open_row(office, boss, await office.ask(boss, "/today"), "🔴")
        assert "Ціна: –" in card.text


async def test_a_live_call_stands_first_and_its_end_replaces_it(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        live = call(
            "live", status="ringing", started_at="2026-11-22T21:40:00+00:00", ended_at=None
        )
        await office.post(live, call("later"))
        page = await office.ask(boss, "/today")
        assert page.text.index("🔔") < page.text.index("🔴 23:45")
        assert "триває" in page.text
        ended = {**live, "status": "answered", "extension": "101", "talk_seconds": 40}
        assert (await office.post(ended))["updated"] == 1
        page = await office.press(boss, page, "🔄")
        assert page.text.index("🔴 23:45") < page.text.index("✅ 23:40")


async def test_a_blocked_person_is_out_at_the_next_press(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(call("a1"))
        page = await office.ask(olena, "/today")
        staff = await office.ask(boss, "/staff")
        person = await open_row(office, boss, staff, "Олена")
        await office.press(boss, person, "🔒")
        query = await olena.click(page, "1")
        assert (await query.answered()).text == "Немає доступу."
        assert "для співробітників однієї компанії" in (await office.ask(olena, "/today")).text


async def test_one_who_blocked_the_bot_is_muted_and_the_administrator_told(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await olena.block()
        await office.post(call("a1"))
        told = await boss.wait_for(lambda message: message.text.startswith("⚠️"))
        assert "Олена не отримує повідомлень" in told.text
        await office.post(call("a2", caller={"number": "0501112233"}))
        await boss.wait_for(lambda message: message.text.startswith("🔴") and message.id > told.id)
        await office.nothing_due()
        assert len(office.telegram.calls("sendMessage", chat_id=olena.id)) == 2  # START, then 403


async def test_one_stays_muted_whenever_telegram_tells_of_the_block(tmp_path: Path) -> None:
    """The refusal of an alert may come first, the update that says why after it."""
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        olena.chat.is_blocked = True
        await office.post(call("a1"))
        told = await boss.wait_for(lambda message: message.text.startswith("⚠️"))
        await olena.block()
        await office.ask(boss, "/log")
        await office.post(call("a2", caller={"number": "0501112233"}))
        await boss.wait_for(lambda message: message.text.startswith("🔴") and message.id > told.id)
        await office.nothing_due()
        assert len(office.telegram.calls("sendMessage", chat_id=olena.id)) == 2  # START, then 403
        olena.chat.is_blocked = False
        await office.ask(olena, "/log")
        await office.post(call("a3", caller={"number": "0502223344"}))
        await olena.wait_for(lambda message: "50 222" in message.text)


async def test_unreadable_input_is_told_to_the_administrator_once(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        answer = await office.post(call("a1"), {"id": "b", "status": "dancing"})
        [reject] = answer["rejected"]
        assert reject["index"] == 1
        await boss.wait_for(lambda message: "не вдалося прочитати" in message.text)
        await office.post(call("a2"), {"id": "c"})
        health = await office.ask(boss, "/health")
        assert "Не вдалося прочитати: 2" in health.text
        await office.nothing_due()
        told = [m for m in boss.messages() if m.text.startswith("⚠️ Частину даних")]
        assert len(told) == 1


@pytest.mark.parametrize("size", ["5", "10"])
async def test_the_page_has_as_many_rows_as_the_person_likes(tmp_path: Path, size: str) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        await import_recording(office)
        await office.press(boss, await office.ask(boss, "/settings"), f"По {size}")
        page = await office.ask(boss, "/log")
        assert len([line for line in page.text.splitlines() if line[:1].isdigit()]) == int(size)
        assert label(page, size) == size


async def test_the_calendar_offers_only_days_with_calls(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(AFTER_RECORDING)) as office:
        boss = await office.administrator()
        days = ("2026-11-03", "2026-11-21", "2026-09-30")
        await office.post(
            *(call(day, started_at=f"{day}T10:00:00", ended_at=None) for day in days)
        )
        month = await office.press(boss, await office.ask(boss, "/log"), "📅")
        offered = [text for row in month.buttons for text in row if text.isdigit()]
        assert offered == ["3", "21"]
        assert label(month, "Листопад 2026")
        for name, found in (("Жовтень 2026", []), ("Вересень 2026", ["30"])):
            month = await office.press(boss, month, "◀️")
            assert label(month, name)
            assert [t for row in month.buttons for t in row if t.isdigit()] == found
        day = await office.press(boss, month, "30")
        assert "Дзвінки: середа, 30 вересня" in day.text
        assert "Усього 1: вхідних 1" in day.text
        await office.post(
            call("live", status="ringing", started_at="2026-11-22T23:40:00", ended_at=None)
        )
        month = await office.press(boss, await office.ask(boss, "/log"), "📅")
        offered = [text for row in month.buttons for text in row if text.isdigit()]
        assert offered == ["3", "21", "22"]
        assert not label(month, "▶️"), "a live call is today's, and of no later month"
        shown = Calendar(month=12 * 2026, view=0, position=0, id=0)
        await office.post(call("first", started_at="2000-01-01T00:30:00+14:00", ended_at=None))
        for year, last in ((1999, 31), (2100, None)):
            query = await boss.press_stale(month, shown.turned(12 * year + 11).pack())
            assert (await query.answered()).text == ""
            shown_now = boss.current(month)
            assert shown_now
            assert label(shown_now, f"Грудень {year}")
            assert label(shown_now, str(last or "◀️"))
            assert not label(shown_now, "◀️" if last else "▶️")


async def test_a_call_of_the_far_future_is_refused_and_one_of_tomorrow_is_told_of(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path) as office:
        boss = await office.administrator()
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        for at in (office.clock() + 2 * 86400 + 1, 4_102_444_800):
            answer = await office.http.post(hook, json=lost("far", at))
            assert answer.status_code == 422
            [told] = answer.json()["rejected"][0]["errors"]
            assert told.startswith("started_at: is over two days ahead of the clock here")
        assert "Не вдалося прочитати: 2" in (await office.ask(boss, "/health")).text
        await office.post(lost("tomorrow", office.clock() + 2 * 86400))
        await alert_of(boss)


async def test_the_name_forgotten_is_that_of_the_contact_shown(tmp_path: Path) -> None:
    """A button of an old question, pressed all the same, forgets nothing."""
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        now = office.clock()
        people = {"0671234567": "Ганна", "0509998877": "Петро"}
        cards = []
        for number, name in people.items():
            await office.post(lost(name, now - 7200, caller={"number": number}))
            log = await office.ask(admin, "/log")
            card = await office.press(admin, log, "1")
            await office.press(admin, card, "👤")
            await office.ask(admin, name)
            cards.append(admin.last())
        contacts = [await office.press(admin, card, "👤") for card in cards]
        for contact in contacts:
            await office.press(admin, contact, "✏️")
        await admin.wait_gone(contacts[0])
        save = DialogButton(step=DialogStep.SAVE).pack()
        await (await admin.press_stale(contacts[0], save)).answered()
        log = await office.ask(admin, "/log")
        assert all(name in log.text for name in people.values())

"""Filters of the log as chips: what is chosen, what is left, what is kept, and by whom."""

from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.log_views import STORED_FROM, Chip
from bot.domain.people import Role
from keyboards.callbacks import LogChip, LogPage, LogPerson, LogSave, LogStatus, LogWithout
from tests.support.lost_calls import NOW
from tests.support.posted_calls import posted_call
from tests.support.running import Office, running_office
from tests.support.telegram import Clock

IRA, OLENA = 7001, 7002
DAY = 86400


@pytest.fixture
async def calls() -> list[dict[str, Any]]:
    lost = {"status": "missed", "extension": None, "talk_seconds": 0}
    out = {
        "direction": "out",
        "caller": {"number": "102"},
        "callee": {"number": "0501112233"},
        "extension": "102",
        "rang": [],
    }
    return [
        posted_call(1, **lost, queue="Продажі <b>"),
        posted_call(2, talk_seconds=400),
        posted_call(3, **out),
        posted_call(30, **lost),
        posted_call(31, **out, talk_seconds=1000),
        posted_call(900),
    ]


def rows(message: Message) -> int:
    return sum(label.isdigit() for row in message.buttons for label in row)


async def people(office: Office) -> tuple[User, User]:
    ira = await office.employee(IRA, "Ірина", Role.SUPERVISOR)
    olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    return ira, olena


async def test_chips_are_marked_and_together_leave_what_all_of_them_mean(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        log = await office.ask(ira, "/log")
        assert rows(log) == 6
        incoming = await office.press(ira, log, "↙️")
        assert (rows(incoming), incoming.button("↙️")["text"]) == (4, "↙️ Вхідні ✓")
        assert "🎛 Вхідні" in incoming.text
        lost = await office.press(ira, incoming, "🔴")
        assert (rows(lost), "🎛 Вхідні · Пропущені" in lost.text) == (2, True)
        outgoing = await office.press(ira, lost, "↗️")
        assert rows(outgoing) == 0
        assert "Таких дзвінків немає. Є, якщо прибрати один із фільтрів:" in outgoing.text
        without = await office.press(ira, outgoing, "✖️ Пропущені")
        assert (rows(without), "🎛 Вихідні" in without.text) == (2, True)
        assert rows(await office.press(ira, without, "🧹")) == 6


async def test_the_panel_says_how_many_calls_are_left_and_shows_them(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        shown = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        assert "6 дзвінків" in shown.text
        for label, count in (
            ("Від 5 хв", "2 дзвінки"),
            ("7 днів", "2 дзвінки"),
            ("Вчора", "1 дзвінок"),
            ("Вчора", "2 дзвінки"),
            ("Від 5 хв", "6 дзвінків"),
            ("❗", "1 дзвінок"),
            ("❗", "6 дзвінків"),
            ("Цей місяць", "5 дзвінків"),
        ):
            shown = await office.press(ira, shown, label)
            assert count in shown.text, label
        for asked, chosen, words in (
            ("🏷", "✅", "Дзвонили та дзвінок був прийнятий"),
            ("👤", "Олена", "Олена"),
            ("🗂", "Лінія", "Лінія 0445550101"),
        ):
            shown = await office.press(ira, await office.press(ira, shown, asked), chosen)
            assert words in shown.text
        assert "1 дзвінок" in shown.text
        log = await office.press(ira, shown, "⬅️")
        assert rows(log) == 1
        card = await office.press(ira, log, "1")
        assert rows(await office.press(ira, card, "⬅️")) == 1, "the way back is to what was chosen"


async def test_several_days_are_chosen_in_either_order(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        panel = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        month = await office.press(ira, panel, "📅")
        days = sorted(int(label) for row in month.buttons for label in row if label.isdigit())
        last = await office.press(ira, month, str(days[-1]))
        assert last.button(f"·{days[-1]}·")
        log = await office.press(ira, last, str(days[0]))
        assert f"🎛 {days[0]}–{days[-1]} лист" in log.text
        assert rows(log) == 5


async def test_views_are_kept_at_hand_and_outlast_a_restart(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        shown = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        for chip in ("↙️", "↗️", "🔁", "✅", "🔴"):
            shown = await office.press(ira, shown, chip)
            shown = await office.press(ira, shown, "⭐ Зберегти")
        labels = [label for row in shown.buttons for label in row if label.startswith("⭐")]
        assert labels[:2] == ["⭐ Вхідні", "⭐ Вихідні"]
        assert len(labels) == 6, "five, and the button to keep no more"
        sixth = await office.press(ira, shown, "🆕")
        assert "⭐ Зберегти" not in [label for row in sixth.buttons for label in row]
        view = LogChip.unpack(sixth.button("↙️")["callback_data"]).view
        told = await ira.press_stale(sixth, LogSave(view=view, is_wanted=True).pack())
        assert "п'ять добірок" in (await told.answered()).text
        async with office.restarted() as again:
            log = await again.press(ira, sixth, "⭐ Вихідні")
            assert rows(log) == 2
            shown = await again.press(ira, log, "🎛")
            shown = await again.press(ira, shown, "⭐ Не зберігати")
            assert "⭐ Вихідні" not in [label for row in shown.buttons for label in row]


async def test_nobody_sees_by_a_forged_button_what_is_not_theirs(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, olena = await people(office)
        await office.post(*calls)
        of_ira = await office.press(ira, await office.ask(ira, "/log"), "↗️")
        view = LogChip.unpack(of_ira.button("↗️")["callback_data"]).view
        log = await office.ask(olena, "/log")
        assert rows(log) == 4
        panel = await office.press(olena, log, "🎛")
        assert not [label for row in panel.buttons for label in row if label.startswith("👤")]
        for forged in (
            LogPage(view=view),
            LogChip(view=view, chip=Chip.LOST, panel=True),
            LogPage(view=STORED_FROM + 999),
            LogPerson(view=0, employee=1),
            LogWithout(view=0, part=999),
            LogStatus(view=0, number=999),
        ):
            query = await olena.press_stale(panel, forged.pack())
            assert (await query.answered()).text, forged
            now = olena.current(panel)
            assert now
            assert now.text == panel.text, forged


async def test_a_colleague_who_is_removed_stays_chosen_and_locks_nobody_out(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        asked = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        listed = await office.press(ira, asked, "👤")
        assert listed.buttons[0][0] == "Олена", "Ira has no telephone"
        chosen = await office.press(ira, listed, "Олена")
        kept = await office.press(ira, chosen, "⭐ Зберегти")
        assert "4 дзвінки" in kept.text
        boss = await office.administrator()
        person = await office.press(boss, await office.ask(boss, "/staff"), "3")
        await office.press(boss, await office.press(boss, person, "🗑"), "✅")
        panel = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        assert "⭐ Колишній співробітник" in [label for row in panel.buttons for label in row]
        nobody = await office.press(ira, panel, "⭐ Колишній співробітник")
        assert rows(nobody) == 0
        assert "Колишній співробітник" in nobody.text
        again = await office.press(ira, await office.press(ira, nobody, "🎛"), "⭐ Не зберігати")
        assert not [one for row in again.buttons for one in row if one.startswith("⭐ Колишній")]

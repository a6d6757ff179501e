"""What one tap does, another undoes: closing, ignoring, reminders; what became of a comment."""

from pathlib import Path

from bot.domain.people import Role
from tests.support.lost_calls import NOW, alert_of, has_button, lost
from tests.support.running import IVAN, OLENA, running_office
from tests.support.telegram import Clock


async def test_a_closing_from_an_alert_is_undone_where_it_was_said(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        await office.press(olena, alert, "✅")
        said = await office.press(olena, olena.last(), "Реклама")
        assert said.buttons == [["↩️ Відкрити знову"]]
        await olena.wait_for(lambda one: "Закрито вручну: Олена" in one.text)
        assert (await office.press(olena, said, "↩️")).text == "Знову відкрито"
        again = await olena.wait_for(lambda one: one.id == alert.id and bool(one.buttons[1:]))
        assert again.buttons[0][0] == "🙋 Беру"
        card = await office.press(olena, await office.ask(olena, "/missed"), "1")
        assert "Закрито" not in card.text


async def test_ignoring_and_closing_are_undone_on_cards(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await office.post(lost("a", NOW - 60))
        case = await office.press(boss, await office.ask(boss, "/missed"), "1")
        case = await office.press(boss, case, "🙈")
        assert has_button("↩️ Не ігнорувати")(case)
        case = await office.press(boss, case, "↩️ Не ігнорувати")
        assert has_button("🙈 Ігнорувати номер")(case)
        await office.press(boss, case, "🙈")
        screen = await office.press(boss, await office.ask(boss, "/settings"), "🏢")
        listed = await office.press(boss, screen, "🙈")
        heard = await office.press(boss, listed, "+380 67 123 45 67")
        assert heard.text.startswith("Ігнорованих номерів немає")
        again = await office.press(boss, heard, "↩️ Повернути")
        assert again.buttons == listed.buttons
        await office.press(boss, case, "↩️ Не ігнорувати")
        call = await office.press(boss, await office.ask(boss, "/log"), "1")
        asked = await office.press(boss, call, "✅")
        call = await office.press(boss, asked, "Реклама")
        assert has_button("↩️ Відкрити знову")(call)
        call = await office.press(boss, call, "↩️ Відкрити знову")
        assert has_button("🙋 Беру")(call)


async def test_reminders_are_listed_and_cancelled(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(
            lost("a", NOW - 60), lost("b", NOW - 50, caller={"number": "0509998877"})
        )
        for words in ("Ганна", "50 999"):
            await office.press(olena, await alert_of(olena, words), "📄")
            await office.press(olena, olena.last(), "⏰")
            promised = await office.press(olena, olena.last(), "15")
            assert promised.buttons == [["✖️ Не нагадувати", "⏰ Усі нагадування"]]
        dropped = await office.press(olena, promised, "✖️")
        assert dropped.text == "Не нагадуватиму: +380 50 999 88 77"
        screen = await office.press(olena, await office.ask(olena, "/settings"), "⏰")
        assert screen.text == "⏰ Ваші нагадування\n1. 11:58\n    Ганна, +380 67 123 45 67"
        empty = await office.press(olena, screen, "🗑 1")
        assert empty.text.startswith("Нагадувань немає")
        back = await office.press(olena, empty, "↩️ Повернути")
        assert back.text == "⏰ Ваші нагадування\n1. 11:58\n    Ганна, +380 67 123 45 67"
        await office.press(olena, back, "🗑 1")
        clock.advance(901)
        await office.nothing_due()
        assert not [one for one in olena.messages() if "Ви просили" in one.text]


async def test_a_changed_and_a_deleted_comment_leave_a_trace(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "<Іван>", Role.OPERATOR, "102")
        await office.post(lost("a", NOW - 60))
        await office.press(olena, await office.ask(olena, "/log"), "1")
        await office.press(olena, olena.last(), "💬")
        card = await office.ask(olena, "перше & <b>")
        assert "📜" not in str(card.buttons)
        shown = await office.press(ivan, await office.ask(ivan, "/log"), "1")
        await office.press(ivan, shown, "✏️")
        changed = await office.ask(ivan, "друге")
        assert has_button("📜 Зміни коментаря")(changed)
        await office.press(ivan, changed, "🗑")
        shown = await office.press(olena, await office.ask(olena, "/log"), "1")
        history = await office.press(olena, shown, "📜")
        assert history.text.splitlines()[2:] == [
            *("", "11:43, написано, Олена:", "перше & <b>"),
            *("", "11:43, змінено, <Іван>:", "перше & <b>", "друге"),
            *("", "11:43, видалено, <Іван>:", "друге"),
        ]
        back = await office.press(olena, history, "⬅️")
        assert "Початок дзвінка" in back.text

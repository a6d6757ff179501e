"""A storm on the board: filtered, taken and closed at once, with one word why, and undone."""

from pathlib import Path
from typing import Any

from bot.domain.people import Role
from keyboards.callbacks import BatchButton, BatchStep
from tests.support.lost_calls import NOW, dialled, has_button, lost, pressed
from tests.support.running import ACCOUNTANT, IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock


def storm(count: int, queue: str, first: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """So many clients lost in one queue, a second apart."""
    return [
        lost(
            f"s{number}",
            NOW - 7200 + number,
            caller={"number": f"050{number:07}"},
            queue=queue,
            **changes,
        )
        for number in range(first, first + count)
    ]


def states(office: Office) -> dict[str, int]:
    return dict(office.rows("SELECT state, count(*) FROM cases GROUP BY state"))


async def test_a_storm_is_filtered_taken_closed_and_undone(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock, claim_minutes=10) as office:
        boss = await office.employee(SUPERVISOR, "Ірина", Role.SUPERVISOR)
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        clerk = await office.employee(ACCOUNTANT, "Марія", Role.ACCOUNTANT, "101")
        await office.post(
            *storm(300, "Продажі", rang=["109"]),
            *storm(5, "Опт <b>", 300),
            lost("old", NOW - 30 * 3600, caller={"number": "0931112233"}),
        )

        # The board of a storm, in pages; a part of it
        shown = await office.ask(boss, "/missed")
        assert shown.text.startswith("Не передзвонили: 306")
        assert has_button("1/39")(shown)
        shown = await office.press(boss, shown, "▶️")
        assert has_button("2/39")(shown)
        choice = await office.press(boss, shown, "🗂 Фільтр")
        assert choice.buttons[2:4] == [["0445550101 · 306"], ["Продажі · 300"]]
        shown = await office.press(boss, choice, "Опт <b> · 5")
        assert shown.text.splitlines()[:2] == ["Не передзвонили: 5", "🗂 черга «Опт <b>»"]
        assert has_button("🗂 Фільтр ✓")(shown)
        assert "Сьогодні:" not in shown.text, "those are the numbers of the whole board"
        card = await office.press(boss, shown, "2")
        shown = await office.press(boss, card, "⬅️")
        assert shown.text.splitlines()[1] == "🗂 черга «Опт <b>»"
        choice = await office.press(boss, shown, "🗂 Фільтр")
        empty = await office.press(boss, choice, "Раніше")
        assert "Таких немає." in empty.text
        assert not has_button("✅ Закрити всіх")(empty)

        # An operator takes what rang them; the press is doubled; a colleague was faster
        shown = await office.ask(olena, "/missed")
        assert shown.text.startswith("Не передзвонили: 6")
        asked = await office.press(olena, shown, "🙋 Взяти всіх")
        assert asked.text.splitlines() == [
            "🙋 Взяти 6 клієнтів?",
            "Вони будуть ваші. Якщо не додзвонитеся, про першого запитаю через 10 хв, "
            "про кожного наступного – ще через 2 хв.",
        ]
        board = await office.ask(ivan, "/missed")
        await office.press(ivan, await office.press(ivan, board, "1"), "🙋 Беру")
        taken = await office.press(olena, asked, "🙋 Взяти: 6")
        assert taken.text.splitlines() == [
            "🙋 5 клієнтів тепер ваші",
            "Із 6 не зачепило 1: тим часом щось змінилося.",
        ]
        twice = BatchButton(step=BatchStep.TAKE, batch=1, board="a").pack()
        await (await olena.press_stale(taken, twice)).answered()
        assert office.rows("SELECT count(*) FROM case_events WHERE kind = 'taken'") == [(6,)]

        # Others cannot use her buttons; an accountant has none, and may not forge them
        forged = BatchButton(step=BatchStep.UNDO, batch=1, board="a").pack()
        answer = await (await ivan.press_stale(ivan.last(), forged)).answered()
        assert answer.text == "Цих даних уже немає: їх видалено."
        shown = await office.ask(clerk, "/missed")
        assert "всіх" not in str(shown.buttons)
        forged = BatchButton(step=BatchStep.ASK_CLOSE, board="a").pack()
        answer = await (await clerk.press_stale(shown, forged)).answered()
        assert "супервайзери" in answer.text

        # A supervisor closes all of a queue, colleagues' too; what changed meanwhile stays
        shown = await office.ask(boss, "/missed")
        choice = await office.press(boss, shown, "🗂 Фільтр")
        shown = await office.press(boss, choice, "Опт")
        asked = await office.press(boss, shown, "✅ Закрити всіх")
        assert asked.text.splitlines() == [
            "✅ Закрити вручну 5 клієнтів?",
            "🗂 черга «Опт <b>»",
            "Їм більше ніхто не передзвонить. Усе разом можна скасувати протягом 1 год.",
            "Із них узяли колеги: 5.",
            "",
            "Чому? Оберіть або надішліть текст, до 200 символів.",
        ]
        back = await office.press(boss, asked, "✖️")
        assert back.text.startswith("Не передзвонили: 5")
        asked = await office.press(boss, back, "✅ Закрити всіх")
        await office.post(*storm(1, "Опт <b>", 300, id="again"))
        sent = await boss.send("х" * 201)
        too_long = await boss.wait_for(lambda one: one.id > sent.id)
        assert "Текст довший на 1 символ" in too_long.text
        sent = await boss.send("Збій <АТС>")
        done = await boss.wait_for(lambda one: one.id > sent.id)
        assert done.text.splitlines() == [
            "✅ Закрито вручну: 4 клієнтів",
            "💬 Збій <АТС>",
            "Із 5 не зачепило 1: тим часом щось змінилося.",
        ]
        case_id = office.rows("SELECT max(id) FROM cases WHERE state = 'by_hand'")[0][0]
        events = office.rows(
            "SELECT kind, text FROM case_events WHERE case_id = ? ORDER BY id", case_id
        )
        assert events == [("taken", None), ("closed", "Збій <АТС>")]

        # The way back: but for the client called back since
        await office.post(dialled("back", NOW + 5, callee={"number": "0500000304"}))
        undone = await office.press(boss, done, "↩️ Скасувати")
        assert undone.text.splitlines() == [
            "↩️ Знову відкрито: 3 клієнтів",
            "Залишено як є: 1, з того часу щось змінилося.",
        ]
        assert states(office) == {"open": 305, "by_hand": 1}
        assert not has_button("↩️")(undone)
        assert (await office.press(boss, undone, "🔴")).text.startswith("Не передзвонили: 4")
        mine = await office.press(olena, await office.ask(olena, "/missed"), "Мої")
        assert mine.text.startswith("Не передзвонили, мої: 4")

        # Hers are given back; too late is said
        undo = await office.press(olena, taken, "↩️ Скасувати")
        assert undo.text.splitlines() == [
            "↩️ 4 клієнти знову вільні",
            "Залишено як є: 1, з того часу щось змінилося.",
        ]
        taken = await office.press(boss, await office.ask(boss, "/missed"), "🙋 Взяти всіх")
        taken = await office.press(boss, taken, "🙋 Взяти: 304")
        asked = await office.press(ivan, await office.ask(ivan, "/missed"), "✅ Закрити всіх")
        late = await office.press(boss, await office.ask(boss, "/missed"), "✅ Закрити всіх")
        clock.advance(3601)
        assert await pressed(boss, taken, "↩️") == (
            "Скасувати все разом уже пізно; кожного можна повернути на його картці."
        )
        before = states(office)
        assert (
            await office.press(boss, late, "Реклама")
        ).text == "Це запитання вже не діє, нічого не змінено."
        assert (
            await office.press(ivan, asked, "Реклама")
        ).text == "Це запитання вже не діє, нічого не змінено."
        assert states(office) == before

"""Lost calls as people see them: real HTTP, real updates, every copy of every message."""

from pathlib import Path

from bot.domain.people import Role
from keyboards.callbacks import CaseButton, CaseStep
from storage.database import open_database
from tests.support.lost_calls import NOW, alert_of, dialled, lost, moment, pressed
from tests.support.running import IVAN, OLENA, running_office
from tests.support.telegram import Clock, RunningClock


async def test_a_case_from_the_first_ring_to_the_call_back(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=RunningClock(NOW)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        await office.post(lost("a", NOW - 420))
        alerts = {user.id: await alert_of(user) for user in (boss, olena, ivan)}
        assert alerts[OLENA].buttons == [
            ["🙋 Беру", "📝 З коментарем"],
            ["✅ Закрити", "📄 Картка"],
        ]
        await office.press(ivan, alerts[IVAN], "📝")
        asked = await alert_of(ivan, "Беру: Ганна")
        assert asked.buttons[0] == ["Зараз телефоную"]
        assert "Клієнт ваш" in (await office.ask(ivan, "обіцяв після обіду")).text
        seen = await alert_of(olena, "Взято: Іван")
        assert seen.id == alerts[OLENA].id
        assert "💬 обіцяв після обіду" in seen.text
        assert seen.buttons == [["📄 Картка"]]
        assert (await pressed(olena, alerts[OLENA], "📄")).startswith("⚠️ Уже взято: Іван")
        assert not await pressed(ivan, alerts[IVAN], "📄")
        card = await alert_of(olena, "Початок дзвінка")
        assert "🙋 Взято: Іван" in card.text
        assert not [row for row in card.buttons if "🙋 Беру" in row]

        await office.post(dialled("b", NOW - 300, "102", status="no_answer", answered_at=None))
        assert "🔕 Спроба" in (await alert_of(boss, "Спроба")).text
        await office.post(dialled("c", NOW - 60, "102"))
        await office.nothing_due()
        for user in (boss, olena, ivan):
            over = user.current(alerts[user.id])
            assert over
            assert "✅ Передзвонили: Іван" in over.text
            assert "за 6 хв" in over.text
            assert over.buttons == [["📄 Картка"]]
            assert [tag for tag in ("<s>",) if tag in over.html]
            told = [one for one in user.messages() if "Пропущений дзвінок" in one.text]
            assert len(told) == 1
        opened = olena.current(card)
        assert opened
        assert "✅ Передзвонили: Іван" in opened.text, "the card below the alert says so too"
        board = await office.ask(boss, "/missed")
        assert board.text.startswith("Не передзвонили: 0")
        assert "пропущено клієнтів 1, передзвонили 1, додзвонилися 0, залишилося 0" in board.text
        closed = await office.press(boss, board, "Закриті")
        case = await office.press(boss, closed, "1")
        assert "✅ Передзвонили: Іван" in case.text
        back = await office.press(boss, case, "⬅️")
        assert back.text.startswith("Закриті сьогодні: 1")


async def test_a_correction_mends_every_copy_also_of_those_who_may_see_no_case(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=RunningClock(NOW)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "103")
        await office.post(lost("a", NOW - 60))
        alerts = {user.id: await alert_of(user) for user in (boss, olena)}
        await office.press(boss, alerts[boss.id], "👥")
        await office.press(boss, await alert_of(boss, "Кому передати"), "Іван")
        handed = await alert_of(ivan, "👥 Передано: ")
        assert " → Іван, " in handed.text
        await office.press(boss, await alert_of(boss, "👥 Передано: "), "↩️")
        gone = await alert_of(ivan, "уже не ваш")
        assert (gone.id, gone.buttons) == (handed.id, [])
        answered = {"status": "answered", "extension": "101", "answered_at": moment(NOW - 50)}
        await office.post(lost("a", NOW - 60, **answered))
        for user in (boss, olena):
            over = await alert_of(user, "не пропущено")
            assert (over.id, over.buttons) == (alerts[user.id].id, [["📄 Картка"]])


async def test_fifty_hands_go_up_at_once_and_one_wins(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        async with (
            open_database(office.settings.database) as database,
            database.transaction() as tx,
        ):
            tx.write_many(
                "INSERT INTO employees (id, tg_id, name, role, language, page_size, "
                "created_at) VALUES (?, ?, ?, 'supervisor', 'uk', 8, 0)",
                [(100 + n, 5000 + n, f"Людина {n}") for n in range(50)],
            )
        people = [
            office.telegram.user(5000 + n, f"Людина {n}", is_started=True) for n in range(50)
        ]
        await office.post(lost("a", NOW - 60))
        alerts = [await person.wait_for(lambda one: "🔴" in one.text, 20) for person in people]
        queries = [
            await person.click(alert, "🙋")
            for person, alert in zip(people, alerts, strict=True)
            for _ in range(2)  # a double tap of everybody
        ]
        answers = [await query.answered(20) for query in queries]
        won = [answer for answer in answers if answer.text == "Клієнт ваш"]
        assert len(won) == 2  # both taps of the same person
        winner = answers.index(won[0]) // 2
        others = {answer.text for answer in answers if answer not in won}
        assert others == {f"Уже взято: Людина {winner}, 11:43"}
        for person in people:
            await person.wait_for(lambda one: f"Взято: Людина {winner}," in one.text, 20)


async def test_what_is_said_of_a_case_is_asked_for_patiently(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        await office.press(olena, alert, "📝")
        asked = await alert_of(olena, "Беру: Ганна")
        done = await office.press(olena, asked, "Передзвоню завтра")
        assert done.text.startswith("Клієнт ваш")
        assert done.buttons == []
        mine = await alert_of(olena, "💬 Передзвоню завтра")
        await office.press(olena, mine, "✅")
        asked = await alert_of(olena, "Закриваємо вручну")
        sticker = await olena.send_sticker()
        expected = await olena.wait_for(lambda one: one.id > sticker.id)
        assert "лише текст" in expected.text
        long = await office.ask(olena, "ї" * 237)
        assert long.text.startswith("Текст довший на 37 символів.")
        await office.press(olena, long, "✅")
        over = await alert_of(olena, "Закрито вручну: Олена")
        assert f"💬 {'ї' * 200}" in over.text
        await olena.wait_gone(asked)
        log = await office.ask(olena, "/log")
        assert "закрито вручну через 1 хв" in log.text


async def test_the_question_to_the_owner_says_what_became_of_it(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        await pressed(olena, await alert_of(olena), "🙋")
        clock.advance(601)
        asked = await alert_of(olena, "Ви ще цим займаєтеся?")
        assert await pressed(olena, asked, "⏰") == "Ще 10 хвилин"
        told = await olena.wait_for(lambda one: one.id == asked.id and "Взято" in one.text)
        assert (told.buttons, "знову стане вільним" in told.text) == ([], False)
        clock.advance(601)
        again = await olena.wait_for(lambda one: one.id > asked.id and "Ви ще" in one.text)
        await office.post(dialled("b", clock() - 60))
        told = await olena.wait_for(lambda one: one.id == again.id and "✅" in one.text)
        assert "Передзвонили: Олена" in told.text
        assert told.buttons == []


async def test_who_deleted_the_message_sees_the_next_call(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=RunningClock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        await olena.delete(alert)
        await office.post(lost("b", NOW - 30))
        again = await alert_of(olena, "×2")
        assert again.id > alert.id
        *_, sent = office.telegram.calls("sendMessage", chat_id=OLENA)
        assert sent.params["disable_notification"] is True, "an edit makes no sound"


async def test_nobody_is_shown_the_way_to_a_call_they_may_not_see(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=RunningClock(NOW)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "103")
        await office.post(lost("a", NOW - 60), dialled("b", NOW - 30, "103"))
        for user, row, label in ((boss, "2", "↗️ Розмова"), (olena, "1", ""), (ivan, "1", "")):
            card = await office.press(user, await office.ask(user, "/log"), row)
            ways = [text for line in card.buttons for text in line]
            found = [text for text in ways if "Розмова" in text or "Пропущений" in text]
            assert found == ([label] if label else [])
            assert "З клієнтом" in card.text or "Передзвонили: Іван" in card.text


async def test_what_a_colleague_has_taken_is_not_asked_about(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        await pressed(ivan, await alert_of(ivan), "🙋")
        close = CaseButton(step=CaseStep.CLOSE, case=1).pack()
        answer = await (await olena.press_stale(alert, close)).answered()
        assert answer.text == "Уже взято: Іван, 11:43"


async def test_a_newer_question_takes_the_older_one_away(tmp_path: Path) -> None:
    petro = {"caller": {"number": "0509998877", "name": "Петро"}}
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await office.post(lost("a", NOW - 60), lost("b", NOW - 50, **petro))
        alerts = [await alert_of(boss, name) for name in ("Ганна", "Петро")]
        await office.press(boss, alerts[0], "✅")
        older = await alert_of(boss, "Закриваємо вручну: Ганна")
        await office.press(boss, alerts[1], "✅")
        newer = await alert_of(boss, "Закриваємо вручну: Петро")
        await boss.wait_gone(older)
        await (await boss.click(newer, "Помилилися")).answered()
        board = await office.ask(boss, "/missed")
        assert board.text.startswith("Не передзвонили: 1")
        assert "Ганна" in board.text


async def test_an_operator_who_cannot_hand_over_is_told_no_names(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        hand = CaseButton(step=CaseStep.HAND, case=1).pack()
        assert (await (await olena.press_stale(alert, hand)).answered()).text == "Немає доступу."
        assert olena.last().id == alert.id


async def test_a_restart_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        alert = await alert_of(olena)
        await pressed(olena, alert, "🙋")
        mine = await alert_of(olena, "Взято: Олена")
        await office.press(olena, mine, "✅")
        asked = await alert_of(olena, "Закриваємо вручну")
        async with office.restarted() as again:
            clock.advance(7200)  # the bot slept two hours
            reminded = await alert_of(olena, "Ви ще цим займаєтеся?")
            await again.press(olena, asked, "Помилилися")
            over = await alert_of(olena, "Закрито вручну: Олена")
            assert over.id == alert.id
            assert "💬 Помилилися номером" in over.text
            assert await pressed(olena, reminded, "⏰") == "Цей клієнт уже не ваш"
            assert not olena.current(reminded).buttons  # type: ignore[union-attr]  # still there
            take = CaseButton(step=CaseStep.TAKE, case=1).pack()
            stale = await (await olena.press_stale(over, take)).answered()
            assert stale.text == "Уже закрито"

"""What administrators decide for the company: hours, lines, who hears when."""

from pathlib import Path

from bot.demo.bot_api.chats import Message
from bot.domain.people import Role
from tests.support.lost_calls import NOW, alert_of, lost
from tests.support.running import OLENA, running_office
from tests.support.telegram import Clock


async def test_the_company_decides_when_supervisors_hear(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        page = await office.press(boss, await office.ask(boss, "/settings"), "🏢")
        await office.press(boss, page, "🕘")
        bad = await office.ask(boss, "пн-пт 9-18, сб колись")
        assert bad.text == "Не розумію «сб колись»."
        page = await office.ask(boss, "пн-пт 9:00-11:50")
        assert "Робочі години: пн–пт 9:00–11:50" in page.text
        page = await office.press(boss, await office.press(boss, page, "⬅️ До нал"), "🏢")
        page = await office.press(boss, page, "📣")
        page = await office.press(boss, page, "Супервайзери")
        page = await office.press(boss, page, "через 10 хв")
        page = await office.press(boss, page, "Повтор")
        await office.press(boss, page, "кожні 5 хв")
        refused = await (await olena.press_stale(olena.last(), "ov1:repeat_every:0")).answered()
        assert "застаріла" in refused.text or "доступу" in refused.text

        await office.post(lost("a", NOW - 60))
        first = await alert_of(olena)
        clock.advance(420)  # 11:50, working time is over before the ten minutes are
        await office.nothing_due()
        assert not [one for one in boss.messages() if "🔴" in one.text]
        clock.advance(86400 - 3 * 3600 + 1200)  # Tuesday, 9:10
        told = await boss.wait_for(lambda one: "Пропущений дзвінок" in one.text, 12)
        assert "Ганна" in told.text
        listed = await boss.wait_for(lambda one: "1 клієнту не передзвонили" in one.text, 12)
        assert listed.buttons == [["🔴 Не передзвонили"]]
        again = await olena.wait_for(
            lambda one: one.id > first.id and "Пропущений дзвінок" in one.text, 12
        )
        await olena.wait_gone(first)
        assert again.buttons[0][0] == "🙋 Беру"


async def test_the_line_that_is_pressed_is_the_line_that_is_asked_about(tmp_path: Path) -> None:
    """Also if a call on another line has come since the lines were shown."""
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await office.post(lost("a", NOW - 7200, line="0445550202"))
        page = await office.press(boss, await office.ask(boss, "/settings"), "🏢")
        page = await office.press(boss, page, "📞")
        await office.post(lost("b", NOW - 7200, line="0445550101"))
        asked = await office.press(boss, page, "0445550202")
        assert "0445550202" in asked.text


async def test_no_hours_is_said_of_the_line_under_whose_question_it_stands(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await office.post(lost("a", NOW - 7200, line="0445550202"))

        async def begin(*labels: str) -> Message:
            page = await office.ask(boss, "/settings")
            for label in ("🏢", *labels):
                page = await office.press(boss, page, label)
            return page

        for labels, words in ((("🕘",), "пн-пт 9-18"), (("📞", "0445550202"), "сб 10-12")):
            await begin(*labels)
            await office.ask(boss, words)
        of_company = await begin("🕘")
        of_line = await begin("📞", "0445550202")
        await begin("📅")
        over = await office.press(boss, of_company, "🕘 Цілодобово")
        assert over.text == "Це запитання вже не діє, нічого не змінено."
        await begin("🕘")
        page = await office.press(boss, of_line, "🕘 Як у компанії")
        assert page.text.endswith("Прибрано (натисніть, щоб скопіювати): сб 10:00–12:00")
        assert "Робочі години: пн–пт 9:00–18:00" in page.text
        assert "0445550202" not in page.text

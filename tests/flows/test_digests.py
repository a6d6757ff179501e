"""Digests as people get them, from a bot that was down."""

import asyncio
from pathlib import Path

from bot.domain.people import Role
from storage.database import open_database
from storage.digest_times import DigestTimes
from tests.support.kyiv import KYIV, at
from tests.support.lost_calls import NOW, dialled, lost, moment, pressed
from tests.support.running import OLENA, running_office
from tests.support.telegram import Clock


async def test_what_was_due_while_the_bot_was_down_comes_once(tmp_path: Path) -> None:
    clock = Clock(at("2026-11-23 17:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        page = await office.press(boss, await office.ask(boss, "/settings"), "📊")
        await office.press(boss, page, "18:00")
        await office.stop()
        clock.advance(3 * 3600)
        async with open_database(office.settings.database) as database:
            times = DigestTimes(database, KYIV)
            assert await times.owe_due(now=int(clock())) == 1  # and killed before it was sent
        async with office.restarted():
            await boss.wait_for(lambda one: one.text.startswith("📊 Пропущені, 23 листопада"), 12)
        async with office.restarted():
            found = [one for one in boss.messages() if one.text.startswith("📊 Пропущені")]
            assert len(found) == 1


async def test_the_digest_tells_the_day_and_opens_its_lists(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for user in (boss, olena):
            page = await office.press(user, await office.ask(user, "/settings"), "📊")
            page = await office.press(user, page, "✏️")
            page = await office.ask(user, "18:30")
            assert "18:30 ✓" in [label for row in page.buttons for label in row]
        week = 7 * 86400
        numbers = [f"05011122{n:02}" for n in range(4)]
        await office.post(
            *(
                lost(f"a{n}", NOW - 7200 + 600 * n, caller={"number": number})
                for n, number in enumerate(numbers)
            ),
            lost("x", NOW - 3600, caller={"number": "0631112233"}, rang=["102"]),
            lost("w", NOW - week, caller={"number": "0631110000"}),
            dialled("b0", NOW - 6600, callee={"number": numbers[0]}),
            dialled("b1", NOW - 5000, callee={"number": numbers[1]}),
            lost(
                "b2",
                NOW - 4000,
                caller={"number": numbers[2]},
                status="answered",
                extension="101",
                answered_at=moment(NOW - 3990),
            ),
        )
        clock.advance(7 * 3600)
        digest = await boss.wait_for(lambda one: one.text.startswith("📊"), 12)
        assert digest.text.splitlines() == [
            "📊 Пропущені, 23 листопада, до 18:30",
            "Пропущено клієнтів: 5 ↑ (1), гірше",
            "Передзвонили ми: 2 ↑ (0)",
            "Додзвонилися клієнти: 1 ↑ (0)",
            "Залишилося: 2 ↑ (1), гірше",
            "",
            "Передзвонюємо за 18 хв",
            "9 із 10 – за 26 хв або швидше",
            "Вчасно, за 15 хв: 1 із 4",
            "Вчасно: 25% ↑ (тиждень тому 0%), краще",
            "Найгірша година: 10:00–11:00, клієнтів 3",
            "",
            "Хто передзвонив",
            "Олена: 2, за 18 хв",
            "",
            "У дужках – той самий день тиждень тому",
        ]
        own = await olena.wait_for(lambda one: one.text.startswith("📊"), 12)
        assert "Пропущено клієнтів: 4 ↑ (1)" in own.text
        await office.press(boss, digest, "Залишилося")
        left = await boss.wait_for(lambda one: one.text.startswith("Залишилося: "))
        assert left.buttons == [["1", "2"]]
        assert "+380 63 111 22 33" in left.text
        card = await office.press(boss, left, "1")
        assert "Ще не передзвонили" in card.text or "Не передзвонили" in card.text
        back = await office.press(boss, await office.press(boss, card, "🔄"), "⬅️")
        assert back.text == left.text
        await office.press(boss, digest, "Олена: 2")
        returned = await boss.wait_for(lambda one: one.text.startswith("Передзвонили ми: "))
        assert returned.buttons == [["1", "2"]]
        assert "Немає" not in await pressed(olena, own, "Залишилося")

        async def next_digest_is(due_at: float) -> None:
            async with asyncio.timeout(12):
                while office.rows("SELECT DISTINCT due_at FROM digests") != [(int(due_at),)]:  # noqa: ASYNC110 - the bot's own file
                    await asyncio.sleep(0.02)

        half_past_six = NOW + 6 * 3600 + 47 * 60 - NOW % 60
        await next_digest_is(half_past_six + 86400)
        clock.advance(-3600)  # the clock is set back: nothing twice
        await next_digest_is(half_past_six)
        clock.advance(3600)
        await next_digest_is(half_past_six + 86400)
        await office.nothing_due()
        assert sum(one.text.startswith("📊") for one in boss.messages()) == 1

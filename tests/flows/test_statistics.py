"""Statistics in chat: every number opens the list it counts, pictures, periods, Mondays."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from bot.domain.statistics import Number
from keyboards.callbacks import StatsChart, StatsDays, StatsList, StatsShow
from storage.database import open_database
from tests.support.case_ends import end_some
from tests.support.engines import ONLY_SQLITE
from tests.support.running import Office, running_office
from tests.support.telegram import Clock

NOW = int(datetime(2026, 11, 25, 12, 30, tzinfo=UTC).timestamp())
"""A Wednesday, 14:30 in Kyiv."""

IRA, OLENA, PETRO = 7001, 7002, 7003
HOUR, DAY = 3600, 86400


def calls() -> list[dict[str, Any]]:
    """Three weeks of calls, of 101 and 102, some lost, some called back."""
    numbers = count(1)

    def call(ago: int, client: int, **said: Any) -> dict[str, Any]:
        number = next(numbers)
        return {
            "id": f"a{number}",
            "direction": "in",
            "status": "answered",
            "caller": {"number": f"06712345{client:02}"},
            "callee": {"number": "0445550101"},
            "line": "0445550101" if number % 3 else "0445550102",
            "extension": "101",
            "rang": ["101", "102"] if number % 2 else ["101"],
            "started_at": datetime.fromtimestamp(NOW - ago, UTC).isoformat(),
            "wait_seconds": 5 + number % 40,
            "talk_seconds": 30 + number * 7 % 300,
        } | said

    lost = {"status": "missed", "extension": None, "talk_seconds": 0}

    def out(client: int, phone: str) -> dict[str, Any]:
        ends = {"caller": {"number": phone}, "callee": {"number": f"06712345{client:02}"}}
        return {"direction": "out", "extension": phone, "rang": [], **ends}

    found = [call(20 * DAY, 1)]
    for day in range(1, 21):
        at = day * DAY
        found += [
            call(at, day % 9),
            call(at + HOUR, day % 9 + 10, **lost),
            call(at + 2 * HOUR, 30 + day, **lost, rang=["102"]),
            call(at + HOUR - 600 * day % HOUR, day % 9 + 10, **out(day % 9 + 10, "102")),
            call(at + 3 * HOUR, 50, **out(50, "101"), status="no_answer", talk_seconds=0),
        ]
    return [*found, call(HOUR, 1), call(2 * HOUR, 77, **lost), call(60, 78, status="ringing")]


async def end_cases(office: Office) -> None:
    """Clients who got through, whose case was closed by hand, who are ignored and call again."""
    said = {"direction": "in", "line": "0445550101", "rang": ["101"]}
    lost = {**said, "status": "missed"}

    def at(ago: int) -> str:
        return datetime.fromtimestamp(NOW - ago, UTC).isoformat()

    patient, ignored = {"number": "0671234560"}, {"number": "0671234561"}
    await office.post(
        {**lost, "id": "b1", "caller": patient, "started_at": at(3 * DAY)},
        {
            **said,
            "id": "b2",
            "status": "answered",
            "extension": "101",
            "caller": patient,
            "started_at": at(3 * DAY - HOUR),
            "talk_seconds": 60,
        },
        {**lost, "id": "b3", "caller": ignored, "started_at": at(2 * DAY)},
    )
    [[boss]] = office.rows("SELECT id FROM employees WHERE tg_id = ?", IRA)
    async with open_database(office.settings.database) as database:
        await end_some(database, boss, "+380671234561", now=NOW - HOUR)
    await office.post({**lost, "id": "b4", "caller": ignored, "started_at": at(HOUR // 2)})


async def people(office: Office) -> tuple[User, User]:
    ira = await office.employee(IRA, "Ірина", Role.SUPERVISOR)
    olena = await office.employee(OLENA, "Олена <b>", Role.OPERATOR, "101")
    await office.employee(PETRO, "Петро", Role.OPERATOR, "102", "103")
    for tg_id in (OLENA, PETRO):
        assert office.rows("SELECT 1 FROM employees WHERE tg_id = ?", tg_id)
    return ira, olena


async def counted(office: Office, user: User, log: Message) -> int:
    """How many calls a list has, all its pages turned."""
    total = 0
    while True:
        total += sum(label.isdigit() for row in log.buttons for label in row)
        if not any("▶️" in label for row in log.buttons for label in row):
            return total
        log = await office.press(user, log, "▶️")


def of_lost(text: str) -> list[int]:
    """How many calls were missed, and what became of so many of them."""
    return [*map(int, re.findall(r"^(?:🔴 Пропущені дзвінки|– .*): (\d+)", text, re.M))]


def buttons(message: Message) -> list[tuple[str, str]]:
    """The labels of the buttons, and their data."""
    rows = (message.markup or {})["inline_keyboard"]
    return [(one["text"], one["callback_data"]) for row in rows for one in row]


async def below(user: User, shown: Message, data: str) -> Message:
    """The message that comes when the button with these data is pressed."""
    last = max(shown.chat.messages)
    await (await user.press_stale(shown, data)).answered()
    return await user.wait_for(lambda one: one.is_from_bot and one.id > last)


@pytest.mark.parametrize("who", ["ira", "olena"])
async def test_each_number_opens_the_list_that_it_counts(tmp_path: Path, who: str) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, olena = await people(office)
        await office.post(*calls())
        await end_cases(office)
        user = ira if who == "ira" else olena
        for chip in ("7 днів", "Цей місяць", "Сьогодні"):
            shown = await office.press(user, await office.ask(user, "/stats"), chip)
            lost, *fates = of_lost(shown.text)
            assert lost == sum(fates) > 0, chip
            if chip == "Цей місяць":
                assert len(fates) == 5, shown.text
            lists = await office.press(user, shown, "📋")
            numbered = [one for one in buttons(lists) if ": " in one[0]]
            assert len(numbered) >= 5, chip
            assert any("Петро" in label for label, _ in numbered) == (who == "ira"), chip
            for label, data in numbered:
                total = int(label.rpartition(": ")[2])
                log = await below(user, lists, data)
                assert await counted(office, user, log) == total, (chip, label)
                if not re.search("Петро|Розмови", label):
                    assert str(total) in shown.text, label


async def test_the_numbers_are_told_with_those_of_the_period_before(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls())
        week = await office.ask(ira, "/stats")
        assert "19–25 лист" in week.text
        assert "У дужках: 12–18 лист" in week.text
        assert "до 14:30" in week.text
        assert week.button("7 днів")["text"] == "7 днів ✓"
        assert "Олена <b>: " in week.text
        yesterday = await office.press(ira, week, "Вчора")
        assert "24 листопада" in yesterday.text
        assert "У дужках: 17 листопада" in yesterday.text
        month = await office.press(ira, yesterday, "Цей місяць")
        assert "У дужках" not in month.text, "the log does not go back so far"


async def test_a_button_means_the_days_on_which_it_was_shown(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        ira, _ = await people(office)
        await office.post(*calls()[:-1])  # a live call would be of today all along
        today = await office.press(ira, await office.ask(ira, "/stats"), "Сьогодні")
        lists = await office.press(ira, today, "📋")
        [data] = [data for label, data in buttons(lists) if label.startswith("Усі дзвінки")]
        clock.now += DAY
        log = await below(ira, lists, data)
        assert "25 листопада" in log.text
        assert await counted(office, ira, log) == 2
        assert "25 листопада" in (await office.press(ira, lists, "⬅️")).text
        assert "26 листопада" in (await office.press(ira, lists, "🔄")).text


async def test_statistics_are_of_what_the_filters_have_chosen(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls())
        panel = await office.press(ira, await office.ask(ira, "/log"), "🎛")
        panel = await office.press(ira, panel, "↗️")
        shown = await office.press(ira, panel, "📊")
        assert "Вихідні" in shown.text
        assert "26 жовт" in shown.text, "31 days, as none are chosen"
        assert "Усі дзвінки: 40" in shown.text
        assert "Пропущен" not in shown.text
        month = await office.press(ira, shown, "📅")
        days = sorted(int(label) for row in month.buttons for label in row if label.isdigit())
        month = await office.press(ira, month, str(days[0]))
        chosen = await office.press(ira, month, str(days[1]))
        assert f"{days[0]}–{days[1]} лист" in chosen.text
        back = await office.press(ira, chosen, "🎛")
        assert back.button("↗️")["text"].endswith("✓")


@ONLY_SQLITE
async def test_the_picture_comes_below_and_an_empty_part_has_none(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        empty = await office.ask(ira, "/stats")
        assert "Таких дзвінків немає" in empty.text
        assert not any("🖼" in label for label, _ in buttons(empty))
        await office.post(*calls())
        shown = await office.press(ira, empty, "🔄")
        [data] = [data for label, data in buttons(shown) if "🖼" in label]
        last = max(shown.chat.messages)
        await (await ira.press_stale(shown, data)).answered(60)
        picture = await ira.wait_for(lambda one: one.is_from_bot and one.id > last, 60)
        assert picture.media is not None
        content = picture.media.file.content
        assert content.startswith(b"\x89PNG")
        assert 10_000 < len(content) < 150_000
        width, height = picture.media.file.width, picture.media.file.height
        assert width == 1170
        assert width < height < 1.35 * width, "taller ones a chat would show narrower"
        assert "19–25 лист" in picture.text


async def test_nobody_is_told_of_colleagues_and_forged_buttons_say_so(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, olena = await people(office)
        await office.post(*calls())
        own = await office.ask(olena, "/stats")
        assert "Петро" not in own.text
        all_of = await office.ask(ira, "/stats")
        assert "Петро" in all_of.text
        theirs = StatsShow.unpack(all_of.button("📋")["callback_data"])
        mine = StatsShow.unpack(own.button("📋")["callback_data"])
        [[petro]] = office.rows("SELECT id FROM employees WHERE tg_id = ?", PETRO)
        for forged in (
            theirs,
            StatsList(view=mine.view, day=mine.day, number=Number.PERSON, who=petro),
            StatsList(view=mine.view, day=mine.day, number=Number.LINE, who=5),
            StatsList(view=mine.view, day=1, number=Number.TOTAL),
            StatsList(view=theirs.view, day=mine.day, number=Number.TOTAL),
            StatsChart(view=mine.view, day=999_999),
            StatsDays(view=mine.view, first=2, last=1),
            StatsDays(view=mine.view, first=1, last=999_999),
        ):
            query = await olena.press_stale(own, forged.pack())
            assert (await query.answered()).text, forged
        current = olena.current(own)
        assert current is not None
        assert "Петро" not in current.text
        nobody = await office.employee(7009, "Нова", Role.ACCOUNTANT)
        assert "📊" not in (await office.ask(nobody, "/stats")).text


async def test_those_who_want_it_get_the_last_week_once_on_monday(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        ira, olena = await people(office)
        await office.post(*calls())
        for user, wants in ((ira, True), (olena, True)):
            settings = await office.ask(user, "/settings")
            times = await office.press(user, settings, "📊")
            times = await office.press(user, times, "📈")
            assert wants
            assert times.button("📈")["text"].endswith("✓")
            assert "Щопонеділка" in times.text
        off = await office.press(olena, times, "📈")
        assert "Щопонеділка" not in off.text
        monday = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
        clock.now = int((monday - timedelta(minutes=1)).timestamp())
        await office.nothing_due()
        last = max(ira.chat.messages)
        clock.now = int(monday.timestamp())
        told = await ira.wait_for(lambda one: one.is_from_bot and one.id > last)
        assert "📊 Статистика" in told.text
        assert "23–29 лист" in told.text
        assert "У дужках: 16–22 лист" in told.text
        lost, *fates = of_lost(told.text)
        assert lost == sum(fates) > 0
        assert told.button("📋")
        clock.now += 2 * HOUR
        async with office.restarted() as again:
            await again.nothing_due()
            sent = [one for one in ira.chat.messages.values() if "23–29 лист" in one.text]
            assert len(sent) == 1
            assert not any("23–29 лист" in one.text for one in olena.chat.messages.values())
            lists = await again.press(ira, told, "📋")
            [data] = [data for label, data in buttons(lists) if label.startswith("Усі дзвінки")]
            assert "23–29 лист" in (await below(ira, lists, data)).text

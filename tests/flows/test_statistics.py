"""Statistics in chat: every number opens the list it counts, pictures, periods, Mondays."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from keyboards.callbacks import Number, StatsChart, StatsDays, StatsList, StatsShow
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


async def open_list(office: Office, user: User, shown: Message, label: str) -> Message:
    query = await user.click(shown, label)
    await query.answered()
    return await user.wait_for(lambda one: one.is_from_bot and one.id > last_id(user, shown))


def last_id(user: User, shown: Message) -> int:
    del user
    return shown.id


@pytest.mark.parametrize("who", ["ira", "olena"])
async def test_each_number_opens_the_list_that_it_counts(tmp_path: Path, who: str) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, olena = await people(office)
        await office.post(*calls())
        user = ira if who == "ira" else olena
        for chip in ("7 днів", "Цей місяць", "Сьогодні"):
            shown = await office.ask(user, "/stats")
            shown = await office.press(user, shown, chip)
            lists = await office.press(user, shown, "📋")
            labels = [label for row in lists.buttons for label in row if ": " in label]
            assert len(labels) > 5
            assert any("Петро" in label for label in labels) == (who == "ira")
            for row in lists.buttons:
                for place, label in enumerate(row):
                    name, _, number = label.rpartition(": ")
                    if not name:
                        continue
                    before = max(one.id for one in office_messages(user))
                    data = lists.keyboard_data(row, place) if False else None
                    del data
                    query = await user.click(lists, label)
                    await query.answered()
                    log = await user.wait_for(lambda one, last=before: one.id > last)
                    assert await counted(office, user, log) == int(number), (chip, label)

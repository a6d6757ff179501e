"""The clock of the computer is set while the bot runs, in a process of its own."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.server import BotApiServer
from tests.support.databases import rows
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import is_alert, lost
from tests.support.moved_clock import clock_to_move
from tests.support.plain_http import plain_http
from tests.support.processes import environment, started
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

pytestmark = ONLY_SQLITE  # a PostgreSQL has a clock of its own, that nothing of ours reads

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400
PATIENCE = 30.0


@pytest.mark.long
async def test_a_clock_set_back_and_forth_holds_nothing_up_and_deletes_nothing(
    tmp_path: Path,
) -> None:
    """An hour back during a 429, a year forth, a year back; ticks go on, all is told once."""
    moved = clock_to_move(tmp_path)
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    database = tmp_path / "dzvinok.db"
    async with telegram.running(), plain_http() as http:
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        settings = environment(tmp_path, telegram, RETENTION_DAYS="30") | moved.environment()
        async with started(tmp_path, settings) as bot:
            await bot.listens()

            async def post(call_id: str, number: str) -> None:
                call = lost(call_id, moved.now() - 60, caller={"number": number})
                address = f"{bot.url}/hooks/office/{HOOK_TOKEN}"
                answer = await http.post(address, json=call, timeout=PATIENCE)
                assert answer.json()["accepted"] == 1, answer.text

            async def told(words: str) -> None:
                await admin.wait_for(lambda one: words in one.text, PATIENCE)

            await post("a", "0671234501")
            alert = await admin.wait_for(is_alert, PATIENCE)
            await (await admin.click(alert, "🙋")).answered(PATIENCE)

            telegram.faults.add("sendMessage", "flood", chat_id=ADMIN, retry_after=2)
            await post("b", "0671234502")
            held = "SELECT 1 FROM outbox WHERE kind = 'case' AND state = 'pending' AND due_at > ?"
            await until(lambda: ask(database, held, moved.now()))
            moved.step(-HOUR)
            await told("45 02")
            await told("перескочив назад")
            [[due_at]] = rows(database, "SELECT claim_due_at FROM cases WHERE owner_id > 0")
            assert 0 < due_at - moved.now() <= 600
            ask(database, "UPDATE cases SET claim_due_at = ? WHERE owner_id > 0", moved.now())
            await told("Ви ще цим займаєтеся")

            moved.step(YEAR)
            await told("перескочив уперед")
            states = "SELECT state FROM cases"
            await until(lambda: ask(database, states) == [("expired",)] * 2)
            moved.step(-YEAR)
            await until(lambda: ask(database, states) == [("open",)] * 2)
            await post("c", "0671234503")
            await told("45 03")

            owed = "SELECT 1 FROM outbox WHERE state = 'pending' AND due_at <= ?"
            await until(lambda: not ask(database, owed, moved.now()))
            assert (await http.get(f"{bot.url}/readyz")).status_code == 200
            assert await bot.stop() == 0
        alerts = [one.text for one in admin.replies() if is_alert(one)]
        assert [sum(end in text for text in alerts) for end in ("45 01", "45 02", "45 03")] == [
            1
        ] * 3
        jumps = [one.text for one in admin.replies() if "Годинник сервера" in one.text]
        assert len(jumps) == 3
        assert "failed" not in bot.log


@pytest.mark.long
async def test_a_clock_days_behind_refuses_no_call_of_a_pbx_that_is_right(tmp_path: Path) -> None:
    """Nor after a restart: what the clock has shown before is remembered."""
    moved = clock_to_move(tmp_path)
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    async with telegram.running(), plain_http() as http:
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        settings = environment(tmp_path, telegram) | moved.environment()
        for behind, number in ((3 * DAY, "0671234501"), (YEAR, "0671234502")):
            async with started(tmp_path, settings) as bot:
                await bot.listens()
                await until(lambda: ask(tmp_path / "dzvinok.db", "SELECT 1 FROM clock"))
                moved.step(-behind - moved.offset)
                address = f"{bot.url}/hooks/office/{HOOK_TOKEN}"
                began = int(time.time()) - 60
                call = lost(number, began, caller={"number": number})
                answer = await http.post(address, json=call, timeout=PATIENCE)
                assert answer.json().get("accepted") == 1, answer.text
                await admin.wait_for(_alert_of(number[-2:]), PATIENCE)
                far = await http.post(address, json=lost("far", 4_102_444_800), timeout=PATIENCE)
                assert far.status_code == 422
                assert await bot.stop() == 0


def _alert_of(end: str) -> Callable[[Message], bool]:
    return lambda message: is_alert(message) and f"45 {end}" in message.text


def ask(database: Path, sql: str, *values: int) -> list[Any]:
    """What the file beside the bot answers; what is changed in it is committed."""
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(sql, values).fetchall()


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.05)

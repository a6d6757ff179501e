"""`python -m tests.bench.clocks`: a bot whose clock is set back and forth, again and again.

After each step a lost call is posted and held up by a 429, and a claim is made due: how long until
both are told, what was told twice, what was lost. A PBX whose clock is right posts a call each
time too. The clock is moved by libfaketime.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.bench.logs import say
from tests.support.lost_calls import is_alert, lost
from tests.support.moved_clock import clock_to_move
from tests.support.plain_http import plain_http
from tests.support.processes import environment, started
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400
STEPS = (
    *(-5 * MINUTE, 5 * MINUTE, -HOUR, HOUR, HOUR, -HOUR, -9 * HOUR, 9 * HOUR, -2, 2),
    *(30 * DAY, -30 * DAY, YEAR, -YEAR, -YEAR, YEAR, YEAR, -YEAR),
)
PATIENCE = 60.0
ASKED = "Ви ще цим займаєтеся"


async def run(directory: Path) -> None:
    moved = clock_to_move(directory)
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    database = directory / "dzvinok.db"
    numbers: list[str] = []
    async with telegram.running(), plain_http() as http:
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        settings = environment(directory, telegram, RETENTION_DAYS="30") | moved.environment()
        async with started(directory, settings) as bot:
            await bot.listens()
            for index, step in enumerate((0, *STEPS)):
                moved.step(step)
                began = time.monotonic()
                telegram.faults.add("sendMessage", "flood", chat_id=ADMIN, retry_after=1)
                number = f"06712345{index:02}"
                numbers.append(number)
                call = lost(f"a{index}", moved.now() - 60, caller={"number": number})
                answer = await http.post(
                    f"{bot.url}/hooks/office/{HOOK_TOKEN}", json=call, timeout=30
                )
                taken = answer.json()["accepted"]
                right = lost(
                    f"b{index}", time.time() - 60, caller={"number": f"05011122{index:02}"}
                )
                answer = await http.post(
                    f"{bot.url}/hooks/office/{HOOK_TOKEN}", json=right, timeout=30
                )
                taken += answer.json()["accepted"]
                words = f"+380 67 123 45 {index:02}"
                alert = await admin.wait_for(_says(words), PATIENCE)
                told = time.monotonic() - began
                query = await admin.click(await _of_its_own(admin, alert, words), "🙋")
                await query.answered(PATIENCE)
                began = time.monotonic()
                with closing(sqlite3.connect(database)) as connection, connection:
                    connection.execute(
                        "UPDATE cases SET claim_due_at = ? WHERE claim_due_at IS NOT NULL "
                        "AND id = (SELECT max(id) FROM cases)",
                        (moved.now(),),
                    )
                await admin.wait_for(_says(ASKED, words), PATIENCE)
                asked = time.monotonic() - began
                say(f"{step:+12d} s: taken {taken}, told after {told:.1f} s, asked {asked:.1f} s")
            moved.step(-moved.offset)
            await _nothing_owed(database, moved.now())
            assert await bot.stop() == 0
        _report(database, admin, bot.log)


async def _of_its_own(admin: User, alert: Message, words: str) -> Message:
    """The alert itself, or what its row of a list opens: there are more than five in a minute."""
    if is_alert(alert):
        return alert
    rows = [line for line in alert.text.splitlines() if words in line]
    await admin.click(alert, rows[0].partition(".")[0])
    return await admin.wait_for(_says(words), PATIENCE, after=alert)


def _says(*words: str) -> Callable[[Message], bool]:
    return lambda message: all(one in message.text for one in words)


async def _nothing_owed(database: Path, now: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with closing(sqlite3.connect(database)) as connection:
                sql = "SELECT kind, due_at - ? FROM outbox WHERE state = 'pending'"
                owed = connection.execute(sql, (now,)).fetchall()
            if not owed:
                return
            await asyncio.sleep(0.2)


def _report(database: Path, admin: User, log: str) -> None:
    alerts = Counter(one.text.split("\n")[1][:17] for one in admin.replies() if is_alert(one))
    lists = sum(one.text.startswith("🔴 Пропущені дзвінки") for one in admin.replies())
    jumps = sum("Годинник сервера" in one.text for one in admin.replies())
    with closing(sqlite3.connect(database)) as connection:
        calls = connection.execute("SELECT count(*) FROM calls").fetchone()[0]
        states = connection.execute("SELECT state, count(*) FROM cases GROUP BY state").fetchall()
    say(f"{calls} calls stored, {2 * len(STEPS) + 2} posted; cases: {dict(states)}")
    twice = [one for one, times in alerts.items() if times > 1]
    say(f"told of {len(alerts)}, {lists} lists, twice: {twice}")
    say(f"jumps told: {jumps}; errors in the log: {log.count(' ERROR ')}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="dzvinok-clocks-") as directory:
        asyncio.run(run(Path(directory)))


if __name__ == "__main__":
    main()

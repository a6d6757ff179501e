"""The history of an Asterisk after an outage: 100 000 calls, read while people press buttons.

The bot is a process of its own; Telegram and, for SQL, a MariaDB are beside it. What presses take
meanwhile stands beside what they take afterwards, on the same log.
"""

import asyncio
import csv
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

from bot.config.sources import CDR_COLUMNS
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, say
from tests.bench.processes import command, memory
from tests.support.mariadb import COLUMNS, MariaDb, is_installed, mariadb
from tests.support.running import ADMIN
from tests.support.telegram import TOKEN

TIMES = 2.0
_EVERY = 25
"""Seconds between two calls: 100 000 of them are the last four weeks."""

_PAUSE = 0.05
_BUTTON = "🔄"
_IDLE_PRESSES = 120
_AT_ONCE = 5000
_READY_SECONDS = 60.0
_SECONDS = 1800.0


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    calls = bench.scaled(100_000, 5000)
    say(f"reading {calls} calls of Master.csv after an outage")
    in_csv, in_sql = (bench.directory / name for name in ("backfill-csv", "backfill-sql"))
    for directory in (in_csv, in_sql):
        directory.mkdir()
    figures = asyncio.run(_of_file(in_csv, calls))
    if is_installed():
        say(f"reading {calls} calls of asteriskcdrdb after an outage")
        with mariadb(bench.directory) as database:
            figures += asyncio.run(_of_database(in_sql, calls, database))
    return figures, []


async def _of_file(directory: Path, calls: int) -> list[Figure]:
    path = directory / "Master.csv"
    path.touch()

    def write() -> None:
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            for row in _rows(calls):
                writer.writerow(row.get(name, "") for name in CDR_COLUMNS)

    return await _measure("Master.csv", directory, {"MASTER_CSV": str(path)}, calls, write)


async def _of_database(directory: Path, calls: int, database: MariaDb) -> list[Figure]:
    def write() -> None:
        some: list[list[str]] = []
        for row in _rows(calls):
            values = {**row, "calldate": row["start"]}
            some.append([values.get(name, "") for name in COLUMNS])
            if len(some) == _AT_ONCE:
                database.write(*some)
                some = []
        if some:
            database.write(*some)

    settings = {"CDR_DATABASE_URL": database.url}
    return await _measure("asteriskcdrdb", directory, settings, calls, write)


async def _measure(
    what: str,
    directory: Path,
    settings: dict[str, str],
    calls: int,
    write: Callable[[], None],
) -> list[Figure]:
    busy: list[float] = []
    idle: list[float] = []
    path = directory / "dzvinok.db"
    async with _running(path, settings) as (admin, pid):
        before = memory(pid)
        await asyncio.to_thread(write)
        started = time.perf_counter()
        async with asyncio.timeout(_SECONDS):
            while not _count(path):  # noqa: ASYNC110 - the file of another process
                await asyncio.sleep(_PAUSE)
            shown = await _shown(admin)
            while _count(path) < calls:
                await _press(admin, shown, busy)
        taken = time.perf_counter() - started
        peak = memory(pid, "VmHWM")
        for _ in range(_IDLE_PRESSES):
            await _press(admin, shown, idle)
    return [
        Figure(
            what=f"{what}: {calls} calls read after an outage",
            figure=f"{taken:.0f} s, {calls / taken:.0f} calls/s",
        ),
        Figure(
            what=f"{what}: peak memory of it",
            figure=f"{peak / 1e6:.0f} MB",
            yardstick=f"{before / 1e6:.0f} MB before",
        ),
        Figure(
            what=f"{what}: presses meanwhile",
            figure=spread(busy),
            yardstick=f"afterwards {spread(idle)}",
            ratio=f"p95 {share(busy, 95) / share(idle, 95):.2f}",
            target="p95 ≤ 2 × idle",
            is_met=share(busy, 95) <= share(idle, 95) * TIMES,
        ),
    ]


@asynccontextmanager
async def _running(path: Path, settings: dict[str, str]) -> AsyncIterator[tuple[User, int]]:
    """The bot; an administrator, and the process."""
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    async with telegram.running():
        environment = {
            "BOT_TOKEN": TOKEN,
            "BOT_API_URL": telegram.url,
            "ADMIN_IDS": str(ADMIN),
            "DATABASE_PATH": str(path),
            "HTTP_PORT": "0",
            "SOURCES__PBX__KIND": "asterisk",
            "SOURCES__PBX__TIMEZONE": "UTC",
            **{f"SOURCES__PBX__{name}": value for name, value in settings.items()},
        }
        async with command(
            "-m", "bot", "run", directory=path.parent, settings=environment
        ) as process:
            await telegram.wait_calls("setMyCommands", timeout=_READY_SECONDS)
            yield telegram.user(ADMIN, "Адмін", is_started=True), process.pid


async def _shown(admin: User) -> Message:
    """The log."""
    sent = await admin.send("/log")
    return await admin.wait_for(lambda message: message.id > sent.id)


async def _press(admin: User, shown: Message, taken: list[float]) -> None:
    started = time.perf_counter()
    query = await admin.click(shown, _BUTTON)
    await query.answered()
    taken.append(time.perf_counter() - started)
    await asyncio.sleep(_PAUSE)


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM calls").fetchall()
    return int(count)


def _rows(calls: int) -> Iterator[dict[str, str]]:
    """Rows of so many calls up to now; every third was not answered, every fourth goes out."""
    first = int(time.time()) - calls * _EVERY
    for number in range(calls):
        started, client = first + number * _EVERY, f"067{number % 20_000:07}"
        uniqueid = f"{started}.{number}"
        is_out, is_answered = number % 4 == 0, number % 3 > 0
        phone = f"10{number % 5}"
        ours, theirs = f"PJSIP/{phone}-{number:08x}", f"PJSIP/trunk-{number:08x}"
        row = {
            "src": phone if is_out else client,
            "dst": client if is_out else "0445550101",
            "dcontext": "from-internal" if is_out else "from-trunk",
            "clid": f'"Клієнт {number % 300}" <{phone if is_out else client}>',
            "channel": ours if is_out else theirs,
            "dstchannel": theirs if is_out else ours,
            "lastapp": "Dial",
            "lastdata": f"PJSIP/{client}@trunk,300" if is_out else f"PJSIP/{phone},20",
            "start": _text(started),
            "answer": _text(started + 5) if is_answered else "",
            "end": _text(started + 20),
            "duration": "20",
            "billsec": "15" if is_answered else "0",
            "disposition": "ANSWERED" if is_answered else "NO ANSWER",
            "amaflags": "3",
            "uniqueid": uniqueid,
            "linkedid": uniqueid,
            "sequence": str(number),
        }
        yield row
        if number % 2:
            yield {**row, "lastapp": "Hangup", "dstchannel": "", "duration": "0", "billsec": "0"}


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")

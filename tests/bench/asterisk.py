"""A live Asterisk: how soon its event is a message, and 200 calls at once."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import serve
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from storage.database import open_database
from tests.bench import office
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, add_operators, say
from tests.support.ami_events import Asterisk
from tests.support.ami_server import SECRET, USER, AmiServer
from tests.support.running import settings_for
from tests.support.telegram import TOKEN

SOON = 0.050
AT_ONCE = 200
PER_SECOND = 20_000 / 60
_PAUSE = 0.06
_NOISE = b"Event: VarSet\r\nVariable: X\r\nValue: y\r\n\r\n"


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    return asyncio.run(_measure(bench)), []


async def _measure(bench: Bench) -> list[Figure]:
    say("hearing an Asterisk")
    soon = await _first_alerts(bench.directory / "ami-soon", bench.scaled(150, 30))
    say(f"{AT_ONCE} calls at once")
    return [soon, await _many(bench.directory / "ami-many", bench.scaled(60, 10))]


@asynccontextmanager
async def _running(directory: Path) -> AsyncIterator[tuple[BotApiServer, AmiServer, Path]]:
    telegram = BotApiServer(clock=time.time)
    telegram.register_bot(TOKEN)
    async with AmiServer().running() as server, telegram.running():
        login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": SECRET}
        sources = {"pbx": {"kind": "asterisk", "timezone": "UTC", **login}}
        settings = settings_for(directory, telegram, admin_ids=(), sources=sources)
        async with open_database(settings.database_path) as database:
            await add_operators(database)
        for number in range(len(office.EXTENSIONS)):
            telegram.user(6001 + number, is_started=True)
        async with serve(settings, clock=system_clock):
            await telegram.wait_calls("setMyCommands")
            await server.heard("coreshowchannels")
            yield telegram, server, settings.database_path


async def _first_alerts(directory: Path, rounds: int) -> Figure:
    taken = []
    async with _running(directory) as (telegram, server, _):
        for number in range(rounds):
            pbx = Asterisk(now=time.time() - 5, count=10 * number)
            client = pbx.client(f"067{number:07}")
            phone = pbx.dial(client, f"PJSIP/{office.EXTENSIONS[number % len(office.EXTENSIONS)]}")
            pbx.wait(4)
            pbx.end_dial(client, phone, "NOANSWER")
            pbx.gone(phone, client)
            *before, (_, last) = pbx.said()
            await server.say(*(data for _, data in before))
            await asyncio.sleep(_PAUSE)
            known = len(telegram.calls("sendMessage"))
            said = time.time()
            await server.say(last)
            [*_, sent] = await telegram.wait_calls("sendMessage", known + 1)
            taken.append(sent.at - said)
            await asyncio.sleep(_PAUSE)
    return Figure(
        what="AMI Hangup → sendMessage at Telegram, idle bot",
        figure=spread(taken),
        yardstick=f"{rounds} calls",
        target="p95 ≤ 50 ms",
        is_met=share(taken, 95) <= SOON,
    )


def _call(number: int, began: float, length: float) -> list[tuple[float, bytes]]:
    """What is said of a call of a queue that is answered after a third of its time."""
    pbx = Asterisk(now=began, count=10 * number)
    client = pbx.client(f"067{number:07}")
    pbx.up(client)
    pbx.say("QueueCallerJoin", client.packet(), queue="sales")
    first, second = pbx.local(f"101@from-queue-{number}", of=client)
    pbx.begin(client, first, "Local/101@from-queue/n")
    phone = pbx.dial(second, "PJSIP/101")
    pbx.wait(length / 3)
    pbx.talk(second, phone, f"i{number}")
    pbx.answer(client, first)
    pbx.bridge(f"o{number}", first, client)
    pbx.wait(length * 2 / 3)
    pbx.hang_up(phone, second, first, client)
    return pbx.said()


def _busiest(events: list[tuple[float, bytes]]) -> float:
    """Events a minute in the busiest ten seconds."""
    counts: dict[int, float] = {}
    for at, _ in events:
        counts[int(at // 10)] = counts.get(int(at // 10), 0) + 1.5
    return max(counts.values()) * 6


async def _many(directory: Path, seconds: int) -> Figure:
    """A third of the events is of a class that is not asked for, and comes all the same."""
    size = len(_call(0, 0, 1)) * 3 / 2
    length = AT_ONCE * size / PER_SECOND
    began = time.time()
    events: list[tuple[float, bytes]] = []
    count = int((seconds + length) * PER_SECOND / size)
    for number in range(count):
        events += _call(number, began + number * size / PER_SECOND, length)
    events.sort(key=lambda one: one[0])
    async with _running(directory) as (_, server, path):
        started, cpu = time.time(), time.process_time()
        late = 0.0
        for place, (at, data) in enumerate(events):
            if (ahead := at - began - (time.time() - started)) > 0.01:
                await asyncio.sleep(ahead)
            late = max(late, -ahead)
            await server.say(data, *([_NOISE] if place % 2 else []))
        await server.say()
        async with open_database(path) as database:
            sql = "SELECT count(*) AS n FROM calls WHERE status = 'answered' AND ended_at > 0"
            over = 0
            for _ in range(200):
                [row] = await database.fetch(sql)
                if (over := row["n"]) == count:
                    break
                await asyncio.sleep(0.05)
        wall, used = time.time() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figure(
        what=f"{AT_ONCE} calls at once over AMI, up to {_busiest(events):.0f} events/min",
        figure=f"{over} of {count} calls whole, {used / wall:.0%} of a core, at most "
        f"{memory:.0f} MB, with the PBX and Telegram in the same process",
        yardstick=f"{wall:.0f} s, the PBX at most {late:.1f} s late",
        target="no call missed",
        is_met=over == count,
    )

"""How long a person waits for an answer while others keep the bot busy, by polling.

The press and the flood are sent at the same moment; Telegram is in the same process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.domain.people import Role
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, say
from tests.support.running import OLENA, Office, running_office

FLOOD = 150
HANGS = 20.0
PATIENCE = 60.0
_PRESSES = 10
SOON = 1.0


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    say("crowding")
    for name in ("stranger", "hanging"):
        (bench.directory / name).mkdir()
    return asyncio.run(_measure(bench)), []


async def _measure(bench: Bench) -> list[Figure]:
    rounds = bench.scaled(10, 1)
    return [
        await _waits(
            bench.directory / "stranger", f"{FLOOD} messages of a stranger", rounds, _flood
        ),
        await _waits(bench.directory / "hanging", f"one request hangs {HANGS:.0f} s", 1, _hang),
    ]


async def _waits(
    directory: Path, what: str, rounds: int, busy: Callable[[Office, int], Awaitable[None]]
) -> Figure:
    waits: list[float] = []
    async with running_office(directory) as office:
        admin = await office.administrator()
        await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for turn in range(rounds):
            await busy(office, turn)
            for _ in range(_PRESSES):
                started = time.perf_counter()
                sent = await admin.send("/today")
                await admin.wait_for(lambda _: True, PATIENCE, after=sent)
                waits.append(time.perf_counter() - started)
    return Figure(
        what=f"{what}: another's command, sent → answered",
        figure=spread(waits),
        target=f"p95 ≤ {SOON:.0f} s",
        is_met=share(waits, 95) <= SOON,
    )


async def _flood(office: Office, turn: int) -> None:
    stranger = office.telegram.user(4000 + turn, "Хтось", is_started=True)
    for number in range(FLOOD):
        await stranger.send(f"лист {number}")


async def _hang(office: Office, turn: int) -> None:
    del turn
    olena = office.telegram.user(OLENA, "Олена")
    office.telegram.faults.add("sendMessage", "slow", chat_id=OLENA, seconds=HANGS)
    sent = await olena.send("/help")
    await olena.wait_for(lambda message: message.id > sent.id)

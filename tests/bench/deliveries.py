"""Alerts: how soon the first leaves after a hook, and how a thousand leave at Telegram's pace."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import aiohttp

from bot.app import serve
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from storage.database import open_database
from tests.bench import office
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, add_operators, add_people, say
from tests.support.running import HOOK_TOKEN, settings_for
from tests.support.storming import storm
from tests.support.telegram import TOKEN

SOON = 0.050
OVERALL = 30
_PAUSE = 0.06
_NEARLY = 0.95
FLOODS = 1
"""Answers 429 for each chat of the storm."""
SOON_KNOWN = 10
ALL_SAID = 75
"""Seconds from a lost call until a chat knows of it, and from the first until all is said."""


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    return asyncio.run(_measure(bench)), []


async def _measure(bench: Bench) -> list[Figure]:
    say("waiting for alerts")
    soon = await _first_alerts(bench.directory / "soon", bench.scaled(150, 30))
    recipients = bench.scaled(1000, 60)
    say(f"alerting {recipients} people")
    many = await _many_recipients(bench.directory / "many", recipients)
    calls, people = bench.scaled(300, 12), bench.scaled(40, 8)
    say(f"a storm of {calls} lost calls for {people} people")
    return [soon, many, *await _storm(bench.directory / "storm", calls, people)]


async def _storm(directory: Path, calls: int, people: int) -> list[Figure]:
    """Lost calls, some again, some called back, within a minute; some of the answers 429."""
    found = await storm(
        directory, calls=calls, recipients=people, seconds=calls / 5, floods=FLOODS
    )
    what = f"storm: {calls} lost calls, {people} people, a group"
    one_by_one = max(calls * (people + 1) / OVERALL, calls)
    known = [*found.known, *found.group_known]
    whose = {one.split()[0] for one in found.doubled}
    is_whole = not found.lost and len(whose) <= 1 and set(found.disordered) <= whose
    return [
        Figure(
            what=f"{what}: call posted → its first alert",
            figure=spread(found.first),
            yardstick=f"{found.sends} messages at {OVERALL}/s: {found.sends / OVERALL:.0f} s",
        ),
        Figure(
            what=f"{what}: call posted → a chat knows of it",
            figure=f"{share(known, 50):.1f} / {share(known, 95):.1f} s, at most "
            f"{max(known):.1f} s; the group {share(found.group_known, 95):.1f} s; "
            f"{max(found.sounds)} sounds",
            yardstick=f"a message each: the last after {one_by_one:.0f} s",
            target=f"≤ {SOON_KNOWN} s",
            is_met=max(known) <= SOON_KNOWN,
        ),
        Figure(
            what=f"{what}: all said",
            figure=f"{found.drained:.0f} s, {found.sends} sent, {found.edits} edits of "
            f"{found.versions} changes, {found.refused} × 429 ({found.injected} injected)",
            yardstick=f"a message each: {one_by_one:.0f} s",
            ratio=f"{found.drained / one_by_one:.2f}",
            target=f"≤ {ALL_SAID} s; nothing lost, doubled by us, or out of order",
            is_met=is_whole and found.drained <= ALL_SAID,
        ),
    ]


@asynccontextmanager
async def _running(
    directory: Path, *, supervisors: int = 0, operators: bool = False
) -> AsyncIterator[tuple[BotApiServer, str, aiohttp.ClientSession]]:
    """The whole bot on an empty log, its Telegram, its hook, all in real time."""
    telegram = BotApiServer(clock=time.time)
    telegram.register_bot(TOKEN)
    async with telegram.running(), aiohttp.ClientSession() as http:
        settings = settings_for(directory, telegram, admin_ids=())
        async with open_database(settings.database_path) as database:
            await add_people(database, supervisors)
            if operators:
                await add_operators(database)
        for number in range(supervisors):
            telegram.user(5001 + number, is_started=True)
        for number in range(len(office.EXTENSIONS) if operators else 0):
            telegram.user(6001 + number, is_started=True)
        async with serve(settings, clock=system_clock) as url:
            await telegram.wait_calls("setMyCommands")
            yield telegram, f"{url}/hooks/office/{HOOK_TOKEN}", http


async def _first_alerts(directory: Path, rounds: int) -> Figure:
    """Each call rings another operator, so that no chat's own pace is in the way."""
    taken, answered = [], []
    async with _running(directory, operators=True) as (telegram, hook, http):
        for number in range(rounds):
            extension = office.EXTENSIONS[number % len(office.EXTENSIONS)]
            before = len(telegram.calls("sendMessage"))
            posted = time.time()
            async with http.post(hook, json=_lost_call(f"soon-{number}", extension)) as answer:
                assert answer.status == 200
            answered.append(time.time() - posted)
            [*_, sent] = await telegram.wait_calls("sendMessage", before + 1)
            assert len(telegram.calls("sendMessage")) == before + 1
            taken.append(sent.at - posted)
            await asyncio.sleep(_PAUSE)
    return Figure(
        what="hook posted → sendMessage at Telegram, idle bot",
        figure=spread(taken),
        yardstick=f"the hook's own answer {spread(answered)}",
        target="p95 ≤ 50 ms",
        is_met=share(taken, 95) <= SOON,
    )


async def _many_recipients(directory: Path, recipients: int) -> Figure:
    async with _running(directory, supervisors=recipients) as (telegram, hook, http):
        telegram.limits.turn_on(per_chat=1, burst=3, overall=OVERALL, per_group=20)
        posted = time.time()
        async with http.post(hook, json=_lost_call("many", "101")) as answer:
            assert answer.status == 200
        await telegram.wait_calls("sendMessage", recipients, timeout=recipients / 10 + 10)
        sent = telegram.calls("sendMessage")
    refused = sum(call.status == 429 for call in sent)
    chats = {call.params["chat_id"] for call in sent if call.is_ok}
    last = max(call.at for call in sent)
    rate = (len(sent) - 1) / (last - sent[0].at)
    return Figure(
        what=f"{recipients} recipients of one alert",
        figure=f"{last - posted:.1f} s, {rate:.1f}/s, {refused} × 429",
        yardstick=f"Telegram's limit {recipients / OVERALL:.1f} s, {OVERALL}/s",
        ratio=f"{rate / OVERALL:.2f}",
        target="at the limit, no 429",
        is_met=rate >= OVERALL * _NEARLY and not refused and len(chats) == recipients,
    )


def _lost_call(name: str, extension: str) -> dict[str, Any]:
    now = system_clock()
    return {
        "id": name,
        "direction": "in",
        "status": "missed",
        "caller": {"number": f"+38067{crc32(name.encode()) % 10**7:07}"},
        "line": office.LINES[0],
        "rang": [extension],
        "started_at": office.iso(now - 20),
        "ended_at": office.iso(now - 1),
    }

"""A storm of lost calls against the whole bot, Telegram's limits on: for a test and a bench."""

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import serve
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from storage.database import open_database
from tests.bench import office
from tests.bench.logs import add_people
from tests.support.running import HOOK_TOKEN, settings_for
from tests.support.telegram import TOKEN

OVERALL = 30
_REPEATED = 0.15
_RETURNED = 0.15


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of it. Times in seconds; `first`: from a call's post to its first alert.

    `versions`: how often a message had something new to show; of those, `edits` were sent.
    """

    first: list[float]
    drained: float
    sends: int
    edits: int
    versions: int
    refused: int
    injected: int
    lost: list[str]
    doubled: list[str]
    stale: list[str]
    disordered: list[str]


async def storm(
    directory: Path, *, calls: int, recipients: int, seconds: float, floods: float, seed: int = 1
) -> Storm:
    """So many lost calls within the seconds; a share of `floods` of the messages answered 429."""
    telegram = BotApiServer(clock=time.time)
    telegram.register_bot(TOKEN)
    chance = random.Random(seed)
    async with telegram.running(), aiohttp.ClientSession() as http:
        settings = settings_for(directory, telegram, admin_ids=())
        async with open_database(settings.database_path) as database:
            await add_people(database, recipients)
        people = [telegram.user(5001 + n, is_started=True) for n in range(recipients)]
        async with serve(settings, clock=system_clock) as url:
            await telegram.wait_calls("setMyCommands")
            telegram.limits.turn_on(per_chat=1, burst=3, overall=OVERALL, per_group=20)
            injected = round(calls * recipients * floods)
            for _ in range(injected):
                chat = chance.choice(people).id
                telegram.faults.add(
                    "sendMessage", "flood", chat_id=chat, retry_after=chance.randint(1, 3)
                )
            telegram.faults.add("sendMessage", "lose_answer", chat_id=people[0].id)
            telegram.faults.add("sendMessage", "server_error", chat_id=people[-1].id)
            hook = f"{url}/hooks/office/{HOOK_TOKEN}"
            began = time.time()
            posted = await _post_all(http, hook, chance, calls, seconds)
            await _drained(settings.database_path)
            drained = time.time() - began
        async with open_database(settings.database_path) as database:
            rows = await database.fetch(
                "SELECT k.client, k.state, k.lost FROM cases AS k WHERE k.state <> 'void'"
            )
            [versions] = await database.fetch("SELECT sum(version) - count(*) AS n FROM outbox")
    sent = telegram.calls("sendMessage")
    accepted = [one for one in sent if one.is_ok]
    first: dict[str, float] = {}
    for one in accepted:
        number = _number(str(one.params["text"]))
        first.setdefault(number, one.at)
    open_ = {row["client"]: row["lost"] for row in rows if row["state"] == "open"}
    over = {row["client"] for row in rows} - open_.keys()
    lost, doubled, stale, disordered = [], [], [], []
    for person in people:
        shown = [one.text for one in person.messages() if one.is_from_bot]
        numbers = [_number(text) for text in shown]
        lost += [f"{person.id} {one}" for one in open_ if numbers.count(one) == 0]
        doubled += [f"{person.id} {one}" for one in set(numbers) if numbers.count(one) > 1]
        for text in shown:
            number = _number(text)
            is_over = "Передзвонили" in text
            count = open_.get(number, 1)
            is_counted = (f"×{count}" in text) if count > 1 else True
            if is_over != (number in over) or not is_counted:
                stale.append(f"{person.id} {number}")
        opened = [posted[number] for number in numbers]
        disordered += [str(person.id)] if opened != sorted(opened) else []
    return Storm(
        first=[first[number] - at for number, at in posted.items() if number in first],
        drained=drained,
        sends=len(accepted),
        edits=sum(one.is_ok for one in telegram.calls("editMessageText")),
        versions=versions["n"] or 0,
        refused=sum(one.status == 429 for one in sent),
        injected=injected,
        lost=lost,
        doubled=doubled,
        stale=stale,
        disordered=disordered,
    )


async def _post_all(
    http: aiohttp.ClientSession, hook: str, chance: random.Random, calls: int, seconds: float
) -> dict[str, float]:
    """Post the calls evenly, some again, some called back; when each client's first was posted."""
    posted: dict[str, float] = {}
    began = time.time()
    for number in range(calls):
        wait = began + seconds * number / calls - time.time()
        if wait > 0:
            await asyncio.sleep(wait)
        client = f"+38050{number:07}"
        posted[client] = time.time()
        await _post(http, hook, _call(f"s{number}", client))
        luck = chance.random()
        if luck < _REPEATED:
            await _post(http, hook, _call(f"r{number}", client))
        elif luck < _REPEATED + _RETURNED:
            await _post(http, hook, _call_back(f"b{number}", client))
    return posted


async def _post(http: aiohttp.ClientSession, hook: str, call: dict[str, Any]) -> None:
    async with http.post(hook, json=call) as answer:
        assert answer.status == 200, await answer.text()


def _call(name: str, client: str) -> dict[str, Any]:
    now = system_clock()
    return {
        "id": name,
        "direction": "in",
        "status": "missed",
        "caller": {"number": client},
        "line": office.LINES[0],
        "rang": ["101"],
        "started_at": office.iso(now - 20),
        "ended_at": office.iso(now - 1),
    }


def _call_back(name: str, client: str) -> dict[str, Any]:
    now = system_clock()
    return {
        "id": name,
        "direction": "out",
        "status": "answered",
        "caller": {"number": "101"},
        "callee": {"number": client},
        "extension": "101",
        "started_at": office.iso(now - 1),
        "answered_at": office.iso(now),
        "ended_at": office.iso(now + 5),
    }


def _number(text: str) -> str:
    """The client's number in an alert, as it was posted."""
    line = next(line for line in text.splitlines() if line.startswith("+380"))
    return line.replace(" ", "")


async def _drained(path: Path) -> None:
    async with open_database(path) as database:
        while True:
            if not await database.fetch("SELECT 1 FROM outbox WHERE state = 'pending' LIMIT 1"):
                return
            await asyncio.sleep(0.1)

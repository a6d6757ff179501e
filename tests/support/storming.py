"""A storm of lost calls against the whole bot, Telegram's limits on: for a test and a bench."""

import asyncio
import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import serve
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from storage.database import Where, open_database
from storage.employees import EmployeeRepo
from storage.groups import GroupRepo
from tests.bench import office
from tests.bench.logs import add_people
from tests.support.running import HOOK_TOKEN, settings_for
from tests.support.telegram import TOKEN

OVERALL = 30
_REPEATED = 0.15
_RETURNED = 0.15
GROUP = -1001001
_NUMBER = re.compile(r"\+380(?: ?\d){9}")


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of it. Times in seconds; `first`: from a call's post to its first alert.

    `known`: from a call's post until a chat was told of it, for each chat; `group_known` those of
    the group. `sounds`: of each chat. `versions`: how often a message had something new to show;
    of those, `edits` were sent.
    """

    first: list[float]
    known: list[float]
    group_known: list[float]
    sounds: list[int]
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
    directory: Path,
    *,
    calls: int,
    recipients: int,
    seconds: float,
    floods: float,
    seed: int = 1,
    is_one_post: bool = False,
) -> Storm:
    """So many lost calls within the seconds, told to people and a group.

    So many `floods` for each chat, in the middle of it, are answers 429.
    """
    telegram = BotApiServer(clock=time.time)
    telegram.register_bot(TOKEN)
    chance = random.Random(seed)
    async with telegram.running(), aiohttp.ClientSession() as http:
        settings = settings_for(directory, telegram, admin_ids=())
        async with open_database(settings.database) as database:
            await add_people(database, recipients)
            boss = await EmployeeRepo(database).get(1)
            await GroupRepo(database).connect(GROUP, 0, title="Зміна", by=boss, now=0)
        people = [telegram.user(5001 + n, is_started=True) for n in range(recipients)]
        group = telegram.group(GROUP, "Зміна")
        group.add(telegram.telegram.bots[TOKEN])
        async with serve(settings, clock=system_clock) as url:
            await telegram.wait_calls("setMyCommands")
            telegram.limits.turn_on(per_chat=1, burst=3, overall=OVERALL, per_group=20)
            ids = [GROUP, *(one.id for one in people)]
            injected = round(len(ids) * floods)
            for _ in range(injected):
                chat = chance.choice(ids)
                method = chance.choice(("sendMessage", "editMessageText"))
                telegram.faults.add(
                    method, "flood", chat_id=chat, retry_after=chance.randint(1, 3)
                )
            telegram.faults.add("sendMessage", "lose_answer", chat_id=people[0].id)
            telegram.faults.add("sendMessage", "server_error", chat_id=people[-1].id)
            hook = f"{url}/hooks/office/{HOOK_TOKEN}"
            began = time.time()
            if is_one_post:
                posted = await _post_at_once(http, hook, calls)
            else:
                posted = await _post_all(http, hook, chance, calls, seconds)
            await _drained(settings.database)
            drained = time.time() - began
        async with open_database(settings.database) as database:
            rows = await database.fetch(
                "SELECT k.client, k.state, k.lost FROM cases AS k WHERE k.state <> 'void'"
            )
            [versions] = await database.fetch("SELECT sum(version) - count(*) AS n FROM outbox")
    sent = telegram.calls("sendMessage")
    edited = telegram.calls("editMessageText")
    accepted = sorted((one for one in (*sent, *edited) if one.is_ok), key=lambda one: one.at)
    known: dict[tuple[int, str], float] = {}
    for one in accepted:
        for number in _numbers(str(one.params["text"]), posted):
            known.setdefault((int(str(one.params["chat_id"])), number), one.at)
    first: dict[str, float] = {}
    for (_, number), at in known.items():
        first[number] = min(at, first.get(number, at))
    open_ = {row["client"]: row["lost"] for row in rows if row["state"] == "open"}
    over = {row["client"] for row in rows} - open_.keys()
    lost, doubled, stale, disordered = [], [], [], []
    chats = [(one.id, one.messages()) for one in people] + [(GROUP, group.messages())]
    for chat_id, messages in chats:
        told = [
            (number, line)
            for one in messages
            if one.is_from_bot
            for number, line in _told(one.text, posted)
        ]
        numbers = [number for number, _ in told]
        lost += [f"{chat_id} {one}" for one in open_ if one not in numbers]
        doubled += [f"{chat_id} {one}" for one in set(numbers) if numbers.count(one) > 1]
        for number, words in told:
            is_over = "Передзвонили" in words or "✅" in words
            count = open_.get(number, 1)
            is_counted = (f"×{count}" in words) if count > 1 else True
            if is_over != (number in over) or not is_counted:
                stale.append(f"{chat_id} {number}")
        opened = [posted[number] for number in numbers]
        disordered += [str(chat_id)] if opened != sorted(opened) else []
    took = {place: at - posted[place[1]] for place, at in known.items()}
    return Storm(
        first=[first[number] - at for number, at in posted.items() if number in first],
        known=[seconds for (chat_id, _), seconds in took.items() if chat_id != GROUP],
        group_known=[seconds for (chat_id, _), seconds in took.items() if chat_id == GROUP],
        sounds=[
            sum(
                one.is_ok
                and int(str(one.params["chat_id"])) == chat_id
                and str(one.params.get("disable_notification", "")).lower() != "true"
                for one in sent
            )
            for chat_id, _ in chats
        ],
        drained=drained,
        sends=sum(one.is_ok for one in sent),
        edits=sum(one.is_ok for one in edited),
        versions=versions["n"] or 0,
        refused=sum(one.status == 429 for one in (*sent, *edited)),
        injected=injected,
        lost=lost,
        doubled=doubled,
        stale=stale,
        disordered=disordered,
    )


async def _post_at_once(http: aiohttp.ClientSession, hook: str, calls: int) -> dict[str, float]:
    """Post all calls in one request, as a PBX does that was cut off."""
    clients = [f"+38050{number:07}" for number in range(calls)]
    body = [_call(f"s{number}", client) for number, client in enumerate(clients)]
    posted = time.time()
    async with http.post(hook, json=body) as answer:
        assert answer.status == 200, await answer.text()
    return {client: posted + place * 1e-6 for place, client in enumerate(clients)}


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


def _numbers(text: str, posted: Mapping[str, float]) -> list[str]:
    """The clients' numbers in a message, as they were posted."""
    found = (one.replace(" ", "") for one in _NUMBER.findall(text))
    return [number for number in found if number in posted]


def _told(text: str, posted: Mapping[str, float]) -> Iterable[tuple[str, str]]:
    """The clients a message tells of, each with the words about it: an alert's, or a row."""
    if "Пропущені дзвінки" in text.partition("\n")[0]:
        lines = text.splitlines()
        return [(number, line) for line in lines for number in _numbers(line, posted)]
    return [(number, text) for number in _numbers(text, posted)]


async def _drained(where: Where) -> None:
    async with open_database(where) as database:
        while True:
            if not await database.fetch("SELECT 1 FROM outbox WHERE state = 'pending' LIMIT 1"):
                return
            await asyncio.sleep(0.1)

"""A company around a bot that is killed again and again, under load: for a test and a bench.

The bot is the real process, killed and started again; Telegram lives here and survives it.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.people import AlertScope, Language, Role
from storage.database import Where, open_database
from storage.employees import EmployeeRepo
from storage.invites import InviteRepo
from tests.support.databases import records, where
from tests.support.plain_http import plain_http
from tests.support.processes import (
    BotProcess,
    environment,
    forked,
)
from tests.support.running import ACCOUNTANT, ADMIN, HOOK_TOKEN, IVAN, OLENA, SUPERVISOR
from tests.support.telegram import TOKEN

SEED = 20261122
PATIENCE = 60.0

PETRO, MARIA, MUTED, STRANGER = 1104, 1105, 1003, 1900

EVERYBODY = {
    SUPERVISOR: (Role.SUPERVISOR, ()),
    MUTED: (Role.SUPERVISOR, ()),
    OLENA: (Role.OPERATOR, ("101",)),
    IVAN: (Role.OPERATOR, ("102",)),
    ACCOUNTANT: (Role.ACCOUNTANT, ("103",)),
    PETRO: (Role.OPERATOR, ("104",)),
    MARIA: (Role.OPERATOR, ("105",)),
}
PHONES = {"101": OLENA, "102": IVAN, "104": PETRO, "105": MARIA}

Json = dict[str, Any]


@dataclass(frozen=True)
class Alert:
    """A message about a lost call, as Telegram accepted it."""

    number: str
    at: float


@dataclass
class Office:
    """The company around a bot that comes and goes."""

    directory: Path
    telegram: BotApiServer
    http: httpx.AsyncClient
    people: dict[int, User]
    random: Random = field(default_factory=lambda: Random(SEED))
    settings: dict[str, str] = field(default_factory=dict)
    """What the bot is set otherwise than by default."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    births: list[float] = field(default_factory=list)
    """When each process was started: what was sent before it, an earlier one sent."""
    logs: list[str] = field(default_factory=list)
    accepted: int = 0
    numbers: list[str] = field(default_factory=list)
    calls: dict[str, Json] = field(default_factory=dict)
    """The last, complete statement of each call whose hook answered 200."""
    owed: dict[int, set[str]] = field(default_factory=dict)
    """The numbers of the lost calls each person must be told of."""
    written: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """The numbers of the clients somebody was told are theirs."""

    @property
    def database(self) -> Where:
        return where(self.directory / "dzvinok.db")

    @property
    def life(self) -> int:
        return len(self.births)

    # The bot

    @asynccontextmanager
    async def alive(self, **changes: str) -> AsyncIterator[BotProcess]:
        self.births.append(time.time())
        async with forked(
            self.directory, environment(self.directory, self.telegram, **self.settings, **changes)
        ) as bot:
            self.url = bot.url
            self.up.set()
            try:
                yield bot
            finally:
                self.up.clear()
        self.logs.append(bot.log)

    async def kill(self, bot: BotProcess) -> None:
        self.up.clear()
        await bot.kill()

    # The PBX

    def number(self) -> str:
        self.numbers.append(f"067{1_000_000 + 7_919 * len(self.numbers) % 9_000_000}")
        return self.numbers[-1]

    async def post(self, calls: list[Json]) -> None:
        """Post as a PBX does: again and again until it is taken."""
        body = calls[0] if len(calls) == 1 else calls
        while True:
            await self.up.wait()
            try:
                answer = await self.http.post(f"{self.url}/hooks/office/{HOOK_TOKEN}", json=body)
            except httpx.TransportError:
                await asyncio.sleep(0)  # it was killed; `up` says when it is back
                continue
            assert answer.status_code == 200, answer.text
            assert answer.json()["rejected"] == []
            self.accepted += 1
            self.telegram.telegram.changes.notify()
            return

    async def tell(self, *pieces: Json) -> None:
        """Post one call in its pieces, some of them twice."""
        for piece in pieces:
            await self.post([piece])
            if self.random.random() < 0.3:
                await self.post([piece])
        self.note(pieces[-1])

    def note(self, call: Json) -> None:
        self.calls[call["id"]] = call
        ended_at = datetime.fromisoformat(call["ended_at"]).timestamp()
        if call["status"] == "missed" and ended_at > time.time() - 1800:
            rung = {PHONES[extension] for extension in call["rang"] if extension in PHONES}
            for person in {ADMIN, SUPERVISOR} | rung:
                self.owed.setdefault(person, set()).add(call["caller"]["number"])

    # Telegram

    def alerts(self, person: int) -> list[Alert]:
        """What a person was told of lost calls, in the order Telegram accepted it."""
        found: list[Alert] = []
        for call in sorted(
            (
                *self.telegram.calls("sendMessage", chat_id=person),
                *self.telegram.calls("editMessageText", chat_id=person),
            ),
            key=lambda one: one.at,
        ):
            text, known = str(call.params["text"]), {alert.number for alert in found}
            is_sent = call.method == "sendMessage"
            if not call.is_ok or not tells_of_lost_calls(text, is_new=is_sent):
                continue
            numbers = numbers_in(text)
            found += [Alert(one, call.at) for one in numbers if is_sent or one not in known]
        return found

    def is_settled(self) -> bool:
        return all(
            numbers <= {alert.number for alert in self.alerts(person)}
            for person, numbers in self.owed.items()
        )

    # What is stored

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return records(self.database, sql)


def tells_of_lost_calls(text: str, *, is_new: bool) -> bool:
    """Whether a message is an alert, or a list that may have grown."""
    return "Пропущені дзвінки" in text or (is_new and "Пропущений дзвінок" in text)


def number_in(text: str) -> str:
    [number] = numbers_in(text)
    return number


def numbers_in(text: str) -> list[str]:
    return [one.replace(" ", "") for one in re.findall(r"\+38(0(?: ?\d){9})", text)]


@asynccontextmanager
async def company(directory: Path) -> AsyncIterator[Office]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    telegram.telegram.callback_lifetime = 10 * PATIENCE  # a slow machine is no news here
    async with telegram.running(), plain_http(timeout=PATIENCE) as http:
        people = {
            tg_id: telegram.user(tg_id, f"П{tg_id}", is_started=True)
            for tg_id in (ADMIN, *EVERYBODY, STRANGER)
        }
        office = Office(directory, telegram, http, people)
        await hire(office.database)
        yield office
        assert telegram.violations == []


async def hire(path: Where) -> None:
    now = int(time.time())
    async with open_database(path) as database:
        invites, employees = InviteRepo(database), EmployeeRepo(database)
        for tg_id, (role, extensions) in EVERYBODY.items():
            token = await invites.add(role, extensions=extensions, now=now)
            await invites.accept(
                token,
                tg_id=tg_id,
                name=f"Працівник {tg_id}",
                language=Language.UK,
                page_size=8,
                now=now,
            )
        muted = await employees.find(MUTED)
        assert muted is not None
        await employees.set_alerts(muted.id, AlertScope.NONE)


# The load


def lost_call(call_id: str, number: str, rang: Iterable[str], *, ago: int = 60) -> Json:
    started_at = time.time() - ago
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": number},
        "callee": {"number": "0445550101"},
        "line": "0445550101",
        "rang": list(rang),
        "started_at": told(started_at),
        "ended_at": told(started_at + 17),
        "ended_by": "caller",
    }


def answered_call(call_id: str, number: str, extension: str, *, ago: int = 60) -> Json:
    started_at = time.time() - ago
    return {
        **lost_call(call_id, number, [extension], ago=ago),
        "status": "answered",
        "extension": extension,
        "answered_at": told(started_at + 5),
        "price": "1.25",
    }


def begun(call: Json) -> Json:
    """What a PBX says of a call while it rings, before any phone."""
    return {name: call[name] for name in ("id", "direction", "caller", "line", "started_at")} | {
        "status": "ringing"
    }


def told(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).isoformat()

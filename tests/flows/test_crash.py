"""kill -9 at any moment: no accepted call, comment or alert is lost, and none is doubled freely.

The bot is the real process, killed and started again; Telegram lives here and survives it.
"""

import asyncio
import itertools
import json
import re
import sqlite3
import time
from bisect import bisect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.people import AlertScope, Language, Role
from storage.database import open_database
from storage.employees import EmployeeRepo
from storage.invites import InviteRepo
from tests.support.processes import (
    BotProcess,
    assert_discreet,
    environment,
    forked,
    free_port,
)
from tests.support.running import ACCOUNTANT, ADMIN, HOOK_TOKEN, IVAN, OLENA, SUPERVISOR
from tests.support.telegram import TOKEN

SEED = 20261122
CLIENTS = 4
OWING = (0,)
"""Who posts recent lost calls: with more than five within a minute a chat would get lists."""
PATIENCE = 60.0

PETRO, MARIA, MUTED, STRANGER = 1104, 1105, 1003, 1900
WRITERS = (OLENA, IVAN)
STORM = (SUPERVISOR, PETRO)

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
RUNG = ((), ("101", "104"), ("102", "105"), ("103",), ("101",), ("102",))

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
    def database(self) -> Path:
        return self.directory / "dzvinok.db"

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
        self.numbers.append(f"067{1_000_000 + 7_919 * len(self.numbers)}")
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
            if not call.is_ok or not any(
                (is_sent and "Пропущений дзвінок" in text, "Пропущені дзвінки" in text)
            ):
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

    def rows(self, sql: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql).fetchall()


def number_in(text: str) -> str:
    [number] = numbers_in(text)
    return number


def numbers_in(text: str) -> list[str]:
    return [one.replace(" ", "") for one in re.findall(r"\+38(0(?: ?\d){9})", text)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    telegram.telegram.callback_lifetime = 10 * PATIENCE  # a slow machine is no news here
    async with telegram.running(), httpx.AsyncClient(timeout=PATIENCE) as http:
        people = {
            tg_id: telegram.user(tg_id, f"П{tg_id}", is_started=True)
            for tg_id in (ADMIN, *EVERYBODY, STRANGER)
        }
        office = Office(tmp_path, telegram, http, people)
        await hire(office.database)
        yield office
        assert telegram.violations == []


async def hire(path: Path) -> None:
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


async def pbx(office: Office, name: int) -> None:
    """Post all kinds of calls until it is over; one recent lost call or so in each life."""
    told_in = 0
    for turn in itertools.count():
        if office.over.is_set():
            return
        call_id, random = f"pbx{name}-{turn}", office.random
        rang = random.choice(RUNG)
        is_owed = told_in < office.life and name in OWING
        told_in = office.life
        if is_owed:
            call = lost_call(call_id, office.number(), rang)
            await office.tell(*random.choice([(call,), (begun(call), call)]))
        elif random.random() < 0.3:
            batch = [
                lost_call(f"{call_id}-{place}", office.number(), rang, ago=2 * 86400)
                for place in range(random.randint(2, 5))
            ]
            await office.post(batch)
            for call in batch:
                office.note(call)
        else:
            call = answered_call(call_id, office.number(), random.choice(["101", "102", "105"]))
            await office.tell(*random.choice([(call,), (begun(call), call)]))
        await asyncio.sleep(random.uniform(0, 0.02))  # the pace of the load, nothing waits


async def writer(office: Office, tg_id: int) -> None:
    """Comment on the newest call of one's own, over and over; each is seen saved."""
    user = office.people[tg_id]
    [extension] = EVERYBODY[tg_id][1]
    await office.tell(answered_call(f"first-{tg_id}", office.number(), extension))
    for turn in itertools.count():
        if office.over.is_set():
            return
        asked = await user.send("/log")
        screen = await user.wait_for(has_button("1", after=asked), PATIENCE)
        await user.click(screen, "1")
        await shows(office, user, screen, ("💬", "✏️"))
        card = user.current(screen)
        assert card is not None
        await user.click(card, "💬" if has_button("💬")(card) else "✏️")
        await shows(office, user, screen, ("✖️",))
        text = f"Коментар {tg_id}-{turn}\nпередзвонити"
        office.written.append(text)
        sent = await user.send(text)
        await user.wait_for(has_text(text, after=sent), PATIENCE)


async def reader(office: Office, tg_id: int) -> None:
    """Turn the pages of the log, to and fro."""
    user = office.people[tg_id]
    while not office.over.is_set():
        asked = await user.send("/log")
        screen = await user.wait_for(has_button("🔴", after=asked), PATIENCE)
        for label in ("▶️", "▶️", "◀️", "🔴", "🔄"):
            current = user.current(screen)
            if current is not None and has_button(label)(current):
                query = await user.click(current, label)
                await query.answered(PATIENCE)


async def taker(office: Office, tg_id: int) -> None:
    """Take every client one is told of; each is answered."""
    user, pressed = office.people[tg_id], set[int]()

    def offered() -> Message | None:
        free = (one for one in user.messages() if one.id not in pressed)
        return next(filter(has_button("🙋"), free), None)

    while True:
        await office.telegram.wait_until(
            lambda: office.over.is_set() or offered() is not None, PATIENCE
        )
        alert = offered()
        if alert is None:
            return
        pressed.add(alert.id)
        answer = await (await user.click(alert, "🙋")).answered(PATIENCE)
        assert answer.text == "Клієнт ваш"
        office.taken.add(number_in(alert.text))


async def shows(office: Office, user: User, message: Message, labels: tuple[str, ...]) -> None:
    def is_shown() -> bool:
        current = user.current(message)
        return current is not None and any(has_button(label)(current) for label in labels)

    await office.telegram.wait_until(is_shown, PATIENCE)


def has_button(label: str, *, after: Message | None = None) -> Callable[[Message], bool]:
    return lambda message: (
        message.id > (after.id if after else 0)
        and any(text.startswith(label) for row in message.buttons for text in row)
    )


def has_text(text: str, *, after: Message) -> Callable[[Message], bool]:
    return lambda message: message.id > after.id and text in message.text


# The moments of death


async def in_the_middle_of_an_alert(office: Office) -> None:
    """Telegram has accepted it, the bot has not heard so: the one moment that makes a double."""
    await in_the_middle_of_the_calls(office)
    before = len(office.alerts(ADMIN))
    slow = office.telegram.faults.add("sendMessage", "slow", chat_id=ADMIN, seconds=30, times=9)
    await office.tell(lost_call(f"deadly-{office.life}", office.number(), ["101"]))
    await office.telegram.wait_until(
        lambda: slow.times != 9 and len(office.alerts(ADMIN)) > before, PATIENCE
    )
    office.telegram.faults.remove(slow)


async def in_the_middle_of_the_calls(office: Office) -> None:
    enough = office.accepted + office.random.randint(60, 120)
    await office.telegram.wait_until(lambda: office.accepted >= enough, PATIENCE)
    await asyncio.sleep(office.random.uniform(0, 0.05))  # the moment is meant to be any


async def in_the_middle_of_a_comment(office: Office) -> None:
    enough = len(office.written) + 4
    await office.telegram.wait_until(lambda: len(office.written) >= enough, PATIENCE)
    await asyncio.sleep(office.random.uniform(0, 0.02))  # the moment is meant to be any


DEATHS: tuple[Callable[[Office], Awaitable[None]], ...] = (
    in_the_middle_of_a_comment,
    in_the_middle_of_an_alert,
    in_the_middle_of_the_calls,
)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_kill_9_under_load_loses_nothing(office: Office, mode: str) -> None:
    if mode == "webhook":
        port = str(free_port())
        office.settings |= {
            "UPDATES": "webhook",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "WEBHOOK_SECRET": "secret-of-the-webhook",
            "HTTP_PORT": port,
        }
    for person in STORM:
        office.telegram.faults.add("sendMessage", "flood", chat_id=person, times=4)
    async with asyncio.TaskGroup() as tasks:
        load = [tasks.create_task(pbx(office, name)) for name in range(CLIENTS)]
        load += [tasks.create_task(writer(office, person)) for person in WRITERS]
        load += [tasks.create_task(reader(office, ADMIN))]
        load += [tasks.create_task(taker(office, ADMIN))]
        for death in DEATHS:
            async with office.alive() as bot:
                await death(office)
                await office.kill(bot)
        async with office.alive() as bot:
            enough = office.accepted + 60
            await office.telegram.wait_until(lambda: office.accepted >= enough, PATIENCE)
            office.over.set()
            office.telegram.telegram.changes.notify()
            await asyncio.gather(*load)
            await office.telegram.wait_until(office.is_settled, PATIENCE)
            await nothing_is_owed(office)
            assert await bot.stop() == 0

    assert office.rows("PRAGMA integrity_check")[0][0] == "ok"
    assert office.rows("PRAGMA foreign_key_check") == []
    check_calls(office)
    check_comments(office)
    check_alerts(office)
    check_claims(office)
    assert office.telegram.telegram.bots[TOKEN].queue.pending == []
    for log in office.logs:
        assert_discreet(log, numbers=office.numbers)
        assert " ERROR " not in log
        assert "Traceback" not in log


def check_calls(office: Office) -> None:
    """Each call that was answered 200 is there, once, as its pieces together tell it."""
    rows = office.rows("SELECT * FROM calls")
    assert Counter(row["external_id"] for row in rows) == Counter(office.calls.keys())
    extensions: dict[int, set[str]] = {}
    for row in office.rows("SELECT call_id, extension FROM call_extensions"):
        extensions.setdefault(row["call_id"], set()).add(row["extension"])
    for row in rows:
        call = office.calls[row["external_id"]]
        started, ended = (
            int(datetime.fromisoformat(call[name]).timestamp())
            for name in ("started_at", "ended_at")
        )
        talk = ended - started - 5 if call["status"] == "answered" else 0
        assert {name: row[name] for name in ("source", "direction", "status", "line")} == {
            "source": "office",
            "direction": "in",
            "status": call["status"],
            "line": "0445550101",
        }
        assert row["caller_number"] == call["caller"]["number"]
        assert row["client"] == "+38" + call["caller"]["number"]
        assert (row["started_at"], row["ended_at"]) == (started, ended)
        assert (row["wait"], row["talk"]) == (ended - started - talk, talk)
        assert (row["lost"], row["position"]) == (int(talk == 0), started)
        assert (row["extension"], row["price"]) == (call.get("extension"), call.get("price"))
        assert json.loads(row["rang"] or "[]") == sorted(call["rang"])
        assert extensions.get(row["id"], set()) == set(call["rang"])


def check_comments(office: Office) -> None:
    """Every text that was sent is in the history once, and what stands is the newest of it.

    No question waits any more; a text after a saved comment would be offered to it.
    """
    history = office.rows("SELECT * FROM comment_changes ORDER BY call_id, version")
    assert Counter(row["new"] for row in history) == Counter(office.written)
    newest = {row["call_id"]: (row["version"], row["new"]) for row in history}
    standing = office.rows("SELECT * FROM comments")
    assert {row["call_id"]: (row["version"], row["text"]) for row in standing} == newest
    waiting = office.rows("SELECT DISTINCT state FROM fsm WHERE state IS NOT NULL")
    assert [row["state"] for row in waiting] in ([], ["CommentDialog:more"])


def check_alerts(office: Office) -> None:
    """Told to each who must know and nobody else; doubled only where a kill cut the mark off."""
    kills, doubles = len(office.births) - 1, 0
    for person in office.people:
        alerts = office.alerts(person)
        assert {alert.number for alert in alerts} == office.owed.get(person, set())
        lives: list[list[str]] = [[] for _ in office.births]
        for alert in alerts:
            lives[bisect(office.births, alert.at) - 1].append(alert.number)
        for number, told_times in Counter(alert.number for alert in alerts).items():
            doubles += told_times - 1
            told_in = [life for life in lives if number in life]
            assert len(told_in) == told_times, f"{person} was told twice in one life"
            assert all(life[-1] == number for life in told_in[:-1]), "it had been marked as sent"
        assert len(alerts) - len(office.owed.get(person, ())) <= kills
    assert doubles >= 1, "the kill in the middle of an alert makes one"
    assert {row["state"] for row in office.rows("SELECT state FROM outbox")} == {"sent"}


def check_claims(office: Office) -> None:
    """Each client somebody was told is theirs is in their hands, taken once."""
    rows = office.rows(
        "SELECT k.client, count(*) AS times, k.owner_id, v.employee_id FROM case_events AS v "
        "JOIN cases AS k ON k.id = v.case_id WHERE v.kind = 'taken' GROUP BY k.id"
    )
    assert {row["client"].removeprefix("+38") for row in rows} == office.taken
    assert len(rows) >= len(DEATHS), "somebody was taken in each life"
    assert {row["times"] for row in rows} == {1}
    assert all(row["owner_id"] == row["employee_id"] for row in rows)


async def nothing_is_owed(office: Office) -> None:
    async with asyncio.timeout(PATIENCE):
        while office.rows("SELECT 1 FROM outbox WHERE state = 'pending' LIMIT 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_lost_call_is_told_once_through_429_and_kill_9(office: Office) -> None:
    office.telegram.faults.add("sendMessage", "flood", chat_id=OLENA, retry_after=5)
    call = lost_call("a1", office.number(), ["101", "103"])
    async with office.alive(LOG_LEVEL="DEBUG", LOG_FORMAT="json") as bot:
        await office.tell(call)
        await office.telegram.wait_calls("sendMessage", 1, PATIENCE, chat_id=OLENA)
        async with asyncio.timeout(PATIENCE):
            while len(office.rows("SELECT 1 FROM outbox WHERE state = 'sent'")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        [refused] = office.telegram.calls("sendMessage", chat_id=OLENA)
        assert refused.status == 429
        await office.kill(bot)
    async with office.alive(LOG_LEVEL="DEBUG", LOG_FORMAT="json") as bot:
        await office.telegram.wait_until(office.is_settled, PATIENCE)
        await office.post([call])
        assert await bot.stop() == 0
    assert office.owed.keys() == {ADMIN, SUPERVISOR, OLENA}
    for person in office.people:
        told_of = [alert.number for alert in office.alerts(person)]
        assert told_of == sorted(office.owed.get(person, set()))
    for log in office.logs:
        assert_discreet(log, numbers=office.numbers)
        assert all(json.loads(line)["level"] != "ERROR" for line in log.splitlines())

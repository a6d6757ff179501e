"""Cases, claims and alerts against a simple model: events shuffled and repeated, restarts, jumps.

The model knows calls and moments only; the machine knows the database and a Telegram that now and
then asks to wait, drops a request, or takes a message and loses the answer.
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import DeleteMessage, EditMessageText, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Chat, Message
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.demo.bot_api.server import BotApiServer
from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Taking
from bot.domain.contacts import Joining
from bot.domain.errors import NoAccessError
from bot.domain.people import EVERYTHING, Language, Role
from bot.repositories import create_repositories
from bot.telegram.i18n import create_i18n
from bot.views import alerts as views
from storage.calls import CallRepo
from storage.case_closings import CaseClosings
from storage.case_deadlines import ANSWER_SECONDS, CaseDeadlines
from storage.cases import CaseRepo
from storage.contacts import ContactRepo
from storage.database import open_database
from storage.engine.base import Database
from tests.support.databases import where
from tests.support.deliveries import WatchedOutbox, deliver_due
from tests.support.employees import hire
from tests.support.engines import BOTH_ENGINES
from tests.support.running import settings_for
from tests.support.statements import said

T = TypeVar("T")

BEGIN = 1_789_948_860
"""One minute past midnight, UTC: the whole story fits in one day."""
WINDOW, CLAIM = 1800, 600
"""Seconds: a few jumps outlast the window, and a claim is asked about and freed within it."""
BOSS, OLENA, IVAN = 1, 2, 3
EXTENSIONS = {OLENA: "101", IVAN: "102"}
CLIENTS = ("0671234567", "0501112233", None)
E164 = ("+380671234567", "+380501112233")
UTC_ZONE = ZoneInfo("UTC")
ANSWERED: dict[str, Any] = {"status": Status.ANSWERED, "extension": "101", "talk": 1, "wait": 0}


class FakeTelegram(BaseSession):
    """The chats, and how the next requests fail. `orphans`: taken, but the bot never learnt it."""

    def __init__(self) -> None:
        super().__init__()
        self.chats: dict[int, dict[int, str]] = {}
        self.orphans: set[tuple[int, int]] = set()
        self.failures: list[str] = []
        self._next = 100

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109 - the signature of aiogram's
    ) -> TelegramType:
        failure = self.failures.pop() if self.failures else ""
        if failure == "flood":
            raise TelegramRetryAfter(method=method, message="flood", retry_after=2)
        if failure == "drop":
            raise TelegramNetworkError(method=method, message="dropped")
        answer: object = True
        if isinstance(method, SendMessage):
            self._next += 1
            chat_id = int(method.chat_id)
            self.chats.setdefault(chat_id, {})[self._next] = str(method.text)
            if failure == "lose":
                self.orphans.add((chat_id, self._next))
                raise TelegramNetworkError(method=method, message="lost")
            moment = datetime.fromtimestamp(BEGIN, UTC)
            chat = Chat(id=chat_id, type="private")
            answer = Message(message_id=self._next, date=moment, chat=chat).as_(bot)
        elif isinstance(method, EditMessageText):
            shown = self.chats[int(method.chat_id or 0)]
            text = str(method.text)
            if shown.get(method.message_id or 0) == text:
                raise TelegramBadRequest(method=method, message="message is not modified")
            shown[method.message_id or 0] = text
        elif isinstance(method, DeleteMessage):
            self.chats[int(method.chat_id)].pop(method.message_id, None)
        return cast(TelegramType, answer)  # the method's own type is known only to aiogram

    async def close(self) -> None:
        pass

    async def stream_content(self, *_args: Any, **_options: Any) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError
        yield b""


@dataclass(slots=True)
class Claim:
    owner: int
    due_at: int
    asked: bool = False


@dataclass(slots=True)
class Told:
    """A call or a closing by hand, as the model knows it; `id` in order of making."""

    id: str
    at: int
    kind: str
    extension: str = "101"


@dataclass(slots=True)
class Line:
    """What the model knows of one client: everything that was posted."""

    events: list[Told] = field(default_factory=list)
    claim: Claim | None = None

    def cases(self, now: int) -> list[tuple[list[Told], str, int]]:
        """(lost calls, state, failed attempts) of each case, oldest first, all computed anew."""
        left = sorted((one for one in self.events if one.kind == "lost"), key=lambda one: one.at)
        found = []
        while left:
            start = left[0].at
            ends = [
                (one.at, one.kind)
                for one in self.events
                if one.kind in {"out", "in", "closed"} and start < one.at <= start + WINDOW
            ]
            end, kind = min(ends, default=(start + WINDOW + 1, "expired"))
            if kind == "expired" and now <= start + WINDOW:
                kind = "open"
            members = [one for one in left if one.at < end]
            left = [one for one in left if one.at >= end]
            tries = [one for one in self.events if one.kind == "failed" and start < one.at < end]
            names = {"out": "called_back", "in": "got_through", "closed": "by_hand"}
            found.append((members, names.get(kind, kind), len(tries)))
        return found

    def open_case(self, now: int) -> list[Told]:
        """The lost calls of the case that is open, none if none is."""
        cases = self.cases(now)
        return cases[-1][0] if cases and cases[-1][1] == "open" else []


_CASES = (
    "SELECT k.id, k.state, k.attempts, k.owner_id, k.closed_at, c.external_id FROM cases AS k "
    "JOIN case_calls AS y ON y.case_id = k.id AND y.part = 'lost' "
    "JOIN calls AS c ON c.id = y.call_id WHERE k.state <> 'void' ORDER BY k.id, c.started_at"
)


class CasesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.telegram = FakeTelegram()
        self.bot = Bot(
            "42:TEST", session=self.telegram, default=DefaultBotProperties(parse_mode="HTML")
        )
        self.now = BEGIN
        self.count = 0
        self.lines: dict[str, Line] = {}
        self.unposted: list[tuple[str, Told, CallFacts]] = []
        self.posted: list[CallFacts] = []

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    @initialize()
    def begin(self) -> None:
        self.run(self._open())
        self.run(hire(self.database, BOSS, Role.SUPERVISOR))
        for person, extension in EXTENSIONS.items():
            self.run(hire(self.database, person, Role.OPERATOR, extension))

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        path = Path(self.folder.name) / "dzvinok.db"
        self.database: Database = await self.stack.enter_async_context(open_database(where(path)))
        chosen = settings_for(Path(self.folder.name), BotApiServer(), bot_api_url="http://x")
        self.repositories = create_repositories(self.database, chosen)
        rules = CaseRules(window=WINDOW)
        self.calls = CallRepo(self.database, rules=rules)
        self.case_deadlines = CaseDeadlines(self.database, rules=rules)
        self.cases = CaseRepo(self.database, rules=rules, claim_seconds=CLAIM)
        self.contacts = ContactRepo(self.database, rules=rules)
        self.case_closings = CaseClosings(self.database, rules=rules, claim_seconds=CLAIM)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    # What happens

    @rule(
        client=st.sampled_from(CLIENTS),
        kind=st.sampled_from(["lost", "lost", "lost", "out", "in", "failed"]),
        extension=st.sampled_from(["101", "102"]),
    )
    def call(self, client: str | None, kind: str, extension: str) -> None:
        if client is None and kind != "lost":
            return
        self.now += 2
        self.count += 1
        name, start = f"c{self.count}", self.now
        told = Told(name, start, kind, extension)
        party = Party(number=client)
        values: dict[str, Any] = {
            "external_id": name,
            "started_at": start,
            "ended_at": start + 1,
            "caller": party,
            "rang": (extension,),
        }
        if kind == "in":
            values |= {"status": Status.ANSWERED, "extension": extension, "answered_at": start}
        elif kind != "lost":
            values |= {
                "direction": Direction.OUT,
                "status": Status.ANSWERED if kind == "out" else Status.NO_ANSWER,
                "caller": Party(number=extension),
                "callee": party,
                "extension": extension,
                "rang": (),
            }
        line = client or name
        self.unposted.append((line, told, said(**values)))

    @rule(chance=st.randoms(use_true_random=False), some=st.integers(1, 4))
    def post(self, chance: random.Random, some: int) -> None:
        chance.shuffle(self.unposted)
        batch, self.unposted = self.unposted[:some], self.unposted[some:]
        facts = [one for _, _, one in batch]
        again = chance.sample(self.posted, min(len(self.posted), chance.randint(0, 2)))
        self.run(self.calls.record([*facts, *again], now=self.now))
        self.posted += facts
        for line, told, _ in batch:
            known = self.lines.setdefault(line, Line())
            before = known.open_case(self.now)
            known.events.append(told)
            self._keep_claim(known, before)

    @rule(number=st.integers(0, 30))
    def correct(self, number: int) -> None:
        """One of the lost calls was answered after all."""
        lost = [
            (line, one)
            for line in self.lines.values()
            for one in line.events
            if one.kind == "lost"
        ]
        if not lost:
            return
        line, told = lost[number % len(lost)]
        [said_before] = [one for one in self.posted if one.external_id == told.id]
        before = line.open_case(self.now)
        self.run(self.calls.record([replace(said_before, **ANSWERED)], now=self.now))
        told.kind = "in"
        self._keep_claim(line, before)

    def _keep_claim(self, line: Line, before: list[Told]) -> None:
        """The owner stays with the case that is open, if it has any of its calls that are lost."""
        after = line.open_case(self.now)
        if before and not any(one in after for one in before if one.kind == "lost"):
            line.claim = None

    def _flush(self) -> None:
        while self.unposted:
            self.post(random.Random(1), 4)

    @rule(minutes=st.sampled_from([1, 4, 6, 11, 16, 25, 31]))
    def jump(self, minutes: int) -> None:
        self._flush()
        self.now += minutes * 60
        self.tick()

    @rule()
    def step_back(self) -> None:
        """The clock is set back a little: what has happened stays."""
        self.now -= 1
        self.tick()
        self.now += 2

    def tick(self) -> None:
        self.run(self.case_deadlines.ask_owners(now=self.now))
        for line in self.lines.values():
            claim = line.claim
            if claim and line.open_case(self.now - 1) and self.now >= claim.due_at:
                if claim.asked:
                    line.claim = None
                else:
                    claim.asked, claim.due_at = True, self.now + ANSWER_SECONDS
        self.run(self.case_deadlines.expire(now=self.now))

    @rule(
        client=st.integers(0, 5),
        person=st.sampled_from([BOSS, OLENA, IVAN]),
        action=st.sampled_from(["take", "take", "take", "return", "close", "hand"]),
    )
    def action(self, client: int, person: int, action: str) -> None:
        names = sorted(name for name, line in self.lines.items() if line.open_case(self.now))
        if not names:
            return
        self._flush()
        self.now += 2
        line = self.lines[names[client % len(names)]]
        lost = line.open_case(self.now)
        if not lost:
            return
        case_id = self.run(self._case_of(lost[0].id))
        who = self.run(self.repositories.employees.get(person))
        rang = {one.extension for one in lost}
        owner = line.claim.owner if line.claim else None
        may_see = person == BOSS or EXTENSIONS[person] in rang or owner == person
        may_decide = may_see and (owner in {None, person} or person == BOSS)
        doing: dict[str, Coroutine[Any, Any, Any]] = {
            "take": self.cases.take(case_id, who, now=self.now),
            "return": self.cases.give_back(case_id, who, now=self.now),
            "close": self.case_closings.close(case_id, who, "так", now=self.now),
            "hand": self.cases.hand(case_id, who, IVAN, now=self.now),
        }
        chosen = doing.pop(action)
        for one in doing.values():
            one.close()
        allowed = {"take": may_see, "hand": person == BOSS}.get(action, may_decide)
        if action == "return" and owner is None:
            allowed = may_see
        try:
            result = self.run(chosen)
        except NoAccessError:
            assert not allowed
            return
        assert allowed
        if action == "take":
            expected = {None: Taking.TAKEN, person: Taking.MINE_ALREADY}
            assert result is expected.get(owner, Taking.ANOTHERS)
            if owner is None:
                line.claim = Claim(person, self.now + CLAIM)
        elif action == "return":
            assert result is (owner is not None)
            line.claim = None
        elif action == "hand":
            assert result
            line.claim = Claim(IVAN, self.now + CLAIM)
        else:
            assert result
            line.events.append(Told("", self.now, "closed"))
            line.claim = None

    async def _case_of(self, external_id: str) -> int:
        [row] = await self.database.fetch(
            "SELECT y.case_id FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id "
            "WHERE c.external_id = ?",
            (external_id,),
        )
        return int(row["case_id"])

    @rule()
    def join_and_part(self) -> None:
        """Two clients are taken for one, and that is undone: all is as before."""
        self.now += 2
        first, second = E164
        joined = self.run(self.contacts.add_number(first, second, now=self.now))
        assert joined is Joining.ADDED
        contact = self.run(self.contacts.find(second))
        assert contact
        number = contact.find(second)
        assert number
        assert self.run(self.contacts.remove_number(contact, number.id, now=self.now))
        for number_of, line in self.lines.items():
            if line.claim and (lost := line.open_case(self.now)) and number_of in CLIENTS:
                self._ask_as_stored(line.claim, lost[0].id)

    def _ask_as_stored(self, claim: Claim, call: str) -> None:
        """The owner may be asked sooner than they would have been."""
        case_id = self.run(self._case_of(call))
        [row] = self.run(
            self.database.fetch(
                "SELECT claim_due_at, asked_at FROM cases WHERE id = ?", (case_id,)
            )
        )
        assert row["claim_due_at"] <= max(claim.due_at, self.now)
        claim.due_at, claim.asked = row["claim_due_at"], row["asked_at"] is not None

    @rule()
    def restart(self) -> None:
        self.run(self.stack.aclose())
        self.run(self._open())

    @rule(failures=st.lists(st.sampled_from(["", "", "flood", "drop", "lose"]), max_size=4))
    def deliver(self, failures: list[str]) -> None:
        self.telegram.failures = failures
        self.run(self._deliver())
        self.run(self._check_chats())

    async def _deliver(self) -> None:
        """Let the Alerter work until nothing that is due is owed."""
        for _ in range(50):
            await deliver_due(
                self.bot,
                replace(self.repositories, cases=self.cases),
                WatchedOutbox(self.database),
                zone=UTC_ZONE,
                clock=lambda: self.now,
            )
            rows = await self.database.fetch(
                "SELECT max(due_at) AS at FROM outbox WHERE state = 'pending' AND kind = 'case'"
            )
            if rows[0]["at"] is None:
                return
            self.now = max(self.now, rows[0]["at"])
        raise AssertionError("what is owed is never said")

    # What must hold

    @invariant()
    def cases_are_as_the_model_says(self) -> None:
        if not hasattr(self, "stack"):  # it has not begun
            return
        self.run(self.case_deadlines.expire(now=self.now))
        for line in self.lines.values():
            if not line.open_case(self.now):
                line.claim = None
        stored = [
            (
                ",".join(row["external_id"] for row in (case, *more)),
                case["state"],
                case["attempts"],
                case["owner_id"] if case["state"] == "open" else None,
                case["closed_at"] if case["state"] == "expired" else None,
            )
            for _, [case, *more] in groupby(
                self.run(self.database.fetch(_CASES)), itemgetter("id")
            )
        ]
        expected = []
        for line in self.lines.values():
            for lost, state, tries in line.cases(self.now):
                owner = line.claim.owner if line.claim and state == "open" else None
                expired_at = lost[0].at + WINDOW if state == "expired" else None
                ids = ",".join(one.id for one in lost)
                expected.append((ids, state, tries, owner, expired_at))
        assert sorted(stored, key=str) == sorted(expected, key=str)

    async def _check_chats(self) -> None:
        """Each chat has one message for each case it was told of, and it says how things are."""
        rows = await self.database.fetch("SELECT * FROM outbox WHERE kind = 'case'")
        assert all(row["state"] != "pending" for row in rows)
        kept: dict[int, set[int]] = {}
        i18n = create_i18n(Language.UK)
        for row in rows:
            if row["message_id"] is None:
                continue
            case = await self.cases.get(row["case_id"], EVERYTHING)
            employee = await self.repositories.employees.get(row["employee_id"])
            extensions = set(employee.extensions)
            is_void = case.state.value == "void"
            assert row["message_id"] not in kept.setdefault(row["chat_id"], set())
            kept[row["chat_id"]].add(row["message_id"])
            with i18n.context(), i18n.use_locale("uk"):
                fresh = views.lost_call(case, now=self.now, zone=UTC_ZONE)
                gone = views.not_yours()
            is_theirs = case.owner and case.owner.id == employee.id
            may_see = employee.role.sees_all or extensions & set(case.rang) or is_theirs or is_void
            shown = self.telegram.chats[row["chat_id"]][row["message_id"]]
            assert shown == (fresh if may_see else gone)
        for chat_id, messages in self.telegram.chats.items():
            alerts = {
                id_
                for id_, text in messages.items()
                if "Пропущений дзвінок" in text and (chat_id, id_) not in self.telegram.orphans
            }
            assert alerts <= kept.get(chat_id, set())


SETTINGS = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@BOTH_ENGINES
def test_cases_claims_and_alerts_follow_the_model() -> None:
    run_state_machine_as_test(CasesMachine, settings=SETTINGS)

"""Calls stored with the cases they make: a database, a clock, and what is owed for them."""

import itertools
from typing import Any

from bot.domain.calls import CallFacts, CaseState, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Case
from bot.domain.people import EVERYTHING, Employee, Role
from storage.calls import CallRepo
from storage.case_batches import CaseBatches
from storage.case_closings import CaseClosings
from storage.case_deadlines import CaseDeadlines
from storage.cases import CaseRepo
from storage.contacts import ContactRepo
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.journal import JournalRepo
from tests.support.employees import hire
from tests.support.statements import NOW, said

HOUR = 3600
WINDOW = 168 * HOUR
CLIENT, SAME, OTHER = "0671234567", "+38 (067) 123-45-67", "0501112233"
THIRD = "0939998877"


class StoredCalls:
    """Calls and cases in a database; its clock stands still, and calls get ids in order."""

    def __init__(self, database: Database, rules: CaseRules | None = None) -> None:
        rules = rules or CaseRules()
        self.database = database
        self.calls = CallRepo(database, rules=rules)
        self.journal = JournalRepo(database)
        self.cases = CaseRepo(database, rules=rules, claim_seconds=600)
        self.case_closings = CaseClosings(database, rules=rules, claim_seconds=600)
        self.batches = CaseBatches(database, rules=rules, claim_seconds=600)
        self.case_deadlines = CaseDeadlines(database, rules=rules)
        self.contacts = ContactRepo(database, rules=rules)
        self.employees = EmployeeRepo(database)
        self.now = NOW
        self._ids = itertools.count(1)

    async def call(self, **values: Any) -> CallFacts:
        """One more call, told of now; lost unless the values say otherwise."""
        facts = said(**{"external_id": f"c{next(self._ids)}"} | values)
        await self.calls.record([facts], now=self.now)
        return facts

    async def lost(self, at: int = 0, number: str | None = CLIENT, **values: Any) -> CallFacts:
        start = self.now + at
        given = {"rang": ("101",), "ended_at": start + 20} | values
        return await self.call(started_at=start, caller=Party(number=number), **given)

    async def lost_at_once(self, calls: dict[str, int], **values: Any) -> None:
        """A lost call of each number, so many seconds from now, told of in one transaction."""
        given = {"rang": ("101",)} | values
        facts = [
            said(
                external_id=f"c{next(self._ids)}",
                started_at=self.now + at,
                ended_at=self.now + at + 20,
                caller=Party(number=number),
                **given,
            )
            for number, at in calls.items()
        ]
        await self.calls.record(facts, now=self.now)

    async def dialled(self, at: int = 0, number: str = CLIENT, **values: Any) -> CallFacts:
        """An outgoing call of 101, answered unless the values say otherwise."""
        start = self.now + at
        given = {"status": Status.ANSWERED, "extension": "101", "ended_at": start + 60}
        given |= {"answered_at": start + 10} if "status" not in values else {}
        return await self.call(
            direction=Direction.OUT,
            started_at=start,
            caller=Party(number="101"),
            callee=Party(number=number),
            **given | values,
        )

    async def redialled(self, at: int = 0, number: str = CLIENT) -> CallFacts:
        start = self.now + at
        return await self.lost(
            at,
            number,
            status=Status.ANSWERED,
            extension="101",
            answered_at=start + 5,
            ended_at=start + 60,
        )

    async def all_cases(self) -> list[Case]:
        rows = await self.database.fetch("SELECT id FROM cases WHERE state <> 'void' ORDER BY id")
        return [await self.cases.get(row["id"], EVERYTHING) for row in rows]

    async def only_case(self) -> Case:
        [case] = await self.all_cases()
        return case

    async def states(self) -> list[CaseState]:
        return [case.state for case in await self.all_cases()]

    async def hire(self, tg_id: int, role: Role, *extensions: str) -> Employee:
        await hire(self.database, tg_id, role, *extensions)
        return await self.employees.get(tg_id)

    async def owed(self, kind: str = "case", state: str = "pending") -> list[int]:
        rows = await self.database.fetch(
            "SELECT chat_id FROM outbox WHERE kind = ? AND state = ? ORDER BY chat_id",
            (kind, state),
        )
        return [row["chat_id"] for row in rows]

    async def send_all(self) -> None:
        """Mark all that is owed as sent, but the edits of open cards."""
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'sent', message_id = id, ping_version = 0 "
                "WHERE state = 'pending' AND kind <> 'card'"
            )


def values_of(facts: CallFacts) -> dict[str, Any]:
    """What a statement says, to say it again with something changed."""
    return {name: getattr(facts, name) for name in facts.__slots__}

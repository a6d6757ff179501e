"""The deadlines of cases: when one expires, its owner is asked, its alert is repeated."""

from bot.domain.case_rules import CaseRules
from bot.domain.cases import CaseActionKind
from bot.domain.outbox import MessageKind, Priority
from storage.case_changes import free_cases, refold_cases
from storage.case_history import note_action
from storage.company import ask_planning, planning
from storage.engine.base import Database
from storage.owing import owe_anew, ping_chats

ANSWER_SECONDS = 300
"""How long the owner of a case, asked whether they still see to it, has to answer."""

_WINDOW_OVER = "state = 'open' AND expires_at < ?"
_EXPIRED_TOO_SOON = "state = 'expired' AND closed_at >= ?"


class CaseDeadlines:
    def __init__(self, database: Database, *, rules: CaseRules) -> None:
        self._database = database
        self._rules = rules

    async def expire(self, *, now: int) -> int:
        """Let the cases expire whose window is over. Returns how many changed.

        Cases that expired too soon, because the clock was wrong, are opened again.
        """
        if not (await self._has(_WINDOW_OVER, now) or await self._has(_EXPIRED_TOO_SOON, now)):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                f"SELECT * FROM cases WHERE {_WINDOW_OVER} UNION ALL "  # noqa: S608
                f"SELECT * FROM cases WHERE {_EXPIRED_TOO_SOON} ORDER BY expires_at LIMIT 100",
                (now, now),
            )
            await refold_cases(tx, rows, rules=self._rules, now=now)
        return len(rows)

    async def ask_owners(self, *, now: int) -> int:
        """Ask owners whose time is over whether they still see to their case.

        An owner who was asked and did not answer loses the case. Returns how many cases were due.
        """
        if not await self._has("claim_due_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT * FROM cases WHERE claim_due_at <= ? ORDER BY claim_due_at, id LIMIT 100",
                (now,),
            )
            for row in rows:
                case_id, owner_id = row["id"], row["owner_id"]
                if row["asked_at"] is not None:
                    freed = CaseActionKind.FREED
                    await free_cases(tx, [case_id], freed, owner_id, rules=self._rules, now=now)
                    continue
                tx.write(
                    "UPDATE cases SET asked_at = ?, claim_due_at = ? WHERE id = ?",
                    (now, now + ANSWER_SECONDS, case_id),
                )
                await note_action(tx, case_id, CaseActionKind.ASKED, owner_id, now=now)
                await owe_anew(
                    tx,
                    MessageKind.CLAIM,
                    str(case_id),
                    employee_id=owner_id,
                    priority=Priority.URGENT,
                    case_id=case_id,
                    now=now,
                )
        return len(rows)

    async def repeat_alerts(self, *, now: int) -> int:
        """Repeat the alerts of cases that nobody has taken. Returns how many cases were due."""
        if not await self._has("repeat_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            asked = ask_planning(tx)
            rows = await tx.execute(
                "SELECT k.id, k.repeat_at, c.line FROM cases AS k "
                "JOIN calls AS c ON c.id = k.call_id "
                "WHERE k.repeat_at <= ? ORDER BY k.repeat_at LIMIT 100",
                (now,),
            )
            plan = planning(await asked)
            for row in rows:
                hours = plan.hours(row["line"])
                repeat_at = plan.escalation.repeat_moment(hours, now, self._rules.zone)
                tx.write("UPDATE cases SET repeat_at = ? WHERE id = ?", (repeat_at, row["id"]))
                await ping_chats(tx, row["id"], since=row["repeat_at"], now=now)
        return len(rows)

    async def _has(self, where: str, now: int) -> bool:
        """Whether any case is due: a tick must not take the writer's lock for nothing."""
        return await self._database.has(f"SELECT 1 FROM cases WHERE {where} LIMIT 1", (now,))  # noqa: S608

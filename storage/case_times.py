"""What time does to cases: they expire, their owners are asked, alerts are repeated."""

from bot.domain.case_rules import CaseRules
from bot.domain.cases import CaseActionKind
from bot.domain.outbox import MessageKind, Priority
from storage.case_changes import free_case, refold_case
from storage.case_history import note_action
from storage.case_refolding import CaseRefolding
from storage.company import read_escalation, read_hours
from storage.database import Database, chunks
from storage.owing import owe_anew, ping_chats

ANSWER_SECONDS = 300
"""How long the owner of a case, asked whether they still see to it, has to answer."""

_WINDOW_OVER = "state = 'open' AND expires_at < ?"
_EXPIRED_TOO_SOON = "state = 'expired' AND closed_at >= ?"
_CALLS_AT_ONCE = 200


class CaseTimes:
    def __init__(self, database: Database, *, rules: CaseRules) -> None:
        self._database = database
        self._rules = rules

    async def expire(self, *, now: int) -> int:
        """Let go of the cases whose window is over. Returns how many changed.

        Those let go while the clock was wrong are open again.
        """
        if not (await self._has(_WINDOW_OVER, now) or await self._has(_EXPIRED_TOO_SOON, now)):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                f"SELECT * FROM cases WHERE {_WINDOW_OVER} UNION ALL "  # noqa: S608
                f"SELECT * FROM cases WHERE {_EXPIRED_TOO_SOON} ORDER BY expires_at LIMIT 100",
                (now, now),
            )
            for row in rows:
                await refold_case(tx, row, rules=self._rules, now=now)
        return len(rows)

    async def ask_owners(self, *, now: int) -> int:
        """Ask the owners whose time is over; free the cases of those asked who did not answer.

        Returns how many cases there were.
        """
        if not await self._has("claim_due_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT * FROM cases WHERE claim_due_at <= ? ORDER BY claim_due_at LIMIT 100",
                (now,),
            )
            for row in rows:
                case_id, owner_id = row["id"], row["owner_id"]
                if row["asked_at"] is not None:
                    freed = CaseActionKind.FREED
                    await free_case(tx, case_id, freed, owner_id, rules=self._rules, now=now)
                    continue
                await tx.execute(
                    "UPDATE cases SET asked_at = ?, claim_due_at = ? WHERE id = ?",
                    (now, now + ANSWER_SECONDS, case_id),
                )
                await note_action(tx, case_id, CaseActionKind.ASKED, owner_id, now=now)
                await owe_anew(
                    tx,
                    MessageKind.CLAIM,
                    str(case_id),
                    employee_id=owner_id,
                    priority=Priority.ALERT,
                    case_id=case_id,
                    now=now,
                )
        return len(rows)

    async def repeat_alerts(self, *, now: int) -> int:
        """Alert everybody again of what nobody has taken. Returns how many cases there were."""
        if not await self._has("repeat_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT k.id, k.repeat_at, c.line FROM cases AS k "
                "JOIN calls AS c ON c.id = k.call_id "
                "WHERE k.repeat_at <= ? ORDER BY k.repeat_at LIMIT 100",
                (now,),
            )
            for row in rows:
                escalation, hours = await read_escalation(tx), await read_hours(tx, row["line"])
                again = hours.after(now, escalation.repeat_every * 60, self._rules.zone)
                await tx.execute(
                    "UPDATE cases SET repeat_at = ? WHERE id = ?",
                    (again if escalation.repeat_every else None, row["id"]),
                )
                await ping_chats(tx, row["id"], since=row["repeat_at"], now=now)
        return len(rows)

    async def make_missing(self, *, now: int) -> int:
        """Make the cases of lost calls recorded before there were cases. Returns how many calls.

        Nobody is alerted of them; the board and the lists have them.
        """
        rows = await self._database.fetch(
            "SELECT c.id, c.client, c.started_at FROM calls AS c WHERE c.lost = 1 AND EXISTS "
            "(SELECT 1 FROM counters WHERE name = 'caught_up' AND value = 0) "
            "ORDER BY c.position, c.id"
        )
        since: dict[str, int] = {}
        for row in rows:
            if row["client"] is not None:
                since.setdefault(row["client"], row["started_at"])
        hidden = [row["id"] for row in rows if row["client"] is None]
        for clients in chunks(list(since), _CALLS_AT_ONCE):
            async with self._database.transaction() as tx:
                refolding = CaseRefolding(tx, self._rules, now)
                await refolding.refold({client: since[client] for client in clients})
        for call_ids in chunks(hidden, _CALLS_AT_ONCE):
            async with self._database.transaction() as tx:
                await CaseRefolding(tx, self._rules, now).refold_hidden(call_ids)
        async with self._database.transaction() as tx:
            await tx.execute("UPDATE counters SET value = 1 WHERE name = 'caught_up'")
        return len(rows)

    async def _has(self, where: str, now: int) -> bool:
        """Whether a tick has anything to do: it must not hold the writer's lock for nothing."""
        return await self._database.has(f"SELECT 1 FROM cases WHERE {where} LIMIT 1", (now,))  # noqa: S608

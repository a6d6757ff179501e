"""Many cases taken, or closed by hand, at once: asked about, carried out, undone.

- A batch is the cases the board shows, and the person may take or close, when they press: these
  are written down, so that exactly they are meant whenever the answer comes.
- Only what is still so counts: a case that a colleague has taken meanwhile, whose client has
  called again (of those to be closed) or been called back, or that is no longer the person's to
  take or close, is left as it is, and counted.
- What is done to each case, who may do it and what the history says is that of one (case_actions).
- Undone are the cases that still are as the batch has left them: taken, and in the same hands
  since; closed, with no talk since, no newer case, and not opened or closed anew.
- _AT_ONCE cases are one transaction, so that calls and others' presses go on between; each case
  says what became of it, so that a batch cut short goes on when the press comes again.
- Edits of alerts are owed with the least priority of all (Priority.MANY); undoing tells nobody of
  a client of whom it is too late for an alert.
"""

from collections.abc import Collection, Mapping, Sequence

from bot.domain.audit import AuditKind, By
from bot.domain.case_rules import CaseRules
from bot.domain.cases import (
    ALERT_MAX_AGE,
    Batch,
    BatchKind,
    Board,
    BoardPart,
    CaseActionKind,
)
from bot.domain.errors import NotFoundError
from bot.domain.outbox import Priority
from bot.domain.people import Employee
from storage.audit import note
from storage.board import board_order_sql, board_sql
from storage.case_actions import (
    claims_due,
    close_cases,
    latest_claims,
    list_closings,
    reached_since_closed,
    reopen_cases,
    take_cases,
)
from storage.case_changes import free_cases
from storage.case_rows import check_takes_clients, hold_of
from storage.clock import MAY_DELETE_SQL
from storage.engine.base import Database, Row, Transaction
from storage.scopes import case_in_scope_sql

_AT_ONCE = 50
_KEPT_SECONDS = 86400

_DONE = {BatchKind.TAKE: AuditKind.MANY_TAKEN, BatchKind.CLOSE: AuditKind.MANY_CLOSED}
_UNDONE = {
    BatchKind.TAKE: AuditKind.MANY_TAKEN_UNDONE,
    BatchKind.CLOSE: AuditKind.MANY_CLOSED_UNDONE,
}


class CaseBatches:
    def __init__(self, database: Database, *, rules: CaseRules, claim_seconds: int) -> None:
        self._database = database
        self._rules = rules
        self._claim_seconds = claim_seconds

    async def ask(
        self,
        kind: BatchKind,
        employee: Employee,
        board: Board,
        part: BoardPart,
        *,
        today: int,
        now: int,
    ) -> Batch:
        """Write down the cases that the board shows and the person may take, or close.

        Raises NoClientsError for a role that takes none.
        """
        check_takes_clients(employee)
        where, values = board_sql(employee, board, part, today=today)
        order, more = board_order_sql(board, today=today)
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT k.id, k.state, k.owner_id, k.lost FROM cases AS k "  # noqa: S608
                f"WHERE {where} ORDER BY {order}",
                (*values, *more),
            )
            chosen = [row for row in rows if _can_be_done(kind, row, employee)]
            tx.write(
                f"DELETE FROM batches WHERE asked_at < ? AND {MAY_DELETE_SQL}",  # noqa: S608
                (now - _KEPT_SECONDS,),
            )
            [counter] = await tx.execute(
                "UPDATE counters SET value = value + 1 WHERE name = 'batches' RETURNING value"
            )
            batch_id = counter["value"]
            tx.write(
                "INSERT INTO batches (id, kind, employee_id, asked_at) VALUES (?, ?, ?, ?)",
                (batch_id, kind.value, employee.id, now),
            )
            tx.write_many(
                "INSERT INTO batch_cases (batch_id, case_id, place, owner_id, lost) "
                "VALUES (?, ?, ?, ?, ?)",
                [
                    (batch_id, row["id"], place, row["owner_id"], row["lost"])
                    for place, row in enumerate(chosen)
                ],
            )
        colleagues = [row for row in chosen if hold_of(row).is_held_by_a_colleague_of(employee)]
        barred = [row for row in rows if hold_of(row).is_held_by_a_colleague_of(employee)]
        return Batch(
            id=batch_id,
            kind=kind,
            asked_at=now,
            asked=len(chosen),
            of_colleagues=len(colleagues),
            barred=len(barred) - len(colleagues),
        )

    async def get(self, batch_id: int, employee: Employee) -> Batch:
        """A batch of this person, and what has become of it. Raises NotFoundError."""
        rows = await self._database.fetch(
            "SELECT b.id, b.kind, b.asked_at, b.done_at, s.state, count(s.case_id) AS n "
            "FROM batches AS b LEFT JOIN batch_cases AS s ON s.batch_id = b.id "
            "WHERE b.id = ? AND b.employee_id = ? "
            "GROUP BY b.id, b.kind, b.asked_at, b.done_at, s.state",
            (batch_id, employee.id),
        )
        if not rows:
            raise NotFoundError(f"batch {batch_id}")
        count = {row["state"]: row["n"] for row in rows}
        undone, kept = count.get("undone", 0), count.get("kept", 0)
        return Batch(
            id=batch_id,
            kind=BatchKind(rows[0]["kind"]),
            asked_at=rows[0]["asked_at"],
            done_at=rows[0]["done_at"],
            asked=sum(count.values()),
            done=count.get("done", 0) + undone + kept,
            left=count.get("left", 0),
            undone=undone,
            kept=kept,
        )

    async def carry_out(
        self, batch_id: int, employee: Employee, *, now: int, text: str = ""
    ) -> Batch:
        """Take, or close, what still is as it was; `text`: why it is closed.

        What was done already is not done again. Raises NoClientsError, NotFoundError.
        """
        check_takes_clients(employee)
        batch = await self.get(batch_id, employee)
        while await self._carry_out_some(batch, employee, text, now=now):
            pass
        return await self.get(batch_id, employee)

    async def undo(self, batch_id: int, employee: Employee, *, now: int) -> Batch:
        """Undo what still is as the batch has left it. Raises NoClientsError, NotFoundError."""
        check_takes_clients(employee)
        batch = await self.get(batch_id, employee)
        while await self._undo_some(batch, employee, now=now):
            pass
        return await self.get(batch_id, employee)

    async def _carry_out_some(
        self, batch: Batch, employee: Employee, text: str, *, now: int
    ) -> bool:
        """Take, or close, the next cases, in one transaction. False: there are none."""
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE batches SET done_at = ? WHERE id = ? AND done_at IS NULL", (now, batch.id)
            )
            rows = await self._read_some(tx, batch, employee, state="asked")
            chosen = [
                row
                for row in rows
                if row["is_in_scope"]
                and _can_be_done(batch.kind, row, employee)
                and row["owner_id"] in {row["owner_then"], employee.id}
                and (batch.kind is BatchKind.TAKE or row["lost"] == row["lost_then"])
            ]
            events: dict[int, int] = {}
            if chosen and batch.kind is BatchKind.TAKE:
                claims = claims_due(
                    [row["id"] for row in chosen],
                    after=self._claim_seconds,
                    now=now,
                    first=chosen[0]["place"],
                )
                events = await take_cases(tx, claims, employee.id, now=now, priority=Priority.MANY)
            elif chosen:
                events = await close_cases(
                    tx,
                    chosen,
                    employee.id,
                    text,
                    rules=self._rules,
                    now=now,
                    priority=Priority.MANY,
                )
            await _settle(tx, batch, rows, events, done="done", otherwise="left")
            if events:
                by = By(employee.id, now)
                note(tx, _DONE[batch.kind], by, batch=batch.id, count=len(events))
        return bool(rows)

    async def _undo_some(self, batch: Batch, employee: Employee, *, now: int) -> bool:
        """Undo the next cases, in one transaction. False: there are none."""
        async with self._database.transaction() as tx:
            rows = await self._read_some(tx, batch, employee, state="done")
            ours = [row for row in rows if row["is_in_scope"]]
            ids = [row["id"] for row in ours]
            undone: Sequence[Row] = ()
            if ids and batch.kind is BatchKind.TAKE:
                claims = await latest_claims(tx, ids)
                undone = [
                    row
                    for row in ours
                    if claims.get(row["id"]) == row["event_id"]
                    and hold_of(row).is_held_by(employee)
                    and hold_of(row).can_be_released_by(employee)
                ]
                if undone:
                    await free_cases(
                        tx,
                        [row["id"] for row in undone],
                        CaseActionKind.RETURNED,
                        employee.id,
                        rules=self._rules,
                        now=now,
                        priority=Priority.MANY,
                        alert_since=now - ALERT_MAX_AGE,
                    )
            elif ids:
                closings = await list_closings(tx, ids, now=now)
                reached = await reached_since_closed(tx, ids, self._rules)
                closings = {
                    case_id: one for case_id, one in closings.items() if case_id not in reached
                }
                undone = [
                    row
                    for row in ours
                    if (closing := closings.get(row["id"]))
                    and closing.event_id == row["event_id"]
                    and hold_of(row).is_undone_by(employee, closer=closing.employee_id)
                ]
                if undone:
                    await reopen_cases(
                        tx,
                        undone,
                        {row["id"]: closings[row["id"]] for row in undone},
                        employee.id,
                        rules=self._rules,
                        claim_seconds=self._claim_seconds,
                        now=now,
                        priority=Priority.MANY,
                    )
            events = {row["id"]: row["event_id"] for row in undone}
            await _settle(tx, batch, rows, events, done="undone", otherwise="kept")
            if events:
                by = By(employee.id, now)
                note(tx, _UNDONE[batch.kind], by, batch=batch.id, count=len(events))
        return bool(rows)

    async def _read_some(
        self, tx: Transaction, batch: Batch, employee: Employee, *, state: str
    ) -> list[Row]:
        """The next cases of the batch in this state, as they are now, and as they were then."""
        mine, values = case_in_scope_sql(employee.scope, "k")
        return await tx.execute(
            f"SELECT k.*, s.place, s.event_id, s.owner_id AS owner_then, "  # noqa: S608
            f"s.lost AS lost_then, (k.call_id IS NOT NULL AND {mine}) AS is_in_scope "
            "FROM batch_cases AS s JOIN cases AS k ON k.id = s.case_id "
            "WHERE s.batch_id = ? AND s.state = ? ORDER BY s.place LIMIT ?",
            (*values, batch.id, state, _AT_ONCE),
        )


def _can_be_done(kind: BatchKind, row: Row, employee: Employee) -> bool:
    hold = hold_of(row)
    if kind is BatchKind.TAKE:
        return hold.can_be_taken_by(employee)
    return hold.can_be_closed_by(employee)


async def _settle(
    tx: Transaction,
    batch: Batch,
    rows: Collection[Row],
    events: Mapping[int, int],
    *,
    done: str,
    otherwise: str,
) -> None:
    """Note what became of each case; `events`: the actions in the histories of those done."""
    tx.write_many(
        "UPDATE batch_cases SET state = ?, event_id = ? WHERE batch_id = ? AND case_id = ?",
        [
            (
                done if row["id"] in events else otherwise,
                events.get(row["id"], row["event_id"]),
                batch.id,
                row["id"],
            )
            for row in rows
        ],
    )

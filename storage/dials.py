"""The calls that people begin from chat: one at a time for each person, phone and client.

- A row is written before the PBX is asked, and only then it is asked, once. So a press counts
  once, from however many messages and devices, and whatever Telegram tells again; after a crash in
  between nothing is dialled by itself, and the person is told that nobody knows.
- Of several processes only the leader asks PBXs: it has the connections that hear what becomes of
  it. Elsewhere a call is handed on to it, and taken once; a wish it finds after WISHED_WITHIN is
  left to lapse, nobody expects their phone to ring any more.
- The call it becomes is known by the id that the PBX has told, or that we chose; else it is the
  next call of that source from that phone to that number, unless the PBX refused. It must be new
  in the log, and told as it happens, or begun since by its own time, mended by what is known of
  the clock of its PBX. Of several wishes it is that of the moment nearest to its beginning.
- Once the call is in the log, that alone says how it goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.calling_back import LONGEST, SILENT_AFTER, Beginning, Dial, DialState
from bot.domain.calls import Direction
from bot.domain.clock_shifts import SHIFT_TOLERANCE, SHIFTED_CALLS
from bot.domain.errors import NotFoundError
from bot.domain.merging import MergedCall
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import Employee
from storage.engine.base import Answer, Database, Row, Transaction, marks_sql
from storage.owing import mark_cases_changed, purge_told
from storage.owing_dials import mark_dials_changed, owe_dial

JUST_NOW, AFTER_END = 10, 3
"""Seconds after the request, and after the end of the call, within which another press for the
same client is taken for a repetition."""

WISHED_WITHIN = 15

BEGINS_WITHIN = 300
"""Seconds after the request within which its call begins: the own phone rings first."""

HEARD_WITHIN = 6 * 3600
"""Seconds after the request within which a PBX that tells of calls later has told of it."""

_SELECT = (
    "SELECT d.*, e.name AS employee FROM dials AS d JOIN employees AS e ON e.id = d.employee_id"
)


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call of the log that was written just now; `is_new`: nothing was known of it before."""

    id: int
    call: MergedCall
    is_new: bool


class DialRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        employee: Employee,
        *,
        press: str,
        ref: str,
        source: str,
        extension: str,
        number: str,
        origin_id: int,
        now: int,
        message_id: int | None = None,
        handed_on: bool = False,
    ) -> tuple[Beginning, Dial]:
        """Write down that a call is to be begun; whoever does so has to ask the PBX, once.

        `handed_on`: that is for the leader, who takes it. If it must not be begun, the call that
        stands in its way is returned. The message that tells of it is owed, in place of
        `message_id` if there is one.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE dials SET over_at = ? WHERE over_at IS NULL AND asked_at <= ?",
                (now, now - LONGEST),
            )
            rows = await tx.execute(
                f"{_SELECT} WHERE d.press = ? OR (d.number = ? AND d.employee_id = ? "
                "AND d.over_at IS NOT NULL AND (d.asked_at > ? OR d.over_at > ?)) "
                "ORDER BY d.id DESC LIMIT 1",
                (press, number, employee.id, now - JUST_NOW, now - AFTER_END),
            )
            if rows:
                return Beginning.AGAIN, _dial(rows[0])
            under_way = await tx.execute(
                f"{_SELECT} WHERE d.over_at IS NULL AND d.asked_at > ? ORDER BY d.asked_at, d.id",
                (now - LONGEST,),
            )
            for row in under_way:
                if barred := _bar(_dial(row), employee, source, extension, number):
                    return barred, _dial(row)
            [row] = await tx.execute(
                "INSERT INTO dials (press, ref, employee_id, source, extension, number, "
                "origin_id, asked_at, state, handed_on) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'asked', ?) RETURNING id",
                (
                    *(press, ref, employee.id, source, extension, number, origin_id, now),
                    int(handed_on),
                ),
            )
            await owe_dial(tx, row["id"], employee.id, message_id=message_id, now=now)
            cases = await tx.execute(
                "SELECT case_id FROM case_calls WHERE call_id = ?", (origin_id,)
            )
            ids = [one["case_id"] for one in cases]
            await mark_cases_changed(tx, ids, priority=Priority.DETAIL, now=now)
            [written] = await tx.execute(f"{_SELECT} WHERE d.id = ?", (row["id"],))
        return Beginning.BEGUN, _dial(written)

    async def take(self, *, now: int) -> list[Dial]:
        """Take what was handed on of late, as the leader; each is given once."""
        waits = "handed_on = 1 AND over_at IS NULL AND state = 'asked' AND asked_at > ?"
        if not await self._database.has(
            f"SELECT 1 FROM dials WHERE {waits} LIMIT 1",  # noqa: S608
            (now - WISHED_WITHIN,),
        ):
            return []
        async with self._database.transaction() as tx:
            taken = await tx.execute(
                f"UPDATE dials SET handed_on = 0 WHERE {waits} RETURNING id",  # noqa: S608
                (now - WISHED_WITHIN,),
            )
            ids = [row["id"] for row in taken]
            rows = await tx.execute(
                f"{_SELECT} WHERE d.id IN ({marks_sql(ids)}) ORDER BY d.id", ids
            )
        return [_dial(row) for row in rows]

    async def get(self, dial_id: int) -> Dial:
        """Raises NotFoundError if it is gone."""
        rows = await self._database.fetch(f"{_SELECT} WHERE d.id = ?", (dial_id,))
        if not rows:
            raise NotFoundError(f"dial {dial_id}")
        return _dial(rows[0])

    async def note_begun(self, dial_id: int, external_id: str | None, *, now: int) -> None:
        """Note that the PBX has taken it on, under this id if it has told it.

        What was taken for its call until now, and has another id, was another.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE dials SET state = 'begun' WHERE id = ? AND state IN ('asked', 'unsure')",
                (dial_id,),
            )
            if external_id is not None:
                tx.write(
                    "UPDATE dials SET external_id = ?, call_id = (SELECT c.id FROM calls AS c "
                    "WHERE c.source = dials.source AND c.external_id = ?) WHERE id = ?",
                    (external_id, external_id, dial_id),
                )
                tx.write(
                    "UPDATE dials SET over_at = ? WHERE id = ? AND over_at IS NULL AND EXISTS ("
                    "SELECT 1 FROM calls AS c WHERE c.id = dials.call_id AND c.status NOT IN "
                    "('ringing', 'connecting_operator') AND (c.ended_at IS NOT NULL "
                    "OR c.talk IS NOT NULL))",
                    (now, dial_id),
                )
            await mark_dials_changed(tx, [dial_id], now=now)

    async def note_failure(
        self, dial_id: int, state: DialState, reason: str | None, *, now: int
    ) -> None:
        """Note that nothing has come of it, or that this is not known; the log knows better."""
        async with self._database.transaction() as tx:
            over_at = None if state is DialState.UNSURE else now
            tx.write(
                "UPDATE dials SET state = ?, reason = ?, over_at = ? "
                "WHERE id = ? AND call_id IS NULL AND over_at IS NULL",
                (state.value, reason, over_at, dial_id),
            )
            await mark_dials_changed(tx, [dial_id], now=now)

    async def note_interrupted(self, *, now: int) -> int:
        """Before the leader begins any call: of those that were being begun when the bot ended, or
        the leader before it, nobody knows. Returns how many there were."""
        asked = "over_at IS NULL AND state = 'asked' AND handed_on = 0"
        if not await self._database.has(f"SELECT 1 FROM dials WHERE {asked} LIMIT 1"):  # noqa: S608
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                f"UPDATE dials SET state = 'unsure' WHERE {asked} RETURNING id"  # noqa: S608
            )
            await mark_dials_changed(tx, [row["id"] for row in rows], now=now)
        return len(rows)

    async def lapse(self, *, now: int) -> int:
        """Wait no longer for calls of which nothing was heard. Returns how many there were."""
        silent = "over_at IS NULL AND call_id IS NULL AND asked_at <= ?"
        before = now - SILENT_AFTER
        if not await self._database.has(f"SELECT 1 FROM dials WHERE {silent} LIMIT 1", (before,)):  # noqa: S608
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "UPDATE dials SET over_at = ?, "  # noqa: S608
                "state = CASE WHEN state = 'unsure' THEN state ELSE 'silent' END "
                f"WHERE {silent} RETURNING id",
                (now, before),
            )
            await mark_dials_changed(tx, [row["id"] for row in rows], now=now)
        return len(rows)


def ask_dials(tx: Transaction, changes: Sequence[ChangedCall], *, now: int) -> Answer | None:
    """What was begun in chat of late that these calls may have come of."""
    outgoing = [one for one in changes if one.call.direction is Direction.OUT]
    if not outgoing:
        return None
    numbers = sorted({one.call.client or "" for one in outgoing})
    ids = sorted({one.call.external_id for one in outgoing})
    return tx.ask(
        f"SELECT * FROM dials WHERE (number IN ({marks_sql(numbers)}) OR ref IN "  # noqa: S608
        f"({marks_sql(ids)}) OR external_id IN ({marks_sql(ids)})) AND asked_at > ? ORDER BY id",
        (*numbers, *ids, *ids, now - HEARD_WITHIN),
    )


async def follow_calls(
    tx: Transaction,
    changes: Sequence[ChangedCall],
    dials: Answer | None,
    shifts: Answer,
    *,
    now: int,
) -> None:
    """Let calls of the log that have just been written be those that were begun in chat.

    `dials` is what `ask_dials` has asked, `shifts` what ask_shifts has.
    """
    rows = await dials if dials else []
    taken = {row["call_id"]: row for row in rows if row["call_id"]}
    for one in changes if rows else ():
        if one.call.direction is not Direction.OUT:
            continue
        row = taken.get(one.id) or await _begun_as(one, rows, taken, shifts, now=now)
        if row is None:
            continue
        taken[one.id] = row
        over_at = (row["over_at"] or now) if one.call.is_over else None
        tx.write(
            "UPDATE dials SET call_id = ?, over_at = ? WHERE id = ?",
            (one.id, over_at, row["id"]),
        )
        await mark_dials_changed(tx, [row["id"]], now=now)


async def purge_dials(tx: Transaction, *, before: int) -> None:
    """Delete what was begun before the moment, and what tells of it."""
    tx.write("DELETE FROM dials WHERE asked_at < ? AND over_at IS NOT NULL", (before,))
    await purge_told(tx, [MessageKind.DIAL], before=before)


async def _begun_as(
    one: ChangedCall,
    rows: Sequence[Row],
    taken: dict[int, Row],
    shifts: Answer,
    *,
    now: int,
) -> Row | None:
    """The wish that has become this call."""
    known, likely = {row["id"] for row in taken.values()}, []
    for row in rows:
        if row["source"] != one.call.source or row["id"] in known:
            continue
        if one.call.external_id in {row["external_id"], row["ref"]}:
            return row
        is_likely = row["external_id"] is None and row["extension"] in one.call.extensions
        is_likely = is_likely and one.is_new and row["number"] == one.call.client
        if is_likely and row["state"] != DialState.REFUSED:
            likely.append(row)
    if not likely:
        return None
    moments = _beginnings(one.call, await shifts, now=now)
    near = [
        (abs(after), row["id"], row)
        for row in likely
        for after in (moment - row["asked_at"] for moment in moments)
        if -SHIFT_TOLERANCE <= after <= BEGINS_WITHIN
    ]
    return min(near, key=lambda one: one[:2])[2] if near else None


def _beginnings(call: MergedCall, shifts: Sequence[Row], *, now: int) -> list[int]:
    """When a call that is new in the log may have begun, by our clock.

    Told as it happens it began just now, whatever the clock of its PBX shows.
    """
    began_at = call.started_at
    began_at += sum(
        row["shift"]
        for row in shifts
        if row["source"] == call.source and row["run"] >= SHIFTED_CALLS
    )
    return [began_at, now] if call.status.is_live else [began_at]


def _bar(
    other: Dial, employee: Employee, source: str, extension: str, number: str
) -> Beginning | None:
    """Why a call must not be begun while this one is under way."""
    if other.employee_id == employee.id:
        return Beginning.AGAIN if other.number == number else Beginning.ANOTHER_CLIENT
    if (other.source, other.extension) == (source, extension):
        return Beginning.SAME_PHONE
    return Beginning.SAME_CLIENT if other.number == number else None


def _dial(row: Row) -> Dial:
    return Dial(
        id=row["id"],
        ref=row["ref"],
        employee_id=row["employee_id"],
        employee=row["employee"],
        source=row["source"],
        extension=row["extension"],
        number=row["number"],
        origin_id=row["origin_id"],
        asked_at=row["asked_at"],
        state=DialState(row["state"]),
        reason=row["reason"],
        call_id=row["call_id"],
        over_at=row["over_at"],
    )

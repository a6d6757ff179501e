"""What people did with cases, as events of folding: of which numbers and lost calls each deed is.

- A deed is of all the numbers its client had then, and of the lost calls its case had. If these
  calls turn out to be of another number, or a hidden one becomes known, it is of that number.
- It comes after all calls it is of, also where the clock of a PBX is ahead of ours.
- A lost call that came while somebody had the client is added to that deed: they were told of it
  and go on, whatever becomes known of the time between.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bot.domain.case_rules import CaseEvent, Deed, EventKind
from bot.domain.merging import LIVE_POSITION
from storage.audience import takes_clients_sql
from storage.engine.base import Row, Transaction, Value, chunks, marks_sql

_AT_ONCE = 300
"""Deeds or calls that one statement asks about."""

_KINDS = {
    "taken": EventKind.CHANGED_HANDS,
    "handed": EventKind.CHANGED_HANDS,
    "returned": EventKind.CHANGED_HANDS,
    "freed": EventKind.CHANGED_HANDS,
    "closed": EventKind.BY_HAND,
}
"""The actions that folding knows, as kinds of `case_events`."""


@dataclass(slots=True)
class _About:
    """What a deed is of: its numbers, and its calls, as (id, number, begin)."""

    numbers: set[str] = field(default_factory=set)
    calls: list[tuple[int, str | None, int]] = field(default_factory=list)

    def present_numbers(self) -> frozenset[str | None]:
        of_calls = frozenset(number for _, number, _ in self.calls)
        return of_calls if self.calls and not of_calls & self.numbers else frozenset(self.numbers)


async def note_deeds(tx: Transaction, event_ids: Collection[int]) -> None:
    """Note what actions that have just been added to histories are of.

    That is also what earlier deeds in the history of the same case are of: a client is given back
    by whatever they were taken.
    """
    which = f"v.id IN ({marks_sql(event_ids)}) AND v.kind IN ({_kinds_sql()})"
    tx.write(
        "INSERT INTO event_calls (call_id, event_id) SELECT y.call_id, v.id "  # noqa: S608
        "FROM case_events AS v JOIN case_calls AS y ON y.case_id = v.case_id "
        f"WHERE y.part = 'lost' AND {which} "
        "UNION SELECT x.call_id, v.id FROM case_events AS v "
        "JOIN case_events AS w ON w.case_id = v.case_id AND w.id < v.id "
        f"JOIN event_calls AS x ON x.event_id = w.id WHERE {which}",
        (*event_ids, *event_ids),
    )
    tx.write(
        "INSERT INTO event_numbers (number, event_id) "  # noqa: S608
        "SELECT DISTINCT coalesce(m.number, c.client), v.id "
        "FROM case_events AS v JOIN case_calls AS y ON y.case_id = v.case_id AND y.part = 'lost' "
        "JOIN calls AS c ON c.id = y.call_id "
        "LEFT JOIN contact_numbers AS n ON n.number = c.client "
        "LEFT JOIN contact_numbers AS m ON m.contact_id = n.contact_id "
        f"WHERE c.client IS NOT NULL AND {which}",
        (*event_ids,),
    )


async def note_heard(tx: Transaction, heard: Sequence[tuple[Deed, int]]) -> None:
    """Add calls to the deeds by which somebody has the client they came from."""
    if heard:
        tx.write_many(
            "INSERT INTO event_calls (call_id, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(call, deed.id) for deed, call in heard],
        )


async def part_deed(
    tx: Transaction, event_id: int, copy_id: int, numbers: Collection[str]
) -> None:
    """Let an action be of these numbers no more, and its copy of them."""
    theirs = f"IN ({marks_sql(numbers)})"
    tx.write(
        f"UPDATE event_numbers SET event_id = ? WHERE event_id = ? AND number {theirs}",  # noqa: S608
        (copy_id, event_id, *numbers),
    )
    tx.write(
        "UPDATE event_calls SET event_id = ? WHERE event_id = ? "  # noqa: S608
        f"AND call_id IN (SELECT id FROM calls WHERE client {theirs})",
        (copy_id, event_id, *numbers),
    )


async def list_deeds(tx: Transaction, asked: str, values: Sequence[Value]) -> list[CaseEvent]:
    """The deeds that are of these numbers since a moment each, or of their calls since.

    `asked`: a WITH clause of the table `asked` of `client` and `since`.
    """
    return await _list(
        tx,
        f"{asked} SELECT n.event_id FROM asked AS a CROSS JOIN event_numbers AS n "  # noqa: S608
        "JOIN case_events AS e ON e.id = n.event_id WHERE n.number = a.client AND e.at >= a.since "
        "UNION SELECT x.event_id FROM asked AS a CROSS JOIN calls AS c "
        "CROSS JOIN event_calls AS x WHERE c.client = a.client AND c.position >= a.since "
        "AND x.call_id = c.id",
        values,
    )


async def list_deeds_of_calls(tx: Transaction, call_ids: Collection[int]) -> list[CaseEvent]:
    """The deeds that are of one of these calls."""
    return await _list(
        tx,
        f"SELECT DISTINCT event_id FROM event_calls WHERE call_id IN ({marks_sql(call_ids)})",  # noqa: S608
        (*call_ids,),
    )


async def list_people_out(tx: Transaction) -> set[int]:
    """The people who can have no clients (any more)."""
    rows = await tx.execute(
        "SELECT e.id FROM employees AS e "  # noqa: S608
        f"WHERE NOT (e.state = 'active' AND {takes_clients_sql('e')})"
    )
    return {row["id"] for row in rows}


async def _list(tx: Transaction, which: str, values: Sequence[Value]) -> list[CaseEvent]:
    ids = [row["event_id"] for row in await tx.execute(which, values)]
    deeds: list[CaseEvent] = []
    for some in chunks(ids, _AT_ONCE):
        these = f"IN ({marks_sql(some)})"
        about = {id_: _About() for id_ in some}
        for row in await tx.execute(
            f"SELECT event_id, number FROM event_numbers WHERE event_id {these}",  # noqa: S608
            some,
        ):
            about[row["event_id"]].numbers.add(row["number"])
        for row in await tx.execute(
            "SELECT x.event_id, c.id, c.client, CASE WHEN c.position >= ? THEN c.started_at "  # noqa: S608
            "ELSE c.position END AS begun_at FROM event_calls AS x "
            f"JOIN calls AS c ON c.id = x.call_id WHERE x.event_id {these}",
            (LIVE_POSITION, *some),
        ):
            call = row["id"], row["client"], row["begun_at"]
            about[row["event_id"]].calls.append(call)
        rows = await tx.execute(
            f"SELECT * FROM case_events WHERE id {these} AND kind IN ({_kinds_sql()})",  # noqa: S608
            some,
        )
        deeds += [_event(row, about[row["id"]]) for row in rows]
    return deeds


def _event(row: Row, about: _About) -> CaseEvent:
    numbers = about.present_numbers()
    taker = {"taken": row["employee_id"], "handed": row["other_id"]}
    deed = Deed(
        id=row["id"],
        at=row["at"],
        numbers=numbers,
        about=frozenset(about.numbers).union(call for call, _, _ in about.calls),
        owner_id=taker.get(row["kind"]),
    )
    at = max([row["at"], *(begin for _, number, begin in about.calls if number in numbers)])
    return CaseEvent(at, ("", f"{row['id']:020}"), _KINDS[row["kind"]], deed=deed)


def _kinds_sql() -> str:
    return ", ".join(f"'{kind}'" for kind in _KINDS)

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
from storage.engine.base import Answer, Row, Transaction, Value, marks_sql

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


def ask_deeds(tx: Transaction, asked: str, values: Sequence[Value]) -> Answer:
    """The deeds that are of these numbers since a moment each, or of their calls since.

    `asked`: a WITH clause of the table `asked` of `client` and `since`. The answer's rows are for
    `deeds_of`.
    """
    return _ask(
        tx,
        f"{asked}, these (id) AS (SELECT n.event_id FROM asked AS a "  # noqa: S608
        "CROSS JOIN event_numbers AS n JOIN case_events AS e ON e.id = n.event_id "
        "WHERE n.number = a.client AND e.at >= a.since "
        "UNION SELECT x.event_id FROM asked AS a CROSS JOIN calls AS c "
        "CROSS JOIN event_calls AS x WHERE c.client = a.client AND c.position >= a.since "
        "AND x.call_id = c.id)",
        values,
    )


def ask_deeds_of_calls(tx: Transaction, call_ids: Collection[int]) -> Answer:
    """The deeds that are of one of these calls, as rows for `deeds_of`."""
    return _ask(
        tx,
        "WITH these (id) AS (SELECT DISTINCT event_id FROM event_calls "  # noqa: S608
        f"WHERE call_id IN ({marks_sql(call_ids)}))",
        (*call_ids,),
    )


def deeds_of(rows: Sequence[Row]) -> list[CaseEvent]:
    """The deeds of these rows, each of which says one thing that a deed is of."""
    about: dict[int, tuple[Row, _About]] = {}
    for row in rows:
        _, of_deed = about.setdefault(row["id"], (row, _About()))
        if row["number"] is not None:
            of_deed.numbers.add(row["number"])
        if row["call_id"] is not None:
            of_deed.calls.append((row["call_id"], row["client"], row["begun_at"]))
    return [_event(row, of_deed) for row, of_deed in about.values()]


async def list_people_out(tx: Transaction) -> set[int]:
    """The people who can have no clients (any more)."""
    rows = await tx.execute(
        "SELECT e.id FROM employees AS e "  # noqa: S608
        f"WHERE NOT (e.state = 'active' AND {takes_clients_sql('e')})"
    )
    return {row["id"] for row in rows}


def _ask(tx: Transaction, these: str, values: Sequence[Value]) -> Answer:
    """What the deeds are of; `these`: a WITH clause of the table `these` of their ids."""
    deed = "SELECT e.id, e.at, e.kind, e.employee_id, e.other_id, "
    of_kind = f"AND e.kind IN ({_kinds_sql()})"
    return tx.ask(
        f"{these} {deed} n.number, NULL AS call_id, NULL AS client, NULL AS begun_at "
        f"FROM these AS t CROSS JOIN case_events AS e "
        "LEFT JOIN event_numbers AS n ON n.event_id = e.id "
        f"WHERE e.id = t.id {of_kind} UNION ALL "
        f"{deed} NULL, c.id, c.client, "
        "CASE WHEN c.position >= ? THEN c.started_at ELSE c.position END "
        "FROM these AS t CROSS JOIN case_events AS e "
        "CROSS JOIN event_calls AS x CROSS JOIN calls AS c "
        f"WHERE e.id = t.id AND x.event_id = e.id AND c.id = x.call_id {of_kind}",
        (*values, LIVE_POSITION),
    )


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

"""Whether the company had no call with a client before a moment: all the SQL of who is new.

It is a fact about the client, whatever number it is on, so it is the same for every reader. Who
is one client changes with the contacts, so that is asked whenever it is wanted to be known. But
the earliest call of each number has a bit in its `traits`, FIRST: no other can be the first of a
client, so none but those are asked about. Whoever writes calls keeps it, in any order of arrival:

- A new call has it if there is no call of the number that began before, and takes it from the one
  that had it until then. A batch finds that out as it reads what is stored of its calls.
- When a call is gone, or began at another moment or with another client after all, the one that
  is the earliest now has it (`settle_first`).

More may have it where an older program has written calls: that costs time, and is no fault.
"""

from collections.abc import Collection, Iterable, Mapping

from bot.domain.merging import LIVE_POSITION, MergedCall
from storage.clients import same_client_sql
from storage.engine.base import Answer, Transaction, chunks
from storage.traits import FIRST, has_sql

_AT_ONCE = 300

_EARLIEST = (
    "(SELECT f.id FROM (SELECT e.begun, e.id FROM (SELECT position AS begun, id FROM calls "  # noqa: S608
    f"WHERE client = ? AND position < {LIVE_POSITION} ORDER BY position, id LIMIT 1) AS e "
    f"UNION ALL SELECT e.begun, e.id FROM (SELECT position - {LIVE_POSITION} AS begun, id "
    f"FROM calls WHERE client = ? AND position >= {LIVE_POSITION} ORDER BY position, id LIMIT 1) "
    "AS e) AS f ORDER BY f.begun, f.id LIMIT 1)"
)
"""The id of the earliest call of a number, which is given twice."""


def is_new_client_sql(client: str, started_at: str, call_id: str = "0") -> str:
    """A predicate: the log has no call of the client before the call that began then.

    All are SQL expressions; `call_id` decides between calls of one second. No number, hence a
    hidden one: never. Live calls stand LIVE_POSITION further on, so they are looked for apart.
    """
    earlier = (
        "NOT EXISTS (SELECT 1 FROM calls AS e "  # noqa: S608
        f"WHERE e.client IN {same_client_sql(client)} AND e.position >= {{since}} "
        # OFFSET for PostgreSQL: it looks for each call, and does not join all of the log.
        f"AND (e.position, e.id) < ({{since}} + {started_at}, {call_id}) LIMIT 1 OFFSET 0)"
    )
    over, live = earlier.format(since=0), earlier.format(since=LIVE_POSITION)
    return f"({client} IS NOT NULL AND {over} AND {live})"


def is_new_among_first_sql(call: str) -> str:
    """The same of a row of `calls` that has FIRST, which is sooner found out.

    The most numbers are their client's only one.
    """
    before = f"(e.position, e.id) < ({{since}} + {call}.started_at, {call}.id)"
    over = before.format(since=0)
    live = f"e.position >= {LIVE_POSITION} AND {before.format(since=LIVE_POSITION)}"
    earlier = f"SELECT 1 FROM calls AS e WHERE e.client = {call}.client AND {{}} LIMIT 1 OFFSET 0"  # noqa: S608
    others = (
        "SELECT 1 FROM contact_numbers AS n CROSS JOIN contact_numbers AS m "  # noqa: S608
        f"CROSS JOIN calls AS e WHERE n.number = {call}.client AND m.contact_id = n.contact_id "
        f"AND m.number <> n.number AND e.client = m.number AND ({over} OR ({live})) "
        "LIMIT 1 OFFSET 0"
    )
    return (
        f"({call}.client IS NOT NULL AND NOT EXISTS ({earlier.format(over)}) "
        f"AND NOT EXISTS ({earlier.format(live)}) AND NOT EXISTS ({others}))"
    )


def begun_at(position: int) -> int:
    """When a call that stands there in the log is taken to have begun."""
    return position % LIVE_POSITION


def is_earliest_sql(call: str) -> str:
    """A predicate over a row of `calls`: it is the earliest call of its number."""
    begun = (
        f"CASE WHEN {call}.position < {LIVE_POSITION} THEN {call}.position "
        f"ELSE {call}.position - {LIVE_POSITION} END"
    )
    earlier = (
        f"EXISTS (SELECT 1 FROM calls AS e WHERE e.client = {call}.client "  # noqa: S608
        f"AND e.position >= {{since}} AND (e.position, e.id) < ({{since}} + {begun}, {call}.id))"
    )
    over, live = earlier.format(since=0), earlier.format(since=LIVE_POSITION)
    return f"({call}.client IS NOT NULL AND NOT {over} AND NOT {live})"


class FirstCalls:
    """Which of the calls of a batch are the first of their numbers."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._answers: list[Answer] = []
        self._asked: set[str] = set()
        self._stored: dict[str, int] = {}
        """The position of the earliest call of each number, as it was stored."""
        self._displaced: list[str] = []
        self._unsettled: set[str] = set()

    def ask(self, clients: Iterable[str]) -> None:
        """Ask for what is stored of these numbers; it comes with the next trip."""
        self._asked = set(clients)
        for some in chunks(sorted(self._asked), _AT_ONCE):
            self._answers.append(
                self._tx.ask(
                    f"WITH asked (client) AS (VALUES {', '.join(['(?)'] * len(some))}) "  # noqa: S608
                    "SELECT a.client, (SELECT min(c.position) FROM calls AS c "
                    "WHERE c.client = a.client) AS over, (SELECT min(c.position) FROM calls AS c "
                    f"WHERE c.client = a.client AND c.position >= {LIVE_POSITION}) AS live "
                    "FROM asked AS a",
                    some,
                )
            )

    async def find(
        self, new: Mapping[int, MergedCall], changed: Iterable[tuple[MergedCall, MergedCall]]
    ) -> set[int]:
        """Which of the new calls, by their ids, are the first of their numbers.

        `changed`: calls that were stored, before and after.
        """
        for answer in self._answers:
            for row in await answer:
                found = [at for at in (row["over"], row["live"]) if at is not None]
                if found:
                    self._stored[row["client"]] = min(found, key=begun_at)
        for before, after in changed:
            if (before.client, begun_at(before.position)) != (
                after.client,
                begun_at(after.position),
            ):
                self._unsettled |= {one for one in (before.client, after.client) if one}
        earliest: dict[str, tuple[int, int]] = {}
        for id_, call in new.items():
            if call.client:
                one = begun_at(call.position), id_
                earliest[call.client] = min(one, earliest.get(call.client, one))
        first = set()
        for client, (begun, id_) in earliest.items():
            stored = self._stored.get(client)
            if client not in self._asked:
                self._unsettled.add(client)
            if stored is None or begun < begun_at(stored):
                first.add(id_)
                if stored is not None:
                    self._displaced.append(client)
        return first

    def write(self) -> None:
        """Let no others be the first, once the calls are written."""
        taken = [(one, self._stored[one]) for one in self._displaced if one not in self._unsettled]
        self._tx.write_many(
            f"UPDATE call_extensions SET traits = traits & {~FIRST} WHERE call_id IN "  # noqa: S608
            f"(SELECT c.id FROM calls AS c WHERE c.client = ? AND c.position = ? "
            f"AND {has_sql(FIRST, 'c')})",
            taken,
        )
        self._tx.write_many(
            f"UPDATE calls SET traits = traits & {~FIRST} "  # noqa: S608
            f"WHERE client = ? AND position = ? AND {has_sql(FIRST, 'calls')}",
            taken,
        )
        settle_first(self._tx, self._unsettled)


def settle_first(tx: Transaction, clients: Collection[str]) -> None:
    """Let the earliest call of each of these numbers be its first now, and no other."""
    ordered = sorted(clients)
    others = f"c.client = ? AND {has_sql(FIRST, 'c')} AND c.id <> {_EARLIEST}"
    tx.write_many(
        f"UPDATE call_extensions SET traits = traits & {~FIRST} WHERE call_id IN "  # noqa: S608
        f"(SELECT c.id FROM calls AS c WHERE {others})",
        [(one, one, one) for one in ordered],
    )
    tx.write_many(
        f"UPDATE calls AS c SET traits = traits & {~FIRST} WHERE {others}",  # noqa: S608
        [(one, one, one) for one in ordered],
    )
    give_first(tx, ordered)


def give_first(tx: Transaction, clients: Iterable[str]) -> None:
    """Let the earliest call of each of these numbers be its first, if another was until now."""
    given = [(one, one) for one in clients]
    for table, column in (("call_extensions", "call_id"), ("calls", "id")):
        tx.write_many(
            f"UPDATE {table} SET traits = traits | {FIRST} WHERE {column} = {_EARLIEST} "  # noqa: S608
            f"AND traits & {FIRST} = 0",
            given,
        )

"""Calls as they are shown: with their comments, their cases and the names of colleagues.

All of it is read in one trip to the database: what is asked follows from the ids of the calls.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal

from bot.domain.calls import (
    Call,
    CaseLink,
    CasePart,
    CaseState,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
    shown_status,
)
from bot.domain.merging import is_end_unknown
from bot.domain.people import Person, Scope
from storage.calls import parse_rang
from storage.case_history import reopen_until_sql
from storage.engine.base import Row, Select, Value, marks_sql
from storage.first_calls import is_new_client_sql
from storage.scopes import call_in_scope_sql, extension_holder_sql

_STILL_SENDS = 7 * 86400
"""Seconds after which a source that has sent no price, or no recording, counts as sending none."""


Which = tuple[str, Sequence[Value]]
"""What stands in an IN list, marks or a SELECT, and its values."""


def these(values: Collection[Value]) -> Which:
    return marks_sql(values), tuple(values)


def calls_selects(
    which: Which, scope: Scope, mentioned: Which = ("NULL", ())
) -> tuple[Select, Select, Select]:
    """Those of the calls that are in scope; the cases of the calls; the names of extensions.

    `which`: their ids. `mentioned`: extensions named besides. A row of a case has the ids of its
    closing and lost call only where those are in scope.
    """
    mine, extensions = call_in_scope_sql(scope, "c.id", or_claimed=True)
    sees_closing, of_closing = call_in_scope_sql(scope, "z.call_id", or_claimed=True)
    sees_lost, of_lost = call_in_scope_sql(scope, "k.call_id", or_claimed=True)
    (marks, ids), (others, named) = which, mentioned
    return (
        (
            "SELECT c.*, k.name AS contact, m.text, m.written_at, m.version, "  # noqa: S608
            "a.name AS author, (SELECT max(h.version) FROM comment_changes AS h "
            "WHERE h.call_id = c.id) AS changes, "
            "EXISTS (SELECT 1 FROM calls AS o WHERE o.source = c.source "
            "AND o.started_at > c.started_at - ? AND o.price IS NOT NULL) AS sends_prices, "
            "EXISTS (SELECT 1 FROM calls AS o WHERE o.source = c.source "
            "AND o.started_at > c.started_at - ? AND o.recording_url IS NOT NULL) "
            "AS sends_recordings, "
            f"{is_new_client_sql('c.client', 'c.started_at', 'c.id')} AS is_first FROM calls AS c "
            "LEFT JOIN contact_numbers AS n ON n.number = c.client "
            "LEFT JOIN contacts AS k ON k.id = n.contact_id "
            "LEFT JOIN comments AS m ON m.call_id = c.id "
            "LEFT JOIN employees AS a ON a.id = m.author_id "
            f"WHERE c.id IN ({marks}) AND {mine}",
            (_STILL_SENDS, _STILL_SENDS, *ids, *extensions),
        ),
        (
            "SELECT y.call_id AS of_call, y.part, k.*, o.name AS owner_name, "  # noqa: S608
            f"{is_new_client_sql('k.client', 'k.opened_at')} AS is_of_new_client, "
            f"CASE WHEN {sees_closing} THEN z.call_id END AS closing_call, "
            f"CASE WHEN {sees_lost} THEN k.call_id END AS lost_call, "
            "t.extension AS closing_extension, "
            "h.name AS handed_by, w.name AS closed_by, v.employee_id AS closer, v.text AS words, "
            f"{reopen_until_sql('k')} AS reopen_until "
            "FROM case_calls AS y "
            "JOIN cases AS k ON k.id = y.case_id "
            "LEFT JOIN employees AS o ON o.id = k.owner_id "
            "LEFT JOIN case_events AS g ON g.kind = 'handed' AND g.employee_id <> k.owner_id "
            "AND g.id = (SELECT max(b.id) FROM case_events AS b "
            "WHERE b.case_id = k.id AND (b.kind = 'taken' AND b.employee_id = k.owner_id "
            "OR b.kind = 'handed' AND b.other_id = k.owner_id)) "
            "LEFT JOIN employees AS h ON h.id = g.employee_id "
            "LEFT JOIN case_calls AS z ON z.case_id = k.id AND z.part = 'closing' "
            "LEFT JOIN calls AS t ON t.id = z.call_id "
            "LEFT JOIN case_events AS v ON v.id = (SELECT max(b.id) FROM case_events AS b "
            "WHERE b.case_id = k.id AND b.kind = 'closed') "
            "LEFT JOIN employees AS w ON w.id = v.employee_id "
            f"WHERE y.call_id IN ({marks})",
            (*of_closing, *of_lost, *ids),
        ),
        (
            "SELECT x.extension, e.name FROM employee_extensions AS x "  # noqa: S608
            "JOIN employees AS e ON e.id = x.employee_id AND e.state <> 'removed' "
            "WHERE x.extension IN (SELECT h.extension FROM call_extensions AS h "
            f"WHERE h.call_id IN ({marks}) "
            f"UNION ALL SELECT c.line FROM calls AS c WHERE c.id IN ({marks}) "
            "UNION ALL SELECT t.extension FROM case_calls AS y "
            "JOIN case_calls AS z ON z.case_id = y.case_id AND z.part = 'closing' "
            f"JOIN calls AS t ON t.id = z.call_id WHERE y.call_id IN ({marks}) "
            f"UNION ALL SELECT q.extension FROM employee_extensions AS q "
            f"WHERE q.extension IN ({others})) "
            f"AND e.id = {extension_holder_sql('x.extension')}",
            (*ids, *ids, *ids, *named),
        ),
    )


def shown_calls(
    rows: Sequence[Row],
    of_cases: Sequence[Row],
    holders: Sequence[Row],
    *,
    mentioned: Collection[str] = (),
) -> dict[int, Call]:
    """The calls of the rows, by their ids."""
    is_there = {row["id"] for row in rows}
    cases = {row["of_call"]: row for row in of_cases if row["of_call"] in is_there}
    named = {x for row in rows for x in (row["extension"], *parse_rang(row["rang"]))}
    named |= {row["closing_extension"] for row in cases.values()} | set(mentioned)
    for side, outside in (("caller", "in"), ("callee", "out")):
        ours = [row for row in rows if row["direction"] != outside]
        named |= {row[f"{side}_number"] or row[f"{side}_sip"] for row in ours}
    colleagues = {
        row["extension"]: row["name"]
        for row in holders
        if row["name"] and row["extension"] in named
    }
    return {row["id"]: _call(row, cases.get(row["id"]), colleagues) for row in rows}


def _link(row: Row, colleagues: dict[str, str]) -> CaseLink:
    extension, state = row["closing_extension"], CaseState(row["state"])
    closed_by = row["closed_by"] if state is CaseState.BY_HAND else None
    if extension:
        closed_by = colleagues.get(extension, extension)
    return CaseLink(
        case_id=row["id"],
        part=CasePart(row["part"]),
        state=state,
        lost=row["lost"],
        attempts=row["attempts"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        owner=Person(row["owner_id"], row["owner_name"]) if row["owner_id"] else None,
        owned_at=row["owned_at"],
        handed_by=row["handed_by"] if row["owner_id"] else None,
        lost_call=row["lost_call"],
        closing_call=row["closing_call"],
        closed_by=closed_by,
        words=row["words"] if state is CaseState.BY_HAND else None,
        closer=row["closer"] if state is CaseState.BY_HAND else None,
        is_of_new_client=bool(row["is_of_new_client"]),
        reopen_until=row["reopen_until"],
    )


def _call(row: Row, case: Row | None, colleagues: dict[str, str]) -> Call:
    wait, talk, started_at = row["wait"], row["talk"], row["started_at"]
    link = _link(case, colleagues) if case else None
    fate = link.state if link and link.part is CasePart.LOST else None
    status = shown_status(Status(row["status"]), fate)
    ended_at: int | None = row["ended_at"]
    if wait is not None and talk is not None:
        ended_at = started_at + wait + talk
    return Call(
        id=row["id"],
        source=row["source"],
        external_id=row["external_id"],
        direction=Direction(row["direction"]),
        status=status,
        raw_status=row["raw_status"],
        caller=Party(row["caller_name"], row["caller_number"], row["caller_sip"]),
        callee=Party(row["callee_name"], row["callee_number"], row["callee_sip"]),
        client=row["client"],
        contact=row["contact"],
        line=row["line"],
        queue=row["queue"],
        extension=row["extension"],
        rang=parse_rang(row["rang"]),
        started_at=started_at,
        answered_at=started_at + wait if wait is not None and talk else row["answered_at"],
        ended_at=ended_at,
        wait=wait,
        talk=talk,
        ended_by=EndedBy(row["ended_by"] or "unknown"),
        price=None if row["price"] is None else Decimal(row["price"]),
        currency=row["currency"],
        recording_url=row["recording_url"],
        settles_at=row["settles_at"],
        lost=bool(row["lost"]),
        is_end_unknown=ended_at is None and is_end_unknown(row["level"], Status(row["status"])),
        source_sends_prices=bool(row["sends_prices"]),
        source_sends_recordings=bool(row["sends_recordings"]),
        comment=Comment(
            text=row["text"],
            author=row["author"],
            written_at=row["written_at"],
            version=row["version"],
        )
        if row["text"] is not None
        else None,
        case=link,
        colleagues=colleagues,
        comment_changes=row["changes"] or 0,
        is_first=bool(row["is_first"]),
    )

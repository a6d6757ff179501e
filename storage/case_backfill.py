"""Cases for lost calls that were recorded by a version of the bot that had no cases yet."""

from bot.domain.case_rules import CaseRules
from storage.case_refolding import CaseRefolding
from storage.engine.base import Database, chunks

_AT_ONCE = 200
"""Clients, or hidden calls, whose cases one transaction makes."""


async def create_missing_cases(database: Database, *, rules: CaseRules, now: int) -> int:
    """Make the cases of those calls, once per database. Returns how many calls there were.

    Nobody is alerted of such a case; the board and the lists show it.
    """
    rows = await database.fetch(
        "SELECT c.id, c.client, c.position FROM calls AS c WHERE c.lost = 1 AND EXISTS "
        "(SELECT 1 FROM counters WHERE name = 'caught_up' AND value = 0) "
        "ORDER BY c.position, c.id"
    )
    since: dict[str, int] = {}
    for row in rows:
        if row["client"] is not None:
            since.setdefault(row["client"], row["position"])
    hidden = [row["id"] for row in rows if row["client"] is None]
    for clients in chunks(list(since), _AT_ONCE):
        async with database.transaction() as tx:
            refolding = CaseRefolding(tx, rules, now)
            await refolding.refold({client: since[client] for client in clients})
    for call_ids in chunks(hidden, _AT_ONCE):
        async with database.transaction() as tx:
            await CaseRefolding(tx, rules, now).refold_hidden(call_ids)
    async with database.transaction() as tx:
        tx.write("UPDATE counters SET value = 1 WHERE name = 'caught_up'")
    return len(rows)

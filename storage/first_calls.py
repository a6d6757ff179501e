"""Whether the company had no call with a client before a moment: all the SQL of who is new.

It is a fact about the client, whatever number it is on, so it is the same for every reader.
Nothing is stored: when history comes late, a call that was the first is so no more.
"""

from bot.domain.merging import LIVE_POSITION
from storage.clients import same_client_sql


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

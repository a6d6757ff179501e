"""What the company has had with one client, at a glance: read in one trip."""

from collections.abc import Sequence

from bot.domain.calls import CaseState, Direction
from bot.domain.client_stories import COMMENTS_TOLD, ClientStory, StoryComment
from bot.domain.log import LogFilter
from bot.domain.people import Scope
from storage.engine.base import Database, marks_sql
from storage.log_parts import among_sql
from storage.scopes import case_in_scope_sql


class ClientStoryRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, numbers: Sequence[str], scope: Scope) -> ClientStory | None:
        """Of the client who has these numbers; None: there are no calls in scope."""
        with_client = LogFilter(numbers=tuple(numbers))
        calls, of_calls = among_sql(scope, with_client)
        commented, of_comments = among_sql(
            scope, LogFilter(numbers=with_client.numbers, is_commented=True)
        )
        seen, of_scope = case_in_scope_sql(scope, "k")
        counts, cases, comments = await self._database.fetch_each(
            (
                "SELECT direction, count(*) AS n, min(started_at) AS since FROM calls AS c "  # noqa: S608
                f"WHERE {calls} GROUP BY direction",
                of_calls,
            ),
            (
                "SELECT k.state, count(*) AS n FROM cases AS k "  # noqa: S608
                f"WHERE k.client IN ({marks_sql(numbers)}) AND k.state <> 'void' AND {seen} "
                "GROUP BY k.state",
                (*numbers, *of_scope),
            ),
            (
                "SELECT m.text, m.written_at, a.name FROM calls AS c "  # noqa: S608
                "JOIN comments AS m ON m.call_id = c.id "
                "JOIN employees AS a ON a.id = m.author_id "
                f"WHERE {commented} ORDER BY c.position DESC, c.id DESC LIMIT {COMMENTS_TOLD}",
                of_comments,
            ),
        )
        if not counts:
            return None
        by_direction = {row["direction"]: row["n"] for row in counts}
        return ClientStory(
            since=min(row["since"] for row in counts),
            total=sum(by_direction.values()),
            incoming=by_direction.get(Direction.IN.value, 0),
            outgoing=by_direction.get(Direction.OUT.value, 0),
            missed={CaseState(row["state"]): row["n"] for row in cases},
            comments=tuple(
                StoryComment(row["name"], row["written_at"], row["text"]) for row in comments
            ),
        )

"""What the company has had with one client, at a glance: read in one trip."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.calls import CaseState, Direction
from bot.domain.client_stories import COMMENTS_TOLD, ClientStory, StoryComment
from bot.domain.log import LogFilter
from bot.domain.people import Scope
from storage.engine.base import Database
from storage.log_parts import among_sql


class ClientStoryRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, numbers: Sequence[str], scope: Scope) -> ClientStory | None:
        """Of the client who has these numbers; None: there are no calls in scope."""
        of_client = LogFilter(numbers=tuple(numbers))
        calls, of_calls = among_sql(scope, of_client)
        lost, of_lost = among_sql(scope, replace(of_client, lost_only=True))
        commented, of_comments = among_sql(scope, replace(of_client, is_commented=True))
        counts, fates, comments = await self._database.fetch_each(
            (
                "SELECT direction, lost, count(*) AS n, min(started_at) AS since "  # noqa: S608
                f"FROM calls AS c WHERE {calls} GROUP BY direction, lost",
                of_calls,
            ),
            (
                "SELECT k.state, count(*) AS n FROM calls AS c "  # noqa: S608
                "JOIN case_calls AS y ON y.call_id = c.id AND y.part = 'lost' "
                "JOIN cases AS k ON k.id = y.case_id AND k.state <> 'void' "
                f"WHERE {lost} GROUP BY k.state",
                of_lost,
            ),
            (
                "SELECT m.text, m.written_at, a.name FROM calls AS c "  # noqa: S608
                "JOIN comments AS m ON m.call_id = c.id "
                "JOIN employees AS a ON a.id = m.author_id "
                f"WHERE {commented} ORDER BY m.written_at DESC, c.id DESC LIMIT {COMMENTS_TOLD}",
                of_comments,
            ),
        )
        if not counts:
            return None
        by_direction = Counter[str]()
        for row in counts:
            by_direction[row["direction"]] += row["n"]
        return ClientStory(
            since=min(row["since"] for row in counts),
            total=by_direction.total(),
            incoming=by_direction[Direction.IN],
            outgoing=by_direction[Direction.OUT],
            missed=sum(row["n"] for row in counts if row["lost"]),
            fates={CaseState(row["state"]): row["n"] for row in fates},
            comments=tuple(
                StoryComment(row["name"], row["written_at"], row["text"]) for row in comments
            ),
        )

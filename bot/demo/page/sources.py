"""The PBXs beside the chat, as the page knows them: which there are, and how they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bot.demo.bot_api.fields import JsonObject
from bot.domain.feeds import FeedState


class Words(NamedTuple):
    uk: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """A PBX that calls can come through.

    `how` it and the bot speak; what connecting a real one `takes`, and the `page` of docs/ that
    says it.
    """

    key: str
    name: Words
    how: Words
    takes: Words
    page: Words


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the bot knows of a source. `last_call` is Unix seconds."""

    feeds: Sequence[FeedState]
    last_call: int | None


class Sources(Protocol):
    """Whoever knows the PBXs; calls come through the one that is chosen."""

    def all(self) -> Sequence[Source]: ...

    @property
    def chosen(self) -> str:
        """Its key."""
        ...

    def choose(self, key: str) -> None: ...

    async def states(self) -> dict[str, SourceState]:
        """By their keys; none before the bot runs."""
        ...


def source_json(source: Source, state: SourceState | None) -> JsonObject:
    """A source as the page shows it; without a state nothing is known of it yet."""
    return {
        "key": source.key,
        "name": source.name._asdict(),
        "how": source.how._asdict(),
        "takes": source.takes._asdict(),
        "page": source.page._asdict(),
        "last_call": state.last_call if state else None,
        "feeds": [
            {
                "name": feed.feed,
                "connected_at": feed.connected_at,
                "failed_at": feed.failed_at,
                "error": feed.error if feed.failed_at else None,
            }
            for feed in (state.feeds if state else ())
        ],
    }

"""What the company has had with one client, at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.calls import CaseState

COMMENTS_TOLD = 3


@dataclass(frozen=True, slots=True)
class StoryComment:
    author: str
    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStory:
    """Of the calls that the reader may see: how many, since when, what became of the missed ones.

    `missed`: how many cases there were, by what they have become. `comments`: the latest.
    """

    since: int
    total: int
    incoming: int
    outgoing: int
    missed: Mapping[CaseState, int]
    comments: tuple[StoryComment, ...]

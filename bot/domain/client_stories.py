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

    `missed`: calls that were lost; `fates`: how many of them by what became of their cases.
    `comments`: the latest written.
    """

    since: int
    total: int
    incoming: int
    outgoing: int
    missed: int
    fates: Mapping[CaseState, int]
    comments: tuple[StoryComment, ...]

"""The panel beside the chat, as the page knows it: what a visitor may make happen."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol


class Action(NamedTuple):
    """A button of the panel: a call to order, or a fault, with its label in both languages."""

    key: str
    uk: str
    en: str
    kind: Literal["call", "fault"]


class ActionError(Exception):
    """An action of the panel could not be done; the words are shown on the page."""


class Panel(Protocol):
    """Whoever does what is ordered, outside the chats: the PBX of the demo.

    `actions` is asked anew after each `act`, so that labels may follow what is going on.
    """

    def actions(self) -> Sequence[Action]: ...

    async def act(self, key: str) -> None:
        """Do what that action says; ActionError if it cannot be done."""

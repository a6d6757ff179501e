"""What the page asks of whoever runs the demo: the panel of orders beside the chat."""

from collections.abc import Sequence
from typing import Literal, Protocol

Action = tuple[str, str, str, Literal["call", "fault"]]
"""Key, label in Ukrainian, label in English, what it is."""


class ActionError(Exception):
    """An action of the panel could not be done; the words are shown on the page."""


class Panel(Protocol):
    """What the page may make happen outside the chats: the PBX and its troubles.

    `actions` is asked anew after each `act`, so that labels may follow what is going on.
    """

    def actions(self) -> Sequence[Action]: ...

    async def act(self, key: str) -> None:
        """Raises ActionError."""

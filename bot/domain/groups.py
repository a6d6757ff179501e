"""Groups of Telegram that hear of lost calls."""

from dataclasses import dataclass

from bot.domain.people import Language
from bot.domain.places import Place


@dataclass(frozen=True, slots=True)
class Group:
    """A group chat, or one topic of it (`thread_id`, 0: none), that hears of lost calls.

    `places`: the lines and queues it hears of; none: all of them.
    """

    id: int
    chat_id: int
    thread_id: int
    title: str
    language: Language
    is_active: bool
    places: tuple[Place, ...]

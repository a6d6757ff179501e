"""Groups of Telegram that hear of lost calls, and the lines and queues they hear of."""

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from bot.domain.people import Language


class PlaceKind(StrEnum):
    LINE = "line"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls come in: a line or a queue, by its name. `code` stands for it in a button."""

    kind: PlaceKind
    name: str

    @property
    def code(self) -> int:
        return crc32(f"{self.kind} {self.name}".encode())


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

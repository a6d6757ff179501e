"""Where calls come in: the company's lines and queues."""

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32


class PlaceKind(StrEnum):
    LINE = "line"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Place:
    """A line or a queue, by its name. `code` stands for it in a button."""

    kind: PlaceKind
    name: str

    @property
    def code(self) -> int:
        return crc32(f"{self.kind} {self.name}".encode())

"""Message entities: parts of a text that are bold, a link, a command.

The kinds, their order and the ways they may lie in one another are tdlib's (MessageEntity.cpp).
"""

from collections.abc import Iterable
from dataclasses import dataclass

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
"""Styles that other entities cut in pieces."""

PRIORITY = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
"""Which of two entities over the same text comes first: the lower number; 50 if not named."""

GIVEN_TYPES = {
    *SPLITTABLE,
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
}
"""What a bot may mark in a text."""

DETECTED_TYPES = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}
"""What Telegram detects in a text by itself."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Offset and length are in UTF-16 code units; `user` is the id of a mentioned person."""

    type: str
    offset: int
    length: int
    url: str | None = None
    user: int | None = None
    language: str | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def slice_utf16(text: str, offset: int, length: int) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    return units[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def sorted_entities(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda one: (one.offset, -one.length, PRIORITY.get(one.type, 50)))

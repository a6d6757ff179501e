"""Formatted text as Telegram keeps it, by the rules of tdlib (MessageEntity.cpp).

`formatted` reads what a bot sent; `fixed` is tdlib's fix_formatted_text, which everything goes
through: the ends are trimmed, entities are detected, and the styles are cut at one another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.formatting.entities import (
    DETECTED_TYPES,
    GIVEN_TYPES,
    SPLITTABLE,
    Entity,
    slice_utf16,
    sorted_entities,
    utf16_length,
)
from bot.demo.bot_api.formatting.html_parser import parse_html
from bot.demo.bot_api.formatting.html_writer import render_html
from bot.demo.bot_api.not_modelled import not_modelled

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_TEXT_BYTES = 32768
"""The first two count code points of the parsed text, the last bytes of what was sent."""

# Phone numbers and bank cards are detected by Telegram's servers, by rules nobody published, and
# so not here.
DETECTORS = (
    ("url", re.compile(r"(?<![\w@/])https?://[^\s<>\"«»]*[^\s<>\"«».,;:!?)\]}'…]", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}\b")),
    ("mention", re.compile(r"(?<![\w@/])@[a-zA-Z]\w{2,31}\b", re.ASCII)),
    ("hashtag", re.compile(r"(?<![\w#@/&])#(?=\w*[^\W\d])\w{1,256}")),
    (
        "bot_command",
        re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])"),
    ),
)


@dataclass(frozen=True, slots=True)
class FormattedText:
    """A text and its entities, in Telegram's order."""

    text: str = ""
    entities: tuple[Entity, ...] = ()

    @property
    def html(self) -> str:
        return render_html(self.text, self.entities)

    def __len__(self) -> int:
        """Code points: what Telegram's limits of 4096 and 1024 count."""
        return len(self.text)


NO_TEXT = FormattedText()


def formatted(
    text: str, *, parse_mode: str | None = None, entities: Iterable[Entity] | None = None
) -> FormattedText:
    """What a bot sent, as people will see it; ApiError 400 or 501 for what cannot be read."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise bad_request("text is too long")
    cleaned = _clean(text)
    mode = (parse_mode or "").lower()
    if mode == "html":
        cleaned, given = parse_html(cleaned)
    elif mode in {"markdown", "markdownv2"}:
        raise not_modelled(f"parse_mode {parse_mode}")
    elif mode not in {"", "none"}:
        raise bad_request("unsupported parse_mode")
    else:
        given = _checked(cleaned, list(entities or ()))
    return fixed(cleaned, given)


def fixed(text: str, entities: Iterable[Entity]) -> FormattedText:
    """Trim the text, add what Telegram detects in it, and put the entities in its order."""
    given = sorted_entities(entities)
    text, given = _trim(text, given)
    quotes = [one for one in given if one.type.endswith("blockquote")]
    continuous: list[Entity] = []
    end = 0
    for one in given:
        if (
            one.type not in SPLITTABLE
            and not one.type.endswith("blockquote")
            and one.offset >= end
        ):
            continuous.append(one)
            end = one.end
    for one in detect_entities(text):
        if all(one.end <= other.offset or one.offset >= other.end for other in continuous):
            continuous.append(one)
    whole = sorted_entities([*quotes, *continuous])
    verbatim = [one for one in continuous if one.type in {"code", "pre"}]
    splittable = [
        part
        for one in given
        if one.type in SPLITTABLE
        for part in _without(one, verbatim)
        if slice_utf16(text, part.offset, part.length).strip()
    ]
    return FormattedText(
        text, tuple(sorted_entities([*whole, *_split(sorted_entities(splittable), whole)]))
    )


def detect_entities(text: str) -> list[Entity]:
    """Links, addresses, mentions, hashtags and commands that nobody marked; none overlap."""
    detected: list[Entity] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern in DETECTORS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and end > other_start for other_start, other_end in taken):
                continue
            taken.append((start, end))
            detected.append(Entity(kind, utf16_length(text[:start]), utf16_length(match.group())))
    return sorted_entities(detected)


def _clean(text: str) -> str:
    """Control characters become spaces, bidi overrides vanish: tdlib's clean_input_string."""
    text = re.sub(r"[\r\u2028-\u202e]", "", text)
    return re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text)


def _checked(text: str, entities: list[Entity]) -> list[Entity]:
    """The entities a bot gave, if they lie in the text; those that are detected are dropped."""
    total = utf16_length(text)
    for one in entities:
        if one.type not in GIVEN_TYPES | DETECTED_TYPES:
            raise bad_request("can't parse MessageEntity: unsupported type specified")
        if one.offset < 0 or one.offset > total:
            raise bad_request(f"entity begins in a wrong UTF-16 offset {one.offset}")
        if one.length <= 0 or one.end > total:
            raise bad_request(
                f"entity beginning at UTF-16 offset {one.offset} ends after the end of the text "
                f"at UTF-16 offset {one.end}"
            )
    return [one for one in entities if one.type in GIVEN_TYPES]


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Without spaces and line ends around it; but nothing is cut that an entity begins with."""
    trimmed = text.rstrip(" \n")
    end = utf16_length(trimmed)
    kept = [
        replace(one, length=min(one.length, end - one.offset))
        for one in entities
        if one.offset < end and slice_utf16(trimmed, one.offset, one.length).strip()
    ]
    first = kept[0].offset if kept else end
    lead = min(len(trimmed) - len(trimmed.lstrip(" \n")), first)
    return trimmed[lead:], [replace(one, offset=one.offset - lead) for one in kept]


def _without(entity: Entity, holes: list[Entity]) -> list[Entity]:
    """The parts of a style that lie outside the holes: code and pre carry no other style."""
    parts = [entity]
    for hole in holes:
        parts = [
            replace(part, offset=start, length=end - start)
            for part in parts
            for start, end in (
                (part.offset, min(part.end, hole.offset)),
                (max(part.offset, hole.end), part.end),
            )
            if end > start
        ]
    return parts


def _split(styles: list[Entity], others: list[Entity]) -> list[Entity]:
    """The styles cut where another entity begins or ends: tdlib's split_entities."""
    result: list[Entity] = []
    spans: dict[str, tuple[int, int]] = {}
    waiting = list(reversed(styles))

    def flush(offset: int) -> None:
        for style in SPLITTABLE:
            if style not in spans or spans[style][0] >= offset:
                continue
            begin, end = spans.pop(style)
            result.append(Entity(style, begin, min(end, offset) - begin))
            if end > offset:
                spans[style] = (offset, end)

    def add_until(end_offset: int) -> None:
        while waiting and waiting[-1].offset < end_offset:
            one = waiting.pop()
            if one.type in spans and one.offset <= spans[one.type][1]:
                begin, end = spans[one.type]
                spans[one.type] = (begin, max(end, one.end))
            else:
                flush(one.offset)
                spans[one.type] = (one.offset, one.end)
        flush(end_offset)

    stack: list[Entity] = []

    def advance(offset: int) -> None:
        while stack and offset >= stack[-1].end:
            add_until(stack.pop().end)
        add_until(offset)

    for other in others:
        advance(other.offset)
        stack.append(other)
    advance(1 << 31)
    return result

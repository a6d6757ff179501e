"""Entities written back as HTML: what tests compare, and error messages show."""

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from itertools import pairwise

from bot.demo.bot_api.formatting.entities import (
    DETECTED_TYPES,
    SPLITTABLE,
    Entity,
    sorted_entities,
)


def render_html(text: str, entities: Iterable[Entity]) -> str:
    """Telegram HTML that, parsed, gives this text and these entities again."""
    units = text.encode("utf-16-le", "surrogatepass")
    waiting = _joined([one for one in sorted_entities(entities) if one.type not in DETECTED_TYPES])
    pieces: list[str] = []
    stack: list[Entity] = []
    position = 0

    def write_until(end: int) -> None:
        nonlocal position
        if end > position:
            piece = units[position * 2 : end * 2].decode("utf-16-le", "replace")
            pieces.append(escape(piece, quote=False))
            position = end

    for one in waiting:
        while stack and stack[-1].end <= one.offset:
            write_until(stack[-1].end)
            pieces.append(_tags(stack.pop())[1])
        write_until(one.offset)
        pieces.append(_tags(one)[0])
        stack.append(one)
    while stack:
        write_until(stack[-1].end)
        pieces.append(_tags(stack.pop())[1])
    write_until(len(units) // 2)
    return "".join(pieces)


def _joined(entities: list[Entity]) -> list[Entity]:
    """The pieces that `split` cut a style into made whole, as far as the tags still nest."""
    result = list(entities)
    for style in SPLITTABLE:
        pieces = [one for one in result if one.type == style]
        for left, right in pairwise(pieces):
            previous = next(one for one in result if one.type == style and one.end == left.end)
            whole = replace(previous, length=right.end - previous.offset)
            others = [one for one in result if one not in {previous, right}]
            if previous.end == right.offset and not any(_cross(whole, one) for one in others):
                result = [*others, whole]
    return sorted_entities(result)


def _cross(one: Entity, other: Entity) -> bool:
    return (
        one.offset < other.offset < one.end < other.end
        or other.offset < one.offset < other.end < one.end
    )


def _tags(entity: Entity) -> tuple[str, str]:
    simple = {
        "bold": "b",
        "italic": "i",
        "underline": "u",
        "strikethrough": "s",
        "spoiler": "tg-spoiler",
        "code": "code",
        "blockquote": "blockquote",
    }
    if entity.type in simple:
        return f"<{simple[entity.type]}>", f"</{simple[entity.type]}>"
    match entity.type:
        case "expandable_blockquote":
            return "<blockquote expandable>", "</blockquote>"
        case "pre" if entity.language:
            return f'<pre><code class="language-{escape(entity.language)}">', "</code></pre>"
        case "pre":
            return "<pre>", "</pre>"
        case "text_link":
            return f'<a href="{escape(entity.url or "")}">', "</a>"
        case "text_mention":
            return f'<a href="tg://user?id={entity.user}">', "</a>"
        case "custom_emoji":
            return f'<tg-emoji emoji-id="{entity.custom_emoji_id}">', "</tg-emoji>"
        case "date_time":
            chosen = (
                f' format="{escape(entity.date_time_format)}"' if entity.date_time_format else ""
            )
            return f'<tg-time unix="{entity.unix_time}"{chosen}>', "</tg-time>"
        case _:
            return "", ""

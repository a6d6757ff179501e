"""Formatted text as Telegram keeps it: tdlib's HTML parser, entity rules, and HTML back again."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from bot.demo.errors import bad_request, not_modelled

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
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
TAG_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
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
FOUND_TYPES = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}
SPACES = b" \t\r\n\0\v"
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
NUMBER = re.compile(rb"x([0-9a-fA-F]*)|([0-9]*)")
LAST_CODE = 0x10FFFF
FOUR_BYTES = 0xF0
MAX_TEXT_BYTES = 32768

# What Telegram finds by itself. Phone numbers and bank cards are found by its servers, by rules
# nobody published, and so not here.
FOUND = (
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
class Entity:
    """Offset and length are in UTF-16 code units."""

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


@dataclass(frozen=True, slots=True)
class FormattedText:
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
    """What a bot sent, as the other side will see it."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise bad_request("text is too long")
    cleaned = _clean(text)
    mode = (parse_mode or "").lower()
    if mode == "html":
        cleaned, found = parse_html(cleaned)
    elif mode in {"markdown", "markdownv2"}:
        raise not_modelled(f"parse_mode {parse_mode}")
    elif mode not in {"", "none"}:
        raise bad_request("unsupported parse_mode")
    else:
        found = _checked(cleaned, list(entities or ()))
    return fixed(cleaned, found)


def fixed(text: str, entities: Iterable[Entity]) -> FormattedText:
    """Trim the text, add what Telegram finds by itself, put all in Telegram's order."""
    given = _sorted(entities)
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
    for one in find_entities(text):
        if all(one.end <= other.offset or one.offset >= other.end for other in continuous):
            continuous.append(one)
    whole = _sorted([*quotes, *continuous])
    verbatim = [one for one in continuous if one.type in {"code", "pre"}]
    splittable = [
        part
        for one in given
        if one.type in SPLITTABLE
        for part in _without(one, verbatim)
        if slice_utf16(text, part.offset, part.length).strip()
    ]
    return FormattedText(text, tuple(_sorted([*whole, *_split(_sorted(splittable), whole)])))


def find_entities(text: str) -> list[Entity]:
    found: list[Entity] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and end > other_start for other_start, other_end in taken):
                continue
            taken.append((start, end))
            found.append(Entity(kind, utf16_length(text[:start]), utf16_length(match.group())))
    return _sorted(found)


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def slice_utf16(text: str, offset: int, length: int) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    return units[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def render_html(text: str, entities: Iterable[Entity]) -> str:
    """Telegram HTML that would give this text and these entities again."""
    units = text.encode("utf-16-le", "surrogatepass")
    waiting = _joined([one for one in _sorted(entities) if one.type not in FOUND_TYPES])
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


def checked_link(url: str) -> str | None:
    """The address as Telegram would store it, or None where it would refuse it."""
    if any(sign.isspace() for sign in url) or not url:
        return None
    lowered = url.lower()
    if lowered.startswith(("tg:", "ton:", "tonsite:")):
        return url
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not port_is_fine:
        return None
    if "." not in host.strip(".") and ":" not in host:
        return None
    if not parts.path and not parts.query and not parts.fragment:
        return f"{url}/"
    return url


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Raise ApiError with the byte offset tdlib would name."""
    return _HtmlParser(source).parse()


@dataclass(slots=True)
class _OpenTag:
    name: str
    argument: str
    format: str
    offset: int
    begin: int


class _HtmlParser:
    """tdlib's parse_html, step by step, over UTF-8 bytes because its error offsets count bytes."""

    def __init__(self, source: str) -> None:
        encoded = source.encode("utf-8", "surrogatepass")
        self._size = len(encoded)
        self._text = encoded + b"\0"
        self._result = bytearray()
        self._offset = 0
        self._open: list[_OpenTag] = []
        self._entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        position = 0
        while position < self._size:
            byte = self._text[position]
            if byte == ord("&"):
                decoded, after = _decode_reference(self._text, position)
                if decoded:
                    self._offset += 1 + (ord(decoded) > 0xFFFF)
                    self._result += decoded.encode("utf-8", "surrogatepass")
                    position = after
                    continue
            if byte != ord("<"):
                if byte & 0xC0 != 0x80:
                    self._offset += 1 + (byte >= FOUR_BYTES)
                self._result.append(byte)
                position += 1
            elif self._text[position + 1] == ord("/"):
                position = self._end_tag(position)
            else:
                position = self._start_tag(position)
        if self._open:
            raise _unparsed(
                f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"'
            )
        try:
            text = self._result.decode()
        except UnicodeDecodeError:
            raise _unparsed(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ) from None
        kept = [
            replace(one, language=None) if one.type == "code" else one for one in self._entities
        ]
        return text, _sorted(kept)

    def _start_tag(self, begin: int) -> int:
        text = self._text
        position = self._until(begin + 1, SPACES + b">")
        if text[position] == 0:
            raise _unparsed(f"Unclosed start tag at byte offset {begin}")
        name = text[begin + 1 : position].decode("utf-8", "replace").lower()
        if name not in TAG_TYPES:
            raise _unparsed(f'Unsupported start tag "{name}" at byte offset {begin}')
        argument = time_format = ""
        while text[position] != ord(">"):
            position = self._skip_spaces(position)
            if text[position] == ord(">"):
                break
            key, value, position = self._attribute(name, begin, position)
            if (name, key) in {("a", "href"), ("tg-emoji", "emoji-id"), ("tg-time", "unix")}:
                argument = value or ""
            elif (name, key) == ("tg-time", "format"):
                time_format = value or ""
            elif (name, key) == ("code", "class") and (value or "").startswith("language-"):
                argument = (value or "").removeprefix("language-")
            elif (name, key) == ("span", "class") and (value or "").startswith("tg-"):
                argument = (value or "").removeprefix("tg-")
            elif (name, key) == ("blockquote", "expandable"):
                argument = "1"
        if name == "span" and argument != "spoiler":
            raise _unparsed(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(_OpenTag(name, argument, time_format, self._offset, len(self._result)))
        return position + 1

    def _attribute(self, tag: str, begin: int, position: int) -> tuple[str, str | None, int]:
        text = self._text
        start = position
        position = self._until(position, SPACES + b"=>/\"'")
        key = text[start:position].decode("utf-8", "replace").lower()
        if not key:
            raise _unparsed(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
        position = self._skip_spaces(position)
        if text[position] != ord("="):
            if text[position] == 0:
                raise _unparsed(f'Unclosed start tag "{tag}" at byte offset {begin}')
            return key, None, position
        position = self._skip_spaces(position + 1)
        if text[position] == 0:
            raise _unparsed(f'Unclosed start tag "{tag}" at byte offset {begin}')
        value = bytearray()
        quote = text[position]
        if quote in b"\"'":
            position += 1
            while text[position] != quote and position < self._size:
                decoded, after = (
                    _decode_reference(text, position) if text[position] == ord("&") else ("", 0)
                )
                if decoded:
                    value += decoded.encode("utf-8", "surrogatepass")
                    position = after
                else:
                    value.append(text[position])
                    position += 1
            if text[position] == quote:
                position += 1
        else:
            start = position
            while (chr(text[position]).isalnum() and text[position] < 0x80) or text[
                position
            ] in b".-":
                position += 1
            value += text[start:position].lower()
            if text[position] not in SPACES + b">":
                raise _unparsed(f"Unexpected end of name token at byte offset {start}")
        if text[position] == 0:
            raise _unparsed(f"Unclosed start tag at byte offset {begin}")
        return key, value.decode("utf-8", "replace"), position

    def _end_tag(self, begin: int) -> int:
        if not self._open:
            raise _unparsed(f"Unexpected end tag at byte offset {begin}")
        position = self._until(begin + 2, SPACES + b">")
        name = self._text[begin + 2 : position].decode("utf-8", "replace").lower()
        position = self._skip_spaces(position)
        if self._text[position] != ord(">"):
            raise _unparsed(f"Unclosed end tag at byte offset {begin}")
        tag = self._open[-1]
        if name and name != tag.name:
            raise _unparsed(
                f"Unmatched end tag at byte offset {begin}, "
                f'expected "</{tag.name}>", found "</{name}>"'
            )
        if self._offset > tag.offset:
            self._close(tag, self._offset - tag.offset)
        self._open.pop()
        return position + 1

    def _close(self, tag: _OpenTag, length: int) -> None:
        last = self._entities[-1] if self._entities else None
        twin = last if last and (last.offset, last.length) == (tag.offset, length) else None
        entity = Entity(TAG_TYPES[tag.name], tag.offset, length)
        if tag.name == "a":
            linked = self._link(tag, entity)
            if linked is None:
                return
            entity = linked
        elif tag.name == "tg-emoji":
            if not tag.argument.isdecimal() or int(tag.argument) == 0:
                raise _unparsed("Invalid custom emoji identifier specified")
            entity = replace(entity, custom_emoji_id=tag.argument)
        elif tag.name == "tg-time":
            if not tag.argument.isdecimal():
                raise _unparsed("Invalid date specified")
            entity = replace(
                entity, unix_time=int(tag.argument), date_time_format=tag.format or None
            )
        elif tag.name == "pre" and twin and twin.type == "code" and twin.language:
            self._entities[-1] = replace(twin, type="pre")
            return
        elif tag.name == "code" and twin and twin.type == "pre" and tag.argument:
            self._entities[-1] = replace(twin, language=tag.argument)
            return
        elif tag.name == "code":
            entity = replace(entity, language=tag.argument or None)
        elif tag.name == "blockquote" and tag.argument:
            entity = replace(entity, type="expandable_blockquote")
        self._entities.append(entity)

    def _link(self, tag: _OpenTag, entity: Entity) -> Entity | None:
        address = tag.argument or self._result[tag.begin :].decode("utf-8", "replace")
        if match := re.fullmatch(r"tg:(?://)?user\?id=(\d+)", address, re.IGNORECASE):
            return replace(entity, type="text_mention", user=int(match[1]))
        checked = checked_link(address)
        return None if checked is None else replace(entity, url=checked)

    def _until(self, position: int, stops: bytes) -> int:
        while self._text[position] not in stops:
            position += 1
        return position

    def _skip_spaces(self, position: int) -> int:
        while self._text[position] != 0 and self._text[position] in SPACES:
            position += 1
        return position


def _unparsed(message: str) -> Exception:
    return bad_request(f"can't parse entities: {message}")


def _decode_reference(text: bytes, position: int) -> tuple[str, int]:
    """The character meant by `&…` and where it ends; none when the `&` stands for itself."""
    end = position + 1
    if text[end : end + 1] == b"#":
        match = NUMBER.match(text, end + 1)
        assert match is not None  # noqa: S101 - the second branch matches an empty string
        end = match.end()
        digits = match[1] if match[1] is not None else match[2]
        code = int(digits or b"0", 16 if match[1] is not None else 10)
        if code == 0 or code >= LAST_CODE or end - position >= 10:
            return "", position
        decoded = chr(code)
    else:
        while chr(text[end]).isalpha() and text[end] < 0x80:
            end += 1
        named = NAMED.get(text[position + 1 : end])
        if named is None:
            return "", position
        decoded = named
    return decoded, end + (text[end : end + 1] == b";")


def _clean(text: str) -> str:
    """tdlib's clean_input_string: control characters become spaces, bidi overrides vanish."""
    text = re.sub(r"[\r\u2028-\u202e]", "", text)
    return re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text)


def _checked(text: str, entities: list[Entity]) -> list[Entity]:
    """Kinds that Telegram finds by itself may be given too, and are not taken."""
    total = utf16_length(text)
    for one in entities:
        if one.type not in GIVEN_TYPES | FOUND_TYPES:
            raise bad_request("can't parse MessageEntity: unsupported type specified")
        if one.offset < 0 or one.offset > total:
            raise bad_request(f"entity begins in a wrong UTF-16 offset {one.offset}")
        if one.length <= 0 or one.end > total:
            raise bad_request(
                f"entity beginning at UTF-16 offset {one.offset} ends after the end of the text "
                f"at UTF-16 offset {one.end}"
            )
    return [one for one in entities if one.type in GIVEN_TYPES]


def _sorted(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda one: (one.offset, -one.length, PRIORITY.get(one.type, 50)))


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
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
    """Code and pre carry no other style: cut their places out of it."""
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
    """tdlib's split_entities: styles are cut where another entity begins or ends."""
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


def _joined(entities: list[Entity]) -> list[Entity]:
    """Pieces of one style made whole again, as far as the tags still nest."""
    result = list(entities)
    for style in SPLITTABLE:
        pieces = [one for one in result if one.type == style]
        for left, right in pairwise(pieces):
            previous = next(one for one in result if one.type == style and one.end == left.end)
            whole = replace(previous, length=right.end - previous.offset)
            others = [one for one in result if one not in {previous, right}]
            if previous.end == right.offset and not any(_cross(whole, one) for one in others):
                result = [*others, whole]
    return _sorted(result)


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

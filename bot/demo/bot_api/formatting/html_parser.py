"""HTML as tdlib reads it (parse_html of MessageEntity.cpp): a text and its entities.

Offsets of entities count UTF-16 code units, offsets in error messages count bytes of UTF-8.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.formatting.entities import Entity, sorted_entities

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
SPACES = b" \t\r\n\0\v"
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
NUMBER = re.compile(rb"x([0-9a-fA-F]*)|([0-9]*)")
LAST_CODE = 0x10FFFF
FOUR_BYTES = 0xF0


def checked_link(url: str) -> str | None:
    """The address as Telegram stores it; None where Telegram refuses it."""
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
    """The text and its entities; ApiError 400 with the byte offset that tdlib would name."""
    return _HtmlParser(source).parse()


@dataclass(slots=True)
class _OpenTag:
    """A tag not yet closed: `offset` in UTF-16 units of the text, `begin` in its bytes.

    `argument` is the one attribute that matters for the tag: an address, an id, a language.
    """

    name: str
    argument: str
    format: str
    offset: int
    begin: int


class _HtmlParser:
    """Follows tdlib step by step, over a zero-ended UTF-8 string as tdlib does."""

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
        return text, sorted_entities(kept)

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
    """The character a reference `&…` means, and where it ends; "" if `&` stands for itself."""
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

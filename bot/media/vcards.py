"""vCard 2.1, 3.0 and 4.0 as phones, Google and Outlook write them, read card by card; and written.

The reader is our own. `vobject`, the one library that is kept at all, takes minutes for one photo
of 20 MB and keeps it in memory, refuses a whole file for one card without its END, and reads text
alone, so that a file whose encoding differs from card to card is lost on it. What is wanted of a
card is little: its name and its numbers. Everything else is passed over as it comes.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.domain.contacts import Contact
from bot.domain.phones import spaced
from bot.media.file_text import LINE_LIMIT, TextFile

_WANTED = frozenset({"BEGIN", "END", "FN", "N", "ORG", "NICKNAME", "TEL", "AGENT"})
_NAME = re.compile(r"(?:[\w-]+\.)?([\w-]+)\s*[:;]", re.ASCII)
_LINE = re.compile(r'(?P<head>(?:[^":]|"[^"]*")*):(?P<value>.*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PARTS = re.compile(r"((?:[^\\;]|\\.)*)(?:;|$)", re.DOTALL)
_QUOTED_PRINTABLE = frozenset({"QUOTED-PRINTABLE", "ENCODING=QUOTED-PRINTABLE", "ENCODING=Q"})
_OCTETS = 75
"""Of a line that is written; longer ones are folded."""


@dataclass(slots=True)
class Card:
    """A card as it is read; `place`: its first line. `numbers`: as written."""

    place: int
    full: str = ""
    parts: list[str] = field(default_factory=list)
    company: str = ""
    nickname: str = ""
    numbers: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        family, given, middle = (*self.parts, "", "", "")[:3]
        composed = " ".join(filter(None, (given, middle, family)))
        return self.full or composed or self.nickname or self.company


def read_vcards(text: TextFile) -> Iterator[Card]:
    """The cards of a file, each as soon as it ends; one whose end is missing too."""
    card: Card | None = None
    depth, is_agent = 0, False
    for place, line in _unfolded(text):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        name, *params = found["head"].split(";")
        name = name.rpartition(".")[2].strip().upper()
        value = found["value"]
        is_card = value.strip(" \t").upper() == "VCARD"
        if name == "BEGIN" and is_card:
            if depth and is_agent:
                depth += 1
            else:
                if card:
                    yield card
                card, depth = Card(place), 1
        elif name == "END" and is_card:
            if depth == 1 and card:
                yield card
                card = None
            depth = max(0, depth - 1)
        elif card and depth == 1:
            _note(card, name, {one.strip().upper() for one in params}, value, text)
        is_agent = name == "AGENT" and not value.strip(" \t")
    if card:
        yield card


def _note(card: Card, name: str, params: set[str], value: str, text: TextFile) -> None:
    charset = next((one[8:].strip('"') for one in params if one.startswith("CHARSET=")), None)
    if params & _QUOTED_PRINTABLE:
        raw = binascii.a2b_qp(value.encode("latin-1", "replace"))
        value = text.text_of_bytes(raw, charset)
    else:
        value = text.text_of(value, charset)
    if name == "TEL":
        card.numbers.append(_unescaped(value))
    elif name == "FN":
        card.full = card.full or _unescaped(value).strip()
    elif name == "N":
        card.parts = card.parts or [_unescaped(one).strip() for one in _PARTS.findall(value)]
    elif name == "ORG":
        card.company = card.company or _unescaped(_PARTS.findall(value)[0]).strip()
    elif name == "NICKNAME":
        card.nickname = card.nickname or _unescaped(value).strip()


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)


def _unfolded(text: TextFile) -> Iterator[tuple[int, str]]:
    """The wanted lines, each put together of the pieces it was folded into."""
    pieces: list[str] = []
    begun = size = 0
    is_open = False
    """Whether the last piece of a quoted-printable line ends in `=`: it goes on, unfolded."""
    for number, line in text.lines():
        if not is_open and line[:1] not in {" ", "\t"}:
            if pieces:
                yield begun, "".join(pieces)
            name = _NAME.match(line)
            is_wanted = name is not None and name[1].upper() in _WANTED
            pieces, begun, size = [line] if is_wanted else [], number, len(line)
        elif is_open:
            pieces[-1] = pieces[-1][:-1]
            pieces.append(line)
            size += len(line)
        elif pieces and size <= LINE_LIMIT:
            pieces.append(line[1:])
            size += len(line)
        is_open = bool(pieces) and size <= LINE_LIMIT and pieces[-1].endswith("=")
        is_open = is_open and _is_quoted(pieces[0])
    if pieces:
        yield begun, "".join(pieces)


def _is_quoted(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


# Writing


def vcard(contact: Contact) -> str:
    """A contact as vCard 3.0, which all phones read."""
    name = _escaped(contact.name or spaced(contact.numbers[0].number))
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}"]
    lines += [f"TEL;TYPE=VOICE:{_escaped(one.number)}" for one in contact.numbers]
    return "".join(f"{one}\r\n" for one in _folded([*lines, "END:VCARD"]))


def _escaped(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", value)


def _folded(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        rest = line
        while len(rest.encode()) > _OCTETS:
            piece = rest.encode()[:_OCTETS].decode(errors="ignore")
            yield piece
            rest = f" {rest[len(piece) :]}"
        yield rest

"""How a text breaks into lines in a Telegram bubble on a phone.

Widths are those of Roboto, Telegram's font on Android (tests/data/roboto_widths.tsv), in em; of a
picture 1.25 em, of ◦ 0.6 em, of another character the font lacks 1 em. A bubble holds 36
characters of the average width of our own Ukrainian texts: 17.5 em, 280 points of 16-point text,
on a phone 390 points wide.
"""

import re
from functools import cache
from unicodedata import combining

from tests.support.places import DATA, ROOT

_EM = 2048
_PO = ROOT / "bot" / "locales" / "uk" / "LC_MESSAGES" / "dzvinok.po"


@cache
def roboto() -> dict[str, float]:
    lines = (DATA / "roboto_widths.tsv").read_text(encoding="utf-8").split("\n")[2:-1]
    rows = (line.split("\t", 1) for line in lines)
    return {one: int(units) / _EM for units, characters in rows for one in characters}


@cache
def bubble() -> float:
    text = _PO.read_text(encoding="utf-8")
    told = (line.partition('"')[2] for line in text.split("\n") if "msgstr" in line)
    words = "".join(re.sub(r"{\w+}", "", one) for one in told)  # nobody reads the names of fields
    known = [roboto()[one] for one in words if one in roboto()]
    return round(36 * sum(known) / len(known), 1)  # each new text moves it a little


def width(text: str) -> float:
    return sum(map(_width, text))


def lines_of(text: str, room: float) -> list[str]:
    """The text as a bubble of `room` em shows it: broken at its ends of lines and at spaces."""
    shown = []
    for paragraph in text.split("\n"):
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        line = ""
        for word in paragraph.strip(" ").split(" "):
            longer = f"{line} {word}" if line else f"{indent}{word}"
            if line and width(longer) > room:
                shown.append(line)
                longer = word
            line = longer
        shown.append(line)
    return shown


def _width(character: str) -> float:
    if character in roboto():
        return roboto()[character]
    if combining(character) or character in "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}":
        return 0
    if character == "◦":
        return 0.6
    return 1.25 if ord(character) > 0x2190 else 1

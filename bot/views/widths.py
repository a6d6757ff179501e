"""How much of a line on a phone a text takes, so that no row breaks where it reads badly.

Widths are in em. They are those of Roboto, Telegram's font on Android, rounded up: a row that fits
by them fits. On a phone 390 points wide a bubble holds some 300 points of 16-point text, 18.7 em;
36 characters of average text, 17.5 em, is what rows may take.
"""

from functools import cache
from itertools import accumulate, takewhile
from unicodedata import combining, east_asian_width

from bot.views.formats import ELLIPSIS

NBSP = "\N{NO-BREAK SPACE}"
LINE = 17.5
INDENT = "    "
"""Before the second line of a row."""

_WIDTHS = {
    0.25: " \N{NO-BREAK SPACE}',:;ijl|‘’іїј",
    0.3: "!-.I[]·ІЇ",
    0.35: "()`frt{}",
    0.45: '"*\\/^ªгґ“”',
    0.5: "?_vxyz«»тух",
    0.55: "<=>Laceks×аезксчьэяєёҐ",
    0.57: "+0123456789",
    0.6: "$EFJSTZbdghnopqu◦ГЕЁЗТбвийлнопрц€₴",
    0.7: "#&BKPRUVXYACDGOQ~БВКРУХЬЯдъЄАОСЧЭЪ–…",
    0.8: "%HNwИЙЛНПЦмфДФЪжы—",
    0.9: "@MWmшщюМЫЮ",
    1: "ЩЖШ",
}
_KNOWN = {character: width for width, characters in _WIDTHS.items() for character in characters}
_LETTER, _PICTURE = 1.1, 1.25
_JOINERS = "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"


def width(text: str) -> float:
    """At most how many em the text takes."""
    return sum(map(_one, text))


def fit(text: str, room: float) -> str:
    """The text within `room` em, its loss marked. A number is written close rather than cut."""
    if width(text) > room and text.startswith("+") and text[1:].replace(" ", "").isdecimal():
        text = text.replace(" ", "")
    if width(text) <= room:
        return text
    room -= width(ELLIPSIS)
    ends = accumulate(map(_one, text))
    fitting = sum(1 for _ in takewhile(lambda end: end <= room, ends))
    return text[:fitting].rstrip() + ELLIPSIS


def sign(mark: str) -> str:
    """A mark that stays with the word before it."""
    return f"{NBSP}{mark}"


@cache
def _one(character: str) -> float:
    known = _KNOWN.get(character)
    if known is not None:
        return known
    if combining(character) or character in _JOINERS:
        return 0
    is_narrow = east_asian_width(character) in {"N", "Na", "H"} and ord(character) < 0x2000
    return _LETTER if is_narrow else _PICTURE

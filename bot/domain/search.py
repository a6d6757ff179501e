"""What people look for in the log: numbers, names and words, however they write them."""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from bot.domain.phones import NumberPlan

LEAST_DIGITS = 3
"""So many digits of a number are looked for at least."""

MOST_SIGNS = 64
"""A query is no longer than this, and neither is a word that is looked for."""

_MOST_WORDS = 6
_LEAST_LETTERS = 2

_LEAST_FOR_TYPO = 4
"""Shorter words are all alike: a typo in one makes another."""

_APOSTROPHES = re.compile("['’ʼ‘`´′＇\"]")
_STRESS = "\N{COMBINING ACUTE ACCENT}"
_WORD = re.compile(r"[^\W_]+")
_SIGNS = re.compile(r"[\W_]+")
_SPELLINGS = str.maketrans({"ґ": "г", "ё": "е"})


class Unclear(Enum):
    """Why nothing can be looked for."""

    TOO_SHORT = auto()
    TOO_LONG = auto()
    ONLY_SIGNS = auto()


@dataclass(frozen=True, slots=True)
class Query:
    """`text`: as it was typed, without needless spaces.

    `digits`: what a number has in it that is meant, one of these; none: no number is meant.
    `words`: beginnings of words, all of them, as `words_of` spells them.
    """

    text: str
    digits: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def may_have_typos(self) -> bool:
        return any(ends_for_typo(word) for word in self.words)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found: the calls that have any of it.

    Calls of clients with these `numbers`, in E.164 as calls have them, at these `extensions`, and
    those with the ids `calls`. What is too much to be listed is described instead: `digits` that a
    client's number has in it, `names` and `comments` by what their words begin with, each word of
    a query by one of several beginnings. `is_alike`: only what differs from the query by a typo.
    """

    numbers: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()
    digits: tuple[str, ...] = ()
    names: tuple[tuple[str, ...], ...] = ()
    comments: tuple[tuple[str, ...], ...] = ()
    is_alike: bool = False

    @property
    def is_walked(self) -> bool:
        """Whether the log has to be walked for some of it, at least the log of an extension."""
        return bool(self.extensions or self.digits or self.names or self.comments)

    def __bool__(self) -> bool:
        return bool(self.numbers or self.calls) or self.is_walked


def folded(text: str) -> str:
    """One spelling of all that people take for the same: case, apostrophes, ґ, signs of stress."""
    composed = unicodedata.normalize(
        "NFC", unicodedata.normalize("NFKD", text).replace(_STRESS, "")
    )
    return _APOSTROPHES.sub("", composed.casefold()).translate(_SPELLINGS)


def words_of(text: str) -> list[str]:
    """The words of a name or a comment, each once, as they are looked for."""
    found = dict.fromkeys(word[:MOST_SIGNS] for word in _WORD.findall(folded(text)))
    return list(found)


def read_query(text: str, plan: NumberPlan) -> Query | Unclear:
    """What somebody looks for; `plan`: how numbers are written where the company is."""
    text = " ".join(text.split())
    if len(text) > MOST_SIGNS:
        return Unclear.TOO_LONG
    words = words_of(text)[:_MOST_WORDS]
    if not words:
        return Unclear.ONLY_SIGNS
    digits = _digits_of(text, plan)
    said = "".join(words)
    if not digits and (said.isdecimal() or len(said) < _LEAST_LETTERS):
        return Unclear.TOO_SHORT
    return Query(text, digits, tuple(words))


def is_typo(one: str, other: str) -> bool:
    """Whether a letter is wrong, missing, needless, or changed places with the next one."""
    shortest = min(len(one), len(other))
    same = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    one, other = one[same:], other[same:]
    shortest = min(len(one), len(other))
    same = next((at for at in range(shortest) if one[-1 - at] != other[-1 - at]), shortest)
    one, other = one[: len(one) - same], other[: len(other) - same]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def ends_for_typo(word: str) -> tuple[str, str] | None:
    """A beginning and an end one of which every word has that is this one but for a typo.

    None: the word is too short, or a number.
    """
    if len(word) < _LEAST_FOR_TYPO or word.isdecimal():
        return None
    begin = (len(word) - 1) // 2
    return word[:begin], word[begin + 1 :]


def ends_of_number(client: str) -> list[str]:
    """All ends of a client's number that have enough digits, the longest first."""
    digits = client.lstrip("+")
    return [digits[at:] for at in range(len(digits) - LEAST_DIGITS + 1)]


def _digits_of(text: str, plan: NumberPlan) -> tuple[str, ...]:
    """What a number has in it if it is the one that is meant, or begins like it."""
    bare = _SIGNS.sub("", text)
    if not bare.isdecimal() or len(bare) < LEAST_DIGITS:
        return ()
    bare = "".join(str(int(one)) for one in bare)
    found = {bare}
    if whole := plan.client_number(text):
        found.add(whole.lstrip("+"))
    if bare.startswith("00"):
        found.add(bare[2:])
    elif not text.startswith("+") and (international := plan.international(bare)):
        found.add(international)
    enough = {one for one in found if len(one) >= LEAST_DIGITS}
    return tuple(sorted(one for one in enough if not any(o != one and o in one for o in enough)))

"""Telephone numbers: one client, however the PBX wrote the number.

A client's number is kept as E.164 (`+380671234567`). What is a number but cannot be E.164, a short
code like `3700` or a local number whose area code nobody told, is kept as its digits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

_ADDRESS = re.compile(
    r"(?:[^<]*<)?\s*(?:(?:tel|sips?|callto):)?(?P<user>[^@;>?]*)(?:@(?P<host>[^;>:?]*))?(?:[;:>?].*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A number, `tel:` of RFC 3966, or `"Olena" <sip:101@pbx;user=phone>` of RFC 3261."""

_EXTENSION_OF_NUMBER = re.compile(
    r"\s*[;,]?\s*(?:(?:ext(?:ension)?|доб|вн)\.?\s*[=:]?|[x#])\s*\d{1,7}\s*", re.IGNORECASE
)
"""What follows a number to reach somebody behind it: `ext. 12`, `x12`, `;ext=12`, `доб. 12`."""

_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
"""The zero of `+49 (0) 30 123456`, which is dialled only inside the country."""

_SEPARATORS = re.compile(
    r"[\s().\-/_~,\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2212]+"
)
_NUMBER = re.compile(r"\+*\d+")
_PLAIN_NUMBER = re.compile(r"\+?[1-9]\d{5,14}|0[1-9]\d{7,9}", re.ASCII)
"""Most numbers: nothing in them has to be taken apart, and they hide nobody."""
_BETWEEN_WORDS = re.compile(r"[\W_]+")

_UKRAINIAN = re.compile(r"(\+380 \d\d \d{3} \d\d)(\d\d)")
"""The library leaves four digits at the end together; in Ukraine people read them in twos."""

_TRUNK_EIGHT = frozenset(
    {
        *("AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA"),
        "UZ",
    }
)
"""Where 8 was, or is, dialled before a number of another town, and 810 before a foreign one:
people and PBXs still write `8 067 …` and `80 67 …` for `+380 67 …`."""

HIDDEN_WORDS = frozenset(
    {
        *("anonymous", "anonym", "anonyme", "anonimo", "hidden", "hiddennumber", "private"),
        *("privatenumber", "privatecaller", "restricted", "unavailable", "unknown", "blocked"),
        *("unknownnumber", "unknowncaller", "withheld", "numberwithheld", "asterisk", "nonumber"),
        *("numberunavailable", "notavailable", "nocallerid", "nocid", "callerid", "none", "null"),
        *("nil", "na", "undefined", "invalid", "invalidnumber", "outofarea", "coinline"),
        *("payphone", "clir", "empty", "noname", "callerunknown", "callerwithheld"),
        *("анонім", "анонімний", "анонімно", "прихований", "прихованийномер", "номерприховано"),
        *("приховано", "невідомий", "невідомийномер", "невідомо", "приватний", "номернедоступний"),
        *("аноним", "анонимный", "скрытый", "скрытыйномер", "номерскрыт", "скрыт", "скрыто"),
        *("неизвестный", "неизвестныйномер", "неизвестно", "частный", "безномера"),
        *("unbekannt", "anonymus", "unterdrückt", "nieznany", "zastrzeżony", "numerzastrzeżony"),
        *("prywatny", "ukryty", "inconnu", "privé", "desconocido", "sconosciuto", "gizli"),
    }
)
"""What PBXs and operators write in place of a number the caller withheld: letters and digits only,
in small letters."""


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How the numbers of a source are written.

    `country` (ISO 3166, two letters) is assumed of numbers that name none. `dial_prefix` is what
    is dialled before an outside number, `area_code` (without a trunk prefix) what a local number
    lacks. `hidden` are more words and numbers that mean a withheld one, as `folded` makes them;
    `own_numbers` those of the company itself, written in any way.
    """

    country: str
    dial_prefix: str = ""
    area_code: str = ""
    hidden: frozenset[str] = frozenset()
    own_numbers: frozenset[str] = frozenset()

    def __hash__(self) -> int:  # of all fields it would cost more than what the caches save
        return hash(self.country)

    def is_hidden(self, written: str) -> bool:
        """Whether this stands in place of a withheld number: a word for it, zeros, nothing."""
        return _is_hidden(written, self)

    def is_hidden_word(self, written: str) -> bool:
        """Whether this is one of the words for a withheld number."""
        word = folded(written)
        return word in HIDDEN_WORDS or word in self.hidden

    def client_number(self, written: str) -> str | None:
        """The number a client is known by: E.164, else digits. None: hidden, or no number."""
        return _client_number(written, self)

    def is_whole(self, written: str) -> bool:
        """Whether this is a number that could be dialled from anywhere: no extension, no login."""
        return _is_whole(written, self)

    def is_own(self, number: str) -> bool:
        """Whether a client's number, as `client_number` gives it, is the company's own."""
        return bool(self.own_numbers) and number in _numbers_of(self.own_numbers, self)


def folded(word: str) -> str:
    """A word as it is compared: small letters and digits, nothing between them."""
    return _BETWEEN_WORDS.sub("", word.casefold())


def shown_number(number: str | None) -> str | None:
    """The number as written; None if it is one of the usual words for a hidden one."""
    return None if number is None or _is_hidden(number, _ANYWHERE) else number.strip()


@lru_cache(maxsize=1 << 12)
def spaced(number: str) -> str:
    """A client's number as people read it: E.164 in groups, anything else as it came."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return number
    if not _is_possible(parsed):
        return number
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    ukrainian = _UKRAINIAN.fullmatch(text)
    return " ".join(ukrainian.groups()) if ukrainian else text


def masked(number: str) -> str:
    """The number for logs: enough to tell two calls apart, not enough to dial."""
    return f"{number[:4]}…{number[-2:]}" if len(number) > 6 else "…"


_ANYWHERE = NumberPlan("ZZ")


def _user_and_host(written: str) -> tuple[str, str]:
    """`sip:101@pbx:5060` in its parts, the second in small letters; a bare number has no host."""
    match = _ADDRESS.fullmatch(written.strip())
    if match is None:
        return written.strip(), ""
    return match["user"].strip(), (match["host"] or "").strip().lower()


@lru_cache(maxsize=1 << 16)
def _is_hidden(written: str, plan: NumberPlan) -> bool:
    if not plan.hidden and _PLAIN_NUMBER.fullmatch(written):
        return False
    user, host = _user_and_host(written)
    if host.endswith(".invalid") and host.partition(".")[0] in HIDDEN_WORDS:  # RFC 3323
        return True
    word = folded(user)
    if not word.strip("0") or user == "-1" or plan.is_hidden_word(user):
        return True
    return bool(plan.hidden) and _number_of(written, plan) in _numbers_of(plan.hidden, plan)


@lru_cache(maxsize=1 << 16)
def _client_number(written: str, plan: NumberPlan) -> str | None:
    if _is_hidden(written, plan):
        return None
    return _number_of(written, plan)


@lru_cache(maxsize=1 << 16)
def _is_whole(written: str, plan: NumberPlan) -> bool:
    plain = _plain(written)
    return plain is not None and any(map(phonenumbers.is_valid_number, _readings(plain, plan)))


def _number_of(written: str, plan: NumberPlan) -> str | None:
    plain = _plain(written)
    return None if plain is None else _e164(plain, plan) or plain.lstrip("+")


@lru_cache(maxsize=64)
def _numbers_of(listed: frozenset[str], plan: NumberPlan) -> frozenset[str]:
    """The numbers among what a setting lists."""
    numbers = (_number_of(written, plan) for written in listed)
    return frozenset(number for number in numbers if number is not None)


def _plain(written: str) -> str | None:
    """Digits, with a `+` before them if the number begins so; None if there are also letters."""
    if _PLAIN_NUMBER.fullmatch(written):
        return written
    user = _EXTENSION_OF_NUMBER.sub("", _user_and_host(written)[0]) or written
    if user.lstrip().startswith(("+", "00")):
        user = _TRUNK_ZERO.sub("", user)
    user = _SEPARATORS.sub("", user).replace("\N{FULLWIDTH PLUS SIGN}", "+")
    if not _NUMBER.fullmatch(user):
        return None
    digits = "".join(str(int(char)) for char in user if char != "+")
    return f"+{digits}" if user[0] == "+" else digits


def _e164(plain: str, plan: NumberPlan) -> str | None:
    """The first reading that is a number somebody may have; else the first that could be one."""
    possible = None
    for number in _readings(plain, plan):
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if possible is None and _is_possible(number):
            possible = number
    return phonenumbers.format_number(possible, PhoneNumberFormat.E164) if possible else None


def _readings(plain: str, plan: NumberPlan) -> Iterator[PhoneNumber]:
    """What the number may mean, the likeliest first."""
    prefix = plan.dial_prefix
    whole = plain.removeprefix("00")
    if plain[0] == "+" or whole.startswith(_calling_code(plan.country)):
        yield from _parsed(f"+{whole.lstrip('+')}", None)
    if prefix and plain.startswith(prefix):
        yield from _national(plain.removeprefix(prefix), plan)
    yield from _national(plain, plan)


def _national(plain: str, plan: NumberPlan) -> Iterator[PhoneNumber]:
    """The same with what people leave out or put before a number."""
    digits, country = plain.lstrip("+"), plan.country
    if not digits:
        return
    if digits.startswith(_calling_code(country)):
        yield from _parsed(f"+{digits}", None)
    yield from _parsed(digits, country)
    if digits.startswith("00"):
        yield from _parsed(f"+{digits[2:]}", None)
    if country in _TRUNK_EIGHT and digits.startswith("8"):
        if digits.startswith("810"):
            yield from _parsed(f"+{digits[3:]}", None)
        yield from _parsed(digits[1:], country)
    yield from _parsed(f"+{digits}", None)
    if digits.startswith("0"):
        yield from _parsed(digits.lstrip("0"), country)
    if plan.area_code:
        yield from _parsed(plan.area_code + digits, country)


def _parsed(text: str, country: str | None) -> Iterator[PhoneNumber]:
    try:
        yield phonenumbers.parse(text, country)
    except NumberParseException:
        return


@lru_cache(maxsize=256)
def _calling_code(country: str) -> str:
    return str(phonenumbers.country_code_for_region(country) or "none")


def _is_possible(number: PhoneNumber) -> bool:
    """Whether it has the length of a number; a local one without its area code has not."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == ValidationResult.IS_POSSIBLE)

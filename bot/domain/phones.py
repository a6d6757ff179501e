"""Telephone numbers: one client, however the PBX wrote the number.

A client's number is kept as E.164 (`+380671234567`). What is a number but cannot be E.164, a short
code like `3700` or a local number whose area code nobody told, is kept as its digits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)
from phonenumbers.shortnumberinfo import (
    connects_to_emergency_number,
    is_valid_short_number_for_region,
)

from bot.domain.withheld import folded, means_withheld

_ADDRESS = re.compile(
    r"(?:.*<)?\s*(?P<scheme>(?:tel|sips?|callto):)?(?P<user>[^@;>?]*)(?:@(?P<host>[^;>:?]*))?"
    r"(?:[;:>?].*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A number, `tel:` of RFC 3966, or `"Olena" <sip:101@pbx;user=phone>` of RFC 3261."""

_CHANNEL = re.compile(
    r"(?:PJSIP|SIP|IAX2|SCCP|Skinny|Local|H323|OOH323|MGCP|Motif|USTM|UNISTIM)/(?:[^/@]*/)*"
    r"(?:sips?:)?(?P<peer>[^/@]+?)(?:@.*|-[0-9a-f]{6,8}(?:;[12])?)?",
    re.IGNORECASE | re.DOTALL,
)
"""A channel of Asterisk, or whom it dials: `PJSIP/101-0000001a`, `SIP/trunk/0671234567`."""

_EXTENSION_OF_NUMBER = re.compile(
    r"(?<=\d)[\s)]*[;,]?\s*"
    r"(?:(?:ext(?:ension)?|доб(?:авочный)?|дод(?:атковий)?|вн(?:утр(?:ішній|енний)?)?|wew|x|\#|\*)"
    r"\.?\s*[=:]?)\s*\d{1,7}\s*\#?\s*$",
    re.IGNORECASE,
)
"""What follows a number to reach somebody behind it: `ext. 12`, `x12`, `;ext=12`, `доб. 12`."""

_DIALLED_AFTER = re.compile(r"(?P<number>[^,;pw]*)[,;pw]+[\d\s]{1,8}\#?", re.IGNORECASE)
_DIALLED_BEFORE = re.compile(r"(?!8)\d{1,2}\s*[,pw]+(?P<number>[^,;pw]*)", re.IGNORECASE)
_TRUNK_TONE = re.compile(r"(?<=^8)[\s,pw]+", re.IGNORECASE)
"""Digits dialled after a pause behind a number, `067…,,101`, or before one, `9,067…`; the pause of
`8w10…`, where 8 is a part of the number."""

_NEGATIVE = re.compile(r"[+\s]*-\s*\d{1,3}", re.ASCII)
_SHORTEST, _SHORTEST_LOCAL = 3, 5
"""Digits of a short code behind a dial prefix, and of a number that an area code completes."""

_WHOLE_DIGITS = 9
"""Digits of a number that is certainly no extension and no piece of another."""

_SERVICE_CODE = re.compile(r"(?:[*#]{1,2}\d{2}[*#]|\*(?:67|82|31))\s*(?=[+\d\s()-]{7,})")
"""Told to the network before a number, to show or to hide one's own: `*31#067…`."""

_LABELLED = re.compile(r"[^\d+]*(?<![^\W_])(?P<number>\+?\d[\d\s().\-]{7,}\d)(?!\w)[^\d@]*")
"""One whole number among words: `тел. 067 123 45 67`, `Ганна 0671234567`."""

_FREEPHONE_WORD = re.compile(r"\+?[\d\s().-]{3,}[\s.-][A-Z]+(?:[\s-][A-Z\d]+)*", re.ASCII | re.I)
"""`1-800-FLOWERS`, to be dialled by the letters on the keys."""

_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
"""The zero of `+49 (0) 30 123456`, which is dialled only inside the country."""

_SEPARATORS = re.compile(r"[^\w+*#]+|_+")
_NUMBER = re.compile(r"(?:\d{1,3}(?=\+\d{8}))?\+*(?P<digits>\d+)")
_PLAIN_NUMBER = re.compile(r"\+?[1-9]\d{5,14}|0[1-9]\d{7,9}", re.ASCII)
"""Most numbers: nothing in them has to be taken apart, and they hide nobody."""

_NO_SUBSCRIBER = re.compile(r"\+?[1-9]\d{0,2}?0{9,}", re.ASCII)
"""What a PBX makes of zeros by putting the country's code before them: `+380 000 000 000`."""

_MEXICO = 52
_MEXICAN_PREFIX = re.compile(r"(?:01|04[45])(?=\d{10}$)")
"""Dialled in Mexico before 2019, and still sent, as is the 1 of `+52 1 …`."""

_NOT_DIALLED = re.compile(r"[^\d+]", re.ASCII)
"""What people read between digits."""

_UKRAINIAN = re.compile(r"(\+380 \d\d \d{3} \d\d)(\d\d)")
_MOBILE = re.compile(r"(\+380)(50|63|66|67|68|73|93|95|96|97|98|99)(\d{3})(\d\d)(\d\d)", re.ASCII)
"""The library leaves four digits at the end together; in Ukraine people read them in twos."""

_TRUNK_EIGHT = frozenset(
    {
        *("AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA"),
        "UZ",
    }
)
"""Where 8 was, or is, dialled before a number of another town, and 810 before a foreign one:
people and PBXs still write `8 067 …` and `80 67 …` for `+380 67 …`."""


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
        return means_withheld(word) or word in self.hidden

    def client_number(self, written: str, *, is_dialled: bool = False) -> str | None:
        """The number a client is known by: E.164, else digits. None: hidden, or no number.

        `is_dialled`: by us, so that it may begin with the dial prefix even if it is a short one.
        """
        return _client_number(written, self, is_dialled)

    def is_own(self, number: str) -> bool:
        """Whether a client's number, as `client_number` gives it, is the company's own."""
        return bool(self.own_numbers) and number in _numbers_of(self.own_numbers, self)

    def is_callable(self, number: str) -> bool:
        """Whether somebody may be called at it: whole, and neither a special one nor our own."""
        if self.is_own(number) or not _is_subscriber(number):
            return False
        if phonenumbers.is_valid_number(phonenumbers.parse(number, None)):
            return True  # Lithuania's 037… calls Kaunas, though 03 alone calls an ambulance
        dialled = self.dialled(number).removeprefix(self.dial_prefix)
        return not connects_to_emergency_number(dialled, self.country)

    def international(self, digits: str) -> str | None:
        """What begins like this inside the country, with the country's code; None: no such."""
        code = _calling_code(self.country)
        trunk = _trunk_prefix(int(code)) if code.isdecimal() else ""
        is_national = bool(trunk) and digits.startswith(trunk)
        return code + digits.removeprefix(trunk) if is_national else None

    def dialled(self, number: str) -> str:
        """A number in E.164 as it is dialled at the PBX: `0671234567`, `9004420…`."""
        parsed = phonenumbers.parse(number, None)
        text = phonenumbers.format_out_of_country_calling_number(parsed, self.country)
        return self.dial_prefix + _NOT_DIALLED.sub("", text)


def shown_number(number: str | None) -> str | None:
    """The number as written; None if it is one of the usual words for a hidden one."""
    return None if number is None or _is_hidden(number, _ANYWHERE) else number.strip()


@lru_cache(maxsize=1 << 12)
def spaced(number: str) -> str:
    """A client's number as people read it: E.164 in groups, anything else as it came."""
    if mobile := _MOBILE.fullmatch(number):  # most are; it spares files of them half of their time
        return " ".join(mobile.groups())
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


def bare_extension(written: str) -> str:
    """An extension without the address around it: 101 of `SIP/101-0000001a`, `sip:101@pbx`.

    A login is known by its whole address, so that `sip:olena@pbx` stays what it is.
    """
    if written.isalnum():
        return written
    user, host = _user_and_host(written)
    is_address = bool(host) or "<" in written or ":" in written
    return (
        user
        if user and (_CHANNEL.fullmatch(written) or (is_address and _is_digits(user)))
        else written
    )


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _user_and_host(written: str) -> tuple[str, str]:
    """`sip:101@pbx:5060` in its parts, the second in small letters; a bare number has no host."""
    if channel := _CHANNEL.fullmatch(written.strip()):
        return channel["peer"], ""
    match = _ADDRESS.fullmatch(written.strip())
    if match is None:
        return written.strip(), ""
    user, host = match["user"], (match["host"] or "").strip().lower()
    if match["scheme"]:
        user = unquote(user).partition(":")[0]  # without the password
    return user.strip(), host


@lru_cache(maxsize=1 << 16)
def _is_hidden(written: str, plan: NumberPlan) -> bool:
    if not plan.hidden and _PLAIN_NUMBER.fullmatch(written):
        return _NO_SUBSCRIBER.fullmatch(written) is not None
    user, host = _user_and_host(written)
    host = host or user
    if host.endswith(".invalid") and means_withheld(folded(host.partition(".")[0])):  # RFC 3323
        return True
    word = folded(user)
    if not word.strip("0") or _NEGATIVE.fullmatch(user) or plan.is_hidden_word(user):
        return True
    if _NO_SUBSCRIBER.fullmatch(word):
        return True
    return bool(plan.hidden) and _number_of(written, plan) in _numbers_of(plan.hidden, plan)


@lru_cache(maxsize=1 << 16)
def _client_number(written: str, plan: NumberPlan, is_dialled: bool) -> str | None:
    if _is_hidden(written, plan):
        return None
    number = _number_of(written, plan)
    prefix = plan.dial_prefix
    if is_dialled and prefix and number and number.startswith(prefix):
        short = number.removeprefix(prefix)
        return short if len(short) >= _SHORTEST else number
    return number


def _number_of(written: str, plan: NumberPlan) -> str | None:
    plain = _plain(written, plan)
    return None if plain is None else _e164(plain, plan) or plain.lstrip("+")


@lru_cache(maxsize=64)
def _numbers_of(listed: frozenset[str], plan: NumberPlan) -> frozenset[str]:
    """The numbers among what a setting lists."""
    numbers = (_number_of(written, plan) for written in listed)
    return frozenset(number for number in numbers if number is not None)


def _plain(written: str, plan: NumberPlan) -> str | None:
    """Digits, with a `+` before them if the number begins so; None if there are also letters."""
    if _PLAIN_NUMBER.fullmatch(written):
        return written
    user = _user_and_host(written)[0] or written
    user = user.replace("\N{FULLWIDTH PLUS SIGN}", "+").strip("'\" \t")
    user = _EXTENSION_OF_NUMBER.sub("", _SERVICE_CODE.sub("", user))
    if sum(map(str.isdecimal, user)) >= _WHOLE_DIGITS:
        user = user.strip("*# ")
    user = _TRUNK_TONE.sub("", user)
    for pause in (_DIALLED_AFTER, _DIALLED_BEFORE):
        match = pause.fullmatch(user)
        if match and sum(map(str.isdecimal, match["number"])) >= _WHOLE_DIGITS:
            user = match["number"]
    if user.lstrip().startswith(("+", "00")):
        user = _TRUNK_ZERO.sub("", user)
    if match := _LABELLED.fullmatch(user):
        user = match["number"]
    elif _FREEPHONE_WORD.fullmatch(user):
        return _by_letters(user, plan)
    match = _NUMBER.fullmatch(_SEPARATORS.sub("", user))
    if match is None:
        return None
    digits = "".join(str(int(char)) for char in match["digits"])
    return f"+{digits}" if "+" in match.group() else digits


def _by_letters(user: str, plan: NumberPlan) -> str | None:
    """The digits of a number for all to call, written with letters."""
    for number in _parsed(user, plan.country):
        if phonenumbers.number_type(number) is PhoneNumberType.TOLL_FREE:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def _e164(plain: str, plan: NumberPlan) -> str | None:
    """The first reading that is a number somebody may have; else the first that could be one."""
    possible = None
    for number in _readings(plain, plan):
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if possible is None and _is_possible(number, is_local=plain[0] != "+"):
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
    if country == "MX":
        digits = _MEXICAN_PREFIX.sub("", digits)
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
    if plan.area_code and len(digits) >= _SHORTEST_LOCAL and not _is_short(digits, country):
        yield from _parsed(plan.area_code + digits, country)


def _parsed(text: str, country: str | None) -> Iterator[PhoneNumber]:
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return
    national = number.national_number or 0
    if number.country_code == _MEXICO and 10**10 <= national < 2 * 10**10:
        number.national_number = national - 10**10
    yield number


def _is_short(digits: str, country: str) -> bool:
    """Whether it is a number for all of a country, like 112, and so of no town."""
    return any(is_valid_short_number_for_region(one, country) for one in _parsed(digits, country))


@lru_cache(maxsize=256)
def _calling_code(country: str) -> str:
    return str(phonenumbers.country_code_for_region(country) or "none")


def _is_possible(number: PhoneNumber, *, is_local: bool = False) -> bool:
    """Whether it has the length of a number; a local one without its area code has not.

    `is_local`: written without a country, so it has to be as long as a mobile number; other
    lengths are those of a few fixed lines, and of anything else that was dialled.
    """
    if is_local and number.italian_leading_zero and _trunk_prefix(number.country_code) == "0":
        return False
    kind = PhoneNumberType.MOBILE if is_local else PhoneNumberType.UNKNOWN
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, kind)
    return bool(reason == ValidationResult.IS_POSSIBLE)


@lru_cache(maxsize=1 << 12)
def _is_subscriber(number: str) -> bool:
    """Whether it is a whole number of somebody, not one that costs by the minute."""
    if not number.startswith("+"):
        return False
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return False
    costly = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
    return _is_possible(parsed) and phonenumbers.number_type(parsed) not in costly


@lru_cache(maxsize=256)
def _trunk_prefix(calling_code: int | None) -> str:
    region = phonenumbers.region_code_for_country_code(calling_code or 0)
    return phonenumbers.ndd_prefix_for_region(region, True) or ""

"""Telephone numbers: one client, however the PBX wrote the number."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS = re.compile(r"(?:tel|sips?):(\+?[\d().\- ]+)(?:[@;].*)?", re.IGNORECASE)
"""An address that is a number, as RFC 3966 and RFC 3261 write it."""
_UKRAINIAN = re.compile(r"(\+380 \d\d \d{3} \d\d)(\d\d)")
"""The library leaves four digits at the end together; in Ukraine people read them in twos."""

HIDDEN = frozenset(
    {
        "",
        "anonymous",
        "hidden",
        "private",
        "restricted",
        "unavailable",
        "unknown",
        "withheld",
        "<unknown>",
        "asterisk",
    }
)
"""What PBXs write in place of a number the caller withheld, lower-cased."""


def clean(number: str | None) -> str | None:
    """The number as written, or None if it is one of the words for "hidden"."""
    if number is None:
        return None
    number = number.strip()
    return None if not number or number.lower() in HIDDEN else number


@lru_cache(maxsize=1 << 16)
def e164(number: str, country: str) -> str | None:
    """The number in E.164, or None if it cannot be one (an extension, a SIP login).

    `country` (ISO 3166, two letters) is assumed where the number does not name its own.
    """
    parsed = _parse(number, country)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164) if parsed else None


@lru_cache(maxsize=1 << 12)
def spaced(number: str, country: str) -> str:
    """The number as people read it, in the international form; unreadable ones as they came."""
    parsed = _parse(number, country)
    if parsed is None:
        return number
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    ukrainian = _UKRAINIAN.fullmatch(text)
    return " ".join(ukrainian.groups()) if ukrainian else text


def masked(number: str) -> str:
    """The number for logs: enough to tell two calls apart, not enough to dial."""
    return f"{number[:4]}…{number[-2:]}" if len(number) > 6 else "…"


def _parse(number: str, country: str) -> phonenumbers.PhoneNumber | None:
    if address := _ADDRESS.fullmatch(number):
        number = address[1]
    if _LETTER.search(number):  # else a SIP login would be read as a vanity number
        return None
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None

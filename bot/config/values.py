"""What the values of settings may be: a type for each sort, and what is told of a wrong value.

A check raises ValueError with what was expected, never with the value: it may be a secret.
"""

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

DEFAULT_ZONE, DEFAULT_COUNTRY = "Europe/Kyiv", "UA"
"""The company's, unless its settings say another."""

_HOST = r"(?:[A-Za-z0-9.-]+|\[[\dA-Fa-f:.]+\])"


def split_list(value: str) -> list[str]:
    """The parts of a comma-separated setting."""
    return [part.strip() for part in value.split(",") if part.strip()]


def matching(pattern: str, expected: str) -> AfterValidator:
    """A text that matches as a whole; of any other it is told that this was expected."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _secret(check: Callable[[str], object]) -> AfterValidator:
    """A secret whose text passes the check."""

    def check_secret(value: SecretStr) -> SecretStr:
        check(value.get_secret_value())
        return value

    return AfterValidator(check_secret)


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; expected a name like Europe/Kyiv") from None
    return value


def _check_country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("no such country; expected two letters like UA")
    return value


def _check_encoding(value: str) -> str:
    try:
        is_fit = "a\n;".encode(value) == b"a\n;"
    except (LookupError, UnicodeError, ValueError):
        is_fit = False
    if not is_fit:
        raise ValueError("no such encoding of text files; expected one like utf-8 or cp1251")
    return value


def _check_recording_hosts(value: str) -> str:
    for part in split_list(value):
        if not re.fullmatch(
            _HOST if "://" not in part else rf"https?://{_HOST}(:\d{{1,5}})?/?", part
        ):
            raise ValueError(
                "expected hosts like records.example.com, or whole origins like "
                "http://192.168.1.10:8088, comma-separated"
            )
    return value


def _check_numbers(value: str) -> str:
    for part in split_list(value):
        if not re.fullmatch(r"[+\d\s().-]+", part, re.ASCII):
            raise ValueError("expected telephone numbers, comma-separated")
    return value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _check_line(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("expected one line, without spaces around it")
    return value


def _check_database_url(value: str) -> str:
    try:
        url = urlsplit(value)
        is_whole = bool(url.hostname and url.username and url.path.strip("/") and url.port != 0)
    except ValueError:
        is_whole = False
    if not is_whole or url.scheme not in {"mysql", "mariadb"}:
        raise ValueError("expected mysql://user:password@host:3306/asteriskcdrdb")
    return value


def _check_token(value: str) -> None:
    if not re.fullmatch(r"[\w.~-]{1,256}", value, re.ASCII):
        raise ValueError("expected A-Z a-z 0-9 _ - . ~ only: it is a part of the hook's address")


def _check_key(value: str) -> None:
    if not re.fullmatch(r"[!-~]{1,500}", value):
        raise ValueError("expected the key as the PBX shows it, without blanks")


def _check_login(value: str) -> None:
    if not re.fullmatch(r"[^:\s]+:.+", value) or not value.isprintable():
        raise ValueError("expected user:password")


def _check_fingerprint(value: str) -> str:
    if value and not re.fullmatch(r"[0-9a-f]{64}", value.replace(":", "").lower(), re.ASCII):
        raise ValueError("expected the SHA-256 of a certificate: 64 digits and letters a-f")
    return value


Zone = Annotated[str, AfterValidator(_check_zone)]
"""The name of a time zone, as in the IANA database."""

Country = Annotated[str, BeforeValidator(str.upper), AfterValidator(_check_country)]
"""A country, ISO 3166, two letters."""

Currency = Annotated[str, matching("[A-Z]{3}", "three letters like UAH")]

Encoding = Annotated[str, AfterValidator(_check_encoding)]
"""Of text files, in which ASCII is as usual."""

Line = Annotated[str, AfterValidator(_check_line)]
"""A text that goes over a protocol of lines."""

Digits = Annotated[str, matching(r"\d{0,6}", "up to six digits")]

Numbers = Annotated[str, AfterValidator(_check_numbers)]
"""Telephone numbers, comma-separated."""

Pattern = Annotated[str, AfterValidator(_check_pattern)]
"""A regular expression."""

Port = Annotated[int, Field(ge=1, le=65535)]

RecordingHosts = Annotated[str, AfterValidator(_check_recording_hosts)]

ApiUrl = Annotated[
    str, matching(r"https?://[^/\s?#@]+(/[^\s?#]*)?", "an address like https://api.example.com")
]
"""Where a PBX is asked over HTTP."""

FilesUrl = Annotated[
    str,
    matching(
        rf"(https?://{_HOST}(:\d{{1,5}})?(/\S*)?|file:///[^/\s?#][^\s?#]*)?",
        "an address like https://pbx.example.com/recordings, or a folder of this machine like "
        "file:///var/spool/asterisk/monitor",
    ),
]
"""Where a web server shows a folder, or which folder it is; "": nowhere."""


def folder_of_url(url: str) -> str:
    """The path of a file:/// address; "" of any other."""
    return unquote(url.removeprefix("file://")) if url.startswith("file:///") else ""


def origin_of_url(url: str) -> str:
    """The origin of an address of the web; "" of any other."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


FilePath = Annotated[
    str, matching(r"(/.*)?", "a whole path like /var/log/asterisk/cdr-csv/Master.csv")
]

Channel = Annotated[
    str,
    matching(r"[A-Za-z0-9]+/[\w@./-]*\{extension\}[\w@./-]*", "a channel like PJSIP/{extension}"),
]
"""How an Asterisk rings `{extension}`."""

Context = Annotated[str, matching(r"[\w.-]{1,80}", "a context like from-internal")]

Fingerprint = Annotated[str, AfterValidator(_check_fingerprint)]

HookToken = Annotated[SecretStr, _secret(_check_token)]
"""The secret part of a hook's address."""

ApiKey = Annotated[SecretStr, _secret(_check_key)]
"""What a PBX knows us by when it is asked; it travels in a header."""

Secret = Annotated[SecretStr, _secret(_check_line)]

Login = Annotated[SecretStr, _secret(_check_login)]
"""A name and a password, as a web server asks for them."""

DatabaseUrl = Annotated[SecretStr, _secret(_check_database_url)]

"""The settings of sources: one class for each kind of PBX.

A new kind takes a class here with its `kind` and whatever only this PBX needs, a place in
`SourceSettings` at the end, its lines in `.env.example`, and a case in `bot/sources/registry.py`.
Each field is the setting SOURCES__<NAME>__<FIELD>, checked when the program starts.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from bot.domain.phones import NumberPlan
from bot.domain.withheld import folded


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


def _check_hook_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w.~-]{1,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("expected A-Z a-z 0-9 _ - . ~ only: it is a part of the hook's address")
    return value


_HOST = r"(?:[A-Za-z0-9.-]+|\[[\dA-Fa-f:.]+\])"


def _check_recording_hosts(value: str) -> str:
    for part in filter(None, map(str.strip, value.split(","))):
        if not re.fullmatch(
            _HOST if "://" not in part else rf"https?://{_HOST}(:\d{{1,5}})?/?", part
        ):
            raise ValueError(
                "expected hosts like records.example.com, or whole origins like "
                "http://192.168.1.10:8088, comma-separated"
            )
    return value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _check_file(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("expected a whole path like /var/log/asterisk/cdr-csv/Master.csv")
    return value


def _check_database_url(value: SecretStr) -> SecretStr:
    try:
        url = urlsplit(value.get_secret_value())
        is_whole = bool(url.hostname and url.username and url.path.strip("/") and url.port != 0)
    except ValueError:
        is_whole = False
    if not is_whole or url.scheme not in {"mysql", "mariadb"}:
        raise ValueError("expected mysql://user:password@host:3306/asteriskcdrdb")
    return value


def _check_address(value: str) -> str:
    if value and not re.fullmatch(rf"https?://{_HOST}(:\d{{1,5}})?(/\S*)?", value):
        raise ValueError("expected an address like https://pbx.example.com/monitor")
    return value


def _check_digits(value: str) -> str:
    if not re.fullmatch(r"\d{0,6}", value, re.ASCII):
        raise ValueError("expected up to six digits")
    return value


def _check_own_numbers(value: str) -> str:
    for part in split_list(value):
        if not re.fullmatch(r"[+\d\s().-]+", part, re.ASCII):
            raise ValueError("expected telephone numbers, comma-separated")
    return value


def _check_encoding(value: str) -> str:
    try:
        is_fit = "a\n;".encode(value) == b"a\n;"
    except (LookupError, UnicodeError, ValueError):
        is_fit = False
    if not is_fit:
        raise ValueError("no such encoding of text files; expected one like utf-8 or cp1251")
    return value


def _check_line(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("expected one line, without spaces around it")
    return value


def _check_secret(value: SecretStr) -> SecretStr:
    _check_line(value.get_secret_value())
    return value


CDR_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp"),
    *("lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
    *("uniqueid", "userfield", "peeraccount", "linkedid", "sequence"),
)
"""Asterisk's names of what a CDR holds, in the order in which cdr_csv writes it."""

NEEDED_COLUMNS = frozenset({"src", "dst", "channel", "start", "disposition"})
"""Those without which a row tells nothing of a call."""


def check_columns(value: str) -> str:
    """The names of columns, comma-separated; "": those of cdr_csv. Raises ValueError."""
    names = column_names(value)
    known = [name for name in names if name in CDR_COLUMNS]
    if names and (missing := sorted(NEEDED_COLUMNS.difference(known))):
        raise ValueError(f"no column {', '.join(missing)}; expected names like clid,src,dst,start")
    if len(set(known)) < len(known):
        raise ValueError("names a column twice")
    return value


_OTHER_NAMES = {
    "calldate": "start",
    "starttime": "start",
    "answertime": "answer",
    "endtime": "end",
    "source": "src",
    "destination": "dst",
    "callerid": "clid",
    "calleridall": "clid",
    "calleridnum": "src",
    "exten": "dst",
    "context": "dcontext",
    "destinationcontext": "dcontext",
    "destinationchannel": "dstchannel",
    "lastapplication": "lastapp",
    "lastappdata": "lastdata",
    "billableseconds": "billsec",
    "callduration": "duration",
}
"""Of columns: FreePBX's, those of exports, and channel variables used in cdr_custom.conf."""

_COLUMN_PARTING = re.compile(r"[,;\t](?![^()]*\))")
"""Between columns, but not inside the brackets of `CDR(start,u)`."""


def column_names(value: str) -> list[str]:
    """Our names of the columns; they may be written as in cdr_custom.conf: `"${CDR(start,u)}"`."""
    value = re.sub(r"^\s*[\w./-]+\s*=>", "", value)
    if not _COLUMN_PARTING.search(value):
        value = ",".join(value.split())
    # Functions around a CDR's field, like CSV_QUOTE and STRFTIME, say nothing of which it is.
    value = re.sub(r"\$\{\w+\((?=\$\{CDR\()(\$\{[^{}]*\})[^()]*\)\}", r"\1", value, flags=re.I)
    return [_column_name(part) for part in _COLUMN_PARTING.split(value)] if value.strip() else []


def _column_name(written: str) -> str:
    match = re.search(r"cdr\(([^(),]+)", written, re.IGNORECASE)
    name = re.sub(r"[\W_]+", "", match[1] if match else written).lower()
    return _OTHER_NAMES.get(name, name)


def split_list(value: str) -> list[str]:
    """The parts of a comma-separated setting."""
    return [part.strip() for part in value.split(",") if part.strip()]


DEFAULT_ZONE, DEFAULT_COUNTRY = "Europe/Kyiv", "UA"
"""The company's, unless its settings say another."""

Zone = Annotated[str, AfterValidator(_check_zone)]
"""The name of a time zone, as in the IANA database."""

Country = Annotated[str, BeforeValidator(str.upper), AfterValidator(_check_country)]
"""A country, ISO 3166, two letters."""


class CommonSettings(BaseModel):
    """What every PBX has. An empty TIMEZONE or COUNTRY is filled with the company's.

    `encoding` is that of its files. `token` is the secret part of the hook's address: without one
    the hook is closed. `recording_hosts` is read by `bot/media/origins.py`. `NumberPlan` is made
    of the settings of numbers; `own_numbers` and `hidden_numbers` are comma-separated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: Zone = DEFAULT_ZONE
    currency: str = Field(default="UAH", pattern="^[A-Z]{3}$")
    country: Country = DEFAULT_COUNTRY
    encoding: Annotated[str, AfterValidator(_check_encoding)] = "utf-8"
    token: Annotated[SecretStr, AfterValidator(_check_hook_token)] | None = None
    recording_hosts: Annotated[str, AfterValidator(_check_recording_hosts)] = ""
    dial_prefix: Annotated[str, AfterValidator(_check_digits)] = ""
    area_code: Annotated[str, AfterValidator(_check_digits)] = ""
    own_numbers: Annotated[str, AfterValidator(_check_own_numbers)] = ""
    hidden_numbers: str = ""

    @property
    def number_plan(self) -> NumberPlan:
        """How this source writes telephone numbers."""
        return NumberPlan(
            self.country,
            dial_prefix=self.dial_prefix,
            area_code=self.area_code.lstrip("0"),
            hidden=frozenset(folded(word) for word in split_list(self.hidden_numbers)),
            own_numbers=frozenset(split_list(self.own_numbers)),
        )


class WebhookSettings(CommonSettings):
    """A system that posts Dzvinok's own call JSON."""

    kind: Literal["webhook"]


class AsteriskSettings(CommonSettings):
    """`trunk_contexts`, comma-separated: a call whose first channel enters one is incoming.

    `extension_pattern` is a regular expression that finds a match in an extension of ours, and in
    no number outside. `columns`, comma-separated, are those of its file where it is not cdr_csv's.
    Its history is followed in `cdr_database_url` or, without it, in the file `master_csv`; what
    the database calls recordings is at `recordings_url`, in folders by date as FreePBX has them.
    `host` is where its manager interface listens; without one there is no live connection.
    `tls_ca` is a file of certificates to trust, `tls_host` the name in its certificate where that
    is not `host`.
    """

    kind: Literal["asterisk"]
    host: Annotated[str, AfterValidator(_check_line)] = ""
    port: int = Field(default=5038, ge=1, le=65535)
    username: Annotated[str, AfterValidator(_check_line)] = ""
    secret: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    tls: bool = False
    tls_ca: str = ""
    tls_host: Annotated[str, AfterValidator(_check_line)] = ""
    trunk_contexts: str = (
        "from-trunk,from-pstn,from-did-direct,from-pstn-toheader,from-dahdi,from-zaptel"
    )
    columns: Annotated[str, AfterValidator(check_columns)] = ""
    extension_pattern: Annotated[str, AfterValidator(_check_pattern)] = r"^\d{2,5}$"
    master_csv: Annotated[str, AfterValidator(_check_file)] = ""
    cdr_database_url: Annotated[SecretStr, AfterValidator(_check_database_url)] | None = None
    recordings_url: Annotated[str, AfterValidator(_check_address)] = ""

    @model_validator(mode="after")
    def _needs_login(self) -> "AsteriskSettings":
        if self.host and not (self.username and self.secret):
            raise ValueError("HOST needs USERNAME and SECRET, of a user in manager.conf")
        return self


SourceSettings = Annotated[WebhookSettings | AsteriskSettings, Field(discriminator="kind")]
"""The settings of one source, of whatever kind; `kind` says which class they are read as."""

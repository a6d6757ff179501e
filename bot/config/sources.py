"""The settings of sources: one class for each kind of PBX."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; expected a name like Europe/Kyiv") from None
    return value


def _country(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("no such country; expected two letters like UA")
    return value


def _path_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w.~-]{1,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("expected A-Z a-z 0-9 _ - . ~ only: it is a part of the hook's address")
    return value


_HOST = r"(?:[A-Za-z0-9.-]+|\[[\dA-Fa-f:.]+\])"


def _recording_hosts(value: str) -> str:
    for part in filter(None, map(str.strip, value.split(","))):
        if not re.fullmatch(
            _HOST if "://" not in part else rf"https?://{_HOST}(:\d{{1,5}})?/?", part
        ):
            raise ValueError(
                "expected hosts like records.example.com, or whole origins like "
                "http://192.168.1.10:8088, comma-separated"
            )
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, BeforeValidator(str.upper), AfterValidator(_country)]


class _Source(BaseModel):
    """What every PBX has. An empty TIMEZONE or COUNTRY is filled with the company's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: Zone = "Europe/Kyiv"
    currency: str = Field(default="UAH", pattern="^[A-Z]{3}$")
    country: Country = "UA"
    token: Annotated[SecretStr, AfterValidator(_path_secret)] | None = None
    recording_hosts: Annotated[str, AfterValidator(_recording_hosts)] = ""


class WebhookSource(_Source):
    kind: Literal["webhook"]


class AsteriskSource(_Source):
    """`trunk_contexts`, comma-separated: a call whose first channel enters one is incoming."""

    kind: Literal["asterisk"]
    trunk_contexts: str = (
        "from-trunk,from-pstn,from-did-direct,from-pstn-toheader,from-dahdi,from-zaptel"
    )
    extension_pattern: Annotated[str, AfterValidator(_pattern)] = r"^\d{2,5}$"


Source = Annotated[WebhookSource | AsteriskSource, Field(discriminator="kind")]

"""The settings: environment and `.env`, checked at the start, secrets never shown."""

import os
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from pydantic_settings.sources.utils import parse_env_vars

from bot.config.sources import SourceSettings
from bot.config.values import DEFAULT_COUNTRY, DEFAULT_ZONE, Country, Zone, matching
from bot.domain.case_rules import CaseRules
from bot.domain.errors import StartError
from bot.domain.people import Language
from bot.domain.phones import NumberPlan


def _check_bot_token(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not re.fullmatch(
        r"\d+:[\w-]{3,}", value.get_secret_value(), re.ASCII
    ):
        raise ValueError("not a bot token; @BotFather gives one like 123456:ABC-DEF…")
    return value


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w-]{0,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("expected up to 256 of A-Z a-z 0-9 _ -")
    return value


def _split_ids(value: object) -> object:
    """The ids in a text, however they are separated."""
    if not isinstance(value, str):
        return value
    parts = re.findall(r"[^\s,;]+", value.strip().removeprefix("[").removesuffix("]"))
    if not all(re.fullmatch(r"[1-9]\d{0,15}", part, re.ASCII) for part in parts):
        raise ValueError(
            "expected numeric ids of people, comma-separated, no @names and no numbers of "
            "telephones; @userinfobot tells each person theirs"
        )
    return tuple(dict.fromkeys(map(int, parts)))


def _bare(values: dict[str, object]) -> dict[str, object]:
    """The values without blanks and quotes around them, those of sources too; no empty ones."""
    bare: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, str):
            text = re.sub(r"""^(["'])((?:(?!\1).)*)\1$""", r"\2", value.strip()).strip()
            if text:
                bare[name] = text
        else:
            bare[name] = _bare(value) if isinstance(value, dict) else value
    return bare


def _check_path(value: Path) -> Path:
    try:
        return value.expanduser()
    except RuntimeError:  # ~nobody
        return value


def _check_database_url(value: SecretStr) -> SecretStr:
    """An @ in the password would have a part of it taken for the host, and shown."""
    if not re.fullmatch(r"(postgres(ql)?://([^/?@]*@)?[^@]*)?", value.get_secret_value()):
        raise ValueError(
            "expected an address like postgresql://dzvinok:password@host/dzvinok, "
            "special characters of the password as in %40 for @"
        )
    return value


def _check_client_url(value: str) -> str:
    """Telegram refuses every message with a button to an address that it does not like.

    So all alerts would be lost with a wrong one: to a host without a dot, or with a port too high.
    """
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        is_fine = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        host, is_fine = "", False
    is_fine = is_fine and ("." in host.strip(".") or ":" in host) and "@" not in parts.netloc
    rest = value.replace("{number}", "", 1)
    is_fine = is_fine and "{number}" in value and "{number}" not in parts.netloc
    if value and not (is_fine and rest.isprintable() and not re.search(r"[\s{}]", rest)):
        raise ValueError(
            "expected an address like https://crm.example.com/?phone={number}, whose host has a "
            "dot, with {number} once behind the host and no other braces"
        )
    return value


def _as_written(choices: Iterable[str]) -> BeforeValidator:
    """A choice may be written in capitals or in small letters."""
    known = {choice.casefold(): choice for choice in choices}

    def choose(value: object) -> object:
        return known.get(value.strip().casefold(), value) if isinstance(value, str) else value

    return BeforeValidator(choose)


ENV_FILE = Path(".env")

_SHORTEST_NUMBER = 4
"""Digits of a number a client may have; what is shorter is somebody's extension."""


class _AsWritten(DotEnvSettingsSource):
    """`.env` with `${…}` left as it is: a part of a secret, or of cdr_custom's columns."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        values = dotenv_values(file_path, encoding=self.env_file_encoding, interpolate=False)
        return parse_env_vars(values, self.case_sensitive, self.env_ignore_empty)


_PASSWORD = re.compile("://[^:/@]*:([^/@]+)@")
"""That in an address, as of a database."""


class Settings(BaseSettings):
    """One field, one setting of the same name in capitals; `.env.example` explains each."""

    model_config = SettingsConfigDict(
        hide_input_in_errors=True,
        env_file=ENV_FILE,
        env_file_encoding="utf-8-sig",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    bot_token: Annotated[SecretStr, AfterValidator(_check_bot_token)] = SecretStr("")
    bot_api_url: Annotated[
        str, matching(r"https?://[^/\s]+(/\S*)?", "an address like https://api.telegram.org")
    ] = "https://api.telegram.org"
    admin_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_ids)] = ()
    database_path: Annotated[Path, AfterValidator(_check_path)] = Path("data/dzvinok.db")
    database_url: Annotated[SecretStr, AfterValidator(_check_database_url)] = SecretStr("")
    timezone: Zone = DEFAULT_ZONE
    default_country: Country = DEFAULT_COUNTRY
    language: Annotated[Language, _as_written(Language)] = Language.UK
    page_size: int = Field(default=8, ge=1, le=10)
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    public_url: Annotated[
        str, matching(r"(https?://[^/\s]+(/\S*)?)?", "an address like https://bot.example.com")
    ] = ""
    updates: Annotated[Literal["polling", "webhook"], _as_written(("polling", "webhook"))] = (
        "polling"
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(_check_webhook_secret)] = SecretStr("")
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        _as_written(("DEBUG", "INFO", "WARNING", "ERROR")),
    ] = "INFO"
    log_format: Annotated[Literal["text", "json"], _as_written(("text", "json"))] = "text"
    min_missed_seconds: int = Field(default=0, ge=0, le=3600)
    case_window_hours: int = Field(default=168, ge=1, le=8760)
    claim_minutes: int = Field(default=10, ge=1, le=1440)
    client_url: Annotated[str, AfterValidator(_check_client_url)] = ""
    retention_days: int = Field(default=0, ge=0, le=36500)
    audit_days: int = Field(default=365, ge=0, le=36500)
    sources: dict[str, SourceSettings] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - there are none
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = (
            dotenv_settings.env_file if isinstance(dotenv_settings, DotEnvSettingsSource) else None
        )
        return init_settings, env_settings, _AsWritten(settings_cls, env_file=file)

    @model_validator(mode="before")
    @classmethod
    def _fill_sources_from_company(cls, values: dict[str, object]) -> dict[str, object]:
        """Give each source the company's time zone and country unless it says its own.

        The names of sources become small letters here: that is what they are known by. Blanks and
        quotes around a value, which some readers of env files leave there, are not a part of it.
        """
        values = _bare(values)
        sources = values.get("sources")
        if isinstance(sources, dict):
            company = {
                "timezone": values.get("timezone", DEFAULT_ZONE),
                "country": values.get("default_country", DEFAULT_COUNTRY),
            }
            values["sources"] = {
                str(name).lower(): company | source if isinstance(source, dict) else source
                for name, source in sources.items()
            }
        return values

    @model_validator(mode="after")
    def _check_webhook_mode(self) -> "Settings":
        if self.updates == "webhook":
            if not self.public_url:
                raise ValueError("PUBLIC_URL: needed when UPDATES=webhook")
            if not self.webhook_secret.get_secret_value():
                raise ValueError("WEBHOOK_SECRET: needed when UPDATES=webhook")
        return self

    @model_validator(mode="after")
    def _check_source_names(self) -> "Settings":
        for name in self.sources:
            if not re.fullmatch(r"[a-z0-9_-]{1,32}", name):
                raise ValueError(
                    f"SOURCES__{name.upper()}: a source's name is 1 to 32 of a-z 0-9 _ -"
                )
        return self

    @property
    def database(self) -> Path | str:
        """Where everything is stored: a file, or the address of a server."""
        return self.database_url.get_secret_value() or self.database_path

    @property
    def database_setting(self) -> str:
        """Which of the two settings says where: for errors."""
        return "DATABASE_URL" if self.database_url else "DATABASE_PATH"

    @property
    def database_place(self) -> str:
        """Where it is, without a password."""
        if not self.database_url:
            return str(self.database_path)
        return re.sub(r"^[^@]*@|\?.*", "", self.database_url.get_secret_value())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def case_rules(self) -> CaseRules:
        return CaseRules(
            window=self.case_window_hours * 3600,
            min_missed_seconds=self.min_missed_seconds,
            zone=self.zone,
        )

    @property
    def number_plan(self) -> NumberPlan:
        """How people write numbers here."""
        return NumberPlan(self.default_country)

    def read_number(self, written: str) -> str | None:
        """The number a person wrote, as a client is known by it; None: none that a client has.

        Telegram gives the numbers of contacts with their country, but often without the plus.
        """
        plan, number = self.number_plan, None
        if re.fullmatch(r"[1-9]\d{10,14}", written.strip()):
            number = plan.client_number(f"+{written.strip()}")
        number = number or plan.client_number(written)
        if number is None or len(number) < _SHORTEST_NUMBER:
            return None
        is_own = any(source.number_plan.is_own(number) for source in self.sources.values())
        return None if is_own else number

    def secrets(self) -> list[str]:
        """All secret values that are set, any source's too: what the log must never contain."""
        values = [value for part in (self, *self.sources.values()) for _, value in part]
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        passwords = [word for one in secrets for word in _PASSWORD.findall(one)]
        secrets += [*passwords, *map(unquote, passwords)]
        return [secret for secret in secrets if secret]


def load_settings(*, database_url: str | None = None) -> Settings:
    """Read the settings, but for one that is given here.

    Raises StartError with one line that names each wrong setting.
    """
    _read_env_file()
    try:
        return (
            Settings() if database_url is None else Settings(database_url=SecretStr(database_url))
        )
    except ValidationError as error:
        raise StartError("; ".join(_describe_errors(error))) from None
    except SettingsError as error:
        name = re.search(r'field "(\w+)"', str(error))
        raise StartError(f"{name[1].upper() if name else 'settings'}: cannot be read") from None


def refuse_real_token() -> None:
    """Raises StartError if a bot's token is set: the demo must not be taken for the bot."""
    if os.environ.get("BOT_TOKEN") or _read_env_file().get("BOT_TOKEN"):
        raise StartError("BOT_TOKEN: is set; the demo runs without one, so take it away first")


def _read_env_file() -> dict[str, str | None]:
    """What `.env` says; nothing if there is none. Raises StartError if it cannot be read."""
    try:
        if ENV_FILE.exists() and not ENV_FILE.is_file():
            raise StartError(".env: is no file; it should be one, with lines like NAME=value")
        text = ENV_FILE.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StartError(f".env: {error.strerror}; give this user the right to read it") from None
    except UnicodeDecodeError:
        raise StartError(".env: is not in UTF-8; save it as UTF-8 in your editor") from None
    for binding in parse_stream(StringIO(text)):
        written, line = binding.original
        has_no_value = binding.key is not None and binding.value is None
        if binding.error or has_no_value or "\0" in written:
            raise StartError(f".env: line {line} is not like NAME=value; a comment begins with #")
    return dotenv_values(stream=StringIO(text), interpolate=False)


def _describe_errors(error: ValidationError) -> Iterable[str]:
    """Each wrong setting once: what sources have of the company is told of the company's."""
    described = dict.fromkeys(map(_describe_error, error.errors()))
    company = {
        f"{name.replace('DEFAULT_', '')}: {reason}"
        for name, _, reason in (line.partition(": ") for line in described)
        if name in {"TIMEZONE", "DEFAULT_COUNTRY"}
    }
    return [
        line
        for line in described
        if not (line.startswith("SOURCES__") and line.rpartition("__")[2] in company)
    ]


def _describe_error(error: object) -> str:
    """One wrong setting in words, without its value: it may be a secret."""
    assert isinstance(error, dict)  # noqa: S101 - pydantic's ErrorDetails
    place = [part for part in error["loc"] if isinstance(part, str)]
    if place[:1] == ["sources"]:
        del place[2:3]  # the union's tag, not a part of the name
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message.replace("Input should be", "expected")
    if error["type"] == "int_parsing":
        message = "expected a whole number"
    elif error["type"] == "bool_parsing":
        message = "expected true or false"
    elif error["type"] == "missing":
        message = "is missing; this kind of source needs it"
    elif error["type"] in {"model_attributes_type", "dict_type"}:
        message = "expected settings like SOURCES__OFFICE__KIND, with two _ between the words"
    elif error["type"] == "extra_forbidden":
        message = "there is no such setting"
    elif error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        place.append("kind")
        kinds = error["ctx"].get("expected_tags")
        message = f"expected {kinds}" if kinds else "is missing; docs/connecting.md lists them"
    return f"{'__'.join(place).upper()}: {message}" if place else message

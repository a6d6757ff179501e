"""The settings of sources: one class for each kind of PBX.

A new kind takes a class here with its `kind` and whatever only this PBX needs, a place in
`SourceSettings` at the end, its lines in `.env.example`, and a case in `bot/sources/registry.py`.
Each field is the setting SOURCES__<NAME>__<FIELD>, checked when the program starts.
"""

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.config.values import (
    DEFAULT_COUNTRY,
    DEFAULT_ZONE,
    ApiKey,
    ApiUrl,
    Channel,
    Context,
    Country,
    Currency,
    DatabaseUrl,
    Digits,
    Encoding,
    FilePath,
    FilesUrl,
    Fingerprint,
    HookToken,
    Line,
    Login,
    Numbers,
    Pattern,
    Port,
    RecordingHosts,
    Secret,
    Zone,
    folder_of_url,
    origin_of_url,
    split_list,
)
from bot.domain.phones import NumberPlan
from bot.domain.withheld import folded

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


class CommonSettings(BaseModel):
    """What every PBX has. An empty TIMEZONE or COUNTRY is filled with the company's.

    `encoding` is that of its files. `token` is the secret part of the hook's address: without one
    the hook is closed. `recording_hosts` is read by `bot/media/origins.py`. `NumberPlan` is made
    of the settings of numbers; `own_numbers` and `hidden_numbers` are comma-separated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: Zone = DEFAULT_ZONE
    currency: Currency = "UAH"
    country: Country = DEFAULT_COUNTRY
    encoding: Encoding = "utf-8"
    token: HookToken | None = None
    recording_hosts: RecordingHosts = ""
    dial_prefix: Digits = ""
    area_code: Digits = ""
    own_numbers: Numbers = ""
    hidden_numbers: str = ""

    @property
    def recording_places(self) -> str:
        """Where recordings may be fetched from, written like `recording_hosts`.

        `*.example.com` is every host below that one.
        """
        return self.recording_hosts

    @property
    def recordings_folder(self) -> str:
        """The folder of this machine that has its recordings; "": there is none."""
        return ""

    @property
    def recordings_access(self) -> tuple[str, str] | None:
        """The address of a web server, and the `user:password` it wants for recordings."""
        return None

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


class RecordingFolderSettings(CommonSettings):
    """A PBX that tells of its recordings by the names of files only.

    `recordings_url`: where a web server shows the folder they are in, or which folder of this
    machine it is; without it recordings are not known. It need not be in `recording_hosts` too.
    `recordings_login`: the `user:password` which that web server, and no other, is told.
    """

    recordings_url: FilesUrl = ""
    recordings_login: Login | None = None

    @property
    def recording_places(self) -> str:
        return ",".join(filter(None, [self.recording_hosts, origin_of_url(self.recordings_url)]))

    @property
    def recordings_folder(self) -> str:
        return folder_of_url(self.recordings_url)

    @property
    def recordings_access(self) -> tuple[str, str] | None:
        login = self.recordings_login
        return (self.recordings_url, login.get_secret_value()) if login else None


class WebhookSettings(CommonSettings):
    """A system that posts Dzvinok's own call JSON."""

    kind: Literal["webhook"]


class AmiSettings(CommonSettings):
    """A PBX that may have the manager interface (AMI) of an Asterisk.

    `host` is where it listens; without one it is not asked. `tls_ca` is a file of certificates to
    trust, `tls_host` the name in its certificate where that is not `host`. What an administrator
    does in that PBX stands in `listens_by`, `lets_in_by` and `originates_by`.
    """

    listens_by: ClassVar[str] = "enabled=yes and bindaddr in manager.conf, then `manager reload`"
    lets_in_by: ClassVar[str] = "permit= of this user in manager.conf"
    originates_by: ClassVar[str] = "write=originate in manager.conf"

    host: Line = ""
    port: Port = 5038
    username: Line = ""
    secret: Secret | None = None
    tls: bool = False
    tls_ca: str = ""
    tls_host: Line = ""

    @model_validator(mode="after")
    def _needs_login(self) -> "AmiSettings":
        if self.host and not (self.username and self.secret):
            raise ValueError("HOST needs USERNAME and SECRET, of a user of its AMI")
        return self


class AsteriskSettings(AmiSettings, RecordingFolderSettings):
    """`trunk_contexts`, comma-separated: a call whose first channel enters one is incoming.

    `extension_pattern` is a regular expression that finds a match in an extension of ours, and in
    no number outside. `columns`, comma-separated, are those of its file where it is not cdr_csv's.
    Its history is followed in `cdr_database_url` or, without it, in the file `master_csv`; what
    the database calls recordings is at `recordings_url`, in folders by date as FreePBX has them.
    Its AMI tells of calls as they happen. To call a client back `dial_channel` is rung, then
    `dial_context` dials.
    """

    kind: Literal["asterisk"]
    trunk_contexts: str = (
        "from-trunk,from-pstn,from-did-direct,from-pstn-toheader,from-dahdi,from-zaptel"
    )
    columns: Annotated[str, AfterValidator(check_columns)] = ""
    extension_pattern: Pattern = r"^\d{2,5}$"
    dial_channel: Channel = "Local/{extension}@originate-skipvm"
    dial_context: Context = "from-internal"
    master_csv: FilePath = ""
    cdr_database_url: DatabaseUrl | None = None


class ApiSettings(CommonSettings):
    """A PBX that is asked over HTTP at `api_url` with `key` and `secret`.

    `vendor_hosts` keep its recordings: they need not be named in `recording_hosts`.
    """

    vendor_hosts: ClassVar[str] = ""

    key: SecretStr
    secret: SecretStr
    api_url: ApiUrl

    @property
    def recording_places(self) -> str:
        """Those of the settings and of the vendor; with another API_URL that address too."""
        places = [self.recording_hosts, self.vendor_hosts]
        if self.api_url != type(self).model_fields["api_url"].default:
            parts = urlsplit(self.api_url)
            places.append(f"{parts.scheme}://{parts.netloc}")
        return ",".join(filter(None, places))


class ZadarmaSettings(ApiSettings):
    """`secret` also signs what Zadarma posts to the hook."""

    vendor_hosts: ClassVar[str] = "api.zadarma.com"

    kind: Literal["zadarma"]
    api_url: ApiUrl = "https://api.zadarma.com"


class BinotelSettings(ApiSettings):
    """Where Binotel keeps recordings is not documented: its own hosts, or Amazon's."""

    vendor_hosts: ClassVar[str] = "*.binotel.com,*.binotel.ua,*.amazonaws.com"

    kind: Literal["binotel"]
    api_url: ApiUrl = "https://api.binotel.com"


class MappingSettings(CommonSettings):
    """Any system that posts JSON or forms. `file`: the mapping that says what is where in them, or
    the name of one that comes with Dzvinok."""

    kind: Literal["mapping"]
    file: Annotated[str, Field(min_length=1)]


class OneVoipPlanetSettings(CommonSettings):
    """OneVOIPlanet, which posts what it would post to KeyCRM."""

    kind: Literal["onevoiplanet"]


class FreeSwitchSettings(RecordingFolderSettings):
    """FreeSWITCH or FusionPBX, whose mod_json_cdr posts each leg.

    `extension_pattern` is as Asterisk's. `recordings_url` is FreeSWITCH's folder `recordings`.
    """

    kind: Literal["freeswitch"]
    extension_pattern: Pattern = r"^\d{2,5}$"


CDR_ORDER = (
    "historyid,callid,duration,time-start,time-answered,time-end,reason-terminated,from-no,to-no,"
    "from-dn,to-dn,dial-no,reason-changed,final-number,final-dn,bill-code,bill-rate,bill-cost,"
    "bill-name,chain,from-type,to-type,final-type,from-dispname,to-dispname,final-dispname,"
    "missed-queue-calls"
)
"""The fields of 3CX's CDR in the order in which its settings offer them."""


def _check_cdr_fields(value: str) -> str:
    names, known = split_list(value), split_list(CDR_ORDER)
    if wrong := [name for name in names if name not in known]:
        raise ValueError(f"3CX has no field {wrong[0]}")
    if "time-start" not in names or not {"callid", "historyid"} & set(names):
        raise ValueError("expected time-start and callid among the fields")
    return value


class ThreeCxSettings(CommonSettings):
    """3CX, either by its CDR service or by its Configuration API.

    `cdr_host`, `cdr_port`: where its passive socket is; with `cdr_listens` its active one connects
    from that host to that port here. `cdr_fields` as in its CDR settings. `api_url`, `client_id`
    and `secret` are of the API.
    """

    kind: Literal["threecx"]
    extension_pattern: Pattern = r"^\d{2,5}$"
    cdr_host: str = ""
    cdr_port: Port = 5015
    cdr_listens: bool = False
    cdr_fields: Annotated[str, AfterValidator(_check_cdr_fields)] = CDR_ORDER
    api_url: ApiUrl = ""
    client_id: str = ""
    secret: SecretStr | None = None

    @model_validator(mode="after")
    def _check_way(self) -> "ThreeCxSettings":
        if bool(self.cdr_host) is bool(self.api_url):
            raise ValueError("expected either CDR_HOST, or API_URL with CLIENT_ID and SECRET")
        if self.api_url and not (self.client_id and self.secret):
            raise ValueError("API_URL needs CLIENT_ID and SECRET")
        return self


class UnitalkSettings(CommonSettings):
    """UniTalk, asked at `api_url` with the `key` of the cabinet; its hook has a token."""

    kind: Literal["unitalk"]
    key: ApiKey
    api_url: ApiUrl = "https://api.unitalk.cloud/api"
    recording_hosts: RecordingHosts = "api.unitalk.cloud,https://api.unitalk.cloud:8443"


class RingostatSettings(CommonSettings):
    """Ringostat, asked at `api_url` with the project's Auth-key; its hook has a token."""

    kind: Literal["ringostat"]
    key: ApiKey
    api_url: ApiUrl = "https://api.ringostat.net"
    recording_hosts: RecordingHosts = "app.ringostat.com"


class MikopbxSettings(AmiSettings):
    """MikoPBX, asked at `api_url` with an API key of its own; over AMI it calls clients back.

    `fingerprint`: the SHA-256 of its certificate, where that is one it signed itself.
    `extension_pattern` is a regular expression that finds a match in an extension of ours, and in
    no number outside.
    """

    listens_by: ClassVar[str] = "“Use AMI interface” in General settings, and its port"
    lets_in_by: ClassVar[str] = "the network filter of this AMI user, and Fail2ban"
    originates_by: ClassVar[str] = "the right `originate`, write, of the AMI user"

    kind: Literal["mikopbx"]
    key: ApiKey
    api_url: ApiUrl
    fingerprint: Fingerprint = ""
    extension_pattern: Pattern = r"^\d{2,5}$"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the PBX."""
        parts = urlsplit(self.api_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def recording_places(self) -> str:
        """Where recordings may be fetched from: the PBX itself keeps them."""
        return ",".join(filter(None, [self.recording_hosts, self.origin]))


SourceSettings = Annotated[
    WebhookSettings
    | AsteriskSettings
    | ZadarmaSettings
    | UnitalkSettings
    | RingostatSettings
    | MikopbxSettings
    | BinotelSettings
    | MappingSettings
    | OneVoipPlanetSettings
    | FreeSwitchSettings
    | ThreeCxSettings,
    Field(discriminator="kind"),
]
"""The settings of one source, of whatever kind; `kind` says which class they are read as."""

"""Which addresses a recording may be fetched from: what the source's RECORDING_HOSTS allows.

The hosts of a PBX that is asked where its recordings are need not be named there.

The address of a recording comes from outside and may name anything, our own network too. So only
what the setting names is asked:
- a bare host (`records.example.com`, or `*.example.com` for all below it) over https at its usual
  port, and only if every IP address it has is one of the open internet;
- an origin written in full (`http://192.168.1.10:8088`) as it is, wherever it leads. So is that of
  RECORDINGS_URL; one that is a folder of this machine is what folders.py opens.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

import httpx

from bot.config.settings import Settings
from bot.config.values import folder_of_url
from bot.domain.calls import Call
from bot.domain.errors import RecordingPlaceError
from bot.media.folders import is_in_folder

Origin = tuple[str, str, int | None]
"""Scheme, host in small letters, port."""

_PORTS = {"http": 80, "https": 443}

_PROTOCOL_ASSIGNMENTS = ip_network("192.0.0.0/24")
"""Kept for protocols (RFC 6890); Python calls some of them global."""


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """`public`: bare hosts, and `below` the ends of theirs. `trusted`: origins written in full."""

    public: frozenset[Origin]
    below: tuple[str, ...]
    trusted: frozenset[Origin]

    def have_public(self, origin: Origin) -> bool:
        """Whether it may be asked at a public address."""
        scheme, host, port = origin
        is_below = scheme == "https" and port == _PORTS["https"] and host.endswith(self.below)
        return origin in self.public or is_below


def can_be_heard(call: Call, settings: Settings, *, askable: Container[str] = ()) -> bool:
    """Whether the call has a recording at an address that may be asked.

    `askable`: the sources whose PBX can be asked where a recording is.
    """
    if call.recording_reference is not None:
        return call.source in askable
    if folder_of_url(call.recording_url or ""):
        return is_in_folder(call.recording_url or "", recordings_folder(call, settings))
    try:
        allowed = allowed_origins(call, settings)
        origin = origin_of(read_url(call.recording_url or ""))
    except RecordingPlaceError:
        return False
    return origin in allowed.trusted or allowed.have_public(origin)


def allowed_origins(call: Call, settings: Settings) -> AllowedOrigins:
    """What the source of the call may name; nothing, if the settings have no such source."""
    source = settings.sources.get(call.source)
    return _read_hosts(source.recording_places if source else "")


def recordings_folder(call: Call, settings: Settings) -> str:
    """The folder of this machine that has the recordings of its source; "": there is none."""
    source = settings.sources.get(call.source)
    return source.recordings_folder if source else ""


def login_at(url: httpx.URL, call: Call, settings: Settings) -> str | None:
    """The `user:password` for this address; no other server is told that of RECORDINGS_URL."""
    source = settings.sources.get(call.source)
    access = source.recordings_access if source else None
    if access and origin_of(read_url(access[0])) == origin_of(url):
        return access[1]
    return None


def read_url(address: str, location: str = "") -> httpx.URL:
    """The address, or where a redirect from it leads. Raises RecordingPlaceError if it is none."""
    try:
        return httpx.URL(address).join(location)
    except httpx.InvalidURL:
        raise RecordingPlaceError("its address cannot be read") from None


def origin_of(url: httpx.URL) -> Origin:
    return url.scheme, url.raw_host.decode("ascii").lower(), url.port or _PORTS.get(url.scheme)


def are_public(addresses: Sequence[str]) -> bool:
    """Whether there are IP addresses, and all of them of the open internet."""
    return bool(addresses) and all(map(_is_public, addresses))


@lru_cache
def _read_hosts(setting: str) -> AllowedOrigins:
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    bare = [part for part in parts if "://" not in part]
    return AllowedOrigins(
        public=frozenset(
            origin_of(read_url(f"https://{part}")) for part in bare if not part.startswith("*")
        ),
        below=tuple(part.removeprefix("*").lower() for part in bare if part.startswith("*")),
        trusted=frozenset(origin_of(read_url(part)) for part in parts if "://" in part),
    )


def _is_public(address: str) -> bool:
    """Whether it is an address of the open internet, and of nothing else in disguise."""
    ip = ip_address(address)
    is_special = ip.is_multicast or ip.is_reserved or ip in _PROTOCOL_ASSIGNMENTS
    if ip.version == 6:
        is_special = is_special or ip.is_site_local
        # An IPv4 address inside: what it leads to is not what was judged.
        is_special = is_special or bool(ip.sixtofour or ip.teredo or ip.ipv4_mapped)
    return ip.is_global and not is_special

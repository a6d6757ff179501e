"""Fetching the recording of a call from where its source says it is.

The address comes from outside, so it is only followed where the administrator allowed it: to the
hosts of RECORDING_HOSTS. A bare host is asked over https, and only at a public address: the very
address that was checked is the one connected to. An origin written in full, like
`http://192.168.1.10:8088`, is trusted as written. Redirects are not followed.
"""

import asyncio
import ipaddress
import logging
import mimetypes
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from bot.errors import RecordingError, RecordingGoneError, RecordingTooLargeError

log = logging.getLogger(__name__)

LIMIT = 50 * 1024 * 1024
"""Bytes of a recording: what Telegram lets a bot send."""

SECONDS = 60.0
"""How long fetching one may take in all."""

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_KINDS = {"audio/x-wav": ".wav", "audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg"}


@dataclass(frozen=True, slots=True)
class Recording:
    content: bytes
    extension: str
    """Of a file name, with its dot."""


class Recordings:
    def __init__(
        self, http: httpx.AsyncClient, hosts: Mapping[str, Sequence[str]], *, limit: int = LIMIT
    ) -> None:
        """`hosts`: RECORDING_HOSTS of each source, by its name."""
        self._http = http
        self._hosts = hosts
        self._limit = limit

    async def fetch(self, source: str, address: str) -> Recording:
        """Raises RecordingError if it may not be fetched, or cannot be now."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL as error:
            raise RecordingError(f"address of a recording of {source}") from error
        try:
            async with asyncio.timeout(SECONDS):
                return await self._read(await self._request(source, url))
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            log.info("a recording of %s: %s", source, type(error).__name__)
            raise RecordingError(f"recording of {source}") from error

    async def _request(self, source: str, url: httpx.URL) -> httpx.Request:
        """The request, if the address is allowed: to a trusted origin, or to a checked address."""
        hosts = self._hosts.get(source, ())
        if _origin(url) in {_origin(httpx.URL(one)) for one in hosts if "://" in one}:
            return self._http.build_request("GET", url, timeout=_TIMEOUT)
        if url.scheme != "https" or url.host not in hosts or url.port not in {None, 443}:
            raise RecordingError(f"a host of a recording is not in RECORDING_HOSTS of {source}")
        found = await asyncio.get_running_loop().getaddrinfo(
            url.host, 443, type=socket.SOCK_STREAM
        )
        addresses = [str(one[4][0]) for one in found]
        if not addresses or not all(ipaddress.ip_address(one).is_global for one in addresses):
            raise RecordingError(f"a recording of {source} is at an address that is not public")
        return self._http.build_request(
            "GET",
            url.copy_with(host=addresses[0]),
            headers={"Host": url.host},
            extensions={"sni_hostname": url.host},
            timeout=_TIMEOUT,
        )

    async def _read(self, request: httpx.Request) -> Recording:
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code in {404, 410}:
                raise RecordingGoneError("recording")
            if not response.is_success:
                raise RecordingError(f"a recording is answered {response.status_code}")
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > self._limit:
                    raise RecordingTooLargeError("recording")
        finally:
            await response.aclose()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Recording(bytes(content), _KINDS.get(kind) or mimetypes.guess_extension(kind) or "")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port

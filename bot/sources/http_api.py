"""Asking a PBX over HTTP: limits, and one SourceError for whatever goes wrong.

An error says what is wrong and what to do. What a PBX answered gets into it only short, and
without our secrets, should it have said them back.
"""

import email.utils
import functools
import json
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
from pydantic import SecretStr

from bot.domain.errors import SourceAuthError, SourceError, UnsureError
from bot.domain.secrecy import Hidden

TIMEOUT = httpx.Timeout(30, connect=10)
"""Seconds; a cabinet may think long about a month of calls."""

LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=5)

MAX_BYTES = 32_000_000
"""The longest answer: a page of a thousand calls has under a megabyte."""

_BUSY_SECONDS = 60.0
"""How long a PBX is left alone that says 429 and not for how long."""

_LONGEST_SECONDS = 3600.0
"""However much longer it says: its clock may be years ahead."""

_REASON = 120


@functools.cache
def certificates() -> ssl.SSLContext:
    """The authorities of the world: 20 ms to read, so once for all clients."""
    return httpx.create_ssl_context(trust_env=False)


def create_client(
    pinned: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> httpx.AsyncClient:
    """For all sources together; no proxy or password is taken from the environment.

    `pinned`: PBXs with a certificate of their own, as pinning.py has it.
    """
    client = httpx.AsyncClient(
        verify=certificates(), timeout=TIMEOUT, limits=LIMITS, trust_env=False, mounts=pinned
    )
    # No cookie is kept: what one PBX sets, no other is told.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


Explain = Callable[[Any], str | None]
"""What the JSON of a failure says went wrong; None: it does not say."""


class HttpApi:
    """The HTTP of one PBX, whose answers are JSON."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        setting: str,
        secrets: Mapping[str, SecretStr | None],
        explain: Explain = lambda _: None,
    ) -> None:
        """`setting` begins the names of the settings of this source, as SOURCES__OFFICE.

        `secrets`: what the PBX knows us by, by the ends of the names of the settings.
        """
        self._http = http
        self._url = url.rstrip("/")
        self._setting = setting
        self._explain = explain
        self._credentials = " and ".join(f"{setting}__{name}" for name in secrets)
        self._hidden = Hidden(one.get_secret_value() for one in secrets.values() if one)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Any:
        """The JSON that answers. `body` is sent as JSON, `form` as a form.

        `also`: statuses that tell of no failure of the PBX; their JSON says what is wrong.

        Raises SourceAuthError if the credentials are refused, UnsureError if the PBX may have done
        what it was asked, SourceError for all else.
        """
        request = self._http.build_request(
            method,
            self._url + path,
            params=params,
            json=body,
            data=form,
            headers={"Accept": "application/json", **(headers or {})},
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                text = await self._read(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            told = f"{self.host} does not answer in time: try later, or check a firewall between"
            is_unasked = isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout))
            raise (SourceError(told) if is_unasked else UnsureError(told)) from None
        except httpx.ConnectError as error:
            told = f"{self.host} cannot be reached: {reason_of(error) or 'no reason given'}"
            raise SourceError(f"{told}: {self._advice(str(error))}") from None
        except httpx.HTTPError as error:
            told = f"{self.host} broke off ({type(error).__name__})"
            raise UnsureError(f"{told}: try later, or check {self._address}") from None
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            self._check_status(response, None)
            told = f"{self.host} answered something else than JSON: try later, or check"
            raise UnsureError(f"{told} {self._address}") from None
        if response.status_code not in also:
            self._check_status(response, self._explain(answer))
        return answer

    @property
    def host(self) -> str:
        """Whom an error speaks of."""
        return httpx.URL(self._url).host

    def reason(self, text: object) -> str:
        """What the PBX says, to be a part of an error."""
        return reason_of(self._hidden.hide(str(text)))

    @property
    def _address(self) -> str:
        return f"{self._setting}__API_URL"

    def _advice(self, why: str) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in why:
            return f"let it have a certificate that is trusted, for the name in {self._address}"
        if "SSL" in why:
            return f"check http or https, and the port, in {self._address}"
        return f"check {self._address}, and a firewall between"

    async def _read(self, response: httpx.Response) -> bytes:
        text = b""
        async for piece in response.aiter_bytes():
            text += piece
            if len(text) > MAX_BYTES:
                raise UnsureError(f"{self.host} answered more than {MAX_BYTES} bytes")
        return text

    def _check_status(self, response: httpx.Response, said: str | None) -> None:
        """`said`: what the PBX says went wrong."""
        status = response.status_code
        told = f"HTTP {status}: {self.reason(said)}" if said else f"HTTP {status}"
        if status in (401, 403):
            raise SourceAuthError(
                f"{self.host} refuses the credentials ({told}): check {self._credentials}"
            )
        if status == 429:
            wait = _retry_after(response)
            raise SourceError(
                f"{self.host} is asked too often ({told}): try again in {wait:.0f} s; what else "
                "asks it with these credentials?",
                retry_after=wait,
            )
        if response.is_server_error:
            raise UnsureError(f"{self.host} answers {told}: try later")
        if not response.is_success:
            raise SourceError(f"{self.host} answers {told}: check {self._address}")


def reason_of(text: object) -> str:
    """What a PBX says went wrong, short and on one line, to be a part of an error."""
    return " ".join(str(text).split())[:_REASON]


def _retry_after(response: httpx.Response) -> float:
    """The seconds of the header, which may also be a date; a minute without one."""
    told = response.headers.get("Retry-After", "")
    if told.isdecimal():
        return min(float(told), _LONGEST_SECONDS)
    try:
        when = email.utils.parsedate_to_datetime(told).timestamp()
    except ValueError:
        return _BUSY_SECONDS
    return min(max(0.0, when - time.time()), _LONGEST_SECONDS)

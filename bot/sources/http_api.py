"""Asking a PBX over HTTP: limits, and one SourceError for whatever goes wrong.

Neither a secret nor what a PBX answered gets into an error whole: `reason_of` says what it is.
"""

import email.utils
import json
import time
from collections.abc import Callable, Collection, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from bot.domain.errors import SourceAuthError, SourceError, UnsureError

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


def create_client(
    pinned: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> httpx.AsyncClient:
    """For all sources together; no proxy or password is taken from the environment.

    `pinned`: PBXs with a certificate of their own, as pinning.py has it.
    """
    client = httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS, trust_env=False, mounts=pinned)
    # No cookie is kept: what one PBX sets, no other is told.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


Explain = Callable[[Any], str | None]
"""What the JSON of a failure says went wrong, by `reason_of`; None: it does not say."""


class HttpApi:
    """The HTTP of one PBX, whose answers are JSON."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        setting: str,
        explain: Explain = lambda _: None,
    ) -> None:
        """`setting` begins the names of the settings of this source, as SOURCES__OFFICE."""
        self._http = http
        self._url = url.rstrip("/")
        self._setting = setting
        self._explain = explain

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
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise SourceError(f"{self.host} does not answer in time") from None
        except httpx.TimeoutException:
            raise UnsureError(f"{self.host} does not answer in time") from None
        except httpx.ConnectError as error:
            raise SourceError(f"{self.host} cannot be reached: {_why(error)}") from None
        except httpx.HTTPError as error:
            raise UnsureError(f"{self.host}: {type(error).__name__}") from None
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            self._check_status(response, None)
            raise UnsureError(f"{self.host} answered something else than JSON") from None
        if response.status_code not in also:
            self._check_status(response, self._explain(answer))
        return answer

    @property
    def host(self) -> str:
        """Whom an error speaks of."""
        return httpx.URL(self._url).host

    async def _read(self, response: httpx.Response) -> bytes:
        text = b""
        async for piece in response.aiter_bytes():
            text += piece
            if len(text) > MAX_BYTES:
                raise SourceError(f"{self.host} answered more than {MAX_BYTES} bytes")
        return text

    def _check_status(self, response: httpx.Response, said: str | None) -> None:
        """`said`: what the PBX says went wrong."""
        status = response.status_code
        told = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status in (401, 403):
            raise SourceAuthError(
                f"{self.host} refuses the credentials ({told}): check {self._setting}__*"
            )
        if status == 429:
            raise SourceError(
                f"{self.host} is asked too often ({told})", retry_after=_retry_after(response)
            )
        if response.is_server_error:
            raise UnsureError(f"{self.host} answers {told}")
        if not response.is_success:
            raise SourceError(f"{self.host} answers {told}")


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


def _why(error: httpx.ConnectError) -> str:
    return reason_of(error) or type(error).__name__

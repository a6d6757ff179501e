"""Asking Zadarma over HTTP: signed requests, its quotas, its errors.

github.com/zadarma/openapi has the specification. Each request is signed over its path and its
sorted parameters; where the specification leaves the path without its last slash, its own
clients call, and sign, it with one. 100 requests a minute are allowed, and 3 of statistics.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.config.sources import ZadarmaSettings
from bot.domain.errors import SourceError, UnsureError
from bot.sources.http_api import HttpApi
from bot.sources.quota import Quota

STATISTICS = "/v1/statistics/"
PBX_STATISTICS = "/v1/statistics/pbx/"

_REFUSALS = (400, 404)


class RefusedError(SourceError):
    """Zadarma understood the request and says no."""


class ZadarmaApi:
    """`requests` is the quota of all requests, `statistics` the smaller one of statistics."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        settings: ZadarmaSettings,
        *,
        setting: str,
        requests: Quota,
        statistics: Quota,
    ) -> None:
        self._api = HttpApi(
            http,
            settings.api_url,
            setting=setting,
            secrets={"KEY": settings.key, "SECRET": settings.secret},
        )
        self._key = settings.key.get_secret_value()
        self._secret = settings.secret.get_secret_value()
        self._requests = requests
        self._statistics = statistics

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What Zadarma says. Raises RefusedError if that is an error, SourceError for all else."""
        quotas = [self._requests]
        if path.startswith(STATISTICS):
            quotas.append(self._statistics)
        for quota in quotas:
            await quota.turn()
        query = urlencode(sorted((params or {}).items())).replace("~", "%7E")
        digest = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
        signature = sign(f"{path}{query}{digest}", self._secret)
        try:
            said = await self._api.ask(
                "GET",
                f"{path}?{query}" if query else path,
                headers={"Authorization": f"{self._key}:{signature}"},
                also=_REFUSALS,
            )
        except SourceError as error:
            if error.retry_after:
                quotas[-1].close(error.retry_after)
            raise
        if not isinstance(said, dict):
            raise UnsureError("Zadarma answered something else than an object")
        if said.get("status") != "success":
            reason = self._api.reason(said.get("message") or "no reason given")
            raise RefusedError(f"Zadarma: {reason}")
        return said


def sign(text: str, secret: str) -> str:
    """As Zadarma signs, both requests and what it posts: the hex digest in base64."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
    return base64.b64encode(digest.encode()).decode()

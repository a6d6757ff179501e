"""Asking Binotel over HTTP: every method is a POST of JSON with the key and the secret in it.

developers.binotel.ua describes the methods. What follows was found by others: a failure comes as
HTTP 200 with a `code`; 106 is asked too often, 104 nothing of that kind is there or may be done;
when all of Binotel is down it answers 200 with a page of text.
"""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from bot.config.sources import BinotelSettings
from bot.domain.errors import SourceAuthError, SourceError, UnsureError
from bot.sources.http_api import HttpApi

_TOO_OFTEN, _NOTHING = "106", "104"
_BUSY_SECONDS = 60.0
_OF_CREDENTIALS = re.compile(
    r"\b(api ?key|secret|auth\w*|credential\w*|signature|access denied)\b", re.IGNORECASE
)
_SPEAKS_OF_HASTE = re.compile("too (frequent|many|often)", re.IGNORECASE)


class NothingError(SourceError):
    """There is none of what was asked for, or this account may not do it."""


class BinotelApi:
    def __init__(
        self, http: httpx.AsyncClient, settings: BinotelSettings, *, setting: str
    ) -> None:
        self._api = HttpApi(
            http,
            settings.api_url,
            setting=setting,
            secrets={"KEY": settings.key, "SECRET": settings.secret},
        )
        self._setting = setting
        self._key = settings.key.get_secret_value()
        self._secret = settings.secret.get_secret_value()

    async def call(self, method: str, **params: object) -> Mapping[str, Any]:
        """What `stats/call-details` or another method answers. Raises SourceError.

        NothingError if there is nothing of the kind, SourceAuthError if a person must act.
        """
        body = {**params, "key": self._key, "secret": self._secret}
        said = await self._api.ask("POST", f"/api/4.0/{method}.json", body=body)
        if not isinstance(said, dict):
            raise UnsureError("Binotel answered something else than an object")
        if said.get("status") != "success":
            raise self._error(str(said.get("code") or ""), str(said.get("message") or ""))
        return said

    def _error(self, code: str, message: str) -> SourceError:
        why = self._api.reason(f"Binotel says {code} {message or 'that it failed'}")
        if code == _TOO_OFTEN or _SPEAKS_OF_HASTE.search(message):
            return SourceError(
                f"{why}: it is asked too often, try again in a minute", retry_after=_BUSY_SECONDS
            )
        if code == _NOTHING:
            return NothingError(why)
        if _OF_CREDENTIALS.search(message):
            return SourceAuthError(f"{why}: check {self._setting}__KEY and __SECRET")
        return SourceError(why)

"""The REST API v3 of MikoPBX, read in its source (mikopbx/Core, April 2026).

`GET /pbxcore/api/v3/cdr` answers calls, each with all rows it has by now. With `idFrom` and in the
order of `id` those come that have a row newer than that one; a call that gets one more row comes
again as a whole. Without a date it looks back only thirty days, `idFrom` or not. A failure is
`result: false` with words in `messages.error`.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from bot.config.sources import MikopbxSettings
from bot.domain.errors import SourceError
from bot.sources.http_api import HttpApi

PAGE = 500
"""Calls of one request, of the 1000 there may be: for each recording the PBX makes a token."""

_PATH = "/pbxcore/api/v3/cdr"


@dataclass(frozen=True, slots=True)
class Page:
    """`calls` are the oldest behind the cursor, `newest` is the highest id of their rows."""

    calls: list[Any]
    newest: int
    has_more: bool


class MikopbxClient:
    def __init__(self, http: httpx.AsyncClient, name: str, settings: MikopbxSettings) -> None:
        self._setting = f"SOURCES__{name.upper()}"
        self._api = HttpApi(
            http,
            settings.origin,
            setting=self._setting,
            secrets={"KEY": settings.key},
            explain=_said,
        )
        self._key = settings.key

    @property
    def host(self) -> str:
        return self._api.host

    async def calls_behind(self, row: int, *, since: str) -> Page:
        """The calls with a row newer than `row`, of those that began since a local date."""
        data = await self._ask(
            {
                "idFrom": row,
                "dateFrom": since,
                "sort": "id",
                "order": "ASC",
                "grouped": "true",
                "limit": PAGE,
            }
        )
        calls = _calls(data)
        pagination = data.get("pagination")
        has_more = isinstance(pagination, dict) and bool(pagination.get("hasMore"))
        # Not its lastId: that is of the latest to begin, which need not be the newest row.
        return Page(calls, max([row, *map(_newest_row, calls)]), has_more)

    async def newest_row(self) -> int:
        """The highest id there is; 0 where there has been no call for thirty days."""
        data = await self._ask({"sort": "id", "order": "DESC", "limit": 1})
        return max([0, *map(_newest_row, _calls(data))])

    async def rows_of(self, linkedid: str) -> list[Any]:
        """The call of this id, as it is now; none if it is gone."""
        return _calls(await self._ask({"linkedid": linkedid, "limit": 1}))

    async def _ask(self, params: dict[str, str | int]) -> dict[str, Any]:
        key = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        try:
            answer = await self._api.ask("GET", _PATH, params=params, headers=key)
        except SourceError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise
            told = f"nobody vouches for its certificate: set {self._setting}__FINGERPRINT"
            raise SourceError(f"{self.host}: {told}") from None
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or answer.get("result") is False:
            said = _said(answer) or "answered no calls: is it a MikoPBX with REST API v3?"
            said = self._api.reason(said)
            raise SourceError(f"{self.host}: {said}")
        return data


def _calls(data: dict[str, Any]) -> list[Any]:
    calls = data.get("records")
    return calls if isinstance(calls, list) else []


def _newest_row(call: Any) -> int:
    rows = call.get("records") if isinstance(call, dict) else None
    ids = [str(row.get("id")) for row in rows or [] if isinstance(row, dict)]
    return max((int(one) for one in ids if one.isdecimal()), default=0)


def _said(answer: Any) -> str | None:
    messages = answer.get("messages") if isinstance(answer, dict) else None
    errors = messages.get("error") if isinstance(messages, dict) else None
    told = "; ".join(map(str, errors)) if isinstance(errors, list) else errors
    return told or None

"""UniTalk over HTTP: https://unitalk.cloud/uk/api-references/.

Every method is a POST with JSON and the key in `Authorization`. A failure is
`{"status": "Error", "message": …}`, whatever the HTTP status. Requests are billed by the time they
take, so there is nothing here that asks more than it has to. How history is paged is known from
other people's programs only: newest first, up to 1000 calls, a short page is the last.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from bot.config.sources import UnitalkSettings
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.http_api import HttpApi

PAGE = 1000


class UnitalkClient:
    def __init__(self, http: httpx.AsyncClient, name: str, settings: UnitalkSettings) -> None:
        self._setting = f"SOURCES__{name.upper()}"
        self._api = HttpApi(
            http,
            settings.api_url,
            setting=self._setting,
            secrets={"KEY": settings.key},
            explain=_said,
        )
        self._key = settings.key

    async def history(self, begins: str, ends: str) -> AsyncIterator[list[Any]]:
        """The calls that began between two local times, page by page, the newest first.

        A call that comes into the period meanwhile moves the pages: some come twice, none is
        passed over.
        """
        offset = 0
        page: list[Any] = []
        while True:
            before = page
            page, count = await self._page(begins, ends, limit=PAGE, offset=offset)
            if not page or page == before:
                return
            yield page
            offset += len(page)
            if len(page) < PAGE and offset >= count:
                return

    async def check(self, begins: str, ends: str) -> None:
        """The cheapest request: one call of a short period."""
        await self._page(begins, ends, limit=1, offset=0)

    @property
    def host(self) -> str:
        return self._api.host

    async def _page(
        self, begins: str, ends: str, *, limit: int, offset: int
    ) -> tuple[list[Any], int]:
        """One page, and how many calls there are in all; 0 if that is not said."""
        answer = await self._api.ask(
            "POST",
            "/history/get",
            body={"dateFrom": begins, "dateTo": ends, "limit": limit, "offset": offset},
            headers={"Authorization": self._key.get_secret_value()},
        )
        if said := _said(answer):
            said = self._api.reason(said)
            if "uthorization" in said:
                raise SourceAuthError(f"{self.host}: {said}: check {self._setting}__KEY")
            raise SourceError(f"{self.host}: {said}")
        calls = answer.get("calls") if isinstance(answer, dict) else None
        if not isinstance(calls, list):
            raise SourceError(f"{self.host} answered no list of calls")
        count = answer.get("count")
        return calls, count if isinstance(count, int) else 0


def _said(answer: Any) -> str | None:
    if not isinstance(answer, dict) or str(answer.get("status", "")).lower() != "error":
        return None
    return str(answer.get("message") or "an error without a message")

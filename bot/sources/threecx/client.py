"""The Configuration API (XAPI) of 3CX v20: its call log, page by page.

- `POST /connect/token` gives a token for the client id and secret. 3CX knows one token of a client
  at a time: a new one ends the one before, so it is asked for only when it is refused.
- `ReportCallLogData/Pbx.GetCallLogData(…)` answers the segments of calls that began within a
  period, the newest first, at most REPORT_ROW_LIMIT of them (20 000 unless it was changed).

Read from programs that others have published, and from 3CX's page on tokens.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.config.sources import ThreeCxSettings
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.http_api import HttpApi

PAGE = 1000
ROW_LIMIT = 20_000
_SHORTEST_WINDOW = 600

_CALL_LOG = (
    "/xapi/v1/ReportCallLogData/Pbx.GetCallLogData(periodFrom={begins},periodTo={ends},"
    "sourceType=0,sourceFilter='',destinationType=0,destinationFilter='',callsType=0,"
    "callTimeFilterType=0,callTimeFilterFrom='0:00:0',callTimeFilterTo='0:00:0',hidePcalls=true)"
    "?$top={top}&$skip={skip}"
)


class ThreeCxClient:
    def __init__(
        self,
        http: httpx.AsyncClient,
        name: str,
        settings: ThreeCxSettings,
        *,
        row_limit: int = ROW_LIMIT,
    ) -> None:
        self._setting = f"SOURCES__{name.upper()}"
        self._api = HttpApi(
            http,
            settings.api_url,
            setting=self._setting,
            secrets={"CLIENT_ID": None, "SECRET": settings.secret},
        )
        self._client_id = settings.client_id
        self._secret = settings.secret
        self._row_limit = row_limit
        self._token: str | None = None
        self._renewing = asyncio.Lock()

    async def call_log(self, begins: int, ends: int) -> list[Any]:
        """The segments that began between two moments, Unix seconds. Raises SourceError."""
        rows: list[Any] = []
        while len(rows) < self._row_limit:
            page = await self.page(begins, ends, skip=len(rows))
            rows += page
            if len(page) < PAGE:
                return rows
        if ends - begins <= _SHORTEST_WINDOW:
            return rows
        middle = (begins + ends) // 2
        return await self.call_log(begins, middle) + await self.call_log(middle, ends)

    async def page(self, begins: int, ends: int, *, top: int = PAGE, skip: int = 0) -> list[Any]:
        path = _CALL_LOG.format(begins=_written(begins), ends=_written(ends), top=top, skip=skip)
        answer = await self._get(path)
        rows = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise SourceError("3CX answers without a list of calls: is it version 20?")
        return rows

    async def _get(self, path: str) -> Any:
        token = self._token or await self._renew(None)
        try:
            return await self._ask(path, token)
        except SourceAuthError:
            token = await self._renew(token)
        try:
            return await self._ask(path, token)
        except SourceAuthError:
            raise SourceAuthError(
                f"3CX gives a token but no call log: give {self._setting}__CLIENT_ID the "
                "role System Owner in Integrations, API; it needs the licence Enterprise or AI"
            ) from None

    async def _ask(self, path: str, token: str) -> Any:
        return await self._api.ask("GET", path, headers={"Authorization": f"Bearer {token}"})

    async def _renew(self, refused: str | None) -> str:
        """A token that is not `refused`; another task may have got it meanwhile."""
        async with self._renewing:
            if self._token is not None and self._token != refused:
                return self._token
            self._token = None
            form = {
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._secret.get_secret_value() if self._secret else "",
            }
            answer = await self._api.ask("POST", "/connect/token", form=form, also=(400,))
            token = answer.get("access_token") if isinstance(answer, dict) else None
            if not isinstance(token, str) or not token:
                raise SourceAuthError(
                    f"3CX refuses the client: check {self._setting}__CLIENT_ID and "
                    f"{self._setting}__SECRET"
                )
            self._token = token
            return token


def _written(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Ringostat's call log over HTTP: https://help.ringostat.com/uk/articles/6312678.

`GET /calls/list` with the project's key in `Auth-key` answers an array of calls that began within
a period, at most 6500 of them, and there is no way to ask for the rest: a period that is full is
asked for again in two halves. How it tells of failures is not documented.
"""

from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import RingostatSettings
from bot.domain.errors import SourceError
from bot.sources.http_api import HttpApi
from bot.sources.times import local_text

LIMIT = 6500

FIELDS = (
    *("uniqueid", "calldate", "call_type", "disposition", "caller", "caller_number", "dst"),
    *("connected_with", "additional_number", "employee_fio", "duration", "waittime", "billsec"),
    *("has_recording", "recording", "recording_wav"),
)
"""Those that calls.py reads, of the over thirty there are."""


class RingostatClient:
    def __init__(self, http: httpx.AsyncClient, name: str, settings: RingostatSettings) -> None:
        self._api = HttpApi(
            http,
            settings.api_url,
            setting=f"SOURCES__{name.upper()}",
            secrets={"KEY": settings.key},
            explain=_said,
        )
        self._key = settings.key
        self._zone = ZoneInfo(settings.timezone)

    @property
    def host(self) -> str:
        return self._api.host

    async def calls(self, begins: int, ends: int) -> AsyncIterator[list[Any]]:
        """The calls that began between two moments, both included, in no certain order."""
        periods = [(begins, ends)]
        while periods:
            begins, ends = periods.pop()
            calls = await self._list(begins, ends, FIELDS)
            middle = (begins + ends) // 2
            if len(calls) >= LIMIT and middle > begins:
                periods += [(middle + 1, ends), (begins, middle)]
            else:
                yield calls

    async def check(self, begins: int, ends: int) -> None:
        """Ask for as little as possible."""
        await self._list(begins, ends, FIELDS[:1])

    async def _list(self, begins: int, ends: int, fields: tuple[str, ...]) -> list[Any]:
        answer = await self._api.ask(
            "GET",
            "/calls/list",
            params={
                "export_type": "json",
                "from": local_text(begins, self._zone),
                "to": local_text(ends, self._zone),
                "fields": ",".join(fields),
            },
            headers={"Auth-key": self._key.get_secret_value()},
        )
        if isinstance(answer, dict):
            answer = answer.get("calls", answer.get("data", answer))
        if isinstance(answer, list):
            return answer
        said = _said(answer)
        raise SourceError(
            f"{self.host}: {self._api.reason(said)}" if said else f"{self.host} answered no calls"
        )


def _said(answer: Any) -> str | None:
    """What a failure says, in the fields in which others say it."""
    for name in ("message", "error", "error_message", "detail"):
        if isinstance(answer, dict) and (said := answer.get(name)):
            return str(said)
    return None

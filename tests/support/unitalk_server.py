"""UniTalk's API as its documentation and the programs of others describe it.

History is the newest first, by pages that move while calls come in; a wrong key is an error in an
answer of HTTP 200.
"""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.vendor_server import VendorServer

KEY = "unitalk-key-of-the-tests"


@dataclass
class UnitalkServer(VendorServer):
    """`calls` have a `date`; one of `coming` is added after each page."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    coming: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, path: str, params: dict[str, Any], request: web.Request) -> Any:
        if request.headers.get("Authorization") not in {KEY, f"Bearer {KEY}"}:
            return {"status": "Error", "message": "Authorization invalid"}
        if request.method != "POST" or path != "/api/history/get":
            return {"status": "Error", "message": "Internal error", "data": path}
        calls = sorted(
            (one for one in self.calls if params["dateFrom"] <= one["date"] <= params["dateTo"]),
            key=lambda one: (one["date"], one.get("dbid") or 0),
            reverse=True,
        )
        offset, limit = int(params.get("offset", 0)), min(int(params.get("limit", 1000)), 1000)
        page = calls[offset : offset + limit]
        if self.coming:
            self.calls.append(self.coming.pop(0))
        return {"count": len(calls), "calls": page, "warning": None}


def unitalk_call(dbid: int, date: str, **changes: Any) -> dict[str, Any]:
    """A call that came in and that nobody answered, as history has it."""
    return {
        "dbid": dbid,
        "from": "380671234567",
        "to": ["2000"],
        "lastGroupName": "Sales",
        "outerNumber": "380445550101",
        "direction": "IN",
        "date": date,
        "secondsFullTime": 17,
        "secondsTalk": 0,
        "state": "NOANSWER",
        "cause": 19,
        "link": None,
        **changes,
    }

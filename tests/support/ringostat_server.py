"""Ringostat's call log as its page describes it; failures, which it does not, as is usual.

At most LIMIT calls of a period are answered, and nothing says that there are more.
"""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.vendor_server import VendorServer

KEY = "ringostat-key-of-the-tests"
LIMIT = 6500


@dataclass
class RingostatServer(VendorServer):
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, path: str, params: dict[str, Any], request: web.Request) -> Any:
        if request.headers.get("Auth-key") != KEY:
            return web.json_response({"message": "Access denied"}, status=403)
        if request.method != "GET" or path != "/calls/list":
            return web.json_response({"message": "Not found"}, status=404)
        assert params["export_type"] == "json"
        fields = params["fields"].split(",")
        return [
            {name: one.get(name, "") for name in fields}
            for one in self.calls
            if params["from"] <= one["calldate"] <= params["to"]
        ][:LIMIT]


def ringostat_call(uniqueid: str, calldate: str, **changes: Any) -> dict[str, Any]:
    """A call that came in and that nobody answered, as the log has it."""
    return {
        "uniqueid": uniqueid,
        "calldate": calldate,
        "call_type": "in",
        "disposition": "NO ANSWER",
        "caller": '"380671234567" <380671234567>',
        "caller_number": "380671234567",
        "dst": "380445550101",
        "connected_with": "",
        "additional_number": "",
        "employee_fio": "",
        "duration": "17",
        "waittime": "17",
        "billsec": "0",
        "has_recording": "0",
        "recording": "",
        "recording_wav": "",
        "utm_source": "google",
        **changes,
    }

"""3CX v20 as its pages and others' programs describe it: tokens, the call log, the CDR socket."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

CLIENT_ID, SECRET = "dzvinok", "3cx-secret-of-the-tests"


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


class ThreeCxServer:
    """One token at a time; `rows` are the segments, the newest first. `asked` are the periods."""

    def __init__(self) -> None:
        self.url = ""
        self.rows: list[dict[str, Any]] = []
        self.tokens = 0
        self.asked: list[tuple[datetime, datetime, int]] = []
        self.failures: list[web.Response] = []
        self.is_allowed = True
        self.row_limit = 20_000

    def segment(self, call: str, began: float, **said: Any) -> dict[str, Any]:
        """A segment in which extension 101 talked with a client, but for what is said."""
        row = {
            "CdrId": f"cdr-{len(self.rows)}",
            "MainCallHistoryId": call,
            "CallHistoryId": call,
            "SegmentId": len(self.rows),
            "Indent": 0,
            "StartTime": iso(began),
            "Direction": "Inbound",
            "CallType": "Extension",
            "Status": "Answered",
            "Answered": True,
            "Reason": "Terminated by 0671234567",
            "SourceDn": "10000",
            "SourceCallerId": "0671234567",
            "SourceDisplayName": "Ганна",
            "DestinationDn": "101",
            "DestinationCallerId": "",
            "DestinationDisplayName": "Олена",
            "RingingDuration": "PT8.4S",
            "TalkingDuration": "PT40S",
            "CallCost": 0,
            "RecordingUrl": None,
            "Recordings": [],
            "SentimentScore": 3,
        } | said
        self.rows.insert(0, row)
        return row

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ThreeCxServer"]:
        app = web.Application()
        app.router.add_post("/connect/token", self._token)
        app.router.add_get("/xapi/v1/ReportCallLogData/{call:.*}", self._call_log)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _token(self, request: web.Request) -> web.Response:
        said = dict(await request.post())
        if said != {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
        }:
            return web.json_response({"error": "invalid_client"}, status=400)
        self.tokens += 1
        return web.json_response(
            {"token_type": "Bearer", "expires_in": 60, "access_token": f"token-{self.tokens}"}
        )

    async def _call_log(self, request: web.Request) -> web.Response:
        if self.failures:
            return self.failures.pop(0)
        if request.headers.get("Authorization") != f"Bearer token-{self.tokens}":
            return web.Response(status=401)
        if not self.is_allowed:
            return web.Response(status=403)
        match = re.match(
            r"Pbx\.GetCallLogData\(periodFrom=([^,]+),periodTo=([^,]+),.*\)$",
            request.match_info["call"],
        )
        assert match is not None, request.match_info["call"]
        begins, ends = map(datetime.fromisoformat, match.groups())
        top, skip = int(request.query["$top"]), int(request.query["$skip"])
        self.asked.append((begins, ends, skip))
        found = [
            row for row in self.rows if begins <= datetime.fromisoformat(row["StartTime"]) < ends
        ][: self.row_limit]
        return web.json_response({"@odata.context": "$", "value": found[skip : skip + top]})


@asynccontextmanager
async def passive_socket() -> AsyncIterator[tuple[int, Callable[[str], None], asyncio.Event]]:
    """A CDR service that waits: its port, how it says something, and when somebody listens."""
    writers: list[asyncio.StreamWriter] = []
    listened = asyncio.Event()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        listened.set()

    def say(text: str) -> None:
        """ "": it closes the connection."""
        for writer in writers:
            writer.write(text.encode()) if text else writer.close()
        if not text:
            writers.clear()
            listened.clear()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], say, listened
    finally:
        say("")
        server.close()

"""Binotel's API as it is described: POSTs of JSON with the key, failures in answers of 200."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

LIMIT = 1000
"""Calls of one answer, at most."""

_LONGEST = 86400


class BinotelServer:
    """`records` by their ids; of `recordings` the sound is there."""

    def __init__(self, key: str, secret: str, *, clock: Callable[[], float]) -> None:
        self.url = ""
        self.records: dict[str, Any] = {}
        self.recordings: set[str] = set()
        self.clock = clock
        self._login = key, secret

    def record(self, call_id: str, started_at: float, **said: Any) -> dict[str, Any]:
        """A talk of 902 with a client, as the newer API tells it, but for what is said."""
        record: dict[str, Any] = {
            "companyID": "10881",
            "generalCallID": call_id,
            "callID": call_id,
            "startTime": str(int(started_at)),
            "callType": "0",
            "internalNumber": "902",
            "internalAdditionalData": "801 > ",
            "externalNumber": "0671234567",
            "waitsec": 4,
            "billsec": "68",
            "disposition": "ANSWER",
            "recordingStatus": "uploaded",
            "isNewCall": "0",
            "whoHungUp": "",
            "historyData": [
                {"waitsec": 2, "billsec": 0, "disposition": "NOANSWER", "internalNumber": "901"},
                {"waitsec": 4, "billsec": 68, "disposition": "ANSWER", "internalNumber": "902"},
            ],
            "customerData": {"id": "17698964", "name": "Ганна"},
            "employeeData": {"name": "Олена", "email": "olena@example.com"},
            "pbxNumberData": {"name": "Main", "number": "0445550101"},
            "callTrackingData": "",
            "getCallData": "",
            "smsContent": None,
        } | said
        self.records[call_id] = record
        return record

    def sound(self, call_id: str) -> bytes:
        """The recording of a call."""
        raise NotImplementedError

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            sound = self.sound(request.path.strip("/").removesuffix(".mp3"))
            return web.Response(body=sound, content_type="audio/mpeg")
        body = await request.json()
        if (body.pop("key", None), body.pop("secret", None)) != self._login:
            return self.error("1", "Wrong API key or secret")
        return self.say(request.path.removeprefix("/api/4.0/").removesuffix(".json"), body)

    def say(self, method: str, body: dict[str, Any]) -> web.Response:
        """What `stats/call-record` or another method answers."""
        call_type = "1" if "outgoing" in method else "0"
        match method.split("/")[-1]:
            case "all-incoming-calls-since" | "all-outgoing-calls-since":
                return self.list(call_type, body["timestamp"], self.clock())
            case "incoming-calls-for-period" | "outgoing-calls-for-period":
                if body["stopTime"] - body["startTime"] > _LONGEST:
                    return self.error("105", "The period is longer than 24 hours")
                return self.list(call_type, body["startTime"], body["stopTime"])
            case "call-record":
                if body["generalCallID"] not in self.recordings:
                    return self.error("104", "There is no record")
                url = f"{self.url}/{body['generalCallID']}.mp3?Expires=900"
                return web.json_response({"status": "success", "url": url})
        return self.error("103", "There is no such method")

    def list(self, call_type: str, begins: float, ends: float) -> web.Response:
        found = {
            key: record
            for key, record in self.records.items()
            if not isinstance(record, dict)
            or (
                str(record.get("callType")) in {call_type, "None"}
                and begins <= int(record.get("startTime") or begins) <= ends
            )
        }
        some: Any = dict(list(found.items())[:LIMIT]) or []
        return web.json_response({"status": "success", "callDetails": some})

    @staticmethod
    def error(code: str, message: str) -> web.Response:
        return web.json_response({"status": "error", "code": code, "message": message})

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[Self]:
        """Serve it on loopback."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

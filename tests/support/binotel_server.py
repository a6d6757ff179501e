"""Binotel's API as it is described: POSTs of JSON with the key, failures in answers of 200."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.support.recordings import WAV

KEY, SECRET = "b1n0-key-of-the-tests", "5ecr-secret-of-the-tests"
LIMIT = 1000


class BinotelServer:
    """`records` by their ids; `asked` tells what it was asked, without the key and the secret."""

    def __init__(self) -> None:
        self.url = ""
        self.records: dict[str, Any] = {}
        self.recordings: set[str] = set()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[web.Response] = []
        self.may_dial = True
        self.clock: Callable[[], float] = lambda: 0.0

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

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(body=WAV)
        body = await request.json()
        if (body.pop("key", None), body.pop("secret", None)) != (KEY, SECRET):
            return self.error("1", "Wrong API key or secret")
        method = request.path.removeprefix("/api/4.0/").removesuffix(".json")
        self.asked.append((method, body))
        if self.failures:
            return self.failures.pop(0)
        call_type = "1" if "outgoing" in method else "0"
        match method.split("/")[1]:
            case "all-incoming-calls-since" | "all-outgoing-calls-since":
                return self.list(call_type, body["timestamp"], self.clock())
            case "incoming-calls-for-period" | "outgoing-calls-for-period":
                if body["stopTime"] - body["startTime"] > 86400:
                    return self.error("105", "The period is longer than 24 hours")
                return self.list(call_type, body["startTime"], body["stopTime"])
            case "call-record":
                if body["generalCallID"] not in self.recordings:
                    return self.error("104", "There is no record")
                url = f"{self.url}/{body['generalCallID']}.mp3?Expires=900"
                return web.json_response({"status": "success", "url": url})
            case "internal-number-to-external-number":
                if not self.may_dial:
                    return self.error("104", "Method is not allowed")
                return web.json_response({"status": "success", "generalCallID": 22661563})
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
async def binotel_server() -> AsyncIterator[BinotelServer]:
    server = BinotelServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def as_form(value: object, name: str = "") -> bytes:
    """As PHP writes nested values into a form: `callDetails[historyData][0][waitsec]=4`."""
    pairs: list[tuple[str, str]] = []

    def put(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                put(f"{name}[{key}]" if name else key, inner)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                put(f"{name}[{place}]", inner)
        elif value is not None:
            pairs.append((name, str(value)))

    put(name, value)
    return urlencode(pairs).encode()

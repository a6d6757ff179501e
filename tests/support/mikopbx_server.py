"""The call history of MikoPBX over its REST API v3, as its source makes it answer.

Calls are grouped by linkedid and paged by the newest of their rows; a group has all its rows, also
those before `idFrom`. `lastId` is of the row that began last in the last group, which is not
always the newest. Tokens of recordings are made anew with each answer.
"""

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from tests.support.places import DATA
from tests.support.vendor_server import VendorServer

KEY = "mikopbx-key-of-the-tests"
CERTIFICATE = DATA / "mikopbx" / "certificate.pem"
"""One that it signed itself, for the name "mikopbx" and for a hundred years."""

MP3 = b"ID3" + bytes(2000)
_TIME = "%Y-%m-%d %H:%M:%S"


def own_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.parent / "key.pem")
    return context


@dataclass
class MikopbxServer(VendorServer):
    """`rows` as `cdr_row` makes them; those of `coming` are written after each answer."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    coming: list[dict[str, Any]] = field(default_factory=list)
    now: str = "2026-11-23 12:00:00"
    tokens: dict[str, Any] = field(default_factory=dict)

    async def answer(self, path: str, params: dict[str, Any], request: web.Request) -> Any:
        if path == "/pbxcore/api/v3/cdr:download":
            if params.get("token") not in self.tokens:
                return self._failure(403, "Invalid or expired playback token")
            kind = "audio/mpeg" if params.get("format") == "mp3" else "audio/webm"
            return web.Response(body=MP3 if kind == "audio/mpeg" else b"\x1aE", content_type=kind)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return self._failure(401, "The user isn't authenticated.")
        if path != "/pbxcore/api/v3/cdr":
            return self._failure(404, "Not found")
        if params.get("dateFrom") and params.get("dateTo"):
            begins, ends = (datetime.fromisoformat(params[x]) for x in ("dateFrom", "dateTo"))
            if (ends - begins).days > 365:
                return self._failure(422, "Date range exceeds maximum allowed (365 days).")
        data = self._page(params)
        if self.coming:
            self.rows.append(self.coming.pop(0))
        return {"result": True, "data": data, "messages": {}}

    def _page(self, params: dict[str, Any]) -> dict[str, Any]:
        limit = min(max(1, int(params.get("limit", 50))), 1000)
        order = -1 if str(params.get("order", "DESC")).upper() == "DESC" else 1
        since = params.get("dateFrom")
        if not since and "linkedid" not in params:
            month_ago = datetime.fromisoformat(self.now) - timedelta(days=30)
            since = month_ago.strftime(_TIME)
        found: dict[str, int] = {}
        for row in self.rows:
            if (
                row["id"] > int(params.get("idFrom", -1))
                and row["start"] >= (since or "")
                and row["linkedid"] == params.get("linkedid", row["linkedid"])
            ):
                found[row["linkedid"]] = max(row["id"], found.get(row["linkedid"], 0))
        chosen = sorted(found, key=lambda one: order * found[one])[:limit]
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(self.rows, key=lambda one: order * one["id"]):
            if row["linkedid"] in chosen:
                groups.setdefault(row["linkedid"], []).append(self._shown(row))
        calls = [_group(one, rows) for one, rows in groups.items()]
        return {
            "records": calls,
            "pagination": {
                "total": len(found),
                "limit": limit,
                "offset": 0,
                "hasMore": limit < len(found),
                "lastId": calls[-1]["records"][-1]["id"] if calls else None,
            },
        }

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        shown = {**row, "playback_url": "", "download_url": ""}
        if row["recordingfile"]:
            token = f"token{len(self.tokens)}"
            self.tokens[token] = row["id"]
            shown["playback_url"] = f"/pbxcore/api/v3/cdr:playback?token={token}"
            shown["download_url"] = f"/pbxcore/api/v3/cdr:download?token={token}"
        return shown

    def _failure(self, status: int, text: str) -> web.Response:
        body = {"result": False, "data": [], "messages": {"error": [text]}}
        return web.json_response(body, status=status)


def _group(linkedid: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    rows = sorted(rows, key=lambda one: str(one["start"]))
    first = rows[0]
    did = next((one["did"] for one in rows if one["did"]), "")
    is_answered = any(one["disposition"] == "ANSWERED" for one in rows)
    return {
        "linkedid": linkedid,
        "start": first["start"],
        "src_num": first["src_num"],
        "src_name": first["src_name"],
        "dst_num": did or first["dst_num"],
        "dst_name": first["dst_name"],
        "did": did,
        "disposition": "ANSWERED" if is_answered else first["disposition"],
        "totalDuration": sum(one["duration"] for one in rows),
        "totalBillsec": sum(one["billsec"] for one in rows),
        "records": rows,
    }


def cdr_row(number: int, linkedid: str, start: str, **changes: Any) -> dict[str, Any]:
    """A row of a call that came in by a trunk and rang 101, where nobody answered.

    `seconds`: how long it lasted; `answered`: after how many somebody did.
    """
    seconds, answered = changes.pop("seconds", 17), changes.pop("answered", None)
    began = datetime.fromisoformat(start)
    billsec = 0 if answered is None else seconds - answered
    answer = "" if answered is None else _millis(began + timedelta(seconds=answered))
    return {
        "id": number,
        "linkedid": linkedid,
        "UNIQUEID": f"{linkedid}_{number}",
        "start": _millis(began),
        "answer": answer,
        "endtime": _millis(began + timedelta(seconds=seconds)),
        "src_chan": "PJSIP/SIP-TRUNK-66453e4b-00000001",
        "src_num": "380671234567",
        "src_name": "",
        "dst_chan": "PJSIP/101-00000002",
        "dst_num": "101",
        "dst_name": "",
        "did": "380445550101",
        "disposition": "ANSWERED" if billsec else "NOANSWER",
        "dialstatus": "ANSWER" if billsec else "NOANSWER",
        "duration": seconds,
        "billsec": billsec,
        "is_app": "0",
        "transfer": "0",
        "appname": "",
        "from_account": "SIP-TRUNK-66453e4b",
        "to_account": "101",
        "recordingfile": "",
        "work_completed": "1",
        **changes,
    }


def _millis(when: datetime) -> str:
    return when.strftime(_TIME) + ".417"

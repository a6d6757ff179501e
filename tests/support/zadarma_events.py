"""Zadarma's events as it posts them: forms, with a signature."""

from collections.abc import Mapping
from urllib.parse import urlencode

from tests.support.zadarma_server import SECRET, local, php_signature

FORM = "application/x-www-form-urlencoded"

_SIGNED = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}


def event(name: str, call_start: float, **said: str) -> dict[str, str]:
    """An event of the call `in_1`, from a client to 101; `said` is what it has beside that."""
    common = {"event": name, "call_start": local(call_start), "pbx_call_id": "in_1"}
    if name in {"NOTIFY_OUT_START", "NOTIFY_OUT_END"}:
        parties = {"pbx_call_id": "out_1", "internal": "101", "destination": "380671234567"}
    elif name == "NOTIFY_RECORD":
        return {"event": name, "pbx_call_id": "in_1", "call_id_with_rec": "1790000000.1"} | said
    elif name == "NOTIFY_ANSWER":
        parties = {"caller_id": "380671234567", "destination": "101", "internal": "101"}
    else:
        parties = {"caller_id": "380671234567", "called_did": "380445550101"}
    return common | parties | said


def signature_of(posted: Mapping[str, str], secret: str = SECRET) -> str:
    names = _SIGNED.get(posted["event"], ("caller_id", "called_did", "call_start"))
    return php_signature("".join(posted.get(name, "") for name in names), secret)


def talk(begun: float) -> list[tuple[float, dict[str, str]]]:
    """An incoming talk: when each event comes, and what it says."""
    events = [
        (0, event("NOTIFY_START", begun)),
        (2, event("NOTIFY_INTERNAL", begun, internal="102")),
        (3, event("NOTIFY_INTERNAL", begun, internal="101")),
        (9, event("NOTIFY_ANSWER", begun)),
        (
            52,
            event(
                "NOTIFY_END",
                begun,
                internal="101",
                duration="42",
                disposition="answered",
                status_code="16",
                is_recorded="1",
                call_id_with_rec="1790000000.1",
            ),
        ),
    ]
    return [(begun + seconds, posted) for seconds, posted in events]


def as_body(posted: Mapping[str, str]) -> bytes:
    return urlencode(posted).encode()

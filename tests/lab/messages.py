"""SIP messages of the telephones: as text and back. As much of RFC 3261 as a call needs."""

import re
import uuid
from dataclasses import dataclass, field

_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type"}
_ONCE = ("from", "to", "call-id", "cseq")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer; names of headers are in small letters, whole and unfolded."""

    start: str
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: str = ""

    @property
    def code(self) -> int:
        """Of an answer; 0: it is a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.cseq[1] if self.code else self.start.split()[0]

    @property
    def cseq(self) -> tuple[int, str]:
        number, method = self.first("cseq").split()
        return int(number), method

    @property
    def dialled(self) -> str:
        """The user a request is for."""
        return user_of(self.start.split()[1])

    @property
    def target(self) -> str:
        """The address of the one who wrote it, "" if it is not said."""
        found = re.search(r"<([^>]+)>", self.first("contact"))
        return found[1] if found else ""

    def first(self, name: str) -> str:
        return self.headers.get(name, [""])[0]


def read(data: bytes) -> Message:
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(_SHORT.get(name, name), []).append(value.strip())
    return Message(start, headers, body)


def write(start: str, headers: list[tuple[str, str]], body: str = "", kind: str = "") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Type: {kind}")
    encoded = body.encode()
    lines += [f"Content-Length: {len(encoded)}", "", ""]
    return "\r\n".join(lines).encode() + encoded


def answer_to(
    request: Message, code: int, word: str, *, to: str = "", contact: str = "", body: str = ""
) -> bytes:
    """An answer; `to`: the header with our tag in it."""
    headers = [("Via", via) for via in request.headers["via"]]
    headers += [("Record-Route", route) for route in request.headers.get("record-route", [])]
    for name in _ONCE:
        headers.append((name.title(), to if name == "to" and to else request.first(name)))
    if contact:
        headers.append(("Contact", f"<{contact}>"))
    return write(f"SIP/2.0 {code} {word}", headers, body, "application/sdp")


def sound(host: str, port: int, direction: str = "sendrecv") -> str:
    """A description of the sound we would send and hear."""
    lines = (
        *("v=0", f"o=- {port} {port} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"),
        *(f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a={direction}", ""),
    )
    return "\r\n".join(lines)


def user_of(address: str) -> str:
    found = re.search(r"sips?:([^@;>]+)@", address)
    return found[1] if found else ""


def tag_of(header: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", header)
    return found[1] if found else ""


def new_tag() -> str:
    return uuid.uuid4().hex[:12]

"""The packets of Asterisk's manager interface (AMI): `Name: value` lines, ended by an empty one.

The names of headers differ in case from one event to the next: they are read in small letters. Of
a header that is there twice the first counts, but for the lines of `Output`. What is too long is
cut, never kept whole: neither a line nor a packet can fill the memory.
"""

from collections.abc import Iterator

Packet = dict[str, str]
"""Headers by their names in small letters."""

LINE_LIMIT = 8192
"""Bytes of a line; names and numbers have far fewer. The rest of it is dropped."""

PACKET_LIMIT = 262_144
"""Bytes of a packet; of a longer one the rest is dropped."""

_END = b"\r\n\r\n"


class PacketReader:
    """Takes bytes as they come, gives the packets that are whole."""

    def __init__(self, *, encoding: str, wanted: frozenset[str]) -> None:
        """`encoding` is of names that are not UTF-8. Of events only those `wanted` are given."""
        self._encoding = encoding
        self._wanted = frozenset(name.encode().lower() for name in wanted)
        self._rest = bytearray()
        self._is_skipping = False

    def read(self, data: bytes) -> Iterator[Packet]:
        rest = self._rest
        # An end may lie across what came before and what comes now.
        searched = max(0, len(rest) - len(_END) + 1)
        rest += data
        begin = 0
        while (end := rest.find(_END, max(begin, searched))) >= 0:
            raw = bytes(rest[begin:end])
            begin = end + len(_END)
            if self._is_skipping:
                self._is_skipping = False
                continue
            if (packet := self._parse(raw)) is not None:
                yield packet
        del rest[:begin]
        if len(rest) > PACKET_LIMIT:
            if not self._is_skipping and (packet := self._parse(bytes(rest))) is not None:
                yield packet
            self._is_skipping = True
            del rest[: -len(_END)]

    def _parse(self, raw: bytes) -> Packet | None:
        """A packet; None if it is an event that nobody wants."""
        first = raw.lstrip().partition(b"\r\n")[0]
        name, _, value = first.partition(b":")
        if name.strip().lower() == b"event" and value.strip().lower() not in self._wanted:
            return None
        packet: Packet = {}
        for line in self._decode(raw[:PACKET_LIMIT]).split("\r\n"):
            if not line:
                continue
            head, mark, text = line[:LINE_LIMIT].partition(":")
            key = head.strip().lower() if mark else "output"
            if key not in packet:
                packet[key] = text.strip() if mark else line[:LINE_LIMIT]
            elif key == "output":
                packet[key] += "\n" + (text.strip() if mark else line[:LINE_LIMIT])
        return packet or None

    def _decode(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode(self._encoding, "replace")


def format_action(action: str, headers: dict[str, str]) -> bytes:
    """An action as it is sent; ValueError if a value would begin another header."""
    lines = [f"Action: {action}"]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"a line break in {name}")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode()

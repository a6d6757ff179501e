"""Packets of AMI out of bytes: in any pieces, too long, twice, in no encoding."""

import pytest

from bot.sources.asterisk.ami_packets import (
    LINE_LIMIT,
    PACKET_LIMIT,
    PacketReader,
    format_action,
)
from tests.support.ami_recordings import PJSIP, packets, raw_packets

WANTED = frozenset({"hangup"})


def read(*pieces: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    reader = PacketReader(encoding=encoding, wanted=WANTED)
    return [packet for piece in pieces for packet in reader.read(piece)]


def test_bytes_may_come_in_any_pieces() -> None:
    whole = raw_packets(PJSIP)[:90]
    data = b"".join(whole)
    expected = packets(*whole)
    assert len(expected) > 20
    for size in (1, 2, 3, 7, 100, 4096):
        pieces = [data[place : place + size] for place in range(0, len(data), size)]
        assert packets(*pieces) == expected, size


def test_what_nobody_wants_is_passed_over() -> None:
    data = b"Event: VarSet\r\nValue: 1\r\n\r\nEvent: Hangup\r\nCause: 16\r\n\r\n\r\n\r\n"
    assert read(data) == [{"event": "Hangup", "cause": "16"}]


def test_of_a_header_that_is_there_twice_the_first_counts() -> None:
    data = b"Event: Hangup\r\nUniqueid: 1\r\nUNIQUEID: 2\r\n\r\n"
    assert read(data) == [{"event": "Hangup", "uniqueid": "1"}]
    output = b"Response: Success\r\nOutput: one\r\nOutput:   two\r\n\r\n"
    assert read(output)[0]["output"] == "one\ntwo"


def test_what_is_too_long_is_cut_and_the_next_is_read() -> None:
    long_line = b"Event: Hangup\r\nX: " + b"x" * LINE_LIMIT * 2 + b"\r\nCause: 16\r\n\r\n"
    [packet] = read(long_line)
    assert (packet["cause"], len(packet["x"]) < LINE_LIMIT) == ("16", True)
    endless = b"Event: Hangup\r\nCause: 3\r\n" + b"Y: y\r\n" * (PACKET_LIMIT // 4)
    pieces = [endless[place : place + 65_536] for place in range(0, len(endless), 65_536)]
    found = read(*pieces, b"\r\nEvent: Hangup\r\nCause: 16\r\n\r\n")
    assert [packet["cause"] for packet in found] == ["3", "16"]


def test_names_need_not_be_utf_8() -> None:
    data = "Event: Hangup\r\nCallerIDName: Ганна\r\n\r\n".encode("cp1251")
    assert read(data, encoding="cp1251")[0]["calleridname"] == "Ганна"
    assert "\ufffd" in read(data)[0]["calleridname"]


def test_no_value_begins_a_header_of_its_own() -> None:
    assert format_action("Ping", {"ActionID": "1"}) == b"Action: Ping\r\nActionID: 1\r\n\r\n"
    with pytest.raises(ValueError, match="line break"):
        format_action("Login", {"Username": "bot\r\nAction: Command"})

"""3CX's CDR service: its lines, and its connection either way."""

import asyncio
import socket
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest

from bot.config.sources import CDR_ORDER, ThreeCxSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Reject
from bot.domain.errors import SourceError
from bot.sources.base import FeedSource
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from bot.sources.threecx.cdr import CdrReader
from bot.sources.times import LocalTime
from tests.support.kyiv import KYIV
from tests.support.threecx_server import passive_socket

START = 1795334400
DOCUMENTED = (
    "Call 612504,00000C21DE5C2470_6531,00:05:36,2023/09/19 13:33:54,2023/09/19 13:33:54,"
    "2023/09/19 13:39:31,TerminatedBySrc,+353861777149,Ext.960,10021,960,960,QFwdToDNA,Ext.504,504"
    ",,,,,Chain: +353861777149;Ext.960;Ext.504;"
)
"""The example of 3CX's page."""


def settings(**said: Any) -> ThreeCxSettings:
    return ThreeCxSettings(kind="threecx", cdr_host="127.0.0.1", **said)


def read(line: str, **said: Any) -> CallFacts:
    reader = CdrReader("pbx", settings(**said), LocalTime(KYIV))
    facts = reader.read(line, now=START + 9999)
    assert isinstance(facts, CallFacts), facts
    return facts


def line(**said: str) -> str:
    """A talk of extension 101 with a client, but for what is said (`_` for `-`)."""
    fields = {
        "historyid": "Call 17",
        "callid": "00000C21DE5C2470_17",
        "duration": "00:00:30",
        "time-start": "2026/11/22 10:00:00",
        "time-answered": "2026/11/22 10:00:10",
        "time-end": "2026/11/22 10:00:40",
        "reason-terminated": "TerminatedByDst",
        "from-no": "+380671234567",
        "to-no": "Ext.101",
        "from-dn": "10000",
        "to-dn": "101",
        "dial-no": "380445550101",
        "from-type": "external_line",
        "to-type": "extension",
        "from-dispname": "Ганна",
    } | {name.replace("_", "-"): value for name, value in said.items()}
    return ",".join(fields.get(name, "") for name in CDR_ORDER.split(",")) + "\r\n"


def test_the_line_that_3cx_documents() -> None:
    facts = read(DOCUMENTED)
    assert (facts.external_id, facts.direction) == ("00000C21DE5C2470_6531", Direction.IN)
    assert (facts.status, facts.extension) == ("answered", "504")
    assert (facts.caller.number, facts.ended_by) == ("+353861777149", EndedBy.CALLER)
    assert facts.ended_at is not None
    assert facts.ended_at - facts.started_at == 337


def test_an_incoming_talk() -> None:
    facts = read(line(bill_cost="1.25", missed_queue_calls="102;103"))
    assert (facts.caller, facts.callee) == (Party("Ганна", "+380671234567"), Party(None, "101"))
    assert (facts.line, facts.extension) == ("380445550101", "101")
    assert facts.rang == ("101", "102", "103")
    assert (facts.started_at, facts.answered_at, facts.ended_at) == (
        START, START + 10, START + 40,
    )  # fmt: skip
    assert (facts.ended_by, facts.price) == (EndedBy.CALLEE, Decimal("1.25"))
    assert facts.raw_status == "TerminatedByDst"
    assert read(line(bill_cost="0")).price is None


def test_an_outgoing_call() -> None:
    out = {
        "from_no": "Ext.101", "from_dn": "101", "from_type": "extension", "from_dispname": "Олена",
        "to_no": "10000", "to_dn": "10000", "to_type": "external_line", "dial_no": "0671234567",
    }  # fmt: skip
    facts = read(line(**out))
    assert (facts.direction, facts.status, facts.extension) == (Direction.OUT, "answered", "101")
    assert (facts.caller, facts.callee.number) == (Party("Олена", "101"), "0671234567")
    assert (facts.line, facts.rang) == (None, ())
    for reason, status in (
        ("TerminatedBySrc", "cancelled_by_operator"),
        ("src_participant_terminated", "cancelled_by_operator"),
        ("Busy", "rejected_by_subscriber"),
        ("NoAnswer", "no_answer"),
        ("Failed", "unknown_error"),
        ("SomethingNew", "no_answer"),
    ):
        facts = read(line(**out, reason_terminated=reason, time_answered="", duration=""))
        assert facts.status == status


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"time_answered": "", "duration": ""}, "missed"),
        ({"time_answered": "", "duration": "", "reason_terminated": "NotRegistered"},
         "missed_offline"),
        ({"to_type": "Queue", "to_no": "Ext.800"}, "missed"),
        ({"to_type": "Ivr", "to_no": "Ext.801"}, "missed"),
        ({"final_number": "Ext.666", "final_type": "VoiceMail"}, "missed"),
        ({"to_type": "Queue", "final_number": "Ext.102", "final_type": "Extension"}, "answered"),
        ({"time_answered": "2", "duration": "00:00:30"}, "answered"),
    ],
)  # fmt: skip
def test_a_menu_a_queue_and_a_voicemail_are_no_people(said: dict[str, str], status: str) -> None:
    facts = read(line(**said))
    assert facts.status == status
    if status != "answered":
        assert (facts.extension, facts.answered_at) == (None, None)


def test_a_queue_is_named() -> None:
    facts = read(line(to_type="Queue", to_dispname="Sales", final_number="Ext.102"))
    assert (facts.queue, facts.extension) == ("Sales", "102")


def test_the_fields_may_be_chosen() -> None:
    facts = read(
        "2026/11/22 10:00:00,x1,Ext.101,Ext.102", cdr_fields="time-start,callid,from-no,to-no"
    )
    assert (facts.external_id, facts.direction) == ("x1", Direction.INTERNAL)
    assert (facts.extension, facts.callee.number) == ("101", "102")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "time-start"),
        ("hello", "time-start"),
        (line(callid="", historyid=""), "callid"),
        (line(time_start="2026/13/45 10:00:00"), "time-start"),
        (line(time_start="2027/01/22 10:00:00"), "two days ahead"),
    ],
)
def test_a_line_that_cannot_be_read(text: str, error: str) -> None:
    reject = CdrReader("pbx", settings(), LocalTime(KYIV)).read(text, now=START)
    assert isinstance(reject, Reject)
    assert error in reject.errors[0]


def source(**said: Any) -> FeedSource:
    made = create_source("pbx", settings(**said), http=create_client(), clock=lambda: START + 99)
    assert isinstance(made, FeedSource)
    return made


async def test_a_socket_that_waits_is_listened_to_until_it_closes() -> None:
    async with passive_socket() as (port, say, _), asyncio.timeout(10):
        assert "lets us connect" in await source(cdr_port=port).check()
        [feed] = source(cdr_port=port).feeds
        async with aclosing(feed.read(None)) as batches:
            assert (await anext(batches)).readings == ()
            whole = line()
            say(whole[:30])
            say(whole[30:] + "\r\n" + line(callid="second"))
            read = [(await anext(batches)).readings for _ in range(2)]
            assert [one.external_id for [one] in read if isinstance(one, CallFacts)] == [
                "00000C21DE5C2470_17", "second",
            ]  # fmt: skip
            say("")
            with pytest.raises(SourceError, match="has closed"):
                await anext(batches)


async def test_a_socket_that_is_not_there() -> None:
    with pytest.raises(SourceError, match="CDR_PORT"):
        await source(cdr_port=9).check()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def test_a_socket_that_calls_us_is_let_in_from_its_host_only() -> None:
    port = free_port()
    stranger = source(cdr_port=port, cdr_listens=True)
    assert "waits at port" in await stranger.check()
    async with asyncio.timeout(10):
        [feed] = stranger.feeds
        async with aclosing(feed.read(None)) as batches, asyncio.TaskGroup() as tasks:
            first = tasks.create_task(anext(batches))
            writer = await _connected(port, "127.0.0.2")
            assert await writer[0].read() == b"", "another address is not let in"
            writer[1].close()
            _, writing = await _connected(port, "127.0.0.1")
            assert (await first).readings == ()
            writing.write(line().encode())
            [facts] = (await anext(batches)).readings
            assert isinstance(facts, CallFacts)
            writing.close()
            with pytest.raises(SourceError, match="has closed"):
                await anext(batches)


async def _connected(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        except ConnectionRefusedError:
            await asyncio.sleep(0)

"""Calling back over AMI: what Asterisk is told to do, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.clock import system_clock
from bot.domain.errors import PhoneError, SourceAuthError, SourceError, UnsureError
from bot.sources.asterisk.ami import open_ami
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import PacketReader
from bot.sources.asterisk.originate import create_originating
from bot.sources.asterisk.source import DiallingAsterisk, create_asterisk
from tests.support.ami_server import SECRET, USER, AmiServer
from tests.support.lab_recordings import connections

REF = "dzvinok-0123456789abcdef"


@dataclass
class Connected:
    server: AmiServer
    source: DiallingAsterisk

    async def tell(self, outcome: str, reason: str, ref: str = REF) -> None:
        """What became of ringing the extension."""
        lines = ["Event: OriginateResponse", f"ActionID: {ref}", f"Response: {outcome}"]
        text = "\r\n".join([*lines, "Channel: PJSIP/101", f"Reason: {reason}", "", ""])
        await self.server.say(text.encode())

    async def end_dialling(self, status: str) -> None:
        """How dialling the extension ended."""
        text = f"Event: DialEnd\r\nDestUniqueid: {REF}\r\nDialStatus: {status}\r\n\r\n"
        await self.server.say(text.encode())


@asynccontextmanager
async def connected(server: AmiServer, **values: object) -> AsyncIterator[Connected]:
    """The source, listened to over its connection."""
    async with server.running():
        login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": SECRET}
        chosen = AsteriskSettings.model_validate({"kind": "asterisk", **login, **values})
        source = create_asterisk("pbx", chosen, clock=system_clock)
        assert isinstance(source, DiallingAsterisk)

        async def listen() -> None:
            async with aclosing(source.feeds[0].read(None)) as batches:
                async for _ in batches:
                    pass

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await server.heard("listcommands")
            yield Connected(server, source)
            listening.cancel()


async def test_the_extension_is_rung_and_then_the_number_is_dialled_as_it_would_dial() -> None:
    async with connected(AmiServer(), dial_prefix="9") as at:
        assert await at.source.dial("101", "+380671234567", ref=REF) == REF
        [action] = at.server.originated
    assert {key: action[key] for key in action if key != "action"} == {
        "actionid": REF,
        "channelid": REF,
        "channel": "Local/101@originate-skipvm",
        "context": "from-internal",
        "exten": "90671234567",
        "priority": "1",
        "callerid": '"Dzvinok" <101>',
        "timeout": "30000",
        "async": "true",
    }


async def test_how_an_extension_is_rung_is_a_setting() -> None:
    plain = {"dial_channel": "PJSIP/{extension}", "dial_context": "company"}
    async with connected(AmiServer(), **plain) as at:
        await at.source.dial("102", "+442071838750", ref=REF)
        [action] = at.server.originated
    said = (action["channel"], action["context"], action["exten"])
    assert said == ("PJSIP/102", "company", "00442071838750")


@pytest.mark.parametrize(
    ("reason", "is_busy", "is_off"),
    [("3", False, False), ("1", False, False), ("5", True, False), ("0", False, True)],
)
async def test_what_became_of_the_own_phone_is_told(
    reason: str, is_busy: bool, is_off: bool
) -> None:
    async with connected(AmiServer()) as at:
        await at.source.dial("101", "+380671234567", ref=REF)
        await at.tell("Success", "4", ref="another")
        await at.tell("Failure", reason)
        with pytest.raises(PhoneError) as raised:
            await at.source.picked_up(REF)
    assert (raised.value.is_busy, raised.value.is_off) == (is_busy, is_off)


@pytest.mark.parametrize("is_overtaken", [True, False])
async def test_a_phone_that_is_busy_is_told_in_whatever_order_asterisk_says_so(
    is_overtaken: bool,
) -> None:
    """Of a Local channel the OriginateResponse gives no reason, the DialEnd does."""
    async with connected(AmiServer()) as at:
        await at.source.dial("101", "+380671234567", ref=REF)
        told = [at.tell("Failure", "0"), at.end_dialling("BUSY")]
        waiting = asyncio.ensure_future(at.source.picked_up(REF))
        for one in told if is_overtaken else reversed(told):
            await one
            await asyncio.sleep(0.05)  # so that it is heard by itself
        with pytest.raises(PhoneError) as raised:
            await waiting
    assert (raised.value.is_busy, raised.value.is_off) == (True, False)


async def test_a_phone_that_is_picked_up_is_no_failure() -> None:
    async with connected(AmiServer()) as at:
        await at.source.dial("101", "+380671234567", ref=REF)
        waiting = asyncio.ensure_future(at.source.picked_up(REF))
        await asyncio.sleep(0)
        assert not waiting.done()
        await at.tell("Success", "4")
        await waiting
        with pytest.raises(UnsureError):
            await at.source.picked_up(REF)


async def test_without_the_permission_nothing_is_offered_and_check_says_so() -> None:
    async with connected(AmiServer(may_originate=False)) as at:
        async with asyncio.timeout(5):
            while at.source.can_ring("101"):  # noqa: ASYNC110 - the answer comes by itself
                await asyncio.sleep(0.005)
        assert "write=originate" in await at.source.check()
        with pytest.raises(SourceError):
            await at.source.dial("101", "+380671234567", ref=REF)
        assert at.server.originated == []


async def test_a_permission_taken_away_meanwhile_is_told() -> None:
    async with connected(AmiServer()) as at:
        assert at.source.can_ring("101")
        assert "originate" not in await at.source.check()
        at.server.may_originate = False
        with pytest.raises(SourceAuthError, match=r"Permission denied.*write=originate"):
            await at.source.dial("101", "+380671234567", ref=REF)


async def test_only_extensions_are_rung() -> None:
    async with connected(AmiServer()) as at:
        for number in ("0671234567", "reception", "", "101@from-internal", "10\r\n1"):
            assert not at.source.can_ring(number)
            with pytest.raises(SourceError):
                await at.source.dial(number, "+380671234567", ref=REF)
        assert at.server.originated == []


async def test_a_connection_that_breaks_leaves_it_unknown() -> None:
    server = AmiServer(answers_originate=False)
    async with server.running():
        login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": SECRET}
        chosen = AsteriskSettings.model_validate({"kind": "asterisk", **login})
        source = create_asterisk("pbx", chosen, clock=system_clock)
        assert isinstance(source, DiallingAsterisk)
        with pytest.raises(SourceError, match="not connected"):
            await source.dial("101", "+380671234567", ref=REF)
        batches = source.feeds[0].read(None)
        await anext(batches)
        asking = asyncio.ensure_future(source.dial("101", "+380671234567", ref=REF))
        await server.heard("originate")
        await batches.aclose()
        with pytest.raises(UnsureError):
            await asking
        with pytest.raises(SourceError, match="not connected"):
            await source.dial("101", "+380671234567", ref=REF)


async def test_a_real_asterisk_tells_what_became_of_the_own_phone() -> None:
    """As recorded: whoever picked up, did not, pressed Reject, is not registered."""
    chosen = AsteriskSettings(kind="asterisk")
    [connection] = connections("called_back")
    wanted = AmiCalls("pbx", chosen).events
    reader = PacketReader(encoding="utf-8", wanted=wanted)
    begin = connection.data.index(b"\r\n") + 2
    packets = list(reader.read(connection.data[begin:]))
    said = {}
    for number in range(1, 9):
        ref = f"dzvinok-{number:016x}"
        originating = create_originating(chosen)
        server = AmiServer()
        async with server.running():
            login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": SECRET}
            settings = AsteriskSettings.model_validate({"kind": "asterisk", **login})
            ami = await open_ami(settings, setting="S", clock=system_clock, wanted=wanted)
            originating.connected(ami)
            asking = asyncio.ensure_future(originating.dial("101", "+380671234567", ref))
            await server.heard("originate")
            originating.hear({"response": "Success", "actionid": ref})
            await asking
            for packet in packets:
                originating.hear(packet)
            try:
                await originating.picked_up(ref)
                said[number] = "picked up"
            except PhoneError as error:
                said[number] = "busy" if error.is_busy else "off" if error.is_off else "in vain"
            ami.close()
    assert said == {
        **dict.fromkeys(range(1, 6), "picked up"),
        6: "in vain",
        7: "busy",
        8: "off",
    }


def test_without_a_manager_interface_nothing_can_be_dialled() -> None:
    source = create_asterisk("pbx", AsteriskSettings(kind="asterisk"))
    assert not isinstance(source, DiallingAsterisk)

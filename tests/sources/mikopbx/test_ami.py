"""Calling back through the AMI of MikoPBX: what it is told to do, and what is told of the call."""

import asyncio
import lzma
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.config.sources import MikopbxSettings
from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.errors import PhoneError, SourceAuthError, SourceError, UnsureError
from bot.sources.base import DialSource, FeedSource, PhoneSource
from bot.sources.mikopbx.source import DiallingMikopbx, create_mikopbx
from tests.support.ami_server import SECRET, USER, AmiServer
from tests.support.mikopbx_server import KEY, MikopbxServer
from tests.support.places import DATA
from tests.support.plain_http import plain_http

NOW = 1_795_685_935
REF = "dzvinok-0123456789abcdef"
RECORDED = lzma.decompress((DATA / "mikopbx" / "called_back.raw.xz").read_bytes())
ANSWERED, CLIENT_BUSY, IN_VAIN, REJECTED, OFF = (
    f"mikopbx-1795685{rest}"
    for rest in ("935.1001", "942.1002", "945.1003", "952.1004", "954.1005")
)


def settings(ami: AmiServer, **values: object) -> MikopbxSettings:
    login = {"host": "127.0.0.1", "port": ami.port, "username": USER, "secret": SECRET}
    asked = {"kind": "mikopbx", "key": KEY, "api_url": "https://pbx.example"}
    return MikopbxSettings.model_validate({**asked, **login, **values})


@dataclass
class Connected:
    """`told`: what the source has said of calls."""

    server: AmiServer
    source: DiallingMikopbx
    told: list[CallFacts] = field(default_factory=list)

    async def plays(self, recorded: str, call_id: str) -> None:
        """What was heard of a recorded call, as if it were this one."""
        packets = [f"{one}\r\n\r\n" for one in RECORDED.decode().split("\r\n\r\n")]
        ours = [one.replace(recorded, call_id) for one in packets if recorded in one]
        await self.server.say("".join(ours).encode())


@asynccontextmanager
async def connected(server: AmiServer, **values: object) -> AsyncIterator[Connected]:
    """The source, listened to over its AMI."""
    async with server.running(), plain_http() as http:
        source = create_mikopbx("miko", settings(server, **values), http=http, clock=lambda: NOW)
        assert isinstance(source, DiallingMikopbx)
        at = Connected(server, source)

        async def listen() -> None:
            async with aclosing(source.feeds[1].read(None)) as batches:
                async for batch in batches:
                    at.told += [one for one in batch.readings if isinstance(one, CallFacts)]

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await server.heard("listcommands")
            yield at
            listening.cancel()


async def test_the_extension_is_rung_and_then_the_number_is_dialled_as_mikopbx_does_it() -> None:
    async with connected(AmiServer(), dial_prefix="9") as at:
        call_id = await at.source.dial("101", "+380671234567", ref=REF)
        [action] = at.server.originated
        [login] = at.server.logins
    assert {key: action[key] for key in action if key != "action"} == {
        "actionid": call_id,
        "channelid": call_id,
        "channel": "Local/101@internal-originate",
        "context": "all_peers",
        "exten": "90671234567",
        "priority": "1",
        "callerid": "<101>",
        "variable": "pt1c_cid=90671234567",
        "timeout": "30000",
        "async": "true",
    }
    assert login["events"] == "call"


async def test_its_id_looks_like_those_of_mikopbx_and_each_call_has_its_own() -> None:
    async with connected(AmiServer()) as at:
        ids = [await at.source.dial("101", "+380671234567", ref=f"{REF}{n}") for n in range(3)]
    assert len(set(ids)) == 3
    for one in ids:
        head, _, number = one.partition(".")
        assert head == f"mikopbx-{NOW}"
        assert number.isdecimal()


async def test_the_client_is_called_and_answers_while_the_history_says_nothing() -> None:
    async with connected(AmiServer()) as at:
        call_id = await at.source.dial("101", "+380671234567", ref=REF)
        await at.plays(ANSWERED, call_id)
        await at.source.picked_up(REF)
        other = await at.source.dial("101", "+380671234568", ref=f"{REF}2")
        await at.plays(CLIENT_BUSY, other)
        await at.source.picked_up(f"{REF}2")
        while len(at.told) < 3:  # noqa: ASYNC110 - they come by themselves
            await asyncio.sleep(0.005)
    said = [(one.external_id, one.status, one.answered_at) for one in at.told]
    assert said == [
        (call_id, Status.RINGING, None),
        (call_id, Status.ANSWERED, NOW),
        (other, Status.RINGING, None),
    ]
    [facts, *_] = at.told
    assert (facts.source, facts.direction, facts.extension) == ("miko", Direction.OUT, "101")
    assert (facts.caller, facts.callee) == (Party(None, "101"), Party(None, "+380671234567"))
    assert facts.started_at == NOW
    assert all(one.by_arrival == {"started_at", "answered_at"} for one in at.told)


@pytest.mark.parametrize(
    ("recorded", "is_busy", "is_off"),
    [(IN_VAIN, False, False), (REJECTED, True, False), (OFF, False, True)],
)
async def test_of_a_phone_that_is_not_picked_up_no_call_is_told(
    recorded: str, is_busy: bool, is_off: bool
) -> None:
    async with connected(AmiServer()) as at:
        call_id = await at.source.dial("101", "+380671234567", ref=REF)
        await at.plays(recorded, call_id)
        with pytest.raises(PhoneError) as raised:
            await at.source.picked_up(REF)
        assert at.told == []
    assert (raised.value.is_busy, raised.value.is_off) == (is_busy, is_off)


async def test_calls_that_others_begin_are_not_told() -> None:
    async with connected(AmiServer()) as at:
        await at.server.say(RECORDED)
        call_id = await at.source.dial("101", "+380671234567", ref=REF)
        await at.plays(IN_VAIN, call_id)
        with pytest.raises(PhoneError):
            await at.source.picked_up(REF)
        assert at.told == []


async def test_only_extensions_are_rung() -> None:
    async with connected(AmiServer()) as at:
        for number in ("0671234567", "reception", "", "101@internal-originate", "101\n"):
            assert not at.source.can_ring(number)
            with pytest.raises(SourceError):
                await at.source.dial(number, "+380671234567", ref=REF)
        assert at.source.can_ring("101")
        assert at.server.originated == []


async def test_without_the_right_nothing_is_offered_and_it_is_told_what_to_do() -> None:
    rest = MikopbxServer()
    server = AmiServer(may_originate=False)
    async with rest.running() as url, connected(server, api_url=url) as at:
        while at.source.can_ring("101"):  # noqa: ASYNC110 - the answer comes by itself
            await asyncio.sleep(0.005)
        assert "the right `originate`, write, of the AMI user" in await at.source.check()


async def test_the_check_tries_the_ami_too() -> None:
    rest, server = MikopbxServer(), AmiServer()
    async with rest.running() as url, plain_http() as http:
        async with server.running():
            told = await create_mikopbx("miko", settings(server, api_url=url), http=http).check()
            wrong = settings(server, api_url=url, secret="another")
            with pytest.raises(SourceAuthError, match=r"MIKO__SECRET, and the network filter"):
                await create_mikopbx("miko", wrong, http=http).check()
        assert told.endswith(f"Asterisk Call Manager/11.0.0, logged in as {USER}")
        assert told.startswith("127.0.0.1 answers")
        with pytest.raises(SourceError, match="Use AMI interface"):
            await create_mikopbx("miko", settings(server, api_url=url), http=http).check()


async def test_a_connection_that_breaks_leaves_it_unknown() -> None:
    server = AmiServer(answers_originate=False)
    async with server.running(), plain_http() as http:
        source = create_mikopbx("miko", settings(server), http=http)
        assert isinstance(source, DiallingMikopbx)
        with pytest.raises(SourceError, match="not connected"):
            await source.dial("101", "+380671234567", ref=REF)
        batches = source.feeds[1].read(None)
        await anext(batches)
        asking = asyncio.ensure_future(source.dial("101", "+380671234567", ref=REF))
        await server.heard("originate")
        await batches.aclose()
        with pytest.raises(UnsureError):
            await asking


async def test_without_a_host_it_only_reads_the_history() -> None:
    with pytest.raises(ValueError, match="HOST needs USERNAME and SECRET"):
        settings(AmiServer(port=5038), secret=None)
    async with plain_http() as http:
        plain = create_mikopbx("miko", settings(AmiServer(port=5038), host=""), http=http)
        able = create_mikopbx("miko", settings(AmiServer(port=5038)), http=http)
    assert not isinstance(plain, DialSource)
    assert isinstance(able, PhoneSource)
    assert isinstance(able, FeedSource)
    assert [[one.name for one in source.feeds] for source in (plain, able)] == [
        ["cdr"],
        ["cdr", "ami"],
    ]

"""A user of AMI who is told of no calls is found out, and a quiet PBX is not taken for that."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.clock import system_clock
from bot.domain.errors import SourceAuthError
from bot.sources.asterisk import ami, ami_hearing
from bot.sources.asterisk.live import AmiFeed
from tests.support.ami_server import SECRET, USER, AmiServer


def channel(uniqueid: str, event: str = "CoreShowChannel") -> bytes:
    lines = (
        *(f"Event: {event}", "Channel: PJSIP/provider-00000001", "ChannelState: 4"),
        *("CallerIDNum: 0671234567", "Context: from-trunk", "Exten: 0445550101"),
        *(f"Uniqueid: {uniqueid}", f"Linkedid: {uniqueid}", "", ""),
    )
    return "\r\n".join(lines).encode()


OLD, NEW, NEXT = "1795680000.1", "1795680100.2", "1795680200.3"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "PING_SECONDS", 0.02)
    monkeypatch.setattr(ami_hearing, "LIST_SECONDS", 0.1)
    # `moment` has whole seconds of the clock and a fraction that may be a second off.
    monkeypatch.setattr(ami_hearing, "TELLING_SECONDS", 1.2)


def feed_of(server: AmiServer) -> AmiFeed:
    settings = AsteriskSettings.model_validate(
        {
            "kind": "asterisk",
            "timezone": "UTC",
            "host": "127.0.0.1",
            "port": server.port,
            "username": USER,
            "secret": SECRET,
        }
    )
    return AmiFeed("pbx", settings, clock=system_clock)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)


def lists(server: AmiServer) -> int:
    return server.actions.count("coreshowchannels")


async def test_whoever_is_told_of_no_call_says_so_until_one_is_told() -> None:
    async with (
        AmiServer([[b""]], channels=[channel(OLD)]).running() as server,
        asyncio.timeout(20),
    ):
        feed = feed_of(server)
        async with aclosing(feed.read(None)) as batches:
            assert [not (await anext(batches)).readings for _ in range(2)] == [True, False]
            task = asyncio.ensure_future(anext(batches))
            await until(lambda: lists(server) > 2)
            server.channels = [*server.channels, channel(NEW)]
            with pytest.raises(SourceAuthError, match=r"not told of them: it needs read=.*call"):
                await task
        async with aclosing(feed.read(None)) as batches:
            task = asyncio.ensure_future(anext(batches))
            count = lists(server)
            await until(lambda: lists(server) > count + 3)
            assert not task.done()  # connected, and nothing is well yet
            await server.say(channel(NEXT, "Newchannel"))
            told = {getattr(one, "external_id", "") for one in (await task).readings}
            assert NEXT in told


async def test_one_that_hears_of_calls_is_asked_no_more() -> None:
    async with (
        AmiServer([[b""]]).running() as server,
        asyncio.timeout(20),
        aclosing(feed_of(server).read(None)) as batches,
    ):
        await anext(batches)
        task = asyncio.ensure_future(anext(batches))
        await until(lambda: lists(server) > 2)
        server.channels = [*server.channels, channel(NEW)]
        await until(lambda: lists(server) > 4)
        await server.say(channel(NEW, "Newchannel"))
        await task
        task = asyncio.ensure_future(anext(batches))
        pings, count = server.actions.count("ping"), lists(server)
        await until(lambda: server.actions.count("ping") > pings + 60)
        assert not task.done()
        assert lists(server) <= count + 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

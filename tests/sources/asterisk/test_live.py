"""The connection to a manager interface: login, TLS, silence, breaks, and what `check` says."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts
from bot.domain.clock import system_clock
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.asterisk import ami
from bot.sources.asterisk.live import AmiFeed
from tests.support.ami_recordings import (
    IAX2,
    PJSIP,
    calls_of,
    raw_packets,
    recorded,
    replay,
    timed,
    truth,
)
from tests.support.ami_server import CUT, SECRET, USER, AmiServer, Script
from tests.support.places import DATA

TLS = DATA / "asterisk" / "tls"


def settings(server: AmiServer, **values: object) -> AsteriskSettings:
    known = {
        "kind": "asterisk",
        "timezone": "UTC",
        "host": "127.0.0.1",
        "port": server.port,
        "username": USER,
        "secret": SECRET,
    }
    return AsteriskSettings.model_validate(known | values)


def feed_of(server: AmiServer, **values: object) -> AmiFeed:
    return AmiFeed("pbx", settings(server, **values), clock=system_clock)


async def heard(feed: AmiFeed, until: int) -> list[CallFacts]:
    """What the feed says until so many calls are over, through breaks of the connection."""
    stated: list[CallFacts] = []
    async with asyncio.timeout(20):
        while True:
            try:
                async with aclosing(feed.read(None)) as batches:
                    async for batch in batches:
                        stated += [one for one in batch.readings if isinstance(one, CallFacts)]
                        calls = calls_of(stated).values()
                        if sum(one.ended_at is not None for one in calls) >= until:
                            return stated
            except SourceError:
                await asyncio.sleep(0)


async def check(server: AmiServer, **values: object) -> str:
    return await AmiFeed("pbx", settings(server, **values), clock=system_clock).check()


@pytest.mark.parametrize("name", [IAX2, PJSIP])
async def test_a_recording_is_heard_over_the_wire(name: str) -> None:
    async with AmiServer([raw_packets(name)]).running() as server:
        stated = await heard(feed_of(server), len(truth(name)))
    assert len(calls_of(stated)) == len(truth(name))
    [login] = server.logins
    assert (login["authtype"], "secret" in login) == ("MD5", False)
    assert login["events"] == "system,call,agent,cdr"


async def test_a_line_that_is_cut_anywhere_is_taken_up_again() -> None:
    """Each time inside a packet, whose rest comes when the line is there again."""
    raw = raw_packets(PJSIP)
    data = b"".join(raw)
    places = sorted({len(data) * part // 23 + part for part in range(1, 23)})
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, None], strict=True)]
    scripts: list[Script] = [[piece, 0.02, CUT] for piece in pieces[:-1]]
    async with AmiServer([*scripts, [pieces[-1]]]).running() as server:
        feed = feed_of(server)
        stated: list[CallFacts] = []
        async with asyncio.timeout(20):
            while not server.told.is_set():
                try:
                    async with aclosing(feed.read(None)) as batches:
                        async for batch in batches:
                            stated += [x for x in batch.readings if isinstance(x, CallFacts)]
                            if server.told.is_set():
                                break
                except SourceError:
                    pass
    assert len(server.logins) == 23
    whole, calls = calls_of(replay(timed(recorded(PJSIP)))), calls_of(stated)
    assert len(calls) > 8
    assert set(calls) <= set(whole)
    over = {key: one for key, one in calls.items() if not one.status.is_live}
    assert {key: one.talked for key, one in over.items()} == {
        key: whole[key].talked for key in over
    }


async def test_what_was_not_kept_is_said_again() -> None:
    async with AmiServer([raw_packets(PJSIP)[:30], [b""]]).running() as server:
        feed = feed_of(server)
        async with asyncio.timeout(10), aclosing(feed.read(None)) as batches:
            async for batch in batches:
                if batch.readings:
                    break  # the disk is full
        async with asyncio.timeout(10), aclosing(feed.read(None)) as batches:
            again = await anext(batches)
    assert list(again.readings) == list(batch.readings)


async def test_whoever_stops_listening_closes_the_connection() -> None:
    async with AmiServer([[b""]]).running() as server:
        async with aclosing(feed_of(server).read(None)) as batches:
            await anext(batches)
            assert server.open == 1
        async with asyncio.timeout(5):
            while server.open:  # noqa: ASYNC110 - the server notices
                await asyncio.sleep(0.01)


async def test_a_silent_line_is_pinged_and_a_dead_one_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ami, "PING_SECONDS", 0.1)
    monkeypatch.setattr(ami, "SILENT_SECONDS", 0.25)
    async with (
        AmiServer([[b""]]).running() as server,
        asyncio.timeout(10),
        aclosing(feed_of(server).read(None)) as batches,
    ):
        await anext(batches)
        task = asyncio.ensure_future(anext(batches))
        while server.actions.count("ping") < 4:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        assert not task.done()
        server.answers_pings = False
        with pytest.raises(SourceError, match="does not answer any more"):
            await task


async def test_nothing_is_lost_while_nobody_has_time() -> None:
    """Asterisk hangs up on who does not read: so all is read, and waits here."""
    packet = b"Event: Newstate\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nX: " + b"x" * 500 + b"\r\n\r\n"
    many = raw_packets(PJSIP) + [packet] * 20_000
    async with AmiServer([many]).running() as server, asyncio.timeout(30):
        feed = feed_of(server)
        stated: list[CallFacts] = []
        async with aclosing(feed.read(None)) as batches:
            await anext(batches)
            await server.told.wait()  # all was sent while this was busy
            async for batch in batches:
                stated += [one for one in batch.readings if isinstance(one, CallFacts)]
                if len(calls_of(stated)) == 13:
                    break
    assert len(calls_of(stated)) == 13


async def test_check_says_what_is_there() -> None:
    async with AmiServer().running() as server:
        assert await check(server) == "Asterisk Call Manager/11.0.0, logged in as bot"
        server.read_classes = "system,call"
        assert "does not hear agent, cdr" in await check(server)
        server.read_classes = None
        assert "if no call comes, its read= in manager.conf lacks `call`" in await check(server)
        server.read_classes = "all"
        assert (await check(server)).endswith("as bot")


async def test_check_says_what_is_wrong_and_what_to_do() -> None:
    async with AmiServer().running() as server:
        with pytest.raises(SourceAuthError, match="SOURCES__PBX__SECRET") as refused:
            await check(server, secret="a wrong one")
        assert "a wrong one" not in str(refused.value)
        server.read_classes = "cdr"
        with pytest.raises(SourceAuthError, match=r"does not hear system, call, agent: .*read="):
            await check(server)
        server.may_list = False
        with pytest.raises(SourceAuthError, match="write=system"):
            await check(server)
        server.banner = b"Asterisk Call Manager/1.3\r\n"
        with pytest.raises(SourceError, match="before 12"):
            await check(server)
        server.banner = b"SSH-2.0-OpenSSH_9.2\r\n"
        with pytest.raises(SourceError, match="no manager interface"):
            await check(server)
        with pytest.raises(SourceError, match="speaks no TLS"):
            await check(server, tls=True)
    with pytest.raises(SourceError, match=r"nobody listens at .*enabled=yes"):
        await check(server)


async def test_the_secret_goes_in_clear_only_where_nobody_else_hears_it() -> None:
    async with AmiServer(takes_md5=False).running() as server:
        assert "logged in" in await check(server)
    [login] = server.logins
    assert login["secret"] == SECRET
    async with _on_all_addresses(AmiServer(takes_md5=False)) as (server, host):
        with pytest.raises(SourceAuthError, match="not sent in clear"):
            await check(server, host=host)
        assert "login" not in server.actions


@asynccontextmanager
async def _on_all_addresses(server: AmiServer) -> AsyncIterator[tuple[AmiServer, str]]:
    """The same loopback under a name that does not say so."""
    async with server.running():
        yield server, "localhost.localdomain" if _resolves("localhost.localdomain") else "127.1"


def _resolves(name: str) -> bool:
    try:
        return socket.gethostbyname(name) == "127.0.0.1"
    except OSError:
        return False


async def test_tls_with_a_certificate_that_is_checked() -> None:
    cert = TLS / "certificate.pem"  # of pbx.example, which signed it itself
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, TLS / "key.pem")
    async with AmiServer([raw_packets(PJSIP)]).running(tls=context) as server:
        trusted = {"tls": True, "tls_ca": str(cert), "tls_host": "pbx.example"}
        stated = await heard(feed_of(server, **trusted), 13)
        assert len(calls_of(stated)) == 13
        with pytest.raises(SourceError, match=r"is not trusted .*TLS_CA"):
            await check(server, tls=True, tls_host="pbx.example")
        with pytest.raises(SourceError, match=r"is not trusted .*TLS_HOST"):
            await check(server, tls=True, tls_ca=str(cert))
        with pytest.raises(SourceError, match="TLS_CA: no such file"):
            await check(server, tls=True, tls_ca=str(cert) + ".none")


def test_a_host_needs_a_login() -> None:
    with pytest.raises(ValueError, match="HOST needs USERNAME and SECRET"):
        AsteriskSettings(kind="asterisk", host="pbx")
    with pytest.raises(ValueError, match="one line"):
        AsteriskSettings(kind="asterisk", host="pbx\r\nAction: Command")

"""An Asterisk that is listened to: what happens there is in chat."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.people import Role
from tests.support.ami_events import START, Asterisk
from tests.support.ami_server import SECRET, USER, AmiServer
from tests.support.lost_calls import alert_of
from tests.support.running import OLENA, Office, running_office
from tests.support.telegram import RunningClock


def source_of(server: AmiServer) -> dict[str, object]:
    login = {"host": "127.0.0.1", "port": server.port, "username": USER, "secret": SECRET}
    return {"pbx": {"kind": "asterisk", "timezone": "UTC", **login}}


async def tell(server: AmiServer, pbx: Asterisk) -> None:
    await server.say(*(data for _, data in pbx.said()))
    pbx.events.clear()


def stored(office: Office) -> list[tuple[str, str | None]]:
    return [tuple(row) for row in office.rows("SELECT status, extension FROM calls ORDER BY id")]


async def test_a_missed_call_is_told_and_the_next_talk_closes_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        AmiServer().running() as server,
        running_office(tmp_path, clock=RunningClock(START), sources=source_of(server)) as office,
    ):
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await server.heard("coreshowchannels")
        pbx = Asterisk(now=office.clock())
        client = pbx.client()
        phone = pbx.dial(client, "PJSIP/101")
        await tell(server, pbx)
        while not stored(office):
            await office.ask(boss, "/log")
        assert stored(office) == [("connecting_operator", None)]
        pbx.end_dial(client, phone, "CANCEL")
        pbx.hang_up(client, phone)
        await tell(server, pbx)
        for user in (boss, olena):
            assert "+380 67 111 22 33" in (await alert_of(user)).text
        pbx.wait(2)
        again = pbx.client()
        phone = pbx.dial(again, "PJSIP/101")
        pbx.talk(again, phone, "b")
        await tell(server, pbx)
        assert "Відповіли: " in (await alert_of(boss, "Клієнт додзвонився")).text
        pbx.hang_up(phone, again)
        await tell(server, pbx)
    assert SECRET not in caplog.text


async def test_a_connection_that_breaks_is_made_again(tmp_path: Path) -> None:
    async with AmiServer([[None], [b""]]).running() as server:
        clock = RunningClock(START)
        async with running_office(tmp_path, clock=clock, sources=source_of(server)) as office:
            boss = await office.administrator()
            async with asyncio.timeout(10):
                while len(server.logins) < 2:  # noqa: ASYNC110 - the bot comes by itself
                    await asyncio.sleep(0.02)
            pbx = Asterisk(now=office.clock())
            client = pbx.client()
            pbx.hang_up(client)
            await tell(server, pbx)
            assert "+380 67 111 22 33" in (await alert_of(boss)).text

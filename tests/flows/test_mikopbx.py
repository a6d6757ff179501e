"""MikoPBX from its call history to the message in chat, and back: ☎️ over its AMI."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.demo.pbx.asterisk.channels import as_bytes
from bot.domain.people import Role
from bot.sources.times import local_text
from tests.support.ami_server import SECRET, USER, AmiServer
from tests.support.dialling import progress_of, said_of_calls
from tests.support.engines import ONLY_SQLITE
from tests.support.kyiv import KYIV
from tests.support.lost_calls import NOW, alert_of, pressed
from tests.support.mikopbx_server import CERTIFICATE, KEY, MikopbxServer, cdr_row, own_certificate
from tests.support.running import OLENA, Office, running_office
from tests.support.telegram import Clock

pytestmark = ONLY_SQLITE

MISSED, ANSWERED = f"mikopbx-{int(NOW) - 60}.1", f"mikopbx-{int(NOW) - 50}.7"
A_MINUTE_AGO = local_text(int(NOW) - 60, KYIV)
OUTWARD: dict[str, Any] = {
    "did": "",
    "src_num": "101",
    "dst_num": "0671234567",
    "from_account": "101",
    "to_account": "SIP-TRUNK-66453e4b",
}


async def test_a_call_in_pieces_is_told_of_as_what_it_was(tmp_path: Path) -> None:
    """One is missed. Of the other the IVR is there first, and then who answered: no alert."""
    server = MikopbxServer(
        rows=[
            cdr_row(1, MISSED, A_MINUTE_AGO),
            cdr_row(
                *(2, ANSWERED, A_MINUTE_AGO), src_num="380501112233", is_app="1", dst_num="2002"
            ),
        ],
        now=local_text(int(NOW), KYIV),
    )
    answered = cdr_row(
        *(3, ANSWERED, A_MINUTE_AGO), src_num="380501112233", seconds=40, answered=9
    )
    server.fail(500, '{"result": false, "messages": {"error": ["locked"]}}')
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE.read_text())
    async with server.running(ssl_context=own_certificate()) as url:
        source = {
            "kind": "mikopbx",
            "key": KEY,
            "api_url": url,
            "fingerprint": hashlib.sha256(der).hexdigest(),
        }
        server.coming.append(answered)
        async with running_office(tmp_path, clock=Clock(NOW), sources={"miko": source}) as office:
            admin = await office.administrator()
            await admin.wait_for(lambda one: "+380 67 123 45 67" in one.text, timeout=12)
            await office.nothing_due()
            rows = office.rows("SELECT external_id, status FROM calls ORDER BY external_id")
            assert rows == [(MISSED, "missed"), (ANSWERED, "answered")]
            assert office.rows("SELECT count(*) FROM cases") == [(1,)]


@pytest.mark.long
async def test_a_client_is_called_back_over_ami_and_the_history_tells_the_rest(
    tmp_path: Path,
) -> None:
    server = MikopbxServer(rows=[cdr_row(1, MISSED, A_MINUTE_AGO)], now=local_text(int(NOW), KYIV))
    async with dialling_office(tmp_path, server) as (office, ami, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await pressed(olena, await alert_of(olena), "☎️")
        await progress_of(olena, "Дзвонить 101")
        call_id = await originated(ami)
        clock.advance(4)
        await ami.say(originate_response(call_id, "Success", 4))
        await progress_of(olena, "Гудки клієнтові…")
        clock.advance(6)
        await ami.say(dial_end(call_id, "ANSWER"))
        await progress_of(olena, "Розмова з ")
        clock.advance(130)
        begun = local_text(int(NOW) + 5, KYIV)
        wish = {**OUTWARD, "appname": "originate"}
        server.rows += [
            cdr_row(2, call_id, local_text(int(NOW), KYIV), seconds=5, **wish),
            cdr_row(3, call_id, begun, seconds=135, answered=5, **OUTWARD),
        ]
        await progress_of(olena, "Поговорили 2:10", seconds=15)
        assert office.rows(
            "SELECT c.external_id, c.direction, c.extension, c.client, c.wait, c.talk "
            "FROM calls AS c JOIN dials AS d ON d.call_id = c.id"
        ) == [(call_id, "out", "101", "+380671234567", 5, 130)]
        assert office.rows("SELECT count(*) FROM calls") == [(2,)]
        assert office.rows("SELECT state FROM cases") == [("called_back",)]
        await office.nothing_due()
        assert [one[0] for one in said_of_calls(office.telegram, olena)] == ["🔔", "🔔", "🗣", "✅"]


@pytest.mark.long
async def test_of_a_call_that_was_not_confirmed_the_history_tells_whether_it_was_made(
    tmp_path: Path,
) -> None:
    """101 is not picked up for one client; for another MikoPBX does not say what it did."""
    other = "380501112233"
    server = MikopbxServer(
        rows=[cdr_row(1, MISSED, A_MINUTE_AGO), cdr_row(2, ANSWERED, A_MINUTE_AGO, src_num=other)],
        now=local_text(int(NOW), KYIV),
    )
    async with dialling_office(tmp_path, server) as (office, ami, clock):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await pressed(olena, await alert_of(olena, "67 123 45 67"), "☎️")
        in_vain = await originated(ami)
        await ami.say(originate_response(in_vain, "Failure", 3))
        await progress_of(olena, "не підняли слухавку")
        clock.advance(20)
        ami.answers_originate = False
        await pressed(olena, await alert_of(olena, "50 111 22 33"), "☎️")
        await originated(ami, 2)
        await ami.hang_up()
        await progress_of(olena, "невідомо, чи почався дзвінок")
        begun = local_text(int(NOW) + 25, KYIV)
        its_own = f"mikopbx-{int(NOW) + 22}.81"
        rang = {"appname": "originate", "seconds": 30}
        server.rows += [
            cdr_row(3, in_vain, local_text(int(NOW), KYIV), **OUTWARD, **rang),
            cdr_row(4, its_own, begun, seconds=20, **{**OUTWARD, "dst_num": other}),
        ]
        clock.advance(30)
        await progress_of(olena, "Без відповіді, гудки 0:20", seconds=15)
        assert office.rows(
            "SELECT c.external_id FROM calls AS c JOIN dials AS d ON d.call_id = c.id"
        ) == [(its_own,)]
        assert office.rows("SELECT number, state, call_id IS NULL FROM dials ORDER BY id") == [
            ("+380671234567", "not_picked_up", 1),
            ("+380501112233", "unsure", 0),
        ]
        assert office.rows("SELECT count(*) FROM calls WHERE direction = 'out'") == [(1,)]
        assert office.rows("SELECT attempts FROM cases ORDER BY attempts") == [(0,), (1,)]


@asynccontextmanager
async def dialling_office(
    tmp_path: Path, server: MikopbxServer
) -> AsyncIterator[tuple[Office, AmiServer, Clock]]:
    clock = Clock(NOW)
    async with server.running() as url, AmiServer().running() as ami:
        login = {"host": "127.0.0.1", "port": ami.port, "username": USER, "secret": SECRET}
        source = {"kind": "mikopbx", "key": KEY, "api_url": url, **login}
        async with running_office(tmp_path, clock=clock, sources={"miko": source}) as office:
            await ami.heard("listcommands")
            yield office, ami, clock


async def originated(ami: AmiServer, count: int = 1) -> str:
    """The id of the call that was ordered."""
    async with asyncio.timeout(10):
        while len(ami.originated) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)
    return ami.originated[-1]["channelid"]


def originate_response(call_id: str, said: str, reason: int) -> bytes:
    packet = {"Event": "OriginateResponse", "ActionID": call_id, "Response": said}
    return as_bytes(packet | {"Reason": str(reason)})


def dial_end(call_id: str, status: str) -> bytes:
    """What became of the client's telephone."""
    leg = {"UniqueID": "mikopbx-1795427004.7", "DestUniqueID": "mikopbx-1795427005.9"}
    return as_bytes({"Event": "DialEnd", **leg, "DestLinkedID": call_id, "DialStatus": status})

"""A call of 3CX becomes a message in chat, by its CDR service and by its call log."""

import asyncio
from pathlib import Path

from bot.domain.people import Role
from tests.support.databases import rows
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import NOW, is_alert
from tests.support.running import OLENA, running_office
from tests.support.telegram import RunningClock
from tests.support.threecx_server import (
    CLIENT_ID,
    SECRET,
    ThreeCxServer,
    iso,
    passive_socket,
)

pytestmark = ONLY_SQLITE


async def test_a_line_of_the_cdr_service_is_told(tmp_path: Path) -> None:
    async with passive_socket() as (port, say, listened):
        pbx = {"kind": "threecx", "cdr_host": "127.0.0.1", "cdr_port": port, "timezone": "UTC"}
        clock = RunningClock(NOW)
        async with running_office(tmp_path, clock=clock, sources={"pbx": pbx}) as office:
            olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
            async with asyncio.timeout(10):
                await listened.wait()
            began, ended = (
                iso(NOW - ago)[:19].replace("-", "/").replace("T", " ") for ago in (40, 10)
            )
            say(
                f"Call 1,0001_1,,{began},,{ended},TerminatedBySrc,+380671234567,Ext.101,10000,101,"
                f"380445550101{',' * 15}\r\n"
            )
            alert = await olena.wait_for(is_alert)
            assert "67 123 45 67" in alert.text
            stored = rows(office.settings.database, "SELECT status, wait FROM calls")
            assert stored == [("missed", 30)]


async def test_a_segment_of_the_call_log_is_told(tmp_path: Path) -> None:
    async with ThreeCxServer().running() as server:
        pbx = {
            "kind": "threecx",
            "api_url": server.url,
            "client_id": CLIENT_ID,
            "secret": SECRET,
        }
        said = {"Answered": False, "RingingDuration": "PT20S", "TalkingDuration": "PT0S"}
        server.segment("a", NOW - 60, **said)
        clock = RunningClock(NOW)
        async with running_office(tmp_path, clock=clock, sources={"pbx": pbx}) as office:
            admin = await office.administrator()
            alert = await admin.wait_for(is_alert)
            assert "67 123 45 67" in alert.text
            stored = rows(office.settings.database, "SELECT status, wait FROM calls")
            assert stored == [("missed", 20)]

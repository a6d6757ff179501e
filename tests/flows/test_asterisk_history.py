"""An Asterisk whose file is followed: what is written there is in chat, after an outage too."""

from datetime import UTC, datetime
from pathlib import Path

from bot.domain.people import Role
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import alert_of
from tests.support.master_csv import linked, row
from tests.support.running import OLENA, running_office
from tests.support.telegram import RunningClock

pytestmark = ONLY_SQLITE

START = 1_795_427_000.0


def told(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def rang(number: int, at: float) -> bytes:
    """A call that 101 did not answer."""
    uniqueid = f"{int(START + at)}.{number}"
    extra = linked(uniqueid, uniqueid)
    return row(src="0671112233", start=told(at), end=told(at + 5), extra=extra)


def called_back(number: int, at: float) -> bytes:
    uniqueid = f"{int(START + at)}.{number}"
    return row(
        src="101",
        dst="0671112233",
        context="from-internal",
        channel="PJSIP/101-00000007",
        dstchannel="PJSIP/trunk-00000008",
        data="PJSIP/0671112233@trunk,300",
        start=told(at),
        answer=told(at + 2),
        end=told(at + 5),
        disposition="ANSWERED",
        extra=linked(uniqueid, uniqueid),
    )


async def test_what_is_written_is_told_and_after_a_restart_what_was_written_meanwhile(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Master.csv"
    path.touch()
    sources = {"pbx": {"kind": "asterisk", "timezone": "UTC", "master_csv": str(path)}}
    clock = RunningClock(START)
    async with running_office(tmp_path, clock=clock, sources=sources) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        with path.open("ab") as file:
            file.write(rang(1, -20))
        for user in (boss, olena):
            assert "+380 67 111 22 33" in (await alert_of(user)).text
        await office.stop()
        with path.open("ab") as file:
            file.write(called_back(2, -6))
        async with office.restarted():
            assert "Передзвонили" in (await alert_of(boss, "Передзвонили")).text
        rows = office.rows("SELECT external_id FROM calls ORDER BY id")
    assert [one for (one,) in rows] == [f"{int(START - 20)}.1", f"{int(START - 6)}.2"]

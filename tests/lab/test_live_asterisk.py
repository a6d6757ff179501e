"""A real Asterisk with its telephones, and the running bot: all they do is in the log and in chat.

Opt-in: `DZVINOK_LAB=FOLDER pytest -n 0 tests/lab/test_live_asterisk.py`, as root; the Asterisk is
installed into the folder, unless it is there. All plays take fifteen minutes.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.domain.merging import MergedCall
from bot.domain.people import Role
from storage.calls import parse_rang
from tests.lab.asterisk import AMI_PORT, DEAF, SECRET, USER, Asterisk, install, running
from tests.lab.company import Company, company
from tests.lab.phones import BUSY
from tests.lab.plays import HARDER, PLAYS
from tests.lab.plays.breaks import restarted
from tests.lab.plays.incoming import ONE, TWO
from tests.lab.record import play_all
from tests.support.asterisk_history import differences
from tests.support.dialling import progress_of
from tests.support.running import OLENA, Office, running_office
from tests.support.telegram import RunningClock

ROOT = os.environ.get("DZVINOK_LAB", "")
SETTLED = 40.0
"""Seconds after the last call within which everything is told."""

CLOCKS = 2.0

pytestmark = pytest.mark.skipif(
    not ROOT or os.geteuid() != 0,
    reason="NO REAL ASTERISK WAS TRIED: set DZVINOK_LAB to a folder for it, and be root",
)


@asynccontextmanager
async def everything(
    directory: Path, *, network: int, user: str = USER
) -> AsyncIterator[tuple[Company, Office]]:
    """The Asterisk, its people, and the bot that listens to it and follows its file."""
    await asyncio.to_thread(install, Path(ROOT))
    async with running(Path(ROOT), network=network) as asterisk, company(asterisk) as at:
        clock = RunningClock(time.time())
        sources = {"pbx": source_of(asterisk, user)}
        async with running_office(directory, clock=clock, sources=sources) as office:
            await office.administrator()
            await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
            await is_heard(asterisk, user)
            yield at, office


def source_of(asterisk: Asterisk, user: str) -> dict[str, object]:
    return {
        "kind": "asterisk",
        "timezone": "UTC",
        "host": asterisk.host,
        "port": AMI_PORT,
        "username": user,
        "secret": SECRET,
        "master_csv": str(asterisk.master_csv),
    }


async def is_heard(asterisk: Asterisk, user: str = USER) -> None:
    """Wait until the bot listens."""
    async with asyncio.timeout(SETTLED):
        while user not in await asterisk.command("manager show connected"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def stored(office: Office) -> list[MergedCall]:
    """The calls that are over."""
    names = (
        *("external_id", "direction", "status", "caller_number", "callee_number", "line", "queue"),
        *("extension", "rang", "started_at", "answered_at", "ended_at", "ended_by", "lost"),
    )
    sql = f"SELECT {', '.join(names)} FROM calls WHERE ended_at IS NOT NULL"
    calls = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in office.rows(sql)]
    for call in calls:
        call.rang, call.lost = parse_rang(call.rang), bool(call.lost)
        if call.status == "missed_called_back":
            call.status = "missed"
    return [cast(MergedCall, call) for call in calls]


def wrong(office: Office, true: dict[str, Any]) -> dict[str, object]:
    """What is told of a call otherwise than it was."""
    began = datetime.fromisoformat(true["started_at"]).timestamp()

    def is_it(call: MergedCall) -> bool:
        client = call.caller_number if true["direction"] == "in" else call.callee_number
        number = true["customer"] or true.get("callee") or ""
        is_same = (client or "").endswith(number) if number else not client
        return call.direction == true["direction"] and is_same

    def away(call: MergedCall) -> float:
        return abs(call.started_at + 0.5 - began)  # its second is cut off

    call = min(filter(is_it, stored(office)), key=away, default=None)
    if call is None or away(call) > CLOCKS:
        return {"": "it is not told of"}
    found: dict[str, object] = dict(differences(call, true))
    if call.ended_by not in (true["ended_by"], *true.get("fair", {}).get("ended_by", [])):
        found["ended_by"] = (call.ended_by, true["ended_by"])
    return found


async def settled(at: Company, office: Office) -> dict[str, dict[str, object]]:
    """What is wrong of which play, once all is told: live, and by the rows written after it."""
    true = [one.call for one in at.truths if one.call.get("client_was_called", True)]
    until = time.monotonic() + SETTLED
    while time.monotonic() < until and any("" in wrong(office, one) for one in true):  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    await asyncio.sleep(6)  # a row of the file waits for others for three seconds
    await office.nothing_due(60)
    return {one["play"]: found for one in true if (found := wrong(office, one))}


def told(office: Office) -> str:
    """All that Olena and the administrator were told, without spaces."""
    sent = office.telegram.calls("sendMessage") + office.telegram.calls("editMessageText")
    return "".join(str(one.params["text"]) for one in sent if one.is_ok).replace(" ", "")


async def test_every_play_is_in_the_log_as_it_was_and_who_was_missed_in_chat(
    tmp_path: Path,
) -> None:
    async with everything(tmp_path, network=81) as (at, office):
        await play_all(at, PLAYS)
        assert await settled(at, office) == {}
        said = told(office)
        missed = [one.call for one in at.truths if one.call["missed"] and one.call["customer"]]
        assert len(missed) > 15
        assert [one["play"] for one in missed if f"+38{one['customer']}" not in said] == []


async def test_a_client_is_called_back_from_chat(tmp_path: Path) -> None:
    async with everything(tmp_path, network=84) as (at, office):
        olena = office.telegram.user(OLENA)
        client = at.client("0671112531", ONE)
        await at.rings("101", number="0671112531")
        await client.hang_up()
        alert = await olena.wait_for(lambda one: "671112531" in one.text.replace(" ", ""), 30)
        await (await olena.click(alert, "☎️")).answered()
        own = await at.answers("101", after=2)
        await progress_of(olena, "Дзвонить 101")
        outside = await at.world.rings("0671112531")
        await progress_of(olena, "Гудки клієнтові")
        await asyncio.sleep(2)
        outside.answer()
        await progress_of(olena, "Розмова з")
        await asyncio.sleep(3)
        await outside.hang_up()
        await own.is_over()
        await progress_of(olena, "Поговорили 0:0")
        assert office.rows("SELECT state FROM cases") == [("called_back",)]
        await (await olena.click(await progress_of(olena, "Поговорили"), "📄")).answered()
        client = at.client("0671112532", ONE)
        await at.rings("101", number="0671112532")
        await client.hang_up()
        alert = await olena.wait_for(lambda one: "671112532" in one.text.replace(" ", ""), 30)
        await (await olena.click(alert, "☎️")).answered()
        [own] = await at.rings("101")
        own.refuse(BUSY)
        await progress_of(olena, "101 зайнято")


async def test_harder_plays_are_in_the_log_as_they_were(tmp_path: Path) -> None:
    async with everything(tmp_path, network=84) as (at, office):
        await play_all(at, HARDER)
        assert await settled(at, office) == {}


async def test_what_a_restart_of_asterisk_cuts_off_ends_by_the_system(tmp_path: Path) -> None:
    async with everything(tmp_path, network=82) as (at, office):
        await restarted(at)
        assert await settled(at, office) == {}
        assert "+380671112512" in told(office)


async def test_what_happened_while_the_bot_was_away_is_read_afterwards(tmp_path: Path) -> None:
    async with everything(tmp_path, network=83) as (at, office):
        first = at.client("0671112521", ONE)
        talking = await at.answers("101", number="0671112521")
        await asyncio.sleep(2)
        await office.stop()
        second = at.client("0671112522", TWO)
        await at.rings("102", number="0671112522")
        await asyncio.sleep(2)
        await second.hang_up()
        third = at.client("0671112523", TWO)
        answered = await at.answers("102", number="0671112523")
        await asyncio.sleep(2)
        await third.hang_up()
        unknown = {"ended_by": [None]}
        at.came_in(second, rang=["102"], fair={"line": [None], **unknown})
        at.came_in(third, rang=["102"], answered=answered, fair={"line": [None], **unknown})
        async with office.restarted():
            await is_heard(at.asterisk)
            await asyncio.sleep(1)
            await talking.hang_up()
            await first.is_over()
            at.came_in(first, rang=["101"], answered=talking, fair={"line": [None], **unknown})
            assert await settled(at, office) == {}
        assert "+380671112522" in told(office)


async def test_a_user_of_ami_who_is_told_of_no_calls_is_found_out(tmp_path: Path) -> None:
    async with everything(tmp_path, network=85, user=DEAF) as (at, office):
        await asyncio.sleep(1)
        client = at.client("0671112531", ONE)
        await at.answers("101", number="0671112531")
        async with asyncio.timeout(90):
            while "isnottoldofthem" not in told(office):  # noqa: ASYNC110
                await asyncio.sleep(1)
        await client.hang_up()

"""Master.csv followed as it grows: cut anywhere, rotated in every way, gone and back."""

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Status
from bot.domain.errors import SourceError
from bot.domain.merging import MergedCall
from bot.sources.asterisk.csv_history import CsvHistory
from bot.sources.asterisk.followed_file import FollowedFile, Mark
from bot.sources.asterisk.history import FIRST_DAYS
from tests.support.asterisk_history import (
    EVERY,
    QUIET,
    ROWS_CANNOT_TELL,
    UNWRITTEN,
    Reading,
    differences,
    reading,
)
from tests.support.lab_recordings import RECORDED, truth
from tests.support.master_csv import linked, merged, read, row

MASTER = (RECORDED / "Master.csv").read_bytes()
LINES = MASTER.splitlines(keepends=True)
NOW = 1_795_700_000
CALLS = merged(read(MASTER))


def feed(path: Path, **settings: Any) -> CsvHistory:
    chosen = AsteriskSettings(kind="asterisk", timezone="UTC", master_csv=str(path), **settings)
    return CsvHistory("pbx", chosen, clock=lambda: NOW, every=EVERY, quiet=QUIET)


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lines))


def call(number: int, **cells: Any) -> bytes:
    """A missed call of its own."""
    uniqueid = f"{1795341600 + number}.1"
    return row(src=f"067123{number:04}", extra=linked(uniqueid, uniqueid), **cells)


def timed(number: int, at: int) -> bytes:
    start, end = (f"{datetime.fromtimestamp(one, UTC):%Y-%m-%d %H:%M:%S}" for one in (at, at + 5))
    uniqueid = f"{at}.{number}"
    return row(start=start, end=end, extra=linked(uniqueid, uniqueid))


def has_facts(count: int, read: Reading) -> bool:
    return len(read.facts) == count


def ids(read: Reading) -> list[str]:
    return [facts.external_id for facts in read.facts]


async def test_what_a_real_asterisk_wrote_is_the_truth_but_for_what_rows_cannot_tell(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Master.csv"
    shutil.copy(RECORDED / "Master.csv", path)
    async with reading(feed(path)) as read:
        calls = await read.until_calls(len(CALLS))
    assert read.rejects == []
    wrong = {}
    for true in truth("whole")["calls"]:
        if true["play"] in UNWRITTEN:
            assert true["linkedid"] not in calls
            continue
        found = differences(calls[true["linkedid"]], true)
        unknown = {"line"} if true["direction"] == "in" else set()
        if names := found.keys() - unknown - ROWS_CANNOT_TELL.get(true["play"], set()):
            wrong[true["play"]] = {name: found.get(name) for name in names}
    assert wrong == {}


async def test_rows_are_told_as_they_are_written_and_half_a_row_waits(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.touch()
    async with reading(feed(path)) as read:
        assert (await read.next()).readings == []
        append(path, call(1), call(2)[:40])
        await read.until(lambda read: len(read.facts) == 1)
        append(path, call(2)[40:], call(3))
        await read.until(lambda read: len(read.facts) == 3)
    assert read.rejects == []
    assert sorted(ids(read)) == ["1795341601.1", "1795341602.1", "1795341603.1"]
    assert read.read_until == NOW


async def test_rows_are_read_for_as_long_as_the_bot_runs_and_none_of_a_wrong_clock(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Master.csv"
    path.touch()
    now = [NOW]
    settings = AsteriskSettings(kind="asterisk", timezone="UTC", master_csv=str(path))
    history = CsvHistory("pbx", settings, clock=lambda: now[0], every=EVERY, quiet=QUIET)
    async with reading(history) as read:
        await read.next()
        now[0] += 30 * 86400
        append(path, timed(1, now[0] - 60), timed(2, now[0] + 3 * 86400))
        await read.until(lambda read: bool(read.facts and read.rejects))
    assert [facts.started_at for facts in read.facts] == [now[0] - 60]
    assert "the clock of the sender is wrong" in read.rejects[0].errors[0]


async def test_a_row_with_a_line_break_in_it_waits_for_its_second_half(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    named = call(1, clid='"two\nlines" <0671230001>')
    first, second = named.splitlines(keepends=True)
    path.write_bytes(call(0) + first)
    async with reading(feed(path)) as read:
        await read.next()
        append(path, second)
        await read.until(lambda read: len(read.facts) == 2)
        append(path, b'"a quote that stays open\n')
        await read.until(lambda read: len(read.rejects) == 1)
    assert read.rejects[0].place == 4


@pytest.mark.parametrize("cut", range(0, len(MASTER), len(MASTER) // 23))
async def test_a_stop_anywhere_loses_nothing_and_changes_nothing(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(MASTER[:cut])
    async with reading(feed(path)) as before:
        await before.until(lambda read: read.read_until is not None)
    append(path, MASTER[cut:])
    async with reading(feed(path), before.cursor) as after:
        after.facts += before.facts
        await after.until(lambda read: ends(read.calls()) == ends(CALLS))
    assert before.rejects + after.rejects == []
    calls = after.calls()
    in_parts = Counter(ids(after))
    for key, whole in CALLS.items():
        if in_parts[key] > 1:  # of two who talked, rows read apart may name the other one
            whole = replace(whole, extension=calls[key].extension)
        assert calls[key] == whole


def ends(calls: dict[str, MergedCall]) -> dict[str, int | None]:
    return {key: call.ended_at for key, call in calls.items()}


async def test_a_call_is_not_over_before_the_channel_it_began_with(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    member = row(channel="Local/101@from-queue-1;2", extra=linked("1795341610.2", "1795341601.1"))
    path.write_bytes(member)
    async with reading(feed(path)) as read:
        append(path, call(2))
        await read.until(lambda read: len(read.facts) == 1)
        assert ids(read) == ["1795341602.1"]
        append(path, call(1, app="Queue", data="500", disposition="ANSWERED", dstchannel=""))
        await read.until(lambda read: len(read.facts) == 2)
    assert read.facts[1].rang == ("101",)
    assert read.facts[1].status is Status.MISSED


async def test_a_row_that_comes_late_is_merged(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    talk = call(
        1, answer="2026-11-22 10:00:02", disposition="ANSWERED", dstchannel="PJSIP/102-00000003"
    )
    path.write_bytes(call(1))
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 1)
        append(path, talk)
        await read.until(lambda read: len(read.facts) == 2)
    assert ids(read) == ["1795341601.1"] * 2
    [merged_call] = read.calls().values()
    assert (merged_call.status, merged_call.extension) == (Status.ANSWERED, "102")


def rename(path: Path) -> None:
    path.rename(path.with_name("Master.csv.1"))


def rename_by_date(path: Path) -> None:
    path.rename(path.with_name("Master.csv-20261126"))


def pack(path: Path) -> None:
    with gzip.open(path.with_name("Master.csv.1.gz"), "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


def copy_and_truncate(path: Path) -> None:
    shutil.copy(path, path.with_name("Master.csv.1"))
    os.truncate(path, 0)


ROTATIONS = [rename, rename_by_date, pack, copy_and_truncate]


@pytest.mark.parametrize("rotate", ROTATIONS)
@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("is_made_anew_at_once", [True, False])
async def test_rotation_loses_nothing(
    rotate: Callable[[Path], None],
    is_running: bool,
    is_made_anew_at_once: bool,
    tmp_path: Path,
) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(call(1))
    (tmp_path / "Master.csv.bak").write_bytes(b"notes of somebody\n")
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 1)
        if is_running:
            append(path, call(2))
            rotate(path)
            if is_made_anew_at_once:
                append(path, *map(call, range(3, 30)))
            await read.until(lambda read: len(read.facts) >= 2)
            append(path, *map(call, range(30, 33)))
            await read.until(lambda read: "1795341632.1" in ids(read))
    if not is_running:
        append(path, call(2))
        rotate(path)
        append(path, *map(call, range(3, 33)))
        async with reading(feed(path), read.cursor) as again:
            await again.until(lambda read: "1795341632.1" in ids(read))
        read.facts += again.facts
        read.rejects += again.rejects
    wanted = {1, 2, *(range(3, 33) if is_made_anew_at_once or not is_running else range(30, 33))}
    assert sorted(ids(read)) == sorted(f"{1795341600 + n}.1" for n in wanted)
    assert read.rejects == []


async def test_a_file_copied_here_again_and_again_is_read_on(tmp_path: Path) -> None:
    """As `rsync` does it: another file each time, which begins as the one before."""
    path, copy = tmp_path / "Master.csv", tmp_path / ".Master.csv.x"
    append(path, call(1))
    async with reading(feed(path)) as read:
        for count in range(2, 5):
            append(copy, *[call(number) for number in range(1, count + 1)])
            copy.replace(path)
            await read.until(partial(has_facts, count))
    assert sorted(ids(read)) == [f"{1795341600 + number}.1" for number in range(1, 5)]


async def test_two_rotations_while_nobody_read_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(call(1))
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 1)
    append(path, call(2))
    path.rename(oldest := tmp_path / "Master.csv.2")
    path.write_bytes(call(3))
    path.rename(tmp_path / "Master.csv.1")
    os.utime(oldest, (1, 1))
    path.write_bytes(call(4))
    async with reading(feed(path), read.cursor) as again:
        await again.until(lambda read: len(read.facts) == 3)
    assert ids(again) == ["1795341602.1", "1795341603.1", "1795341604.1"]


async def test_a_file_emptied_without_a_copy_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(call(1) + call(2))
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 2)
        path.write_bytes(call(3))
        await read.until(lambda read: len(read.facts) == 3)


def test_a_file_that_is_gone_for_a_while_is_not_read_anew(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "Master.csv", tmp_path / "elsewhere"
    path.write_bytes(call(1))
    followed = FollowedFile(path, Mark())
    first = followed.more()
    assert first is not None
    path.rename(elsewhere)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            followed.more()
    elsewhere.rename(path)
    append(path, call(2))
    second = followed.more()
    assert second is not None
    assert (second.data, second.number) == (call(2), 2)


async def test_a_file_not_there_yet_is_told_of_and_one_that_was_is_waited_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cdr-csv" / "Master.csv"
    for folder in (False, True):
        if folder:
            path.parent.mkdir()
        async with reading(feed(path)) as read:
            with pytest.raises(SourceError, match="SOURCES__PBX__MASTER_CSV: there is no such"):
                await read.next()
    path.write_bytes(call(1))
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 1)
    path.unlink()
    async with reading(feed(path), read.cursor) as read:
        assert (await read.next()).readings == []
        path.write_bytes(call(2))
        await read.until(lambda read: len(read.facts) == 1)
    shutil.rmtree(path.parent)
    async with reading(feed(path), read.cursor) as read:
        with pytest.raises(SourceError, match="there is no such"):
            await read.next()


async def test_the_first_reading_goes_back_some_weeks_only(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    old, wanted = NOW - (FIRST_DAYS + 300) * 86400, NOW - 86400
    path.write_bytes(b"".join(moved(old + n * 60) for n in range(4000)) + moved(wanted))
    async with reading(feed(path)) as read:
        await read.until(lambda read: f"{wanted}.1" in ids(read))
    assert len(read.facts) < 2000
    async with reading(feed(path), '{"sql": 5}') as read:  # that of the other way of reading
        await read.until(lambda read: f"{wanted}.1" in ids(read))


async def test_a_bad_row_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(call(1) + b"\n" + call(2))
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 2)
    append(path, b"nonsense\n")
    async with reading(feed(path), read.cursor) as read:
        await read.until(lambda read: len(read.rejects) == 1)
    assert read.rejects[0].place == 4


async def test_the_columns_a_header_names_are_known_in_the_middle_of_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Master.csv"
    path.write_bytes(b"start,src,dst,channel,disposition,uniqueid\n")
    rows = [f"2026-11-22 10:00:0{n},06712300{n},044,PJSIP/t-1,NO ANSWER,17{n}.1\n" for n in "123"]
    append(path, rows[0].encode())
    async with reading(feed(path)) as read:
        await read.until(lambda read: len(read.facts) == 1)
    append(path, rows[1].encode(), rows[2].encode())
    async with reading(feed(path), read.cursor) as read:
        await read.until(lambda read: len(read.facts) == 2)
    assert read.rejects == []
    assert ids(read) == ["172.1", "173.1"]


async def test_a_check_says_in_a_line_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    with pytest.raises(SourceError, match="there is no such file; is cdr_csv on"):
        await feed(path).check()
    path.touch()
    assert (await feed(path).check()).endswith("Master.csv, empty so far")
    path.write_bytes(MASTER)
    assert "last call 2026-11-26" in await feed(path).check()
    kyiv = CsvHistory(
        "pbx", AsteriskSettings(kind="asterisk", master_csv=str(path)), clock=lambda: NOW
    )
    assert "is TIMEZONE=Europe/Kyiv the zone" in await kyiv.check()
    path.write_bytes(b"a,b,c\n")
    with pytest.raises(SourceError, match="no line of its end is a call; see COLUMNS"):
        await feed(path).check()


def moved(moment: int) -> bytes:
    """A call of that moment."""
    at = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return row(start=at, end=at, duration=0, extra=linked(f"{moment}.1", f"{moment}.1"))


def test_rows_say_nothing_of_who_hung_up() -> None:
    assert {one.ended_by for one in CALLS.values()} == {None}

"""Files of an export, as the program that makes them writes them: split, safe, flat in memory."""

import asyncio
import csv
import errno
import io
import json
import os
import pickle
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from aiogram.utils.i18n import I18n
from openpyxl import load_workbook

from bot.config.settings import Settings
from bot.domain.calls import CaseState, Direction, EndedBy, Party, Status
from bot.domain.exports import (
    ExportedCall,
    ExportError,
    ExportFault,
    ExportJob,
    ExportKind,
    ExportWords,
    fault_of,
)
from bot.domain.log import LogFilter
from bot.domain.people import EVERYTHING, Language
from bot.media.call_csv import text_cells
from bot.media.call_tables import COLUMNS, Cells
from bot.media.exports import Exporter
from bot.telegram.i18n import create_i18n
from bot.views import exports as views
from storage.calls import CallRepo
from storage.database import Where, open_database
from tests.support.databases import put_database, where
from tests.support.export_programs import export_programs
from tests.support.kyiv import KYIV, at
from tests.support.places import ROOT
from tests.support.statements import NOW, said

DANGEROUS = "=1+1", "+1+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "_x0041_", "<b>&", " a ", "\x01b"


@pytest.fixture
def i18n() -> I18n:
    return create_i18n(Language.UK)


def words(i18n: I18n, language: str = "uk") -> ExportWords:
    with i18n.context(), i18n.use_locale(language):
        return views.words("", None, who="Ганна", now=NOW, zone=KYIV)


async def stored(path: Path, count: int) -> Where:
    """A log with so many calls, each of a name of its own that a spreadsheet might run."""
    await put_database(path)
    async with open_database(where(path)) as database:
        facts = [
            said(
                external_id=f"a{number}",
                started_at=NOW - number * 60,
                caller=Party(DANGEROUS[number % len(DANGEROUS)], f"067{number:07}"),
            )
            for number in range(count)
        ]
        await CallRepo(database).record(facts, now=NOW)
    return where(path)


def job(found: Where, kind: ExportKind, said_in: ExportWords) -> ExportJob:
    return ExportJob(
        where=found,
        scope=EVERYTHING,
        log_filter=LogFilter(),
        kind=kind,
        words=said_in,
        zone=KYIV.key,
        at_once=50,
    )


async def made(asked: ExportJob) -> tuple[list[bytes], int]:
    """The files, and the peak of memory it took to make them."""
    told: list[tuple[int, int]] = []
    async with Exporter().files(asked, lambda rows, total: told.append((rows, total))) as files:
        assert told[0] == (0, files.rows)
        assert told[-1] == (files.rows, files.rows)
        parts = [b"".join([chunk async for chunk in part.read()]) for part in files.parts]
        return parts, files.memory


@pytest.mark.long
async def test_a_workbook_is_split_by_size_and_by_rows(tmp_path: Path, i18n: I18n) -> None:
    found = await stored(tmp_path / "dzvinok.db", 1000)
    asked = job(found, ExportKind.XLSX, words(i18n))
    [whole], _ = await made(asked)
    by_rows, _ = await made(replace(asked, file_rows=400))
    by_size, _ = await made(replace(asked, file_bytes=len(whole) // 3))
    assert len(by_rows) == 3
    assert len(by_size) > 1
    assert max(map(len, by_size)) < len(whole)
    for parts in ([whole], by_rows, by_size):
        numbers = []
        for place, part in enumerate(parts):
            book = load_workbook(io.BytesIO(part))
            head, *rows = book.worksheets[0].iter_rows(values_only=True)
            assert head[0] == "Час та дата"
            assert book.worksheets[0].auto_filter.ref == f"A1:Z{len(rows) + 1}"
            numbers += [row[-2] for row in rows]
            assert len(book.sheetnames) == (2 if place == len(parts) - 1 else 1)
        assert numbers == [f"a{number}" for number in range(1000)]
        totals = dict(load_workbook(io.BytesIO(parts[-1])).worksheets[1].values)
        assert totals["Усього дзвінків"] == 1000


async def test_the_totals_are_those_of_the_rows_in_the_words_of_the_rows(
    tmp_path: Path, i18n: I18n
) -> None:
    await put_database(tmp_path / "dzvinok.db")
    found = where(tmp_path / "dzvinok.db")
    async with open_database(found) as database:
        facts = [
            said(
                external_id=f"{direction}-{status}-{number}",
                direction=direction,
                status=status,
                caller=Party(number="101"),
                callee=Party(number="102"),
                started_at=NOW - number,
            )
            for direction in Direction
            for status in (Status.MISSED, Status.ANSWERED, Status.NO_ANSWER, Status.NO_CHANNELS)
            for number in range(1 + len(direction) + len(status))
        ]
        await CallRepo(database).record(facts, now=NOW)
    [book], _ = await made(job(found, ExportKind.XLSX, words(i18n)))
    calls, sheet = load_workbook(io.BytesIO(book)).worksheets
    rows = list(calls.iter_rows(min_row=2, values_only=True))
    told = [(name, count) for name, count in sheet.values if isinstance(count, int)]
    for place in (1, 2):  # the direction and the status
        of_rows = Counter(row[place] for row in rows)
        assert len(of_rows) == (3, 9)[place - 1]
        assert [told.count(pair) for pair in of_rows.items()] == [1] * len(of_rows)
    assert len(told) == 1 + 3 + 9


async def test_a_table_of_text_is_split_too_each_with_headings(tmp_path: Path, i18n: I18n) -> None:
    found = await stored(tmp_path / "dzvinok.db", 300)
    asked = job(found, ExportKind.CSV, words(i18n))
    [whole], _ = await made(asked)
    parts, _ = await made(replace(asked, file_bytes=len(whole) // 3))
    assert len(parts) > 1
    rows = []
    for part in parts:
        head, *some = csv.reader(io.StringIO(part.decode("utf-8-sig")), delimiter=";")
        assert head[0] == "Час та дата"
        rows += some
    assert len(rows) == 300


async def test_whatever_stands_in_a_cell_stays_a_text(tmp_path: Path, i18n: I18n) -> None:
    found = await stored(tmp_path / "dzvinok.db", len(DANGEROUS))
    [book], _ = await made(job(found, ExportKind.XLSX, words(i18n)))
    sheet = load_workbook(io.BytesIO(book)).worksheets[0]
    names = [row[3] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in names} == {"s"}
    with ZipFile(io.BytesIO(book)) as packed:
        xml = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    assert "_x005F_x0041_" in xml
    assert "&lt;b&gt;&amp;" in xml
    assert "\x01" not in xml

    [text], _ = await made(job(found, ExportKind.CSV, words(i18n)))
    reader = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=";")
    cells = [cell for row in list(reader)[1:] for cell in row]
    assert "'=1+1" in cells
    assert not any(cell.startswith(("=", "-", "@", "\t", "\r")) for cell in cells)


@pytest.mark.long
async def test_ten_times_the_calls_take_no_more_memory(tmp_path: Path, i18n: I18n) -> None:
    few = await stored(tmp_path / "few.db", 1000)
    many = await stored(tmp_path / "many.db", 10_000)
    for kind in ExportKind:
        _, of_few = await made(replace(job(few, kind, words(i18n)), at_once=500))
        _, of_many = await made(replace(job(many, kind, words(i18n)), at_once=500))
        assert 20_000 < of_few < 100_000, kind  # KiB, most of it libraries
        assert of_many < of_few + 8_000, kind  # the caches fill up meanwhile


async def test_the_bot_may_be_run_in_any_folder_and_its_database_be_told_from_there(
    tmp_path: Path, i18n: I18n, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    await stored(tmp_path / "data" / "dzvinok.db", 3)
    (tmp_path / "bot.py").write_text("raise SystemExit('this is no part of Dzvinok')")
    monkeypatch.chdir(tmp_path)
    relative = Settings.model_fields["database_path"].default
    assert not relative.is_absolute()
    [text], _ = await made(job(relative, ExportKind.CSV, words(i18n)))
    assert text.count(b"a2")


async def fault(asked: ExportJob) -> ExportFault:
    with pytest.raises(ExportError) as raised:
        await made(asked)
    return raised.value.fault


async def test_why_there_is_no_file_is_known(
    tmp_path: Path, i18n: I18n, caplog: pytest.LogCaptureFixture
) -> None:
    gone = job(tmp_path / "gone.db", ExportKind.CSV, words(i18n))
    assert await fault(gone) is ExportFault.AWAY
    assert "unable to open database file" in caplog.text
    found = await stored(tmp_path / "dzvinok.db", 5)
    for kind in ExportKind:
        whole = job(found, kind, words(i18n))
        assert await fault(replace(whole, zone="No/Where")) is ExportFault.CRASHED
        assert "No time zone found with key No/Where" in caplog.text
        assert await fault(replace(whole, all_bytes=1)) is ExportFault.TOO_LARGE
        assert await fault(replace(whole, seconds=0.001)) is ExportFault.SLOW


@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL])
async def test_the_limits_of_time_are_told_from_a_crash(
    tmp_path: Path, i18n: I18n, number: signal.Signals
) -> None:
    asked = job(await stored(tmp_path / "dzvinok.db", 200), ExportKind.CSV, words(i18n))

    def end_it(_rows: int, _total: int) -> None:
        for program in export_programs():
            os.kill(program, number)

    with pytest.raises(ExportError) as raised:
        async with Exporter().files(replace(asked, at_once=1), end_it):
            pass
    crashed = number == signal.SIGKILL
    assert raised.value.fault is (ExportFault.CRASHED if crashed else ExportFault.SLOW)


async def test_a_program_that_computes_without_end_is_ended_for_the_time_it_took() -> None:
    endless = (
        "import signal; from bot.media import limits; "
        "limits.limit_ourselves(limits.Limits(seconds=0.5, written=1)); "
        "signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"
    )
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", endless, cwd=ROOT)
    assert await program.wait() == -signal.SIGXCPU


async def test_one_that_stands_still_is_ended(
    tmp_path: Path, i18n: I18n, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.media.exports.GRACE_SECONDS", -1799.99)
    asked = job(await stored(tmp_path / "dzvinok.db", 5), ExportKind.CSV, words(i18n))
    assert await fault(asked) is ExportFault.SLOW
    assert export_programs() == set()


async def test_what_the_system_refuses_is_no_file_and_no_other_error(
    tmp_path: Path, i18n: I18n, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(await stored(tmp_path / "dzvinok.db", 5), ExportKind.CSV, words(i18n))
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        assert await fault(asked) is ExportFault.CRASHED
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tmp_path / "gone"))
        assert await fault(asked) is ExportFault.CRASHED


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (errno.ENOSPC, ExportFault.DISK),
        (errno.EDQUOT, ExportFault.DISK),
        (errno.EFBIG, ExportFault.TOO_LARGE),
        (errno.ENOMEM, ExportFault.CRASHED),
    ],
)
def test_what_a_refusal_of_the_system_means(number: int, meant: ExportFault) -> None:
    assert fault_of(OSError(number, "…")) is meant


async def test_the_log_tells_why_but_no_password(
    tmp_path: Path, i18n: I18n, caplog: pytest.LogCaptureFixture
) -> None:
    asked = job(tmp_path, ExportKind.CSV, words(i18n))
    addresses = [f"postgresql://bot:hunter2@127.0.0.1:{port}/calls" for port in ("1", "wrong")]
    faults = [fault(replace(asked, where=address)) for address in addresses]
    assert await asyncio.gather(*faults) == [ExportFault.AWAY] * 2
    assert 'connection to server at "127.0.0.1", port 1 failed' in caplog.text
    assert "DATABASE_URL" in caplog.text
    assert "hunter2" not in caplog.text


async def test_a_full_disk_is_said_to_be_one(tmp_path: Path, i18n: I18n) -> None:
    found = await stored(tmp_path / "dzvinok.db", 100)
    for kind in ExportKind:
        with Path("/dev/full").open("r+b") as full:  # noqa: ASYNC230 - no disk is waited for
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.exporting", str(full.fileno())),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(full.fileno(),),
            )
            told, _ = await program.communicate(pickle.dumps(job(found, kind, words(i18n))))
        assert json.loads(told.splitlines()[-1]) == {"failed": ExportFault.DISK}


async def test_what_was_written_has_no_name_on_the_disk(
    tmp_path: Path, i18n: I18n, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await stored(tmp_path / "dzvinok.db", 100)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    async with Exporter().files(
        job(found, ExportKind.XLSX, words(i18n)), lambda _rows, _total: None
    ) as files:
        assert files.rows == 100
        assert list(place.iterdir()) == []


@pytest.mark.parametrize(("room", "waits"), [(1, True), (10**6, False)])
async def test_none_is_made_while_much_is_being_sent(
    tmp_path: Path, i18n: I18n, room: int, waits: bool
) -> None:
    asked = job(await stored(tmp_path / "dzvinok.db", 5), ExportKind.CSV, words(i18n))
    exporter, made_too = Exporter(being_sent=room), asyncio.Event()

    async def export() -> None:
        async with exporter.files(asked, lambda _rows, _total: None):
            made_too.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        async with exporter.files(asked, lambda _rows, _total: None):
            tasks.create_task(export())
            if waits:
                await made(asked)  # elsewhere; so long it takes
                await made(asked)
                assert not made_too.is_set()
            else:
                await made_too.wait()
        await made_too.wait()


def a_call(**changes: object) -> ExportedCall:
    values: dict[str, Any] = dict.fromkeys(ExportedCall._fields)
    values |= {
        "id": 1,
        "source": "office",
        "external_id": "a",
        "direction": Direction.IN,
        "status": Status.MISSED,
        "started_at": NOW,
        "ended_by": EndedBy.UNKNOWN,
        **changes,
    }
    return ExportedCall(**values)


def test_each_word_has_its_column(i18n: I18n) -> None:
    for language in ("uk", "en"):
        said_in = words(i18n, language)
        assert len(said_in.headings) == len(COLUMNS) == len(set(said_in.headings))
        cells = Cells(said_in, KYIV)
        for direction in Direction:
            for status in Status:
                assert cells.of(a_call(direction=direction, status=status))[2]
        for state in CaseState:
            cells.of(a_call(fate=state))


def test_local_times_are_right_on_the_night_of_the_clocks() -> None:
    i18n = create_i18n(Language.UK)
    cells = Cells(words(i18n), KYIV)
    for hour in range(6 * 3600, 0, -900):
        moment = at("2026-10-25 06:00") - hour
        shown = text_cells(cells.of(a_call(started_at=moment)), is_comma=True)[0]
        local = datetime.fromtimestamp(moment, ZoneInfo("Europe/Kyiv"))
        assert shown == f"{local:%d.%m.%Y %H:%M:%S}"


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("+380671234567", "+380 67 123 45 67"),
        ("+14155552671", "+1 415 555 2671"),
        ("+380501", "'+380501"),
        ("0445550101", "044 5550101"),
        ("101", "101"),
        ("101, 102", "101, 102"),
        ("0101", "'0101"),
        ("00123", "001 23"),
        ("=1", "'=1"),
    ],
)
def test_numbers_in_a_table_of_text_keep_all_their_digits(written: str, cell: str) -> None:
    cells = Cells(words(create_i18n(Language.UK)), KYIV)
    row = text_cells(cells.of(a_call(caller_number=written)), is_comma=True)
    assert row[4] == cell


@pytest.mark.parametrize(
    ("code", "cell"),
    [
        ("101", "101"),
        ("00123", "'00123"),
        ("007", "'007"),
        ("0", "0"),
        ("1e3", "'1e3"),
        ("1234567890123456", "'1234567890123456"),
        ("000domainc261", "000domainc261"),
        ("-1", "'-1"),
    ],
)
def test_extensions_in_a_table_of_text_stay_as_they_are_dialled(code: str, cell: str) -> None:
    cells = Cells(words(create_i18n(Language.UK)), KYIV)
    row = text_cells(cells.of(a_call(extension=code, queue=code)), is_comma=True)
    shown = {name: value for (name, _, _), value in zip(COLUMNS, row, strict=True)}
    assert (shown["extension"], shown["queue"]) == (cell, cell)

"""`dzvinok backup`: a whole copy, or one line why not."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.support.databases import rows
from tests.support.full_disks import largest_file
from tests.support.lost_calls import lost_ago
from tests.support.places import DATA
from tests.support.processes import environment
from tests.support.running import running_office
from tests.support.terminals import Terminal, Wall

# backup


async def test_a_backup_while_the_bot_writes_is_whole(tmp_path: Path, terminal: Terminal) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        copy = terminal.directory / "copies" / "dzvinok.db"
        posted, is_done = 0, asyncio.Event()

        async def post() -> None:
            nonlocal posted
            while not is_done.is_set():
                batch = [lost_ago(f"{posted}-{place}", 86400 + place) for place in range(20)]
                await office.post(*batch)
                posted += 1
                office.telegram.telegram.changes.notify()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(post())
            for _ in range(3):
                enough = posted + 3
                await office.telegram.wait_until(partial(lambda least: posted >= least, enough))
                sure = posted
                done = await shell.beside("backup", copy, "--force")
                assert done.code == 0, done.err
                assert done.out == f"{copy}: {copy.stat().st_size} bytes\n"
                assert os.listdir(copy.parent) == ["dzvinok.db"]
                assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
                assert rows(copy, "PRAGMA journal_mode") == [("delete",)]
                [(count,)] = rows(copy, "SELECT count(*) FROM calls")
                assert count % 20 == 0, "a batch is there whole or not at all"
                assert sure * 20 <= count <= posted * 20 + 20
                assert rows(copy, "SELECT tg_id FROM employees") == [(1001,)]
            is_done.set()


def test_a_backup_of_no_database_is_one_line(terminal: Terminal) -> None:
    copy = terminal.directory / "copy.db"
    line = terminal.run("backup", copy).refusal()
    assert line == f"DATABASE_PATH: there is no database at {terminal.database}"
    assert not copy.exists()
    assert not terminal.database.exists()


def test_a_backup_that_cannot_be_written_is_one_line(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    (terminal.directory / "file").write_text("")
    for target in (terminal.directory / "file" / "copy.db", terminal.directory):
        line = terminal.run("backup", target).refusal()
        assert str(target) in line
    for nowhere in ("", ".", "/"):
        assert " is a folder: " in terminal.run("backup", nowhere).refusal()


def test_a_backup_onto_the_database_itself_is_refused(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    before = terminal.rows("SELECT external_id FROM calls ORDER BY 1")
    inode = terminal.database.stat().st_ino
    line = terminal.run("backup", terminal.database).refusal()
    assert str(terminal.database) in line
    assert terminal.database.stat().st_ino == inode
    assert terminal.rows("SELECT external_id FROM calls ORDER BY 1") == before


def test_the_copy_is_a_database_the_program_works_with(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    copy = terminal.directory / "copy.db"
    assert terminal.run("backup", copy).code == 0
    terminal.database.unlink()
    shutil.copy(copy, terminal.database)
    done = terminal.run("import", "office", DATA / "calls.jsonl")
    assert done.out == "3 unchanged; 0 lines rejected\n"


def test_a_file_that_is_there_is_replaced_only_by_force(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    copy = terminal.directory / "copy.db"
    with closing(sqlite3.connect(copy)) as older, older:
        older.execute("CREATE TABLE older (copy)")
    before = copy.read_bytes()
    line = terminal.run("backup", copy).refusal()
    assert line == f"{copy} is there already: choose another name, or add --force"
    assert copy.read_bytes() == before
    assert terminal.run("backup", copy, "--force").code == 0
    assert rows(copy, "SELECT count(*) FROM calls") == [(3,)]


def test_what_is_no_copy_is_not_replaced_even_by_force(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    notes = terminal.directory / "notes.txt"
    notes.write_text("BOT_TOKEN=…", encoding="utf-8")
    line = terminal.run("backup", notes, "--force").refusal()
    assert line == f"{notes} is no copy that could be replaced: choose another name"
    assert notes.read_text(encoding="utf-8") == "BOT_TOKEN=…"


def test_a_link_in_a_circle_is_refused(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    loop = terminal.directory / "loop"
    loop.symlink_to(loop)
    for force in ([], ["--force"]):
        assert "cannot be written" in terminal.run("backup", loop, *force).refusal()


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_no_file_of_the_database_is_overwritten(
    terminal: Terminal, ending: str, force: list[str]
) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    target = terminal.database.with_name(terminal.database.name + ending)
    other_way = terminal.directory / "sub" / ".." / target.name
    (terminal.directory / "sub").mkdir()
    for way in (target, other_way):
        line = terminal.run("backup", way, *force).refusal()
        assert "database" in line
        assert "another name" in line
    assert terminal.rows("SELECT count(*) FROM calls") == [(3,)]
    assert ending == "" or not target.exists()


def test_a_link_to_the_database_is_the_database(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    for name, link in (("soft.db", os.symlink), ("hard.db", os.link)):
        link(terminal.database, terminal.directory / name)
        line = terminal.run("backup", terminal.directory / name, "--force").refusal()
        assert "is the database itself" in line
    other = terminal.directory / "b.partial"
    shutil.copyfile(terminal.database, other)
    terminal.settings["DATABASE_PATH"] = str(other)
    assert "is the database itself" in terminal.run("backup", "b").refusal()


def test_the_files_of_a_database_behind_a_link_are_its_own(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    link = terminal.directory / "links" / "linked.db"
    link.parent.mkdir()
    link.symlink_to(terminal.database)
    for name in (terminal.database, link):
        for ending in ("", "-wal", "-shm", "-journal", ".lock"):
            target = name.with_name(name.name + ending)
            done = terminal.run("backup", target, "--force", DATABASE_PATH=str(link))
            assert "database" in done.refusal(), target
    assert terminal.rows("SELECT count(*) FROM calls") == [(3,)]


def test_a_copy_is_neither_a_part_of_another_copy_nor_in_use(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    copy = terminal.directory / "copy.db"
    assert terminal.run("backup", copy).code == 0
    for ending in ("-wal", "-shm", "-journal"):
        beside = terminal.directory / f"copy.db{ending}"
        line = terminal.run("backup", beside, "--force").refusal()
        assert line == f"{beside} is a part of the database {copy}: choose another name"
        beside.write_bytes(b"of whoever reads the copy")
        line = terminal.run("backup", copy, "--force").refusal()
        assert line.startswith(f"{copy} is in use: there is {beside}")
        beside.unlink()
    assert terminal.run("backup", copy, "--force").code == 0
    assert rows(copy, "SELECT count(*) FROM calls") == [(3,)]


def test_a_disk_that_is_full_leaves_no_half_a_copy(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    copy = terminal.directory / "copies" / "copy.db"
    with largest_file(65536):
        line = terminal.run("backup", copy).refusal()
    assert line.startswith(f"{copy} cannot be written: ")
    assert os.listdir(copy.parent) == []
    assert terminal.rows("SELECT count(*) FROM calls") == [(3,)]


def test_what_is_no_ordinary_file_stays_what_it_is(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    pipe = terminal.directory / "pipe"
    os.mkfifo(pipe)
    assert "no ordinary file" in terminal.run("backup", pipe, "--force").refusal()
    assert pipe.is_fifo()
    folder = terminal.run("backup", terminal.directory, "--force").refusal()
    assert folder.startswith(f"{terminal.directory} is a folder: ")


def test_a_database_of_postgresql_has_a_backup_of_its_own(terminal: Terminal) -> None:
    done = terminal.run("backup", "data/copy.dump", DATABASE_URL="postgresql://a:secret@db/calls")
    assert done.refusal() == (
        "DATABASE_URL: PostgreSQL has its own backup: "
        "pg_dump --format=custom --file=data/copy.dump DATABASE_URL"
    )

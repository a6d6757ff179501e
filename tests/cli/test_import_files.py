"""`dzvinok import`: whole files into the log, as often as one likes."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.import_files import import_files
from bot.demo.bot_api.server import BotApiServer
from bot.domain.calls import CaseState
from storage.database import open_database
from tests.support.lost_calls import is_alert, lost_ago
from tests.support.places import DATA
from tests.support.processes import environment
from tests.support.running import running_office, settings_for
from tests.support.stored_calls import StoredCalls
from tests.support.terminals import Terminal, Wall

MASTER = DATA / "asterisk" / "Master.csv"


# import


def test_import_of_an_asterisk_log_can_be_repeated(terminal: Terminal) -> None:
    expected = json.loads((DATA / "asterisk" / "expected.json").read_text(encoding="utf-8"))
    first = terminal.run("import", "pbx", MASTER)
    assert first.code == 0, first.err
    stored = terminal.rows("SELECT * FROM calls ORDER BY external_id")
    assert len(stored) == len(expected["calls"])
    assert first.out == f"{len(stored)} accepted; 0 lines rejected\n"
    assert first.err == "", "the file is in the time zone of the settings"
    again = terminal.run("import", "PBX", MASTER)
    assert "accepted" not in again.out
    assert "updated" not in again.out
    assert "unchanged" in again.out
    assert terminal.rows("SELECT * FROM calls ORDER BY external_id") == stored


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    done = terminal.run("import", "office", DATA / "calls.jsonl", "--dry-run")
    assert (done.code, done.out) == (0, "3 calls can be read, 0 lines cannot; nothing written\n")
    assert not terminal.database.exists()


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.csv"])
def test_import_of_our_own_files(terminal: Terminal, name: str) -> None:
    done = terminal.run("import", "office", DATA / name)
    assert (done.code, done.out) == (0, "3 accepted; 0 lines rejected\n")
    done = terminal.run("import", "office", DATA / "calls.jsonl", DATA / "calls.csv")
    assert (done.code, done.out) == (0, "6 unchanged; 0 lines rejected\n")
    assert terminal.rows("SELECT external_id, source FROM calls ORDER BY 1") == [
        (call_id, "office") for call_id in ("a1", "a2", "a3")
    ]


def test_a_bad_line_is_reported_and_the_rest_goes_in(terminal: Terminal) -> None:
    lines = (DATA / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line]
    lines.insert(1, '{"id": "a9", "direction": "sideways"}')
    file = terminal.directory / "calls.jsonl"
    file.write_text("\n".join([*lines, "{broken"]), encoding="utf-8")
    done = terminal.run("import", "office", file)
    assert (done.code, done.out) == (0, "3 accepted; 2 lines rejected\n")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [
        f"{file}:2",
        f"{file}:{len(lines) + 1}",
    ]
    assert terminal.rows("SELECT place FROM rejects ORDER BY place") == [(2,), (len(lines) + 1,)]
    file.write_text("{broken", encoding="utf-8")
    done = terminal.run("import", "office", file)
    assert done.code == 1, "nothing of it could be read"
    assert done.out == "no calls; 1 line rejected\n"
    assert done.err.splitlines()[-1] == f"dzvinok: {file}: no call could be read in it"
    assert terminal.rows("SELECT count(*) FROM rejects WHERE body = '{broken'") == [(1,)]
    done = terminal.run("import", "office", file, "--dry-run")
    assert (done.code, done.out) == (1, "0 calls can be read, 1 line cannot; nothing written\n")


@pytest.mark.parametrize("source", ["office", "pbx"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8b\x08 no text", b"nonsense\n"])
def test_a_file_without_a_call_is_no_success(
    terminal: Terminal, source: str, content: bytes
) -> None:
    file = terminal.directory / "nothing.csv"
    file.write_bytes(content)
    good = MASTER if source == "pbx" else DATA / "calls.jsonl"
    for files in ([file], [file, good], [good, file]):
        for option in ([], ["--dry-run"]):
            done = terminal.run("import", source, *files, *option)
            assert done.code == 1
            said = [line for line in done.err.splitlines() if line.startswith("dzvinok")]
            assert said == [f"dzvinok: {file}: no call could be read in it"]


def test_one_call_and_one_bad_line_are_not_plural(terminal: Terminal) -> None:
    file = terminal.directory / "calls.jsonl"
    first = (DATA / "calls.jsonl").read_text(encoding="utf-8").splitlines()[0]
    file.write_text(f"{first}\nbroken", encoding="utf-8")
    done = terminal.run("import", "office", file, "--dry-run")
    assert done.out == "1 call can be read, 1 line cannot; nothing written\n"
    assert terminal.run("import", "office", file).out == "1 accepted; 1 line rejected\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shop", MASTER], "SOURCES: no source named shop (known: office, pbx)"),
        (["pbx", "absent.csv", MASTER, "gone.csv"], "no such file: absent.csv, gone.csv"),
        (["pbx", DATA], f"{DATA} is a folder: name the files in it, oldest first"),
        (["pbx", MASTER, "/dev/null"], "/dev/null is no ordinary file: name files"),
    ],
)
def test_import_of_nothing_known_is_one_line(
    terminal: Terminal, words: list[object], told: str
) -> None:
    assert terminal.run("import", *words).refusal() == told
    assert not terminal.database.exists()


async def test_fresh_lost_calls_that_were_imported_are_alerted(
    tmp_path: Path, terminal: Terminal
) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        admin = await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        file = terminal.directory / "history.jsonl"
        calls = [lost_ago("old", 3700), lost_ago("older", 86400), lost_ago("fresh", 600)]
        file.write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
        done = await shell.beside("import", "office", file)
        assert done.out == "3 accepted; 0 lines rejected\n"
        alert = await admin.wait_for(is_alert, 15)
        assert "+380 67 000 06 00" in alert.text
        await shell.beside("import", "office", file)
        await office.stop()
        assert len(list(filter(is_alert, admin.messages()))) == 1
        assert shell.rows("SELECT state FROM outbox WHERE kind = 'case'") == [("sent",)]


ASTERISK = DATA / "asterisk"


async def test_the_recording_makes_exactly_the_cases_its_ground_truth_implies(
    tmp_path: Path,
) -> None:
    chosen = settings_for(tmp_path, BotApiServer(), bot_api_url="http://127.0.0.1")
    await import_files(
        chosen,
        "pbx",
        [ASTERISK / "Master.csv"],
        is_dry_run=False,
        clock=lambda: 1_795_384_000,
        console=Console(file=StringIO()),
    )
    async with open_database(chosen.database_path) as database:
        found = [
            (case.client, case.lost, case.attempts, case.state)
            for case in await StoredCalls(database).all_cases()
        ]
        assert sorted(found, key=str) == sorted(
            [
                ("+380671234567", 1, 0, CaseState.CALLED_BACK),  # click-to-call, a minute later
                ("+380509999999", 2, 1, CaseState.OPEN),  # busy, no channels; a cancelled dial
                (None, 1, 0, CaseState.OPEN),  # hidden, nobody's phone was registered
                ("+380671112233", 1, 0, CaseState.OPEN),
            ],
            key=str,
        )

"""`dzvinok move`: what it says of what it did, and of what it cannot do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.places import DATA, ROOT
from tests.support.postgres import postgres_database
from tests.support.terminals import Terminal

NEXT = (
    "Next: put this address into .env as DATABASE_URL and start the bot; "
    "{} stays as it is, until you delete it"
)


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as url:
        yield url


def test_a_move_says_what_is_there_and_what_comes_next(terminal: Terminal, url: str) -> None:
    assert terminal.run("import", "office", DATA / "calls.jsonl").code == 0
    place = url.rpartition("@")[2].partition("?")[0]
    done = terminal.run("move", url)
    assert done.code == 0
    assert done.err == ""  # no bar where there is no terminal
    first, last = done.lines
    assert first.endswith(
        f"with 3 calls are in {place} now; each was compared with {terminal.database}"
    )
    assert last == NEXT.format(terminal.database)

    again = terminal.run("move", url)
    assert again.code == 0
    first, last = again.lines
    assert first.startswith(f"all of {terminal.database} is in {place} already, ")
    assert first.endswith(" rows with 3 calls: nothing was changed")
    assert last == NEXT.format(terminal.database)

    done = terminal.run("import", "office", DATA / "calls.jsonl", DATABASE_URL=url)
    assert done.out == "3 unchanged; 0 lines rejected\n"


def test_the_address_of_the_command_goes_before_that_of_the_settings(
    terminal: Terminal, url: str
) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    done = terminal.run("move", url, DATABASE_URL="postgresql://127.0.0.1:1/nowhere")
    assert done.code == 0, done.err


def test_a_move_from_nowhere_or_to_nowhere_is_one_line(terminal: Terminal, url: str) -> None:
    line = terminal.run("move", url).refusal()
    assert line == f"DATABASE_PATH: there is no database at {terminal.database}"
    assert not terminal.database.exists()
    terminal.run("import", "office", DATA / "calls.jsonl")
    for address, told in (
        ("", "DATABASE_URL: empty; name a database of PostgreSQL"),
        ("dzvinok.db", "DATABASE_URL: expected an address like postgresql://"),
        ("mysql://u:secret@h/d", "DATABASE_URL: expected an address like postgresql://"),
        ("postgresql://u:secret@127.0.0.1:1/d", "DATABASE_URL: connection failed: "),
    ):
        line = terminal.run("move", address).refusal()
        assert line.startswith(told)
        assert "secret" not in line


@pytest.mark.parametrize("words", [("run",), ("check",), ("move", "postgresql:///x")])
def test_without_the_driver_it_is_said_how_to_install_it(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    script = (
        "import sys; sys.modules['psycopg'] = None; sys.argv = ['dzvinok', *sys.argv[1:]]; "
        "from bot.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=terminal.directory,
        env={**terminal.settings, "DATABASE_URL": "postgresql:///x", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = "DATABASE_URL: needs the extra `postgres`: pip install 'dzvinok[postgres]'"
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr

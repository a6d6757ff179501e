"""The commands: what their help says."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.terminals import Terminal

COMMANDS = ("run", "check", "invite", "import", "backup", "move", "try-mapping")


# Help


def test_help_and_version_do_not_wait_for_aiogram(tmp_path: Path) -> None:
    """Nor for anything else that takes seconds to import."""
    script = """
import sys
from typer.testing import CliRunner
from bot.__main__ import app
for words in (["--help"], ["--version"], *([name, "--help"] for name in sys.argv[1:])):
    assert CliRunner().invoke(app, words).exit_code == 0, words
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *COMMANDS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"aiogram", "aiohttp", "aiosqlite", "apscheduler", "babel", "httpx"} & set(
        done.stdout.split()
    )


def test_help_names_every_command(terminal: Terminal) -> None:
    shown = terminal.run("--help")
    assert shown.code == 0
    assert all(f" {name} " in shown.out for name in COMMANDS)
    assert terminal.run().out.strip().startswith("Usage")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(terminal: Terminal, command: str) -> None:
    shown = terminal.run(command, "--help", BOT_TOKEN="nonsense")
    assert shown.code == 0
    words = {
        "invite": ("--role", "--extension", "--name"),
        "import": ("SOURCE", "FILE", "--dry-run"),
        "backup": ("FILE",),
        "move": ("DATABASE_URL",),
    }
    for word in words.get(command, ()):
        assert word in shown.out.upper() or word in shown.out
    assert not terminal.database.exists()


def test_the_version_is_that_of_the_package(terminal: Terminal) -> None:
    assert terminal.run("--version").out == f"dzvinok {version('dzvinok')}\n"


def test_python_m_bot_is_the_same_command(terminal: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--version"],
        cwd=terminal.directory,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"dzvinok {version('dzvinok')}\n"

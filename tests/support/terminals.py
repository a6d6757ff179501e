"""A terminal in which the program's commands are typed."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from bot.__main__ import app
from tests.support.databases import rows
from tests.support.telegram import Clock


class Wall(Clock):
    """The real time: commands read the same clock as the bot they run beside."""

    def __call__(self) -> float:
        return time.time()


class Terminal:
    """`dzvinok …` typed in a directory, with settings in the environment only."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.directory = directory
        self.settings = settings

    @property
    def database(self) -> Path:
        return Path(self.settings["DATABASE_PATH"])

    def run(self, *words: object, **changes: str | None) -> "Output":
        """Run the command here, in this thread; a setting changed to None is not set."""
        strays = {name: None for name in os.environ if name not in {"PATH", "HOME"}}
        result = CliRunner().invoke(
            app, [str(word) for word in words], env=strays | self.settings | changes
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Output(result.exit_code, result.stdout, result.stderr)

    async def beside(self, *words: object, **changes: str | None) -> "Output":
        """The same beside a loop that goes on: Telegram or the bot runs here."""
        return await asyncio.to_thread(self.run, *words, **changes)

    def rows(self, sql: str) -> list[Any]:
        return rows(self.database, sql)


class Output:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def refusal(self) -> str:
        """The one line of a command that could not begin."""
        assert self.code == 1
        assert self.out == ""
        [line] = self.err.splitlines()
        assert line.startswith("dzvinok: ")
        return line.removeprefix("dzvinok: ")

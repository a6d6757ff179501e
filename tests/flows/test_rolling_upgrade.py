"""An old and a new program on one PostgreSQL: replicas are upgraded one after another."""

import re
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from storage.engine.postgres_schema import MIGRATIONS
from tests.support.crashing import lost_call
from tests.support.places import ROOT
from tests.support.plain_http import plain_http
from tests.support.postgres import check_installed, postgres_database
from tests.support.processes import BotProcess, environment, forked, run_forked, started
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

PATIENCE = 30.0
KNOWN = max(int(path.name[:4]) for path in MIGRATIONS.glob("*.sql"))

EXPAND = "-- expand\n" + "".join(
    f"ALTER TABLE {table} ADD COLUMN made_up BIGINT NOT NULL DEFAULT 0;\n"
    for path in sorted(MIGRATIONS.glob("*.sql"))
    for table in re.findall(r"^CREATE TABLE (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
)
"""A column more in every table."""

CONTRACT = "ALTER TABLE calls DROP COLUMN made_up;\n"


@pytest.fixture
def engine() -> str:
    """PostgreSQL alone: with a file there is one program."""
    check_installed()
    return "postgres"


class Company:
    """People, their calls, and the programs on one database."""

    def __init__(self, folder: Path, telegram: BotApiServer, http: httpx.AsyncClient) -> None:
        self.folder = folder
        self.http = http
        self.admin: User = telegram.user(ADMIN, "Адмін", language_code="uk", is_started=True)
        self.telegram = telegram
        self.settings: dict[str, str] = {}
        self._calls = 0

    def newer(self, *scripts: str) -> dict[str, str]:
        """The settings of a program that is ours, with these migrations more."""
        home = self.folder / f"newer{len(scripts)}"
        home.mkdir()
        for package in ("bot", "handlers", "keyboards"):
            (home / package).symlink_to(ROOT / package)
        shutil.copytree(ROOT / "storage", home / "storage")
        for number, script in enumerate(scripts, start=KNOWN + 1):
            path = home / "storage" / "migrations" / "postgres" / f"{number:04}_made_up.sql"
            path.write_text(script, encoding="utf-8")
        return {**self.settings, "PYTHONPATH": str(home)}

    async def is_served_by(self, bot: BotProcess) -> None:
        """A call that this one is told of is in chat, people take its client and read the log.

        It is whoever leads that people are answered by.
        """
        self._calls += 1
        number = f"06712345{self._calls:02}"
        call = lost_call(number, number, ["101"])
        answer = await self.http.post(f"{bot.url}/hooks/office/{HOOK_TOKEN}", json=call)
        assert answer.status_code == 200, answer.text
        await self.admin.wait_for(lambda one: _is_of(one, number), PATIENCE)
        sent = await self.admin.send("/log")
        log = await self.admin.wait_for(lambda one: one.id > sent.id, PATIENCE)
        assert _is_of(log, number)
        await (await self.admin.click(log, "1")).answered(PATIENCE)
        taken = await (await self.admin.click(log, "🙋")).answered(PATIENCE)
        assert taken.text == "Клієнт ваш"


def _is_of(message: Message, number: str) -> bool:
    return message.is_from_bot and number[1:] in message.text.replace(" ", "")


@pytest.fixture
async def company(tmp_path: Path, engine: str) -> AsyncIterator[Company]:
    del engine
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    with postgres_database() as url:
        async with telegram.running(), plain_http() as http:
            company = Company(tmp_path, telegram, http)
            company.settings = environment(tmp_path, telegram, DATABASE_URL=url)
            yield company
    assert telegram.violations == []


@pytest.mark.long
async def test_replicas_are_upgraded_one_after_another(company: Company, tmp_path: Path) -> None:
    url = company.settings["DATABASE_URL"]
    async with forked(tmp_path, company.settings) as old:
        for _ in range(3):  # by then statements are prepared
            await company.is_served_by(old)
        async with started(tmp_path, company.newer(EXPAND)) as new:
            await new.listens()
            with psycopg.connect(url) as connection:
                version = connection.execute("SELECT version FROM schema_version").fetchone()
            assert version == (KNOWN + 1,)
            for bot in (old, new, old):
                await company.is_served_by(bot)
            assert await old.stop() == 0
            await company.is_served_by(new)
            async with forked(tmp_path, company.settings) as old_again:
                await company.is_served_by(old_again)
                assert await new.stop() == 0
                await company.is_served_by(old_again)
                for log in (old.log, new.log, old_again.log):
                    assert "Traceback" not in log, log


@pytest.mark.long
async def test_an_old_program_is_refused_where_something_was_taken_away(
    company: Company, tmp_path: Path
) -> None:
    async with started(tmp_path, company.newer(EXPAND, CONTRACT)) as new:
        await new.listens()
        begun = time.monotonic()
        code, said = run_forked(tmp_path, company.settings, "run")
        assert code == 1
        assert time.monotonic() - begun < PATIENCE
        assert re.fullmatch(
            "dzvinok: DATABASE_URL: .* newer Dzvinok .*: upgrade the program\n", said
        ), said

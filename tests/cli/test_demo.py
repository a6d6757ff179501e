"""The demo as a person starts it: its data, its port, its end."""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import tzlocal
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli import demo, demo_past
from bot.cli.demo import Options, demonstrate
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.pbx.company import CLIENTS
from bot.domain.errors import StartError
from storage.database import open_database
from tests.support.places import ROOT
from tests.support.plain_http import plain_http


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_the_demo_refuses_a_real_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if place == ".env":
        (tmp_path / ".env").write_text("BOT_TOKEN=42:real-token_of-a-bot\n")
    else:
        monkeypatch.setenv("BOT_TOKEN", "42:real-token_of-a-bot")
    done = CliRunner().invoke(app, ["demo", "--no-browser"])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "BOT_TOKEN" in done.output
    assert "real-token" not in done.output


def options(data: Path | None, *, port: int = 0, calls: int = 60) -> Options:
    return Options(
        port=port, opens_browser=False, seed=1, calls=calls, speed=1, is_quiet=True, data=data
    )


def test_the_shop_keeps_the_hours_of_this_computer() -> None:
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        tzlocal.reload_localzone()
        assert demo.local_zone() == "America/New_York"
    tzlocal.reload_localzone()


def interrupt(_words: str) -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def test_kept_data_stays_as_its_visitor_left_it(tmp_path: Path) -> None:
    await demonstrate(options(tmp_path), say=interrupt)
    async with open_database(tmp_path / "demo.db") as database:
        [before] = await database.fetch("SELECT count(*) AS n FROM comments")
        assert before["n"] > 0
        async with database.transaction() as tx:
            await tx.execute(
                "INSERT INTO comment_changes "
                "(call_id, version, author_id, changed_at, old, new) "
                "SELECT call_id, version + 1, author_id, written_at, text, NULL FROM comments"
            )
            await tx.execute("DELETE FROM comments")
            await tx.execute("UPDATE employees SET role = 'supervisor' WHERE tg_id = 3")
    await demonstrate(options(tmp_path), say=interrupt)
    async with open_database(tmp_path / "demo.db") as database:
        [calls] = await database.fetch("SELECT count(*) AS n FROM calls")
        [comments] = await database.fetch("SELECT count(*) AS n FROM comments")
        [olena] = await database.fetch("SELECT role FROM employees WHERE tg_id = 3")
    assert (calls["n"], comments["n"], olena["role"]) == (60, 0, "supervisor")


async def numbers_of_messages(directory: Path) -> set[int]:
    said = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as life:
        life.create_task(demonstrate(options(directory), say=said.set_result))
        url = str(await said).split()[4]
        async with plain_http(base_url=url) as http:
            chats = await chats_of(http)
        interrupt("")
    return {one["message_id"] for chat in chats.values() for one in chat["messages"]}


async def test_the_messages_of_kept_data_are_not_mistaken_for_new_ones(tmp_path: Path) -> None:
    before = await numbers_of_messages(tmp_path)
    assert before
    assert before.isdisjoint(await numbers_of_messages(tmp_path))


async def test_ctrl_c_does_not_wait_for_the_rest_of_a_long_past(tmp_path: Path) -> None:
    said: list[str] = []

    def say(words: str) -> None:
        said.append(words)
        interrupt(words)

    await demonstrate(options(tmp_path, calls=200_000), say=say)
    assert len(said) <= 3  # of 20; the signal needs a turn of the loop to be seen


async def test_a_past_cut_short_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_past, "_BATCH", 20)
    await demonstrate(options(tmp_path, calls=400), say=interrupt)

    def say(words: str) -> None:
        if words.startswith("The demo is at"):
            interrupt(words)

    await demonstrate(options(tmp_path, calls=400), say=say)
    async with open_database(tmp_path / "demo.db") as database:
        for table, least in (("calls", 400), ("contacts", len(CLIENTS)), ("comments", 1)):
            [row] = await database.fetch(f"SELECT count(*) AS n FROM {table}")
            assert row["n"] >= least, table


async def test_ctrl_c_is_not_lost_in_the_imports() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-m", "bot", "demo", "--no-browser", "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b" aiogram.types.user\n" not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        said, errors = await process.communicate()
    assert process.returncode == -signal.SIGINT
    assert said == b""
    assert b"Traceback" not in errors


async def test_ctrl_c_at_the_start_of_the_bot_opens_no_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    started = User.start

    async def start(user: User, payload: str = "") -> Message:
        interrupt("")
        return await started(user, payload)

    monkeypatch.setattr(User, "start", start)
    await demonstrate(options(tmp_path), say=said.append)
    assert said == []


async def test_a_port_or_a_directory_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"^--port {port}: Address already in use$"):
            await demonstrate(options(tmp_path, port=port), say=interrupt)
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"^--data .*Not a directory$"):
        await demonstrate(options(tmp_path / "file" / "demo"), say=interrupt)


@pytest.mark.long
async def test_a_folder_in_which_another_demo_is_or_begins_is_left_alone(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.TaskGroup() as life:
        life.create_task(demonstrate(options(tmp_path, calls=6000), say=said.put_nowait))
        while words := await said.get():  # half of its past, all of it, and that it runs
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0"),
                *("--data", str(tmp_path)),
                cwd=ROOT,
                stderr=asyncio.subprocess.PIPE,
            )
            _, complaint = await process.communicate()
            assert complaint.decode().startswith(f"dzvinok: --data {tmp_path}: another Dzvinok")
            if words.startswith("The demo is at"):
                break
        interrupt("")


GROUP = -1001000000001


async def chats_of(http: httpx.AsyncClient) -> dict[int, Any]:
    """The chats of the page, by id."""
    return {one["id"]: one for one in (await http.get("/state")).json()["chats"]}


async def connected(http: httpx.AsyncClient) -> list[str]:
    """The feeds of the demo's sources that answer."""
    sources = (await http.get("/sources")).json()
    return [feed["name"] for one in sources for feed in one["feeds"] if feed["connected_at"]]


@pytest.mark.long
async def test_the_command_serves_the_page_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--calls", "200", "--quiet", "--data", str(tmp_path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        said = (await process.stdout.readline()).decode()
    address = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert address, said
    async with plain_http(base_url=address[0]) as http:
        assert "Dzvinok" in (await http.get("/")).text
        state = (await http.get("/state")).json()
        assert [one["role"]["en"] for one in state["people"]][:2] == [
            "Administrator",
            "Supervisor",
        ]
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 403
        guessed = await http.post("/bot7000000001:demo/getMe")
        assert guessed.status_code == 401, "another site cannot speak as the bot"
        started = await http.post("/start", json={"as": 1}, headers={"Origin": address[0]})
        assert started.status_code == 200
        async with asyncio.timeout(10):
            chats = await chats_of(http)
            while not any(message["from"]["is_bot"] for message in chats[1]["messages"]):
                await asyncio.sleep(0.05)
                chats = await chats_of(http)
        assert all(chats[number]["is_started"] for number in (2, 3, 4, 5))
        async with asyncio.timeout(10):
            while len(await connected(http)) < 3:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        assert await connected(http) == ["ami", "history", "calls"]
        for language, word in (("en", "Settings"), ("uk", "Налаштування")):
            origin = {"Origin": address[0]}
            chosen = await http.post("/language", json={"language": language}, headers=origin)
            assert chosen.status_code == 200, chosen.text
            asked = await http.post(
                "/send", json={"as": 2, "chat": 2, "text": "/settings"}, headers=origin
            )
            number = asked.json()["message_id"]
            async with asyncio.timeout(10):
                chats = await chats_of(http)
                while chats[2]["messages"][-1]["message_id"] <= number:
                    await asyncio.sleep(0.05)
                    chats = await chats_of(http)
            assert word in chats[2]["messages"][-1]["text"]
            through = {"en": "asterisk", "uk": "shop"}[language]
            await http.post("/through", json={"key": through}, headers=origin)
            await http.post("/panel", json={"key": "busy"}, headers=origin)
            alert = {"en": "A call was missed", "uk": "Пропущений дзвінок"}[language]
            async with asyncio.timeout(10):
                while not any(alert in one.get("text", "") for one in chats[GROUP]["messages"]):
                    await asyncio.sleep(0.05)
                    chats = await chats_of(http)
    asked_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert time.monotonic() - asked_at < 8
    assert process.returncode == 0
    assert errors.decode() == ""
    assert (tmp_path / "demo.db").exists()


def test_the_clients_of_the_shop_have_names_people_have() -> None:
    assert all(re.fullmatch(r"[\w №«».&-]+", name) for _number, name in CLIENTS)

"""The demo: its past, its PBX against the real bot, and the command as a person starts it."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli import demo as demonstrating
from bot.cli.demo import Options, demonstrate
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.page.panel import ActionError
from bot.demo.pbx.calling import Pbx
from bot.demo.pbx.company import CLIENTS
from bot.demo.pbx.history import history
from bot.domain.calls import Direction, Status
from bot.domain.errors import StartError
from bot.domain.people import Role
from storage.database import open_database
from tests.support.places import ROOT
from tests.support.running import HOOK_TOKEN, OLENA, Office, running_office
from tests.support.telegram import START, RunningClock

KYIV = ZoneInfo("Europe/Kyiv")
NOW = int(START)


def test_the_past_is_the_same_for_the_same_seed_and_no_other() -> None:
    first, again, other = (
        list(history(calls=300, seed=seed, now=NOW, zone=KYIV, origin="http://demo"))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first) == 300


def test_the_past_has_every_status_a_call_can_end_with_in_order_before_now() -> None:
    past = list(history(calls=3000, seed=1, now=NOW, zone=KYIV, origin="http://demo"))
    assert {call.status for call in past} == {one for one in Status if not one.is_live}
    starts = [call.started_at for call in past]
    assert starts == sorted(starts)
    assert all(call.ended_at is not None and call.ended_at < NOW for call in past)
    assert len({call.external_id for call in past}) == 3000


def test_the_past_may_be_empty() -> None:
    assert list(history(calls=0, seed=1, now=NOW, zone=KYIV, origin="http://demo")) == []


def test_everybody_with_an_extension_has_calls_of_their_own_in_the_past() -> None:
    past = list(history(calls=2000, seed=1, now=NOW, zone=KYIV, origin="http://demo"))
    own = Counter(one for call in past for one in {call.extension, *call.rang} if one)
    assert set(own) == {"101", "102", "103"}
    assert own["103"] > 20
    assert {call.direction for call in past} == set(Direction)


def test_what_the_past_says_of_a_call_agrees() -> None:
    for call in history(calls=2000, seed=3, now=NOW, zone=KYIV, origin="http://demo"):
        assert call.ended_at is not None
        if call.status.is_talk:
            assert call.answered_at is not None
            assert call.started_at <= call.answered_at < call.ended_at
        else:
            assert call.answered_at is None
        assert (call.price is None) == (call.currency is None)


def test_the_past_has_the_shape_of_working_days() -> None:
    hours = Counter(
        (call.started_at // 3600 + 3) % 24
        for call in history(calls=2000, seed=1, now=NOW, zone=KYIV, origin="http://demo")
    )
    assert set(hours) <= set(range(8, 20))
    assert hours[11] > hours[8]


def pbx_of(office: Office, blocker: int) -> Pbx:
    return Pbx(
        telegram=office.telegram,
        blocker=office.telegram.user(blocker),
        clock=lambda: int(office.clock()),
        seed=1,
        speed=100,
    )


async def test_what_the_panel_orders_reaches_the_bot(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=RunningClock()) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        pbx = pbx_of(office, OLENA)
        with pytest.raises(ActionError):
            await pbx.act("missed")
        async with asyncio.TaskGroup() as life:
            hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
            calling = life.create_task(pbx.run(hook, quiet=True))
            await asyncio.sleep(0)
            await pbx.act("missed")
            for user in (boss, olena):
                await user.wait_for(lambda message: "Пропущений дзвінок" in message.text)
            await pbx.act("silence")
            await pbx.act("hidden")
            labels = {key: uk for key, uk, _, _ in pbx.actions()}
            assert labels["silence"] == "АТС повертається"
            await asyncio.sleep(0.2)
            assert not [one for one in boss.messages() if "прихований" in one.text]
            await pbx.act("silence")
            await boss.wait_for(lambda message: "прихований номер" in message.text)
            await pbx.act("block")
            await pbx.act("missed")
            await boss.wait_for(lambda message: message.text.startswith("⚠️"))
            with pytest.raises(ActionError):
                await pbx.act("nonsense")
            calling.cancel()


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
    program = "from bot.cli.demo import local_zone; print(local_zone())"
    environment = os.environ | {"TZ": "America/New_York"}
    said = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
    assert said.strip() == "America/New_York"


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
        async with httpx.AsyncClient(base_url=url) as http:
            chats = (await http.get("/state")).json()["chats"]
        interrupt("")
    return {message["message_id"] for chat in chats for message in chat["messages"]}


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
    monkeypatch.setattr(demonstrating, "_BATCH", 20)
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
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, said
    async with httpx.AsyncClient(base_url=found[0]) as http:
        assert "Dzvinok" in (await http.get("/")).text
        state = (await http.get("/state")).json()
        assert [one["role"]["en"] for one in state["people"]][:2] == [
            "Administrator",
            "Supervisor",
        ]
        assert (await http.get("/", headers={"Host": "evil.example"})).status_code == 403
        guessed = await http.post("/bot7000000001:demo/getMe")
        assert guessed.status_code == 401, "another site cannot speak as the bot"
        started = await http.post("/start", json={"as": 1}, headers={"Origin": found[0]})
        assert started.status_code == 200
        async with asyncio.timeout(10):
            while True:
                chats = {one["id"]: one for one in (await http.get("/state")).json()["chats"]}
                if any(message["from"]["is_bot"] for message in chats[1]["messages"]):
                    break
                await asyncio.sleep(0.05)
        assert all(chats[number]["is_started"] for number in (2, 3, 4, 5))
    asked_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert time.monotonic() - asked_at < 8
    assert process.returncode == 0
    assert errors.decode() == ""
    assert (tmp_path / "demo.db").exists()

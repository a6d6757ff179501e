"""The demo: its past, its PBX against the real bot, and the command as a person starts it."""

import asyncio
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.demo.history import history
from bot.demo.page import ActionError
from bot.demo.pbx import Pbx
from bot.models import Role, Status
from tests.running import HOOK_TOKEN, OLENA, Office, running_office
from tests.telegram import START, RunningClock

KYIV = ZoneInfo("Europe/Kyiv")
NOW = int(START)


def test_the_past_is_the_same_for_the_same_seed_and_no_other() -> None:
    first, again, other = (
        list(history(calls=300, seed=seed, now=NOW, zone=KYIV)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first) == 300


def test_the_past_has_every_status_a_call_can_end_with_in_order_before_now() -> None:
    past = list(history(calls=3000, seed=1, now=NOW, zone=KYIV))
    assert {call.status for call in past} == {one for one in Status if not one.is_live}
    starts = [call.started_at for call in past]
    assert starts == sorted(starts)
    assert all(call.ended_at is not None and call.ended_at < NOW for call in past)
    assert len({call.external_id for call in past}) == 3000


def test_the_past_has_the_shape_of_working_days() -> None:
    hours = Counter(
        (call.started_at // 3600 + 3) % 24
        for call in history(calls=2000, seed=1, now=NOW, zone=KYIV)
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


async def test_the_command_serves_the_page_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--calls", "200", "--quiet", "--data", str(tmp_path)),
        cwd=Path(__file__).parents[1],
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
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert errors.decode() == ""
    assert (tmp_path / "demo.db").exists()

"""A database that is locked, or goes away: nobody waits for ever, and all goes on by itself."""

import time
from pathlib import Path

import pytest

from bot.intake import hooks
from tests.support.crashing import lost_call
from tests.support.databases import locked
from tests.support.running import HOOK_TOKEN, running_office
from tests.support.telegram import Clock


async def test_a_pbx_is_answered_in_time_while_somebody_else_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "ANSWER_SECONDS", 0.3)
    async with running_office(tmp_path, clock=Clock(time.time())) as office:
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        call = lost_call("a1", "0671234501", ["101"])
        with locked(office.settings.database):
            began = time.monotonic()
            answer = await office.http.post(hook, json=call)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            assert time.monotonic() - began < 5
        monkeypatch.undo()
        assert (await office.post(call))["rejected"] == []
        assert office.rows("SELECT external_id FROM calls") == [("a1",)]

"""Updates by polling: nobody waits for another, and a stranger costs next to nothing."""

import asyncio
import time
from pathlib import Path

from bot.demo.bot_api.people import User
from bot.domain.people import Role
from tests.support.running import OLENA, Office, running_office
from tests.support.telegram import TOKEN

STRANGER = 4000
FLOOD = 150
HANGS = 4.0
"""Seconds that Telegram's answer to one request takes."""

AT_ONCE = 2.0
"""Seconds within which a person is answered while others are busy."""


async def test_nobody_waits_for_a_request_that_hangs_or_for_a_stranger(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        stranger = office.telegram.user(STRANGER, "Хтось", is_started=True)
        queue = office.telegram.telegram.bots[TOKEN].queue

        said = len(olena.replies())
        office.telegram.faults.add("sendMessage", "slow", chat_id=OLENA, seconds=HANGS)
        hanging = await olena.send("/help")
        await olena.wait_for(lambda message: message.id > hanging.id)
        second = await olena.send("/log")
        begun = time.monotonic()
        for number in range(FLOOD):
            await stranger.send(f"лист {number}")
        await answered(office, admin)
        assert time.monotonic() - begun < AT_ONCE
        assert len(olena.replies()) == said + 1, "what one person does stays in order"
        assert second.id > hanging.id
        await olena.wait_for(lambda message: message.id > second.id)
        assert time.monotonic() - begun > AT_ONCE
        await office.telegram.wait_until(lambda: queue.pending == [])
        assert len(office.telegram.calls("sendMessage", chat_id=STRANGER)) == 1

        for _ in range(FLOOD):
            await olena.send("/help")
        begun = time.monotonic()
        await answered(office, admin)
        assert time.monotonic() - begun < AT_ONCE
        await olena.wait_for(lambda _: len(olena.replies()) == said + 2 + FLOOD, 60)
        async with asyncio.timeout(10):
            while office.rows("SELECT * FROM waiting_updates"):  # noqa: ASYNC110 - a file's rows
                await asyncio.sleep(0.02)


async def answered(office: Office, user: User) -> None:
    await office.ask(user, "/today")

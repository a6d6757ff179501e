"""Digests as people get them, from a bot that was down."""

from pathlib import Path

from storage.database import open_database
from storage.digests import DigestRepo
from tests.support.running import running_office
from tests.support.stored_calls import WINDOW
from tests.support.stored_digests import KYIV, at
from tests.support.telegram import Clock


async def test_what_was_due_while_the_bot_was_down_comes_once(tmp_path: Path) -> None:
    clock = Clock(at("2026-11-23 17:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        page = await office.press(boss, await office.ask(boss, "/settings"), "📊")
        await office.press(boss, page, "18:00")
        await office.stop()
        clock.advance(3 * 3600)
        async with open_database(office.settings.database_path) as database:
            repo = DigestRepo(database, KYIV, window=WINDOW)
            assert await repo.send(now=int(clock())) == 1  # and killed before it was sent
        async with office.restarted():
            await boss.wait_for(lambda one: one.text.startswith("📊 Пропущені, 23 листопада"), 12)
        async with office.restarted():
            found = [one for one in boss.messages() if one.text.startswith("📊 Пропущені")]
            assert len(found) == 1

"""The demo's PBX against the real bot: what each order of the panel leaves in the log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.panel import ActionError
from bot.demo.pbx.calling import Pbx
from bot.demo.pbx.company import CLIENTS
from bot.demo.pbx.history import history
from bot.domain.calls import Call, EndedBy, Status
from bot.domain.errors import SourceError
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING, Role
from bot.repositories import create_repositories
from storage.database import Database, open_database
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import START, TOKEN, RunningClock

FIRST_CLIENT = CLIENTS[0][0]


Seen = TypeVar("Seen")


async def first_of(look: Callable[[], Awaitable[Seen | None]]) -> Seen:
    """What `look` sees, asked again and again until it sees something."""
    async with asyncio.timeout(15):
        while True:
            if seen := await look():
                return seen
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Scene:
    """An office whose PBX is the demo's: `boss` sees all, `olena` is 101, `ivan` is 102."""

    office: Office
    pbx: Pbx
    database: Database
    boss: User
    olena: User
    ivan: User

    async def log(self) -> list[Call]:
        """The newest page of the log."""
        journal = create_repositories(self.database, self.office.settings).journal
        page = await journal.page(EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=50)
        return list(page.calls)

    async def until(self, holds: Callable[[list[Call]], bool]) -> list[Call]:
        """The newest page of the log once `holds` is true of it."""

        async def look() -> list[Call] | None:
            calls = await self.log()
            return calls if holds(calls) else None

        return await first_of(look)

    async def until_calls_end(self) -> None:
        """Wait until the PBX has posted, or kept in its silence, all of every call."""

        async def look() -> bool:
            return not self.pbx.under_way

        await first_of(look)

    async def until_all_is_said(self) -> None:
        """Wait until the bot owes nobody a message."""

        async def look() -> bool:
            return not await self.database.fetch("SELECT 1 FROM outbox WHERE state = 'pending'")

        await first_of(look)

    async def order(self, key: str) -> Call:
        """Order a call, and see it when it is over."""
        before = {call.id for call in await self.log()}
        await self.pbx.act(key)

        def is_over(calls: list[Call]) -> bool:
            new = [call for call in calls if call.id not in before]
            return bool(new) and not new[0].status.is_live

        return next(call for call in await self.until(is_over) if call.id not in before)

    def alerts(self, user: User) -> int:
        return sum("Пропущений дзвінок" in message.text for message in user.messages())


@asynccontextmanager
async def living(
    directory: Path, *, quiet: bool = True, blocker: int = IVAN
) -> AsyncIterator[Scene]:
    async with running_office(directory, clock=RunningClock()) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        pbx = Pbx(
            telegram=office.telegram,
            blocker=office.telegram.user(blocker),
            clock=lambda: int(office.clock()),
            seed=1,
            speed=100,
        )
        async with (
            open_database(office.settings.database_path) as database,
            asyncio.TaskGroup() as life,
        ):
            hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
            calling = life.create_task(pbx.run(hook, quiet=quiet))
            await asyncio.sleep(0)
            yield Scene(office, pbx, database, boss, olena, ivan)
            calling.cancel()


async def test_each_call_of_the_panel_ends_in_its_status(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        missed = await scene.order("missed")
        assert (missed.status, missed.ended_by) == (Status.MISSED, EndedBy.CALLER)
        assert missed.lost
        assert missed.rang == ("101",)
        await scene.until_all_is_said()  # nobody is alerted of a client called back before that
        again = await scene.order("again")
        fails = await scene.order("back_fails")
        back = await scene.order("back")
        assert {call.client for call in (missed, again, fails, back)} == {missed.client}
        statuses = [call.status for call in (again, fails, back)]
        assert statuses == [Status.MISSED, Status.NO_ANSWER, Status.ANSWERED]
        assert back.extension == "101"
        assert back.talk
        busy = await scene.order("busy")
        assert (busy.status, busy.ended_by) == (Status.MISSED, EndedBy.SYSTEM)
        hidden = await scene.order("hidden")
        assert (hidden.status, hidden.client) == (Status.MISSED, None)
        answered = await scene.order("answered")
        assert (answered.status, answered.extension) == (Status.ANSWERED, "101")
        assert answered.talk
        assert answered.wait is not None
        lost = 3  # missed and again are one client's, busy, hidden
        for user in (scene.boss, scene.olena):
            await user.wait_for(lambda message: "прихований номер" in message.text)
        await scene.until_all_is_said()
        assert [scene.alerts(one) for one in (scene.boss, scene.olena)] == [lost, lost]
        assert scene.alerts(scene.ivan) == 0


async def test_a_price_comes_after_the_end(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        call = await scene.order("back")
        assert call.client == FIRST_CLIENT  # nobody was missed yet
        assert call.price is None
        [priced] = await scene.until(lambda calls: calls[0].price is not None)
        assert (priced.id, str(priced.price), priced.currency) == (call.id, "0.08", "UAH")


async def test_a_burst_is_thirty_calls_and_all_of_them_end(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.pbx.act("burst")
        calls = await scene.until(
            lambda calls: len(calls) == 30 and not any(call.status.is_live for call in calls)
        )
        assert {call.extension for call in calls if call.talk} == {"101", "102"}
        assert any(call.lost for call in calls)
        await scene.boss.wait_for(lambda message: "Пропущений дзвінок" in message.text)


async def test_what_was_kept_in_a_long_silence_comes_afterwards(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.pbx.act("silence")
        for _ in range(17):  # over the thousand calls a hook takes at once
            await scene.pbx.act("burst")
        await scene.until_calls_end()
        assert await scene.log() == []
        async with asyncio.timeout(15):
            await scene.pbx.act("silence")
        [row] = await scene.database.fetch("SELECT count(*) AS n FROM calls")
        assert row["n"] == 17 * 30


async def test_alerts_wait_out_a_429_and_come_once(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        sofia = await scene.office.employee(SUPERVISOR, "Софія", Role.SUPERVISOR)
        await scene.pbx.act("flood")
        await scene.order("missed")
        for user in (scene.boss, sofia, scene.olena):
            await user.wait_for(lambda message: "Пропущений дзвінок" in message.text, timeout=15)
        await scene.until_all_is_said()
        assert [scene.alerts(one) for one in (scene.boss, sofia, scene.olena)] == [1, 1, 1]


async def test_a_silent_pbx_tells_of_a_call_when_it_comes_back(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.pbx.act("silence")
        labels = {action.key: action.uk for action in scene.pbx.actions()}
        assert labels["silence"].startswith("АТС повертається")
        await scene.pbx.act("hidden")
        await scene.until_calls_end()
        await scene.until_all_is_said()
        assert scene.alerts(scene.boss) == 0
        await scene.pbx.act("silence")
        await scene.boss.wait_for(lambda message: "прихований номер" in message.text)


async def test_administrators_hear_of_whom_the_panel_made_block_the_bot(tmp_path: Path) -> None:
    async with living(tmp_path, blocker=OLENA) as scene:
        await scene.pbx.act("block")
        await scene.order("missed")
        await scene.boss.wait_for(lambda message: message.text.startswith("⚠️"))


async def test_what_cannot_be_ordered_is_refused(tmp_path: Path) -> None:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    pbx = Pbx(telegram=telegram, blocker=telegram.user(1), clock=lambda: 0, seed=1, speed=1)
    with pytest.raises(ActionError, match="not running"):
        await pbx.act("missed")
    async with living(tmp_path) as scene:
        with pytest.raises(ActionError, match="nonsense"):
            await scene.pbx.act("nonsense")


async def test_the_panel_knows_of_a_block_made_on_the_page(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:

        def label() -> str:
            return next(one.en for one in scene.pbx.actions() if one.key == "block")

        assert label() == "102 blocks the bot"
        await scene.ivan.block()
        assert label() == "102 unblocks the bot"
        await scene.pbx.act("block")
        assert not scene.ivan.chat.is_blocked
        assert label() == "102 blocks the bot"


async def test_the_past_and_the_living_show_all_thirteen_statuses(tmp_path: Path) -> None:
    past = history(
        calls=2000, seed=1, now=int(START), zone=ZoneInfo("Europe/Kyiv"), origin="http://demo"
    )
    seen = {call.status for call in past}
    async with living(tmp_path, quiet=False) as scene:

        def is_all(calls: list[Call]) -> bool:
            seen.update(call.status for call in calls)
            return len(seen) == len(Status)

        calls = await scene.until(is_all)
        assert Counter(call.source for call in calls) == {"office": len(calls)}


async def test_ending_in_the_middle_of_calls_is_clean(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.pbx.act("burst")


async def test_an_operator_is_rung_and_then_the_client(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        assert [one for one in ("101", "102", "103", "") if scene.pbx.can_ring(one)] == [
            *("101", "102")
        ]
        assert await scene.pbx.dial("102", FIRST_CLIENT, ref="dzvinok-1") == "dzvinok-1"
        await scene.until_calls_end()
        [call] = await scene.log()
        assert (call.external_id, call.direction) == ("dzvinok-1", "out")
        assert (call.client, call.extension) == (FIRST_CLIENT, "102")
        assert not call.status.is_live
        await scene.pbx.act("silence")
        with pytest.raises(SourceError):
            await scene.pbx.dial("102", FIRST_CLIENT, ref="dzvinok-2")

"""The demo's PBXs against the real bot: what each order of the panel leaves in the log."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from bot.config.sources import AsteriskSettings
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.panel import ActionError
from bot.demo.pbx.asterisk.pbx import AsteriskPbx
from bot.demo.pbx.binotel import BinotelPbx
from bot.demo.pbx.calling import PhoneSystem
from bot.demo.pbx.company import CLIENTS, LINE
from bot.demo.pbx.history import history
from bot.demo.pbx.posting import JsonPbx, PhonetPbx
from bot.demo.pbx.shop_calls import ShopCall, ShopPbx
from bot.domain.calls import Call, Direction, EndedBy, Status
from bot.domain.clock import system_clock
from bot.domain.errors import SourceError
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING, Role
from bot.intake import listening
from bot.media import recordings as fetching
from bot.repositories import create_repositories
from bot.sources.asterisk.ami import open_ami
from bot.sources.polling import Pace
from storage.database import open_database
from storage.engine.base import Database
from tests.support.running import IVAN, OLENA, SUPERVISOR, Office, running_office
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
    """An office whose PBXs are the demo's: `boss` sees all, `olena` is 101, `ivan` is 102."""

    office: Office
    phones: PhoneSystem
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
        """Wait until the PBXs have told, or kept in their silence, all of every call."""

        async def look() -> bool:
            return not self.phones.under_way

        await first_of(look)

    async def until_all_is_said(self) -> None:
        """Wait until the bot owes nobody a message."""

        async def look() -> bool:
            return not await self.database.fetch("SELECT 1 FROM outbox WHERE state = 'pending'")

        await first_of(look)

    async def order(self, key: str) -> Call:
        """Order a call, and see it when it is over."""
        before = {call.id for call in await self.log()}
        await self.phones.act(key)

        def is_over(calls: list[Call]) -> bool:
            new = [call for call in calls if call.id not in before]
            return bool(new) and new[0].ended_at is not None

        return next(call for call in await self.until(is_over) if call.id not in before)

    def alerts(self, user: User) -> int:
        return sum("Пропущений дзвінок" in message.text for message in user.messages())


@asynccontextmanager
async def living(
    directory: Path, *, quiet: bool = True, blocker: int = IVAN
) -> AsyncIterator[Scene]:
    clock = RunningClock()
    pbxs: list[ShopPbx] = [
        JsonPbx(lambda: "http://127.0.0.1"),
        AsteriskPbx(directory, clock=lambda: int(clock())),
        BinotelPbx(clock=lambda: int(clock())),
        PhonetPbx(),
    ]
    async with AsyncExitStack() as stack:
        for pbx in pbxs:
            await stack.enter_async_context(pbx.running())
        sources = {pbx.about.key: pbx.settings() for pbx in pbxs}
        office = await stack.enter_async_context(
            running_office(directory, clock=clock, sources=sources)
        )
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        phones = PhoneSystem(
            pbxs=pbxs,
            telegram=office.telegram,
            blocker=office.telegram.user(blocker),
            clock=lambda: int(clock()),
            seed=1,
            speed=100,
        )
        async with (
            open_database(office.settings.database_path) as database,
            asyncio.TaskGroup() as life,
        ):
            calling = life.create_task(phones.run(office.url, quiet=quiet))
            await asyncio.sleep(0)
            yield Scene(office, phones, database, boss, olena, ivan)
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
        await scene.phones.act("burst")
        calls = await scene.until(
            lambda calls: len(calls) == 30 and not any(call.status.is_live for call in calls)
        )
        assert {call.extension for call in calls if call.talk} == {"101", "102"}
        assert any(call.lost for call in calls)
        await scene.boss.wait_for(lambda message: "Пропущений дзвінок" in message.text)


async def test_what_was_kept_in_a_long_silence_comes_afterwards(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.phones.act("silence")
        for _ in range(17):  # over the thousand calls a hook takes at once
            await scene.phones.act("burst")
        await scene.until_calls_end()
        assert await scene.log() == []
        async with asyncio.timeout(15):
            await scene.phones.act("silence")
        [row] = await scene.database.fetch("SELECT count(*) AS n FROM calls")
        assert row["n"] == 17 * 30


async def test_a_pbx_that_cannot_post_what_it_kept_does_not_stand_in_the_way_of_the_end() -> None:
    pbx = PhonetPbx()
    with closing(socket.socket()) as nobody:  # bound, and never listening
        nobody.bind(("127.0.0.1", 0))
        pbx.hook = f"http://127.0.0.1:{nobody.getsockname()[1]}/hooks/phonet/{pbx.token}"
        async with asyncio.timeout(5), asyncio.TaskGroup() as coming_back, pbx.running():
            await pbx.turn_silence()
            call = ShopCall(number=1, is_incoming=True, client=None, extension="101", started_at=1)
            await pbx.begin(call)
            coming_back.create_task(pbx.turn_silence())
            await asyncio.sleep(0)


async def test_alerts_wait_out_a_429_and_come_once(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        sofia = await scene.office.employee(SUPERVISOR, "Софія", Role.SUPERVISOR)
        await scene.phones.act("flood")
        await scene.order("missed")
        for user in (scene.boss, sofia, scene.olena):
            await user.wait_for(lambda message: "Пропущений дзвінок" in message.text, timeout=15)
        await scene.until_all_is_said()
        assert [scene.alerts(one) for one in (scene.boss, sofia, scene.olena)] == [1, 1, 1]


async def test_a_silent_pbx_tells_of_a_call_when_it_comes_back(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.phones.act("silence")
        labels = {action.key: action.uk for action in scene.phones.actions()}
        assert labels["silence"].startswith("АТС повертається")
        await scene.phones.act("hidden")
        await scene.until_calls_end()
        await scene.until_all_is_said()
        assert scene.alerts(scene.boss) == 0
        await scene.phones.act("silence")
        await scene.boss.wait_for(lambda message: "прихований номер" in message.text)


async def test_administrators_hear_of_whom_the_panel_made_block_the_bot(tmp_path: Path) -> None:
    async with living(tmp_path, blocker=OLENA) as scene:
        await scene.phones.act("block")
        await scene.order("missed")
        await scene.boss.wait_for(lambda message: message.text.startswith("⚠️"))


async def test_what_cannot_be_ordered_is_refused(tmp_path: Path) -> None:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    phones = PhoneSystem(
        pbxs=[PhonetPbx()],
        telegram=telegram,
        blocker=telegram.user(1),
        clock=lambda: 0,
        seed=1,
        speed=1,
    )
    with pytest.raises(ActionError, match="not running"):
        await phones.act("missed")
    async with living(tmp_path) as scene:
        with pytest.raises(ActionError, match="nonsense"):
            await scene.phones.act("nonsense")


async def test_the_panel_knows_of_a_block_made_on_the_page(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:

        def label() -> str:
            return next(one.en for one in scene.phones.actions() if one.key == "block")

        assert label() == "102 blocks the bot"
        await scene.ivan.block()
        assert label() == "102 unblocks the bot"
        await scene.phones.act("block")
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

        await scene.until(is_all)


async def test_every_pbx_calls_the_first_one_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_often(monkeypatch)
    async with living(tmp_path, quiet=False) as scene:

        def is_heard(calls: list[Call]) -> bool:
            heard = {call.source for call in calls}
            return len(calls) >= 30 and len(heard) == len(scene.phones.pbxs)

        calls = await scene.until(is_heard)
        [(first, _), *_] = Counter(call.source for call in calls).most_common()
        assert first == "shop"


def ask_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute until Binotel is asked again, or what is lost is tried again."""
    monkeypatch.setattr(Pace, "seconds", lambda _pace: 0.1)
    monkeypatch.setattr(listening, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(listening, "LONGEST_PAUSE", 0.1)


async def through(scene: Scene, key: str) -> None:
    """Choose the PBX, once the bot has read what there was of it."""
    scene.phones.choose(key)

    async def look() -> bool:
        sql = "SELECT connected_at FROM feeds WHERE source = ?"
        return all(row["connected_at"] for row in await scene.database.fetch(sql, (key,)))

    await first_of(look)


@pytest.mark.parametrize("key", ["asterisk", "binotel", "phonet"])
async def test_each_call_comes_over_the_wire_of_its_pbx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    ask_often(monkeypatch)
    async with living(tmp_path) as scene:
        await through(scene, key)
        missed = await scene.order("missed")
        assert (missed.source, missed.status, missed.rang) == (key, Status.MISSED, ("101",))
        assert missed.line == LINE
        again = await scene.order("again")
        fails = await scene.order("back_fails")
        back = await scene.order("back")
        assert {call.client for call in (again, fails, back)} == {missed.client}
        statuses = [call.status for call in (again, fails, back)]
        assert statuses == [Status.MISSED, Status.NO_ANSWER, Status.ANSWERED]
        assert (back.extension, back.answered_at is not None) == ("101", True)
        hidden = await scene.order("hidden")
        assert (hidden.status, hidden.client) == (Status.MISSED, None)
        assert (await scene.order("busy")).status is Status.MISSED
        answered = await scene.order("answered")
        assert (answered.status, answered.extension) == (Status.ANSWERED, "101")
        await scene.boss.wait_for(lambda message: "прихований номер" in message.text)
        assert await scene.database.fetch("SELECT 1 FROM rejects") == []
        assert await scene.database.fetch("SELECT 1 FROM flaws") == []


@pytest.mark.parametrize(("key", "feed"), [("asterisk", "ami"), ("binotel", "calls")])
async def test_the_silence_of_a_live_pbx_is_told_and_the_gap_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, feed: str
) -> None:
    ask_often(monkeypatch)
    async with living(tmp_path) as scene:
        await through(scene, key)
        await scene.phones.act("silence")

        async def is_lost() -> bool:
            sql = "SELECT failed_at FROM feeds WHERE source = ? AND feed = ?"
            [row] = await scene.database.fetch(sql, (key, feed))
            return row["failed_at"] is not None

        await first_of(is_lost)
        await scene.phones.act("hidden")
        await scene.until_calls_end()
        assert await scene.log() == []
        scene.office.clock.advance(61)
        lost = f"АТС «{key}» не відповідає"
        await scene.boss.wait_for(lambda message: lost in message.text)
        await scene.phones.act("silence")
        await scene.boss.wait_for(lambda message: f"АТС «{key}» знову" in message.text)
        [call] = await scene.until(bool)
        assert (call.source, call.status, call.client) == (key, Status.MISSED, None)
        await scene.boss.wait_for(lambda message: "прихований номер" in message.text)


@pytest.mark.parametrize("key", ["asterisk", "binotel"])
async def test_silence_may_be_pressed_while_it_begins_or_ends(key: str, tmp_path: Path) -> None:
    pbxs: dict[str, AsteriskPbx | BinotelPbx] = {
        "asterisk": AsteriskPbx(tmp_path, clock=system_clock),
        "binotel": BinotelPbx(clock=system_clock),
    }
    pbx, telegram = pbxs[key], BotApiServer()
    phones = PhoneSystem(
        pbxs=[pbx],
        telegram=telegram,
        blocker=telegram.user(IVAN),
        clock=system_clock,
        seed=1,
        speed=1,
    )
    async with phones.running():
        said = pbx.settings()
        port = said.get("port") or urlsplit(str(said.get("api_url"))).port
        for times in (3, 3, 5, 3):
            await asyncio.gather(*(phones.act("silence") for _ in range(times)))
            with closing(socket.socket()) as caller:
                is_refused = caller.connect_ex(("127.0.0.1", port)) != 0
            assert is_refused == pbx.is_silent


async def test_the_recording_of_binotel_comes_when_it_is_uploaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_often(monkeypatch)
    monkeypatch.setattr(fetching, "PATIENCE", 10)
    async with living(tmp_path) as scene:
        await through(scene, "binotel")
        await scene.order("answered")
        await scene.until_calls_end()
        card = await scene.office.press(
            scene.boss, await scene.office.ask(scene.boss, "/log"), "1"
        )
        await scene.office.press(scene.boss, card, "🎧")
        assert scene.boss.last_reply().media is not None


async def test_the_asterisk_begins_a_call_that_is_asked_for(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await through(scene, "asterisk")
        settings = scene.office.settings.sources["asterisk"]
        assert isinstance(settings, AsteriskSettings)
        ami = await open_ami(
            settings, setting="", clock=system_clock, wanted=frozenset({"OriginateResponse"})
        )
        asked = {"Context": "from-internal", "Exten": "0671234567", "Priority": "1"}
        refused = await ami.ask("Originate", Channel="Local/909@from-internal", **asked)
        assert refused["response"] == "Error"
        taken = await ami.ask("Originate", Channel="Local/101@from-internal", **asked)
        assert taken["response"] == "Success"
        [(_, told), *_] = await ami.read()
        assert (told["response"], told["exten"]) == ("Success", "0671234567")
        ami.close()
        [call] = await scene.until(lambda calls: bool(calls) and not calls[0].status.is_live)
        assert call.external_id == told["uniqueid"]
        assert (call.direction, call.status) == (Direction.OUT, Status.ANSWERED)
        assert (call.extension, call.client) == ("101", "+380671234567")


async def test_ending_in_the_middle_of_calls_is_clean(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        await scene.phones.act("burst")


async def test_a_phone_that_the_binotel_of_the_demo_does_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_often(monkeypatch)
    async with living(tmp_path) as scene:
        guest = await scene.office.employee(1201, "Гість", Role.SUPERVISOR, "777")
        await through(scene, "binotel")
        await scene.order("missed")
        alert = await guest.wait_for(lambda one: "Пропущений дзвінок" in one.text)
        await (await guest.click(alert, "☎️")).answered()
        await guest.wait_for(lambda one: "There is no such internal number" in one.text)
        assert scene.phones.under_way == 0


async def test_an_operator_is_rung_and_then_the_client(tmp_path: Path) -> None:
    async with living(tmp_path) as scene:
        phones = scene.phones
        assert [one for one in ("101", "102", "103", "") if phones.can_ring(one)] == ["101", "102"]
        assert await phones.dial("102", FIRST_CLIENT, ref="dzvinok-1") == "dzvinok-1"
        await scene.until_calls_end()
        [call] = await scene.log()
        assert (call.external_id, call.direction) == ("dzvinok-1", "out")
        assert (call.client, call.extension) == (FIRST_CLIENT, "102")
        assert not call.status.is_live
        await phones.act("silence")
        with pytest.raises(SourceError):
            await phones.dial("102", FIRST_CLIENT, ref="dzvinok-2")


@pytest.mark.parametrize("key", ["asterisk", "binotel"])
async def test_a_client_is_called_back_through_the_pbx_that_lost_the_call(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_often(monkeypatch)
    async with living(tmp_path) as scene:
        await through(scene, key)
        lost = await scene.order("missed")
        alert = await scene.olena.wait_for(lambda one: "Пропущений дзвінок" in one.text)
        await (await scene.olena.click(alert, "☎️")).answered()
        await scene.olena.wait_for(lambda one: "З телефону 101" in one.text and "✅" in one.text)
        [back, _] = await scene.log()
        assert (back.source, back.direction, back.status) == (key, Direction.OUT, Status.ANSWERED)
        assert (back.client, back.extension) == (lost.client, "101")

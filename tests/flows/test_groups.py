"""Group chats over real HTTP: connected, told, pressed in, removed, upgraded."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import pace
from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from bot.domain.places import Place, PlaceKind
from keyboards.callbacks import CaseButton, CaseStep, GroupPlace, HandTo
from tests.support.lost_calls import has_button
from tests.support.running import IVAN, OLENA, Office, running_office
from tests.support.telegram import START, TOKEN, RunningClock

GROUP = -1001234


@dataclass(frozen=True, slots=True)
class Scene:
    office: Office
    boss: User
    olena: User
    stranger: User
    group: Group

    @property
    def bot(self) -> Bot:
        return self.office.telegram.telegram.bots[TOKEN]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat may be written to twenty times a second: the pace has tests of its own."""
    monkeypatch.setattr(pace, "IN_CHAT", 0.05)


@asynccontextmanager
async def shop(
    directory: Path, *, is_forum: bool = False, kind: str = "supergroup"
) -> AsyncIterator[Scene]:
    async with running_office(directory, clock=RunningClock(START)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        stranger = office.telegram.user(4000, "Хтось")
        group_id = GROUP if kind == "supergroup" else -1234
        group = office.telegram.group(group_id, "Зміна", is_forum=is_forum, kind=kind)
        for member in (boss, olena, stranger):
            group.add(member)
        group.add(office.telegram.telegram.bots[TOKEN])
        yield Scene(office, boss, olena, stranger, group)


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def lost(call_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": "0671234567"},
        "line": "0445550101",
        "rang": ["101"],
        "started_at": moment(START - 60),
        "ended_at": moment(START - 40),
        **changes,
    }


async def connect(scene: Scene, user: User, *, thread_id: int | None = None) -> str:
    sent = await user.send("/connect", group=scene.group, thread_id=thread_id)
    answer = await scene.group.wait_for(lambda one: one.id > sent.id and one.is_from_bot)
    return answer.text


def is_alert(message: Message) -> bool:
    return message.text.startswith("🔴")


async def toast(user: User, message: Message, label: str) -> str:
    return (await (await user.click(message, label)).answered()).text


def said(user: User, words: str) -> int:
    """How often the bot has said this to the person."""
    return len([one for one in user.replies() if words in one.text])


async def test_an_administrator_connects_a_group_and_an_operator_takes_a_client_there(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        assert "лише адміністратор" in await connect(scene, scene.olena)
        quiet = await scene.stranger.send("/connect", group=scene.group)
        assert "Сюди приходитимуть" in await connect(scene, scene.boss)
        answered = [one.id for one in scene.group.messages() if one.is_from_bot]
        assert len([one for one in answered if one > quiet.id]) == 1
        await scene.office.post(lost("a"))
        alert = await scene.group.wait_for(lambda one: one.text.startswith("🔴"))
        assert alert.buttons == [["🙋 Беру", "📝 З коментарем"], ["✅ Закрити", "📄 Картка"]]
        refused = await (await scene.stranger.click(alert, "🙋")).answered()
        assert refused.text == "Немає доступу."
        taken = await (await scene.olena.click(alert, "🙋")).answered()
        assert taken.text == "Клієнт ваш"
        own = await scene.olena.wait_for(lambda one: "Взято: Олена" in one.text)
        assert own.buttons[0] == ["↩️ Відмовитися", "✅ Закрити"]
        there = await scene.group.wait_for(lambda one: "Взято: Олена" in one.text)
        assert there.id == alert.id
        card = await (await scene.olena.click(there, "📄")).answered()
        assert card.text == "Надіслано вам в особистий чат"
        await scene.olena.wait_for(lambda one: "Початок дзвінка" in one.text)
        closing = await (await scene.olena.click(there, "✅")).answered()
        assert closing.text == "Продовжимо в особистому чаті зі мною"
        asked = await scene.olena.wait_for(lambda one: "Закриваємо вручну" in one.text)
        await scene.office.press(scene.olena, asked, "Реклама")
        over = await scene.group.wait_for(lambda one: "Закрито вручну: Олена" in one.text)
        assert over.buttons == [["📄 Картка"]]


async def test_a_topic_hears_only_of_its_lines(tmp_path: Path) -> None:
    async with shop(tmp_path, is_forum=True) as scene:
        await scene.office.post(lost("old", line="0445550202", started_at="2020-01-01T00:00:00Z"))
        await scene.office.post(lost("old2", started_at="2020-01-01T00:00:00Z", ended_at=None))
        topic = scene.group.add_topic("Продажі")
        assert "Усі лінії" in await connect(scene, scene.boss, thread_id=topic)
        settings = scene.group.last()
        refused = await (await scene.olena.click(settings, "0445550202")).answered()
        assert "лише адміністратор" in refused.text
        await (await scene.boss.click(settings, "0445550202")).answered()
        await scene.office.post(
            lost("a"), lost("b", line="0445550202", caller={"number": "0509998877"})
        )
        alert = await scene.group.wait_for(lambda one: one.text.startswith("🔴"))
        assert "+380 50 999 88 77" in alert.text
        assert alert.thread_id == topic
        await scene.boss.wait_for(lambda one: "67 123" in one.text)
        await scene.office.nothing_due()
        assert not [one for one in scene.group.messages() if "67 123" in one.text]
        await scene.boss.click(settings, "✖️")
        await scene.group.wait_for(lambda one: "більше не приходять" in one.text)


async def test_an_administrator_who_writes_in_the_name_of_the_group_is_told_why_not(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        await scene.boss.send("/connect", group=scene.group, is_anonymous=True)
        await scene.group.wait_for(lambda one: "від імені групи" in one.text)
        await scene.office.post(lost("a"))
        await scene.boss.wait_for(is_alert)
        await scene.office.nothing_due()
        assert not [one for one in scene.group.messages() if is_alert(one)]


@pytest.mark.parametrize("end", ["removed", "closed", "muted", "restricted"])
async def test_a_topic_that_is_gone_is_told_of_once(tmp_path: Path, end: str) -> None:
    async with shop(tmp_path, is_forum=True) as scene:
        topic = scene.group.add_topic("Продажі")
        await connect(scene, scene.boss, thread_id=topic)
        match end:
            case "removed":
                scene.group.remove_topic(topic)
            case "closed":
                scene.group.close_topic(topic)
            case "muted":
                scene.group.mute()
            case "restricted":
                faults, chat_id = scene.office.telegram.faults, scene.group.id
                words = "CHAT_RESTRICTED"
                faults.add("sendMessage", "bad_request", chat_id=chat_id, description=words)
        await scene.office.post(lost("a"))
        await scene.boss.wait_for(lambda one: "Більше не можу писати в групу «Зміна»" in one.text)
        await scene.office.post(lost("b", caller={"number": "0509998877"}))
        await scene.boss.wait_for(lambda one: "50 999" in one.text)
        await scene.office.nothing_due()
        told = [one for one in scene.boss.messages() if "Більше не можу" in one.text]
        assert len(told) == 1


async def test_being_removed_is_survived(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        await connect(scene, scene.boss)
        scene.group.remove(scene.office.telegram.telegram.bots[TOKEN])
        await scene.boss.wait_for(lambda one: "Більше не можу писати" in one.text)
        await scene.office.post(lost("a"))
        alert = await scene.olena.wait_for(lambda one: one.text.startswith("🔴"))
        assert scene.olena.current(alert) is not None


async def test_a_group_that_became_a_supergroup_goes_on(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="group") as scene:
        await connect(scene, scene.boss)
        bigger = scene.group.upgrade(GROUP)
        await scene.office.post(lost("a"))
        alert = await bigger.wait_for(lambda one: one.text.startswith("🔴"))
        await (await scene.olena.click(alert, "🙋")).answered()
        await bigger.wait_for(lambda one: "Взято: Олена" in one.text)


async def test_a_move_only_the_refusal_tells_of_loses_no_alert(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="group") as scene:
        await connect(scene, scene.boss)
        await scene.office.stop()
        bigger = scene.group.upgrade(GROUP, is_told_before=False, is_told_after=False)
        async with scene.office.restarted() as office:
            await office.post(lost("a"))
            await bigger.wait_for(is_alert)
        refused = office.telegram.calls("sendMessage", chat_id=scene.group.id)[-1]
        assert refused.description == ("Bad Request: group chat was upgraded to a supergroup chat")


async def test_a_group_connected_anew_before_its_move_is_heard_of_can_be_stopped(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path, kind="group") as scene:
        await connect(scene, scene.boss)
        await scene.office.stop()
        bigger = scene.group.upgrade(GROUP, is_told_before=False, is_told_after=False)
        async with scene.office.restarted() as office:
            sent = await scene.boss.send("/connect", group=bigger)
            settings = await bigger.wait_for(lambda one: one.id > sent.id and one.is_from_bot)
            await office.post(lost("a"))
            await bigger.wait_for(is_alert)
            await office.nothing_due()  # the other alert may be sent after this one
            refused = office.telegram.calls("sendMessage", chat_id=scene.group.id)[-1]
            assert "upgraded" in refused.description
            await (await scene.boss.click(settings, "✖️")).answered()
            await office.post(lost("b", caller={"number": "0509998877"}))
            await scene.olena.wait_for(lambda one: "50 999" in one.text)
            await office.nothing_due()
        assert not [one for one in bigger.messages() if "50 999" in one.text]


async def test_the_slower_one_is_told_who_was_faster_and_when(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "101")
        scene.group.add(ivan)
        await connect(scene, scene.boss)
        await scene.office.post(lost("a", queue="sales"))
        alert = await scene.group.wait_for(is_alert)
        taking = [await one.click(alert, "🙋") for one in (scene.olena, ivan)]
        toasts = [(await one.answered()).text for one in taking]
        assert toasts[0] == "Клієнт ваш"
        assert re.fullmatch(r"Уже взято: Олена, \d\d:\d\d", toasts[1]), toasts[1]


async def test_what_was_stopped_stays_stopped_whatever_old_button_is_pressed(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        await scene.office.post(lost("old", started_at="2020-01-01T00:00:00Z", ended_at=None))
        await connect(scene, scene.boss)
        first = scene.group.last_reply()
        await connect(scene, scene.boss)
        old = [scene.group.last_reply(), first]
        await toast(scene.boss, old.pop(), "✖️")
        await toast(scene.boss, old[0], "0445550101")
        assert "більше не приходять" in scene.group.last_reply().text
        assert scene.group.last_reply().buttons == []
        async with scene.office.restarted() as again:
            await again.post(lost("a"))
            await scene.olena.wait_for(is_alert)
            await scene.boss.wait_for(is_alert)
            await again.nothing_due()
        assert not [one for one in scene.group.messages() if is_alert(one)]


async def test_a_press_that_comes_again_changes_nothing_of_what_a_group_hears(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        await scene.office.post(lost("old", started_at="2020-01-01T00:00:00Z", ended_at=None))
        await connect(scene, scene.boss)
        shown = scene.group.last_reply()
        code = Place(PlaceKind.LINE, "0445550101").code
        for is_wanted, label in ((True, "0445550101 ✓"), (False, "0445550101")):
            data = GroupPlace(group=1, code=code, is_wanted=is_wanted).pack()
            for _ in range(2):
                await (await scene.boss.press_stale(shown, data)).answered()
                assert [label] in scene.group.last_reply().buttons
        gone = GroupPlace(group=1, code=code + 1, is_wanted=False).pack()
        answer = await (await scene.boss.press_stale(shown, gone)).answered()
        assert not answer.text, "of what is forgotten it hears no more already"


async def test_a_group_connected_again_hears_when_the_client_calls_again(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        await connect(scene, scene.boss)
        scene.group.mute()
        await scene.office.post(lost("a"))
        await scene.boss.wait_for(lambda one: "Більше не можу писати" in one.text)
        scene.group.mute(is_muted=False)
        await connect(scene, scene.boss)
        await scene.office.post(lost("b", started_at=moment(START - 30), ended_at=moment(START)))
        assert "×2" in (await scene.group.wait_for(is_alert)).text


async def test_an_alert_deleted_in_the_group_comes_anew_when_the_client_calls_again(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        await connect(scene, scene.boss)
        await scene.office.post(lost("a"))
        gone = await scene.group.wait_for(is_alert)
        scene.group.delete(gone)
        own = await scene.olena.wait_for(is_alert)
        await toast(scene.olena, own, "🙋")
        edits = await scene.office.telegram.wait_calls("editMessageText", chat_id=GROUP)
        assert edits[-1].description == "Bad Request: message to edit not found"
        await scene.office.post(lost("b", started_at=moment(START - 30), ended_at=moment(START)))
        again = await scene.group.wait_for(lambda one: "×2" in one.text)
        assert again.id > gone.id


async def test_one_who_blocked_the_bot_and_presses_in_the_group_stays_muted(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        await connect(scene, scene.boss)
        await scene.olena.block()
        await scene.office.post(lost("a"))
        await scene.boss.wait_for(lambda one: "Олена не отримує" in one.text)
        alert = await scene.group.wait_for(is_alert)
        for label in ("📄", "✅", "📝"):
            assert (await toast(scene.olena, alert, label)).startswith("Спершу відкрийте")
        assert await toast(scene.olena, alert, "🙋") == "Клієнт ваш"
        await scene.office.post(lost("b", caller={"number": "0509998877"}))
        await scene.group.wait_for(lambda one: "50 999" in one.text)
        await scene.office.nothing_due()
        tried = scene.office.telegram.calls("sendMessage", chat_id=OLENA)
        assert len([one for one in tried if one.status == 403]) == 1 + 3


async def test_only_what_an_alert_offers_is_done_in_a_group(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        await connect(scene, scene.boss)
        await scene.office.post(lost("a"))
        alert = await scene.group.wait_for(is_alert)
        boss = (await scene.boss.wait_for(is_alert)).chat.id
        forged = [
            CaseButton(step=CaseStep.HAND, case=1),
            CaseButton(step=CaseStep.TAKE, case=1, board="a"),
            CaseButton(step=CaseStep.OPEN, case=1, board="a"),
            HandTo(case=1, employee=boss),
        ]
        for data in forged:
            query = await scene.boss.press_stale(alert, data.pack())
            assert (await query.answered()).text.startswith("Ця кнопка застаріла")
        assert scene.group.last_reply() == alert


async def test_only_administrators_of_a_group_are_offered_the_one_command(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        await scene.office.telegram.wait_calls("getUpdates")
        scene.group.add(scene.boss, status="administrator")
        offered = scene.bot.commands_for(scene.boss.account, scene.group.chat)
        assert [one["command"] for one in offered] == ["connect"]
        assert scene.bot.commands_for(scene.stranger.account, scene.group.chat) == []
        assert [one["command"] for one in scene.stranger.commands] == ["start", "help"]
        explained = await scene.office.ask(scene.boss, "/connect")
        assert "Додайте мене до групи" in explained.text
        assert "Не знаю такої команди" in (await scene.office.ask(scene.olena, "/connect")).text


async def test_a_group_the_bot_comes_back_to_is_told_how_to_go_on(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        scene.group.remove(scene.bot)
        scene.group.add(scene.bot)
        await connect(scene, scene.boss)
        scene.group.rename("Продажі")
        scene.group.remove(scene.bot)
        await scene.boss.wait_for(lambda one: "в групу «Продажі»" in one.text)
        scene.group.add(scene.bot)
        hint = await scene.group.wait_for(lambda one: "/connect" in one.text)
        assert "знову" in hint.text
        scene.group.add(scene.bot, status="administrator")
        await connect(scene, scene.boss)
        await scene.office.nothing_due()
        assert said(scene.boss, "Більше не можу писати") == 1
        assert len([one for one in scene.group.replies() if "Мене знову додали" in one.text]) == 1


async def test_a_press_on_what_stayed_in_the_old_group_still_counts(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="group") as scene:
        await connect(scene, scene.boss)
        await scene.office.post(lost("a"))
        alert = await scene.group.wait_for(is_alert)
        bigger = scene.group.upgrade(GROUP)
        assert await toast(scene.olena, alert, "🙋") == "Клієнт ваш"
        await scene.olena.wait_for(lambda one: "Взято: Олена" in one.text)
        await scene.office.post(lost("b", started_at=moment(START - 30), ended_at=moment(START)))
        again = await bigger.wait_for(is_alert)
        assert "×2" in again.text
        assert "Взято: Олена" in again.text


async def test_the_new_group_alone_tells_of_the_move(tmp_path: Path) -> None:
    async with shop(tmp_path, kind="group") as scene:
        await connect(scene, scene.boss)
        await scene.office.stop()
        bigger = scene.group.upgrade(GROUP, is_told_before=False)
        async with scene.office.restarted() as again:
            await scene.office.telegram.wait_until(lambda: not scene.bot.queue.pending)
            await again.post(lost("a"))
            await bigger.wait_for(is_alert)
            await again.nothing_due()
        assert scene.office.telegram.calls("sendMessage", chat_id=scene.group.id)[-1].is_ok


async def test_a_client_told_of_in_a_group_is_for_everybody_who_takes_clients(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "202")
        clerk = await scene.office.employee(3100, "Петро", Role.ACCOUNTANT)
        for member in (ivan, clerk):
            scene.group.add(member)
        await connect(scene, scene.boss)
        await scene.office.post(lost("a"))
        alert = await scene.group.wait_for(is_alert)
        for label in ("🙋", "📝", "✅"):
            assert await toast(clerk, alert, label) == (
                "Клієнтів беруть оператори, супервайзери й адміністратори."
            )
        assert "лише ті, кому дзвонили" in await toast(ivan, alert, "📄")
        await toast(ivan, alert, "✅")
        said = await scene.office.press(ivan, ivan.last(), "Реклама")
        assert said.text.startswith("Закрито вручну")
        assert (await scene.office.press(ivan, said, "↩️")).text == "Знову відкрито"
        alert = await scene.group.wait_for(has_button("🙋"))
        assert await toast(ivan, alert, "🙋") == "Клієнт ваш"
        own = await ivan.wait_for(is_alert)
        assert own.buttons[0][0].startswith("↩️")
        there = await scene.group.wait_for(has_button("↩️"))  # of the closing there was none
        assert "Іван" in there.text
        assert "Клієнта взяв колега" in await toast(scene.olena, there, "↩️")
        assert await toast(ivan, there, "📄") == "Надіслано вам в особистий чат"


async def test_the_company_leaves_clients_to_those_who_were_rung(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "202")
        scene.group.add(ivan)
        screen = await scene.office.ask(scene.boss, "/settings")
        screen = await scene.office.press(scene.boss, screen, "🏢")
        assert "Клієнтів у групах беруть: усі колеги" in screen.text
        screen = await scene.office.press(scene.boss, screen, "🙋")
        screen = await scene.office.press(scene.boss, screen, "лише ті, кому дзвонили")
        screen = await scene.office.press(scene.boss, screen, "⬅️")
        assert "Клієнтів у групах беруть: лише ті, кому дзвонили" in screen.text
        await connect(scene, scene.boss)
        await scene.office.post(lost("a"))
        alert = await scene.group.wait_for(is_alert)
        for label in ("🙋", "📝", "✅"):
            assert await toast(ivan, alert, label) == (
                "Це можуть зробити лише ті, кому дзвонили, супервайзери й адміністратори."
            )
        assert await toast(scene.olena, alert, "🙋") == "Клієнт ваш"


async def test_a_case_no_group_was_told_of_is_not_for_everybody(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        ivan = await scene.office.employee(IVAN, "Іван", Role.OPERATOR, "202")
        await scene.office.post(lost("a"))
        await scene.olena.wait_for(is_alert)
        forged = CaseButton(step=CaseStep.TAKE, case=1)
        message = await scene.office.ask(ivan, "/start")
        answered = await (await ivan.press_stale(message, forged.pack())).answered()
        assert "лише ті, кому дзвонили" in answered.text

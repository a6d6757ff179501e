"""Group chats over real HTTP: connected, told, pressed in, removed, upgraded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.demo.people import Group, User
from bot.models import Role
from tests.running import OLENA, Office, running_office
from tests.telegram import START, TOKEN, RunningClock

GROUP = -1001234


@dataclass(frozen=True, slots=True)
class Scene:
    office: Office
    boss: User
    olena: User
    stranger: User
    group: Group


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
        assert alert.buttons == [["🙋 Беру", "📝 Беру з коментарем"], ["✅ Закрити", "📄 Картка"]]
        refused = await (await scene.stranger.click(alert, "🙋")).answered()
        assert refused.text == "Немає доступу."
        taken = await (await scene.olena.click(alert, "🙋")).answered()
        assert taken.text == "Клієнт ваш"
        own = await scene.olena.wait_for(lambda one: "Взято: Олена" in one.text)
        assert own.buttons[0] == ["↩️ Віддати", "✅ Закрити"]
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
        assert "+380 50 999 8877" in alert.text
        assert alert.thread_id == topic
        await scene.boss.wait_for(lambda one: "67 123" in one.text)
        assert not [one for one in scene.group.messages() if "67 123" in one.text]
        await scene.boss.click(settings, "✖️")
        await scene.group.wait_for(lambda one: "більше не приходять" in one.text)


async def test_a_topic_that_is_gone_is_told_of_once(tmp_path: Path) -> None:
    async with shop(tmp_path, is_forum=True) as scene:
        topic = scene.group.add_topic("Продажі")
        await connect(scene, scene.boss, thread_id=topic)
        scene.group.remove_topic(topic)
        await scene.office.post(lost("a"))
        await scene.boss.wait_for(lambda one: "Більше не можу писати в групу «Зміна»" in one.text)
        await scene.office.post(lost("b", caller={"number": "0509998877"}))
        await scene.boss.wait_for(lambda one: "50 999" in one.text)
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
        bigger = scene.group.upgrade(GROUP)
        for bot in scene.office.telegram.telegram.bots.values():
            bot.queue.pending.clear()
        async with scene.office.restarted() as office:
            await office.post(lost("a"))
            await bigger.wait_for(lambda one: one.text.startswith("🔴"))

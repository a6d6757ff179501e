"""Finding calls from within any chat, and sharing them, over real HTTP."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.inline import InlineAnswer, InlineQuery
from bot.demo.bot_api.markup import find_button
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from tests.support.lost_calls import NOW
from tests.support.posted_calls import posted_call
from tests.support.running import Office, running_office
from tests.support.telegram import TOKEN, Clock

IRA, OLENA, STRANGER = 7001, 7002, 7003
GANNA, FOREIGN = "0671234567", "+49301234567"


@dataclass(frozen=True, slots=True)
class Scene:
    """Olena's phone is 101, Ira sees everything; the last call is Ganna's, lost by 101."""

    office: Office
    ira: User
    olena: User
    stranger: User
    group: Group

    @property
    def bot(self) -> Bot:
        return self.office.telegram.telegram.bots[TOKEN]

    async def type(self, user: User, text: str, **more: Any) -> tuple[InlineQuery, InlineAnswer]:
        query = await user.inline(text, **more)
        return query, await query.answered()

    async def share(self, user: User, text: str, number: int = 0) -> Message:
        """Send one of the calls found to the group."""
        query, answer = await self.type(user, text, chat=self.group)
        return await query.choose(answer.results[number]["id"])

    def audit(self, kind: str) -> list[str]:
        found = self.office.rows(
            f"SELECT coalesce(detail, number) FROM audit WHERE kind = '{kind}' ORDER BY id"
        )
        return [one for [one] in found]


@asynccontextmanager
async def shop(directory: Path, *, calls: bool = True) -> AsyncIterator[Scene]:
    async with running_office(directory, clock=Clock(NOW)) as office:
        office.telegram.telegram.bots[TOKEN].is_inline = True
        ira = await office.employee(IRA, "Ірина Бондар", Role.SUPERVISOR, "102")
        olena = await office.employee(OLENA, "Олена Коваль", Role.OPERATOR, "101")
        stranger = office.telegram.user(STRANGER, "Хтось")
        group = office.telegram.group(-1007, "Зміна")
        for one in (ira, olena, stranger):
            group.add(one)
        if calls:
            lost = {"status": "missed", "extension": None, "talk_seconds": 0}
            await office.post(
                posted_call(1, caller={"number": GANNA, "name": "<b>Ганна"}, **lost),
                posted_call(2, caller={"number": "0501112233"}, price="1.25"),
                posted_call(3, caller={"number": GANNA}, rang=["102"], extension="102"),
                posted_call(4, caller={"number": FOREIGN}, rang=["102"], extension="102"),
            )
        yield Scene(office, ira, olena, stranger, group)


async def open_shared(user: User, card: Message) -> None:
    """Press the button below a shared card, and START in the chat that it opens."""
    url = str(find_button(card.markup, "Відкрити дзвінок")["url"])
    link, _, payload = url.partition("?start=")
    assert link == "https://t.me/dzvinok_bot"
    await user.start(payload)


def told(answer: InlineAnswer) -> list[tuple[str, str]]:
    return [(one["title"], one["description"]) for one in answer.results]


async def test_each_finds_calls_of_their_own_scope_and_the_latest_without_words(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path) as scene:
        _, of_all = await scene.type(scene.ira, "067 123")
        assert told(of_all) == [
            ("🔴 <b>Ганна", "↙️ 10:43\n+380 67 123 45 67, Олена, чекали 0:10"),
            ("✅ +380 67 123 45 67", "↙️ 08:43\nІрина, 0:50"),
        ]
        assert (of_all.is_personal, of_all.cache_time, of_all.button) == (True, 0, None)
        _, own = await scene.type(scene.olena, "067 123")
        assert [title for title, _ in told(own)] == ["🔴 <b>Ганна"]
        assert len((await scene.type(scene.ira, ""))[1].results) == 4
        assert len((await scene.type(scene.olena, "  "))[1].results) == 2
        _, foreign = await scene.type(scene.olena, "4930")
        assert foreign.results == []
        assert foreign.button == {"text": "Таких дзвінків немає", "start_parameter": "search"}


async def test_a_shared_card_has_no_number_and_opens_for_whom_it_may(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        office = scene.office
        found = await office.ask(scene.ira, "501112233")
        card = await office.press(scene.ira, found, "1")
        await office.press(scene.ira, card, "💬")
        await office.ask(scene.ira, "Таємний коментар")
        shared = await scene.share(scene.ira, "501112233")
        assert shared.text.split("\n") == [
            "✅ Дзвонили та дзвінок був прийнятий оператором",
            "↙️ Вхідний, 23 листопада, 09:43",
            "",
            "Хто дзвонив: +380…33",
            "Кому дзвонили: Олена Коваль",
            "",
            "Очікування дзвінка: 0:10",
            "Тривалість: 0:50",
        ]
        assert (shared.sender.id, shared.via.id if shared.via else 0) == (IRA, scene.bot.id)
        named = await scene.share(scene.ira, "067", 0)
        assert "Хто дзвонив: <b>Ганна" in named.text
        assert not any("123" in one.text or "Таємний" in one.text for one in (shared, named))
        await open_shared(scene.olena, shared)
        await scene.olena.wait_for(lambda one: "Таємний коментар" in one.text)
        await open_shared(scene.stranger, named)
        await scene.stranger.wait_for(lambda one: "для співробітників однієї" in one.text)
        foreign = await scene.share(scene.ira, "4930")
        await open_shared(scene.olena, foreign)
        await scene.olena.wait_for(lambda one: one.text == "Немає доступу.")


async def test_a_name_that_is_a_number_is_shared_without_it(tmp_path: Path) -> None:
    async with shop(tmp_path, calls=False) as scene:
        names = [
            "067 123-45-67",
            "Іван 0671234567 склад",
            "+38 (067) 123 45 67",
            *("067\u00a0123\u00a045\u00a067", "067–123–45–67", "067\u2011123\u201145\u201167"),
            *("067/123/45/67", "067_123_45_67", "067,123,45,67", "067+123+45+67"),
            *("067\u200b123\u200b45\u200b67", "\u202a067 123 45 67\u202c"),
            *("０６７１２３４５６７", "٠٦٧١٢٣٤٥٦٧", "⁰⁶⁷¹²³⁴⁵⁶⁷"),
            "".join(f"{one}\ufe0f\u20e3" for one in "0671234567"),
            "067a123b45c67",
            "6712345",  # in its own town it is dialled without the code
            "sip:+380671234567@pbx.example.com",
        ]
        await scene.office.post(
            *(
                posted_call(hour, caller={"number": f"06712345{hour:02}", "name": name})
                for hour, name in enumerate(names, start=1)
            )
        )
        for number in range(len(names)):
            card = await scene.share(scene.ira, "", number)
            said = card.text.split("Хто дзвонив:")[1].split("\n")[0]
            digits = "".join(str(unicodedata.digit(one, "")) for one in said)
            assert len(digits) <= 6, said
            assert not any(part in digits for part in ("123", "234", "345")), said


async def test_whoever_was_called_is_shared_without_a_number_too(tmp_path: Path) -> None:
    lost: dict[str, Any] = {"status": "missed", "extension": None, "rang": [], "talk_seconds": 0}
    async with shop(tmp_path, calls=False) as scene:
        await scene.office.post(
            posted_call(1, caller={"sip": "sip:ganna@pbx.example.com"}),
            posted_call(2, direction="out", callee={"number": GANNA, "name": "067/123/45/67"}),
            posted_call(3, queue="Продаж 067–123–45–67", callee={}, **lost),
            posted_call(4, **lost | {"rang": [GANNA, "1012", "103"]}),
            posted_call(5, **lost | {"rang": ["1012", "103"]}),
            posted_call(6, caller={"number": "0671234567", "name": "Ганна @ganna кв. 12"}),
            posted_call(7, extension=GANNA),
        )
        told = [await scene.share(scene.ira, "", number) for number in range(7)]
        assert [one.text.split("\n")[3:5] for one in told] == [
            ["Хто дзвонив: sip:ganna…", "Кому дзвонили: Олена Коваль"],
            ["Хто дзвонив: Олена Коваль", "Кому дзвонили: 0671…67"],
            ["Хто дзвонив: +380…67", "Кому дзвонили: Продаж 0671…67"],
            ["Хто дзвонив: +380…67", "Кому дзвонили: 0671…67 +2"],
            ["Хто дзвонив: +380…67", "Кому дзвонили: 1012 +1"],
            ["Хто дзвонив: Ганна … кв. 12", "Кому дзвонили: Олена Коваль"],
            ["Хто дзвонив: +380…67", "Кому дзвонили: 0671…67"],
        ]


async def test_strangers_and_those_without_access_are_told_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        query, answer = await scene.type(scene.stranger, "067")
        assert answer.results == []
        assert answer.button is not None
        assert answer.button["text"] == "Лише для співробітників компанії"
        await query.press_button()
        refused = await scene.stranger.wait_for(lambda one: one.is_from_bot)
        assert "для співробітників однієї компанії" in refused.text
        assert (await scene.type(scene.olena, "501"))[1].results
        boss = await scene.office.administrator()
        staff = await scene.office.ask(boss, "/staff")
        person = await scene.office.press(boss, staff, "3")
        await scene.office.press(boss, person, "🔒")
        assert (await scene.type(scene.olena, "501"))[1].results == []
        assert scene.audit("looked_up") == ['{"query": "501", "typed": "1"}']


async def test_a_long_list_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with shop(tmp_path, calls=False) as scene:
        await scene.office.post(*(posted_call(number) for number in range(1, 46)))
        seen, offset = list[str](), ""
        for size in (20, 20, 5):
            _, answer = await scene.type(scene.olena, "4567", offset=offset)
            assert len(answer.results) == size
            seen += [one["id"] for one in answer.results]
            offset = answer.next_offset
        assert (offset, len(set(seen))) == ("", 45)
        for forged in ("1.1", "x", "9" * 15 + "." + "9" * 15, "-1.5", "1.1.1", "٣.٣"):
            _, answer = await scene.type(scene.olena, "4567", offset=forged)
            assert len(answer.results) in {0, 20}, forged
        last = "9" * 15 + "." + "9" * 9
        assert len((await scene.type(scene.olena, "0671", offset=last))[1].results) == 20
        texts = ["4567", "0671"]
        assert scene.audit("looked_up") == [f'{{"query": "{one}", "typed": "1"}}' for one in texts]


async def test_what_is_typed_letter_by_letter_is_one_line_of_the_audit(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        for text in ("0", "06", "067", "0671", "06", "067 1", "067 123", "067 12", "ган", "ганн"):
            await scene.type(scene.ira, text)
        texts = ["0671", "067 123", "ганн"]
        assert scene.audit("looked_up") == [f'{{"query": "{one}", "typed": "1"}}' for one in texts]
        scene.office.clock.advance(601)
        await scene.type(scene.ira, "ганна")
        await scene.office.ask(scene.ira, "ганна")
        await scene.type(scene.ira, "ганна")
        assert len(scene.audit("looked_up")) == 6


async def test_sharing_is_noted_where_telegram_tells_of_it(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        await scene.share(scene.ira, "067")
        scene.bot.inline_feedback = True
        await scene.share(scene.ira, "067")
        for forged in ("4", "99", "-1", "x", "٣"):  # the first is none of Olena's
            body = {"result_id": forged, "from": scene.olena.account.as_json(), "query": ""}
            scene.bot.queue.put("chosen_inline_result", body, chat_id=OLENA)
        await scene.type(scene.olena, "501")
        assert scene.audit("shared") == ["+380671234567"]


async def test_a_card_shared_with_the_bot_itself_says_nothing_to_it(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        office = scene.office
        card = await office.press(scene.ira, await office.ask(scene.ira, "501112233"), "1")
        await office.press(scene.ira, card, "💬")
        query, answer = await scene.type(scene.ira, "067")
        sent = await query.choose(answer.results[0]["id"])
        said = await office.ask(scene.ira, "Записано")
        after = [one.text for one in scene.ira.messages() if one.id > sent.id and one.is_from_bot]
        assert after == [said.text]
        assert "Записано" in said.text
        assert "Ганна" not in said.text


async def test_why_nothing_is_listed_and_the_way_to_the_search(tmp_path: Path) -> None:
    async with shop(tmp_path) as scene:
        for text, words in {
            "%": "Лише літери й цифри",
            "_%_": "Лише літери й цифри",
            "1": "Щонайменше три цифри або дві літери",
            "ї": "Щонайменше три цифри або дві літери",
            "а" * 256: "Задовго",
            "999": "Таких дзвінків немає",
        }.items():
            query, answer = await scene.type(scene.ira, text)
            assert answer.button is not None
            assert (answer.results, answer.button["text"]) == ([], words)
        await query.press_button()
        asked = await scene.ira.wait_for(lambda one: one.text.startswith("Пошук\n"))
        assert "напишіть там @dzvinok_bot" in asked.text
        scene.bot.is_inline = False
        assert "@dzvinok_bot" in (await scene.office.ask(scene.ira, "/search")).text


async def test_an_answer_that_comes_too_late_is_no_error(tmp_path: Path, caplog: Any) -> None:
    async with shop(tmp_path) as scene:
        scene.office.telegram.telegram.inline.lifetime = -1
        await scene.ira.inline("067")
        await scene.stranger.inline("067")
        await scene.office.telegram.wait_calls("answerInlineQuery", 2)
        scene.office.telegram.telegram.inline.lifetime = 10
        assert (await scene.type(scene.ira, "067"))[1].results
        assert "failed" not in caplog.text


async def test_links_to_calls_that_there_are_not(tmp_path: Path, caplog: Any) -> None:
    async with shop(tmp_path) as scene:
        await scene.office.nothing_due()
        for forged, words in {
            "call_0": "Цих даних уже немає",
            "call_999999999": "Цих даних уже немає",
            "call_1000000000": "Вітаю!",
            "call_999999999999999": "Вітаю!",
            "call_-1": "Вітаю!",
            "call_٣": "Вітаю!",
            "call_": "Вітаю!",
        }.items():
            assert words in (await scene.office.ask(scene.ira, f"/start {forged}")).text, forged
        assert "failed" not in caplog.text

"""Looking for calls over real HTTP: what is typed, found, filtered, opened, and noted."""

from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from tests.support.lost_calls import NOW
from tests.support.posted_calls import posted_call
from tests.support.running import Office, running_office
from tests.support.telegram import Clock

IRA, OLENA, STRANGER = 7001, 7002, 7003
GANNA, OTHER, FOREIGN = "0671234567", "0501112233", "+49301234567"


@pytest.fixture
def calls() -> list[dict[str, Any]]:
    """Olena's phone is 101; one of Ganna's calls is lost, one came to 102."""
    return [
        posted_call(1, caller={"number": GANNA}, status="missed", extension=None, talk_seconds=0),
        posted_call(2, caller={"number": OTHER}),
        posted_call(3, caller={"number": GANNA}, rang=["102"], extension="102"),
        posted_call(4, caller={"number": FOREIGN}, rang=["102"], extension="102"),
    ]


async def people(office: Office) -> tuple[User, User]:
    ira = await office.employee(IRA, "Ірина Дем’янчук", Role.SUPERVISOR, "102")
    olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
    return ira, olena


def rows(message: Message) -> int:
    return sum(label.isdigit() for row in message.buttons for label in row)


async def comment(office: Office, user: User, log: Message, text: str, row: str = "1") -> None:
    card = await office.press(user, log, row)
    await office.press(user, card, "💬")
    await office.ask(user, text)


async def test_a_number_a_name_and_a_word_are_found_however_they_are_typed(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        card = await office.press(ira, await office.ask(ira, GANNA), "1")
        await office.press(ira, card, "👤")
        await office.ask(ira, "Ґанна Мельник")
        await comment(office, ira, await office.ask(ira, "501112233"), "Просив рахунок-фактуру")
        for text, count in {
            "067 123": 2,
            "+38 (067) 123-45-67": 2,
            "4567": 3,
            "112": 1,
            "/search 4567": 3,
            "мельник": 2,
            "ГАННА МЕЛЬНИК": 2,
            "Мельнк": 2,
            "демянчук": 2,
            "Дем'янчук": 2,
            "фактуру": 1,
            "999": 0,
            "100%": 0,
        }.items():
            found = await office.ask(ira, text)
            assert rows(found) == count, (text, found.text)
            assert found.text.startswith("Пошук: " + text.removeprefix("/search ")), text
            assert ("Саме такого немає. Схоже:" in found.text) == (text == "Мельнк"), text
        assert "Таких дзвінків немає." in found.text
        assert "слово з коментаря" in found.text


async def test_found_calls_have_chips_and_cards_lead_back(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        found = await office.ask(ira, "4567")
        lost = await office.press(ira, found, "🔴")
        assert (rows(lost), "🎛 Пропущені" in lost.text) == (1, True)
        assert lost.text.startswith("Пошук: 4567")
        back = await office.press(ira, await office.press(ira, lost, "1"), "⬅️")
        assert (back.text, rows(back)) == (lost.text, 1)
        assert rows(await office.press(ira, back, "🧹")) == 3
        panel = await office.press(ira, back, "🎛")
        assert "3 дзвінки" in panel.text
        cleared = await office.press(ira, await office.press(ira, panel, "Сьогодні"), "🧹")
        assert (await office.press(ira, cleared, "⬅️")).text.startswith("Пошук: 4567")


async def test_everybody_finds_in_what_they_see_and_it_is_noted(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        _, olena = await people(office)
        await office.post(*calls)
        assert rows(await office.ask(olena, "4567")) == 1
        nothing = await office.ask(olena, "+4930")
        assert "Серед дзвінків ваших внутрішніх номерів таких немає." in nothing.text
        noted = office.rows("SELECT detail FROM audit WHERE kind = 'looked_up' ORDER BY id")
        assert [detail for [detail] in noted] == ['{"query": "4567"}', '{"query": "+4930"}']


async def test_what_cannot_be_looked_for_is_said(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        for text, answer in {
            "/search": "Пошук\nНадішліть те, що пам'ятаєте:",
            "/search %": "Шукати можу лише літери та цифри.",
            "_": "Шукати можу лише літери та цифри.",
            "ї": "Закоротко:",
            "12": "Закоротко:",
            "ї" * 4000: "Для пошуку це задовге: щонайбільше 64 символи.",
            "<b>_%': --": "Закоротко:",
            "<b>олена": "Пошук: <b>олена",
        }.items():
            said = await office.ask(ira, text)
            assert said.text.startswith(answer), text[:20]


async def test_a_text_that_answers_a_question_is_not_looked_for(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        await comment(office, ira, await office.ask(ira, "/log"), "4567")
        assert [*map(tuple, office.rows("SELECT text FROM comments"))] == [("4567",)]
        assert not office.rows("SELECT 1 FROM audit WHERE kind = 'looked_up'")


async def test_strangers_look_for_nothing(tmp_path: Path, calls: list[dict[str, Any]]) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        await people(office)
        await office.post(*calls)
        stranger = office.telegram.user(STRANGER, "Хтось", is_started=True)
        assert "4567" not in (await office.ask(stranger, "/search 4567")).text


async def test_after_a_comment_a_number_is_looked_for_and_soon_any_text(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        ira, _ = await people(office)
        await office.post(*calls)
        await comment(office, ira, await office.ask(ira, "/log"), "Просив рахунок")
        assert "додати" in (await office.ask(ira, "і договір")).text.lower()
        await comment(office, ira, await office.ask(ira, "501112233"), "Просив рахунок")
        assert rows(await office.ask(ira, "4567")) == 3
        await comment(office, ira, await office.ask(ira, "/log"), "Надіслати договір", "4")
        clock.now += 121
        assert rows(await office.ask(ira, "надіслати")) == 1


async def test_the_story_of_a_client_is_above_all_their_calls(
    tmp_path: Path, calls: list[dict[str, Any]]
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        ira, olena = await people(office)
        back = {"direction": "out", "caller": {"number": "102"}, "callee": {"number": GANNA}}
        await office.post(
            *calls,
            *(
                posted_call(
                    ago, caller={"number": GANNA}, status="missed", extension=None, talk_seconds=0
                )
                for ago in (30, 31)
            ),
            posted_call(29, **back, extension="102", rang=[]),
        )
        await comment(office, ira, await office.ask(ira, GANNA), "Просив <b>рахунок</b>")
        card = await office.press(ira, await office.ask(ira, GANNA), "1")
        story = await office.press(ira, card, "🔍")
        assert story.text.split("\n\n")[0].split("\n") == [
            "Усі дзвінки: +380 67 123 45 67",
            "Усього 5: вхідних 4, вихідних 1",
            "Перший дзвінок: 22 листопада 2026\u202fр.",
            "🔴 Пропустили 3 дзвінки: передзвонили – 2, чекає – 1",
            "💬 11:43, Ірина Дем’янчук: Просив <b>рахунок</b>",
        ]
        assert rows(story) == 5
        card = await office.press(olena, await office.ask(olena, GANNA), "1")
        own = await office.press(olena, card, "🔍")
        assert "Усього 3: вхідних 3, вихідних 0" in own.text
        [[number]] = office.rows(
            "SELECT number FROM audit WHERE kind = 'looked_up' AND call_id = 1"
        )[1:]
        assert number == "+380671234567"

"""How often a press goes to the database, and when the outbox is looked into after it."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from bot.domain.calls import Status
from bot.domain.people import Role
from bot.telegram.open_cards import OpenCardsMiddleware
from keyboards.callbacks import AuditPages, Card
from storage.engine.base import Database
from storage.open_cards import OpenCardRepo
from tests.support.screens import BOSS, NOW, OLENA, App, open_screens
from tests.support.statements import said

CALLS = 30


@pytest.fixture
async def app(database: Database) -> AsyncIterator[App]:
    """The screens on each engine, as one of several processes where there may be others: a log of
    several pages, some of its calls lost.
    """
    async with database.sharing(), open_screens(database) as app:
        cards = OpenCardRepo(database)
        app.bot.session.middleware(OpenCardsMiddleware(cards, clock=lambda: app.now))
        calls = [
            said(
                external_id=f"a{number}",
                started_at=NOW - number,
                status=Status.MISSED if number % 3 else Status.ANSWERED,
                extension=None if number % 3 else "101",
                rang=("101", "102"),
            )
            for number in range(CALLS)
        ]
        await app.calls.record(calls, now=NOW)
        await app.hire(OLENA, Role.OPERATOR, "101", "102")
        yield app


async def trips(app: App, act: Awaitable[None]) -> int:
    app.woken, before = 0, app.database.trips
    await act
    return app.database.trips - before


@pytest.mark.parametrize("person", [BOSS, OLENA])
@pytest.mark.parametrize("command", ["/log", "/today"])
async def test_a_page_takes_three_trips_and_no_look_into_the_outbox(
    app: App, command: str, person: int
) -> None:
    assert await trips(app, app.say(person, command)) == 3
    assert app.woken == 0
    for sign in ("▶️", "▶️", "◀️", "⏭", "⏮", "🔄"):
        assert await trips(app, app.press(person, sign)) == 3, sign
        assert app.woken == 0
    assert f"1/{-(-CALLS // 8)}" in app.labels


@pytest.mark.parametrize("person", [BOSS, OLENA])
async def test_a_card_takes_three_trips_and_is_owed_an_edit(app: App, person: int) -> None:
    await app.say(person, "/log")
    [data, *_] = app.buttons("1")
    assert Card.unpack(data)
    assert await trips(app, app.press_data(person, data)) == 3, "who; the call; that it is open"
    assert app.woken == 1
    assert await trips(app, app.press(person, "⬅️ Журнал")) == 4, "and that it is open no more"


async def test_a_page_of_who_did_what_takes_three_trips(app: App) -> None:
    assert await trips(app, app.press_data(BOSS, AuditPages().pack())) == 3
    assert app.woken == 0


async def test_a_question_is_asked_without_a_look_into_the_outbox(app: App) -> None:
    await app.press_data(BOSS, Card(call=1).pack())
    app.woken = 0
    await app.press(BOSS, "💬")
    assert app.woken == 0, "nobody is owed anything for a question"
    await app.say(BOSS, "Передзвонити після обіду")
    assert app.woken == 1, "open cards of the call have a comment to show"

"""What it costs to know which messages show a card."""

from pathlib import Path

from bot.domain.calls import Direction, Status
from bot.telegram.open_cards import OpenCardsMiddleware
from keyboards.callbacks import Card, LogPage
from storage.engine.base import Database
from storage.open_cards import OpenCardRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import ExplainedDatabase
from tests.support.screens import BOSS, NOW, App, open_app
from tests.support.statements import said

PAGE, CARD = 77, 78
"""The ids of messages."""


async def cost(app: App, explained: ExplainedDatabase, data: str, *, on: int) -> list[str]:
    """The statements that a press takes."""
    explained.plans.clear()
    await app.press_data(BOSS, data, on=on)
    return [plan.sql for plan in explained.plans]


@ONLY_SQLITE
async def test_only_what_shows_or_leaves_a_card_costs_statements(tmp_path: Path) -> None:
    found: list[ExplainedDatabase] = []

    def explained(database: Database) -> ExplainedDatabase:
        found.append(ExplainedDatabase(database))
        return found[0]

    async with open_app(tmp_path, wrap=explained) as app:
        database = found[0]
        cards = OpenCardRepo(database)
        app.bot.session.middleware(OpenCardsMiddleware(cards, clock=lambda: app.now))
        call = said(status=Status.ANSWERED, direction=Direction.IN, extension="101")
        await app.calls.record([call], now=NOW)
        page, card = LogPage().pack(), Card(call=1).pack()
        bare = await cost(app, database, page, on=PAGE)
        assert not any("open_cards WHERE" in sql for sql in bare)

        shown = await cost(app, database, card, on=CARD)
        assert [sql.split()[0] for sql in shown if "open_cards" in sql] == [
            *("SELECT", "INSERT", "DELETE", "INSERT"),  # who pressed; the card, the oldest; owed
        ]
        assert await cards.find(BOSS, CARD)
        assert await cost(app, database, page, on=PAGE) == bare, "a page beside an open card"
        left = await cost(app, database, page, on=CARD)
        assert len(left) == len(bare) + 1
        assert await cards.find(BOSS, CARD) is None
        assert await cost(app, database, page, on=CARD) == bare

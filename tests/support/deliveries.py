"""An Alerter that is let work until nothing that is due is left."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import nullcontext
from zoneinfo import ZoneInfo

from aiogram import Bot

from bot.delivery.alerter import Accepted, Alerter
from bot.delivery.cards import Cards
from bot.delivery.open_cards import Holding, OpenCards
from bot.delivery.pace import Pace
from bot.domain.clock import Clock
from bot.domain.people import Language
from bot.parts import create_notices
from bot.repositories import Repositories
from bot.telegram.i18n import create_i18n
from bot.telemetry.metrics import Metrics
from storage.engine.base import Database
from storage.outbox import Look, OutboxRepo


class NoPace(Pace):
    """Telegram is asked as fast as the Alerter likes."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)

    def closed_chats(self) -> dict[int, float]:
        return {}

    def close_chat(self, chat_id: int, seconds: float) -> None:
        pass

    async def wait_for_turn(self, chat_id: int, *, is_edit: bool = False) -> None:
        pass


class WatchedOutbox(OutboxRepo):
    """An outbox that tells when nothing is due and nothing under way; `looks`: into it so far."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.looks = 0
        self._is_done = asyncio.Event()

    async def look(self, *, now: int, limit: int, not_to: Collection[int] = ()) -> Look:
        self.looks += 1
        look = await super().look(now=now, limit=limit, not_to=not_to)
        if not look.due and not not_to:  # without a pace, only chats written to are left out
            self._is_done.set()
        return look

    async def done(self) -> None:
        self._is_done.clear()
        await self._is_done.wait()


async def deliver_due(
    bot: Bot,
    repositories: Repositories,
    outbox: WatchedOutbox,
    *,
    zone: ZoneInfo,
    clock: Clock,
    seconds: float = 20,
    holding: Holding = lambda _: nullcontext(),
    then: Callable[[], Awaitable[object]] | None = None,
    may_send: Callable[[], bool] = lambda: True,
    accepted: dict[int, Accepted] | None = None,
) -> None:
    """Send and edit all that is due, and all that becomes due meanwhile.

    `then` is done when nothing is due any more; what is due by it is sent too. `accepted`: see
    Alerter.
    """
    i18n = create_i18n(Language.UK)
    alerter = Alerter(
        bot,
        outbox=outbox,
        alert_lists=repositories.alert_lists,
        groups=repositories.groups,
        notices=create_notices(repositories, i18n, zone=zone, clock=clock),
        open_cards=OpenCards(
            bot,
            repositories.open_cards,
            outbox=outbox,
            employees=repositories.employees,
            cards=Cards(repositories.journal, repositories.cases, zone, lambda _: False),
            i18n=i18n,
            clock=clock,
            holding=holding,
        ),
        clock=clock,
        pace=NoPace(),
        metrics=Metrics(),
        may_send=may_send,
        accepted=accepted,
    )
    async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
        tasks.create_task(alerter.run())
        await outbox.done()
        if then:
            await then()
            await outbox.done()
        alerter.stop()

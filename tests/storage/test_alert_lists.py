"""Lists of lost calls, as the Alerter finds and marks them."""

import pytest

from bot.domain.outbox import MessageKind, Owed, Priority
from bot.domain.people import Role
from storage.alert_lists import AlertLists
from storage.outbox import OutboxRepo
from storage.owing import mark_alerts_changed
from storage.owing_lists import EDIT_SECONDS
from tests.support.statements import NOW
from tests.support.stored_calls import StoredCalls


class Lists:
    """The lists of the only chat, and what is due to it."""

    def __init__(self, stored: StoredCalls) -> None:
        self.stored = stored
        self.outbox = OutboxRepo(stored.database)
        self.lists = AlertLists(stored.database)

    async def due(self, now: int) -> Owed | None:
        due = (await self.outbox.look(now=now, limit=9)).due
        return due[0] if due else None

    async def take(self, case_id: int, *, now: int) -> None:
        async with self.stored.database.transaction() as tx:
            await mark_alerts_changed(tx, [case_id], priority=Priority.NEWS, now=now)

    async def send(self, owed: Owed, *, now: int) -> None:
        told = [one.row_id for one in await self.lists.list_cases(owed.id)]
        await self.outbox.mark_sent(
            owed, message_id=7, shown=str(now), now=now, is_alert=True, told=told
        )


@pytest.fixture
async def lists(stored: StoredCalls) -> Lists:
    await stored.hire(1, Role.SUPERVISOR)
    for number in range(7):
        await stored.lost(-60, f"06712345{number:02}")
    lists = Lists(stored)
    await lists.lists.gather(now=NOW)
    return lists


async def test_a_list_is_edited_every_few_seconds_whatever_comes_meanwhile(lists: Lists) -> None:
    now = NOW
    for case_id in range(1, 4):
        owed = await lists.due(now)
        assert owed is not None
        assert owed.kind is MessageKind.LIST
        await lists.take(case_id, now=now)  # while the list is on its way
        await lists.send(owed, now=now)
        assert await lists.due(now + EDIT_SECONDS - 1) is None
        assert (await lists.outbox.look(now=now, limit=9)).is_any_later
        now += EDIT_SECONDS

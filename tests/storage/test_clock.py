"""What is mended when the clock of the computer was set back, and kept when it leaps."""

from bot.domain.cases import BatchKind, Board, BoardPart
from bot.domain.outbox import MessageKind, Owed
from bot.domain.people import Role
from storage.alert_lists import AlertLists
from storage.clock import ClockRepo
from storage.outbox import OutboxRepo
from storage.reminders import ReminderRepo
from tests.support.statements import NOW
from tests.support.stored_calls import StoredCalls

HOUR, DAY = 3600, 86400


async def set_back(stored: StoredCalls) -> None:
    """By an hour, from an hour ahead."""
    await ClockRepo(stored.database).note(now=NOW, step=-HOUR)
    stored.now = NOW


async def test_a_number_ignored_and_heard_of_again_in_a_future_that_did_not_come_is_so_now(
    stored: StoredCalls,
) -> None:
    boss = await stored.hire(1, Role.ADMINISTRATOR)
    stored.now = NOW + HOUR
    await stored.case_closings.ignore("+380671234567", boss, now=stored.now)
    await stored.case_closings.ignore("+380501112233", boss, now=stored.now)
    _, other = await stored.case_closings.list_ignored()
    await stored.case_closings.unignore(other.id, now=stored.now)
    await set_back(stored)
    await stored.lost(20, "0671234567" if other.number.startswith("+38050") else "0501112233")
    assert await stored.all_cases() == []
    await stored.lost(20, other.number)
    assert len(await stored.all_cases()) == 1


async def test_a_reminder_of_a_span_is_moved_one_of_a_moment_is_not(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.ADMINISTRATOR)
    reminders = ReminderRepo(stored.database)
    for number, later in (("0671234567", 900), ("0501112233", DAY)):
        await stored.lost(-60, number)
        call_id = (await stored.all_cases())[-1].call.id
        await reminders.add(call_id, boss, due_at=NOW + HOUR + later, now=NOW + HOUR)
    await set_back(stored)
    rows = await stored.database.fetch("SELECT due_at FROM reminders ORDER BY id")
    assert [row["due_at"] for row in rows] == [NOW + 900, NOW + HOUR + DAY]


async def test_alerts_of_a_future_that_did_not_come_are_no_recent_ones_when_it_does(
    stored: StoredCalls,
) -> None:
    await stored.hire(1, Role.ADMINISTRATOR)
    outbox, lists = OutboxRepo(stored.database), AlertLists(stored.database)

    async def due() -> list[Owed]:
        found = await outbox.list_due(now=stored.now, limit=9)
        return [one for one in found if one.kind in {MessageKind.CASE, MessageKind.LIST}]

    stored.now = NOW + HOUR
    for number in range(6):
        await stored.lost(-60 + number, f"06712345{number:02}")
    await lists.gather(now=stored.now)
    [told] = await due()
    await outbox.mark_sent(told, message_id=9, shown="x", now=stored.now, is_alert=True)
    assert await lists.has_rung(told, now=stored.now)
    await set_back(stored)
    assert await lists.has_rung(told, now=stored.now), "it rang just now"
    stored.now = NOW + HOUR
    assert not await lists.has_rung(told, now=stored.now)
    await stored.lost(-5, "0501112233")
    assert not await lists.has_too_many(await due(), now=stored.now)


async def test_a_leap_deletes_no_batches_until_the_clock_has_kept_to_it(
    stored: StoredCalls,
) -> None:
    boss, clock = await stored.hire(1, Role.ADMINISTRATOR), ClockRepo(stored.database)

    async def ask(now: int) -> int:
        """Ask about one more batch. Returns how many are kept."""
        await stored.batches.ask(BatchKind.TAKE, boss, Board.ALL, BoardPart(), today=now, now=now)
        return await stored.database.count("SELECT count(*) FROM batches")

    await clock.note(now=NOW, step=None)
    assert await ask(NOW) == 1
    leapt = NOW + 300 * DAY
    await clock.note(now=leapt, step=300 * DAY)
    assert await ask(leapt) == 2
    await clock.note(now=leapt + DAY + 1, step=0)
    assert await ask(leapt + DAY + 1) == 1

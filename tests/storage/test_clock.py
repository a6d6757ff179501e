"""What is mended when the clock of the computer was set back, and kept when it leaps."""

from bot.domain.calls import CaseState
from bot.domain.cases import BatchKind, Board, BoardPart
from bot.domain.outbox import MessageKind, Owed
from bot.domain.people import Role
from storage.alert_lists import AlertLists
from storage.clock import ClockRepo
from storage.outbox import OutboxRepo
from storage.reminders import ReminderRepo
from tests.support.statements import NOW, said
from tests.support.stored_calls import StoredCalls, values_of

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
        found = (await outbox.look(now=stored.now, limit=9)).due
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
    assert not (await outbox.look(now=stored.now, limit=9)).crowded


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


YEAR = 365 * DAY


async def leap(stored: StoredCalls, step: int) -> None:
    """Set the clock, and do what is due by it then."""
    stored.now += step
    await ClockRepo(stored.database).note(now=stored.now, step=step)
    await stored.case_deadlines.expire(now=stored.now)


async def log(stored: StoredCalls) -> list[tuple[int, int]]:
    """The calls in the order of the log, each with its place, the same everywhere."""
    rows = await stored.database.fetch(
        "SELECT c.id, c.position, min(x.position) AS a, max(x.position) AS b FROM calls AS c "
        "JOIN call_extensions AS x ON x.call_id = c.id GROUP BY c.id, c.position ORDER BY 2, 1"
    )
    assert all(row["position"] == row["a"] == row["b"] for row in rows)
    return [(row["id"], row["position"]) for row in rows]


async def test_a_call_of_a_future_that_did_not_come_is_of_the_same_case_and_day(
    stored: StoredCalls,
) -> None:
    """A PBX on the same server: it dates calls by the clock that was wrong."""
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await ClockRepo(stored.database).note(now=NOW, step=None)
    call = await stored.lost(-60)
    await leap(stored, YEAR)
    await stored.lost(-50)
    later = max(await stored.all_cases(), key=lambda one: one.opened_at)
    assert await stored.states() == [CaseState.EXPIRED, CaseState.OPEN]
    await stored.cases.take(later.id, olena, now=stored.now)
    await leap(stored, -YEAR)
    assert await log(stored) == [(1, NOW - 60), (2, NOW - 50)]
    case = await stored.only_case()
    assert (case.is_open, case.lost, case.owner and case.owner.id) == (True, 2, olena.id)
    numbers = await stored.cases.numbers(olena.scope, since=NOW - DAY)
    assert (numbers.opened, numbers.left) == (1, 1)
    again = said(**values_of(call) | {"external_id": "c2", "started_at": NOW + YEAR - 50})
    await stored.calls.record([again], now=stored.now)
    assert await log(stored) == [(1, NOW - 60), (2, NOW - 50)], "the PBX repeats what it said"
    await stored.dialled(10)
    assert await stored.states() == [CaseState.CALLED_BACK]


async def test_a_clock_that_is_set_back_wrongly_and_returns_leaves_all_as_it_was(
    stored: StoredCalls,
) -> None:
    """A PBX whose clock is right calls on: the lost calls come before the talk, here and there."""
    await ClockRepo(stored.database).note(now=NOW, step=None)
    await stored.lost(-7200)
    await stored.dialled(-3600)
    await stored.lost(-60)
    await leap(stored, -3 * DAY)
    assert await stored.states() == [CaseState.CALLED_BACK, CaseState.OPEN]
    await stored.lost(3 * DAY + 60)
    assert [place for _, place in await log(stored)] == sorted(
        [*(stored.now - ago for ago in (7200, 3600, 60)), stored.now]
    )
    await stored.dialled(3 * DAY + 120)
    assert await stored.states() == [CaseState.CALLED_BACK, CaseState.CALLED_BACK]
    await leap(stored, 3 * DAY)
    assert await log(stored) == [
        *((1, NOW - 7200), (2, NOW - 3600), (3, NOW - 60)),
        *((4, NOW + 60), (5, NOW + 120)),
    ]
    assert await stored.states() == [CaseState.CALLED_BACK, CaseState.CALLED_BACK]

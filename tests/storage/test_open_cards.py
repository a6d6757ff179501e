"""Which cards are kept true, for how long, and what is owed to them."""

from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import EmployeeState, Role
from storage.open_cards import NEWEST, OPEN_SECONDS, DrawnCard, OpenCardRepo
from storage.outbox import OutboxRepo
from tests.support.stored_calls import StoredCalls

OLENA, IVAN = 1101, 1102


def card(call: int | None, case: int | None = None) -> DrawnCard:
    return DrawnCard("c1:1", call, case, "digest", 0)


async def owed(stored: StoredCalls, *, now: int | None = None) -> set[tuple[int, int | None]]:
    """The messages whose cards are owed an edit, settled by this."""
    outbox, cards = OutboxRepo(stored.database), OpenCardRepo(stored.database)
    found = set()
    while due := [
        one
        for one in (await outbox.look(now=now or stored.now, limit=9)).due
        if one.kind is MessageKind.CARD
    ]:
        for one in due:
            found.add((one.chat_id, one.message_id))
            await cards.settle(one)
    return found


async def test_a_change_is_owed_to_the_cards_that_tell_of_it_and_to_no_others(
    stored: StoredCalls,
) -> None:
    cards = OpenCardRepo(stored.database)
    olena = await stored.hire(OLENA, Role.SUPERVISOR)
    ivan = await stored.hire(IVAN, Role.SUPERVISOR)
    await stored.lost(-900)
    await stored.lost(-800)
    await stored.lost(-700, "0501112233")
    await stored.send_all()
    for message, (call, case) in enumerate([(1, None), (2, None), (None, 1), (3, None)], start=10):
        await cards.note(OLENA, message, card(call, case), now=stored.now)
    await cards.note(IVAN, 10, card(1), now=stored.now)
    every = {(OLENA, 10), (OLENA, 11), (OLENA, 12), (OLENA, 13), (IVAN, 10)}
    assert await owed(stored) == every, "what changed before the row was there is not missed"
    of_first_client = every - {(OLENA, 13)}

    await stored.cases.take(1, olena, now=stored.now)
    await stored.send_all()
    assert await owed(stored) == of_first_client
    stored.now += 120
    await stored.dialled(-60)
    await stored.send_all()
    assert await owed(stored) == of_first_client
    await stored.lost(-30, "0630000000")
    await stored.send_all()
    assert await owed(stored) == set(), "nobody has the card of a new client open"

    await stored.employees.set_state(ivan.id, EmployeeState.BLOCKED)
    await cards.forget(OLENA, 11)
    await stored.lost(-20)
    await stored.send_all()
    assert await owed(stored) == set(), "a new case has no cards open, the old one has not changed"
    await stored.cases.take(2, olena, now=stored.now)
    await stored.send_all()
    assert await owed(stored) == {(OLENA, 13)}


async def test_a_chat_has_few_cards_kept_true_and_none_for_ever(stored: StoredCalls) -> None:
    cards = OpenCardRepo(stored.database)
    olena = await stored.hire(OLENA, Role.SUPERVISOR)
    await stored.lost(-900)
    for message in range(NEWEST + 2):
        await cards.note(OLENA, message + 1, card(1), now=stored.now + message)
    await cards.note(OLENA, 3, card(1), now=stored.now + 100)
    await cards.note(OLENA, 99, card(1), now=stored.now + 101)
    kept = [one for one in range(1, 100) if await cards.find(OLENA, one)]
    assert kept == [3, *range(5, NEWEST + 3), 99], "those opened last"

    await stored.employees.set_state(olena.id, EmployeeState.BLOCKED)
    assert not await cards.purge(now=stored.now + OPEN_SECONDS)
    assert await cards.purge(now=stored.now + OPEN_SECONDS + 102)
    for table in ("open_cards", "outbox WHERE kind = 'card'"):
        assert await stored.database.count(f"SELECT count(*) FROM {table}") == 0


async def test_what_became_new_while_a_card_was_edited_stays_owed(stored: StoredCalls) -> None:
    cards, outbox = OpenCardRepo(stored.database), OutboxRepo(stored.database)
    olena = await stored.hire(OLENA, Role.SUPERVISOR)
    await stored.lost(-900)
    await stored.send_all()
    await cards.note(OLENA, 10, card(1), now=stored.now)
    [one] = (await outbox.look(now=stored.now, limit=9)).due
    assert await outbox.count_pending() == 1
    assert (one.kind, one.message_id) == (MessageKind.CARD, 10)
    await stored.cases.take(1, olena, now=stored.now)
    await cards.settle(one, DrawnCard("c1:1", 1, None, "newer", stored.now))
    await stored.send_all()
    [again] = (await outbox.look(now=stored.now, limit=9)).due
    assert again.kind is MessageKind.CARD
    noted = await cards.find(OLENA, 10)
    assert noted == DrawnCard("c1:1", 1, None, "newer", stored.now)
    await cards.settle(again)
    assert await outbox.count_pending() == 0


async def test_only_what_was_done_to_many_is_less_urgent_than_a_card() -> None:
    assert sorted(Priority)[-2:] == [Priority.CARD, Priority.MANY]

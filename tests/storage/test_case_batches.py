"""Many cases taken, or closed, at once: those meant, only if they still are so, and back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from bot.domain.calls import CaseState, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Batch, BatchKind, Board, BoardAge, BoardPart, Taking
from bot.domain.errors import NoClientsError, NotFoundError, StorageError
from bot.domain.outbox import Priority
from bot.domain.people import EVERYTHING, Employee, Role
from bot.domain.places import Place, PlaceKind
from storage.case_batches import CaseBatches
from storage.engine.base import Database, Row, Select, Transaction
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import ExplainedDatabase
from tests.support.statements import NOW
from tests.support.stored_calls import HOUR, StoredCalls

SALES = BoardPart(place=Place(PlaceKind.QUEUE, "Продажі"))
TAKE, CLOSE = BatchKind.TAKE, BatchKind.CLOSE


async def ask(
    stored: StoredCalls,
    kind: BatchKind,
    person: Employee,
    board: Board = Board.ALL,
    part: BoardPart | None = None,
) -> Batch:
    part = part or BoardPart()
    return await stored.batches.ask(kind, person, board, part, today=NOW - 9 * HOUR, now=NOW)


async def lose(stored: StoredCalls, count: int, first: int = 0, **values: object) -> None:
    """So many clients, the first the one who has waited longest; cases get ids in order."""
    await stored.lost_at_once(
        {f"050111{number:04}": number - 1000 for number in range(first, first + count)}, **values
    )


async def owners(stored: StoredCalls) -> list[str | None]:
    return [case.owner.name if case.owner else None for case in await stored.all_cases()]


# The parts of the board


async def test_the_board_shows_a_line_or_queue_and_an_age(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await lose(stored, 2, queue="Продажі", line="0445550101")
    await lose(stored, 1, 2, line="0445550101", rang=("102",))
    await stored.lost(-30 * HOUR, "0501115555", queue="Продажі")
    await stored.lost(-200, "0501110000", queue="Опт")  # the first again: where it was lost last

    async def ids(person: Employee, part: BoardPart, board: Board = Board.ALL) -> list[int]:
        found = await stored.cases.board(
            person, board, page=0, size=8, today=NOW - 9 * HOUR, part=part
        )
        return [case.id for case in found.cases]

    line = Place(PlaceKind.LINE, "+380445550101")
    [known] = [
        one
        for one in await stored.cases.list_places(boss, Board.ALL, today=NOW)
        if one.kind is PlaceKind.LINE
    ]
    assert await ids(boss, SALES) == [2, 4]
    assert await ids(boss, BoardPart(place=known)) == [2, 3], line
    assert await ids(boss, BoardPart(BoardAge.TODAY)) == [1, 2, 3]
    assert await ids(boss, BoardPart(BoardAge.EARLIER, SALES.place)) == [4]
    assert await ids(olena, BoardPart(BoardAge.TODAY)) == [1, 2]
    await stored.case_closings.close(4, boss, "так", now=NOW)
    assert await ids(boss, SALES, Board.CLOSED) == [4]
    counts = await stored.cases.list_places(olena, Board.ALL, today=NOW - 9 * HOUR)
    assert {place.name: count for place, count in counts.items()} == {
        known.name: 1,
        "Опт": 1,
        "Продажі": 1,
    }


# Taking


async def test_the_free_ones_shown_are_taken_and_given_back(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "101")
    await lose(stored, 5, queue="Продажі")
    await lose(stored, 1, 5, queue="Опт")
    await lose(stored, 1, 6, queue="Продажі", rang=("109",))
    await stored.cases.take(1, ivan, now=NOW)
    await stored.send_all()
    batch = await ask(stored, TAKE, olena, part=SALES)
    assert (batch.asked, batch.barred) == (4, 1)
    assert await stored.cases.take(2, ivan, now=NOW) is Taking.TAKEN  # meanwhile
    await lose(stored, 1, 7, queue="Продажі")  # nobody was asked about this one
    batch = await stored.batches.carry_out(batch.id, olena, now=NOW + 5)
    assert (batch.asked, batch.done, batch.left) == (4, 3, 1)
    names = [f"user {one.tg_id}" for one in (olena, ivan)]
    taken = await owners(stored)
    assert [one.id for one in await stored.all_cases() if one.is_held_by(olena)] == [3, 4, 5], (
        names
    )
    assert taken[5:] == [None] * 3
    again = await stored.batches.carry_out(batch.id, olena, now=NOW + 6)
    assert again == batch
    case = await stored.cases.get(3, EVERYTHING)
    assert [(one.kind.value, one.who and one.who.id) for one in case.actions] == [
        ("taken", olena.id)
    ]
    due = await stored.database.fetch(
        "SELECT claim_due_at - ? AS after FROM cases WHERE owner_id = ? ORDER BY id",
        (NOW + 5, olena.id),
    )
    assert [row["after"] for row in due] == [720, 840, 960]  # of the four the second to fourth
    assert await stored.cases.hand(4, boss, ivan.id, now=NOW + 10)
    assert await stored.cases.give_back(5, olena, now=NOW + 10)
    assert await stored.cases.take(5, olena, now=NOW + 11) is Taking.TAKEN
    batch = await stored.batches.undo(batch.id, olena, now=NOW + 20)
    assert (batch.undone, batch.kept) == (1, 2)
    assert [one.id for one in await stored.all_cases() if one.is_held_by(olena)] == [5]
    assert [one.id for one in await stored.all_cases() if one.is_held_by(ivan)] == [1, 2, 4]
    assert await stored.batches.undo(batch.id, olena, now=NOW + 21) == batch


async def test_edits_of_many_are_silent_and_let_others_go_first(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.hire(2, Role.OPERATOR, "101")
    await lose(stored, 3)
    await stored.send_all()
    batch = await ask(stored, TAKE, boss)
    await stored.batches.carry_out(batch.id, boss, now=NOW)
    batch = await ask(stored, CLOSE, boss)
    await stored.batches.carry_out(batch.id, boss, now=NOW, text="збій")
    await stored.batches.undo(batch.id, boss, now=NOW)
    owed = await stored.database.fetch(
        "SELECT ping_version, priority, message_id FROM outbox WHERE state = 'pending'"
    )
    assert len(owed) == 6
    assert {(row["ping_version"], row["priority"]) for row in owed} == {(0, Priority.MANY)}
    assert all(row["message_id"] for row in owed)  # edits, no new messages


# Closing


async def test_a_supervisor_closes_colleagues_cases_too_an_operator_does_not(
    stored: StoredCalls,
) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "101")
    await lose(stored, 4)
    await stored.cases.take(1, ivan, now=NOW)
    await stored.cases.take(2, olena, now=NOW)
    batch = await ask(stored, CLOSE, olena)
    assert (batch.asked, batch.of_colleagues, batch.barred) == (3, 0, 1)
    batch = await ask(stored, CLOSE, boss)
    assert (batch.asked, batch.of_colleagues, batch.barred) == (4, 2, 0)
    batch = await ask(stored, CLOSE, boss, Board.FREE)
    assert (batch.asked, batch.of_colleagues, batch.barred) == (2, 0, 0)


async def test_only_what_still_is_so_is_closed_and_opened_again(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await lose(stored, 9)
    await stored.lost(-50, None)  # a hidden number
    await stored.cases.take(1, olena, now=NOW)
    await stored.send_all()
    batch = await ask(stored, CLOSE, boss)
    assert batch.asked == 10
    await stored.lost(5, "0501110001")  # case 2 called again
    await stored.dialled(5, "0501110002")  # case 3 was called back
    await stored.cases.take(4, olena, now=NOW + 5)  # taken
    await stored.case_closings.close(5, olena, "сама", now=NOW + 5)
    batch = await stored.batches.carry_out(batch.id, boss, now=NOW + 10, text="збій АТС")
    assert (batch.done, batch.left) == (6, 4)
    by_hand = CaseState.BY_HAND
    closed = [one.id for one in await stored.all_cases() if one.state is by_hand]
    assert closed == [1, 5, 6, 7, 8, 9, 10]
    case = await stored.cases.get(10, EVERYTHING)
    assert case.closing_by_hand
    assert case.closing_by_hand.text == "збій АТС"
    assert case.closing_by_hand.who
    assert case.closing_by_hand.who.id == boss.id

    await stored.dialled(60, "0501110005")  # case 6: called back since
    await stored.lost(60, "0501110006")  # case 7: called again, a newer case
    await stored.case_closings.reopen(8, boss, now=NOW + 60)
    await stored.case_closings.close(8, boss, "ще раз", now=NOW + 61)  # case 8: closed anew
    await stored.dialled(
        62, "0501110008", status=Status.NO_ANSWER
    )  # case 9: an attempt is no talk
    batch = await stored.batches.undo(batch.id, boss, now=NOW + 70)
    assert (batch.undone, batch.kept) == (3, 3)
    cases = {one.id: one for one in await stored.all_cases()}
    open_ = [id_ for id_, one in cases.items() if one.is_open]
    assert open_ == [1, 2, 4, 9, 10, 11]
    assert cases[1].is_held_by(olena)
    assert cases[6].state is cases[7].state is cases[8].state is by_hand
    assert [one.kind.value for one in (await stored.cases.get(9, EVERYTHING)).actions] == [
        "unclosed",
        "reopened",
    ]
    await stored.dialled(80, "0501110008")
    assert (await stored.cases.get(9, EVERYTHING)).state is CaseState.CALLED_BACK


# Rights


async def test_rights_are_those_of_the_moment(stored: StoredCalls) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "102")
    clerk = await stored.hire(4, Role.ACCOUNTANT, "101")
    await lose(stored, 2)
    with pytest.raises(NoClientsError):
        await ask(stored, CLOSE, clerk)
    batch = await ask(stored, CLOSE, olena)
    for action in (stored.batches.carry_out, stored.batches.undo):
        with pytest.raises(NotFoundError):
            await action(batch.id, ivan, now=NOW)
        with pytest.raises(NoClientsError):
            await action(batch.id, clerk, now=NOW)
    await stored.employees.set_extensions(olena.id, ("109",))
    moved = await stored.employees.get(2)
    done = await stored.batches.carry_out(batch.id, moved, now=NOW, text="x")
    assert (done.done, done.left) == (0, 2)
    assert await stored.states() == [CaseState.OPEN] * 2


async def test_a_batch_is_forgotten_after_a_day_and_its_number_not_used_again(
    stored: StoredCalls,
) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await lose(stored, 1)
    old = await ask(stored, TAKE, boss)
    later = await stored.batches.ask(
        TAKE, boss, Board.ALL, BoardPart(), today=NOW, now=NOW + 86401
    )
    assert later.id > old.id
    with pytest.raises(NotFoundError):
        await stored.batches.carry_out(old.id, boss, now=NOW + 86402)


# How it is done


class Breaking(Database):
    """A database that refuses the transactions after so many."""

    def __init__(self, inner: Database, *, after: int) -> None:
        super().__init__()
        self.inner = inner
        self.left = after

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        return await self.inner.fetch_each(*selects)

    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        return self.inner.union_sql(parts, by, limit, offset)

    async def size(self) -> int:
        return await self.inner.size()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.left -= 1
        if self.left < 0:
            raise StorageError("no more")
        async with self.inner.transaction() as tx:
            yield tx


async def test_what_is_cut_short_goes_on_where_it_was(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await lose(stored, 70)
    batch = await ask(stored, CLOSE, boss)
    breaking = Breaking(stored.database, after=1)
    batches = CaseBatches(breaking, rules=CaseRules(), claim_seconds=600)
    with pytest.raises(StorageError):
        await batches.carry_out(batch.id, boss, now=NOW, text="x")
    half = await stored.batches.get(batch.id, boss)
    assert 0 < half.done < 70
    batch = await stored.batches.carry_out(batch.id, boss, now=NOW + 9, text="x")
    assert batch.done == 70
    [events] = await stored.database.fetch("SELECT count(*) AS n FROM case_events")
    assert events["n"] == 70


@ONLY_SQLITE
async def test_many_cost_no_more_statements_than_a_few(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await lose(stored, 43)
    await stored.send_all()
    explained = ExplainedDatabase(stored.database)
    batches = CaseBatches(explained, rules=CaseRules(), claim_seconds=600)
    for kind in BatchKind:
        counts = []
        for part in (BoardPart(place=Place(PlaceKind.QUEUE, "none")), BoardPart()):
            if part.place:
                async with stored.database.transaction() as tx:
                    await tx.execute("UPDATE calls SET queue = 'none' WHERE id <= 3")
            asked = await ask(stored, kind, boss, part=part)
            explained.plans.clear()
            await batches.carry_out(asked.id, boss, now=NOW, text="x")
            counts.append(len(explained.plans))
            assert asked.asked in {3, 40}
        assert counts[0] == counts[1], kind
        async with stored.database.transaction() as tx:
            await tx.execute("UPDATE calls SET queue = NULL")

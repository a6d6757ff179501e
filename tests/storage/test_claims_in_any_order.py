"""Whose a client is, and what people were told of: the same in any order of arrival."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain.calls import CaseState, Status
from bot.domain.cases import Case, CaseActionKind
from bot.domain.people import Role
from storage.database import open_database
from storage.reminders import ReminderRepo
from tests.support.statements import NOW
from tests.support.stored_calls import StoredCalls

MINUTE = 60


async def tell(stored: StoredCalls, kind: str, at: int) -> None:
    """One call of the client, so many seconds from now."""
    match kind:
        case "lost":
            await stored.lost(at)
        case "in":
            await stored.redialled(at)
        case "out":
            await stored.dialled(at)
        case "failed":
            await stored.dialled(at, status=Status.NO_ANSWER)


async def open_case(stored: StoredCalls) -> Case | None:
    cases = [case for case in await stored.all_cases() if case.is_open]
    assert len(cases) <= 1
    return cases[0] if cases else None


async def told(stored: StoredCalls) -> dict[int, int | None]:
    rows = await stored.database.fetch("SELECT id, message_id FROM outbox WHERE kind = 'case'")
    return {row["id"]: row["message_id"] for row in rows}


KINDS = st.sampled_from(["lost", "lost", "lost", "in", "out", "failed"])


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Calls of the last hour in the order the bot hears of them."""
    kinds = draw(st.lists(KINDS, min_size=2, max_size=7))
    calls = [(kind, -MINUTE * (2 + 7 * place)) for place, kind in enumerate(kinds)]
    return list(draw(st.permutations(calls)))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=arrivals(), after=st.integers(1, 7), is_closing=st.booleans())
@example(calls=[("lost", -1200), ("lost", -300), ("in", -720)], after=2, is_closing=False)
@example(calls=[("lost", -1200), ("in", -720), ("lost", -300)], after=1, is_closing=False)
@example(calls=[("lost", -1200), ("in", -720), ("lost", -300)], after=1, is_closing=True)
@example(calls=[("lost", -300), ("lost", -1200), ("in", -720)], after=1, is_closing=False)
def test_what_people_decided_is_of_the_case_that_was_open_then(
    tmp_path_factory: pytest.TempPathFactory,
    calls: Sequence[tuple[str, int]],
    after: int,
    is_closing: bool,
) -> None:
    """The claim, or closing by hand, is made now, after some of the calls were heard of."""

    async def check() -> None:
        async with open_database(tmp_path_factory.mktemp("claims") / "dzvinok.db") as database:
            stored = StoredCalls(database)
            reminders = ReminderRepo(database)
            await stored.hire(1, Role.SUPERVISOR)
            olena = await stored.hire(2, Role.OPERATOR, "101")
            for kind, at in calls[:after]:
                await tell(stored, kind, at)
            seen = await open_case(stored)
            if seen is None:
                return
            await reminders.add(seen.call.id, olena, due_at=NOW + 900, now=NOW)
            if is_closing:
                await stored.cases.close(seen.id, olena, "Реклама", now=NOW)
            else:
                await stored.cases.take(seen.id, olena, now=NOW)
            await stored.send_all()
            messages = await told(stored)
            for kind, at in calls[after:]:
                await tell(stored, kind, at)
            latest = max(await stored.all_cases(), key=lambda one: one.opened_at)
            if latest.state not in {CaseState.OPEN, CaseState.BY_HAND}:
                return
            assert latest.id == seen.id
            assert latest.is_open is not is_closing
            decided = CaseActionKind.CLOSED if is_closing else CaseActionKind.TAKEN
            assert [one.kind for one in latest.actions] == [decided]
            assert (latest.owner is not None) is not is_closing
            assert await told(stored) == messages
            rows = await database.fetch(
                "SELECT chat_id FROM outbox WHERE kind = 'case' AND case_id = ?", (latest.id,)
            )
            assert sorted(row["chat_id"] for row in rows) == [1, 2]
            if latest.is_open:
                [reminder] = await reminders.list_open(olena)
                assert (await stored.cases.find_of_call(reminder.call_id)) == latest.id

    asyncio.run(check())

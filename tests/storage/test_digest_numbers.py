"""Every number of a digest, and the list behind it, against a count by hand of random calls."""

import asyncio
import math
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.calls import Status
from bot.domain.case_rules import CaseRules
from bot.domain.digests import CaseGroup, Digest, DigestPerson, DigestTotals
from bot.domain.people import Employee, Role
from storage.digests import DigestRepo
from tests.support.databases import empty_database
from tests.support.engines import BOTH_ENGINES
from tests.support.stored_calls import StoredCalls

KYIV = ZoneInfo("Europe/Kyiv")
HOUR, DAY = 3600, 86400
RULES = CaseRules(window=30 * HOUR, zone=KYIV)
TARGET = 900
CLIENTS = tuple(f"+3805011122{number:02}" for number in range(6))
PHONES = {"101": ("Олена",), "102": ("Іван",), "103": ("Олена", "Іван"), "777": ()}
SUNDAY = int(datetime(2026, 10, 25, tzinfo=KYIV).timestamp())
"""Of 25 hours."""

EVENING = SUNDAY // 60 + 19 * 60
"""In minutes."""

KINDS = ("lost", "attempt", "called_back", "called_back", "got_through", "by_hand")


@dataclass(frozen=True, slots=True)
class Event:
    at: int
    kind: str
    client: str
    phones: tuple[str, ...]
    who: str

    @property
    def phone(self) -> str:
        return self.phones[0]


@dataclass(slots=True)
class Told:
    """A case as it is plainly told."""

    client: str
    opened_at: int
    state: str = "open"
    closed_at: int = 1 << 60
    by: str = ""
    rang: set[str] = field(default_factory=set)

    def fate(self, end: int) -> str:
        return "left" if self.closed_at >= end or self.state == "open" else self.state

    @property
    def took(self) -> int:
        return self.closed_at - self.opened_at


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Lost calls, most with something that followed, on the Sunday or around it."""
    moments = st.one_of(
        *[st.integers(SUNDAY, SUNDAY + 25 * HOUR)] * 3,
        st.integers(SUNDAY + 2 * HOUR, SUNDAY + 5 * HOUR),
        st.integers(SUNDAY - 2 * DAY, SUNDAY + 2 * DAY),
        st.integers(SUNDAY - 7 * DAY, SUNDAY - 6 * DAY),
    )
    phones = st.lists(st.sampled_from(list(PHONES)), min_size=1, max_size=2, unique=True)
    found: dict[int, Event] = {}
    for _ in range(draw(st.integers(1, 12))):
        client, at = draw(st.sampled_from(CLIENTS)), draw(moments)
        for kind in ("lost", draw(st.sampled_from(KINDS))):
            who = draw(st.sampled_from(["Олена", "Іван"]))
            found[at] = Event(at, kind, client, tuple(draw(phones)), who)
            at += draw(st.one_of(st.integers(1, 2 * TARGET), st.integers(1, DAY)))
    return sorted(found.values(), key=lambda event: event.at)


def tell(story: Iterable[Event]) -> list[Told]:
    found: list[Told] = []
    current: dict[str, Told] = {}
    for event in story:
        one = current.get(event.client)
        if one and event.at > one.opened_at + RULES.window:
            one = current.pop(event.client, None) and None
        if event.kind == "lost":
            if one is None:
                one = current[event.client] = Told(event.client, event.at)
                found.append(one)
            one.rang |= set(event.phones)
        elif one and event.kind != "attempt":
            waited = {"called_back": 10, "got_through": 5, "by_hand": 0}[event.kind]
            one.state, one.closed_at = event.kind, event.at + waited
            one.by = event.who if event.kind == "by_hand" else event.phone
            del current[event.client]
    return found


async def play(stored: StoredCalls, story: Iterable[Event], people: dict[str, Employee]) -> None:
    for event in story:
        stored.now = event.at
        await stored.case_deadlines.expire(now=stored.now)
        match event.kind:
            case "lost":
                await stored.lost(0, event.client, rang=event.phones)
            case "attempt":
                no = {"status": Status.NO_ANSWER, "extension": event.phone}
                await stored.dialled(0, event.client, **no)
            case "called_back":
                await stored.dialled(0, event.client, extension=event.phone)
            case "got_through":
                await stored.redialled(0, event.client)
            case "by_hand":
                rows = await stored.database.fetch(
                    "SELECT id FROM cases WHERE client = ? AND state = 'open'", (event.client,)
                )
                for row in rows:
                    assert await stored.case_closings.close(
                        row["id"], people[event.who], "x", now=stored.now
                    )


def totals(cases: list[Told], start: int, end: int) -> DigestTotals:
    mine = [one for one in cases if start <= one.opened_at < end]
    fates = Counter(one.fate(end) for one in mine)
    took = sorted(one.took for one in mine if one.fate(end) == "called_back")
    waiting = [one for one in mine if one.fate(end) == "left" and end - one.opened_at > TARGET]
    return DigestTotals(
        opened=len(mine),
        called_back=fates["called_back"],
        got_through=fates["got_through"],
        by_hand=fates["by_hand"],
        left=fates["left"],
        in_target=sum(one <= TARGET for one in took),
        due=len(took) + len(waiting),
        median=round(statistics.median(took)) if took else None,
        p90=took[math.ceil(len(took) * 0.9) - 1] if took else None,
    )


def people_of(
    cases: list[Told], start: int, end: int, people: dict[str, Employee]
) -> set[DigestPerson]:
    took: dict[tuple[int, str], list[int]] = {}
    by_hand: Counter[tuple[int, str]] = Counter()
    for one in cases:
        if not start <= one.opened_at < end:
            continue
        if one.fate(end) == "by_hand":
            by_hand[people[one.by].id, one.by] += 1
        if one.fate(end) == "called_back":
            first = next(iter(PHONES[one.by]), None)  # of those who share the telephone
            owner = (people[first].id, first) if first else (0, one.by)
            took.setdefault(owner, []).append(one.took)
    return {
        DigestPerson(
            id=key[0],
            name=key[1],
            called_back=len(took.get(key, ())),
            median=round(statistics.median(took[key])) if key in took else None,
            by_hand=by_hand[key],
        )
        for key in {*took, *by_hand}
    }


def week_earlier(moment: int) -> int:
    there = datetime.fromtimestamp(moment, KYIV).replace(tzinfo=None) - timedelta(days=7)
    return int(there.replace(tzinfo=KYIV).timestamp())


class Count:
    """The digest and its lists of one story."""

    def __init__(
        self, stored: StoredCalls, people: dict[str, Employee], start: int, end: int
    ) -> None:
        self._stored = stored
        self._digests = DigestRepo(stored.database, KYIV, window=RULES.window)
        self._people = people
        self.start, self.end = start, end

    async def digest(self, who: Employee) -> Digest:
        return await self._digests.digest(who, self.start, self.end, target=TARGET)

    async def listed(
        self, viewer: Employee, group: CaseGroup, *, who: int = 0, hour: int = 0
    ) -> set[tuple[str | None, int]]:
        start, end = (hour, min(hour + HOUR, self.end)) if hour else (self.start, self.end)
        page = await self._stored.cases.list_span(
            viewer, start, end, group, who=who, target=TARGET, page=0, size=100
        )
        assert page.total == len(page.cases)
        return {(case.client, case.opened_at) for case in page.cases}

    async def check(self, viewer: Employee, cases: list[Told]) -> None:
        found = await self.digest(viewer)
        start, end = self.start, self.end
        assert found.totals == totals(cases, start, end)
        fates = found.totals
        assert fates.opened == (fates.called_back + fates.got_through + fates.by_hand + fates.left)
        earlier = [
            one
            for one in cases
            if end - RULES.window <= one.opened_at < start and one.fate(end) == "left"
        ]
        assert found.earlier == len(earlier)
        if found.before is not None:
            assert found.before == totals(cases, week_earlier(start), week_earlier(end))
        mine = [one for one in cases if start <= one.opened_at < end]
        hours = Counter(one.opened_at // HOUR * HOUR for one in mine)
        assert found.worst_count == max(hours.values(), default=0)
        if found.worst_at is not None:
            assert hours[found.worst_at] == found.worst_count
            behind = await self.listed(viewer, CaseGroup.OPENED, hour=found.worst_at)
            assert len(behind) == found.worst_count
        for group in CaseGroup:
            expected = {
                (one.client, one.opened_at)
                for one in mine
                if group in {CaseGroup.OPENED, CaseGroup[one.fate(end).upper()]}
                or (
                    group is CaseGroup.IN_TARGET
                    and one.fate(end) == "called_back"
                    and one.took <= TARGET
                )
            }
            assert await self.listed(viewer, group) == expected
            assert found.totals.count(group) == len(expected)


@pytest.mark.long
@BOTH_ENGINES
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    story=stories(), end=st.one_of(st.just(EVENING), st.integers(EVENING - 1080, EVENING + 360))
)
def test_every_number_is_what_a_count_by_hand_gives(
    tmp_path_factory: pytest.TempPathFactory, story: list[Event], end: int
) -> None:
    async def compare() -> None:
        async with empty_database(tmp_path_factory.mktemp("digest") / "one.db") as database:
            stored = StoredCalls(database, RULES)
            people = {
                "Олена": await stored.hire(1, Role.SUPERVISOR, "101", "103"),
                "Іван": await stored.hire(2, Role.ADMINISTRATOR, "102", "103"),
            }
            for name, person in people.items():
                await stored.employees.set_name(person.id, name)
            operator = await stored.hire(3, Role.OPERATOR, "777")
            await play(stored, story, people)
            cases = tell(story)
            own = [one for one in cases if "777" in one.rang]
            count = Count(stored, people, SUNDAY, end * 60)
            for later in (0, 30 * DAY):
                stored.now = max(story[-1].at, count.end) + later
                await stored.case_deadlines.expire(now=stored.now)
                await count.check(people["Олена"], cases)
                await count.check(operator, own)
                found = await count.digest(people["Іван"])
                expected = people_of(cases, count.start, count.end, people)
                # "777" is a phone of somebody now, but of nobody of these two
                assert {one for one in found.people if one.id != operator.id} == {
                    one for one in expected if one.name != "777"
                }
                for one in found.people:
                    if one.id and one.called_back:
                        behind = await count.listed(
                            people["Іван"], CaseGroup.CALLED_BACK, who=one.id
                        )
                        assert len(behind) == one.called_back

    asyncio.run(compare())

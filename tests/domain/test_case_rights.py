"""Who may act on a case: role × owner × state, the same for a case and for a call's link to it."""

from typing import Any

import pytest

from bot.domain.calls import (
    Call,
    CaseLink,
    CasePart,
    CaseRights,
    CaseState,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.domain.cases import Case, CaseHold
from bot.domain.people import Employee, Person, Role

ME, COLLEAGUE = Person(1, "Олена"), Person(2, "Іван")

TAKE, RELEASE, CLOSE, HAND, EXTEND = "take", "release", "close", "hand over", "extend"
RIGHTS = {
    "can_be_taken_by": TAKE,
    "can_be_released_by": RELEASE,
    "can_be_closed_by": CLOSE,
    "can_be_handed_over_by": HAND,
    "can_be_extended_by": EXTEND,
}
OF_OPEN_CASES = {
    (Role.ADMINISTRATOR, None): {TAKE, CLOSE, HAND},
    (Role.ADMINISTRATOR, ME): {RELEASE, CLOSE, HAND, EXTEND},
    (Role.ADMINISTRATOR, COLLEAGUE): {RELEASE, CLOSE, HAND},
    (Role.SUPERVISOR, None): {TAKE, CLOSE, HAND},
    (Role.SUPERVISOR, ME): {RELEASE, CLOSE, HAND, EXTEND},
    (Role.SUPERVISOR, COLLEAGUE): {RELEASE, CLOSE, HAND},
    (Role.OPERATOR, None): {TAKE, CLOSE},
    (Role.OPERATOR, ME): {RELEASE, CLOSE, EXTEND},
    (Role.OPERATOR, COLLEAGUE): set(),
    (Role.ACCOUNTANT, None): set(),
    (Role.ACCOUNTANT, ME): {RELEASE},  # taken before the role changed
    (Role.ACCOUNTANT, COLLEAGUE): set(),
}


def employee(role: Role) -> Employee:
    return Employee(id=ME.id, tg_id=1001, name=ME.name, role=role, extensions=("101",))


def lost_call() -> Call:
    return Call(
        id=1,
        source="pbx",
        external_id="1",
        direction=Direction.IN,
        status=Status.MISSED,
        raw_status=None,
        caller=Party(number="0501112233"),
        callee=Party(),
        client="+380501112233",
        contact=None,
        line=None,
        queue=None,
        extension=None,
        rang=(),
        started_at=0,
        answered_at=None,
        ended_at=20,
        wait=20,
        talk=0,
        ended_by=EndedBy.UNKNOWN,
        price=None,
        currency=None,
        recording_url=None,
        settles_at=None,
        lost=True,
    )


def case(state: CaseState, owner: Person | None, *, client: str | None = "+380501112233") -> Case:
    return Case(
        id=1,
        client=client,
        state=state,
        opened_at=0,
        last_lost_at=0,
        expires_at=604_800,
        lost=1,
        attempts=0,
        closed_at=None,
        owner=owner,
        owned_at=None,
        asked_at=None,
        call=lost_call(),
        attempt=None,
        closing=None,
        rang=(),
    )


def link(state: CaseState, owner: Person | None) -> CaseLink:
    return CaseLink(
        case_id=1,
        part=CasePart.LOST,
        state=state,
        lost=1,
        attempts=0,
        opened_at=0,
        closed_at=None,
        owner=owner,
        owned_at=None,
        lost_call=1,
        closing_call=None,
        closed_by=None,
        words=None,
    )


def rights(thing: CaseRights, person: Employee) -> set[str]:
    return {right for name, right in RIGHTS.items() if getattr(thing, name)(person)}


@pytest.mark.parametrize("make", [case, link, CaseHold])
@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize(("role", "owner"), OF_OPEN_CASES)
def test_the_table_of_rights(
    make: Any, state: CaseState, role: Role, owner: Person | None
) -> None:
    expected = OF_OPEN_CASES[role, owner] if state is CaseState.OPEN else set()
    assert rights(make(state, owner), employee(role)) == expected


def test_the_table_is_whole() -> None:
    assert set(OF_OPEN_CASES) == {(role, who) for role in Role for who in (None, ME, COLLEAGUE)}
    methods = {name for name in dir(CaseRights) if name.startswith("can_")}
    assert methods == set(RIGHTS)


@pytest.mark.parametrize("owner", [None, ME, COLLEAGUE])
@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("role", Role)
def test_only_a_known_number_can_be_ignored_and_by_those_who_see_all(
    role: Role, state: CaseState, owner: Person | None
) -> None:
    is_chief = role in {Role.ADMINISTRATOR, Role.SUPERVISOR}
    may = case(state, owner).can_be_ignored_by(employee(role))
    assert may is (is_chief and state is CaseState.OPEN)
    assert not case(state, owner, client=None).can_be_ignored_by(employee(role))


def test_whose_hands_a_case_is_in() -> None:
    me = employee(Role.OPERATOR)
    whose = {
        owner: (
            link(CaseState.OPEN, owner).is_held_by(me),
            link(CaseState.OPEN, owner).is_held_by_a_colleague_of(me),
        )
        for owner in (None, ME, COLLEAGUE)
    }
    assert whose == {None: (False, False), ME: (True, False), COLLEAGUE: (False, True)}

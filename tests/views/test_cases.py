"""Cases in words, on their own cards and on those of their calls."""

from typing import Any

import pytest

from bot.domain.calls import (
    CaseLink,
    CasePart,
    CaseState,
)
from bot.domain.cases import BoardPage
from bot.domain.digests import CaseGroup
from bot.domain.people import Employee, Role
from bot.views import board, calls, cases, digests
from keyboards import calls as call_keyboards
from keyboards.callbacks import Card
from tests.support.kyiv import KYIV
from tests.support.shown_calls import (
    NOW,
    answered,
    call,
    case,
)


def link(state: CaseState, **values: Any) -> CaseLink:
    """That a call was lost, and what became of its case."""
    facts: dict[str, Any] = {
        "case_id": 1,
        "part": CasePart.LOST,
        "state": state,
        "lost": 1,
        "attempts": 0,
        "opened_at": NOW - 900,
        "closed_at": None,
        "owner": None,
        "owned_at": None,
        "lost_call": 1,
        "closing_call": None,
        "closed_by": None,
        "words": None,
    }
    return CaseLink(**facts | values)


@pytest.mark.usefixtures("ukrainian")
def test_a_client_nobody_called_back_is_never_shown_as_closed() -> None:
    expired = case(call(contact="Ганна"), state=CaseState.EXPIRED)
    page = BoardPage((expired,), 1, 1, 1)
    text = digests.span_list(page, CaseGroup.LEFT, NOW - 60, NOW, now=NOW, zone=KYIV)
    assert text.endswith("1. ⌛ Ганна\n    не передзвонили")
    assert cases.card(expired, now=NOW, zone=KYIV).startswith("⌛ <b>Не передзвонили</b>")
    card = calls.card(call(case=link(CaseState.EXPIRED)), now=NOW, zone=KYIV)
    assert "\n\n⌛ Так і не передзвонили\n\n" in card


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize("state", CaseState)
def test_a_card_has_no_empty_place_whatever_became_of_the_case(state: CaseState) -> None:
    for closed_at in (None, NOW - 60):
        shown = call(case=link(state, closed_at=closed_at))
        assert "\n\n\n" not in calls.card(shown, now=NOW, zone=KYIV)


@pytest.mark.usefixtures("ukrainian")
def test_the_way_to_the_talk_tells_who_called() -> None:
    boss = Employee(id=1, tg_id=1, name="Марія", role=Role.ADMINISTRATOR)
    for state, label in (
        (CaseState.CALLED_BACK, "↗️ Розмова"),
        (CaseState.GOT_THROUGH, "↙️ Розмова"),
    ):
        shown = call(case=link(state, closed_at=NOW - 60, closing_call=2, closed_by="Олена"))
        markup = call_keyboards.card(shown, Card(call=1), boss, can_be_heard=False, now=NOW)
        assert label in [button.text for row in markup.inline_keyboard for button in row]


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize(
    ("count", "calls_missed", "clients", "attempts", "days"),
    [
        (1, "1 дзвінок:", "1 клієнту ", "1 спроба", "1 день"),
        (2, "2 дзвінки:", "2 клієнтам ", "2 спроби", "2 дні"),
        (5, "5 дзвінків:", "5 клієнтам ", "5 спроб", "5 днів"),
        (11, "11 дзвінків:", "11 клієнтам ", "11 спроб", "11 днів"),
        (21, "21 дзвінок:", "21 клієнту ", "21 спроба", "21 день"),
    ],
)
def test_words_of_cases_agree_with_their_numbers(
    count: int, calls_missed: str, clients: str, attempts: str, days: str
) -> None:
    shown = call()
    many = case(shown, lost=count, attempts=count, attempt=answered())
    page = BoardPage((many,), 1, 1, count)
    expires_at = shown.started_at + count * 86400
    expired = case(shown, state=CaseState.EXPIRED, expires_at=expires_at)
    assert calls_missed in cases.card(many, now=NOW, zone=KYIV)
    assert clients in board.still_open(page, now=NOW)
    assert board.row(1, many, now=NOW).endswith(attempts)
    assert cases.ending(expired, now=NOW, zone=KYIV).endswith(days)

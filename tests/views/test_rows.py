"""Rows of the log and of the board are two lines of a phone, whoever called, however named."""

import html
import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import signs
from bot.domain.calls import (
    Call,
    CaseLink,
    CasePart,
    CaseState,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.domain.people import Language, Person
from bot.views import alerts, board, calls, cases, widths
from tests.support.kyiv import KYIV
from tests.support.phone_lines import bubble, lines_of, roboto, width
from tests.support.shown_calls import NOW, answered, call, case, foreign_calls, page_of
from tests.support.texts import languages, speaking

NAMES = [
    *("Я", "Ганна", "Ганна Мельник", "ТОВ «Широкоформатний друк і щити Жмеринщини»"),
    *(
        "WWWWWWWWWWWWWWWWWWWWWWWW",
        "ЩЩЩЩ ЩЩЩЩ ЩЩЩЩ ЩЩЩЩ Щ",
        "i" * 60,
        "a b c d e f g h i j k l m n o p",
    ),
    *(
        "Дністер-Прикарпаття-Електромонтаж",
        "Олександра-Вікторія Христофоренко",
        "张伟 有限公司 张伟",
    ),
]
NUMBERS = ["+380671234567", "+3706123456", "+16502530000", "+491512345678901", "+999123456789012"]


def link(state: CaseState, **values: object) -> CaseLink:
    facts: dict[str, object] = {
        "case_id": 1,
        "part": CasePart.LOST,
        "state": state,
        "lost": 1,
        "attempts": 0,
        "opened_at": NOW - 100,
        "closed_at": None if state in {CaseState.OPEN, CaseState.EXPIRED} else NOW + 99_000,
        "owner": None,
        "owned_at": None,
        "lost_call": 1,
        "closing_call": None,
        "closed_by": None,
        "words": None,
    }
    return CaseLink(**facts | values)  # type: ignore[arg-type]


def row_of(shown: Call, *, rows: int = 10) -> str:
    """The last of as many rows as a page may have, as a reader sees it."""
    page = page_of(*[call()] * (rows - 1), shown)
    log = calls.whole_log(page, calls.log_title(None), filters="", now=NOW, zone=KYIV)
    return html.unescape(re.sub("<[^>]*>", "", "\n".join(log.split("\n")[-2:])))


def assert_two_lines(row: str) -> None:
    assert lines_of(row, bubble()) == [line.rstrip(" ") for line in row.split("\n")]
    assert row.count("\n") == 1, row


def test_what_rows_may_take_is_no_more_than_a_bubble_and_no_character_is_taken_for_narrower() -> (
    None
):
    assert widths.LINE <= bubble() <= 300 / 16
    assert {one for one in roboto() if widths.width(one) < width(one)} == set()


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.usefixtures("language")
def test_a_row_of_the_log_is_two_lines_and_no_sign_stands_alone(direction: Direction) -> None:
    comment = Comment(text="Так", author="Олена", written_at=NOW, version=1)
    long = link(CaseState.GOT_THROUGH)
    taken = link(CaseState.OPEN, owner=Person(1, NAMES[3]), owned_at=NOW)
    chosen = itertools.product([*NAMES, None], NAMES, EndedBy, [0, 50, 36_000], [comment, None])
    for (name, colleague, ended_by, talk, said), number, linked, is_first in zip(
        chosen,
        itertools.cycle(NUMBERS),
        itertools.cycle([None, long, taken]),
        itertools.cycle([True, False]),
        strict=False,
    ):
        shown = call(
            direction=direction,
            status=Status.ANSWERED if talk else Status.MISSED,
            caller=Party(number=number),
            callee=Party(number=number),
            client=number,
            contact=name,
            extension="101",
            wait=3600,
            talk=talk,
            ended_by=ended_by,
            comment=said,
            case=None if talk else linked,
            colleagues={"101": colleague, number: colleague},
            is_first=is_first,
        )
        row = row_of(shown)
        assert_two_lines(row)
        assert (signs.NEW_CLIENT in row.splitlines()[0]) is is_first
        for mark in (signs.HUNG_UP, signs.NEW_CLIENT, signs.COMMENTED):
            assert f" {mark}" not in row or mark in repr(shown), "a sign may stand alone"


@settings(max_examples=60, deadline=None)
@given(shown=foreign_calls(), language=languages)
def test_whatever_outsiders_write_a_row_is_two_lines(shown: Call, language: Language) -> None:
    with speaking(language):
        row = row_of(shown)
        assert_two_lines(row)
        for mark in (signs.HUNG_UP, signs.COMMENTED):
            assert f" {mark}" not in row or mark in repr(shown), "a sign may stand alone"


@settings(max_examples=60, deadline=None)
@given(
    shown=foreign_calls(),
    language=languages,
    lost=st.sampled_from([1, 2, 999]),
    state=st.sampled_from([CaseState.OPEN, CaseState.GOT_THROUGH, CaseState.EXPIRED]),
    age=st.sampled_from([5, 59 * 60, 23 * 3600 + 59 * 60, 400 * 86400]),
    attempts=st.sampled_from([0, 1, 12]),
    owner=st.sampled_from([None, *NAMES]),
    is_new=st.booleans(),
)
def test_a_row_of_the_board_is_two_lines(
    shown: Call,
    language: Language,
    lost: int,
    state: CaseState,
    age: int,
    attempts: int,
    owner: str | None,
    is_new: bool,
) -> None:
    opened_at = NOW - age
    listed = case(
        replace(shown, case=link(CaseState.OPEN, is_of_new_client=is_new)),
        state=state,
        opened_at=opened_at,
        lost=lost,
        attempts=attempts,
        owner=Person(1, owner) if owner else None,
        closed_at=NOW if state is CaseState.GOT_THROUGH else None,
    )
    with speaking(language):
        assert_two_lines(html.unescape(board.row(10, listed, now=NOW)))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.usefixtures("ukrainian")
def test_a_number_is_never_cut_nor_broken(number: str) -> None:
    for ended_by in EndedBy:
        shown = call(caller=Party(number=number), client=number, contact=None, ended_by=ended_by)
        first, _ = row_of(shown).split("\n")
        assert number.removeprefix("+") in first.translate(dict.fromkeys(map(ord, "\u00a0 -")))


@pytest.mark.usefixtures("ukrainian")
def test_the_client_stands_first_and_the_employee_below() -> None:
    hanna = {"contact": "Ганна Мельник"}
    talked = answered(ended_by=EndedBy.CALLEE, **hanna)
    for shown, lines in (
        (talked, ["1. ✅ 17:11 ↙️ Ганна Мельник", "    → Олена\u00a0◦, 0:50"]),
        (
            replace(talked, direction=Direction.OUT),
            ["1. ✅ 17:11 ↗️ Ганна Мельник\u00a0◦", "    Олена, 0:50"],
        ),
        (call(**hanna), ["1. 🔴 17:11 ↙️ Ганна Мельник", "    → Олена +1, чекали 0:17"]),
        (
            call(case=link(CaseState.CALLED_BACK, closed_at=NOW + 320), **hanna),
            ["1. 🟢 17:11 ↙️ Ганна Мельник", "    передзвонили за 7 хв"],
        ),
    ):
        lost = shown.case is not None
        row = row_of(replace(shown, status=Status.MISSED_CALLED_BACK) if lost else shown, rows=1)
        assert row.split("\n") == lines


@pytest.mark.parametrize(
    ("direction", "caller", "callee"),
    [
        (Direction.IN, "клієнт", "Олена"),
        (Direction.OUT, "Олена", "клієнт"),
        (Direction.INTERNAL, "Олена", "Іван"),
    ],
)
@pytest.mark.usefixtures("ukrainian")
def test_the_card_says_in_words_who_hung_up(
    direction: Direction, caller: str, callee: str
) -> None:
    for ended_by, who in {
        EndedBy.CALLER: caller,
        EndedBy.CALLEE: callee,
        EndedBy.SYSTEM: "АТС",
    }.items():
        shown = answered(
            direction=direction,
            caller=Party(number="101" if direction is Direction.INTERNAL else "0671234567"),
            callee=Party(number="102" if direction is Direction.INTERNAL else "0671234567"),
            ended_by=ended_by,
        )
        text = calls.card(shown, now=NOW, zone=KYIV)
        assert f"\n◦ Хто поклав слухавку: {who}\n" in text
    unknown = calls.card(answered(ended_by=EndedBy.UNKNOWN), now=NOW, zone=KYIV)
    assert "слухавку" not in unknown


@pytest.mark.usefixtures("ukrainian")
def test_a_new_client_is_marked_in_row_card_alert_and_board() -> None:
    first = call(ended_by=EndedBy.CALLER, is_first=True)
    known = replace(first, is_first=False)
    assert row_of(first, rows=9).startswith("9. 🔴 17:11 ↙️ +380 67 123 45 67\u00a0◦🆕\n")
    assert row_of(replace(first, contact="Ганна", ended_by=EndedBy.UNKNOWN), rows=1).startswith(
        "1. 🔴 17:11 ↙️ Ганна\u00a0🆕\n"
    )
    assert "\n🆕 Новий клієнт, перший дзвінок\n" in calls.card(first, now=NOW, zone=KYIV)
    new = link(CaseState.OPEN, is_of_new_client=True)
    for lost, words in ((1, "Новий клієнт, перший дзвінок"), (2, "Новий клієнт")):
        waiting = case(replace(known, case=new), lost=lost)
        assert f"\n🆕 {words}\n" in alerts.lost_call(waiting, now=NOW, zone=KYIV)
        assert f"\n🆕 {words}\n" in cases.card(waiting, now=NOW, zone=KYIV)
        assert board.row(1, waiting, now=NOW).splitlines()[0].endswith("\u00a0🆕")
    old = replace(known, case=link(CaseState.OPEN))
    for shown in (
        row_of(known),
        calls.card(old, now=NOW, zone=KYIV),
        alerts.lost_call(case(old), now=NOW, zone=KYIV),
        cases.card(case(old), now=NOW, zone=KYIV),
        board.row(1, case(old), now=NOW),
    ):
        assert signs.NEW_CLIENT not in shown


@pytest.mark.parametrize("days", [1, 2, 6, 21])
@pytest.mark.usefixtures("ukrainian")
def test_the_board_cuts_its_age_before_a_number(days: int) -> None:
    lost = call(client="+380670910609", contact=None, caller=Party(number="0670910609"))
    waiting = case(lost, lost=2, opened_at=NOW - days * 86400 - 15 * 3600)
    first = board.row(8, waiting, now=NOW).splitlines()[0]
    assert "+380 67 091 06 09" in first
    assert f"{days} дн." in first

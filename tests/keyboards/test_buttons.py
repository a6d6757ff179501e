"""The rules of rows and pages that all keyboards share."""

import ast

import pytest

from keyboards.buttons import button, choice, counter, in_rows, numbers, pager, short, turn
from keyboards.callbacks import Nothing, StaffPage
from tests.support.places import ROOT

NOTHING = Nothing().pack()


def to_page(page: int) -> StaffPage:
    return StaffPage(page=page)


@pytest.mark.parametrize(
    ("count", "rows"),
    [
        (0, []),
        (1, [1]),
        (3, [3]),
        (4, [4]),
        (5, [5]),
        (6, [4, 2]),
        (7, [4, 3]),
        (8, [4, 4]),
        (9, [5, 4]),
        (10, [5, 5]),
    ],
)
def test_numbers_stand_in_rows_of_nearly_one_length(count: int, rows: list[int]) -> None:
    buttons = [button(str(number), Nothing()) for number in range(count)]
    shown = numbers(buttons)
    assert [len(row) for row in shown] == rows
    assert [one for row in shown for one in row] == buttons
    assert [one for row in in_rows(buttons, 3) for one in row] == buttons


@pytest.mark.parametrize(
    ("page", "count", "texts", "data"),
    [
        (0, 3, ["1/3", "▶️"], ["f1:1"]),
        (1, 3, ["◀️", "2/3", "▶️"], ["f1:0", "f1:2"]),
        (2, 3, ["◀️", "3/3"], ["f1:1"]),
    ],
)
def test_a_pager_leads_to_the_pages_beside(
    page: int, count: int, texts: list[str], data: list[str]
) -> None:
    [row] = pager(page, count, to_page)
    assert len(row) == 3
    assert [one.text for one in row if one.text.strip()] == texts
    assert [one.callback_data for one in row if one.callback_data != NOTHING] == data


def test_one_page_needs_no_pager() -> None:
    assert pager(0, 1, to_page) == []


@pytest.mark.parametrize(
    ("number", "count", "text"),
    [(1, 1, "1/1"), (7, 1000, "7/1000"), (7, 1001, "7/1000+"), (1001, 1001, "1000+/1000+")],
)
def test_pages_are_counted_up_to_a_thousand(number: int, count: int, text: str) -> None:
    assert counter(number, count).text == text


def test_what_leads_nowhere_keeps_its_place_and_what_is_chosen_has_a_tick() -> None:
    assert turn("▶️", StaffPage(page=1), is_on=False) == button(" ", Nothing())
    assert choice("A", StaffPage(page=1), is_chosen=True).text == "A ✓"
    assert choice("A", StaffPage(page=1), is_chosen=False).text == "A"


def test_no_keyboard_is_made_with_the_slow_builder() -> None:
    for path in (ROOT / "keyboards").glob("*.py"):
        names = {
            node.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Name)
        }
        assert "InlineKeyboardBuilder" not in names, path
        assert path.name == "buttons.py" or "InlineKeyboardMarkup" not in {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }, path


def test_a_name_too_long_for_its_button_says_so() -> None:
    assert short("Відділ продажу", 14) == "Відділ продажу"
    assert short("Відділ продажу", 13) == "Відділ прода…"
    assert short("Відділ продажу", 8) == "Відділ…"

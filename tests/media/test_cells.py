"""Cells of tables of text: none is a formula, however a spreadsheet parts them."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media.cells import SEPARATORS, defused, undefused

DANGEROUS = re.compile(r" *[=@]|[+\-]")
TEXTS = st.text(alphabet="=+-@\t\r\n,;|'\" aї1", max_size=9)


@pytest.mark.parametrize("ours", [";", ","])
@pytest.mark.parametrize("theirs", [*SEPARATORS])
@given(cells=st.lists(TEXTS, min_size=1, max_size=3))
def test_no_cell_is_a_formula_whatever_parts_the_row(
    ours: str, theirs: str, cells: list[str]
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=ours).writerow(["23.11.2026", *map(defused, cells)])
    written = text.getvalue()
    read = csv.reader(io.StringIO(written, newline=""), delimiter=theirs)
    assert not [cell for row in read for cell in row if DANGEROUS.match(cell)], written


@pytest.mark.parametrize("sign", [*"=+-@\t\r"])
def test_a_cell_that_begins_like_a_formula_has_an_apostrophe_before_it(sign: str) -> None:
    assert defused(f"{sign}1").startswith("'")


@given(TEXTS)
def test_a_cell_can_be_had_back_as_it_was(cell: str) -> None:
    assert undefused(defused(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("x,=HYPERLINK(A1)", "x,'=HYPERLINK(A1)"),
        ('x;"=1+1', "x;'\"=1+1"),
        ("x\n=1", "x\n'=1"),
        ("x, @SUM(A1)", "x,' @SUM(A1)"),
        ("=1,=2", "'=1,'=2"),
    ],
)
def test_what_would_run_has_an_apostrophe_before_it(cell: str, safe: str) -> None:
    assert defused(cell) == safe


@pytest.mark.parametrize(
    "text", ["Ганна = я", "так, - сказала вона", "101, +380 67 123 45 67", "а;б|в", "o'clock", ""]
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert defused(text) == text

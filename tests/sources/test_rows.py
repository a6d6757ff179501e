"""Foreign JSON read field by field: what is wrong costs its field, noted without the value."""

from typing import Any

import pytest

from bot.sources.base import ID_LIMIT, TEXT_LIMIT
from bot.sources.rows import LONGEST, NO_TEXT, URL_LIMIT, Row
from bot.sources.times import LocalTime
from tests.support.kyiv import KYIV, at

ZONE = LocalTime(KYIV)


def test_the_first_name_that_holds_something_counts() -> None:
    row = Row({"a": None, "b": "  ", "c": 7, "d": "later"})
    assert row.text("a", "b", "c", "d") == "7"
    assert row.text("a", "b", "z") is None
    assert row.flaws == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(17, 17), ("17", 17), (17.9, 17), ("0", 0), ("", None), (None, None), (LONGEST, LONGEST)],
)
def test_seconds(value: Any, seconds: int | None) -> None:
    row = Row({"a": value})
    assert row.seconds("a") == seconds
    assert row.flaws == []


@pytest.mark.parametrize("value", [-1, "long", True, [], {}, "nan", "inf", 10**400, LONGEST + 1])
def test_what_are_no_seconds_is_noted_without_the_value(value: Any) -> None:
    row = Row({"a": value})
    assert row.seconds("a") is None
    assert [flaw.startswith("a: expected seconds") for flaw in row.flaws] == [True]


@pytest.mark.parametrize(
    ("value", "text"),
    [(" a\nb ", "a b"), (101, "101"), ("x" * 500, "x" * TEXT_LIMIT), ("\u202e", None)],
)
def test_texts_are_cleaned(value: Any, text: str | None) -> None:
    assert Row({"a": value}).text("a") == text


@pytest.mark.parametrize(
    ("value", "told"), [({"a": 1}, "expected text"), (True, "expected text"), ("\ufffd", NO_TEXT)]
)
def test_what_is_no_text_is_noted(value: Any, told: str) -> None:
    row = Row({"a": value})
    assert row.text("a") is None
    assert row.flaws == [f"a: {told}"]


def test_an_array_of_texts_may_be_one_text() -> None:
    assert Row({"a": ["1", 2, None, "1", {}]}).texts("a") == ("1", "2")
    assert Row({"a": "1"}).texts("a") == ("1",)
    assert Row({}).texts("a") == ()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-22 10:00:00", at("2026-11-22 10:00:00")),
        ("2026-11-22T10:00:00.417", at("2026-11-22 10:00:00")),
        ("2026-11-22 10:00:00.0", at("2026-11-22 10:00:00")),
        ("2026-11-22T08:00:00+00:00", at("2026-11-22 10:00:00")),
        ("0000-00-00 00:00:00", None),
        ("", None),
    ],
)
def test_moments(value: str, moment: int | None) -> None:
    row = Row({"a": value})
    assert row.moment("a", zone=ZONE) == moment
    assert row.flaws == []


@pytest.mark.parametrize("value", ["soon", "2026-11-22", 1795427000, "1970-01-01 00:00:00"])
def test_what_is_no_moment_is_noted(value: Any) -> None:
    row = Row({"a": value})
    assert row.moment("a", zone=ZONE) is None
    assert len(row.flaws) == 1


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://r.example/1.mp3", "https://r.example/1.mp3"),
        ("r.example/1.mp3", None),
        ("javascript:alert(1)", None),
        ("https://r.example/a b", None),
        ("https://r.example/" + "a" * URL_LIMIT, None),
    ],
)
def test_addresses(value: str, address: str | None) -> None:
    assert Row({"a": value}).address("a") == address


def test_the_first_address_counts() -> None:
    row = Row({"record": "1111.22", "wav": "https://r.example/1.wav"})
    assert row.address("record", "wav") == "https://r.example/1.wav"


@pytest.mark.parametrize("value", [None, "", [], True, "x" * (ID_LIMIT + 1), "a\nb"])
def test_an_id_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^id: "):
        Row({"id": value}).call_id("id")


def test_a_call_of_the_far_future_is_refused() -> None:
    row = Row({"a": "2026-11-25 10:00:00"})
    assert row.start("a", zone=ZONE, now=at("2026-11-24 10:00:00")) == at("2026-11-25 10:00:00")
    with pytest.raises(ValueError, match="over two days ahead"):
        row.start("a", zone=ZONE, now=at("2026-11-22 10:00:00"))

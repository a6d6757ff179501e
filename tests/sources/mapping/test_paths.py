"""Paths and conditions of a mapping: what they find, and what is no path."""

import json
from typing import Any

import pytest

from bot.sources.mapping.conditions import parse_condition
from bot.sources.mapping.paths import parse_path
from bot.sources.own.json_fields import load_json

CALL: dict[str, Any] = {
    "id": 17,
    "event": "Call.End ",
    "to": ["101", "", None, "102"],
    "legs": [{"ext": "101"}, {"ext": "103"}],
    "caller id": {"num.ber": "067"},
    "msg": json.dumps({"call": json.dumps([{"id": "deep"}])}),
    "broken": "{not json",
    "duration": "42,5",
    "zero": 0,
    "no": "null",
    "hidden": False,
}
TOP = {"event": "end", "calls": [CALL]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", [17]),
        ("to", [["101", "", None, "102"]]),
        ("to[0]", ["101"]),
        ("to[-1]", ["102"]),
        ("to[9]", []),
        ("to[]", ["101", "102"]),
        ("to[1]", []),
        ("legs[].ext", ["101", "103"]),
        ('"caller id"."num.ber"', ["067"]),
        ("msg.call[0].id", ["deep"]),
        ("broken.id", []),
        ("id.more", []),
        ("no", []),
        ("zero", [0]),
        ("missing", []),
        ("$.event", ["end"]),
        ("$.calls[0].id", [17]),
    ],
)
def test_a_path_finds(path: str, found: list[object]) -> None:
    assert parse_path(path).find(CALL, TOP) == found


def test_a_number_is_found_as_it_was_written() -> None:
    assert parse_path("id").find(load_json('{"id": 1651057476.360}'), {}) == ["1651057476.360"]


@pytest.mark.parametrize("path", ["", " ", "a..b", "a.", ".a", "a[x]", "a[", 'a."b'])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


@pytest.mark.parametrize(
    "condition",
    [
        "event = call.end",
        "event == start | call.end",
        'event = "Call.End"',
        "$.event = end",
        "event != start | ring",
        "missing != anything",
        "missing =",
        "id = 17.0",
        "duration > 42",
        "duration >= 42.5 and zero < 1",
        "zero = 0",
        "hidden = false",
        "id ~ ^1\\d$",
        "event ~ END",
        "to[] = 102",
        "legs[].ext = 103",
        "missing is empty",
        "no is empty",
        "event is not empty AND id is not empty",
        '"caller id"."num.ber" = 067',
    ],
)
def test_a_condition_holds(condition: str) -> None:
    assert parse_condition(condition).holds(CALL, TOP)


@pytest.mark.parametrize(
    "condition",
    [
        "event = start | ring",
        "event != call.end",
        "missing > 0",
        "event > 0",
        "hidden < 1",
        "duration < 42",
        "id ~ ^7",
        "event is empty",
        "missing is not empty",
        "id = 17 and zero > 0",
    ],
)
def test_a_condition_does_not_hold(condition: str) -> None:
    assert not parse_condition(condition).holds(CALL, TOP)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("event", "expected a condition"),
        ("event is lost", "expected a condition"),
        ("a = 1 and", "expected a condition"),
        ("a..b = 1", "path"),
        ("duration > long", "a number"),
        ("id ~ (", "regular expression"),
    ],
)
def test_what_is_no_condition(condition: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_condition(condition)

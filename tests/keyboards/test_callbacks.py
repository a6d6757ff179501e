"""Buttons: their data fits, is told apart, is made in one place and reaches a handler."""

import ast
import inspect
from datetime import UTC, date, datetime
from enum import Enum
from secrets import token_urlsafe
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import pytest
from aiogram import Dispatcher
from aiogram.filters.callback_data import CallbackData, CallbackQueryFilter
from aiogram.types import CallbackQuery, User

from bot.domain.merging import LIVE_POSITION
from tests.support.buttons import KINDS
from tests.support.routers import all_handlers, filters_of
from tests.support.source_code import PACKAGES, python_files, tree_of

EXTREMES: dict[str, Any] = {
    "id": 999_999_999,
    "case": 999_999_999,
    "call": 999_999_999,
    "view": 999_999_999,
    "weekly": 999_999_999,
    "export": 999_999_999,
    "employee": 999_999_999,
    "contact": 999_999_999,
    "position": LIVE_POSITION + (1 << 31),
    "version": 99_999,
    "which": 999_999,
    "day": 800_000,
    "month": 25_200,
    "page": 999,
    "first": 800_000,
    "last": 800_000,
    "part": 99,
    "size": 10,
    "number": 9,
    "minutes": 120,
    "group": 999_999_999,
    "code": (1 << 32) - 1,
    "start": 23,
    "end": 23,
    "since": 71_582_788,
    "staff": 999,
    "until": 71_582_788,
    "due": 1 << 32,
    "who": (1 << 32) - 1,
    "token": token_urlsafe(24),
    "place": (1 << 32) - 1,
    "batch": 999_999_999,
}


def values_of(annotation: Any) -> list[Any]:
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return list(annotation)
    if annotation is bool:
        return [False, True]
    if get_origin(annotation) is UnionType:  # of an enumeration and None
        [kind] = (one for one in get_args(annotation) if one is not NoneType)
        return [*values_of(kind), None]
    return []


def instances(kind: type[CallbackData]) -> list[CallbackData]:
    """One for every combination of its choices, each number as large as it can be."""
    found: list[dict[str, Any]] = [{}]
    for name, field in kind.model_fields.items():
        options = values_of(field.annotation)
        options = options or [EXTREMES[name]]
        found = [{**values, name: option} for values in found for option in options]
    return [kind(**values) for values in found]


def test_the_extremes_of_the_table_are_real() -> None:
    assert datetime.fromtimestamp(EXTREMES["position"] - LIVE_POSITION, UTC).year == 2038
    assert date.fromordinal(EXTREMES["day"]).year > 2100
    assert EXTREMES["month"] == 12 * 2100
    assert datetime.fromtimestamp(60 * EXTREMES["until"], UTC).year == 2106


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_callback_data_fits(kind: type[CallbackData]) -> None:
    for one in instances(kind):
        packed = one.pack()
        assert len(packed.encode()) <= 64, packed
        assert kind.unpack(packed) == one


def test_prefixes_are_unique() -> None:
    prefixes = [kind.__prefix__ for kind in KINDS]
    assert sorted(set(prefixes)) == sorted(prefixes)
    assert len(KINDS) > 15


def test_all_callback_data_is_defined_in_one_place() -> None:
    ours = {
        kind for kind in CallbackData.__subclasses__() if kind.__module__.split(".")[0] in PACKAGES
    }
    assert ours == set(KINDS)


def test_every_kind_of_button_is_on_some_keyboard() -> None:
    used = {
        node.id
        for path in python_files("keyboards")
        if path.name != "callbacks.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name)
    }
    assert {kind.__name__ for kind in KINDS} - used == set()


def test_keyboards_make_callback_data_only_of_its_kinds() -> None:
    made = 0
    for path in python_files("keyboards", "handlers"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.keyword) and node.arg == "callback_data":
                made += 1
                assert not isinstance(node.value, ast.Constant | ast.JoinedStr), path
    assert made, "the keyboards say it in another way now"


@pytest.mark.parametrize("kind", KINDS)
async def test_every_button_reaches_a_handler(
    dispatcher: Dispatcher, kind: type[CallbackData]
) -> None:
    filters = [
        one
        for event, handler in all_handlers(dispatcher)
        if event == "callback_query"
        for one in filters_of(handler, CallbackQueryFilter)
    ]
    person = User(id=1, is_bot=False, first_name="Олена")
    for pressed in instances(kind):
        query = CallbackQuery(id="1", from_user=person, chat_instance="1", data=pressed.pack())
        assert any([await one(query) for one in filters]), pressed

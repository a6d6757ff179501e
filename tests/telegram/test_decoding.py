"""Updates that a later Bot API may bring: read without what is unknown, or not at all."""

import copy
from typing import Any

import pytest
from aiogram import Bot

from bot.telegram.decoding import decode
from tests.support.telegram import TOKEN

WRITER = {"id": 7, "is_bot": False, "first_name": "Olena"}
CHAT = {"id": 7, "type": "private", "first_name": "Olena"}
MESSAGE = {"message_id": 5, "date": 1_790_000_000, "chat": CHAT, "from": WRITER, "text": "/log"}
ORIGIN = {"type": "galaxy", "date": 1}
PRESS = {"id": "1", "from": WRITER, "chat_instance": "1", "data": "n", "message": MESSAGE}


def message(**changes: Any) -> dict[str, Any]:
    return {"update_id": 3, "message": {**MESSAGE, **changes}}


def nested(depth: int) -> dict[str, Any]:
    inner = MESSAGE
    for _ in range(depth):
        inner = {**MESSAGE, "reply_to_message": inner}
    return inner


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (message(forward_origin=ORIGIN), "message.forward_origin"),
        (
            message(paid_media={"star_count": 1, "paid_media": [{"type": "galaxy"}]}),
            "message.paid_media",
        ),
        (
            message(chat_background_set={"type": {"type": "galaxy"}}),
            "message.chat_background_set",
        ),
        (
            message(reply_to_message={**MESSAGE, "forward_origin": ORIGIN}),
            "message.reply_to_message.forward_origin",
        ),
        (message(photo=[{"file_id": 5}]), "message.photo"),
        (message(sender_chat={**CHAT, "id": -(2**70)}), "message.sender_chat.id"),
    ],
)
def test_a_text_is_read_whatever_came_with_it(raw: dict[str, Any], field: str) -> None:
    before = copy.deepcopy(raw)
    update, lost = decode(raw, Bot(TOKEN))
    assert update is not None
    assert update.message is not None
    assert update.message.text == "/log"
    assert update.message.from_user is not None
    assert update.message.bot is not None
    assert (lost or "").startswith(field)
    assert raw == before


def test_a_press_is_read_whatever_its_message_became() -> None:
    raw = {"update_id": 3, "callback_query": {**PRESS, "message": {**MESSAGE, "gift": 5}}}
    update, lost = decode(raw, Bot(TOKEN))
    assert update is not None
    assert update.callback_query is not None
    assert update.callback_query.data == "n"
    assert update.callback_query.message is not None
    assert lost == "callback_query.message.gift"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (message(chat={"id": 7, "type": 5}), "message.chat.type"),
        (message(date="soon"), "message.date"),
        ({"update_id": 3, "message": "a text"}, "message"),
        ({"update_id": 3, "callback_query": {**PRESS, "from": None}}, "callback_query.from"),
        ({"update_id": 3, "galaxy_message": MESSAGE}, "update"),
        ({"update_id": 3}, "update"),
        (message(chat={**CHAT, "id": 2**63}), "message.chat.id"),
        ({"update_id": 2**64, "message": MESSAGE}, "update_id"),
        ({"update_id": "x", "message": MESSAGE}, "update_id"),
        ({}, "update"),
        (None, "update"),
        ([1], "update"),
        ("text", "update"),
    ],
)
def test_what_has_no_kind_and_no_chat_is_no_update(raw: object, field: str) -> None:
    assert decode(raw, Bot(TOKEN)) == (None, field)


def test_a_text_is_read_however_deep_its_replies_go() -> None:
    update, lost = decode(message(reply_to_message=nested(500)), Bot(TOKEN))
    assert update is not None
    assert update.message is not None
    assert update.message.text == "/log"
    assert lost == "message" + ".reply_to_message" * 3


def test_halves_of_surrogate_pairs_are_read_as_what_they_are() -> None:
    update, lost = decode(message(**{"from": {**WRITER, "first_name": "O\ud800lena"}}), Bot(TOKEN))
    assert update is not None
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.first_name == "O\ufffdlena"
    assert lost is None


def test_an_update_that_can_be_read_loses_nothing() -> None:
    update, lost = decode(message(a_new_field={"x": 1}), Bot(TOKEN))
    assert update is not None
    assert lost is None

"""What is not handled at all: talk in groups, and all but the first line of a stranger."""

from typing import Any

import pytest
from aiogram.types import Update

from bot.domain.people import Employee, Role
from bot.telegram.gate import LINKS, QUIET_SECONDS, REMEMBERED, Gate
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from tests.support.employees import hire

STRANGER, GROUP = 4000, -1001


class CountedEmployees(EmployeeRepo):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.looked_up = 0

    async def find(self, tg_id: int) -> Employee | None:
        self.looked_up += 1
        return await super().find(tg_id)


class Door:
    """A gate, the seconds it goes by, and who asks it."""

    def __init__(self, database: Database) -> None:
        self.now = 0.0
        self.employees = CountedEmployees(database)
        self.gate = Gate(self.employees, now=lambda: self.now)

    async def handles(self, update: Update) -> bool:
        """Whether it is handled; the one who wrote has no access then."""
        if not await self.gate.lets_in(update):
            return False
        self.gate.note_stranger(update)
        return True


def text(said: str, *, by: int = STRANGER, chat: int = 0, **changes: Any) -> Update:
    kind = "supergroup" if chat else "private"
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": chat or by, "type": kind},
        "from": {"id": by, "is_bot": False, "first_name": "Хтось"},
        "text": said,
    }
    return Update.model_validate({"update_id": 1, "message": {**message, **changes}})


def press(*, by: int = STRANGER) -> Update:
    query = {
        "id": "1",
        "from": {"id": by, "is_bot": False, "first_name": "Хтось"},
        "chat_instance": "1",
        "data": "n",
    }
    return Update.model_validate({"update_id": 1, "callback_query": query})


async def test_a_stranger_is_answered_once_and_then_costs_one_look_up(database: Database) -> None:
    door = Door(database)
    assert await door.handles(text("hello"))
    assert door.employees.looked_up == 0
    for _ in range(150):
        assert not await door.handles(text("hello"))
    assert await door.handles(press())
    assert not await door.handles(press())
    assert door.employees.looked_up == 151
    assert [await door.handles(text("/start guess")) for _ in range(LINKS + 1)] == [
        *[True] * LINKS,
        False,
    ]
    assert await door.handles(text("hello", by=4001)), "others are not meant"
    door.now += QUIET_SECONDS + 1
    assert await door.handles(text("hello"))
    assert not await door.handles(text("hello"))


async def test_links_of_shared_calls_use_up_none_of_those_of_invites(database: Database) -> None:
    door = Door(database)
    assert await door.handles(text("/start call_1"))
    for link in ("call_1", "call_999999999", "search"):
        for _ in range(LINKS + 1):
            assert not await door.handles(text(f"/start {link}"))
    assert await door.handles(text("/start an-invite"))
    await hire(database, STRANGER, Role.OPERATOR)
    assert await door.gate.lets_in(text("/start call_1"))


async def test_one_who_has_come_in_is_heard_at_once(database: Database) -> None:
    door = Door(database)
    assert await door.handles(text("hello"))
    await hire(database, STRANGER, Role.OPERATOR)
    assert await door.gate.lets_in(text("/log"))
    assert await door.gate.lets_in(press())


@pytest.mark.parametrize(
    ("update", "is_handled"),
    [
        (text("good morning", chat=GROUP), False),
        (text("/connect", chat=GROUP), True),
        (text("", chat=GROUP, new_chat_title="Зміна"), True),
        (text("", chat=GROUP, migrate_to_chat_id=-1002), True),
        (text("", chat=GROUP, migrate_from_chat_id=-1002), True),
    ],
)
async def test_talk_in_a_group_is_let_be(
    database: Database, update: Update, is_handled: bool
) -> None:
    assert await Door(database).handles(update) is is_handled


async def test_a_group_cannot_flood_with_commands(database: Database) -> None:
    door = Door(database)
    assert await door.handles(text("/connect", chat=GROUP))
    assert not await door.handles(text("/connect", chat=GROUP))
    moved = text("", chat=GROUP, migrate_to_chat_id=-1002)
    assert await door.handles(moved), "what becomes of the group is no command"
    await hire(database, 7, Role.ADMINISTRATOR)
    assert await door.gate.lets_in(text("/connect", by=7, chat=GROUP))


async def test_strangers_without_end_take_no_room_without_end(database: Database) -> None:
    door = Door(database)
    for person in range(1, REMEMBERED + 101):
        door.gate.note_stranger(press(by=person))
    assert await door.gate.lets_in(press(by=1)), "the first ones are forgotten"
    assert not await door.gate.lets_in(press(by=REMEMBERED + 100))

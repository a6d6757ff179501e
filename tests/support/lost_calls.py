"""Lost calls as a PBX posts them, and the alerts people get of them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User

NOW = 1_795_427_000.0
"""Monday, 23 November 2026, 11:43 in Kyiv."""


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def lost(call_id: str, at: float, **changes: Any) -> dict[str, Any]:
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": "0671234567", "name": "Ганна"},
        "line": "0445550101",
        "rang": ["101", "102"],
        "started_at": moment(at),
        "ended_at": moment(at + 17),
        **changes,
    }


def dialled(call_id: str, at: float, extension: str = "101", **changes: Any) -> dict[str, Any]:
    return {
        "id": call_id,
        "direction": "out",
        "status": "answered",
        "caller": {"number": extension},
        "callee": {"number": "0671234567"},
        "extension": extension,
        "started_at": moment(at),
        "answered_at": moment(at + 10),
        "ended_at": moment(at + 60),
        **changes,
    }


async def alert_of(user: User, words: str = "Пропущений дзвінок") -> Message:
    return await user.wait_for(lambda one: one.is_from_bot and words in one.text)


async def pressed(user: User, message: Message, label: str) -> str:
    """What the press is answered with."""
    return (await (await user.click(message, label)).answered()).text


def lost_ago(call_id: str, ago: int) -> dict[str, Any]:
    """A lost call that ended so many seconds ago, by the real clock."""
    moment = datetime.fromtimestamp(int(time.time()) - ago, UTC)
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": f"067{ago:07d}"},
        "started_at": moment.isoformat(),
        "ended_at": moment.isoformat(),
    }


NUMBER = "0671234567"

LOST: dict[str, Any] = {
    "id": "a1",
    "direction": "in",
    "status": "missed",
    "caller": {"number": NUMBER},
    "line": "0445550101",
    "rang": ["101"],
    "started_at": "2026-09-21T14:12:00Z",
    "ended_at": "2026-09-21T14:12:17Z",
}


def is_alert(message: Message) -> bool:
    """Whether it tells of a lost call."""
    return message.is_from_bot and "Пропущений дзвінок" in message.text


def has_button(label: str) -> Callable[[Message], bool]:
    """Whether a message has a button whose label begins so."""
    return lambda message: any(one.startswith(label) for row in message.buttons for one in row)

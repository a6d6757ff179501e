"""Calls as Dzvinok's own JSON, of the hours before a test."""

from datetime import UTC, datetime
from typing import Any

from tests.support.lost_calls import NOW


def posted_call(number: int, **said: Any) -> dict[str, Any]:
    """An incoming answered call of 101, so many hours ago, but for what is said."""
    started = datetime.fromtimestamp(NOW - number * 3600, UTC).isoformat()
    return {
        "id": f"a{number}",
        "direction": "in",
        "status": "answered",
        "caller": {"number": "0671234567"},
        "callee": {"number": "0445550101"},
        "line": "0445550101",
        "extension": "101",
        "rang": ["101"],
        "started_at": started,
        "wait_seconds": 10,
        "talk_seconds": 50,
    } | said

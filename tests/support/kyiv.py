"""Moments as the clocks of Kyiv show them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

KYIV = ZoneInfo("Europe/Kyiv")


def at(text: str, zone: ZoneInfo = KYIV) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def told(moment: int | None) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, UTC).astimezone(KYIV).strftime("%Y-%m-%d %H:%M")

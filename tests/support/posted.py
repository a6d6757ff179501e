"""What vendors post, from tests/data/vendors, and what all of it together makes of a call."""

import json
from itertools import permutations
from typing import Any

from bot.domain.calls import CallFacts
from bot.domain.merging import MergedCall, merge
from bot.sources.base import Reading
from tests.support.places import DATA


def posted_by(vendor: str) -> list[dict[str, Any]]:
    """The bodies, as JSON, in the order in which they were posted."""
    lines = (DATA / "vendors" / f"{vendor}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def together(*readings: Reading, now: int) -> MergedCall:
    """The one call of all these statements, the same in whatever order they come."""
    facts = [one for one in readings if isinstance(one, CallFacts)]
    assert len(facts) == len(readings), readings
    assert len({one.external_id for one in facts}) == 1
    made = [_merged(order, now) for order in permutations([*facts, facts[-1]][:6])]
    assert all(one == made[0] for one in made)
    return made[0]


def _merged(facts: tuple[CallFacts, ...], now: int) -> MergedCall:
    call: MergedCall | None = None
    for one in facts:
        call = merge(call, one, now=now)
    assert call is not None
    return call

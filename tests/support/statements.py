"""Statements a PBX may make about a call, one by one and as histories to be shuffled."""

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.merging import MergedCall, merge
from bot.domain.phones import NumberPlan

NOW = 1_790_000_000
START = NOW - 120

LIVE = (Status.RINGING, Status.CONNECTING_OPERATOR)
FINAL = tuple(status for status in Status if status not in {*LIVE, Status.ANSWERED})

NUMBERS = ("0671234567", "+380671234567", "0445550101", "101", "102", "anonymous", "olena")
UNITS = (
    *(f"{side}.{name}" for side in ("caller", "callee") for name in ("name", "number", "sip")),
    *("raw_status", "line", "queue", "extension", "answered_at", "ended_at", "wait", "talk"),
    *("ended_by", "recording_url", "price"),
)
"""What a piece of a statement may leave out; a price and its currency go together."""


def said(**values: Any) -> CallFacts:
    """A missed incoming call, but for the values given."""
    missed: dict[str, Any] = {
        "source": "office",
        "external_id": "a1",
        "direction": Direction.IN,
        "status": Status.MISSED,
        "started_at": START,
        "numbers": NumberPlan("UA"),
    }
    return CallFacts(**missed | values)


def merged(*statements: CallFacts, now: int = NOW) -> MergedCall:
    call: MergedCall | None = None
    for one in statements:
        call = merge(call, one, now=now)
    assert call is not None
    return call


def part(whole: CallFacts, kept: set[str], rang: tuple[str, ...]) -> CallFacts:
    """The statement with only these of its optional values."""
    changes: dict[str, Any] = {name: None for name in UNITS if name not in kept}
    for side, party in (("caller", whole.caller), ("callee", whole.callee)):
        names = {name: changes.pop(f"{side}.{name}", "") for name in ("name", "number", "sip")}
        gone = {name: None for name, value in names.items() if value is None}
        changes[side] = replace(party, **gone)
    if "price" in changes:
        changes["currency"] = None
    return replace(whole, rang=rang, **changes)


def pieces(whole: CallFacts, chance: random.Random) -> list[CallFacts]:
    """The statement in up to three statements that say the same together."""
    count = chance.randint(1, 3)
    owners = {name: chance.randrange(count) for name in UNITS}
    rung = {extension: chance.randrange(count) for extension in whole.rang}
    return [
        part(
            whole,
            {name for name, owner in owners.items() if owner == number},
            tuple(extension for extension, owner in rung.items() if owner == number),
        )
        for number in range(count)
    ]


def scrambled(history: list[CallFacts], seed: int) -> list[CallFacts]:
    """The same things said in pieces, repeated, in another order."""
    chance = random.Random(seed)
    told = [piece for whole in history for piece in pieces(whole, chance)]
    told += chance.choices([*told, *history], k=chance.randint(0, 4))
    chance.shuffle(told)
    return told


def statement(statuses: tuple[Status, ...], chance: random.Random, **values: Any) -> CallFacts:
    """One that says anything at all."""

    def maybe(*options: Any) -> Any:
        return chance.choice(options) if chance.random() < 0.6 else None

    def moment() -> Any:
        return maybe(START + chance.randint(-5, 90))

    def party() -> Party:
        return Party(maybe("Ганна", "Іван"), maybe(*NUMBERS), maybe("olena", "sip:101@pbx"))

    return said(
        direction=chance.choice(list(Direction)),
        status=chance.choice(statuses),
        started_at=START + chance.randint(0, 20),
        raw_status=maybe("ANSWER", "BUSY"),
        caller=party(),
        callee=party(),
        line=maybe("0445550101", "102"),
        queue=maybe("sales", "support"),
        extension=maybe("101", "102"),
        rang=tuple(chance.sample(["101", "102", "103"], chance.randint(0, 3))),
        answered_at=moment(),
        ended_at=moment(),
        wait=maybe(0, 7, 90),
        talk=maybe(0, 7, 90),
        ended_by=maybe(*EndedBy),
        price=maybe(Decimal("0.08"), Decimal("1.50"), Decimal(0)),
        currency=maybe("UAH", "EUR"),
        recording_url=maybe("https://r.example/1", "https://r.example/2"),
        **values,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[CallFacts]:
    """Statements about one call: dated, undated, of the same moment, contradictory.

    What they say comes from a seed: drawing each value would take the tests a minute.
    """
    count = draw(st.integers(1, 7))
    dated = draw(st.sampled_from([0.0, 0.5, 1.0]))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    return [
        statement(
            tuple(Status),
            chance,
            updated_at=NOW + chance.randrange(4) if chance.random() < dated else None,
            is_witnessed=chance.random() < 0.3,
        )
        for _ in range(count)
    ]

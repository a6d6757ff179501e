"""Calls and cases as views are given them: plain ones, and ones outsiders filled with anything."""

import random
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bot.domain.calls import (
    Call,
    CaseState,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.domain.cases import Case
from bot.domain.log import Key, Page
from bot.views import calls
from tests.support.kyiv import KYIV

NOW = 1_790_000_000  # 21 September 2026, 17:13:20 in Kyiv


def call(**values: Any) -> Call:
    """A missed call from a client to two extensions, but for the values given."""
    missed: dict[str, Any] = {
        "id": 1,
        "source": "office",
        "external_id": "a1",
        "direction": Direction.IN,
        "status": Status.MISSED,
        "raw_status": None,
        "caller": Party(number="0671234567"),
        "callee": Party(number="0445550101"),
        "client": "+380671234567",
        "contact": None,
        "line": "0445550101",
        "queue": None,
        "extension": None,
        "rang": ("101", "102"),
        "started_at": NOW - 100,
        "answered_at": None,
        "ended_at": NOW - 83,
        "wait": 17,
        "talk": 0,
        "ended_by": EndedBy.UNKNOWN,
        "price": None,
        "currency": None,
        "recording_url": None,
        "settles_at": None,
        "lost": True,
        "colleagues": {"101": "Олена Коваленко", "102": "Іван Бондар"},
    }
    return Call(**missed | values)


def case(shown: Call, **values: Any) -> Case:
    """The open case of one lost call."""
    facts: dict[str, Any] = {
        "id": 1,
        "client": shown.client,
        "state": CaseState.OPEN,
        "opened_at": shown.started_at,
        "last_lost_at": shown.started_at,
        "expires_at": shown.started_at + 7 * 86400,
        "lost": 1,
        "attempts": 0,
        "closed_at": None,
        "owner": None,
        "owned_at": None,
        "asked_at": None,
        "call": shown,
        "attempt": None,
        "closing": None,
        "rang": shown.rang,
    }
    return Case(**facts | values)


def answered(**values: Any) -> Call:
    talked = {
        "status": Status.ANSWERED,
        "extension": "101",
        "answered_at": NOW - 90,
        "ended_at": NOW - 40,
        "wait": 10,
        "talk": 50,
        "lost": False,
    }
    return call(**talked | values)


def page_of(*shown: Call) -> Page:
    keys = tuple(Key(one.started_at, one.id) for one in shown)
    return Page(shown, keys, 1, 1, has_newer=False, has_older=False)


_nasty = st.sampled_from(
    [
        *("</b>", "<a href='https://x.example'>", "<tg-spoiler>", "&", "&lt;", "&#60;", '"'),
        *("\u202e", "\r\n", "\0", "\u2028", "👩\u200d👧", "а\u0301", "\U0010fffd", "ﷺ"),
        *("@durov", "/today", "https://x.example", "#tag"),
    ]
)
foreign_texts = st.lists(_nasty | st.text(max_size=5), max_size=4).map("".join)


@st.composite
def foreign_calls(draw: st.DrawFn) -> Call:
    """A call whose every foreign text is anything at all, short or endless."""
    texts = draw(st.lists(foreign_texts, min_size=1, max_size=4))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    longest = draw(st.sampled_from([1, 50, 5000]))

    def text() -> str:
        return chance.choice(texts) * chance.randint(1, longest)

    def maybe() -> str | None:
        return text() if chance.random() < 0.7 else None

    def party() -> Party:
        return Party(maybe(), maybe(), maybe())

    extensions = tuple(text() for _ in range(chance.choice([0, 1, 2, 100])))
    extension = chance.choice([None, text(), *extensions])
    status = chance.choice(list(Status))
    comment = Comment(text=text(), author=text(), written_at=NOW - 10**8, version=1)
    caller, callee = party(), party()
    known = [*extensions, extension, caller.number, callee.number, caller.sip, callee.sip]
    return call(
        direction=chance.choice(list(Direction)),
        status=status,
        raw_status=maybe(),
        caller=caller,
        callee=callee,
        client=chance.choice([None, "+380671234567"]),
        contact=maybe(),
        line=maybe(),
        queue=maybe(),
        extension=extension,
        rang=extensions,
        started_at=NOW - chance.randint(0, 10**8),
        wait=chance.choice([None, 0, 17, 10**9]),
        talk=chance.choice([None, 0, 50, 10**9]),
        ended_by=chance.choice(list(EndedBy)),
        price=chance.choice([None, Decimal("0.08"), Decimal("123456789.123456")]),
        currency=chance.choice([None, "UAH", "USD"]),
        recording_url=chance.choice([None, text()]),
        settles_at=chance.choice([None, NOW + 100]),
        comment=chance.choice([None, comment]),
        colleagues={x: text() for x in known if x and chance.random() < 0.8},
        is_first=chance.random() < 0.5,
    )


def card_of(shown: Call, *, now: int = NOW) -> list[str]:
    """The lines of a call's card."""
    return calls.card(shown, now=now, zone=KYIV).splitlines()

"""The office the figures are taken in: two busy years of forty telephones, the same every time.

Ten thousand calls are its first week, a million its first two years: logs of different length
and of the same density, so that a page or a day of one can be compared with that of another.
"""

import json
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.phones import NumberPlan

SOURCE = "office"
MONDAY = int(datetime(2024, 11, 4, tzinfo=UTC).timestamp())
DAY = 86_400
CALLS_OF_DAY = (1950, 1900, 1900, 1900, 1850, 400, 100)
HOURS = (1, 1, 1, 1, 1, 2, 8, 30, 90, 130, 140, 120, 90, 110, 120, 110, 90, 60, 30, 15, 8, 4, 2, 1)

EXTENSIONS = tuple(str(number) for number in range(101, 141))
ORDINARY, SECOND, RARE = "105", "118", "140"
RARE_SHARE = 0.002
QUEUES = ("sales", "support", "delivery", "accounts")
LINES = ("0445550101", "0445550102", "0445550103", "0445550104")

CLIENTS = 150_000
BUSY = 7_500
"""Five in a hundred clients make half of the calls, and three of those one in a hundred each."""
BUSIEST = 3

_LOST = ((Status.MISSED, 85), (Status.MISSED_OFFLINE, 10), (Status.NO_CHANNELS, 5))
_OUT = (
    (Status.ANSWERED, 65),
    (Status.NO_ANSWER, 20),
    (Status.REJECTED_BY_SUBSCRIBER, 7),
    (Status.UNREACHABLE, 5),
    (Status.CANCELLED_BY_OPERATOR, 3),
)
_PREFIXES = ("050", "063", "066", "067", "068", "073", "093", "095", "096", "097", "098", "099")


def number_of(client: int) -> str:
    """A client's number, as a PBX writes it; number 0 is the busiest client of all."""
    return f"{_PREFIXES[client % len(_PREFIXES)]}{(client * 7_919 + 1_234_567) % 10_000_000:07}"


def calls(total: int, *, seed: int = 1) -> Iterator[CallFacts]:
    """The first calls of the office, by their start."""
    dice = random.Random(seed)
    names = count(1)
    left = total
    for day in count():
        on = MONDAY + day * DAY
        of_day = min(left, CALLS_OF_DAY[day % 7])
        hours = dice.choices(range(24), HOURS, k=of_day)
        starts = sorted(on + hour * 3600 + dice.randrange(3600) for hour in hours)
        for start in starts:
            yield _call(dice, f"{start}.{next(names)}", start)
        left -= of_day
        if not left:
            return


def call_json(facts: CallFacts) -> dict[str, Any]:
    """What a PBX would post of the call."""
    return {
        "id": facts.external_id,
        "direction": facts.direction.value,
        "status": facts.status.value,
        "caller": {"number": facts.caller.number, "name": facts.caller.name},
        "callee": {"number": facts.callee.number},
        "line": facts.line,
        "queue": facts.queue,
        "extension": facts.extension,
        "rang": list(facts.rang),
        "started_at": iso(facts.started_at),
        "answered_at": iso(facts.answered_at),
        "ended_at": iso(facts.ended_at),
        "ended_by": facts.ended_by,
    }


def bodies(total: int, *, seed: int, now: int) -> Iterator[bytes]:
    """Distinct calls that ended a moment ago, as they are posted to a hook."""
    dice = random.Random(seed)
    for number in range(total):
        facts = _call(dice, f"{seed}-{number}", now - 200)
        yield json.dumps(call_json(facts), ensure_ascii=False).encode()


def asterisk_rows(found: Iterable[CallFacts]) -> Iterator[str]:
    """The calls as rows of Master.csv, about three to two calls."""
    channels = count(1)
    for facts in found:
        start, answer, end = facts.started_at, facts.answered_at, facts.ended_at or 0
        own = f"PJSIP/trunk-{next(channels):08x}"
        if facts.direction is Direction.IN:
            phones = [facts.extension] if facts.extension else list(facts.rang)
            dial = "&".join(f"PJSIP/{phone}" for phone in facts.rang) + ",20"
            src, dst, context = facts.caller.number or "", facts.line or "", "from-trunk"
        else:
            phones = [f"trunk-{next(channels):08x}"]
            src, dst = facts.extension or "", facts.callee.number or ""
            own = f"PJSIP/{src}-{next(channels):08x}"
            if facts.direction is Direction.INTERNAL:
                phones = [dst]
            dial, context = f"PJSIP/{dst}", "from-internal"
        clid = f'""{facts.caller.name or ""}"" <{src}>'
        word = _DISPOSITIONS[facts.status]
        head = f'"","{src}","{dst}","{context}","{clid}","{own}"'
        tail = f'"DOCUMENTATION","{facts.external_id}",""'
        legs = [dial] if facts.queue is None else [f"{facts.queue},,,,20"]
        app = "Dial" if facts.queue is None else "Queue"
        for data in legs:
            yield (
                f'{head},"PJSIP/{phones[0]}-{next(channels):08x}","{app}","{data}",'
                f"{_local(start)},{_local(answer)},{_local(end)},"
                f'{end - start},{end - answer if answer else 0},"{word}",{tail}\n'
            )
        if word != "ANSWERED" or facts.ended_by is EndedBy.CALLER:
            yield (f'{head},"","Hangup","",{_local(end)},,{_local(end)},0,0,"{word}",{tail}\n')


_DISPOSITIONS = {
    Status.ANSWERED: "ANSWERED",
    Status.MISSED: "NO ANSWER",
    Status.MISSED_OFFLINE: "FAILED",
    Status.NO_CHANNELS: "CONGESTION",
    Status.NO_ANSWER: "NO ANSWER",
    Status.CANCELLED_BY_OPERATOR: "NO ANSWER",
    Status.REJECTED_BY_SUBSCRIBER: "BUSY",
    Status.UNREACHABLE: "FAILED",
}


def _call(dice: random.Random, name: str, start: int) -> CallFacts:
    kind = dice.random()
    wait = dice.randrange(3, 40)
    talk = int(dice.expovariate(1 / 120)) + 2
    if kind < 0.6:
        is_lost = dice.random() < 0.25
        team = dice.randrange(4)
        if dice.random() < RARE_SHARE:
            rang: tuple[str, ...] = (RARE,)
        else:
            phones = EXTENSIONS[team * 10 : team * 10 + 10 - (team == 3)]
            rang = tuple(dice.sample(phones, dice.choice((1, 1, 1, 2, 3))))
        return CallFacts(
            source=SOURCE,
            external_id=name,
            direction=Direction.IN,
            status=_pick(dice, _LOST) if is_lost else Status.ANSWERED,
            started_at=start,
            numbers=NumberPlan("UA"),
            caller=_client(dice),
            callee=Party(number=LINES[team]),
            line=LINES[team],
            queue=QUEUES[team] if len(rang) > 1 else None,
            extension=None if is_lost else dice.choice(rang),
            rang=rang,
            answered_at=None if is_lost else start + wait,
            ended_at=start + wait + (0 if is_lost else talk),
            ended_by=dice.choice((EndedBy.CALLER, EndedBy.CALLEE)),
        )
    own = RARE if dice.random() < RARE_SHARE else EXTENSIONS[dice.randrange(39)]
    if kind < 0.95:
        status = _pick(dice, _OUT)
        callee, rang = _client(dice), ()
    else:
        status = Status.ANSWERED
        rang = (EXTENSIONS[dice.randrange(39)],)
        callee = Party(number=rang[0])
    talked = status is Status.ANSWERED
    return CallFacts(
        source=SOURCE,
        external_id=name,
        direction=Direction.OUT if kind < 0.95 else Direction.INTERNAL,
        status=status,
        started_at=start,
        numbers=NumberPlan("UA"),
        caller=Party(number=own),
        callee=callee,
        extension=own,
        rang=rang,
        answered_at=start + wait if talked else None,
        ended_at=start + wait + (talk if talked else 0),
        ended_by=dice.choice((EndedBy.CALLER, EndedBy.CALLEE)),
    )


def _client(dice: random.Random) -> Party:
    chance = dice.random()
    if chance < 0.03:
        client = dice.randrange(BUSIEST)
    elif chance < 0.5:
        client = dice.randrange(BUSIEST, BUSY)
    elif chance < 0.98:
        client = dice.randrange(BUSY, CLIENTS)
    else:
        return Party()
    return Party("Ганна Коваль" if client % 5 == 0 else None, number_of(client))


def _pick(dice: random.Random, weights: tuple[tuple[Status, int], ...]) -> Status:
    [status] = dice.choices([one for one, _ in weights], [share for _, share in weights])
    return status


def iso(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _local(seconds: int | None) -> str:
    """A time in a cell; the benchmark's PBX lives in UTC."""
    if seconds is None:
        return ""
    return time.strftime('"%Y-%m-%d %H:%M:%S"', time.gmtime(seconds))

"""The past of the demo's shop: some weeks of calls, the same ones for the same seed."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.demo.pbx.company import ACCOUNTANT, CLIENTS, LINE, OPERATORS, QUEUES, SOURCE
from bot.demo.pbx.sounds import address
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.phones import NumberPlan

# Calls in each hour of a working day, from 8:00; a weekend has a quarter of them.
_HOURS = (2, 6, 10, 12, 11, 8, 10, 11, 9, 7, 4, 2)
_FIRST_HOUR = 8
_WEEKEND = 0.25
_A_DAY = 60
_LONGEST_TALK = 1100
_MARGIN = 1200
"""No call of the past begins in so many seconds before now: more than any wait and talk last."""

_INTERNAL = 0.03
_BY_ACCOUNTANT = 0.06


def _weighted(weights: dict[Status, int]) -> tuple[Status, ...]:
    """Each status as often as its weight, for one quick choice among them."""
    return tuple(status for status, weight in weights.items() for _ in range(weight))


_INCOMING = _weighted(
    {
        Status.ANSWERED: 72,
        Status.MISSED: 14,
        Status.MISSED_CALLED_BACK: 5,
        Status.MISSED_OFFLINE: 4,
        Status.NO_CHANNELS: 2,
        Status.NETWORK_ERROR: 2,
        Status.UNKNOWN_ERROR: 1,
    }
)
_OUTGOING = _weighted(
    {
        Status.ANSWERED: 60,
        Status.NO_ANSWER: 18,
        Status.REJECTED_BY_SUBSCRIBER: 8,
        Status.UNREACHABLE: 6,
        Status.CANCELLED_BY_OPERATOR: 6,
        Status.NETWORK_ERROR: 2,
    }
)

_TALKS = {Status.ANSWERED, Status.NETWORK_ERROR}

_ENDED_BY = {
    Status.MISSED: EndedBy.CALLER,
    Status.MISSED_CALLED_BACK: EndedBy.CALLER,
    Status.NO_ANSWER: EndedBy.CALLER,
    Status.CANCELLED_BY_OPERATOR: EndedBy.CALLER,
    Status.REJECTED_BY_SUBSCRIBER: EndedBy.CALLEE,
    Status.UNREACHABLE: EndedBy.SYSTEM,
    Status.MISSED_OFFLINE: EndedBy.SYSTEM,
    Status.NO_CHANNELS: EndedBy.SYSTEM,
    Status.NETWORK_ERROR: EndedBy.SYSTEM,
    Status.UNKNOWN_ERROR: EndedBy.SYSTEM,
}
"""Who hung up, where the status says it; after a talk it is either of the two."""


def history(
    *, calls: int, seed: int, now: int, zone: ZoneInfo, origin: str
) -> Iterator[CallFacts]:
    """So many calls, oldest first, that ended before `now` (Unix seconds).

    `zone` is where the shop opens in the morning; `origin` is the address of the recordings.
    """
    dice = random.Random(seed)  # noqa: S311 - invented calls, not secrets
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    calls_a_day = max(_A_DAY, calls // 500)
    days = math.ceil(calls / (calls_a_day * (5 + 2 * _WEEKEND) / 7)) + 7
    moments = [
        moment
        for back in range(days, -1, -1)
        for moment in _moments(dice, today - timedelta(days=back), calls_a_day)
        if moment < now - _MARGIN
    ]
    client_count = max(150, calls // 50)
    for number, started_at in enumerate(moments[-calls:] if calls else ()):
        if dice.random() < _INTERNAL:
            yield _internal(dice, number, started_at)
        else:
            yield _call(dice, number, started_at, client_count, origin)


def _moments(dice: random.Random, midnight: datetime, calls_a_day: int) -> list[int]:
    """When the calls of a day begin, in Unix seconds."""
    share = calls_a_day / sum(_HOURS) * (_WEEKEND if midnight.weekday() >= 5 else 1)
    moments = []
    for hour, weight in enumerate(_HOURS, start=_FIRST_HOUR):
        exact = weight * share
        count = int(exact) + (dice.random() < exact % 1)
        begin = int(midnight.replace(hour=hour).timestamp())
        moments += sorted(begin + dice.randrange(3600) for _ in range(count))
    return moments


def _call(
    dice: random.Random, number: int, started_at: int, client_count: int, origin: str
) -> CallFacts:
    is_in = dice.random() < 0.62
    status = dice.choice(_INCOMING if is_in else _OUTGOING)
    is_office = not is_in and dice.random() < _BY_ACCOUNTANT
    extension = ACCOUNTANT if is_office else dice.choice(OPERATORS)
    client = _client(dice, client_count)
    wait = dice.randint(3, 40)
    talk = min(_LONGEST_TALK, int(dice.expovariate(1 / 110)) + 5) if status in _TALKS else 0
    is_paid = not is_in and talk
    staff = Party(number=extension)
    return CallFacts(
        source=SOURCE,
        external_id=f"h{number}",
        direction=Direction.IN if is_in else Direction.OUT,
        status=status,
        raw_status="NOMONEY" if status is Status.UNKNOWN_ERROR else None,
        started_at=started_at,
        numbers=NumberPlan("UA"),
        caller=client if is_in else staff,
        callee=Party(number=LINE) if is_in else client,
        line=LINE if is_in else None,
        queue=dice.choice(QUEUES) if is_in else None,
        extension=extension if status in _TALKS or not is_in else None,
        rang=_rang(dice, extension, status) if is_in else (),
        answered_at=started_at + wait if status in _TALKS else None,
        ended_at=started_at + wait + talk,
        ended_by=_ENDED_BY.get(status) or dice.choice((EndedBy.CALLER, EndedBy.CALLEE)),
        price=Decimal(math.ceil(talk / 60) * 8) / 100 if is_paid else None,
        currency="UAH" if is_paid else None,
        recording_url=address(origin, number) if talk else None,
    )


def _internal(dice: random.Random, number: int, started_at: int) -> CallFacts:
    """A colleague asks another one."""
    status = Status.ANSWERED if dice.random() < 0.8 else Status.NO_ANSWER
    caller, callee = dice.sample((*OPERATORS, ACCOUNTANT), 2)
    wait, talk = dice.randint(2, 15), dice.randint(10, 180) if status in _TALKS else 0
    return CallFacts(
        source=SOURCE,
        external_id=f"h{number}",
        direction=Direction.INTERNAL,
        status=status,
        started_at=started_at,
        numbers=NumberPlan("UA"),
        caller=Party(number=caller),
        callee=Party(number=callee),
        extension=caller,
        rang=(callee,),
        answered_at=started_at + wait if talk else None,
        ended_at=started_at + wait + talk,
        ended_by=EndedBy.CALLER,
    )


def _client(dice: random.Random, client_count: int) -> Party:
    """The caller: often one of the regular clients, else one of `client_count` others."""
    luck = dice.random()
    if luck < 0.03:
        return Party()
    if luck < 0.4:
        number, _ = dice.choice(CLIENTS)
        return Party(number=number)
    return Party(number=f"+38067{dice.randrange(client_count) * 7919 % 10**7:07}")


def _rang(dice: random.Random, extension: str, status: Status) -> tuple[str, ...]:
    if status in {Status.MISSED_OFFLINE, Status.NO_CHANNELS}:
        return ()
    return OPERATORS if dice.random() < 0.4 else (extension,)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment somebody left on a call of the past."""

    text: str
    extension: str


REMARKS = (
    Remark("Просила набрати після 16:00", "101"),
    Remark("Замовлення № 1482, доставка у п'ятницю", "102"),
    Remark("Помилився номером", "101"),
    Remark("Питав про гарантію, надіслати лист", "102"),
)

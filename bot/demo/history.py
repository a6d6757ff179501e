"""The past of the demo's shop: some weeks of calls, the same ones for the same seed."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.demo.company import CLIENTS, LINE, OPERATORS, QUEUES, SOURCE
from bot.models import CallFacts, Direction, EndedBy, Party, Status

# Calls in each hour of a working day, from 8:00; a weekend has a quarter of them.
_HOURS = (2, 6, 10, 12, 11, 8, 10, 11, 9, 7, 4, 2)
_FIRST_HOUR = 8
_WEEKEND = 0.25
_A_DAY = 60

_INCOMING = (
    (Status.ANSWERED, 72),
    (Status.MISSED, 14),
    (Status.MISSED_CALLED_BACK, 5),
    (Status.MISSED_OFFLINE, 4),
    (Status.NO_CHANNELS, 2),
    (Status.NETWORK_ERROR, 2),
    (Status.UNKNOWN_ERROR, 1),
)
_OUTGOING = (
    (Status.ANSWERED, 60),
    (Status.NO_ANSWER, 18),
    (Status.REJECTED_BY_SUBSCRIBER, 8),
    (Status.UNREACHABLE, 6),
    (Status.CANCELLED_BY_OPERATOR, 6),
    (Status.NETWORK_ERROR, 2),
)


def history(*, calls: int, seed: int, now: int, zone: ZoneInfo) -> Iterator[CallFacts]:
    """So many calls, oldest first, that ended before `now` (Unix seconds)."""
    dice = random.Random(seed)  # noqa: S311 - invented calls, not secrets
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    a_day = max(_A_DAY, calls // 500)
    days = math.ceil(calls / (a_day * (5 + 2 * _WEEKEND) / 7)) + 7
    made = [
        moment
        for back in range(days, -1, -1)
        for moment in _moments(dice, today - timedelta(days=back), a_day)
        if moment < now - 1200
    ]
    for number, started_at in enumerate(made[-calls:]):
        yield _call(dice, number, started_at)


def _moments(dice: random.Random, midnight: datetime, a_day: int) -> list[int]:
    """When the calls of a day begin."""
    share = a_day / sum(_HOURS) * (_WEEKEND if midnight.weekday() >= 5 else 1)
    found = []
    for hour, weight in enumerate(_HOURS, start=_FIRST_HOUR):
        exact = weight * share
        count = int(exact) + (dice.random() < exact % 1)
        begin = int(midnight.replace(hour=hour).timestamp())
        found += sorted(begin + dice.randrange(3600) for _ in range(count))
    return found


def _call(dice: random.Random, number: int, started_at: int) -> CallFacts:
    is_in = dice.random() < 0.62
    statuses = _INCOMING if is_in else _OUTGOING
    status = dice.choices([s for s, _ in statuses], [w for _, w in statuses])[0]
    extension = dice.choice(OPERATORS)
    client = _client(dice)
    wait = dice.randint(3, 40)
    talk = min(1800, int(dice.expovariate(1 / 110)) + 5) if status.is_talk else 0
    is_paid = not is_in and talk
    staff = Party(number=extension)
    return CallFacts(
        source=SOURCE,
        external_id=f"h{number}",
        direction=Direction.IN if is_in else Direction.OUT,
        status=status,
        raw_status="NOMONEY" if status is Status.UNKNOWN_ERROR else None,
        started_at=started_at,
        country="UA",
        caller=client if is_in else staff,
        callee=Party(number=LINE) if is_in else client,
        line=LINE if is_in else None,
        queue=dice.choice(QUEUES) if is_in else None,
        extension=extension if status.is_talk or not is_in else None,
        rang=_rang(dice, extension, status) if is_in else (),
        answered_at=started_at + wait if status.is_talk else None,
        ended_at=started_at + wait + talk,
        ended_by=dice.choice((EndedBy.CALLER, EndedBy.CALLEE)),
        price=Decimal(math.ceil(talk / 60) * 8) / 100 if is_paid else None,
        currency="UAH" if is_paid else None,
    )


def _client(dice: random.Random) -> Party:
    luck = dice.random()
    if luck < 0.03:
        return Party()
    if luck < 0.4:
        number, _ = dice.choice(CLIENTS)
        return Party(number=number)
    return Party(number=f"+38067{dice.randrange(10**7):07}")


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

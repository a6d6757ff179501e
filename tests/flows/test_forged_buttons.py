"""Buttons nobody was ever given: whatever a client sends, it is answered, and nothing breaks."""

import logging
import random
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pytest
from aiogram.filters.callback_data import CallbackData

from bot.domain.people import Role
from tests.support.buttons import KINDS
from tests.support.lost_calls import NOW, alert_of, dialled, lost
from tests.support.running import ACCOUNTANT, OLENA, running_office
from tests.support.telegram import Clock

NUMBERS = (0, 1, 2, 3, -1, 99, 1_790_000_000, 738_000, 24_300, 2**31, 2**63 - 1, 2**63, -(2**63))
WORDS = ("", "0", "x", "101", "'; --", "<b>", "ї" * 9)


def forged(kind: type[CallbackData], chance: random.Random) -> str:
    """Data of this kind with anything that its fields let through."""
    parts = [kind.__prefix__]
    for field in kind.model_fields.values():
        types = list(get_args(field.annotation) or (field.annotation,))
        of = chance.choice(types)
        values: Any = ("",) if of is NoneType else NUMBERS if of is int else WORDS
        if isinstance(of, type) and issubclass(of, Enum):
            values = [one.value for one in of]
        parts.append(str(chance.choice(values)))
    return ":".join(parts)


@pytest.mark.long
async def test_no_forged_button_breaks_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(8)
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        clerk = await office.employee(ACCOUNTANT, "Марія", Role.ACCOUNTANT, "102")
        await office.post(
            lost("a", NOW - 420),
            lost("b", NOW - 60, caller={"number": ""}),
            dialled("c", NOW - 90, "102", callee={"number": "0509998877"}),
        )
        await alert_of(boss)
        for _ in range(2):
            for kind in KINDS:
                for user in (boss, olena, clerk):
                    data = forged(kind, chance)
                    if len(data.encode()) > 64:
                        continue
                    query = await user.press_stale(user.last(), data)
                    answer = await query.answered()
                    assert "пішло не так" not in answer.text, (user.id, data)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []

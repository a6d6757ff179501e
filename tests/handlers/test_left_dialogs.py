"""What leaves a dialog and what does not."""

from typing import Any

import pytest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import TelegramObject, Update

from bot.domain.errors import AppError, ConflictError, NotFoundError
from handlers.dialog_state import Dialog
from handlers.left_dialogs import LeaveWhenRefused, leave
from keyboards.callbacks import RemindAt


class Steps(StatesGroup):
    one = State()
    two = State()


class Others(StatesGroup):
    one = State()


@pytest.mark.parametrize("error", [NotFoundError("gone"), ConflictError("changed")])
async def test_a_refusal_ends_the_dialog_of_the_answer_and_no_other(
    state: FSMContext, error: AppError
) -> None:
    async def refuse(event: TelegramObject, data: dict[str, Any]) -> None:
        del event, data
        raise error

    await state.set_state(Steps.one)
    with pytest.raises(type(error)):
        await LeaveWhenRefused()(refuse, Update(update_id=1), {"state": state})
    assert await state.get_state() == Steps.one.state
    with pytest.raises(type(error)):
        await LeaveWhenRefused()(
            refuse, Update(update_id=1), {"dialog": Dialog(RemindAt(call=1), (), None, state)}
        )
    assert await state.get_state() is None


async def test_only_the_steps_named_are_left(state: FSMContext) -> None:
    await state.set_state(Others.one)
    await leave(state, Steps)
    assert await state.get_state() == Others.one.state
    for step in (Steps.one, Steps.two):
        await state.set_state(step)
        await leave(state, Steps)
        assert await state.get_state() is None

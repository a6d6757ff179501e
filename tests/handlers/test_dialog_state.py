"""What is kept of a dialog, read again or not; and when its end leaves it."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import GetMe
from aiogram.types import CallbackQuery, TelegramObject, User

from handlers.dialog_state import Dialog, InDialog, OfQuestion
from handlers.left_dialogs import LeaveWhenRefused
from keyboards.callbacks import DigestOwn, QuietOwn, RemindAt


class Steps(StatesGroup):
    one = State()
    two = State()


def press() -> CallbackQuery:
    person = User(id=1, is_bot=False, first_name="Olena")
    return CallbackQuery(id="1", from_user=person, chat_instance="1", data="")


def dialog(state: FSMContext) -> Dialog[RemindAt]:
    return Dialog(RemindAt(call=1), (), None, state)


async def in_dialog(state: FSMContext, *origins: type[RemindAt | QuietOwn]) -> object:
    return await InDialog(Steps.one, *origins)(press(), state, await state.get_state())


async def test_a_dialog_goes_on_after_what_may_be_repeated(state: FSMContext) -> None:
    """Or the answer, coming again, would find no dialog."""
    lost_link = TelegramNetworkError(method=GetMe(), message="no answer")

    async def lose_link(event: TelegramObject, data: dict[str, Any]) -> None:
        async with data["dialog"].ending(event):
            raise lost_link

    await state.set_state(Steps.one)
    with pytest.raises(TelegramNetworkError):
        await LeaveWhenRefused()(lose_link, press(), {"dialog": dialog(state)})
    assert await state.get_state() == Steps.one.state
    async with dialog(state).ending(press()):
        assert await state.get_state() == Steps.one.state
    assert await state.get_state() is None


async def test_what_is_kept_is_read_again(state: FSMContext) -> None:
    await state.set_state(Steps.one)
    asked = Dialog(RemindAt(call=7), (5, 6), None, state)
    await asked.keep("a draft")
    expected = Dialog(RemindAt(call=7), (5, 6), "a draft", state)
    assert await in_dialog(state, QuietOwn, RemindAt) == {"dialog": expected}
    await asked.keep("another", origin=RemindAt(call=8))
    expected = Dialog(RemindAt(call=8), (5, 6), "another", state)
    assert await in_dialog(state, RemindAt) == {"dialog": expected}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"origin": "ta1:7", "messages": [5]},
        {"origin": "ta1:7", "messages": 5, "draft": None},
        {"origin": "ta1:7", "messages": [5], "draft": 1},
        {"origin": "ta1", "messages": [5], "draft": None},
        {"origin": "ta1:x", "messages": [5], "draft": None},
        {"origin": "ta9:7", "messages": [5], "draft": None},
        {"origin": DigestOwn().pack(), "messages": [5], "draft": None},
        {"origin": None, "messages": [5], "draft": None},
        {"call": 7, "asking": 5},
    ],
)
async def test_data_of_another_shape_are_no_dialog(
    state: FSMContext, data: dict[str, object]
) -> None:
    await state.set_state(Steps.one)
    await state.set_data(data)
    assert await in_dialog(state, RemindAt) is False
    await state.set_data({"origin": "ta1:7", "messages": [5], "draft": None})
    assert await in_dialog(state, RemindAt)
    await state.set_state(Steps.two)
    assert await in_dialog(state, RemindAt) is False


async def test_a_press_on_no_message_answers_no_question(state: FSMContext) -> None:
    assert not await OfQuestion()(press(), dialog(state))

"""The case of a lost call: shown, taken, given back, handed over, ignored, closed by hand.

The buttons stand under alerts and on cards. An alert's message is brought up to date by the
Alerter, in every chat that has it; a card is shown anew where its button was pressed. What has to
be typed is asked in the person's own chat, also when the button was pressed in a group.
"""

from collections.abc import Awaitable, Callable

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.domain.cases import Taking
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.people import Employee, Role
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, show
from bot.views import cases as views
from bot.views import dialogs as dialog_views
from handlers import dialogs
from handlers.case_screens import AnyCaseButton, CaseScreens, is_on_card
from handlers.dialog_state import Dialog, InDialog, OfQuestion
from keyboards import cases as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import (
    CardCase,
    CardCaseStep,
    CaseButton,
    CaseStep,
    HandTo,
    ReadyText,
)

_MORE_SECONDS = 600


class CaseDialog(StatesGroup):
    reason = State()
    """Why the case is closed by hand."""
    words = State()
    """What whoever takes the case wants colleagues to know."""


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    ignore = CaseButton.filter(F.step == CaseStep.IGNORE)
    chiefs = HasRole(Role.ADMINISTRATOR, Role.SUPERVISOR)
    router.callback_query.register(ignore_client, ignore, chiefs)
    router.callback_query.register(reopen_case, CaseButton.filter(F.step == CaseStep.REOPEN))
    for step in (CaseDialog.reason, CaseDialog.words):
        dialogs.register_answers(
            router,
            step,
            CaseButton,
            CardCase,
            answered=text_sent,
            cancelled=cancel,
            accepted=draft_accepted,
            without_text=dialogs.text_expected,
        )
        waiting = InDialog(step, CaseButton, CardCase)
        router.callback_query.register(ready_chosen, ReadyText.filter(), waiting, OfQuestion())
    router.include_router(create_case_actions())
    return router


def create_case_actions() -> Router:
    """The buttons of alerts and cards, which groups have too."""
    router = Router(name=f"{__name__}.actions")
    router.callback_query.filter(HasRole())
    of_case: dict[CaseStep, Callable[..., Awaitable[None]]] = {
        CaseStep.OPEN: open_case,
        CaseStep.TAKE: take_case,
        CaseStep.SAY: ask_words,
        CaseStep.RETURN: give_back,
        CaseStep.CLOSE: ask_reason,
        CaseStep.HAND: choose_person,
        CaseStep.EXTEND: extend_claim,
    }
    for step, handler in of_case.items():
        router.callback_query.register(handler, CaseButton.filter(F.step == step))
    router.callback_query.register(hand_case, HandTo.filter())
    of_call: dict[CardCaseStep, Callable[..., Awaitable[None]]] = {
        CardCaseStep.TAKE: take_case,
        CardCaseStep.RETURN: give_back,
        CardCaseStep.CLOSE: ask_reason,
        CardCaseStep.REOPEN: reopen_case,
    }
    for card_step, handler in of_call.items():
        router.callback_query.register(handler, CardCase.filter(F.step == card_step))
    return router


async def open_case(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    await case_screens.show_outcome(query, employee, callback_data)


async def take_case(
    query: CallbackQuery,
    callback_data: AnyCaseButton,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    case_id = await case_screens.id_of_case(callback_data)
    taking = await case_screens.cases.take(case_id, employee, now=case_screens.clock())
    words = await case_screens.taking_words(taking, case_id, employee)
    if taking is Taking.ANOTHERS:
        await answer(query, words, alert=True)
        return
    await case_screens.show_outcome(query, employee, callback_data, words)


async def give_back(
    query: CallbackQuery,
    callback_data: AnyCaseButton,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    case_id = await case_screens.id_of_case(callback_data)
    is_free = await case_screens.cases.give_back(case_id, employee, now=case_screens.clock())
    words = views.returned() if is_free else views.not_yours()
    await case_screens.show_outcome(query, employee, callback_data, words)


async def extend_claim(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """Give an owner more time who was asked whether they still see to the client."""
    case_id = await case_screens.id_of_case(callback_data)
    is_mine = await case_screens.cases.extend(
        case_id, employee, seconds=_MORE_SECONDS, now=case_screens.clock()
    )
    words = views.extended() if is_mine else views.not_yours()
    await case_screens.show_outcome(query, employee, callback_data, words)


async def ignore_client(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """Close the open case; lost calls of this number will make no cases any more."""
    case = await case_screens.get(callback_data, employee)
    if case.client is None:
        raise NotFoundError(f"client of case {case.id}")
    await case_screens.closings.ignore(case.client, employee, now=case_screens.clock())
    await case_screens.show_outcome(query, employee, callback_data, views.ignored())


async def reopen_case(
    query: CallbackQuery,
    callback_data: AnyCaseButton,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    """Undo a closing by hand, or the ignoring; where it was closed from an alert, say so there."""
    now = case_screens.clock()
    case_id = await case_screens.id_of_case(callback_data)
    is_open = await case_screens.closings.reopen(case_id, employee, now=now)
    if not is_open:  # Telegram may deliver a press twice
        is_open = (await case_screens.get_to_take(callback_data, employee)).is_open
    words = views.reopened() if is_open else views.too_late_to_reopen()
    await case_screens.show_card_or_words(query, employee, callback_data, words)


async def choose_person(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """Ask whom to hand the case to: in place of a card, or below an alert, which stays."""
    case = await case_screens.get(callback_data, employee)
    if not employee.role.sees_all:
        raise NoAccessError(f"handing case {case.id}")
    if not case.can_be_handed_over_by(employee):
        await case_screens.show_outcome(query, employee, callback_data, views.over())
        return
    text = views.choose_person(case)
    markup = keyboards.people(await case_screens.cases.candidates(case.id), callback_data)
    if is_on_card(callback_data):
        await show(query, text, markup)
        return
    if query.message:
        await query.message.answer(text, reply_markup=markup)
    await answer(query)


async def hand_case(
    query: CallbackQuery, callback_data: HandTo, employee: Employee, case_screens: CaseScreens
) -> None:
    pressed = callback_data.card
    case_id = await case_screens.id_of_case(pressed)
    is_handed = await case_screens.cases.hand(
        case_id, employee, callback_data.employee, now=case_screens.clock()
    )
    case = await case_screens.get(pressed, employee)
    if is_handed and case.owner:
        words = views.handed(case.owner.name)
    else:
        words = views.out_of_reach() if case.is_open else views.over()
    await case_screens.show_card_or_words(query, employee, pressed, words)


async def ask_reason(
    query: CallbackQuery,
    callback_data: AnyCaseButton,
    state: FSMContext,
    employee: Employee,
    case_screens: CaseScreens,
    bot: Bot,
) -> None:
    case = await case_screens.get_to_take(callback_data, employee)
    if not case.can_be_closed_by(employee):
        await case_screens.show_why_not(query, employee, callback_data, case)
        return
    text, markup = views.ask_reason(case), dialog_keyboards.ready_texts(views.ready_reasons())
    await _ask(query, bot, state, CaseDialog.reason, callback_data, text, markup)


async def ask_words(
    query: CallbackQuery,
    callback_data: CaseButton,
    state: FSMContext,
    employee: Employee,
    case_screens: CaseScreens,
    bot: Bot,
) -> None:
    case = await case_screens.get_to_take(callback_data, employee)
    if not case.can_be_taken_by(employee):
        await case_screens.show_why_not(query, employee, callback_data, case)
        return
    text, markup = views.ask_words(case), dialog_keyboards.ready_texts(views.ready_words())
    await _ask(query, bot, state, CaseDialog.words, callback_data, text, markup)


async def ready_chosen(
    query: CallbackQuery,
    callback_data: ReadyText,
    dialog: Dialog[AnyCaseButton],
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    is_taking = dialog.origin.step is CaseStep.SAY
    ready = views.ready_words() if is_taking else views.ready_reasons()
    if callback_data.number not in range(len(ready)):
        raise NotFoundError(f"ready text {callback_data.number}")
    await _finish(query, dialog, ready[callback_data.number], employee, case_screens)


async def text_sent(
    message: Message,
    dialog: Dialog[AnyCaseButton],
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    text = await dialogs.text_to_keep(message, dialog)
    if text is not None:
        await _finish(message, dialog, text, employee, case_screens)


async def draft_accepted(
    query: CallbackQuery,
    dialog: Dialog[AnyCaseButton],
    draft: str,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    """Use the draft: the beginning of a text that was too long."""
    await _finish(query, dialog, draft, employee, case_screens)


async def cancel(
    event: Event,
    dialog: Dialog[AnyCaseButton],
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    async with dialog.ending(event):
        words = dialog_views.cancelled()
        await case_screens.show_card_or_words(event, employee, dialog.origin, words)


async def _ask(
    query: CallbackQuery,
    bot: Bot,
    state: FSMContext,
    step: State,
    pressed: AnyCaseButton,
    text: str,
    markup: InlineKeyboardMarkup,
) -> None:
    """Ask in place of a card; under an alert, which stays, ask in a message of its own."""
    if is_on_card(pressed):
        await dialogs.ask(query, state, step, pressed, text, markup)
    else:
        await dialogs.ask_in_own_chat(query, bot, state, step, pressed, text, markup)


async def _finish(
    event: Event,
    dialog: Dialog[AnyCaseButton],
    text: str,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    """Take or close the case, whichever was asked about, with these words."""
    now = case_screens.clock()
    markup = None
    async with dialog.ending(event):
        case_id = await case_screens.id_of_case(dialog.origin)
        if dialog.origin.step is CaseStep.SAY:
            taking = await case_screens.cases.take(case_id, employee, now=now, text=text)
            words = await case_screens.taking_words(taking, case_id, employee)
        else:
            is_closed = await case_screens.closings.close(case_id, employee, text, now=now)
            words = views.closed() if is_closed else views.over()
            markup = keyboards.reopening(case_id) if is_closed else None
        if not is_on_card(dialog.origin):
            case = await case_screens.get_to_take(dialog.origin, employee)
            words = views.about(case, words)
        await case_screens.show_card_or_words(event, employee, dialog.origin, words, markup)

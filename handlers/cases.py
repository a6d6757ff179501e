"""Lost calls: the board, one case, taking it, giving it back, handing it on, closing it by hand.

The message of an alert is brought up to date by the Alerter, in every chat that has it; a card is
shown anew where the button was pressed. Dialogs are held in the person's own chat, also when the
button was pressed in a group.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.config.settings import Settings
from bot.domain.calls import COMMENT_LIMIT
from bot.domain.cases import Board, Taking
from bot.domain.clock import Clock
from bot.domain.errors import AppError, NoAccessError, NotFoundError
from bot.domain.hours import day_bounds, local_date
from bot.domain.people import Employee, Role
from bot.telegram.filters import HasRole, OfQuestion
from bot.telegram.reply import Event, answer, remove, show, take_buttons_away, write_to
from bot.views import cases as views
from bot.views import comments as comment_views
from bot.views import groups as group_views
from handlers.calls import CardScreens
from keyboards import cases as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import (
    BoardPlace,
    CardCase,
    CardCaseStep,
    CaseButton,
    CaseStep,
    DialogButton,
    DialogStep,
    HandTo,
    ReadyText,
)
from storage.cases import CaseRepo
from storage.outbox import OutboxRepo

_MORE_SECONDS = 600

Here = CaseButton | CardCase
"""Where a button about a case was pressed: under an alert, on its card, on a call's card."""


class CaseDialog(StatesGroup):
    reason = State()
    """Why the case is closed by hand."""
    words = State()
    """What colleagues should know, by whoever takes it."""


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(missed_command, Command("missed"))
    router.callback_query.register(board_page, BoardPlace.filter())
    router.callback_query.register(
        ignore_client,
        CaseButton.filter(F.step == CaseStep.IGNORE),
        HasRole(Role.ADMINISTRATOR, Role.SUPERVISOR),
    )
    in_dialog = StateFilter(CaseDialog)
    router.message.register(cancel_command, in_dialog, Command("cancel"))
    router.message.register(text_sent, in_dialog, F.text)
    router.message.register(no_text_sent, in_dialog)
    cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
    router.callback_query.register(cancel_pressed, in_dialog, cancel)
    save = DialogButton.filter(F.step == DialogStep.SAVE)
    router.callback_query.register(draft_accepted, in_dialog, save, OfQuestion())
    router.callback_query.register(ready_chosen, in_dialog, ReadyText.filter(), OfQuestion())
    router.include_router(create_case_actions())
    return router


def create_case_actions() -> Router:
    """The buttons of alerts and cards, which groups have too."""
    router = Router(name=f"{__name__}.actions")
    router.callback_query.filter(HasRole())
    steps: dict[CaseStep, Callable[..., Awaitable[None]]] = {
        CaseStep.OPEN: open_case,
        CaseStep.TAKE: take_case,
        CaseStep.SAY: ask_words,
        CaseStep.RETURN: give_back,
        CaseStep.CLOSE: ask_reason,
        CaseStep.HAND: choose_person,
        CaseStep.EXTEND: extend_claim,
    }
    for step, handler in steps.items():
        router.callback_query.register(handler, CaseButton.filter(F.step == step))
    router.callback_query.register(hand_case, HandTo.filter())
    on_call: dict[CardCaseStep, Callable[..., Awaitable[None]]] = {
        CardCaseStep.TAKE: take_case,
        CardCaseStep.RETURN: give_back,
        CardCaseStep.CLOSE: ask_reason,
    }
    for action, handler in on_call.items():
        router.callback_query.register(handler, CardCase.filter(F.step == action))
    return router


def _is_card(here: Here) -> bool:
    return isinstance(here, CardCase) or here.board is not None


@dataclass(frozen=True, slots=True)
class CaseScreens:
    """What the handlers of cases work with; built once, with the dispatcher."""

    cases: CaseRepo
    card_screens: CardScreens
    outbox: OutboxRepo
    settings: Settings
    clock: Clock

    async def show_board(self, event: Event, employee: Employee, here: BoardPlace) -> None:
        now = self.clock()
        zone = self.settings.zone
        today, _ = day_bounds(local_date(now, zone), zone)
        page = await self.cases.board(
            employee, Board(here.board), page=here.page, size=employee.page_size, today=today
        )
        numbers = await self.cases.numbers(employee.scope, since=today)
        text = views.board(page, numbers, Board(here.board), now=now)
        await show(event, text, keyboards.board(page, here))

    async def case_of(self, here: Here) -> int:
        """The id of the case a button is about. Raises NotFoundError if its call has none."""
        if isinstance(here, CaseButton):
            return here.case
        case_id = await self.cases.find_of_call(here.call)
        if case_id is None:
            raise NotFoundError(f"case of call {here.call}")
        return case_id

    async def show_card(
        self, event: Event, employee: Employee, here: Here, *, toast: str | None = None
    ) -> None:
        """The card the button was on: of the case, or of the call."""
        if isinstance(here, CardCase):
            card = await self.card_screens.card(here.card, employee)
            await show(event, card.text, card.markup, toast=toast or card.warning)
            return
        now, zone = self.clock(), self.settings.zone
        case = await self.cases.get(here.case, employee.scope)
        toast = toast or views.colleague_has_it(case, employee, now=now, zone=zone)
        text = views.card(case, now=now, zone=zone)
        await show(event, text, keyboards.card(case, here, employee), toast=toast)

    async def refresh(
        self, query: CallbackQuery, employee: Employee, here: Here, toast: str | None = None
    ) -> None:
        """After a action: a card is shown anew; an alert's copies are the Alerter's."""
        if _is_card(here):
            await self.show_card(query, employee, here, toast=toast)
            return
        message = query.message
        is_alert = message is not None and await self.outbox.touch(
            await self.case_of(here),
            chat_id=message.chat.id,
            message_id=message.message_id,
            now=self.clock(),
        )
        if not is_alert and isinstance(message, Message):  # superseded, or an answered question
            await take_buttons_away(message)
        await answer(query, toast)

    async def told(self, taking: Taking, case_id: int, employee: Employee) -> str:
        """How an attempt to take a case ended, in words."""
        if taking is Taking.OVER:
            return views.over()
        if taking is not Taking.ANOTHERS:
            return views.taken()
        case = await self.cases.get(case_id, employee.scope)
        return views.taken_already(case, now=self.clock(), zone=self.settings.zone)


async def missed_command(message: Message, employee: Employee, case_screens: CaseScreens) -> None:
    await case_screens.show_board(message, employee, BoardPlace(board=Board.ALL))


async def board_page(
    query: CallbackQuery, callback_data: BoardPlace, employee: Employee, case_screens: CaseScreens
) -> None:
    await case_screens.show_board(query, employee, callback_data)


async def open_case(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    await case_screens.refresh(query, employee, callback_data)


async def take_case(
    query: CallbackQuery, callback_data: Here, employee: Employee, case_screens: CaseScreens
) -> None:
    case_id = await case_screens.case_of(callback_data)
    taking = await case_screens.cases.take(case_id, employee, now=case_screens.clock())
    toast = await case_screens.told(taking, case_id, employee)
    if taking is Taking.ANOTHERS:
        await answer(query, toast, alert=True)
        return
    await case_screens.refresh(query, employee, callback_data, toast)


async def give_back(
    query: CallbackQuery, callback_data: Here, employee: Employee, case_screens: CaseScreens
) -> None:
    case_id = await case_screens.case_of(callback_data)
    is_free = await case_screens.cases.give_back(case_id, employee, now=case_screens.clock())
    toast = views.returned() if is_free else views.not_yours()
    await case_screens.refresh(query, employee, callback_data, toast)


async def extend_claim(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """An answer to the bot's question."""
    is_mine = await case_screens.cases.extend(
        callback_data.case, employee, seconds=_MORE_SECONDS, now=case_screens.clock()
    )
    toast = views.extended() if is_mine else views.not_yours()
    await case_screens.refresh(query, employee, callback_data, toast)


async def ignore_client(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """The open case closes, and lost calls of the number make no more of them."""
    case = await case_screens.cases.get(callback_data.case, employee.scope)
    if case.client is None:
        raise NotFoundError(f"client of case {case.id}")
    await case_screens.cases.ignore(case.client, employee, now=case_screens.clock())
    await case_screens.refresh(query, employee, callback_data, views.ignored())


async def choose_person(
    query: CallbackQuery, callback_data: CaseButton, employee: Employee, case_screens: CaseScreens
) -> None:
    """In place of a card; an alert stays as it is, and the question comes below."""
    if not employee.role.sees_all:
        raise NoAccessError(f"handing case {callback_data.case}")
    case = await case_screens.cases.get(callback_data.case, employee.scope)
    if not case.is_open:
        await case_screens.refresh(query, employee, callback_data, views.over())
        return
    text = views.choose_person(case)
    markup = keyboards.people(await case_screens.cases.candidates(case.id), callback_data)
    if callback_data.board:
        await show(query, text, markup)
        return
    if query.message:
        await query.message.answer(text, reply_markup=markup)
    await answer(query)


async def hand_case(
    query: CallbackQuery, callback_data: HandTo, employee: Employee, case_screens: CaseScreens
) -> None:
    to, here = callback_data.employee, callback_data.card
    is_handed = await case_screens.cases.hand(here.case, employee, to, now=case_screens.clock())
    case = await case_screens.cases.get(here.case, employee.scope)
    if is_handed and case.owner:
        words = views.handed(case.owner.name)
    else:
        words = views.out_of_reach() if case.is_open else views.over()
    if here.board:
        await case_screens.show_card(query, employee, here, toast=words)
    else:
        await show(query, views.quoted_note(words))


async def ask_reason(
    query: CallbackQuery,
    callback_data: Here,
    state: FSMContext,
    employee: Employee,
    case_screens: CaseScreens,
    bot: Bot,
) -> None:
    case = await case_screens.cases.get(await case_screens.case_of(callback_data), employee.scope)
    is_anothers = case.owner is not None and case.owner.id != employee.id
    if not case.is_open or (is_anothers and not employee.role.sees_all):
        taking = Taking.ANOTHERS if case.is_open else Taking.OVER
        toast = await case_screens.told(taking, case.id, employee)
        await case_screens.refresh(query, employee, callback_data, toast)
        return
    markup = dialog_keyboards.ready_texts(views.ready_reasons())
    dialog = await _ask(query, callback_data, state, bot, views.ask_reason(case), markup)
    if dialog:
        await dialog.set_state(CaseDialog.reason)


async def ask_words(
    query: CallbackQuery,
    callback_data: CaseButton,
    state: FSMContext,
    employee: Employee,
    case_screens: CaseScreens,
    bot: Bot,
) -> None:
    case = await case_screens.cases.get(callback_data.case, employee.scope)
    if not case.is_open or case.owner:
        taking = Taking.ANOTHERS if case.is_open else Taking.OVER
        toast = await case_screens.told(taking, case.id, employee)
        await case_screens.refresh(query, employee, callback_data, toast)
        return
    markup = dialog_keyboards.ready_texts(views.ready_words())
    dialog = await _ask(query, callback_data, state, bot, views.ask_words(case), markup)
    if dialog:
        await dialog.set_state(CaseDialog.words)


async def ready_chosen(
    query: CallbackQuery,
    callback_data: ReadyText,
    state: FSMContext,
    employee: Employee,
    case_screens: CaseScreens,
) -> None:
    is_closing = await state.get_state() == CaseDialog.reason.state
    ready = views.ready_reasons() if is_closing else views.ready_words()
    if callback_data.number not in range(len(ready)):
        raise NotFoundError(f"ready text {callback_data.number}")
    await _finish(query, state, employee, case_screens, ready[callback_data.number])


async def text_sent(
    message: Message, state: FSMContext, employee: Employee, case_screens: CaseScreens
) -> None:
    text = (message.text or "").strip()
    if not text:
        await message.answer(comment_views.empty_text(), reply_markup=dialog_keyboards.cancel())
    elif len(text) > COMMENT_LIMIT:
        asked = await message.answer(
            comment_views.too_long(text), reply_markup=dialog_keyboards.save_beginning()
        )
        asking = [*await state.get_value("asking", []), asked.message_id]
        await state.update_data({"draft": text[:COMMENT_LIMIT], "asking": asking})
    else:
        await _finish(message, state, employee, case_screens, text)


async def draft_accepted(
    query: CallbackQuery, state: FSMContext, employee: Employee, case_screens: CaseScreens
) -> None:
    """The beginning that fits."""
    draft = await state.get_value("draft")
    if draft is None:
        await answer(query)
        return
    await _finish(query, state, employee, case_screens, str(draft))


async def no_text_sent(message: Message) -> None:
    await message.answer(comment_views.text_expected(), reply_markup=dialog_keyboards.cancel())


async def cancel_command(
    message: Message, state: FSMContext, employee: Employee, case_screens: CaseScreens
) -> None:
    await _leave(message, state, employee, case_screens, views.cancelled())


async def cancel_pressed(
    query: CallbackQuery, state: FSMContext, employee: Employee, case_screens: CaseScreens
) -> None:
    await _leave(query, state, employee, case_screens, views.cancelled())


def _unpacked(packed: str) -> Here:
    prefix = CardCase.__prefix__ + CardCase.__separator__
    return CardCase.unpack(packed) if packed.startswith(prefix) else CaseButton.unpack(packed)


async def _ask(
    query: CallbackQuery,
    here: Here,
    state: FSMContext,
    bot: Bot,
    text: str,
    markup: InlineKeyboardMarkup,
) -> FSMContext | None:
    """Ask in place of a card, below an alert, or in the own chat of one who is in a group.

    Returns the dialog of that chat, its state still to be set; None if it cannot be written to.
    """
    chat_id = query.from_user.id
    is_here = query.message is not None and query.message.chat.id == chat_id
    if _is_card(here) and is_here and query.message:
        await show(query, text, markup)
        asking = query.message.message_id
    else:
        sent = await write_to(bot, chat_id, text, markup)
        if sent is None:
            await answer(query, group_views.start_me_first(), alert=True)
            return None
        asking = sent.message_id
        await answer(query, None if is_here else views.in_own_chat())
    dialog = FSMContext(state.storage, replace(state.key, chat_id=chat_id, thread_id=None))
    await dialog.set_data({"here": here.pack(), "asking": [asking], "draft": None})
    return dialog


async def _finish(
    event: Event, state: FSMContext, employee: Employee, case_screens: CaseScreens, text: str
) -> None:
    """Do what was asked about, with these words, and leave the dialog."""
    here = _unpacked(str(await state.get_value("here")))
    try:
        case_id = await case_screens.case_of(here)
        if await state.get_state() == CaseDialog.reason.state:
            is_done = await case_screens.cases.close(
                case_id, employee, text, now=case_screens.clock()
            )
            note = views.closed() if is_done else views.over()
        else:
            taking = await case_screens.cases.take(
                case_id, employee, now=case_screens.clock(), text=text
            )
            note = await case_screens.told(taking, case_id, employee)
    except AppError:
        await state.clear()
        raise
    await _leave(event, state, employee, case_screens, note)


async def _leave(
    event: Event, state: FSMContext, employee: Employee, case_screens: CaseScreens, note: str
) -> None:
    """The card is back, or the question says what became of it."""
    data = await state.get_data()
    here = _unpacked(data["here"])
    asking = set(data["asking"])
    if isinstance(event, CallbackQuery) and event.message:
        asking.discard(event.message.message_id)
    if _is_card(here):
        await case_screens.show_card(event, employee, here, toast=note)
    else:
        await show(event, views.quoted_note(note))
    await state.clear()
    await remove(event, asking)

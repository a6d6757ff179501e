"""Many clients taken, or closed, at once from the board: asked, done, undone.

What is meant by the buttons is written down when it is asked (storage/case_batches.py), for the
person who was asked; it holds for BATCH_SECONDS.
"""

from collections.abc import Awaitable, Callable

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.cases import Batch, BatchKind, BoardPart
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, show
from bot.views import batches as views
from bot.views import cases as case_views
from bot.views import dialogs as dialog_views
from handlers import dialogs
from handlers.board import BoardScreens
from handlers.dialog_state import Dialog, InDialog, OfQuestion
from keyboards import board as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import BatchButton, BatchStep, ReadyText
from storage.case_actions import MINUTES_A_CALL
from storage.case_batches import CaseBatches


class BatchDialog(StatesGroup):
    reason = State()
    """Why the cases are closed by hand."""


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    steps: dict[BatchStep, Callable[..., Awaitable[None]]] = {
        BatchStep.ASK_TAKE: ask_taking,
        BatchStep.ASK_CLOSE: ask_reason,
        BatchStep.TAKE: take,
        BatchStep.UNDO: undo,
    }
    for step, handler in steps.items():
        router.callback_query.register(handler, BatchButton.filter(F.step == step))
    dialogs.register_answers(
        router,
        BatchDialog.reason,
        BatchButton,
        answered=text_sent,
        cancelled=cancel,
        accepted=draft_accepted,
        without_text=dialogs.text_expected,
    )
    waiting = InDialog(BatchDialog.reason, BatchButton)
    router.callback_query.register(ready_chosen, ReadyText.filter(), waiting, OfQuestion())
    return router


async def ask_taking(
    query: CallbackQuery,
    callback_data: BatchButton,
    employee: Employee,
    board_screens: BoardScreens,
    case_batches: CaseBatches,
    settings: Settings,
) -> None:
    found = await _ask(query, callback_data, BatchKind.TAKE, employee, board_screens, case_batches)
    if found is None:
        return
    batch, part = found
    text = views.ask_taking(
        batch,
        part,
        claim_seconds=settings.claim_minutes * 60,
        each_seconds=MINUTES_A_CALL * 60,
    )
    asked = callback_data.model_copy(update={"batch": batch.id})
    await show(query, text, keyboards.confirm_taking(asked, count=batch.asked))


async def ask_reason(
    query: CallbackQuery,
    callback_data: BatchButton,
    state: FSMContext,
    employee: Employee,
    board_screens: BoardScreens,
    case_batches: CaseBatches,
) -> None:
    found = await _ask(
        query, callback_data, BatchKind.CLOSE, employee, board_screens, case_batches
    )
    if found is None:
        return
    batch, part = found
    asked = callback_data.model_copy(update={"batch": batch.id})
    text = views.ask_reason(batch, part)
    markup = dialog_keyboards.ready_texts(case_views.ready_reasons())
    await dialogs.ask(query, state, BatchDialog.reason, asked, text, markup)


async def take(
    query: CallbackQuery,
    callback_data: BatchButton,
    employee: Employee,
    board_screens: BoardScreens,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    now = clock()
    batch = await _get(case_batches, callback_data, BatchKind.TAKE, employee)
    if batch.can_be_done(now):
        batch = await case_batches.carry_out(batch.id, employee, now=now)
    elif batch.done_at is None:
        toast = dialog_views.is_over()
        await board_screens.show(query, callback_data.back, employee, toast=toast)
        return
    await _show_done(query, callback_data, batch, now=now)


async def ready_chosen(
    query: CallbackQuery,
    callback_data: ReadyText,
    dialog: Dialog[BatchButton],
    employee: Employee,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    ready = case_views.ready_reasons()
    if callback_data.number not in range(len(ready)):
        raise NotFoundError(f"ready text {callback_data.number}")
    await _close(query, dialog, ready[callback_data.number], employee, case_batches, clock)


async def text_sent(
    message: Message,
    dialog: Dialog[BatchButton],
    employee: Employee,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    text = await dialogs.text_to_keep(message, dialog)
    if text is not None:
        await _close(message, dialog, text, employee, case_batches, clock)


async def draft_accepted(
    query: CallbackQuery,
    dialog: Dialog[BatchButton],
    draft: str,
    employee: Employee,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    """Use the draft: the beginning of a text that was too long."""
    await _close(query, dialog, draft, employee, case_batches, clock)


async def cancel(
    event: Event, dialog: Dialog[BatchButton], employee: Employee, board_screens: BoardScreens
) -> None:
    async with dialog.ending(event):
        toast = dialog_views.cancelled()
        await board_screens.show(event, dialog.origin.back, employee, toast=toast)


async def undo(
    query: CallbackQuery,
    callback_data: BatchButton,
    employee: Employee,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    batch = await case_batches.get(callback_data.batch, employee)
    if batch.can_be_undone(clock()):
        batch = await case_batches.undo(batch.id, employee, now=clock())
    elif not batch.undone and not batch.kept:
        markup = keyboards.done(callback_data, can_be_undone=False)
        await show(query, views.done(batch), markup, toast=views.too_late_to_undo())
        return
    await show(query, views.undone(batch), keyboards.done(callback_data, can_be_undone=False))


async def _ask(
    query: CallbackQuery,
    pressed: BatchButton,
    kind: BatchKind,
    employee: Employee,
    board_screens: BoardScreens,
    case_batches: CaseBatches,
) -> tuple[Batch, BoardPart] | None:
    """What is meant, written down, and the part of the board it is of.

    None: nobody is meant; the board is shown, which says so.
    """
    part = await board_screens.part(pressed.back, employee)
    today, now = board_screens.today(), board_screens.clock()
    batch = await case_batches.ask(kind, employee, pressed.board, part, today=today, now=now)
    if batch.asked:
        return batch, part
    toast = views.nobody(kind)
    await board_screens.show(query, pressed.back, employee, toast=toast)
    return None


async def _close(
    event: Event,
    dialog: Dialog[BatchButton],
    text: str,
    employee: Employee,
    case_batches: CaseBatches,
    clock: Clock,
) -> None:
    async with dialog.ending(event):
        now = clock()
        batch = await _get(case_batches, dialog.origin, BatchKind.CLOSE, employee)
        if not batch.can_be_done(now):
            await show(event, dialog_views.is_over())
            return
        batch = await case_batches.carry_out(batch.id, employee, now=now, text=text)
        await _show_done(event, dialog.origin, batch, now=now, text=text)


async def _show_done(
    event: Event, pressed: BatchButton, batch: Batch, *, now: int, text: str = ""
) -> None:
    """Show what was done; pressed once more, after it was undone, that it was."""
    if batch.undone or batch.kept:
        text, can_be_undone = views.undone(batch), False
    else:
        text, can_be_undone = views.done(batch, text), batch.can_be_undone(now)
    await show(event, text, keyboards.done(pressed, can_be_undone=can_be_undone))


async def _get(
    case_batches: CaseBatches, pressed: BatchButton, kind: BatchKind, employee: Employee
) -> Batch:
    """The batch of a button. Raises NotFoundError, also for one of another kind: forged."""
    batch = await case_batches.get(pressed.batch, employee)
    if batch.kind is not kind:
        raise NotFoundError(f"batch {pressed.batch} to {kind}")
    return batch

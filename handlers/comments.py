"""The comment of a call: written, changed, deleted, brought back."""

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import Call
from bot.domain.errors import ConflictError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, say, show
from bot.views import calls as card_views
from bot.views import comments as views
from bot.views import dialogs as dialog_views
from handlers import dialogs
from handlers.calls import CardScreens
from handlers.dialogs import Dialog
from keyboards import dialogs as keyboards
from keyboards.callbacks import CommentButton, CommentStep
from storage.comments import CommentRepo


class CommentDialog(StatesGroup):
    """The `version` in a dialog's origin is that of the comment when its text was asked for.

    It shows whether a colleague has changed the comment meanwhile.
    """

    text = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    write = CommentButton.filter(F.step == CommentStep.WRITE)
    delete = CommentButton.filter(F.step == CommentStep.DELETE)
    restore = CommentButton.filter(F.step == CommentStep.RESTORE)
    router.callback_query.register(ask_text, write)
    router.callback_query.register(delete_comment, delete)
    router.callback_query.register(restore_comment, restore)
    dialogs.register_answers(
        router,
        CommentDialog.text,
        CommentButton,
        answered=text_sent,
        cancelled=cancel,
        accepted=draft_accepted,
        without_text=dialogs.text_expected,
    )
    return router


async def ask_text(
    query: CallbackQuery,
    callback_data: CommentButton,
    state: FSMContext,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    call = await card_screens.journal.get(callback_data.call, employee.scope)
    version = await comments.version(call.id)
    origin = callback_data.model_copy(update={"version": version})
    text = views.ask_comment(call, card_screens.settings.zone)
    await dialogs.ask(query, state, CommentDialog.text, origin, text, keyboards.cancel())


async def text_sent(
    message: Message,
    dialog: Dialog[CommentButton],
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    text = await dialogs.text_to_keep(message, dialog)
    if text is not None:
        await _save(message, dialog, text, employee, comments, card_screens)


async def draft_accepted(
    query: CallbackQuery,
    dialog: Dialog[CommentButton],
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    """Save the draft: the beginning of a long text, or the person's own text after a conflict."""
    if dialog.draft is None:
        await answer(query)
        return
    await _save(query, dialog, dialog.draft, employee, comments, card_screens)


async def cancel(
    event: Event, dialog: Dialog[CommentButton], employee: Employee, card_screens: CardScreens
) -> None:
    async with dialog.ending(event):
        await card_screens.show(event, dialog.origin.card, employee, note=dialog_views.cancelled())


async def delete_comment(
    query: CallbackQuery,
    callback_data: CommentButton,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    call, version = callback_data.call, callback_data.version
    await comments.delete(call, author=employee, on_top_of=version, now=card_screens.clock())
    note = card_views.comment_deleted()
    card = await card_screens.card(callback_data.card, employee, note=note, undo=version + 1)
    await show(query, card.text, card.markup)


async def restore_comment(
    query: CallbackQuery,
    callback_data: CommentButton,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    is_back = await comments.restore(
        callback_data.call, callback_data.version, author=employee, now=card_screens.clock()
    )
    note = views.restored() if is_back else views.too_late_to_restore()
    await card_screens.show(query, callback_data.card, employee, note=note)


async def _save(
    event: Event,
    dialog: Dialog[CommentButton],
    text: str,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    card, version = dialog.origin.card, dialog.origin.version
    try:
        async with dialog.ending(event, unless=ConflictError):
            now = card_screens.clock()
            await comments.set(card.call, text, author=employee, on_top_of=version, now=now)
            await card_screens.show(event, card, employee, note=views.saved())
    except ConflictError:
        call = await card_screens.journal.get(card.call, employee.scope)
        await _ask_which(event, dialog, call, text, comments)


async def _ask_which(
    event: Event, dialog: Dialog[CommentButton], call: Call, mine: str, comments: CommentRepo
) -> None:
    """Ask which text should stay: the person's own, or that of a colleague who was faster."""
    version = await comments.version(call.id)
    origin = dialog.origin.model_copy(update={"version": version})
    text, markup = views.conflict(call.comment, mine), keyboards.choose_text()
    if isinstance(event, Message):
        asked = await say(event, text, markup)
        await dialog.keep(mine, asked=asked, origin=origin)
    else:
        await show(event, text, markup)
        await dialog.keep(mine, origin=origin)

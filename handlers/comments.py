"""The comment of a call: written, changed, deleted, brought back."""

from dataclasses import replace

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import COMMENT_LIMIT, Call
from bot.domain.errors import ConflictError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole, Where
from bot.telegram.reply import Event, remove, say, show
from bot.views import calls as card_views
from bot.views import comments as views
from bot.views import dialogs as dialog_views
from bot.views import start as start_views
from handlers import dialogs, fallback
from handlers.calls import CardScreens, show_card
from handlers.dialog_state import Dialog, InDialog
from handlers.search import SearchScreens
from keyboards import dialogs as keyboards
from keyboards.callbacks import CommentButton, CommentStep
from storage.comments import CommentRepo
from storage.fsm import clear

MORE_SECONDS = 120
"""How long after a comment was saved a text may be more of it."""


class CommentDialog(StatesGroup):
    """The `version` in a dialog's origin is that of the comment when its text was asked for.

    It shows whether a colleague has changed the comment meanwhile.
    """

    text = State()
    more = State()
    """The comment is saved; a further text, or the editing of the one sent, may follow."""


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.edited_message, router.callback_query):
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
    dialogs.register_answers(
        router,
        CommentDialog.more,
        CommentButton,
        answered=more_sent,
        cancelled=leave_as_it_is,
        accepted=draft_accepted,
        without_text=unexpected,
    )
    after_saving = InDialog(CommentDialog.more, CommentButton)
    router.edited_message.register(message_edited, after_saving, Where(F.text))
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
    draft: str,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    """Save the draft: the beginning of a long text, or the person's own text after a conflict."""
    await _save(query, dialog, draft, employee, comments, card_screens)


async def cancel(
    event: Event, dialog: Dialog[CommentButton], employee: Employee, card_screens: CardScreens
) -> None:
    async with dialog.ending(event):
        await card_screens.show(event, dialog.origin.card, employee, note=dialog_views.cancelled())


async def more_sent(
    message: Message,
    dialog: Dialog[CommentButton],
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
    search_screens: SearchScreens,
) -> None:
    """Ask whether a text sent soon after the comment was saved is to be added to it.

    A number is looked for instead, and so is any text that comes later than MORE_SECONDS.
    What is asked about already is added to first: three texts in one go make one comment. What is
    too long already is not: a shorter text may take its place. The same text again is asked about
    once.
    """
    call = await card_screens.journal.get(dialog.origin.call, employee.scope)
    text, saved = (message.text or "").strip(), call.comment.text if call.comment else ""
    if text == saved:  # Telegram may deliver a message twice
        await card_screens.show(message, dialog.origin.card, employee, note=views.saved())
        return
    age = card_screens.clock() - (call.comment.written_at if call.comment else 0)
    is_late = dialog.draft is None and age > MORE_SECONDS
    if is_late or search_screens.is_number(text):
        await clear(dialog.state)
        await search_screens.show(message, text, employee)
        return
    is_cut = dialog.draft is not None and len(dialog.draft) >= COMMENT_LIMIT
    base = saved if dialog.draft is None or is_cut else dialog.draft
    is_again = base == dialog.draft and f"\n{base}".endswith(f"\n{text}")
    joined = base if is_again else "\n".join(filter(None, (base, text)))
    question = views.ask_to_add(call, joined, card_screens.settings.zone)
    await _ask_to_change(message, dialog, joined, question, comments, is_added=True)


async def message_edited(
    message: Message,
    dialog: Dialog[CommentButton],
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    """Ask whether the comment is to say what the edited message says now."""
    call = await card_screens.journal.get(dialog.origin.call, employee.scope)
    text = (message.text or "").strip()
    if call.comment and call.comment.text == text:
        return
    question = views.ask_to_replace(call, text, card_screens.settings.zone)
    await _ask_to_change(message, dialog, text, question, comments, is_added=False)


async def unexpected(message: Message, employee: Employee) -> None:
    await fallback.unknown_message(message, employee)


async def leave_as_it_is(
    event: Event,
    dialog: Dialog[CommentButton],
    employee: Employee,
    card_screens: CardScreens,
    state: FSMContext,
) -> None:
    if dialog.draft is None:
        await clear(state)
        await show(event, start_views.nothing_to_cancel())
        return
    await cancel(event, dialog, employee, card_screens)


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
    await show_card(query, card)


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
        async with dialog.ending(event):
            now = card_screens.clock()
            await comments.set(card.call, text, author=employee, on_top_of=version, now=now)
            await card_screens.show(event, card, employee, note=views.saved())
        origin = dialog.origin.model_copy(update={"version": await comments.version(card.call)})
        await dialogs.go_on(event, dialog.state, CommentDialog.more, origin)
    except ConflictError:
        call = await card_screens.journal.get(card.call, employee.scope)
        await _ask_which(event, dialog, call, text, comments)


async def _ask_to_change(
    message: Message,
    dialog: Dialog[CommentButton],
    text: str,
    question: str,
    comments: CommentRepo,
    *,
    is_added: bool,
) -> None:
    """Ask whether the comment is to become this text; an earlier such question goes."""
    version = await comments.version(dialog.origin.call)
    origin = dialog.origin.model_copy(update={"version": version})
    if len(text) > COMMENT_LIMIT:
        markup = keyboards.save_beginning()
    else:
        markup = keyboards.change_comment(is_added=is_added)
    asked = await say(message, question, markup)
    anew = replace(dialog, messages=())
    await anew.keep(text[:COMMENT_LIMIT], asked=asked, origin=origin)
    await remove(message, dialog.messages)


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

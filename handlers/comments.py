"""The comment of a call: written, changed, deleted, brought back.

The dialog lives in the database: which call, on top of which version of its comment, the messages
that ask, the text not yet saved. It survives a restart; any command leaves it.
"""

from dataclasses import dataclass

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import COMMENT_LIMIT, Call
from bot.domain.errors import AppError, ConflictError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole, OfQuestion
from bot.telegram.reply import Event, answer, remove, show
from bot.views import calls as card_views
from bot.views import comments as views
from handlers.calls import CardScreens
from keyboards import dialogs as keyboards
from keyboards.callbacks import Card, CommentButton, CommentStep, DialogButton, DialogStep
from storage.comments import CommentRepo


class CommentDialog(StatesGroup):
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
    in_dialog = StateFilter(CommentDialog.text)
    router.message.register(cancel_command, in_dialog, Command("cancel"))
    router.message.register(text_sent, in_dialog, F.text)
    router.message.register(no_text_sent, in_dialog)
    save = DialogButton.filter(F.step == DialogStep.SAVE)
    cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
    router.callback_query.register(draft_accepted, in_dialog, save, OfQuestion())
    router.callback_query.register(cancel_pressed, in_dialog, cancel)
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
    await state.set_state(CommentDialog.text)
    await state.set_data(
        {
            "card": callback_data.card.pack(),
            "version": await comments.version(call.id),
            "asking": [query.message.message_id] if query.message else [],
            "draft": None,
        }
    )
    await show(query, views.ask_comment(call, card_screens.settings.zone), keyboards.cancel())


async def text_sent(
    message: Message,
    state: FSMContext,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    dialog = _Dialog(message, state, employee, comments, card_screens)
    text = (message.text or "").strip()
    if not text:
        await message.answer(views.empty_text(), reply_markup=keyboards.cancel())
    elif len(text) > COMMENT_LIMIT:
        await dialog.ask_about(text[:COMMENT_LIMIT])
        asked = await message.answer(views.too_long(text), reply_markup=keyboards.save_beginning())
        await dialog.remember(asked)
    else:
        await dialog.save(text)


async def no_text_sent(message: Message) -> None:
    await message.answer(views.text_expected(), reply_markup=keyboards.cancel())


async def draft_accepted(
    query: CallbackQuery,
    state: FSMContext,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    """The beginning that fits, or the own text after a conflict."""
    draft = await state.get_value("draft")
    if draft is None:
        await answer(query)
        return
    await _Dialog(query, state, employee, comments, card_screens).save(str(draft))


async def cancel_command(
    message: Message,
    state: FSMContext,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    await _Dialog(message, state, employee, comments, card_screens).finish(views.cancelled())


async def cancel_pressed(
    query: CallbackQuery,
    state: FSMContext,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    await _Dialog(query, state, employee, comments, card_screens).finish(views.cancelled())


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
    card = await card_screens.card(callback_data.card, employee)
    toast = views.restored() if is_back else views.too_late_to_restore()
    await show(query, card.text, card.markup, toast=toast)


@dataclass(frozen=True, slots=True)
class _Dialog:
    """One step of a dialog in progress."""

    event: Event
    state: FSMContext
    employee: Employee
    comments: CommentRepo
    card_screens: CardScreens

    async def ask_about(self, draft: str, *, version: int | None = None) -> None:
        """Keep a text whose fate the person is about to choose."""
        await self.state.update_data(
            {"draft": draft} if version is None else {"draft": draft, "version": version}
        )

    async def remember(self, asked: Message) -> None:
        """One more message of ours to take away when the dialog is over."""
        asking = list(await self.state.get_value("asking", []))
        await self.state.update_data({"asking": [*asking, asked.message_id]})

    async def save(self, text: str) -> None:
        data = await self.state.get_data()
        card = Card.unpack(data["card"])
        try:
            await self.comments.set(
                card.call,
                text,
                author=self.employee,
                on_top_of=data["version"],
                now=self.card_screens.clock(),
            )
        except ConflictError:
            call = await self.card_screens.journal.get(card.call, self.employee.scope)
            await self._ask_which(call, text)
            return
        except AppError:
            await self.state.clear()
            raise
        await self.finish(views.saved())

    async def _ask_which(self, call: Call, mine: str) -> None:
        await self.ask_about(mine, version=await self.comments.version(call.id))
        text, markup = views.conflict(call.comment, mine), keyboards.choose_text()
        if isinstance(self.event, Message):
            await self.remember(await self.event.answer(text, reply_markup=markup))
        else:
            await show(self.event, text, markup)

    async def finish(self, note: str) -> None:
        """Leave the dialog: the card is back, the messages that asked are gone.

        It is left only when the card is there: a text that comes again, because the answer to it
        was lost or the bot was killed, must find its dialog.
        """
        data = await self.state.get_data()
        asking = set(data["asking"])
        if isinstance(self.event, CallbackQuery):
            asking -= {self.event.message.message_id} if self.event.message else set()
        try:
            card = await self.card_screens.card(
                Card.unpack(data["card"]),
                self.employee,
                note=note if isinstance(self.event, Message) else None,
            )
        except AppError:
            await self.state.clear()
            raise
        await show(self.event, card.text, card.markup, toast=note)
        await self.state.clear()
        await remove(self.event, asking)

"""Listening to a call."""

from aiogram import Router
from aiogram.types import BufferedInputFile, CallbackQuery

from bot.config import Settings
from bot.errors import RecordingGoneError
from bot.filters import HasRole
from bot.models import Employee
from bot.recordings import Recordings
from bot.reply import answer
from bot.views import recordings as views
from keyboards.callbacks import Listen
from storage.journal import JournalRepo


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(listen, Listen.filter())
    return router


async def listen(
    query: CallbackQuery,
    callback_data: Listen,
    employee: Employee,
    journal: JournalRepo,
    recordings: Recordings,
    settings: Settings,
) -> None:
    """The recording as a file below the card."""
    call = await journal.get(callback_data.call, employee.scope)
    if call.recording_url is None:
        raise RecordingGoneError(f"recording of call {call.id}")
    found = await recordings.fetch(call.source, call.recording_url)
    title, client = views.title(call, settings.zone), views.performer(call)
    file = BufferedInputFile(found.content, filename=f"call-{call.id}{found.extension}")
    if query.message:
        await query.message.answer_audio(
            file, title=title, performer=client, duration=call.talk or None
        )
    await answer(query)

"""Listening to the recording of a call: it comes below the card."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from zoneinfo import ZoneInfo

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import CallbackQuery, InputFile, Message, ReplyParameters

from bot.config.settings import Settings
from bot.domain.audit import AuditKind, By
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.errors import AppError, NotTalkedError, RecordingGoneError
from bot.domain.people import Employee
from bot.media.recordings import Recordings, Sound
from bot.telegram.errors import is_closed
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer, show
from bot.views import recordings as views
from bot.views import refusals
from keyboards.callbacks import Listen
from storage.audit import AuditRepo
from storage.journal import JournalRepo

_UPLOAD_SECONDS = 180

_PATIENT_SECONDS = 120
"""The longest that Telegram may ask to wait before a recording; longer, and it is not sent."""

_PATIENT_TIMES = 5


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(listen, Listen.filter())
    return router


async def listen(
    query: CallbackQuery,
    callback_data: Listen,
    bot: Bot,
    employee: Employee,
    journal: JournalRepo,
    recordings: Recordings,
    audit: AuditRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    """Send the recording; if that is slow, answer the press first and send it when it is there."""
    call = await journal.get(callback_data.call, employee.scope)
    if not call.can_be_heard_by(employee):
        raise NotTalkedError(f"the recording of call {call.id}")
    if call.recording_url is None:
        raise RecordingGoneError(f"call {call.id}")
    if recordings.is_under_way(employee.id, call.id):
        await answer(query, _progress(recordings, employee, call))
        return
    recordings.check_room(employee.id)
    by = By(employee.id, clock())
    await audit.note(AuditKind.LISTENED, by, call=call.id, number=call.client)
    sending = _deliver(query, bot, call, employee, recordings, settings.zone)
    delivery = recordings.start_delivery(employee.id, call.id, sending)
    if await recordings.ends_soon(delivery):
        await delivery
        await answer(query)
    else:
        recordings.start(_tell_if_it_fails(query, delivery))
        await answer(query, _progress(recordings, employee, call))


class _SoundFile(InputFile):
    """A fetched recording as aiogram uploads it, again too if Telegram wants it later."""

    def __init__(self, sound: Sound, name: str) -> None:
        super().__init__(filename=name + sound.suffix)
        self._sound = sound

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        del bot
        async for chunk in self._sound.read():
            yield chunk


def _progress(recordings: Recordings, employee: Employee, call: Call) -> str:
    if recordings.is_waiting(employee.id, call.id):
        return views.in_line()
    return views.on_its_way()


async def _deliver(
    query: CallbackQuery,
    bot: Bot,
    call: Call,
    employee: Employee,
    recordings: Recordings,
    zone: ZoneInfo,
) -> None:
    if query.message is None:
        return
    async with recordings.fetched(call, employee_id=employee.id) as sound:
        audio = query.message.answer_audio(
            _SoundFile(sound, views.filename(call, zone)),
            title=views.title(call, zone),
            duration=call.talk,
            reply_parameters=ReplyParameters(
                message_id=query.message.message_id, allow_sending_without_reply=True
            ),
        )
        for more in reversed(range(_PATIENT_TIMES)):
            try:
                await bot(audio, request_timeout=_UPLOAD_SECONDS)
                return
            except TelegramRetryAfter as error:
                if not more or error.retry_after > _PATIENT_SECONDS:
                    raise
                await asyncio.sleep(error.retry_after)


async def _tell_if_it_fails(query: CallbackQuery, delivery: asyncio.Task[None]) -> None:
    """Say in a message that it failed, since the press was answered already."""
    try:
        await delivery
    except (AppError, AiogramError) as error:
        if isinstance(query.message, Message) and not is_closed(error):
            with suppress(AiogramError):
                await show(query.message, refusals.refusal(error))

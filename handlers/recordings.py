"""Listening to the recording of a call: it comes below the card, as a voice message or several."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramRetryAfter
from aiogram.methods import SendAudio, SendVoice
from aiogram.types import (
    CallbackQuery,
    InputFile,
    MaybeInaccessibleMessageUnion,
    Message,
    ReplyParameters,
)

from bot.config.settings import Settings
from bot.delivery.sent_files import WrittenFile
from bot.domain.audit import AuditKind, By
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.errors import AppError, NoAccessError, NotTalkedError, RecordingGoneError
from bot.domain.people import Employee, EmployeeState
from bot.media.recordings import Recordings
from bot.media.voices import Voice
from bot.telegram.errors import is_closed, is_file_unknown, is_voice_forbidden
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer, show
from bot.views import recordings as views
from bot.views import refusals
from keyboards.callbacks import Listen
from storage.audit import AuditRepo
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from storage.recording_files import RecordingFileRepo, SentAs

_UPLOAD_SECONDS = 180

_PATIENT_SECONDS = 120
"""The longest that Telegram may ask to wait before a recording; longer, and it is not sent."""

_PATIENT_TIMES = 5

_VOICE: SentAs = "voice"
_AUDIO: SentAs = "audio"
"""How it is sent to those who take no voice messages."""


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
    employees: EmployeeRepo,
    journal: JournalRepo,
    recordings: Recordings,
    audit: AuditRepo,
    recording_files: RecordingFileRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    """Send the recording; if that is slow, answer the press first and send it when it is there."""
    call = await _heard(callback_data.call, employee, journal)
    if recordings.is_under_way(employee.id, call.id):
        await answer(query, _progress(recordings, employee, call))
        return
    recordings.check_room(employee.id)
    if query.message is None:
        await answer(query)
        return
    by = By(employee.id, clock())
    await audit.note(AuditKind.LISTENED, by, call=call.id, number=call.client)
    sending = _Sending(bot, query.message, employees, journal, recording_files, settings.zone)
    delivery = recordings.start_delivery(
        employee.id, call.id, sending.deliver(call, employee, recordings)
    )
    if await recordings.ends_soon(delivery):
        await delivery
        await answer(query)
    else:
        recordings.start(_tell_if_it_fails(query, delivery))
        await answer(query, _progress(recordings, employee, call))


async def _heard(call_id: int, employee: Employee, journal: JournalRepo) -> Call:
    """The call, if it has a recording that is theirs to hear. Raises AppError."""
    call = await journal.get(call_id, employee.scope)
    if not call.can_be_heard_by(employee):
        raise NotTalkedError(f"the recording of call {call.id}")
    if call.recording_url is None:
        raise RecordingGoneError(f"call {call.id}")
    return call


def _progress(recordings: Recordings, employee: Employee, call: Call) -> str:
    if recordings.is_waiting(employee.id, call.id):
        return views.in_line()
    return views.on_its_way()


@dataclass(frozen=True, slots=True)
class _Sending:
    """Sends recordings below the card in this message."""

    bot: Bot
    card: MaybeInaccessibleMessageUnion
    employees: EmployeeRepo
    journal: JournalRepo
    files: RecordingFileRepo
    zone: ZoneInfo

    async def deliver(self, call: Call, employee: Employee, recordings: Recordings) -> None:
        """Send what Telegram has of it already; what it has not, or no more, is fetched."""
        sent, kind = 0, _VOICE
        for kind in (_VOICE, _AUDIO):
            known = await self.files.list_ids(call, kind, bot_id=self.bot.id)
            try:
                for file_id in known:
                    await self._send(call, file_id, kind, _Part(sent, len(known)))
                    sent += 1
            except TelegramBadRequest as error:
                if kind == _VOICE and is_voice_forbidden(error):
                    continue
                if not is_file_unknown(error):
                    raise
            else:
                if known:
                    return
            break
        async with recordings.voices(call, employee_id=employee.id) as voices:
            # Meanwhile, it may be minutes, somebody may have lost the right to hear it.
            person = await self.employees.get(employee.id)
            if person.state is not EmployeeState.ACTIVE:
                raise NoAccessError(f"employee {employee.id}")
            await _heard(call.id, person, self.journal)
            await self._upload(call, voices, kind, sent)

    async def _upload(self, call: Call, voices: list[Voice], kind: SentAs, sent: int) -> None:
        """Send the parts behind those that were sent; keep the ids, if these are all."""
        ids: list[str] = []
        for number, voice in enumerate(voices[sent:], start=sent):
            file = WrittenFile(voice.file, views.filename(call, self.zone) + ".ogg")
            part = _Part(number, len(voices), voice.seconds)
            try:
                ids.append(await self._send(call, file, kind, part))
            except TelegramBadRequest as error:
                if kind == _AUDIO or not is_voice_forbidden(error):
                    raise
                kind = _AUDIO
                ids.append(await self._send(call, file, kind, part))
        if len(ids) == len(voices):
            await self.files.put(call, kind, ids, bot_id=self.bot.id)

    async def _send(self, call: Call, file: InputFile | str, kind: SentAs, part: "_Part") -> str:
        """Send a part, when Telegram lets us; its id there."""
        caption = views.caption(call, self.zone, part=part.number + 1, parts=part.count)
        below = ReplyParameters(message_id=self.card.message_id, allow_sending_without_reply=True)
        sending: SendVoice | SendAudio
        if kind == _VOICE:
            sending = self.card.answer_voice(
                file, caption=caption, duration=part.seconds, reply_parameters=below
            )
        else:
            sending = self.card.answer_audio(
                file,
                caption=caption,
                duration=part.seconds,
                title=views.title(call, self.zone),
                reply_parameters=below,
            )
        for more in reversed(range(_PATIENT_TIMES)):
            try:
                sent = await self.bot(sending, request_timeout=_UPLOAD_SECONDS)
                break
            except TelegramRetryAfter as error:
                if not more or error.retry_after > _PATIENT_SECONDS:
                    raise
                await asyncio.sleep(error.retry_after)
        # What is sent as one may come out as the other.
        media = sent.voice or sent.audio or sent.document
        return media.file_id if media else ""


@dataclass(frozen=True, slots=True)
class _Part:
    """Which of how many parts, from 0; `seconds`: None where Telegram knows them."""

    number: int
    count: int
    seconds: int | None = None


async def _tell_if_it_fails(query: CallbackQuery, delivery: asyncio.Task[None]) -> None:
    """Say in a message that it failed, since the press was answered already."""
    try:
        await delivery
    except (AppError, AiogramError) as error:
        if isinstance(query.message, Message) and not is_closed(error):
            with suppress(AiogramError):
                await show(query.message, refusals.refusal(error))

"""Files of ours on their way into a chat."""

import asyncio
from collections.abc import AsyncGenerator

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types import InputFile, Message, ReplyParameters

from bot.media.written_files import WrittenPart

_UPLOAD_SECONDS = 300

_PATIENT_SECONDS = 120
"""The longest that Telegram may ask to wait before a file; longer, and it is not sent."""

_PATIENT_TIMES = 5


class WrittenFile(InputFile):
    """A file as aiogram uploads it, again too if Telegram wants it later."""

    def __init__(self, file: WrittenPart, name: str) -> None:
        super().__init__(filename=name)
        self._file = file

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        del bot
        async for chunk in self._file.read():
            yield chunk


async def send_document(
    bot: Bot,
    chat_id: int,
    file: InputFile,
    *,
    caption: str,
    below: int | None = None,
    is_silent: bool = False,
) -> Message:
    """Send a file when Telegram lets us; `below`: the id of the message it answers.

    Raises AiogramError.
    """
    reply = None
    if below is not None:
        reply = ReplyParameters(message_id=below, allow_sending_without_reply=True)
    for more in reversed(range(_PATIENT_TIMES)):
        try:
            return await bot.send_document(
                chat_id,
                file,
                caption=caption,
                reply_parameters=reply,
                disable_notification=is_silent or None,
                request_timeout=_UPLOAD_SECONDS,
            )
        except TelegramRetryAfter as error:
            if not more or error.retry_after > _PATIENT_SECONDS:
                raise
            await asyncio.sleep(error.retry_after)
    raise AssertionError("unreachable")

"""Files of contacts: one that is sent is shown first and taken after a press; all as a file.

A file is read twice, for the preview and for the taking, each time fetched from Telegram: which
one is meant says the message that the preview replies to. So nothing is kept meanwhile, and the
buttons work after a restart and on every replica. Both go on beside whatever else people do.
"""

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO

from aiogram import Bot, F, Router
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.filters import StateFilter
from aiogram.types import (
    CallbackQuery,
    Document,
    InlineKeyboardMarkup,
    Message,
)
from aiohttp import ClientError

from bot.config.settings import Settings
from bot.delivery.sent_files import WrittenFile, send_document
from bot.domain.clock import Clock
from bot.domain.contact_files import ContactFileError, FileFault, FileKind, Report
from bot.domain.contacts import Contact
from bot.domain.errors import NoAccessError, StorageError
from bot.domain.hours import local_date
from bot.domain.people import Employee
from bot.media.contact_files import ContactFiles, pieces, read_contacts
from bot.media.written_files import WrittenPart
from bot.telegram.background import Background
from bot.telegram.errors import ShownLaterError, is_unchanged
from bot.telegram.filters import HasRole, Where
from bot.telegram.reply import answer, say, show
from bot.views import contact_files as views
from bot.views import formats
from handlers.contact_book import SEES_ALL
from keyboards import contact_book as keyboards
from keyboards.callbacks import BookExport, BookFile, FileButton, FileStep
from storage.contact_book import ContactBook
from storage.contact_imports import PIECE, ContactImports

log = logging.getLogger(__name__)

MEGABYTES = 20
"""Of a file that Telegram gives to bots."""

_BYTES = MEGABYTES * 1024 * 1024
_PROGRESS_SECONDS = 3.0
_FETCH_SECONDS = 300
_GOODBYE_SECONDS = 2.0

_SUFFIXES = (".vcf", ".vcard", ".csv", ".tsv", ".txt", ".xlsx", ".xls")
_TYPES = frozenset(
    {"text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/comma-separated-values"}
)


@dataclass(frozen=True, slots=True)
class FileScreens:
    """What the handlers of files work with; built once, with the dispatcher."""

    book: ContactBook
    imports: ContactImports
    settings: Settings
    clock: Clock
    background: Background
    wake: Callable[[], None]


def create_router() -> Router:
    router = Router(name=__name__)
    router.message.filter(HasRole())
    router.callback_query.filter(HasRole(*SEES_ALL))
    router.message.register(file_sent, StateFilter(None), Where(F.document), _is_of_contacts)
    router.callback_query.register(ask_file, BookFile.filter(F.is_import))
    router.callback_query.register(ask_kind, BookFile.filter())
    router.callback_query.register(send_all, BookExport.filter())
    router.callback_query.register(cancel, FileButton.filter(F.step == FileStep.CANCEL))
    router.callback_query.register(take, FileButton.filter())
    return router


async def _is_of_contacts(message: Message) -> bool:
    document = message.document
    name = (document.file_name or "").lower() if document else ""
    return name.endswith(_SUFFIXES) or (document is not None and document.mime_type in _TYPES)


# Taking


async def ask_file(query: CallbackQuery) -> None:
    await show(query, views.ask_file(MEGABYTES), keyboards.to_book())


async def file_sent(
    message: Message, bot: Bot, employee: Employee, file_screens: FileScreens
) -> None:
    """Say that the file is read, and show what is in it when that is known."""
    if not employee.role.sees_all:
        raise NoAccessError(f"employee {employee.id} takes no files of contacts")
    document = message.document
    if document is None or (document.file_size or 0) > _BYTES:
        await show(message, views.too_large(MEGABYTES))
        return
    shown = await message.reply(views.reading())
    work = _preview(shown, bot, document, file_screens)
    file_screens.background.start((shown.chat.id, shown.message_id), work)


async def take(
    query: CallbackQuery,
    callback_data: FileButton,
    bot: Bot,
    employee: Employee,
    file_screens: FileScreens,
) -> None:
    """Take the file of the message above; the preview tells how far it is, and how it ended."""
    message = query.message
    replied = message.reply_to_message if isinstance(message, Message) else None
    if not isinstance(message, Message) or replied is None or replied.document is None:
        await show(query, views.send_again())
        return
    key = message.chat.id, message.message_id
    if file_screens.background.is_under_way(key):
        await answer(query, views.under_way())
        return
    work = _take(
        message,
        bot,
        replied.document,
        employee,
        file_screens,
        replaces_names=callback_data.step is FileStep.REPLACE,
    )
    file_screens.background.start(key, work)
    await show(query, views.reading())


async def cancel(query: CallbackQuery, file_screens: FileScreens) -> None:
    message = query.message
    if message and file_screens.background.is_under_way((message.chat.id, message.message_id)):
        await answer(query, views.under_way())
        return
    await show(query, views.cancelled())


async def _preview(shown: Message, bot: Bot, document: Document, screens: FileScreens) -> None:
    async with _telling(shown), _fetched(bot, document) as file:
        report = Report()
        comparing = screens.imports.begin()
        async for piece in pieces(read_contacts(file, screens.settings.read_number), PIECE):
            report.count(await comparing.compare(piece))
        markup = keyboards.file_preview(can_take=report.taken > 0, renames=report.can_rename)
        await _edit(shown, views.preview(report, document.file_name or ""), markup)


async def _take(
    shown: Message,
    bot: Bot,
    document: Document,
    employee: Employee,
    screens: FileScreens,
    *,
    replaces_names: bool,
) -> None:
    async with _telling(shown), _fetched(bot, document) as file:
        report, told = Report(), time.monotonic()
        size = max(1, file.seek(0, os.SEEK_END))
        taking = screens.imports.begin(replaces_names=replaces_names, by=employee)
        async for piece in pieces(read_contacts(file, screens.settings.read_number), PIECE):
            report.count(await taking.take(piece, now=screens.clock()))
            if time.monotonic() - told > _PROGRESS_SECONDS:
                told = time.monotonic()
                with suppress(AiogramError):
                    await shown.edit_text(views.progress(100 * file.tell() // size))
        await taking.finish(now=screens.clock())
        screens.wake()
        log.info(
            "employee %d took a file of contacts: %d cards, %d of them new or changed",
            employee.id,
            report.cards,
            report.taken,
        )
        await _edit(shown, views.done(report, document.file_name or ""), keyboards.to_book())


@asynccontextmanager
async def _telling(shown: Message) -> AsyncIterator[None]:
    """Tell in the message why the block has failed, if it has."""
    try:
        yield
    except ContactFileError as error:
        await _edit(shown, views.refused(error))
    except (AiogramError, ClientError, TimeoutError) as error:
        log.warning("a file of contacts: %s", type(error).__name__)
        await _edit(shown, views.failed())
    except StorageError as error:
        log.warning("a file of contacts: %s", error)
        await _edit(shown, views.interrupted())
    except asyncio.CancelledError:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await _edit(shown, views.interrupted())
        raise


@asynccontextmanager
async def _fetched(bot: Bot, document: Document) -> AsyncIterator[IO[bytes]]:
    """The file, without a name on the disk. Raises ContactFileError if it is larger than told."""
    with tempfile.TemporaryFile() as file:
        told = await bot.get_file(document.file_id)
        chunks = bot.session.stream_content(
            bot.session.api.file_url(bot.token, told.file_path or ""),
            timeout=_FETCH_SECONDS,
            raise_for_status=True,
        )
        async for chunk in chunks:
            file.write(chunk)
            if file.tell() > _BYTES:
                raise ContactFileError(FileFault.TOO_LARGE)
        yield file


async def _edit(shown: Message, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
    """Show it in the message, or below if that is gone; what Telegram wants later comes later."""
    try:
        await shown.edit_text(text, reply_markup=markup)
    except ShownLaterError:
        return
    except TelegramBadRequest as error:
        if not is_unchanged(error):
            with suppress(AiogramError):
                await say(shown, text, markup)
    except AiogramError as error:
        log.warning("what became of a file cannot be told: %s", type(error).__name__)


# Sending


async def ask_kind(query: CallbackQuery) -> None:
    await show(query, views.ask_kind(), keyboards.export())


async def send_all(
    query: CallbackQuery,
    callback_data: BookExport,
    bot: Bot,
    employee: Employee,
    file_screens: FileScreens,
) -> None:
    key = employee.id, callback_data.kind
    if file_screens.background.is_under_way(key) or not isinstance(query.message, Message):
        await answer(query, views.under_way())
        return
    log.info("employee %d asked for all contacts as %s", employee.id, callback_data.kind)
    file_screens.background.start(key, _send(query.message, bot, callback_data.kind, file_screens))
    await answer(query, views.on_its_way())


async def _send(message: Message, bot: Bot, kind: FileKind, screens: FileScreens) -> None:
    numbers = await screens.book.most_numbers()
    with ContactFiles(kind, views.headings(), numbers=numbers) as files:
        count = 0
        async for contacts in screens.book.every():
            rows = [(one, _added(one, screens.settings)) for one in contacts]
            await asyncio.to_thread(files.write, rows)
            count += len(rows)
        day = local_date(screens.clock(), screens.settings.zone)
        for number, file in enumerate(files.files, start=1):
            part = f"-{number}" if len(files.files) > 1 else ""
            name = f"{views.filename()}-{day:%Y-%m-%d}{part}.{kind.value}"
            try:
                await send_document(
                    bot,
                    message.chat.id,
                    WrittenFile(WrittenPart(file), name),
                    caption=views.sent(count),
                    below=message.message_id,
                )
            except AiogramError as error:
                log.warning("contacts cannot be sent: %s", type(error).__name__)
                return


def _added(contact: Contact, settings: Settings) -> list[str]:
    """The cells that say who added a contact, and when."""
    at = contact.added_at
    return [contact.added_by or "", formats.date_time(at, settings.zone) if at else ""]

"""Making the files of an export and sending them: to who has pressed for them, or every Monday."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.domain.audit import AuditKind, By
from bot.domain.errors import AppError, NoAccessError, StorageError
from bot.domain.exports import FILE_BYTES, SHEET_ROWS, ExportJob, ExportKind
from bot.domain.hours import local_date
from bot.domain.log_views import LogView
from bot.domain.people import Employee, EmployeeState
from bot.media.exports import Exporter, ExportFiles
from bot.views import exports as views
from bot.views import log_views as chosen_views
from handlers.log_screens import LogScreens
from handlers.sent_files import WrittenFile, send_document
from storage.audit import AuditRepo

log = logging.getLogger(__name__)


class Told(Protocol):
    """Hears how an export goes on."""

    def made(self, rows: int, total: int) -> None: ...
    async def sending(self) -> None: ...


def without_days(view: LogView) -> LogView:
    return replace(view, days=None, period=None)


@dataclass(frozen=True, slots=True)
class Export:
    """What somebody wants as a file; `weekly`: it comes by itself, and says so."""

    employee: Employee
    view: LogView
    kind: ExportKind
    weekly: bool = False
    below: int | None = None
    """The message it answers."""


@dataclass(frozen=True, slots=True)
class ExportSender:
    """Built once, with the dispatcher. `file_bytes`, `file_rows`: when a further file begins."""

    log_screens: LogScreens
    audit: AuditRepo
    exporter: Exporter
    file_bytes: int = FILE_BYTES
    file_rows: int = SHEET_ROWS

    async def send(
        self, bot: Bot, export: Export, told: Told, *, may_send: Callable[[], bool]
    ) -> int:
        """Send the files of all calls there are; returns how many those are. Of none, none.

        `may_send`: whether it is still ours to send. Raises ExportError, NoAccessError if the
        person's rights have changed meanwhile, NotFoundError, StorageError, AiogramError.
        """
        screens, employee = self.log_screens, export.employee
        span = export.view.span(screens.today())
        filters = await self.words(without_days(export.view), employee)
        chosen = filters if export.weekly else await self.words(export.view, employee)
        now, zone = screens.clock(), screens.settings.zone
        job = ExportJob(
            where=screens.settings.database,
            scope=employee.scope,
            log_filter=await screens.part(export.view, employee),
            kind=export.kind,
            words=views.words(filters, span, who=employee.name, now=now, zone=zone),
            zone=zone.key,
            file_bytes=self.file_bytes,
            file_rows=self.file_rows,
        )
        async with self.exporter.files(job, told.made) as files:
            log.info("an export of %d calls takes %d KiB at most", files.rows, files.memory)
            if not files.rows:
                return 0
            await told.sending()
            await self._check(employee)
            if not may_send():
                raise NoAccessError("another process has it in hand")
            await self.audit.note(
                AuditKind.EXPORTED,
                By(employee.id, screens.clock()),
                count=files.rows,
                detail={
                    "what": "calls",
                    "format": export.kind.value,
                    "weekly": "yes" if export.weekly else None,
                },
            )
            await self._send_parts(bot, export, files, chosen, span)
            return files.rows

    async def words(self, view: LogView, employee: Employee) -> str:
        """What part of the log it is, not quoted; with days, not with words for days."""
        span = view.span(self.log_screens.today())
        if view.period and span:
            days = (span[0].toordinal(), span[1].toordinal())
            view = replace(view, period=None, days=days)
        told = chosen_views.all_words(view, await self.log_screens.names(view))
        if view.client_of:
            told["client_of"] = await self.log_screens.client_title(view, employee)
        return " · ".join(told.values())

    async def _check(self, employee: Employee) -> None:
        """Meanwhile, it may be minutes, somebody may have lost the right to see these calls."""
        person = await self.log_screens.employees.get(employee.id)
        if person.state is not EmployeeState.ACTIVE or person.scope != employee.scope:
            raise NoAccessError(f"employee {employee.id} sees other calls now")

    async def _send_parts(
        self,
        bot: Bot,
        export: Export,
        files: ExportFiles,
        chosen: str,
        span: tuple[date, date] | None,
    ) -> None:
        """`chosen`: in words; of a weekly file without its days, which stand above."""
        screens, parts = self.log_screens, len(files.parts)
        now, zone = screens.clock(), screens.settings.zone
        quiet = export.employee.quiet
        for number, part in enumerate(files.parts, start=1):
            name = views.filename(
                span, local_date(now, zone), export.kind, str(number) if parts > 1 else ""
            )
            caption = views.caption(
                chosen, span, files.rows, part=number, parts=parts, weekly=export.weekly
            )
            await send_document(
                bot,
                export.employee.tg_id,
                WrittenFile(part, name),
                caption=caption,
                below=export.below,
                is_silent=export.weekly and quiet is not None and quiet.is_quiet(now, zone),
            )


def log_failure(what: str, employee_id: int, error: Exception) -> None:
    """Log why somebody does not get a file; of what was not to be expected, where it happened."""
    is_known = isinstance(error, AppError | StorageError | AiogramError)
    log.warning(
        "%s of employee %d: %s",
        what,
        employee_id,
        f"{type(error).__name__}: {error}" if is_known else type(error).__name__,
        exc_info=None if is_known else error,
    )

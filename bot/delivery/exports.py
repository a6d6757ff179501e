"""Making the files of an export and sending them: to who has pressed for them, or every Monday."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.delivery.sent_files import WrittenFile, send_document
from bot.domain.audit import AuditKind, By
from bot.domain.clock import Clock
from bot.domain.errors import AppError, StorageError
from bot.domain.exports import (
    FILE_BYTES,
    SHEET_ROWS,
    ChangedMeanwhileError,
    ExportJob,
    ExportKind,
    ExportPlan,
    NotAllSentError,
)
from bot.domain.hours import local_date
from bot.domain.log_views import LogView
from bot.domain.people import Employee, EmployeeState
from bot.media.exports import Exporter, ExportFiles
from bot.views import exports as views
from bot.views import log_views as chosen_views
from bot.views import parties
from storage.audit import AuditRepo
from storage.employees import EmployeeRepo
from storage.export_plans import ExportPlans
from storage.viewed_log import ViewedLog

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Exports that are in hand: one of them is made while the others are sent."""


class Told(Protocol):
    """Hears how an export goes on."""

    def made(self, rows: int, total: int) -> None: ...
    async def sending(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Export:
    """What somebody wants as a file; `plan`: the one by which it comes, None: they pressed."""

    employee: Employee
    view: LogView
    kind: ExportKind
    plan: ExportPlan | None = None
    below: int | None = None
    """The message it answers."""


@dataclass(frozen=True, slots=True)
class ExportSender:
    """Built once, with the dispatcher. `where` is the database that the exporter reads.

    `file_bytes`, `file_rows`: when a further file begins. `turns`: whoever sends takes one before.
    """

    viewed: ViewedLog
    employees: EmployeeRepo
    audit: AuditRepo
    plans: ExportPlans
    exporter: Exporter
    where: Path | str = field(repr=False)
    zone: ZoneInfo
    clock: Clock
    file_bytes: int = FILE_BYTES
    file_rows: int = SHEET_ROWS
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def send(
        self, bot: Bot, export: Export, told: Told, *, may_send: Callable[[], bool]
    ) -> int:
        """Send the files of all calls there are; returns how many those are. Of none, none.

        `may_send`: whether it is still ours to send. Raises ExportError, ChangedMeanwhileError,
        NotAllSentError if Telegram refuses one behind the first, NoAccessError, NotFoundError,
        StorageError, AiogramError.
        """
        employee, now = export.employee, self.clock()
        span = export.view.span(local_date(now, self.zone))
        filters = await self.words(export.view.of_any_day, employee)
        chosen = filters if export.plan else await self.words(export.view, employee)
        now = self.clock()
        job = ExportJob(
            where=self.where,
            scope=employee.scope,
            log_filter=await self.viewed.part(export.view, employee, now=now),
            kind=export.kind,
            words=views.words(filters, span, who=employee.name, now=now, zone=self.zone),
            zone=self.zone.key,
            file_bytes=self.file_bytes,
            file_rows=self.file_rows,
        )
        async with self.exporter.files(job, told.made) as files:
            log.info("an export of %d calls takes %d KiB at most", files.rows, files.memory)
            if files.rows:
                await told.sending()
            await self._check(export)
            if not may_send():
                raise ChangedMeanwhileError("another process has it in hand")
            if files.rows:
                await self._note(export, files.rows)
                await self._send_parts(bot, export, files, chosen, span)
            return files.rows

    def is_silent(self, export: Export) -> bool:
        """Whether it comes by itself, and in the person's quiet hours."""
        quiet = export.employee.quiet
        return bool(export.plan and quiet and quiet.is_quiet(self.clock(), self.zone))

    async def words(self, view: LogView, employee: Employee) -> str:
        """What part of the log it is, not quoted; with days, not with words for days."""
        span = view.span(local_date(self.clock(), self.zone))
        if view.period and span:
            days = (span[0].toordinal(), span[1].toordinal())
            view = replace(view, period=None, days=days)
        told = chosen_views.all_words(view, await self.viewed.names(view))
        if view.client_of:
            told["client_of"] = parties.client_title(*await self.viewed.client(view, employee))
        return " · ".join(told.values())

    async def _check(self, export: Export) -> None:
        """Meanwhile, it may be minutes, somebody may have lost the right to see these calls."""
        before = export.employee
        person = await self.employees.get(before.id)
        if person.state is not EmployeeState.ACTIVE or person.scope != before.scope:
            raise ChangedMeanwhileError(f"employee {before.id} sees other calls now")
        if export.plan and await self.plans.find(export.plan) != export.plan:
            raise ChangedMeanwhileError(f"employee {before.id} wants another weekly file, or none")

    async def _note(self, export: Export, rows: int) -> None:
        """Have it in the audit, before it is sent."""
        by = By(export.employee.id, self.clock())
        detail = {"what": "calls", "format": export.kind.value}
        if export.plan is None:
            await self.audit.note(AuditKind.EXPORTED, by, count=rows, detail=detail)
        elif not await self.plans.note_sending(
            export.plan, by, count=rows, detail={**detail, "weekly": "yes"}
        ):
            raise ChangedMeanwhileError(f"employee {by.employee_id} wants another weekly file")

    async def _send_parts(
        self,
        bot: Bot,
        export: Export,
        files: ExportFiles,
        chosen: str,
        span: tuple[date, date] | None,
    ) -> None:
        """`chosen`: in words; of a weekly file without its days, which stand above."""
        parts, today = len(files.parts), local_date(self.clock(), self.zone)
        for number, part in enumerate(files.parts, start=1):
            name = views.filename(span, today, export.kind, part=number, parts=parts)
            caption = views.caption(
                chosen, span, files.rows, part=number, parts=parts, weekly=bool(export.plan)
            )
            try:
                await send_document(
                    bot,
                    export.employee.tg_id,
                    WrittenFile(part, name),
                    caption=caption,
                    below=export.below,
                    is_silent=self.is_silent(export),
                )
            except AiogramError as error:
                if number == 1:
                    raise
                raise NotAllSentError(number - 1, parts) from error


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

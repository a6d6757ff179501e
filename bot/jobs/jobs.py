"""What the timer calls. What is due stands in the database: a missed tick loses nothing."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.jobs.clock_watch import ClockWatch
from bot.jobs.silence_watch import LOOK_SECONDS, SilenceWatch
from bot.jobs.timer import Timer
from storage.audit import AuditRepo
from storage.calls import CallRepo
from storage.case_deadlines import CaseDeadlines
from storage.company import CompanyRepo
from storage.contact_book import ContactBook
from storage.dials import DialRepo
from storage.digest_times import DigestTimes
from storage.open_cards import OpenCardRepo
from storage.reminders import ReminderRepo
from storage.search import SearchRepo
from storage.weekly_statistics import WeeklyStatistics

log = logging.getLogger(__name__)


class Jobs:
    def __init__(
        self,
        calls: CallRepo,
        case_deadlines: CaseDeadlines,
        company: CompanyRepo,
        reminders: ReminderRepo,
        digest_times: DigestTimes,
        weekly_statistics: WeeklyStatistics,
        open_cards: OpenCardRepo,
        dials: DialRepo,
        audit: AuditRepo,
        contact_book: ContactBook,
        search: SearchRepo,
        *,
        clock_watch: ClockWatch,
        silence_watch: SilenceWatch,
        wake: Callable[[], None],
        weekly_exports: Callable[..., Awaitable[None]],
        retention_days: int,
        audit_days: int,
    ) -> None:
        """`wake` lets the Alerter look into the outbox; `weekly_exports` begins those due."""
        self._calls = calls
        self._case_deadlines = case_deadlines
        self._company = company
        self._reminders = reminders
        self._digest_times = digest_times
        self._weekly_statistics = weekly_statistics
        self._open_cards = open_cards
        self._dials = dials
        self._audit = audit
        self._contact_book = contact_book
        self._search = search
        self._clock_watch = clock_watch
        self._silence_watch = silence_watch
        self._wake = wake
        self._weekly_exports = weekly_exports
        self._retention_days = retention_days
        self._audit_days = audit_days

    def begin(self, timer: Timer) -> None:
        """Have all of it done again and again; of what becomes due, none waits for another.

        But each write waits for the one before: the database has one writer.
        """
        do_due: list[Callable[..., Awaitable[int]]] = [
            self._case_deadlines.expire,
            self._case_deadlines.ask_owners,
            self._case_deadlines.repeat_alerts,
            self._reminders.owe_due,
            self._company.owe_open_cases,
            self._digest_times.owe_due,
            self._weekly_statistics.owe_due,
            self._dials.lapse,
        ]
        timer.every(1, self._clock_watch.look)
        for do in do_due:
            timer.every(1, partial(self._do_due, do))
        timer.every(1, self._contact_book.sort)
        timer.every(1, self._search.catch_up)
        timer.every(5, self.purge)
        timer.every(5, self.begin_exports)
        timer.every(15, self.forget_contacts)
        timer.every(15, self.settle)
        timer.every(60, self.purge_audit)
        timer.every(LOOK_SECONDS, partial(self._do_due, self._silence_watch.look))
        timer.every(600, self.leave_cards)
        timer.every(600, partial(self._do_due, self._silence_watch.forget))

    async def _do_due(self, do: Callable[..., Awaitable[int]]) -> None:
        """Do what has become due, and let the messages it owes be sent."""
        async with self._clock_watch.present_moment() as now:
            is_any = await do(now=now)
        if is_any:
            self._wake()

    async def begin_exports(self) -> None:
        """Begin the weekly files that are due."""
        async with self._clock_watch.present_moment() as now:
            await self._weekly_exports(now=now)

    async def settle(self) -> None:
        """Wait no longer for what a PBX tells late of a call: its price, recording or end."""
        await self._do_due(self._calls.settle)

    async def purge(self) -> None:
        """Delete the oldest of the calls older than RETENTION_DAYS, a batch at each tick."""
        if not self._retention_days:
            return
        if (now := await self._clock_watch.moment_to_delete_by()) is not None:
            before = now - self._retention_days * 86400
            if purged := await self._calls.purge(before=before):
                log.info("purged %d calls older than %d days", purged, self._retention_days)

    async def purge_audit(self) -> None:
        """Delete the oldest of the deeds older than AUDIT_DAYS, a batch at each tick."""
        if not self._audit_days:
            return
        if (now := await self._clock_watch.moment_to_delete_by()) is not None:
            await self._audit.purge(before=now - self._audit_days * 86400)

    async def forget_contacts(self) -> None:
        """Delete for good the contacts that were removed from the book."""
        if (now := await self._clock_watch.moment_to_delete_by()) is not None:
            await self._contact_book.purge(now=now)

    async def leave_cards(self) -> None:
        """Keep those cards true no more that nobody looks at."""
        if (now := await self._clock_watch.moment_to_delete_by()) is not None:
            await self._open_cards.purge(now=now)

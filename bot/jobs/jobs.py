"""What the timer calls. State lives in the database; missing a tick loses nothing."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.domain.clock import Clock
from bot.jobs.timer import Job
from storage.calls import CallRepo
from storage.cases import CaseRepo
from storage.company import CompanyRepo
from storage.digests import DigestRepo
from storage.outbox import OutboxRepo
from storage.reminders import ReminderRepo

log = logging.getLogger(__name__)


class Jobs:
    def __init__(
        self,
        calls: CallRepo,
        cases: CaseRepo,
        company: CompanyRepo,
        reminders: ReminderRepo,
        digests: DigestRepo,
        outbox: OutboxRepo,
        *,
        wake: Callable[[], None],
        clock: Clock,
        retention_days: int,
    ) -> None:
        """`wake` lets the Alerter look into the outbox."""
        self._calls = calls
        self._cases = cases
        self._company = company
        self._reminders = reminders
        self._digests = digests
        self._outbox = outbox
        self._wake = wake
        self._clock = clock
        self._retention_days = retention_days

    async def sweep(self) -> None:
        """Find owed messages nobody announced: another process imported, or a chat reopened."""
        self._wake()

    def minding(self) -> list[Job]:
        """Doing what has become due, each kind on its own: none waits for one that fails."""
        due: list[Callable[..., Awaitable[int]]] = [
            self._cases.expire,
            self._cases.mind_claims,
            self._cases.repeat,
            self._reminders.fire,
            self._company.open,
            self._digests.send,
            self._outbox.follow_clock,
        ]
        return [partial(self._mind, do) for do in due]

    async def _mind(self, do: Callable[..., Awaitable[int]]) -> None:
        if await do(now=self._clock()):
            self._wake()

    async def settle(self) -> None:
        """Close what the PBX could still have told of calls that ended five minutes ago."""
        await self._calls.settle(now=self._clock())

    async def purge(self) -> None:
        """Delete the oldest of the calls older than RETENTION_DAYS, a batch at each tick."""
        if self._retention_days:
            before = self._clock() - self._retention_days * 86400
            if purged := await self._calls.purge(before=before):
                log.info("purged %d calls older than %d days", purged, self._retention_days)

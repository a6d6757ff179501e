"""How the bot is, for administrators."""

from collections.abc import Callable
from importlib.metadata import version

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.log import LogFilter, Turn
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import EVERYTHING, Role
from bot.domain.posts import HookPosts
from bot.domain.receiving import Receiving
from bot.telegram.filters import HasRole
from bot.telegram.reply import show
from bot.views import health as views
from keyboards import health as keyboards
from keyboards.callbacks import HealthRefresh
from storage.calls import CallRepo
from storage.clock import ClockRepo
from storage.durability import Durability
from storage.employees import EmployeeRepo
from storage.engine.base import Lease
from storage.feeds import FeedRepo
from storage.journal import JournalRepo
from storage.outbox import OutboxRepo
from storage.rejects import RejectRepo
from storage.silences import SilenceRepo

_CLOCK_TOLERANCE = 300
"""Seconds by which clocks may differ before a call counts as one in the future."""

_JUMP_SHOWN_SECONDS = 7 * 86400
"""How long it is told that the clock of the server was set."""

_FUTURE_CALLS = 100
"""How many of the newest calls in the future are searched for the sources they came from."""

_TROUBLE_SECONDS = 86400
"""How long after updates did not come in that is told."""


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR))
    router.message.register(show_health, Command("health"))
    router.callback_query.register(show_health, HealthRefresh.filter())
    return router


async def show_health(
    event: Message | CallbackQuery,
    employees: EmployeeRepo,
    calls: CallRepo,
    journal: JournalRepo,
    outbox: OutboxRepo,
    rejects: RejectRepo,
    feeds: FeedRepo,
    silences: SilenceRepo,
    posts: HookPosts,
    clock_state: ClockRepo,
    durability: Durability,
    receiving: Receiving,
    lease: Lease,
    settings: Settings,
    clock: Clock,
    steady: Callable[[], float],
    started_at: float,
) -> None:
    now, owed = clock(), await outbox.count_by_state()
    known = await clock_state.state()
    is_recent = known.jump is not None and now - known.jump[1] < _JUMP_SHOWN_SECONDS
    shown = views.Health(
        version=version("dzvinok"),
        uptime=int(steady() - started_at),
        sources=await _sources(
            settings, calls, journal, rejects, feeds, silences, posts=posts, now=now
        ),
        pending=owed["pending"],
        sent=owed["sent"],
        dropped=owed["dropped"],
        unreachable=await employees.count_unreachable(),
        database_size=await durability.size(),
        database_state=await durability.state(),
        jump=known.jump if is_recent else None,
        deletes_nothing=known.leapt_at is not None and settings.retention_days > 0,
        unreadable=receiving.unreadable.most_common(),
        trouble=_recent_trouble(receiving, now),
        replicas=await lease.count_replicas() if lease.is_shared else None,
        leads=lease.is_held,
    )
    await show(event, views.health(shown, zone=settings.zone), keyboards.health())


def _recent_trouble(receiving: Receiving, now: int) -> tuple[str, int] | None:
    is_recent = now - receiving.trouble_at < _TROUBLE_SECONDS
    return (receiving.trouble, receiving.trouble_at) if receiving.trouble and is_recent else None


async def _sources(
    settings: Settings,
    calls: CallRepo,
    journal: JournalRepo,
    rejects: RejectRepo,
    feeds: FeedRepo,
    silences: SilenceRepo,
    *,
    posts: HookPosts,
    now: int,
) -> list[views.SourceHealth]:
    counts, flaws = await rejects.counts(), await rejects.flaws()
    states, quiet = await feeds.states(), await silences.silences()
    silent = {name: one.since for name, one in quiet.items() if one.is_told}
    ahead = await _seconds_in_future(journal, now)
    return [
        views.SourceHealth(
            name=name,
            last_call=await calls.last_received(name),
            rejects=counts.get(name, 0),
            last_reject=await rejects.last(name),
            flaws=flaws.get(name, ()),
            ahead=ahead.get(name, 0),
            feeds=[one for one in states if one.source == name],
            posted=posts.of(name),
            silent_since=silent.get(name),
            now=now,
        )
        for name in settings.sources
    ]


async def _seconds_in_future(journal: JournalRepo, now: int) -> dict[str, int]:
    """How far in the future the newest ended call of a source is; its time zone must be wrong."""
    future = LogFilter(start=now + _CLOCK_TOLERANCE, end=LIVE_POSITION)
    page = await journal.page(EVERYTHING, future, turn=Turn.FIRST, key=None, size=_FUTURE_CALLS)
    ahead: dict[str, int] = {}
    for call in page.calls:
        ahead.setdefault(call.source, call.started_at - now)
    return ahead

"""The composition root: what the running bot consists of, and in which order it opens and closes.

Only here are objects of different rooms built and handed to each other. Begin reading at `serve`.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import httpx

from bot.config.settings import Settings
from bot.delivery.alerter import Accepted, Alerter
from bot.delivery.bell import Bell
from bot.delivery.open_cards import OpenCards
from bot.delivery.pace import IN_CHAT, Pace, PaceMiddleware
from bot.delivery.weekly_exports import WeeklyExports
from bot.dialling.dialler import Dialler
from bot.domain.clock import Clock, LatestMoment, system_clock
from bot.domain.errors import StorageError
from bot.domain.posts import HookPosts
from bot.domain.receiving import Receiving
from bot.intake.asking_again import AskingAgain
from bot.intake.listening import Listening
from bot.intake.recorder import Recorder
from bot.jobs.clock_watch import ClockWatch
from bot.jobs.jobs import Jobs
from bot.jobs.leading import Leading
from bot.jobs.silence_watch import SilenceWatch
from bot.jobs.timer import start_timer
from bot.media.recordings import Recordings
from bot.parts import (
    create_bot,
    create_cards,
    create_dispatcher,
    create_export_screens,
    create_notices,
    find_recording,
)
from bot.repositories import Repositories, create_repositories
from bot.sources.base import DialSource
from bot.sources.http_api import certificates, create_client
from bot.sources.pinning import pinned_transports
from bot.sources.registry import create_source
from bot.telegram.background import Background
from bot.telegram.delayed_screens import LEFT_SECONDS, DelayedScreens
from bot.telegram.gate import Gate
from bot.telegram.i18n import create_i18n
from bot.telegram.isolation import PATIENCE, PersonIsolation
from bot.telegram.open_cards import OpenCardsMiddleware
from bot.telegram.patience import PatienceMiddleware
from bot.telegram.stored_updates import StoredUpdates
from bot.telegram.updates import Updates, Webhook
from bot.telemetry.metrics import Metrics
from bot.web.server import TELEGRAM_PATH, create_web, serve_http
from bot.web.source_figures import SourceFigures
from handlers.dialog_state import adopt
from storage.case_backfill import create_missing_cases
from storage.database import open_database
from storage.engine.base import Database, Lease
from storage.leases import open_lease
from storage.older_programs import MENDED_EVERY, OlderPrograms

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005


class Worker(Protocol):
    """What works beside the handlers until it is told to stop."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


async def run(settings: Settings, *, clock: Clock = system_clock) -> None:
    """Run the bot until SIGTERM or SIGINT. Raises StartError if it cannot begin."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(settings, clock=clock):
        hold_up_little()
        await stop.wait()
        log.info("stopping: no new updates, finishing what is in hand")


def hold_up_little() -> None:
    """Have Python itself hold up presses and hooks as little as it can; once all is built.

    What is there by now stays: nobody looks through it for garbage. And a thread that computes,
    or reads many rows, gives way ten times sooner than it would.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)


@asynccontextmanager
async def serve(
    settings: Settings,
    *,
    clock: Clock,
    steady: Callable[[], float] | None = None,
    in_chat: float = IN_CHAT,
    dialling: Mapping[str, DialSource] | None = None,
) -> AsyncIterator[str]:
    """The whole bot at work: hooks, updates, alerts, ticks. Yields the address of its server.

    What is opened here closes in reverse: at the end no more updates are taken and those in hand
    are finished; then the same is done with alerts, hooks, ticks and recordings. The database is
    closed last. Raises StartError if it cannot begin.

    `steady`: seconds that pass, whatever the clock is set to; None: those of the loop. Tests that
    let time go by move it with the clock. `in_chat`: seconds between two messages in one chat,
    which tests of other things shorten. `dialling`: PBXs that begin calls in the place of sources
    whose kind cannot.
    """
    steady = steady or asyncio.get_running_loop().time
    async with AsyncExitStack() as stack:
        lease = await stack.enter_async_context(open_lease(settings.database))
        database = await stack.enter_async_context(open_database(settings.database))
        if lease.is_shared:
            await stack.enter_async_context(database.sharing())
        repositories = create_repositories(database, settings)
        await _bring_up_to_date(database, repositories, settings, now=clock())

        bot = create_bot(settings)
        stack.push_async_callback(bot.session.close)
        pace = Pace(asyncio.get_running_loop().time, in_chat=in_chat)
        bot.session.middleware(PaceMiddleware(pace))
        known = (await repositories.clock_state.state()).latest_at
        latest = LatestMoment(clock, known=known)
        asking = await stack.enter_async_context(
            create_client(pinned_transports(settings.sources.values()))
        )
        sources = {
            name: create_source(name, chosen, http=asking, clock=clock, latest=latest)
            for name, chosen in settings.sources.items()
        }
        # Neither a proxy nor a password from the environment: bot/media judges who is asked.
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                verify=certificates(),
                trust_env=False,
                mounts=pinned_transports(settings.sources.values()),
            )
        )
        recordings = await stack.enter_async_context(
            Recordings(http, settings, find=partial(find_recording, sources))
        )

        i18n, metrics = create_i18n(settings.language), Metrics()
        receiving, posts = Receiving(clock, now=steady), HookPosts(clock)
        able = {name: one for name, one in sources.items() if isinstance(one, DialSource)}
        able |= dialling or {}
        cards = create_cards(repositories, settings, sources, able)
        # What is polled nobody sends again: it waits.
        patience = PATIENCE if settings.updates == "webhook" else None
        isolation = PersonIsolation(database, patience=patience)
        bell = Bell(database)
        dialler = Dialler(
            able, repositories.dials, clock=clock, wake=bell.ring, is_leader=lambda: lease.is_held
        )
        # Whoever waits for an export is told of it meanwhile: each takes its turn by itself.
        exporting = await stack.enter_async_context(Background(at_once=sys.maxsize))
        export_screens = create_export_screens(repositories, settings, clock, exporting)
        dispatcher = create_dispatcher(
            settings=settings,
            repositories=repositories,
            cards=cards,
            i18n=i18n,
            clock=clock,
            wake=bell.ring,
            recordings=recordings,
            dialler=dialler,
            steady=steady,
            receiving=receiving,
            isolation=isolation,
            posts=posts,
            lease=lease,
            background=await stack.enter_async_context(Background()),
            export_screens=export_screens,
        )
        delayed_screens = DelayedScreens(
            bot,
            repositories.delayed_screens,
            repositories.open_cards,
            clock=clock,
            isolation=isolation,
            fsm=repositories.fsm,
            adopt=adopt,
        )
        bot.session.middleware(OpenCardsMiddleware(repositories.open_cards, clock=clock))
        bot.session.middleware(delayed_screens)
        bot.session.middleware(PatienceMiddleware())
        updates = Updates(
            bot,
            dispatcher,
            gate=Gate(repositories.employees),
            stored=StoredUpdates(repositories.waiting_updates),
            receiving=receiving,
            metrics=metrics,
        )
        recorder = Recorder(
            repositories.calls, repositories.rejects, clock=clock, on_recorded=bell.ring
        )

        accepted: dict[int, Accepted] = {}

        @asynccontextmanager
        async def led() -> AsyncIterator[None]:
            """What one process does for all."""
            alerter = Alerter(
                bot,
                outbox=repositories.outbox,
                alert_lists=repositories.alert_lists,
                groups=repositories.groups,
                notices=create_notices(
                    repositories,
                    i18n,
                    zone=settings.zone,
                    clock=clock,
                    call_back=cards.call_back,
                    client_url=settings.client_url,
                    source_zones={
                        name: ZoneInfo(chosen.timezone)
                        for name, chosen in settings.sources.items()
                    },
                ),
                open_cards=OpenCards(
                    bot,
                    repositories.open_cards,
                    outbox=repositories.outbox,
                    employees=repositories.employees,
                    cards=cards,
                    i18n=i18n,
                    clock=clock,
                    holding=isolation.hold,
                ),
                clock=clock,
                pace=pace,
                metrics=metrics,
                may_send=lambda: lease.is_held,
                accepted=accepted,
            )
            clock_watch = ClockWatch(
                repositories.clock_state,
                clock=clock,
                latest=latest,
                steady=steady,
                wake=bell.ring,
            )
            jobs = Jobs(
                repositories.calls,
                repositories.case_deadlines,
                repositories.company,
                repositories.reminders,
                repositories.digest_times,
                repositories.weekly_statistics,
                repositories.open_cards,
                repositories.dials,
                repositories.audit,
                repositories.contact_book,
                repositories.search,
                clock_watch=clock_watch,
                silence_watch=SilenceWatch(
                    repositories.silences,
                    repositories.company,
                    settings.sources,
                    zone=settings.zone,
                ),
                wake=bell.ring,
                weekly_exports=WeeklyExports(
                    bot,
                    export_screens.sender,
                    repositories.log_views,
                    exporting,
                    i18n,
                    may_send=lambda: lease.is_held,
                ).begin_due,
                retention_days=settings.retention_days,
                audit_days=settings.audit_days,
            )
            listening = Listening(
                sources,
                recorder,
                repositories.feeds,
                clock=clock,
                steady=steady,
                wake=bell.ring,
                metrics=metrics,
            )
            asking_again = AskingAgain(sources, repositories.calls, recorder, clock=clock)
            async with AsyncExitStack() as leading:
                await _note_interrupted(repositories, now=clock())
                older_programs = OlderPrograms(database)
                if lease.is_shared:
                    await older_programs.mend(now=clock())
                await delayed_screens.forget_old()
                left = 0 if await _is_alone(lease) else LEFT_SECONDS
                await delayed_screens.adopt_left(seconds=left)
                timer = await leading.enter_async_context(start_timer())
                jobs.begin(timer)
                timer.every(1, older_programs.look_through)
                if lease.is_shared:
                    timer.every(MENDED_EVERY, partial(older_programs.mend_again, clock))
                    timer.every(1, dialler.take)
                    show_left = partial(delayed_screens.adopt_left, seconds=LEFT_SECONDS)
                    timer.every(LEFT_SECONDS / 3, show_left)
                leading.enter_context(bell.waking(alerter.wake))
                await leading.enter_async_context(_beside(bell.listen()))
                for worker in (alerter, listening, asking_again):
                    await leading.enter_async_context(_running(worker))
                await leading.enter_async_context(
                    updates.receiving(i18n, webhook=_webhook_of(settings))
                )
                yield

        leading = Leading(lease, led)
        app = create_web(
            settings=settings,
            sources=sources,
            recorder=recorder,
            durability=repositories.durability,
            outbox=repositories.outbox,
            metrics=metrics,
            figures=SourceFigures(
                settings.sources,
                repositories.calls,
                repositories.feeds,
                repositories.silences,
                clock,
            ),
            posts=posts,
            bot=bot,
            handle_update=updates.handle_posted,
            steady=steady,
            is_receiving=receiving.is_receiving,
            is_leader=lambda: leading.is_leader or not lease.is_shared,
        )
        url = await stack.enter_async_context(serve_http(app, settings))
        log.info("listening on %s", url)
        for worker in (bell, leading, delayed_screens, dialler):
            await stack.enter_async_context(_running(worker))
        await stack.enter_async_context(updates.handling())
        yield url


async def _bring_up_to_date(
    database: Database, repositories: Repositories, settings: Settings, *, now: int
) -> None:
    """Bring the database in line with the settings, and with what this version keeps in it.

    Every process does so, and whatever two do at once comes to the same.
    """
    await repositories.employees.sync_administrators(
        settings.admin_ids,
        language=settings.language,
        page_size=settings.page_size,
        now=now,
    )
    if made := await create_missing_cases(database, rules=settings.case_rules, now=now):
        log.info("made the cases of %d lost calls recorded before", made)


async def _is_alone(lease: Lease) -> bool:
    """Whether for sure no other process is on the database."""
    with suppress(StorageError):
        return await lease.count_replicas() == 1
    return False


async def _note_interrupted(repositories: Repositories, *, now: int) -> None:
    if unsure := await repositories.dials.note_interrupted(now=now):
        log.warning(
            "the bot ended while %d calls were being begun: nothing is tried again", unsure
        )


def _webhook_of(settings: Settings) -> Webhook | None:
    """Where Telegram should post updates; None if the bot polls."""
    if settings.updates == "polling":
        return None
    return Webhook(
        settings.public_url.rstrip("/") + TELEGRAM_PATH,
        settings.webhook_secret.get_secret_value(),
    )


@asynccontextmanager
async def _running(worker: Worker) -> AsyncIterator[None]:
    """Have it work until the end of the block; a message being sent is finished."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it done beside the block, and cancelled at its end."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()

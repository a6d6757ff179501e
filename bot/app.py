"""The composition root: the only builder of objects, and the life of the running bot."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import AiogramError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.fsm.storage.memory import SimpleEventIsolation
from aiogram.types import LinkPreviewOptions
from aiogram.utils.i18n import I18n
from aiohttp import web

from bot.config.settings import Settings
from bot.delivery.alerter import Alerter
from bot.delivery.notices import Notices
from bot.delivery.pace import Pace, SpeakMiddleware
from bot.domain.clock import Clock, system_clock
from bot.domain.errors import StartError
from bot.intake.recorder import Recorder
from bot.jobs.jobs import Jobs
from bot.jobs.timer import start_timer
from bot.media.recordings import Recordings
from bot.sources.registry import create_source
from bot.telegram.i18n import create_i18n
from bot.telegram.menu import set_menus
from bot.telegram.middlewares import (
    EmployeeMiddleware,
    InFlight,
    LanguageMiddleware,
    LeaveDialog,
    WakeMiddleware,
)
from bot.telemetry.metrics import Metrics
from bot.web.server import TELEGRAM_PATH, create_web
from handlers import create_routers
from handlers.calls import CardScreens
from handlers.case_screens import CaseScreens
from handlers.digests import DigestScreens
from storage.calls import CallRepo
from storage.cases import CaseRepo
from storage.comments import CommentRepo
from storage.company import CompanyRepo
from storage.contacts import ContactRepo
from storage.database import Database, open_database
from storage.digests import DigestRepo
from storage.employees import EmployeeRepo
from storage.fsm import FsmStorage
from storage.groups import GroupRepo
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from storage.outbox import OutboxRepo
from storage.rejects import RejectRepo
from storage.reminders import ReminderRepo

log = logging.getLogger(__name__)

_FINISH_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class Repositories:
    """Everything stored, by the names handlers ask for."""

    calls: CallRepo
    journal: JournalRepo
    cases: CaseRepo
    company: CompanyRepo
    groups: GroupRepo
    digests: DigestRepo
    reminders: ReminderRepo
    employees: EmployeeRepo
    invites: InviteRepo
    comments: CommentRepo
    contacts: ContactRepo
    outbox: OutboxRepo
    rejects: RejectRepo


def create_repositories(database: Database, settings: Settings) -> Repositories:
    rules = settings.case_rules
    journal = JournalRepo(database)
    return Repositories(
        calls=CallRepo(database, rules=rules),
        journal=journal,
        cases=CaseRepo(database, journal, rules=rules, claim_seconds=settings.claim_minutes * 60),
        company=CompanyRepo(database, settings.zone),
        reminders=ReminderRepo(database),
        groups=GroupRepo(database),
        digests=DigestRepo(database, settings.zone, window=rules.window),
        employees=EmployeeRepo(database),
        invites=InviteRepo(database),
        comments=CommentRepo(database),
        contacts=ContactRepo(database),
        outbox=OutboxRepo(database),
        rejects=RejectRepo(database),
    )


def create_bot(settings: Settings) -> Bot:
    """The client of the Bot API. Raises StartError without a token."""
    token = settings.bot_token.get_secret_value()
    if not token:
        raise StartError("BOT_TOKEN: not set; @BotFather gives one")
    api = TelegramAPIServer.from_base(settings.bot_api_url)
    # Not link_preview_is_disabled: aiogram turns that into a field the Bot API no longer has.
    properties = DefaultBotProperties(
        parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True)
    )
    return Bot(token, session=AiohttpSession(api=api), default=properties)


def create_dispatcher(
    *,
    settings: Settings,
    database: Database,
    repositories: Repositories,
    i18n: I18n,
    clock: Clock,
    in_flight: InFlight,
    wake: Callable[[], None],
    recordings: Recordings,
) -> Dispatcher:
    """`wake` lets the Alerter look into the outbox: what people do may owe messages."""
    card_screens = CardScreens(repositories.journal, settings, clock)
    dispatcher = Dispatcher(
        storage=FsmStorage(database),
        events_isolation=SimpleEventIsolation(),
        settings=settings,
        clock=clock,
        started_at=clock(),
        calls=repositories.calls,
        journal=repositories.journal,
        recordings=recordings,
        card_screens=card_screens,
        case_screens=CaseScreens(
            repositories.cases, card_screens, repositories.outbox, settings, clock
        ),
        company=repositories.company,
        reminders=repositories.reminders,
        groups=repositories.groups,
        digests=repositories.digests,
        digest_screens=DigestScreens(
            repositories.digests,
            repositories.cases,
            repositories.company,
            settings.zone,
            clock,
        ),
        cases=repositories.cases,
        employees=repositories.employees,
        invites=repositories.invites,
        comments=repositories.comments,
        contacts=repositories.contacts,
        outbox=repositories.outbox,
        rejects=repositories.rejects,
    )
    dispatcher.update.outer_middleware(in_flight)
    dispatcher.update.outer_middleware(WakeMiddleware(wake))
    dispatcher.update.outer_middleware(EmployeeMiddleware())
    language = LanguageMiddleware(i18n, default=settings.language)
    dispatcher.update.outer_middleware(language)
    dispatcher.error.outer_middleware(language)  # errors are told from outside the one above
    dispatcher.message.outer_middleware(LeaveDialog())
    dispatcher.include_routers(*create_routers())
    return dispatcher


async def run(settings: Settings, *, clock: Clock = system_clock) -> None:
    """Run the bot until SIGTERM or SIGINT. Raises StartError if it cannot begin."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(settings, clock=clock):
        await stop.wait()
        log.info("stopping: no new updates, finishing what is in hand")


@asynccontextmanager
async def serve(settings: Settings, *, clock: Clock) -> AsyncIterator[str]:
    """The whole bot at work: hooks, updates, alerts, ticks. Yields the address of its server.

    Leaving it finishes what is in hand. Raises StartError if it cannot begin.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_instance(settings.database_path))
        database = await stack.enter_async_context(open_database(settings.database_path))
        repositories = create_repositories(database, settings)
        await repositories.employees.sync_administrators(
            settings.admin_ids,
            language=settings.language,
            page_size=settings.page_size,
            now=clock(),
        )
        if made := await repositories.cases.catch_up(now=clock()):
            log.info("made the cases of %d lost calls recorded before", made)
        bot = create_bot(settings)
        stack.push_async_callback(bot.session.close)
        pace = Pace(asyncio.get_running_loop().time)
        bot.session.middleware(SpeakMiddleware(pace))
        # Neither a proxy nor a password from the environment: bot/media judges who is asked.
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        recordings = await stack.enter_async_context(Recordings(http, settings))
        i18n, metrics = create_i18n(settings.language), Metrics()
        in_flight = InFlight(metrics)
        notices = Notices(
            employees=repositories.employees,
            cases=repositories.cases,
            company=repositories.company,
            groups=repositories.groups,
            digests=repositories.digests,
            reminders=repositories.reminders,
            journal=repositories.journal,
            rejects=repositories.rejects,
            i18n=i18n,
            zone=settings.zone,
            clock=clock,
        )
        alerter = Alerter(
            bot,
            outbox=repositories.outbox,
            groups=repositories.groups,
            notices=notices,
            clock=clock,
            pace=pace,
            metrics=metrics,
        )
        dispatcher = create_dispatcher(
            settings=settings,
            database=database,
            repositories=repositories,
            i18n=i18n,
            clock=clock,
            in_flight=in_flight,
            wake=alerter.wake,
            recordings=recordings,
        )
        app = create_web(
            settings=settings,
            sources={name: create_source(name, it) for name, it in settings.sources.items()},
            recorder=Recorder(
                repositories.calls, repositories.rejects, clock=clock, on_recorded=alerter.wake
            ),
            database=database,
            outbox=repositories.outbox,
            metrics=metrics,
            bot=bot,
            dispatcher=dispatcher,
            clock=clock,
        )
        timer = await stack.enter_async_context(start_timer())
        jobs = Jobs(
            repositories.calls,
            repositories.cases,
            repositories.company,
            repositories.reminders,
            repositories.digests,
            repositories.outbox,
            wake=alerter.wake,
            clock=clock,
            retention_days=settings.retention_days,
        )
        timer.every(5, jobs.sweep)
        for job in jobs.minding():
            timer.every(1, job)
        timer.every(15, jobs.settle)
        timer.every(5, jobs.purge)
        url = await stack.enter_async_context(_http_server(app, settings))
        log.info("listening on %s", url)
        await stack.enter_async_context(_alerts(alerter))
        await stack.enter_async_context(_updates(settings, bot, dispatcher, in_flight, i18n))
        yield url


@asynccontextmanager
async def _alerts(alerter: Alerter) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(alerter.run())
        try:
            yield
        finally:
            alerter.stop()


@asynccontextmanager
async def _updates(
    settings: Settings, bot: Bot, dispatcher: Dispatcher, in_flight: InFlight, i18n: I18n
) -> AsyncIterator[None]:
    """Receive updates; at the end finish those in hand and tell Telegram that they are done."""
    async with asyncio.TaskGroup() as tasks:
        receiving = tasks.create_task(_receive(settings, bot, dispatcher, i18n))
        try:
            yield
        finally:
            try:
                await dispatcher.stop_polling()
            except RuntimeError:  # webhook mode, or Telegram has not answered yet
                receiving.cancel()
            await in_flight.finish(_FINISH_SECONDS)
            if settings.updates == "polling" and in_flight.last_update_id is not None:
                with suppress(AiogramError):
                    done = in_flight.last_update_id + 1
                    await bot.get_updates(offset=done, limit=1, timeout=0, request_timeout=5)


async def _receive(settings: Settings, bot: Bot, dispatcher: Dispatcher, i18n: I18n) -> None:
    """Agree with Telegram on how updates come, as long as it takes, and receive them."""
    kinds = dispatcher.resolve_used_update_types()
    await _until_telegram_answers(lambda: _introduce(settings, bot, i18n, kinds))
    if settings.updates == "polling":
        # One by one: an update is acknowledged only when it is done, so kill -9 loses none.
        await dispatcher.start_polling(
            bot,
            handle_as_tasks=False,
            handle_signals=False,
            close_bot_session=False,
            allowed_updates=kinds,
        )


async def _introduce(settings: Settings, bot: Bot, i18n: I18n, kinds: list[str]) -> None:
    me = await bot.me()
    log.info("this is @%s", me.username)
    if settings.updates == "webhook":
        await bot.set_webhook(
            settings.public_url.rstrip("/") + TELEGRAM_PATH,
            secret_token=settings.webhook_secret.get_secret_value(),
            allowed_updates=kinds,
        )
    else:
        await bot.delete_webhook()
    await set_menus(bot, i18n)


async def _until_telegram_answers(ask: Callable[[], Awaitable[None]]) -> None:
    """Retry until it works: hooks are taken meanwhile. A refused token is a StartError."""
    seconds = 1.0
    while True:
        try:
            return await ask()
        except TelegramUnauthorizedError as error:
            raise StartError("BOT_TOKEN: Telegram does not know this token") from error
        except TelegramRetryAfter as error:
            seconds = error.retry_after
        except AiogramError as error:  # a gateway's page among them: it is no TelegramAPIError
            why = str(error).partition("\n")[0]
            log.warning("Telegram does not answer (%s), again in %.0f s", why, seconds)
        await asyncio.sleep(seconds)
        seconds = min(60.0, seconds * 2)


@asynccontextmanager
async def _http_server(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FINISH_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        try:
            await site.start()
        except OSError as error:
            raise StartError(f"HTTP_PORT: {error.strerror}") from error
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@contextmanager
def _only_instance(database_path: Path) -> Iterator[None]:
    """Hold the database for this process; the lock goes with the process, however it ends."""
    database_path.parent.mkdir(parents=True, exist_ok=True)
    with database_path.with_name(database_path.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"DATABASE_PATH: another Dzvinok is running on {database_path}"
            ) from None
        yield

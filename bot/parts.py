"""The larger parts of the running bot, each built of repositories and settings.

app.py puts them together; tests and benches take one at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from zoneinfo import ZoneInfo

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.types import LinkPreviewOptions
from aiogram.utils.i18n import I18n

from bot.config.settings import Settings
from bot.delivery.cards import Cards
from bot.delivery.exports import ExportSender
from bot.delivery.notices import Notices
from bot.dialling.dialler import Dialler
from bot.domain.calling_back import NO_CALL_BACK, CallBack
from bot.domain.clock import Clock
from bot.domain.errors import StartError
from bot.domain.posts import HookPosts
from bot.domain.receiving import Receiving
from bot.media.charts import Charts
from bot.media.exports import Exporter
from bot.media.origins import can_be_heard
from bot.media.recordings import Recordings
from bot.repositories import Repositories
from bot.sources.base import CallSource, DialSource, RecordingSource
from bot.telegram.background import Background
from bot.telegram.isolation import PersonIsolation
from bot.telegram.middlewares import (
    InHandlerMiddleware,
    LanguageMiddleware,
    PersonMiddleware,
    WakeMiddleware,
)
from bot.telegram.session import Session
from handlers import create_routers
from handlers.board import BoardScreens
from handlers.calling_back import CallBackScreens
from handlers.calls import CardScreens
from handlers.case_screens import CaseScreens
from handlers.contact_book import BookScreens
from handlers.contact_files import FileScreens
from handlers.contact_screens import ContactScreens
from handlers.digests import DigestScreens
from handlers.earlier_answers import AnswerEarlier
from handlers.exports import ExportScreens
from handlers.left_dialogs import LeaveByCommand, LeaveByPress, LeaveWhenRefused
from handlers.log_screens import LogScreens
from handlers.search import SearchScreens
from handlers.statistics import StatsScreens
from storage.engine.base import Lease
from storage.leases import SoleLease


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
    return Bot(token, session=Session(api=api), default=properties)


def create_dispatcher(
    *,
    settings: Settings,
    repositories: Repositories,
    cards: Cards,
    i18n: I18n,
    clock: Clock,
    wake: Callable[[], None],
    recordings: Recordings,
    dialler: Dialler,
    steady: Callable[[], float] | None = None,
    receiving: Receiving,
    isolation: PersonIsolation,
    posts: HookPosts | None = None,
    lease: Lease | None = None,
    background: Background | None = None,
    export_screens: ExportScreens | None = None,
) -> Dispatcher:
    """What answers people: the routers of `handlers`, and the parameters they ask for by name.

    `wake` lets the Alerter look into the outbox: what people do may owe messages. `receiving`:
    whether updates come in, for /health. `steady`: see `serve`. `isolation` holds up the updates
    of a person while one is handled. `posts` and `lease`: what comes to the hooks and who leads,
    for /health. `background`: what outlasts a press is done there; None: nobody waits for it.
    `export_screens`: those that the weekly exports share; None: others.
    """
    card_screens = CardScreens(cards, repositories.journal, settings, clock)
    log_screens = create_log_screens(repositories, settings, clock)
    dispatcher = Dispatcher(
        storage=repositories.fsm,
        events_isolation=isolation,
        disable_fsm=True,  # its middleware: PersonMiddleware does the same, and more
        settings=settings,
        clock=clock,
        steady=steady or clock,
        started_at=float((steady or clock)()),
        recordings=recordings,
        receiving=receiving,
        posts=posts or HookPosts(clock),
        lease=lease or SoleLease(),
        card_screens=card_screens,
        log_screens=log_screens,
        search_screens=SearchScreens(log_screens, repositories.audit, settings, clock),
        stats_screens=StatsScreens(
            log_screens, repositories.statistics, repositories.employees, Charts(), clock
        ),
        export_screens=export_screens
        or create_export_screens(repositories, settings, clock, Background()),
        board_screens=BoardScreens(repositories.cases, settings, clock),
        case_screens=CaseScreens(
            repositories.cases,
            repositories.case_closings,
            card_screens,
            repositories.outbox,
            settings,
            clock,
        ),
        call_back_screens=CallBackScreens(
            repositories.journal,
            repositories.cases,
            repositories.dials,
            dialler,
            cards.call_back,
            clock,
        ),
        contact_screens=ContactScreens(
            repositories.contacts, repositories.journal, card_screens, settings, clock
        ),
        book_screens=BookScreens(
            repositories.contact_book, repositories.contacts, settings, clock
        ),
        file_screens=FileScreens(
            repositories.contact_book,
            repositories.contact_imports,
            settings,
            clock,
            background or Background(),
            wake,
        ),
        digest_screens=DigestScreens(
            repositories.digests,
            repositories.cases,
            repositories.company,
            settings.zone,
            clock,
        ),
        **{field.name: getattr(repositories, field.name) for field in fields(repositories)},
    )
    dispatcher.update.outer_middleware(InHandlerMiddleware())
    dispatcher.update.outer_middleware(WakeMiddleware(wake))
    dispatcher.update.outer_middleware(PersonMiddleware(dispatcher.fsm, isolation))
    language = LanguageMiddleware(i18n, default=settings.language)
    dispatcher.update.outer_middleware(language)
    dispatcher.error.outer_middleware(language)  # errors are told from outside the one above
    dispatcher.message.outer_middleware(LeaveByCommand())
    dispatcher.message.outer_middleware(AnswerEarlier())
    dispatcher.callback_query.outer_middleware(LeaveByPress())
    for observer in (dispatcher.message, dispatcher.edited_message, dispatcher.callback_query):
        observer.middleware(LeaveWhenRefused())
    dispatcher.include_routers(*create_routers())
    return dispatcher


def create_log_screens(repositories: Repositories, settings: Settings, clock: Clock) -> LogScreens:
    return LogScreens(
        repositories.journal,
        repositories.log_views,
        repositories.viewed_log,
        repositories.client_stories,
        settings,
        clock,
    )


def create_export_screens(
    repositories: Repositories, settings: Settings, clock: Clock, background: Background
) -> ExportScreens:
    sender = ExportSender(
        repositories.viewed_log,
        repositories.employees,
        repositories.audit,
        repositories.export_plans,
        Exporter(),
        settings.database,
        settings.zone,
        clock,
    )
    return ExportScreens(
        create_log_screens(repositories, settings, clock),
        sender,
        repositories.export_plans,
        repositories.exports_under_way,
        background,
    )


def create_notices(
    repositories: Repositories,
    i18n: I18n,
    *,
    zone: ZoneInfo,
    clock: Clock,
    call_back: CallBack = NO_CALL_BACK,
    source_zones: Mapping[str, ZoneInfo] | None = None,
    client_url: str = "",
) -> Notices:
    return Notices(
        alert_facts=repositories.alert_facts,
        alert_lists=repositories.alert_lists,
        employees=repositories.employees,
        invites=repositories.invites,
        cases=repositories.cases,
        company=repositories.company,
        groups=repositories.groups,
        digests=repositories.digests,
        statistics=repositories.statistics,
        log_views=repositories.log_views,
        reminders=repositories.reminders,
        journal=repositories.journal,
        rejects=repositories.rejects,
        feeds=repositories.feeds,
        clock_shifts=repositories.clock_shifts,
        dials=repositories.dials,
        call_back=call_back,
        i18n=i18n,
        zone=zone,
        clock=clock,
        source_zones=source_zones or {},
        client_url=client_url,
    )


def create_cards(
    repositories: Repositories,
    settings: Settings,
    sources: Mapping[str, CallSource] | None = None,
    dialling: Mapping[str, DialSource] | None = None,
) -> Cards:
    askable = {name for name, one in (sources or {}).items() if isinstance(one, RecordingSource)}
    return Cards(
        repositories.journal,
        repositories.cases,
        settings.zone,
        partial(can_be_heard, settings=settings, askable=askable),
        CallBack(
            {name: settings.sources[name].number_plan for name in dialling or ()},
            {name: one.can_ring for name, one in (dialling or {}).items()},
        ),
        settings.client_url,
    )


async def find_recording(
    sources: Mapping[str, CallSource], name: str, reference: str
) -> str | None:
    """Ask the source where this recording is; None: it is gone, or so is the source."""
    source = sources.get(name)
    return await source.find_recording(reference) if isinstance(source, RecordingSource) else None

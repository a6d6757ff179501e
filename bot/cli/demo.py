"""`dzvinok demo`: the same bot as in `run`, with an invented Telegram, PBX and company around it.

Only settings differ: the Bot API server is ours, the database is the demo's. Nothing leaves this
computer.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import tzlocal
from aiohttp import web
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.app import serve
from bot.cli.demo_past import write_deeds, write_past, write_remarks
from bot.config.settings import Settings
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.chats import Person
from bot.demo.page.server import DemoPage
from bot.demo.page.sources import Source, SourceState
from bot.demo.pbx import sounds
from bot.demo.pbx.asterisk.pbx import AsteriskPbx
from bot.demo.pbx.binotel import BinotelPbx
from bot.demo.pbx.calling import PhoneSystem
from bot.demo.pbx.company import PEOPLE, SOURCE, Colleague
from bot.demo.pbx.posting import JsonPbx, PhonetPbx
from bot.domain.clock import system_clock
from bot.domain.errors import StartError, StorageError
from bot.domain.people import Language
from bot.parts import create_bot
from bot.repositories import Repositories, create_repositories
from bot.telegram.i18n import create_i18n
from bot.telegram.menu import set_menu
from storage.database import open_database
from storage.lock import only_process

_BOT_ID = 7000000001
_GROUP = -1001000000001
_MESSAGES = 2**30
"""Message ids begin at random below this, and Telegram's own end at 2**31."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command. `data` is the directory the demo is kept in; None: nowhere."""

    port: int
    opens_browser: bool
    seed: int
    calls: int
    speed: float
    is_quiet: bool
    data: Path | None


class _DemoSettings(Settings):
    """Settings given in code: neither the environment nor `.env` is read."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature of pydantic-settings
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_rest: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


async def demonstrate(options: Options, *, say: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. Raises StartError if the port or `data` cannot be used."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        directory = _open_directory(options.data, stack)
        scene = _create_scene(options, directory)
        try:
            await stack.enter_async_context(
                scene.telegram.running(options.port, mount=scene.mount)
            )
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise StartError(f"--port {options.port}: {why}") from error
        await stack.enter_async_context(scene.phones.running())
        settings = _settings(directory, scene)
        try:
            with only_process(settings.database_path):  # another demo may be writing it
                past = await write_past(
                    settings, calls=options.calls, seed=options.seed, say=say, stop=stop
                )
        except (StartError, StorageError, OSError) as error:
            why = str(error).removeprefix("DATABASE_PATH: ")
            raise StartError(f"--data {directory}: {why}") from error
        if stop.is_set():
            return
        url = await stack.enter_async_context(
            serve(settings, clock=system_clock, dialling={SOURCE: scene.phones})
        )
        await scene.start_colleagues(past.invites)
        await scene.speech.begin(settings)
        await stack.enter_async_context(scene.sources.watching(settings))
        if past.is_new:
            await write_remarks(settings)
            await write_deeds(settings)
        if stop.is_set():  # a browser would find nobody
            return
        async with asyncio.TaskGroup() as life:
            calling = life.create_task(scene.phones.run(url, quiet=options.is_quiet))
            address = scene.telegram.url
            say(f"The demo is at {address} (Ctrl-C ends it)")
            if options.opens_browser:
                # It may wait for the browser, and the browser waits for this loop.
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            await stop.wait()
            calling.cancel()


def _open_directory(data: Path | None, stack: contextlib.AsyncExitStack) -> Path:
    """The folder of the demo's data, one that goes with the stack if `data` is None.

    Raises StartError if nothing can be written there.
    """
    try:
        if data is None:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            return data
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise StartError(f"--data {data}: {why}" if data else f"TMPDIR: {why}") from error


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the bot finds around it: a Telegram with people and a group, PBXs, the page."""

    telegram: BotApiServer
    bot_token: str
    users: dict[int, User]
    group: Group
    phones: PhoneSystem
    page: DemoPage
    speech: "_Speech"
    sources: "_Sources"

    def mount(self, app: web.Application) -> None:
        self.page.mount(app)
        sounds.mount(app)

    async def start_colleagues(self, invites: dict[int, str]) -> None:
        """Everybody but the first presses START, and the first connects the group.

        `invites` are by Telegram id. To START for oneself is left to the visitor.
        """
        for one in PEOPLE[1:]:
            await self.users[one.tg_id].start(invites.get(one.tg_id, ""))
            await self.users[one.tg_id].wait_for(lambda message: message.is_from_bot, timeout=30)
        await self.users[PEOPLE[0].tg_id].send("/connect", group=self.group)
        await self.group.wait_for(lambda message: message.is_from_bot, timeout=30)


class _Speech:
    """Has the bot speak the language of the page, as if all chose it and connected the group anew.

    What is chosen before the bot runs is heeded once it does.
    """

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._chosen: Language | None = None

    async def begin(self, settings: Settings) -> None:
        self._settings = settings
        if self._chosen:
            await self.choose(self._chosen)

    async def choose(self, language: Language) -> None:
        self._chosen = language
        if self._settings is None:
            return
        bot, i18n = create_bot(self._settings), create_i18n(self._settings.language)
        async with open_database(self._settings.database_path) as database, bot.session:
            repositories = create_repositories(database, self._settings)
            employees, groups = repositories.employees, repositories.groups
            for one in PEOPLE:
                if employee := await employees.find(one.tg_id):
                    await employees.set_language(employee.id, self._chosen)
                    await set_menu(bot, i18n, await employees.get(employee.id))
            owner, group = await employees.find(PEOPLE[0].tg_id), await groups.find(_GROUP, 0)
            if owner and group and group.is_active:
                await groups.connect(_GROUP, 0, title=group.title, by=owner, now=system_clock())


class _Sources:
    """The sources of the page: the PBXs, and what the bot has in its database of each."""

    def __init__(self, phones: PhoneSystem) -> None:
        self._phones = phones
        self._repositories: Repositories | None = None

    @contextlib.asynccontextmanager
    async def watching(self, settings: Settings) -> AsyncIterator[None]:
        """What the bot has can be seen until the end of the block."""
        async with open_database(settings.database_path) as database:
            self._repositories = create_repositories(database, settings)
            yield
            self._repositories = None

    def all(self) -> list[Source]:
        return [pbx.about for pbx in self._phones.pbxs.values()]

    @property
    def chosen(self) -> str:
        return self._phones.chosen

    def choose(self, key: str) -> None:
        self._phones.choose(key)

    async def states(self) -> dict[str, SourceState]:
        if self._repositories is None:
            return {}
        feeds, calls = await self._repositories.feeds.states(), self._repositories.calls
        return {
            key: SourceState(
                [one for one in feeds if one.source == key], await calls.last_received(key)
            )
            for key in self._phones.pbxs
        }


def _create_scene(options: Options, directory: Path) -> _Scene:
    # A kept database knows messages by their numbers: they must not be given again.
    telegram = BotApiServer(first_message=1 + secrets.randbelow(_MESSAGES))
    # Any site in the browser can reach the Bot API here: only a secret keeps it out.
    bot_token = f"{_BOT_ID}:{secrets.token_urlsafe(24)}"
    bot = telegram.register_bot(bot_token, username="dzvinok_demo_bot", name="Dzvinok")
    users = {one.tg_id: _user(telegram, one) for one in PEOPLE}
    phones = PhoneSystem(
        pbxs=[
            JsonPbx(lambda: telegram.url),
            AsteriskPbx(directory, clock=system_clock),
            BinotelPbx(clock=system_clock),
            PhonetPbx(),
        ],
        telegram=telegram,
        blocker=users[PEOPLE[3].tg_id],
        clock=system_clock,
        seed=options.seed,
        speed=options.speed,
    )
    people = [Person(users[one.tg_id], one.title_uk, one.title_en) for one in PEOPLE]
    group = telegram.group(_GROUP, "Зміна", owner=users[PEOPLE[0].tg_id])
    for member in users.values():
        group.add(member)
    group.add(bot)
    speech, sources = _Speech(), _Sources(phones)
    page = DemoPage(
        telegram,
        people,
        group=group,
        panel=phones,
        sources=sources,
        choose_language=speech.choose,
    )
    return _Scene(telegram, bot_token, users, group, phones, page, speech, sources)


def _user(telegram: BotApiServer, colleague: Colleague) -> User:
    first, last = colleague.name.split()
    return telegram.user(colleague.tg_id, first_name=first, last_name=last, language_code="uk")


def _settings(directory: Path, scene: _Scene) -> Settings:
    values = {
        "bot_token": scene.bot_token,
        "bot_api_url": scene.telegram.url,
        "admin_ids": (PEOPLE[0].tg_id,),
        "database_path": directory / "demo.db",
        "http_port": 0,
        "timezone": local_zone(),
        "client_url": "https://crm.example.com/?phone={number}",
        "sources": scene.phones.settings(),
    }
    return _DemoSettings.model_validate(values)


def local_zone() -> str:
    """The time zone of this computer, so that the shop opens in the visitor's morning."""
    try:
        return tzlocal.get_localzone_name()
    except ZoneInfoNotFoundError:
        return "Europe/Kyiv"

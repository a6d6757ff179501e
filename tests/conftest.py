"""What tests of several rooms begin with."""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from itertools import islice
from pathlib import Path
from zlib import crc32

import pytest
from aiogram import Dispatcher

from bot.config.settings import Settings
from bot.dialling.dialler import Dialler
from bot.domain.receiving import Receiving
from bot.media.recordings import Recordings
from bot.parts import create_cards, create_dispatcher
from bot.repositories import create_repositories
from bot.telegram.i18n import create_i18n
from bot.telegram.isolation import PersonIsolation
from storage.engine.base import Database
from tests.support.databases import empty_database, engine_chosen
from tests.support.engines import ENGINES
from tests.support.places import ROOT
from tests.support.plain_http import plain_http
from tests.support.postgres import prepare_folder, stop_server
from tests.support.stored_calls import StoredCalls
from tests.support.stored_digests import StoredDigests

MEMORY = Path("/dev/shm")
ROOM = 2**30


def pytest_configure(config: pytest.Config) -> None:
    """Keep the files of tests in memory where there is room: a kill loses as little there.

    Only a loss of power would differ, which no test makes; and no commit waits for a disk.
    """
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if not hasattr(config, "workerinput"):
        prepare_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_server()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while tests are gathered nor among what was: it all stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 20)  # a tenth of the time of all tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mix the files: those that wait for processes and seconds run beside those that compute.

    Each worker gets as many of them, one after another, and begins with its share of the `long`
    ones: none is left for the end, when the others have nothing to do any more.
    """
    items.sort(key=lambda item: crc32(str(item.path.relative_to(ROOT)).encode()))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    long = [item for item in items if item.get_closest_marker("long")]
    others = iter([item for item in items if not item.get_closest_marker("long")])
    mixed: list[pytest.Item] = []
    for worker in range(workers):
        first = long[worker::workers]
        size = (len(items) - len(mixed)) // (workers - worker)
        mixed += [*first, *islice(others, max(0, size - len(first)))]
    items[:] = [*mixed, *others]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of all databases of the test: each in turn."""
    with engine_chosen(request.param):
        yield request.param


@pytest.fixture
async def database(engine: str, tmp_path: Path) -> AsyncIterator[Database]:  # noqa: ARG001
    """An empty database, of each engine."""
    async with empty_database(tmp_path / "dzvinok.db") as database:
        yield database


@pytest.fixture
def stored(database: Database) -> StoredCalls:
    """An empty database that calls are about to be stored in."""
    return StoredCalls(database)


@pytest.fixture
async def dispatcher(database: Database) -> AsyncIterator[Dispatcher]:
    """The dispatcher with all its handlers, as the program wires it."""
    chosen = Settings(_env_file=None)
    repositories = create_repositories(database, chosen)
    async with plain_http() as http:
        yield create_dispatcher(
            settings=chosen,
            repositories=repositories,
            cards=create_cards(repositories, chosen),
            i18n=create_i18n(chosen.language),
            clock=lambda: 0,
            receiving=Receiving(lambda: 0),
            isolation=PersonIsolation(database),
            wake=lambda: None,
            recordings=Recordings(http, chosen),
            dialler=Dialler({}, repositories.dials, clock=lambda: 0, wake=lambda: None),
        )


@pytest.fixture
def digests(database: Database) -> StoredDigests:
    """An empty database that calls to be told of in digests are about to be stored in."""
    return StoredDigests(database)

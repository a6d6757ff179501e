"""A PostgreSQL for tests: Debian's programs, one server for all workers, a database for each test.

The server is started by whoever needs it first, in a folder that the environment names to all
workers, and goes with that folder.
"""

import asyncio
import fcntl
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.engine.postgres import open_postgres

FOLDER = "DZVINOK_TESTS_POSTGRES"
"""The variable of the environment that names the folder."""

_INSTALLED = Path("/usr/lib/postgresql")
_TEMPLATE = "dzvinok_empty"
_MISSING = "NO POSTGRESQL WAS TRIED: apt-get install postgresql"
_UNSAFE = (  # what only a loss of power would show
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal"),
    *("max_wal_senders=0", "max_connections=200", "shared_buffers=64MB", "autovacuum=off"),
    *("max_wal_size=64MB", "min_wal_size=32MB"),  # it may be in memory
)
_numbers = itertools.count()
_unused: list[str] = []
"""Databases to be dropped: not at once, PostgreSQL would wait for connections that just close."""


def prepare_folder() -> None:
    """Name the folder, in the process that starts the workers."""
    if FOLDER not in os.environ:
        where = os.environ.get("PYTEST_DEBUG_TEMPROOT")  # beside the files of the tests
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="dzvinok-pg-", dir=where)


def stop_server() -> None:
    """Stop the server, if somebody has needed it, and delete its folder."""
    if folder := os.environ.pop(FOLDER, None):
        if (Path(folder) / "data").exists():
            run_postgres("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of an empty database of the newest version."""
    folder = _server()
    while _unused:
        _query(folder, f"DROP DATABASE {_unused.pop()} WITH (FORCE)")
    name = f"dzvinok_{os.getpid()}_{next(_numbers)}"
    _query(folder, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    try:
        yield _address(folder, name)
    finally:
        _unused.append(name)


def check_installed() -> None:
    """Skip the test where PostgreSQL is missing; fail it in CI."""
    if not _programs():
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)


@cache
def _server() -> Path:
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "data").exists():
            _start(folder)
            _query(folder, f"CREATE DATABASE {_TEMPLATE}")
            with ThreadPoolExecutor() as thread:  # this one may have a loop of its own
                thread.submit(asyncio.run, _make_template(_address(folder, _TEMPLATE))).result()
    return folder


def _start(folder: Path) -> None:
    make_data(folder)
    start_postgres(folder, *_UNSAFE, "listen_addresses=")


def make_data(folder: Path) -> None:
    """Make an empty server in a folder, which its user then owns."""
    if os.getuid() == 0:  # a server of root's is refused
        shutil.chown(folder, "postgres")
        folder.chmod(0o755)
    places = ("-D", f"{folder}/data", "-E", "UTF8", "--locale=C.UTF-8")
    run_postgres("initdb", *places, "-A", "trust", "-U", "postgres", "-N")


def start_postgres(folder: Path, *settings: str) -> None:
    """Start the server of a folder, and wait until it answers."""
    options = " ".join(f"-c {one}" for one in (*settings, f"unix_socket_directories={folder}"))
    words = ("-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o", options)
    run_postgres("pg_ctl", *words, "start")


def run_postgres(program: str, *words: str) -> None:
    """Run a program of PostgreSQL's to its end, as the user its servers belong to.

    Skips the test where there is none; fails it in CI.
    """
    check_installed()
    user = "postgres" if os.getuid() == 0 else None
    subprocess.run(
        [_programs()[-1] / program, *words], check=True, user=user, capture_output=True, cwd="/"
    )


@cache
def _programs() -> list[Path]:
    """The folders of the versions there are, the newest last."""
    return sorted(_INSTALLED.glob("*/bin"), key=lambda folder: float(folder.parent.name))


async def _make_template(address: str) -> None:
    async with open_postgres(address):
        pass


def _address(folder: Path, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={folder}"


def _query(folder: Path, sql: str) -> None:
    _administrator(folder).execute(sql.encode())


@cache
def _administrator(folder: Path) -> psycopg.Connection[Any]:
    return psycopg.connect(_address(folder, "postgres"), autocommit=True)

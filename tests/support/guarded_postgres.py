"""A PostgreSQL of a test's own, over TCP and by password; a standby of it; a PgBouncer before it.

What everybody's (tests/support/postgres.py) does not try: that one is trusted, over a socket.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from tests.support.postgres import run_postgres
from tests.support.processes import free_port

PASSWORD, URL_PASSWORD = "пароль@/#1", "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C%40%2F%231"

_HBA = """
hostssl all         in_private 127.0.0.1/32 scram-sha-256
host    all         in_private 127.0.0.1/32 reject
host    replication all        127.0.0.1/32 scram-sha-256
host    all         all        127.0.0.1/32 scram-sha-256
"""
_OPTIONS = (
    *("fsync=off", "wal_level=replica", "max_wal_senders=4", "max_connections=60"),
    *("shared_buffers=16MB", "unix_socket_directories=", "listen_addresses=127.0.0.1"),
)
_BOUNCER = Path("/usr/sbin/pgbouncer")
_MISSING = "NO PGBOUNCER WAS TRIED: apt-get install pgbouncer"
_SECONDS = 30.0
_ATTEMPTS = 3


class OwnServer:
    """`user`: who may do anything, as nobody else who is not made by the test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def address(
        self, database: str, *, user: str = "owner", password: str = URL_PASSWORD, more: str = ""
    ) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}{more}"

    def query(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        run_postgres("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server with nothing in it."""
    with _folder() as folder:
        secret = folder / "secret"
        secret.write_text(PASSWORD, encoding="utf-8")
        _give_away(secret)
        words = ("-A", "scram-sha-256", "-U", "owner", "--pwfile", str(secret), "-E", "UTF8")
        run_postgres("initdb", "-D", f"{folder}/data", *words, "--locale=C.UTF-8", "-N")
        (folder / "data" / "pg_hba.conf").write_text(_HBA)
        with _running(folder) as server:
            yield server


@contextmanager
def standby_of(server: OwnServer) -> Iterator[OwnServer]:
    """One that follows the server, and is read-only."""
    copied = server.address("postgres").rpartition("/")[0]
    with _folder() as folder:
        run_postgres("pg_basebackup", "-D", f"{folder}/data", "-d", copied, "-R", "-c", "fast")
        with _running(folder) as standby:
            yield standby


@contextmanager
def bouncer_before(server: OwnServer, mode: str, **more: object) -> Iterator[int]:
    """The port of a PgBouncer in this mode. Skips the test where there is none; fails it in CI."""
    if not _BOUNCER.exists():
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    with _folder() as folder:
        users = folder / "users"
        users.write_text(f'"owner" "{PASSWORD}"\n', encoding="utf-8")
        _give_away(users)
        settings: dict[str, object] = {
            "listen_addr": "127.0.0.1",
            "auth_type": "plain",
            "auth_file": users,
            "pool_mode": mode,
            "unix_socket_dir": "",
            **more,
        }
        process, port = _bouncer(folder, server, settings)
        try:
            yield port
        finally:
            process.terminate()
            process.wait()


def _bouncer(
    folder: Path, server: OwnServer, settings: dict[str, object]
) -> tuple[subprocess.Popen[bytes], int]:
    """One that answers, and its port."""
    user = "postgres" if os.getuid() == 0 else None
    ini = folder / "pgbouncer.ini"
    for _ in range(_ATTEMPTS):  # a port that was free may be somebody's by now
        port = free_port()
        lines = [f"{name} = {value}" for name, value in settings.items()]
        databases = ["[databases]", f"* = host=127.0.0.1 port={server.port}"]
        ini.write_text("\n".join([*databases, "[pgbouncer]", f"listen_port = {port}", *lines, ""]))
        _give_away(ini)
        process = subprocess.Popen([_BOUNCER, "-q", ini], user=user, cwd="/")
        if _answers(process, server.address("postgres").replace(f":{server.port}/", f":{port}/")):
            return process, port
    pytest.fail("PgBouncer does not start")


@contextmanager
def _folder() -> Iterator[Path]:
    """Beside the files of the tests: among them pytest lets nobody but its own user."""
    where = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    with TemporaryDirectory(prefix="dzvinok-server-", dir=where) as folder:
        _give_away(Path(folder))
        yield Path(folder)


@contextmanager
def _running(folder: Path) -> Iterator[OwnServer]:
    for left in reversed(range(_ATTEMPTS)):  # a port that was free may be somebody's by now
        server = OwnServer(folder, free_port())
        options = " ".join(f"-c {one}" for one in (*_OPTIONS, f"port={server.port}"))
        words = ("-l", f"{folder}/log", "-w", "-o", options)
        try:
            run_postgres("pg_ctl", "-D", f"{folder}/data", *words, "start")
            break
        except subprocess.CalledProcessError as error:
            error.add_note((folder / "log").read_text(encoding="utf-8"))
            if not left:
                raise
    try:
        yield server
    finally:
        server.stop()


def _give_away(path: Path) -> None:
    """To whom the server belongs: it must not be root's."""
    if os.getuid() == 0:
        shutil.chown(path, "postgres")
        path.chmod(0o700)


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """Whether it does before it ends."""
    until = time.monotonic() + _SECONDS
    while process.poll() is None:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                process.kill()
                process.wait()
                raise
            time.sleep(0.05)
        else:
            return True
    return False

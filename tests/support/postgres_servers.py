"""Servers of PostgreSQL that are stopped, killed and promoted; each test has its own.

What is committed is not written through to the disk (fsync=off): a kill loses as little there,
only a loss of power would show.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.support.postgres import check_installed, make_data, run_postgres, start_postgres
from tests.support.processes import free_port

DATABASE = "dzvinok"
_SETTINGS = ("fsync=off", "shared_buffers=64MB", "max_connections=200", "autovacuum=off")


class PostgresServer:
    """`folder`: of this server alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        folder.mkdir()

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The address through a proxy at that port."""
        return f"postgresql://postgres@127.0.0.1:{port}/{DATABASE}"

    def create(self, *settings: str) -> None:
        """Make an empty server, and start it."""
        make_data(self.folder)
        self.start(*settings)
        self.execute(f"CREATE DATABASE {DATABASE}", database="postgres")

    def follow(self, primary: "PostgresServer") -> None:
        """Make this the standby that each commit of the primary waits for."""
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        address = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        where = ("-D", f"{self.folder}/data", "-d", address)
        run_postgres("pg_basebackup", *where, "-R", "-X", "stream", "-c", "fast")
        self.start()
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.execute("SELECT pg_reload_conf()")
        synchronous = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        while not primary.execute(synchronous):
            time.sleep(0.05)

    def start(self, *settings: str) -> None:
        port = (f"port={self.port}", "listen_addresses=127.0.0.1")
        start_postgres(self.folder, *_SETTINGS, *port, *settings)

    def stop(self, how: str) -> None:
        """`how`: fast, immediate; as an administrator does."""
        run_postgres("pg_ctl", "-D", f"{self.folder}/data", "-m", how, "-w", "stop")

    def kill(self) -> None:
        """SIGKILL to all its processes, as if its machine were gone."""
        os.killpg(self._pid(), signal.SIGKILL)

    def promote(self) -> None:
        run_postgres("pg_ctl", "-D", f"{self.folder}/data", "-w", "promote")

    def execute(self, sql: str, *, database: str = DATABASE) -> list[Any]:
        """Run one statement; its rows, if it has any."""
        address = psycopg.conninfo.make_conninfo(self.url, dbname=database)
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def end(self) -> None:
        """Whatever it does, it ends."""
        with suppress(FileNotFoundError, ProcessLookupError):
            self.kill()

    def _pid(self) -> int:
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        return int(lines[0])


def url_of(servers: Sequence[PostgresServer]) -> str:
    """The address of whichever of them takes writes."""
    places = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://postgres@{places}/{DATABASE}?target_session_attrs=read-write"


@contextmanager
def postgres_servers(count: int) -> Iterator[list[PostgresServer]]:
    """So many servers that are yet to be made; they end with the block."""
    check_installed()
    folder = Path(
        tempfile.mkdtemp(prefix="dzvinok-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    )
    folder.chmod(0o755)
    servers = [PostgresServer(folder / str(number)) for number in range(count)]
    try:
        yield servers
    finally:
        for server in servers:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)

"""A MariaDB for tests: Debian's, on a free port, its files in a temporary folder."""

import csv
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.support.processes import free_port

USER, PASSWORD = "dzvinok", "пароль@/#1"
URL_PASSWORD = "%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C%40%2F%231"

TABLE = """CREATE TABLE cdr (
  calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '',
  dcontext varchar(80) NOT NULL DEFAULT '', channel varchar(80) NOT NULL DEFAULT '',
  dstchannel varchar(80) NOT NULL DEFAULT '', lastapp varchar(80) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '', duration int(11) NOT NULL DEFAULT 0,
  billsec int(11) NOT NULL DEFAULT 0, disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '', userfield varchar(255) NOT NULL DEFAULT '',
  did varchar(50) NOT NULL DEFAULT '', recordingfile varchar(255) NOT NULL DEFAULT '',
  cnum varchar(80) NOT NULL DEFAULT '', cnam varchar(80) NOT NULL DEFAULT '',
  outbound_cnum varchar(80) NOT NULL DEFAULT '', outbound_cnam varchar(80) NOT NULL DEFAULT '',
  dst_cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '',
  peeraccount varchar(80) NOT NULL DEFAULT '', sequence int(11) NOT NULL DEFAULT 0,
  KEY calldate (calldate), KEY dst (dst), KEY accountcode (accountcode), KEY uniqueid (uniqueid),
  KEY did (did), KEY recordingfile (recordingfile(191))
) CHARACTER SET utf8mb4"""
"""As FreePBX makes it."""

_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
_PROGRAMS = ("mariadbd", "mariadb-install-db", "my_print_defaults")
_SECONDS = 60.0
_SMALL = (
    *("--bind-address=127.0.0.1", "--skip-log-bin", "--innodb-buffer-pool-size=32M"),
    *("--innodb-flush-log-at-trx-commit=0", "--sql-mode="),
)


@dataclass(frozen=True, slots=True)
class MariaDb:
    """One that runs; `connection` is that of somebody who may write."""

    port: int
    connection: Any

    @property
    def url(self) -> str:
        """For somebody who may only read."""
        return self.url_of(USER, URL_PASSWORD)

    def url_of(self, user: str, password: str, name: str = "asteriskcdrdb") -> str:
        return f"mysql://{user}:{password}@127.0.0.1:{self.port}/{name}"

    def run(self, sql: str, *values: object) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def write(self, *rows: Sequence[str]) -> None:
        """Add rows of the table, in the order of its columns."""
        marks = ", ".join(["%s"] * len(COLUMNS))
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO cdr VALUES ({marks})", rows)


COLUMNS = (
    *("calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp"),
    *("lastdata", "duration", "billsec", "disposition", "amaflags", "accountcode", "uniqueid"),
    *("userfield", "did", "recordingfile", "cnum", "cnam", "outbound_cnum", "outbound_cnam"),
    *("dst_cnam", "linkedid", "peeraccount", "sequence"),
)


def recorded_rows(path: Path) -> list[list[str]]:
    """What a real Asterisk wrote, in the order of the columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def is_installed() -> bool:
    return all(shutil.which(one, path=_PATH) for one in _PROGRAMS)


@contextmanager
def mariadb(directory: Path) -> Iterator[MariaDb]:
    """Without MariaDB a failure in CI, else a skip. It takes seconds to start: share it."""
    server, install, defaults = (shutil.which(one, path=_PATH) for one in _PROGRAMS)
    if server is None or install is None or defaults is None:
        words = (
            "NO DATABASE OF CALLS WAS ASKED: "
            "apt-get install mariadb-server-core mariadb-client-core"
        )
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    port, path = free_port(), directory / "mariadb.sock"
    own = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={directory / 'mariadb'}"]
    making = [install, *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(making, check=True, capture_output=True)
    serving = [server, *own, f"--socket={path}", f"--port={port}", *_SMALL]
    with subprocess.Popen(
        serving, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            with closing(_connected(path)) as connection:
                database = MariaDb(port, connection)
                database.run("CREATE DATABASE asteriskcdrdb")
                database.run("USE asteriskcdrdb")
                database.run(TABLE)
                database.run("CREATE USER %s@'127.0.0.1' IDENTIFIED BY %s", USER, PASSWORD)
                database.run("GRANT SELECT ON asteriskcdrdb.cdr TO %s@'127.0.0.1'", USER)
                yield database
        finally:
            process.terminate()


def _connected(path: Path) -> Any:
    until = time.monotonic() + _SECONDS
    while not _listens(path):
        assert time.monotonic() < until, "MariaDB does not start"
        time.sleep(0.05)
    return pymysql.connect(unix_socket=str(path), user="root", charset="utf8mb4", autocommit=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0

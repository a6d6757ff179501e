"""`dzvinok check` of a server of PostgreSQL, and `run` that meets the same: what to do."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest

from bot.domain.errors import StartError
from storage.database import open_database
from tests.support.guarded_postgres import (
    PASSWORD,
    URL_PASSWORD,
    OwnServer,
    bouncer_before,
    own_server,
    standby_of,
)
from tests.support.moved_clock import clock_to_move
from tests.support.postgres import postgres_database
from tests.support.terminals import Output, Terminal

CREATEDB = "as user postgres: createdb -O USER -E UTF8 -T template0 DATABASE"
"""Without one of these words the next message would be of the encoding, or of the rights."""


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
def database(server: OwnServer) -> Iterator[str]:
    """The name of an empty database of the owner's."""
    server.query("CREATE DATABASE company")
    yield "company"
    server.query("DROP DATABASE company WITH (FORCE)")


def finding(done: Output, what: str) -> str:
    [line] = [line for line in done.lines if line[5:].startswith(f"{what}: ")]
    return line


def failure(terminal: Terminal, address: str) -> str:
    """What `check` says of the database, and `run` of the start: the same, without a password."""
    done = terminal.run("check", DATABASE_URL=address)
    line = finding(done, "database")
    assert done.code == 1
    assert line.startswith("FAIL database: DATABASE_URL: ")
    assert not [
        one for one in done.lines if one[5:].startswith(("server", "connections", "clock"))
    ]
    refusal = terminal.run("run", DATABASE_URL=address).refusal()
    assert refusal == line.removeprefix("FAIL database: ")
    for secret in (PASSWORD, URL_PASSWORD, "wrong"):
        assert secret not in done.out + done.err + refusal
    return line


def test_a_server_in_order(server: OwnServer, database: str, terminal: Terminal) -> None:
    done = terminal.run("check", DATABASE_URL=server.address(database))
    assert finding(done, "database") == f"ok   database: 127.0.0.1:{server.port}/company, 0 calls"
    assert finding(done, "server").startswith("ok   server: PostgreSQL 1")
    assert finding(done, "clock of the server").startswith("ok   clock of the server: 0.0 s ")
    assert finding(done, "connections") == (
        "ok   connections: 57, of which each bot takes up to 12"
    )
    assert URL_PASSWORD not in done.out + done.err


# How it is reached


def test_what_the_address_has_wrong(server: OwnServer, database: str, terminal: Terminal) -> None:
    for changes, told, advice in (
        ({"password": "wrong"}, "password authentication failed", "check the user and the"),
        ({"user": "nobody"}, "password authentication failed", "check the user and the password"),
        ({"database": "none"}, 'database "none" does not exist', f"make it {CREATEDB}"),
        ({"more": "?sslmode=require"}, "does not support SSL", "take sslmode out of the address"),
        (  # so it says of an address that no line lets in, too
            {"user": "in_private"},
            "no encryption",
            "a line of its address in pg_hba.conf; if there is one for TLS alone (hostssl), add "
            "?sslmode=require",
        ),
    ):
        line = failure(terminal, server.address(**{"database": database, **changes}))
        assert told in line
        assert advice in line


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://owner:wrong@127.0.0.1:1/company", "nothing listens there"),
        ("postgresql://owner:wrong@db.invalid/company", "no such host is known here"),
        ("postgresql://owner:wrong%zz@127.0.0.1/company", "expected an address like postgresql:"),
        ("postgresql://owner:wrong@127.0.0.1:wrong/company", "expected an address like"),
        ("postgresql://owner:wrong@127.0.0.1/company?wrong=1", "expected an address like"),
        ("postgresql:///company?host=/nowhere", "nothing listens there"),
    ],
)
def test_where_nobody_answers(terminal: Terminal, address: str, told: str) -> None:
    assert told in failure(terminal, address)


def test_a_password_is_asked_for(server: OwnServer, database: str, terminal: Terminal) -> None:
    address = server.address(database).replace(f":{URL_PASSWORD}@", "@")
    assert "write the password" in failure(terminal, address)


@pytest.mark.parametrize("password", ["se/cret", "se@cret", "se?cret", "se@c/r?et", "@secret"])
def test_an_address_with_a_bare_password_is_refused_and_not_shown(
    terminal: Terminal, password: str
) -> None:
    address = f"postgresql://owner:{password}@host/company"
    for words in (("check",), ("run",), ("move", address)):
        line = terminal.run(*words, DATABASE_URL=address).refusal()
        assert line.startswith("DATABASE_URL: expected an address like ")
        assert "%40" in line
        assert "cret" not in line


# What it must be able to do


def test_a_database_in_another_encoding(server: OwnServer, terminal: Terminal) -> None:
    server.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    line = failure(terminal, server.address("latin"))
    assert line.endswith(f"is in LATIN1: make one in UTF-8 {CREATEDB}")


def test_a_standby(server: OwnServer, terminal: Terminal) -> None:
    with standby_of(server) as standby:
        for more in ("", "?target_session_attrs=any"):
            line = failure(terminal, standby.address("postgres", more=more))
            assert "it is a standby: write the address of the primary" in line
        hosts = f"127.0.0.1:{standby.port},127.0.0.1:{server.port}/"
        both = server.address("postgres").replace(f"127.0.0.1:{server.port}/", hosts)
        assert finding(terminal.run("check", DATABASE_URL=both), "database").startswith("ok")


def test_what_the_user_may(server: OwnServer, database: str, terminal: Terminal) -> None:
    server.query(f"CREATE ROLE bot LOGIN PASSWORD '{PASSWORD}'")
    address = server.address(database, user="bot")
    everything = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
    to_lock = "EXECUTE ON FUNCTION pg_try_advisory_lock(bigint)"
    try:
        line = failure(terminal, address)
        assert "bot may make no tables in the schema public: ALTER DATABASE" in line
        asyncio.run(opened(server.address(database)))
        line = failure(terminal, address)
        assert "bot may not read and write audit, batch_cases, batches, " in line
        server.query(f"GRANT {everything} TO bot", database)
        asyncio.run(opened(address))
        server.query("REVOKE UPDATE ON outbox FROM bot", database)
        line = failure(terminal, address)
        assert "bot may not read and write outbox: GRANT SELECT, INSERT, UPDATE" in line
        server.query(f"GRANT {everything} TO bot", database)
        server.query(f"REVOKE {to_lock} FROM PUBLIC", database)
        assert "bot may take no advisory locks" in failure(terminal, address)
    finally:
        server.query("DROP OWNED BY bot", database)
        server.query("DROP ROLE bot")


async def opened(address: str) -> None:
    """A bot could work with it: it opens, and writes."""
    async with open_database(address) as database, database.transaction() as tx:
        await tx.execute("UPDATE counters SET value = value")


@pytest.mark.parametrize(
    ("limit", "verdict"), [(5, "FAIL"), (11, "FAIL"), (12, "note"), (23, "note"), (24, "ok  ")]
)
def test_few_connections(
    server: OwnServer, database: str, terminal: Terminal, limit: int, verdict: str
) -> None:
    server.query(f"ALTER DATABASE {database} CONNECTION LIMIT {limit}")
    done = terminal.run("check", DATABASE_URL=server.address(database))
    line = finding(done, "connections")
    assert line.startswith(f"{verdict} connections: {limit}, of which each bot takes up to 12")
    assert ("raise max_connections" in line) == (verdict != "ok  ")


def test_no_connection_left(server: OwnServer, database: str, terminal: Terminal) -> None:
    server.query(f"CREATE ROLE single LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 1")
    address = server.address(database, user="single")
    with psycopg.connect(address):
        assert "raise max_connections: each bot takes up to 12" in failure(terminal, address)


def test_a_server_that_is_too_old(
    server: OwnServer, database: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.postgres_connections.OLDEST", 990000)
    line = failure(terminal, server.address(database))
    assert " is too old: upgrade it to 99 or newer" in line


@pytest.mark.long
async def test_a_clock_that_differs(tmp_path: Path, terminal: Terminal) -> None:
    clock = clock_to_move(tmp_path)
    with postgres_database() as url:
        for seconds, told in (
            (-30, "30.0 s before"),
            (90, "60.0 s behind"),
            (-59, "1.0 s behind"),
        ):
            clock.step(seconds)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "check"),
                cwd=tmp_path,
                env={**terminal.settings, **clock.environment(), "DATABASE_URL": url},
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await process.communicate()
            [line] = [one for one in out.decode().splitlines() if "clock of the server" in one]
            assert told in line
            assert line.startswith("note" if abs(clock.offset) > 2 else "ok")


# PgBouncer


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("more", [{}, {"default_pool_size": 1}, {"server_round_robin": 1}])
def test_a_pooler_that_keeps_no_sessions(
    server: OwnServer,
    database: str,
    terminal: Terminal,
    mode: str,
    more: dict[str, int],
) -> None:
    with bouncer_before(server, mode, **more) as port:
        address = server.address(database).replace(f":{server.port}/", f":{port}/")
        line = failure(terminal, address)
        assert "leads to a pooler that keeps no sessions (PgBouncer in transaction mode)" in line


async def test_a_pooler_in_session_mode(
    server: OwnServer, database: str, terminal: Terminal
) -> None:
    with bouncer_before(server, "session") as port:
        address = server.address(database).replace(f":{server.port}/", f":{port}/")
        done = await terminal.beside("check", DATABASE_URL=address)
        for what in ("database", "server", "connections"):
            assert finding(done, what).startswith("ok   ")
        async with open_database(address) as one, open_database(address) as other:
            rings = one.rings()
            assert isinstance(rings, AsyncGenerator)
            async with aclosing(rings), asyncio.timeout(10):
                await anext(rings)
                await other.ring()
                await anext(rings)
        with pytest.raises(StartError, match="createdb"):
            async with open_database(address.replace("/company", "/none")):
                pass

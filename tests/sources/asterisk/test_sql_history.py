"""asteriskcdrdb, in a real MariaDB: what FreePBX writes is read once, in order or late."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Status
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.asterisk.history import FIRST_DAYS
from bot.sources.asterisk.sql_history import SqlHistory
from tests.support.asterisk_history import (
    EVERY,
    QUIET,
    ROWS_CANNOT_TELL,
    UNWRITTEN,
    Reading,
    differences,
    reading,
)
from tests.support.lab_recordings import RECORDED, truth
from tests.support.mariadb import (
    COLUMNS,
    PASSWORD,
    TABLE,
    URL_PASSWORD,
    MariaDb,
    mariadb,
    recorded_rows,
)
from tests.support.processes import free_port

ROWS = recorded_rows(RECORDED / "asteriskcdrdb.csv")
NOW = 1_795_700_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with mariadb(tmp_path_factory.mktemp("mariadb")) as running:
        yield running


@pytest.fixture
def database(server: MariaDb) -> MariaDb:
    """One without a row."""
    server.run("DROP TABLE IF EXISTS cdr")
    server.run(TABLE)
    return server


def feed(database: MariaDb, *, now: int = NOW, url: str = "", **settings: Any) -> SqlHistory:
    values = {"timezone": "UTC", "cdr_database_url": url or database.url, **settings}
    chosen = AsteriskSettings(kind="asterisk", **values)
    return SqlHistory("pbx", chosen, clock=lambda: now, every=EVERY, quiet=QUIET)


def call(number: int, at: int = NOW - 3600, **cells: str) -> list[str]:
    """A row of a call of its own, missed unless told otherwise."""
    uniqueid = f"{at}.{number}"
    started = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    values = {
        "calldate": started,
        "src": f"067123{number:04}",
        "dst": "600",
        "dcontext": "ext-group",
        "channel": f"PJSIP/trunk-{number:08}",
        "dstchannel": "PJSIP/101-00000002",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101/sip:101@10.0.0.1,20",
        "duration": "5",
        "billsec": "0",
        "disposition": "NO ANSWER",
        "amaflags": "3",
        "uniqueid": uniqueid,
        "linkedid": uniqueid,
        "sequence": str(number),
        **cells,
    }
    return [values.get(name, "") for name in COLUMNS]


def ids(read: Reading) -> list[str]:
    return [facts.external_id for facts in read.facts]


def has(external_id: str, read: Reading) -> bool:
    return external_id in ids(read)


async def one(database: MariaDb, *rows: list[str], **settings: Any) -> CallFacts:
    """The only call that the rows make."""
    database.write(*rows)
    async with reading(feed(database, **settings)) as read:
        await read.until(lambda read: bool(read.facts))
    [facts] = read.facts
    return facts


async def test_what_a_real_asterisk_wrote_is_the_truth_but_for_what_rows_cannot_tell(
    database: MariaDb,
) -> None:
    true_calls = [one for one in truth("whole")["calls"] if one["play"] not in UNWRITTEN]
    database.write(*ROWS)
    async with reading(feed(database)) as read:
        await read.until(lambda read: {c["linkedid"] for c in true_calls} <= set(ids(read)))
    calls = read.calls()
    assert read.rejects == []
    wrong = {}
    for true in true_calls:
        found = differences(calls[true["linkedid"]], true)
        if names := found.keys() - ROWS_CANNOT_TELL.get(true["play"], set()):
            wrong[true["play"]] = {name: found[name] for name in names}
    assert wrong == {}
    assert len(ids(read)) == len(set(ids(read)))


async def test_rows_are_read_for_as_long_as_the_bot_runs_and_none_of_a_wrong_clock(
    database: MariaDb,
) -> None:
    now = [NOW]
    settings = AsteriskSettings(
        kind="asterisk", timezone="UTC", cdr_database_url=SecretStr(database.url)
    )
    history = SqlHistory("pbx", settings, clock=lambda: now[0], every=EVERY, quiet=QUIET)
    async with reading(history) as read:
        await read.next()
        now[0] += 30 * 86400
        database.write(call(1, now[0] - 60), call(2, now[0] + 3 * 86400))
        await read.until(lambda read: bool(read.facts and read.rejects))
    assert [facts.started_at for facts in read.facts] == [now[0] - 60]
    assert "the clock of the sender is wrong" in read.rejects[0].errors[0]


async def test_rows_are_told_as_they_are_written_each_once(database: MariaDb) -> None:
    async with reading(feed(database)) as read:
        assert (await read.next()).readings == []
        database.write(call(1))
        await read.until(lambda read: len(read.facts) == 1)
        database.write(call(2), call(3, NOW - 3600 - 1))
        await read.until(lambda read: len(read.facts) == 3)
        late = call(4, NOW - 3600 - 5 * 3600, duration=str(5 * 3600))
        database.write(late)
        await read.until(lambda read: len(read.facts) == 4)
        database.write(call(5))
        await read.until(lambda read: len(read.facts) == 5)
    assert len(set(ids(read))) == 5


async def test_a_stop_anywhere_loses_nothing(database: MariaDb) -> None:
    async with reading(feed(database)) as read:
        cursor = read.cursor
        await read.next()
        told: set[str] = set()
        for start in range(0, len(ROWS), 9):
            database.write(*ROWS[start : start + 9])
            async with reading(feed(database), cursor) as read:
                await read.until(lambda read: read.read_until is not None)
            told |= set(ids(read))
            cursor = read.cursor
        async with reading(feed(database), cursor) as read:
            wanted = {row[COLUMNS.index("linkedid")] for row in ROWS}
            await read.until(lambda read: told | set(ids(read)) >= wanted)


async def test_long_histories_come_in_pages_and_from_some_weeks_ago_only(
    database: MariaDb,
) -> None:
    old = NOW - FIRST_DAYS * 86400
    first = [call(n, old - 3600 + n) for n in range(300)]
    same = [call(n, old + 86400) for n in range(300, 800)]
    rest = [call(n, old + 2 * 86400 + n) for n in range(800, 1600)]
    database.write(*first, *same, *rest)
    async with reading(feed(database)) as read:
        await read.next()
        assert len(read.facts) < 500
        await read.until(lambda read: len(set(ids(read))) == 1300)
    assert len(ids(read)) == 1300
    async with reading(feed(database), read.cursor) as again:
        await again.until(lambda read: read.read_until is not None)
    assert len(again.facts) < 850
    async with reading(feed(database), '{"csv": [5, 0, ""]}') as other:
        await other.until(lambda read: len(set(ids(read))) == 1300)


async def test_a_kill_in_the_middle_of_a_long_history_loses_nothing(database: MariaDb) -> None:
    database.write(*[call(n, NOW - 20 * 86400 + 60 * n) for n in range(2500)])
    async with reading(feed(database)) as read:
        await read.until(lambda read: len(read.facts) > 500)
    assert len(read.facts) < 2500
    async with reading(feed(database), read.cursor) as again:
        await again.until(lambda again: len({*ids(read), *ids(again)}) == 2500)


async def test_freepbx_says_more_than_a_file_can(database: MariaDb) -> None:
    name = "external-0445550600-0671230001-20261126-101530-1795341600.1.wav"
    facts = await one(
        database,
        call(
            1,
            did="0445550600",
            cnum="0671230001",
            cnam="Ганна Коваль",
            recordingfile=name,
            disposition="ANSWERED",
            billsec="3",
        ),
        recordings_url="https://pbx.example.com/monitor/",
    )
    assert (facts.line, facts.callee.number) == ("0445550600", "0445550600")
    assert facts.caller.name == "Ганна Коваль"
    assert facts.recording_url == f"https://pbx.example.com/monitor/2026/11/26/{name}"
    assert (facts.answered_at or 0) - facts.started_at == 2


async def test_freepbx_says_who_of_us_called_behind_the_companys_number(
    database: MariaDb,
) -> None:
    facts = await one(
        database,
        call(
            1,
            src="0445550101",
            dst="0671112233",
            dcontext="outrt-1",
            channel="PJSIP/reception-00000001",
            dstchannel="PJSIP/trunk-00000002",
            lastdata="PJSIP/0671112233@trunk,300",
            cnum="102",
            cnam="Ivan",
            dst_cnam="Client",
            recordingfile="out.wav",
        ),
        own_numbers="0445550101",
    )
    assert (facts.extension, facts.caller.number, facts.caller.name) == ("102", "102", "Ivan")
    assert (facts.callee.number, facts.callee.name) == ("0671112233", "Client")
    assert facts.recording_url is None


async def test_the_hour_that_comes_twice_is_read_twice(database: MariaDb) -> None:
    kyiv = ZoneInfo("Europe/Kyiv")
    # 03:50, then 03:05 a quarter of an hour later, then 04:00
    moments = [1792889400, 1792890300, 1792893600]
    rows = [
        call(n, at, calldate=datetime.fromtimestamp(at, kyiv).strftime("%Y-%m-%d %H:%M:%S"))
        for n, at in enumerate(moments)
    ]
    cursor = None
    for number, (row, moment) in enumerate(zip(rows, moments, strict=True)):
        database.write(row)
        history = feed(database, now=moment + 60, timezone="Europe/Kyiv")
        async with reading(history, cursor) as read:
            await read.until(partial(has, f"{moment}.{number}"))
        cursor = read.cursor
        assert {f"{one.started_at}" for one in read.facts} == {
            one.partition(".")[0] for one in ids(read)
        }


async def test_the_table_of_asterisk_itself_is_read_too(database: MariaDb) -> None:
    database.run("ALTER TABLE cdr RENAME COLUMN calldate TO start")
    for name in ("did", "recordingfile", "cnum", "cnam", "dst_cnam"):
        database.run(f"ALTER TABLE cdr DROP COLUMN {name}")
    database.run(
        "INSERT INTO cdr (start, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, "
        "duration, disposition, uniqueid, linkedid) VALUES (%s, '0671112233', '0445550101', "
        "'from-trunk', 'PJSIP/t-1', 'PJSIP/101-2', 'Dial', 'PJSIP/101', 7, 'NO ANSWER', '1.1', "
        "'1.1')",
        datetime.fromtimestamp(NOW - 60, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    )
    facts = await one(database)
    assert (facts.status, facts.line, facts.rang) == (Status.MISSED, "0445550101", ("101",))


async def test_whatever_ends_a_connection_it_is_read_on_afterwards(database: MariaDb) -> None:
    async with reading(feed(database)) as read:
        database.write(call(1))
        await read.until(lambda read: len(read.facts) == 1)
        user = "SELECT id FROM information_schema.processlist WHERE user = 'dzvinok'"
        for (number,) in database.run(user):
            database.run(f"KILL {number}")
        with pytest.raises(SourceError, match="SOURCES__PBX__CDR_DATABASE_URL: the database"):
            await read.until(lambda read: len(read.facts) == 2)
    database.write(call(2))
    async with reading(feed(database), read.cursor) as again:
        await again.until(lambda read: f"{NOW - 3600}.2" in ids(read))


@pytest.mark.parametrize(
    ("user", "password", "name", "told"),
    [
        ("dzvinok", "wrong", "asteriskcdrdb", "refuses this user or its password"),
        ("nobody", URL_PASSWORD, "asteriskcdrdb", "refuses this user or its password"),
        ("dzvinok", URL_PASSWORD, "mysql", "refuses this user or its password"),
        ("root", "", "nothing", "refuses this user or its password"),
    ],
)
async def test_what_a_person_must_mend_is_told_without_the_password(
    user: str, password: str, name: str, told: str, database: MariaDb
) -> None:
    history = feed(database, url=database.url_of(user, password or "x", name))
    with pytest.raises(SourceAuthError, match=told) as error:
        await history.check()
    said = "".join(map(str, (error.value, error.value.__cause__, error.value.args)))
    assert PASSWORD not in said
    assert (password or "x") + "@" not in said
    assert error.value.__suppress_context__


async def test_a_database_that_is_not_there_is_told_of(database: MariaDb) -> None:
    url = f"mysql://a:b@127.0.0.1:{free_port()}/asteriskcdrdb"
    with pytest.raises(SourceError, match="nobody answers at that host and port"):
        await feed(database, url=url).check()
    database.run("DROP TABLE cdr")
    with pytest.raises(SourceError, match=r"refuses this user|no table cdr"):
        await feed(database).check()
    database.run("CREATE TABLE cdr (calldate datetime, src varchar(9))")
    with pytest.raises(SourceError, match="has no column channel, disposition, dst"):
        await feed(database).check()


async def test_a_check_says_in_a_line_what_was_found(database: MariaDb) -> None:
    assert await feed(database).check() == "the database of calls, no call in it so far"
    database.write(*ROWS)
    found = await feed(database).check()
    assert found.startswith("the database of calls, last call 2026-11-26 ")
    assert "TIMEZONE" not in found
    assert (
        "is TIMEZONE=Europe/Kyiv the zone" in await feed(database, timezone="Europe/Kyiv").check()
    )
    database.run("DROP INDEX calldate ON cdr")
    assert "has no index" in await feed(database).check()


async def test_a_row_that_cannot_be_read_is_told_of_once(database: MariaDb) -> None:
    database.write(call(1), call(2, linkedid="a\x01b"), call(3))
    async with reading(feed(database)) as read:
        await read.until(lambda read: len(read.facts) == 2)
        database.write(call(4))
        await read.until(lambda read: len(read.facts) == 3)
    [reject] = read.rejects
    assert "unique id" in reject.errors[0]

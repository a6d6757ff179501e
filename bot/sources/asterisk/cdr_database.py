"""The table `cdr` of asteriskcdrdb, over the protocol of MySQL and MariaDB: read, never written.

FreePBX calls the start of a call `calldate`, the schema of Asterisk itself `start`; other columns
that are not there are done without. Rows are asked for by the start of their calls, which both
have an index for, and few at once: a table in MyISAM cannot be written while it is read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bot.config.sources import CDR_COLUMNS, NEEDED_COLUMNS
from bot.domain.errors import SourceAuthError, SourceError

ADDED_COLUMNS = ("did", "cnum", "cnam", "dst_cnam", "recordingfile")
"""What FreePBX adds to Asterisk's."""

COLUMNS = (*CDR_COLUMNS, *ADDED_COLUMNS)

Row = tuple[str, ...]
"""COLUMNS as texts; "" where the table has none, or nothing in it."""

Cell = str | bytes | None

_STARTS = ("calldate", "start")
_PORT = 3306
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 60.0

_LOOK = "SHOW COLUMNS FROM cdr"

_DENIED = frozenset({1044, 1045, 1142, 1143, 1698})
_NOT_THERE = frozenset({1049, 1146})
_UNREACHABLE = frozenset({2002, 2003})


class CdrDatabase:
    """One connection. `setting` names the address in what people are told."""

    def __init__(self, connection: Any, setting: str) -> None:
        self._connection = connection
        self._setting = setting
        self._start = ""
        self._select = ""

    async def look(self) -> bool:
        """Find out which columns the table has; whether the start has an index."""
        found = {(row := _row(cells))[0].lower(): row[3] for cells in await self._ask(_LOOK)}
        start = next((one for one in _STARTS if one in found), None)
        missing = sorted(NEEDED_COLUMNS - {"start"} - found.keys())
        if start is None or missing:
            named = ", ".join(missing or ["calldate"])
            raise SourceError(f"{self._setting}: the table cdr has no column {named}")
        self._start = start
        names = {name: start if name == "start" else name for name in COLUMNS}
        chosen = [f"`{name}`" if name in found else "''" for name in names.values()]
        self._select = f"SELECT {', '.join(chosen)} FROM cdr "  # noqa: S608 - our own names
        return bool(found[start])

    async def rows(self, *, started_from: str, ended_from: str, limit: int) -> list[Row]:
        """Rows of calls that began and ended at these local times or later, by their start."""
        ended = f"`{self._start}` + INTERVAL coalesce(duration, 0) SECOND"
        found = await self._ask(
            f"{self._select}WHERE `{self._start}` >= %s AND {ended} >= %s "
            f"ORDER BY `{self._start}` LIMIT %s",
            (started_from, ended_from, limit),
        )
        return [_row(cells) for cells in found]

    async def last(self, limit: int) -> list[Row]:
        """The rows of the latest calls."""
        found = await self._ask(f"{self._select}ORDER BY `{self._start}` DESC LIMIT %s", (limit,))
        return [_row(cells) for cells in found]

    async def _ask(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Cell, ...]]:
        with _errors_told(self._setting):
            async with asyncio.timeout(_ANSWER_SECONDS), self._connection.cursor() as cursor:
                await cursor.execute(sql, values)
                return list(await cursor.fetchall())


@asynccontextmanager
async def open_cdr_database(url: SecretStr, *, setting: str) -> AsyncIterator[CdrDatabase]:
    """Connect, and disconnect at the end. Raises SourceError, without the address.

    aiomysql is imported when a database is first asked: few companies have one.
    """
    parts = urlsplit(url.get_secret_value())
    with _errors_told(setting):
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await import_module("aiomysql").connect(
                host=parts.hostname,
                port=parts.port or _PORT,
                user=unquote(parts.username or ""),
                # aiomysql sends it in latin-1; the server was told it in UTF-8
                password=unquote(parts.password or "").encode().decode("latin-1"),
                db=unquote(parts.path.strip("/")),
                charset="utf8mb4",
                autocommit=True,
                init_command="SET SESSION TRANSACTION READ ONLY",
                conv={},  # everything as text
            )
    try:
        yield CdrDatabase(connection, setting)
    finally:
        connection.close()


def _row(cells: Sequence[Cell]) -> Row:
    return tuple(
        cell.decode(errors="replace") if isinstance(cell, bytes) else cell or "" for cell in cells
    )


@contextmanager
def _errors_told(setting: str) -> Iterator[None]:
    """Raises SourceError with what to do in place of what the driver raises."""
    errors = import_module("pymysql.err")
    try:
        yield
    except errors.Error as error:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        if code in _DENIED:
            raise SourceAuthError(
                f"{setting}: the database refuses this user or its password; it needs"
                " `GRANT SELECT ON asteriskcdrdb.cdr`"
            ) from None
        if code in _NOT_THERE:
            raise SourceAuthError(
                f"{setting}: there is no such database, or no table cdr in it"
            ) from None
        if code in _UNREACHABLE:
            raise SourceError(
                f"{setting}: nobody answers at that host and port; does the database listen there"
                " (bind-address, port), and does the firewall let us in?"
            ) from None
        raise SourceError(f"{setting}: the database cannot be asked (error {code})") from None
    except TimeoutError:
        raise SourceError(f"{setting}: the database does not answer") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a way to log in that it lacks
        raise SourceError(
            f"{setting}: the database cannot be reached ({type(error).__name__})"
        ) from None

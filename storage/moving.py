"""A whole database goes from SQLite to PostgreSQL, while no bot works on either.

All of it is one transaction there: whatever ends a move, there is nothing afterwards or all, and
the next can begin anew. To take up a half would save some of the minutes that a million calls
take, and would have to know that neither side has changed since.

What is compared is what the server says it has stored, byte for byte, with what is in the file.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.domain.errors import StartError
from storage.engine.postgres_connections import CREATEDB
from storage.engine.postgres_tables import PostgresTables, open_postgres_tables
from storage.engine.sqlite_files import check_database
from storage.engine.sqlite_tables import SqliteTables, open_sqlite_tables
from storage.engine.tables import BEGIN, END, Sum, Table
from storage.lock import only_process

_NOT_EMPTY = (
    "DATABASE_URL: the database is not empty, and no copy of {path} ({what}): if the bot has run "
    f"on it since it was moved, just go on with it; else make another {CREATEDB}"
)


class Progress(Protocol):
    """`begin` is told of how many rows `advance` will be."""

    def begin(self, total: int) -> None: ...
    def advance(self, rows: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """`is_new`: whether it was moved now. `replaced`: texts in which U+0000 had to give way."""

    calls: int
    rows: int
    is_new: bool
    replaced: int


async def move(path: Path, url: str, progress: Progress) -> Moved:
    """Copy all of the file into an empty database; if that holds it already, change nothing.

    Raises StartError if either is in use, or cannot be read or filled; if the database holds
    something else; if what is stored there is not what was sent. Then nothing of it is kept.
    """
    check_database(path)
    with only_process(path):
        async with open_sqlite_tables(path) as source, open_postgres_tables(url) as target:
            tables = await source.tables()
            counts = {table.name: await source.count(table) for table in tables}
            progress.begin(2 * sum(counts.values()))
            is_new = await target.is_empty(tables)
            if is_new:
                await _copy(path, source, target, tables, counts, progress)
            else:
                await _compare(path, source, target, tables, counts, progress)
            return Moved(counts["calls"], sum(counts.values()), is_new, source.replaced)


async def _copy(
    path: Path,
    source: SqliteTables,
    target: PostgresTables,
    tables: Sequence[Table],
    counts: Mapping[str, int],
    progress: Progress,
) -> None:
    sent = {table.name: Sum(BEGIN) for table in tables}
    async with target.emptied(tables):
        for table in tables:
            await target.fill(table, _read(source, table, sent[table.name], progress))
            if sent[table.name].rows != counts[table.name]:
                raise StartError(
                    f"DATABASE_PATH: {path} is damaged: of {counts[table.name]} rows of "
                    f"{table.name} only {sent[table.name].rows} can be read; take a copy made by "
                    "`dzvinok backup`"
                )
    for table in tables:
        if await _sum_there(target, table, progress) != sent[table.name].value:
            why = "a key of it holds U+0000" if source.replaced else "tell the makers of Dzvinok"
            raise StartError(
                f"DATABASE_URL: {table.name} is not there as it was sent, so nothing is: {why}"
            )


async def _compare(
    path: Path,
    source: SqliteTables,
    target: PostgresTables,
    tables: Sequence[Table],
    counts: Mapping[str, int],
    progress: Progress,
) -> None:
    """Raises StartError if the database holds anything else than the file."""
    for table in tables:
        if (found := await target.count(table)) != counts[table.name]:
            what = f"{table.name}: {found} rows there, {counts[table.name]} in the file"
            raise StartError(_NOT_EMPTY.format(path=path, what=what))
    for table in tables:
        ours = Sum(BEGIN)
        async for _ in _read(source, table, ours, progress):
            pass
        if await _sum_there(target, table, progress) != ours.value:
            what = f"{table.name} differs"
            raise StartError(_NOT_EMPTY.format(path=path, what=what))


async def _read(
    source: SqliteTables, table: Table, total: Sum, progress: Progress
) -> AsyncIterator[bytes]:
    """The stream of a table of the file, which is added up."""
    async for block, rows in source.blocks(table):
        total.add(block, rows)
        progress.advance(rows)
        yield block
    total.add(END)


async def _sum_there(
    target: PostgresTables, table: Table, progress: Progress
) -> tuple[int, bytes]:
    total = Sum()
    async for part, rows in target.stream(table):
        total.add(part, rows)
        progress.advance(rows)
    return total.value

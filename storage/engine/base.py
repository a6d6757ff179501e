"""What an engine is to the rest of storage: reads, transactions, rows.

SQL is written once, with `?` for values, in what SQLite and PostgreSQL both understand; storage/
tells no engine apart, but for what is in storage/engine/.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Value = str | int | None
Select = tuple[str, Sequence[Value]]
"""A SELECT and its values."""

_OUTBOX = "outbox"


class Row(Protocol):
    """A row, by the names of its columns or by their places."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def keys(self) -> Iterable[str]: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """`rows`: the values of each time it is run; `is_many`: as often as there are rows.

    `answer`: where its own rows are wanted.
    """

    sql: str
    rows: Sequence[Sequence[Value]]
    is_many: bool = False
    answer: "Answer | None" = None


class Answer:
    """The rows of a statement that was asked. Who awaits them goes to the database, unless they
    have come with an earlier trip: each brings all that was asked, so ask first and await then.
    """

    def __init__(self, tx: "Transaction") -> None:
        self._tx = tx
        self.rows: list[Row] | None = None

    def __await__(self) -> Generator[Any, None, list[Row]]:
        return self._get().__await__()

    async def _get(self) -> list[Row]:
        if self.rows is None:
            await self._tx.run_queued()
        if self.rows is None:
            raise RuntimeError("awaited after the end of the transaction")
        return self.rows


class Transaction(ABC):
    """Statements that become true together or not at all.

    `ask`, `write` and `write_many` only queue: what they ask for is done, in order, when the next
    answer is awaited and before the commit, in one trip to the database with it. What the database
    refuses of them is raised there.

    `owes`: whether it has touched the outbox.
    """

    def __init__(self) -> None:
        self._queue: list[Statement] = []
        self.owes = False

    async def execute(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement now; the rows are those of its SELECT or RETURNING."""
        return await self.ask(sql, values)

    def ask(self, sql: str, values: Sequence[Value] = ()) -> Answer:
        """Queue one statement; the answer is the rows of its SELECT or RETURNING."""
        answer = Answer(self)
        self.owes |= _OUTBOX in sql
        self._queue.append(Statement(sql, [values], answer=answer))
        return answer

    def write(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Queue one statement whose rows, if any, nobody needs."""
        self.owes |= _OUTBOX in sql
        self._queue.append(Statement(sql, [values]))

    def write_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Queue one statement for each row of values."""
        if values := list(rows):
            self.owes |= _OUTBOX in sql
            self._queue.append(Statement(sql, values, is_many=True))

    async def run_queued(self) -> None:
        """Run what is queued, in one trip."""
        queued, self._queue = self._queue, []
        await self._run(queued)

    @abstractmethod
    async def _run(self, queued: Sequence[Statement]) -> None:
        """Run these statements in one trip, and fill in their answers."""


class Database(ABC):
    """`trips`: how often the database was gone to, for tests and benches that count it.

    `owings`: how many transactions have touched the outbox; while it stays, nothing new is owed.
    """

    def __init__(self) -> None:
        self.trips = 0
        self.owings = 0

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Rows of a SELECT over what is committed. Raises StorageError."""
        [rows] = await self.fetch_each((sql, values))
        return rows

    @abstractmethod
    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        """The rows of each SELECT, in one trip and as of one moment.

        Raises StorageError.
        """

    async def has(self, sql: str, values: Sequence[Value] = ()) -> bool:
        """Whether a SELECT gives any row. Raises StorageError."""
        return bool(await self.fetch(sql, values))

    async def count(self, sql: str, values: Sequence[Value] = ()) -> int:
        """The number that a `SELECT count(*)` gives. Raises StorageError."""
        [[number]] = await self.fetch(sql, values)
        return int(number)

    @abstractmethod
    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        """The first rows of several SELECTs of the same columns, each row once, in the order `by`.

        It names all the columns. No part that an index gives in that order is read farther than
        it takes. `limit` and `offset`: whole numbers, as SQL.
        """

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """The one writer of all. Commits at the end; any exception, even a cancel, rolls back.

        Raises StorageError for what the database refuses: then nothing was written. Only who is
        cancelled, or loses the connection, at the commit itself cannot know whether all was.
        """

    @asynccontextmanager
    async def sharing(self) -> AsyncIterator[None]:
        """Until the end of the block, other processes may be on the database: see `held`."""
        yield

    @asynccontextmanager
    async def held(
        self, key: int, *selects: Select, patience: float | None = None
    ) -> AsyncIterator[list[list[Row]]]:
        """Hold something until the end of the block: no other process holds it meanwhile.

        Yields the rows of each SELECT, read while it is held, in the same trip. In one process
        only one at a time may ask for a key, a whole number of less than 53 bits. Raises
        HeldUpError after `patience` seconds (None: it waits).
        """
        del key, patience  # there is one process
        yield await self.fetch_each(*selects) if selects else []

    async def ring(self) -> None:  # noqa: B027 - one process rings nobody else
        """Tell whoever waits for `rings`, in another process too. Raises StorageError."""

    async def rings(self) -> AsyncIterator[None]:
        """Once for each `ring`, or for several; without end."""
        await asyncio.Event().wait()
        yield

    @abstractmethod
    async def size(self) -> int:
        """The bytes it takes. Raises StorageError."""


class Lease(ABC):
    is_shared = False
    """Whether other processes may lead."""

    @property
    @abstractmethod
    def is_held(self) -> bool:
        """Whether this process leads, for sure and now."""

    @abstractmethod
    async def count_replicas(self) -> int:
        """How many processes are on the database, this one among them. Raises StorageError."""

    @abstractmethod
    def held(self) -> AbstractAsyncContextManager[asyncio.Event]:
        """Wait until this process leads, and lead until the end of the block.

        The event is set when it leads no more: what it does as the leader must end at once.
        """


@dataclass(frozen=True, slots=True)
class Server:
    """`ahead`: seconds by which its clock is before ours, known to `unsure` seconds.

    `connections`: so many it lets us have, but for what others take; a bot takes `of_a_bot`.
    """

    version: str
    ahead: float
    unsure: float
    connections: int
    of_a_bot: int


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in parts of at most `size`: one statement takes only so many values."""
    return (items[i : i + size] for i in range(0, len(items), size))


def marks_sql(values: Collection[Value]) -> str:
    """The question marks of an IN list for these values; of none, a list that has nothing.

    (That is right for IN alone: NOT IN wants at least one value.)
    """
    return ", ".join("?" * len(values)) or "NULL"

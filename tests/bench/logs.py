"""Databases with ten thousand, a hundred thousand and a million calls, made once for a run."""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bot.domain.people import Language, Role
from storage.calls import CallRepo
from storage.database import open_database
from storage.employees import set_extensions
from storage.engine.base import Database
from storage.engine.sqlite_files import copy_database
from storage.search_index import write_names
from storage.traits import note_commented
from tests.bench import office
from tests.support.running import ADMIN

_BATCH = 2000
_TIMED = 10_000
_COMMENTED = 20
_CONTACTS = 30_000
_FIRST = [
    "Олена",
    "Іван",
    "Ганна",
    "Петро",
    "Марія",
    "Олександр",
    "Наталія",
    "Сергій",
    "Ірина",
    "Андрій",
    "Тетяна",
    "Юрій",
]
_STEMS = [
    "Мельн",
    "Шевч",
    "Ковал",
    "Бондар",
    "Ткач",
    "Кравч",
    "Олій",
    "Поліщ",
    "Лис",
    "Марч",
    "Руд",
    "Савч",
    "Петр",
    "Гриц",
    "Захар",
]
_ENDS = ["ик", "енко", "чук", "ук", "ський", "ів", "ишин", "аренко", "юк", "ак"]
_SAID = [
    "рахунок",
    "доставка",
    "договір",
    "знижка",
    "ремонт",
    "аналізи",
    "прийом",
    "лікар",
    "товар",
    "гарантія",
]


@dataclass(slots=True)
class Bench:
    """What all measurements share: a directory of this run, the sizes, the logs."""

    directory: Path
    calls: int
    is_quick: bool
    recorded: dict[int, float] = field(default_factory=dict)
    """Calls a second through CallRepo.record, just before the log reached the size."""

    @property
    def sizes(self) -> list[int]:
        """Of the logs, ascending; the last is the one asked for."""
        return sorted({*(size for size in (10_000, 100_000) if size < self.calls), self.calls})

    def log(self, size: int) -> Path:
        """The database with the first `size` calls of the office. Made on the first demand."""
        path = self._path(size)
        if not path.exists():
            say(f"making logs of {', '.join(map(str, self.sizes))} calls")
            asyncio.run(self._make())
        return path

    @property
    def whole_log(self) -> Path:
        return self.log(self.calls)

    def scaled(self, full: int, quick: int) -> int:
        return quick if self.is_quick else full

    def _path(self, size: int) -> Path:
        return self.directory / f"log-{size}.db"

    async def _make(self) -> None:
        whole, done, taken = self._path(self.calls), 0, list[tuple[int, float]]()
        stream = office.calls(self.calls)
        sizes = self.sizes
        async with open_database(whole) as database:
            await _add_people(database)
            repo = CallRepo(database)
            for size in sizes:
                while done < size:
                    batch = list(islice(stream, min(_BATCH, size - done)))
                    now = batch[-1].started_at + 2 * office.DAY
                    started = time.perf_counter()
                    await repo.record(batch, now=now)
                    taken.append((len(batch), time.perf_counter() - started))
                    await _add_comments(database, done, done + len(batch), now)
                    done += len(batch)
                last = taken[-(_TIMED // _BATCH) :]
                self.recorded[size] = sum(n for n, _ in last) / sum(s for _, s in last)
                if size != self.calls:
                    await copy_database(whole, self._path(size))


async def add_people(
    database: Database, count: int, *, role: Role = Role.SUPERVISOR, first: int = 5001
) -> None:
    """People who let the bot in; ids in Telegram count from `first`."""
    async with database.transaction() as tx:
        tx.write_many(
            "INSERT INTO employees (tg_id, name, role, language, page_size, created_at) "
            "VALUES (?, ?, ?, ?, 8, 0)",
            [(first + i, f"Колега {i + 1}", role.value, Language.UK.value) for i in range(count)],
        )


async def add_operators(database: Database, *, first: int = 6001) -> None:
    """An operator at each telephone of the office, told of the calls that rang there."""
    await add_people(database, len(office.EXTENSIONS), role=Role.OPERATOR, first=first)
    async with database.transaction() as tx:
        for number, extension in enumerate(office.EXTENSIONS):
            [row] = await tx.execute("SELECT id FROM employees WHERE tg_id = ?", (first + number,))
            await set_extensions(tx, row["id"], [extension])


def name_of(client: int) -> str:
    """A contact's name; one surname is of two hundred of them, a first name of thousands."""
    dice = random.Random(client)
    return f"{dice.choice(_FIRST)} {dice.choice(_STEMS)}{dice.choice(_ENDS)}"


def comment_of(call: float) -> str:
    """What is said of a call: a word of all comments, two of some, a number of its own."""
    dice = random.Random(call)
    return f"Передзвонити {' '.join(dice.sample(_SAID, 2))} №{dice.randrange(10**6):06}"


def say(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


async def _add_people(database: Database) -> None:
    await add_people(database, 1, role=Role.ADMINISTRATOR, first=ADMIN)
    await add_operators(database)
    async with database.transaction() as tx:
        tx.write_many(
            "INSERT INTO contacts (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(client, name_of(client)) for client in range(_CONTACTS)],
        )
        write_names(tx, [(client, name_of(client)) for client in range(_CONTACTS)])
        tx.write_many(
            "INSERT INTO contact_numbers (id, number, contact_id) VALUES (?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [(client, f"+38{office.number_of(client)}", client) for client in range(_CONTACTS)],
        )


async def _add_comments(database: Database, done: int, end: int, now: int) -> None:
    """Every twentieth call has one; ids of calls count from one."""
    commented = [call for call in range(done + 1, end + 1) if not call % _COMMENTED]
    async with database.transaction() as tx:
        tx.write_many(
            "INSERT INTO comments (call_id, author_id, text, written_at, version) "
            "VALUES (?, 1, ?, ?, 1)",
            [(call, comment_of(call), now) for call in commented],
        )
        for call in commented:
            note_commented(tx, call, is_commented=True)

"""`dzvinok import-contacts`: contacts are read from files into the book, in pieces.

A piece is read in a thread and written in a transaction of its own, so that a file of any size
takes the same memory, and a running bot goes on beside it. What was taken once is found again:
reading a file twice changes nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console

from bot.cli.import_files import check_files, progress_on
from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.contact_files import ContactFileError, Fate, FileContact, Report, Verdict
from bot.domain.errors import StartError, StorageError
from bot.domain.phones import masked
from bot.media.contact_files import pieces, read_contacts
from storage.contact_imports import PIECE, ContactImports
from storage.database import open_database

_SHOWN = 20
"""Troubles of a file that are told one by one."""


async def import_contacts(
    settings: Settings,
    paths: Sequence[Path],
    *,
    is_dry_run: bool,
    replaces_names: bool,
    clock: Clock,
    console: Console,
) -> Report:
    """Take the contacts of the files. Raises StartError for a file in which there are none."""
    check_files(paths)
    report, told = Report(), _Troubles(console)
    async with open_database(settings.database) as database:
        book = ContactImports(database, rules=settings.case_rules)
        taking = book.begin(replaces_names=replaces_names)
        with progress_on(console) as progress:
            bar = progress.add_task("", total=sum(path.stat().st_size for path in paths))
            before = 0
            for path in paths:
                with path.open("rb") as file:
                    try:
                        async for piece in pieces(_read(file, settings), PIECE):
                            if is_dry_run:
                                verdicts = await taking.compare(piece)
                            else:
                                verdicts = await taking.take(piece, now=clock())
                            report.count(verdicts)
                            told.tell(path, verdicts)
                            progress.update(bar, completed=before + file.tell())
                    except ContactFileError as error:
                        raise StartError(f"{path}: {error}") from error
                    except StorageError as error:
                        where = f"{settings.database_setting}: {settings.database_place}"
                        raise StartError(f"{where}: {error}") from error
                before += path.stat().st_size
        if not is_dry_run:
            await taking.finish(now=clock())
    return report


def _read(file: IO[bytes], settings: Settings) -> Iterator[FileContact]:
    return read_contacts(file, settings.read_number)


class _Troubles:
    """Tells what was not taken, and why; of many, the first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0

    def tell(self, path: Path, verdicts: Sequence[Verdict]) -> None:
        for one in verdicts:
            for line in _lines(one):
                self._told += 1
                if self._told <= _SHOWN:
                    place = f"{path}:{one.card.place}: {line}"
                    self._console.print(place, markup=False, highlight=False, soft_wrap=True)
                elif self._told == _SHOWN + 1:
                    self._console.print("…more are only counted")


def _lines(verdict: Verdict) -> Iterator[str]:
    """What is wrong with a card; no whole numbers and no names, for they may go to a log."""
    card = verdict.card
    if card.unread:
        yield f"{len(card.unread)} of its numbers cannot be read"
    if verdict.fate is Fate.NO_NUMBER and not card.unread:
        yield "it has no number"
    if verdict.fate is Fate.NO_NAME:
        yield "it has one number and no name"
    if verdict.fate is Fate.DIFFERS:
        yield f"{masked(card.numbers[0])} has another name in the book, which stays"
    for one in verdict.conflicts:
        yield f"{masked(one.number)} is of another contact, and stays there"
    if verdict.over:
        yield f"{len(verdict.over)} of its numbers are more than a contact can have"


def summary(report: Report, *, is_dry_run: bool) -> str:
    """One line: what was taken, or would be."""
    fates = report.fates
    told = {
        "new": fates[Fate.NEW],
        "completed": fates[Fate.FILLED],
        "renamed": fates[Fate.RENAMED],
        "unchanged": fates[Fate.SAME],
        "under another name": fates[Fate.DIFFERS],
        "without a number": fates[Fate.NO_NUMBER],
        "without a name": fates[Fate.NO_NAME],
    }
    counts = ", ".join(f"{count} {words}" for words, count in told.items() if count)
    numbers = {
        "added": report.added,
        "of other contacts": report.conflicts,
        "unreadable": report.unread,
        "too many": report.over,
    }
    of_numbers = ", ".join(f"{count} {words}" for words, count in numbers.items() if count)
    end = "; nothing written" if is_dry_run else ""
    return (
        f"{report.cards} contacts: {counts or 'none'}; {report.numbers} numbers: "
        f"{of_numbers or 'all known'}{end}"
    )

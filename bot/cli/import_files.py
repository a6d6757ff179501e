"""Reading history from files into the log, in batches, with a progress bar."""

import gc
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from bot.config.settings import Settings
from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.clock import Clock
from bot.domain.errors import StartError, StorageError
from bot.sources.base import FileSource
from bot.sources.registry import create_source
from storage.calls import CallRepo
from storage.database import open_database
from storage.rejects import RejectRepo

_BATCH = 5000
"""Statements of one commit. While it lasts, some third of a second, a running bot cannot write."""

_COLLECT_AFTER = 20_000
_SHOWN_REJECTS = 20


@dataclass(slots=True)
class Summary:
    """What became of the lines. In a dry run calls are only counted."""

    calls: Counter[Outcome] = field(default_factory=Counter)
    read: int = 0
    rejected: int = 0
    hints: list[str] = field(default_factory=list)


async def import_files(
    settings: Settings,
    name: str,
    paths: Sequence[Path],
    *,
    is_dry_run: bool,
    clock: Clock,
    console: Console,
) -> Summary:
    """Read the files as the source of this name. A bad line is reported and stops nothing.

    Raises StartError if there is no such source, no such file, or nowhere to write.
    """
    source = _find_source(settings, name)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise StartError(f"no such file: {', '.join(missing)}")
    summary = Summary()
    files = _Files(paths)
    with _progress(console) as progress, _rare_collections():
        bar = progress.add_task("", total=sum(path.stat().st_size for path in paths))
        items = source.read_files(files, advance=lambda consumed: progress.advance(bar, consumed))
        reading = _Reading(items, files, progress.console, summary)
        if is_dry_run:
            while reading.batch():
                pass
        else:
            await _store(settings, name, reading, clock)
    summary.hints = source.hints()
    return summary


async def _store(settings: Settings, name: str, reading: "_Reading", clock: Clock) -> None:
    async with open_database(settings.database_path) as database:
        calls = CallRepo(database, rules=settings.case_rules)
        rejects = RejectRepo(database)
        while batch := reading.batch():
            facts, unread = batch
            try:
                reading.summary.calls.update(await calls.record(facts, now=clock()))
                if unread:
                    await rejects.add(name, unread, now=clock())
            except StorageError as error:
                raise StartError(f"DATABASE_PATH: {settings.database_path}: {error}") from error


class _Files:
    """The files one after another, and which of them is being read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.current = Path()

    def __iter__(self) -> Iterator[BinaryIO]:
        for path in self._paths:
            self.current = path
            with path.open("rb") as file:
                yield file


@dataclass(slots=True)
class _Reading:
    items: Iterator[CallFacts | Reject]
    files: _Files
    console: Console
    summary: Summary

    def batch(self) -> tuple[list[CallFacts], list[Reject]] | None:
        """The next statements and rejects; None at the end."""
        facts: list[CallFacts] = []
        rejects: list[Reject] = []
        for item in itertools.islice(self.items, _BATCH):
            if isinstance(item, CallFacts):
                facts.append(item)
            else:
                rejects.append(item)
                self._report(item)
        self.summary.read += len(facts)
        return (facts, rejects) if facts or rejects else None

    def _report(self, reject: Reject) -> None:
        self.summary.rejected += 1
        if self.summary.rejected <= _SHOWN_REJECTS:
            reasons = "; ".join(reject.errors)
            place = f"{self.files.current}:{reject.place}"
            self.console.print(
                f"{place}: {reasons}", markup=False, highlight=False, soft_wrap=True
            )
        elif self.summary.rejected == _SHOWN_REJECTS + 1:
            self.console.print("…more bad lines are kept and only counted here")


def _find_source(settings: Settings, name: str) -> FileSource:
    found = settings.sources.get(name.lower())
    if found is None:
        known = ", ".join(sorted(settings.sources)) or "none is set"
        raise StartError(f"SOURCES: no source named {name} (known: {known})")
    source = create_source(name.lower(), found)
    if not isinstance(source, FileSource):
        raise StartError(f"SOURCES__{name.upper()}__KIND: {found.kind} has no history in files")
    return source


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Statements make no cycles: looking for some at the usual rate is a tenth of the time."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.percentage:>3.0f} %"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # else an empty line is left in the logs of scripts
    )

"""`dzvinok import`: history is read from files into the log, in batches, with a progress bar."""

import gc
import io
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
from bot.sources.base import FileSource, Reading
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from storage.calls import CallRepo
from storage.database import open_database
from storage.rejects import RejectRepo

_BATCH = 5000
"""Statements of one commit. While it lasts, some third of a second, a running bot cannot write."""

_COLLECT_AFTER = 20_000
"""How many objects are made before Python looks for garbage in cycles again."""

_SHOWN_REJECTS = 20


@dataclass(slots=True)
class Summary:
    """What became of the files: `read` calls, and `rejected` lines that are none.

    `calls` counts what the calls did to the log; in a dry run it stays empty. `flaws` counts
    optional fields that were dropped or mended. `hints` tell an administrator what looks wrong
    with the source's settings. `without_calls` are the files in which no line was a part of a
    call: empty ones, and those of something else.
    """

    calls: Counter[Outcome] = field(default_factory=Counter)
    read: int = 0
    rejected: int = 0
    flaws: Counter[str] = field(default_factory=Counter)
    hints: list[str] = field(default_factory=list)
    without_calls: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Batch:
    facts: list[CallFacts]
    rejects: list[Reject]


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
    source = _find_source(settings, name, clock)
    check_files(paths)
    files = _Files(paths)
    with progress_on(console) as progress, _rare_garbage_collection():
        bar = progress.add_task("", total=sum(path.stat().st_size for path in paths))
        readings = source.read_files(files, advance=lambda read: progress.advance(bar, read))
        summary = Summary()
        batches = _batches(readings, files, progress.console, summary)
        if is_dry_run:
            for _ in batches:
                pass
        else:
            await _store(settings, name, batches, summary, clock)
    summary.hints = source.hints()
    summary.without_calls = files.without_calls() if summary.read else list(paths)
    return summary


def _batches(
    readings: Iterator[Reading], files: "_Files", console: Console, summary: Summary
) -> Iterator[_Batch]:
    """All that is read, counted in the summary; the first bad lines are told on the console."""
    while True:
        batch = _Batch([], [])
        for reading in itertools.islice(readings, _BATCH):
            if isinstance(reading, CallFacts):
                summary.read += 1
                summary.flaws.update(reading.flaws)
                batch.facts.append(reading)
            else:
                summary.rejected += 1
                batch.rejects.append(reading)
                files.reject()
                _report(reading, summary.rejected, files.current, console)
        if not (batch.facts or batch.rejects):
            return
        yield batch


def _report(reject: Reject, number: int, file: Path, console: Console) -> None:
    """Tell the `number`th bad line to whoever imports; there may be a million of them."""
    if number <= _SHOWN_REJECTS:
        line = f"{file}:{reject.place}: {'; '.join(reject.errors)}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    elif number == _SHOWN_REJECTS + 1:
        console.print("…more bad lines are kept and only counted here")


async def _store(
    settings: Settings, name: str, batches: Iterator[_Batch], summary: Summary, clock: Clock
) -> None:
    async with open_database(settings.database) as database:
        calls = CallRepo(database, rules=settings.case_rules)
        rejects = RejectRepo(database)
        for batch in batches:
            try:
                summary.calls.update(await calls.record(batch.facts, now=clock()))
                if batch.rejects:
                    await rejects.add(name, batch.rejects, now=clock())
            except StorageError as error:
                where = f"{settings.database_setting}: {settings.database_place}"
                raise StartError(f"{where}: {error}") from error


class _CountedFile(io.BufferedReader):
    """A file that knows how many of its lines, but for blank ones, were read so far."""

    lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(-1 if size is None else size)
        is_end = line.endswith(b"\n") or len(line) != size  # a long line comes in pieces
        if is_end and line and not line.isspace():
            self.lines += 1
        return line


class _Files:
    """The files one after another, each open while it is read; `current` is the one being read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._unread: list[Path] = []
        self._rejected = 0
        self.current = Path()

    def reject(self) -> None:
        """Note that a line of the current file is no part of a call."""
        self._rejected += 1

    def without_calls(self) -> list[Path]:
        """The files whose lines were all rejected, or that have none."""
        return self._unread

    def __iter__(self) -> Iterator[BinaryIO]:
        for path in self._paths:
            self.current, self._rejected = path, 0
            with _CountedFile(io.FileIO(path)) as file:
                yield file
                if file.lines <= self._rejected:
                    self._unread.append(path)


def check_files(paths: Sequence[Path]) -> None:
    """Raises StartError unless each is a file that can be read."""
    try:
        missing = [str(path) for path in paths if not path.exists()]
    except OSError as error:
        raise StartError(f"no such file: {error.strerror}") from error
    if missing:
        raise StartError(f"no such file: {', '.join(missing)}")
    for path in paths:
        if path.is_dir():
            raise StartError(f"{path} is a folder: name the files in it, oldest first")
        if not path.is_file():
            raise StartError(f"{path} is no ordinary file: name files")
        try:
            path.open("rb").close()
        except OSError as error:
            raise StartError(f"{path}: {error.strerror}: it must be readable here") from error


def _find_source(settings: Settings, name: str, clock: Clock) -> FileSource:
    """The source of this name. Raises StartError if there is none, or it reads no files."""
    chosen = settings.sources.get(name.lower())
    if chosen is None:
        known = ", ".join(sorted(settings.sources)) or "none is set"
        raise StartError(f"SOURCES: no source named {name} (known: {known})")
    source = create_source(name.lower(), chosen, http=create_client(), clock=clock)
    if not isinstance(source, FileSource):
        raise StartError(f"SOURCES__{name.upper()}__KIND: {chosen.kind} has no history in files")
    return source


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Let Python look for garbage in cycles rarely.

    Statements make none, and looking as often as usual takes a tenth of the time.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def progress_on(console: Console) -> Progress:
    """The bar of an import, by the bytes that were read."""
    return Progress(
        TextColumn("{task.percentage:>3.0f} %"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # else an empty line is left in the logs of scripts
    )

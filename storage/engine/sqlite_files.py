"""The files of an SQLite database: where they may be, a consistent copy, their size."""

import errno
import getpass
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

import aiosqlite

from bot.domain.errors import AwayError, StartError

LOCK_ENDING = ".lock"
"""What the lock of the running bot has after the name of the database; see storage/lock.py."""

_ENDINGS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, after its name."""

BUSY_MS = 15_000
"""How long somebody else who writes is waited for."""


class Place:
    """The files that were opened: what is written to others under their names would be lost."""

    def __init__(self, path: Path) -> None:
        wal = path.with_name(f"{path.name}-wal")
        self._files = {file: os.stat(file) for file in (path, wal) if file.exists()}

    def check(self) -> None:
        """Raises AwayError if a file is there no more, or another under its name."""
        for file, opened in self._files.items():
            try:
                found = os.stat(file)
            except OSError as error:
                raise AwayError("file gone") from error
            if not os.path.samestat(found, opened):
                raise AwayError("file replaced")


def prepare_place(path: Path) -> None:
    """Make the folder of the database, and an empty file, where they are missing.

    Raises StartError, with the system's own reason, if no database can be there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_place(path)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise unusable(path, error) from error


def _check_place(path: Path) -> None:
    """Raises OSError or StartError unless the file is there, or may be, and can be written."""
    if path.is_dir():
        raise StartError(
            f"DATABASE_PATH: {path} is a folder: name a file in it, like {path / 'dzvinok.db'}"
        )
    if path.exists() and not path.is_file():
        raise StartError(f"DATABASE_PATH: {path} is no file a database could be in")
    _touch(path)


def _touch(path: Path) -> None:
    """Open and close the file for writing: SQLite itself would not say why it cannot."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o644))


def unusable(path: Path, error: Exception) -> StartError:
    """What to tell whoever set DATABASE_PATH when the system refuses the file or its folder."""
    return StartError(
        f"DATABASE_PATH: {path}: {_reason(error)}; "
        f"expected a file in a folder where {_user()} may write, on a disk with space"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, FileExistsError):  # of a folder that is to be made
        return os.strerror(errno.ENOTDIR)
    return getattr(error, "strerror", None) or str(error)


def _user() -> str:
    try:
        return f"the user {getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"the user {os.getuid()}"


def check_database(path: Path) -> None:
    """Raises StartError if there is no database, or this user may not write to it."""
    try:
        if not path.is_file():
            raise StartError(f"DATABASE_PATH: there is no database at {path}")
        _touch(path)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from error


async def copy_database(source: Path, target: Path, *, replaces: bool = False) -> None:
    """Write a consistent copy of the database to `target` while others use it.

    The copy appears under its name only when it is whole; folders are made where they are missing.
    Raises StartError if there is no database at `source`, if the copy cannot be written, or if
    there is a file at `target` already, unless the copy `replaces` it.
    """
    check_database(source)
    partial = target.parent / f"{target.name}.partial"
    try:
        _check_target(source, target, partial, replaces=replaces)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        _touch(partial)
    except (OSError, ValueError, RuntimeError) as error:  # the last: links that lead in a circle
        raise _unwritten(target, error) from error
    try:
        async with aiosqlite.connect(source) as original, aiosqlite.connect(partial) as copy:
            await original.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            await original.backup(copy)  # all pages at once: a writer cannot make it begin anew
            await copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
            await copy.commit()
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise _unwritten(target, error) from error


def _check_target(source: Path, target: Path, partial: Path, *, replaces: bool) -> None:
    """Raises StartError if a copy at `target` would overwrite what must stay."""
    real = source.resolve()  # SQLite puts its files beside the real one
    theirs = [*_files(source), *_files(real)]
    theirs += [one.with_name(one.name + LOCK_ENDING) for one in (source, real)]
    for place in (target, partial):
        for file in theirs:
            if place.resolve() == file.resolve() or (
                place.exists() and file.exists() and place.samefile(file)
            ):
                what = (
                    "the database itself" if file in {source, real} else "a part of the database"
                )
                raise StartError(f"{target} is {what}: a copy needs another name")
    for ending in _ENDINGS:
        other = target.parent / target.name.removesuffix(ending)
        if target.name.endswith(ending) and other.is_file():
            raise StartError(f"{target} is a part of the database {other}: choose another name")
    if target.is_dir():
        raise StartError(f"{target} is a folder: name a file in it, like {target / 'backup.db'}")
    if target.exists() and not target.is_file():
        raise StartError(f"{target} is no ordinary file: a copy needs another name")
    if target.exists() and not replaces:
        raise StartError(f"{target} is there already: choose another name, or add --force")
    if target.exists() and target.stat().st_size and not _is_database(target):
        raise StartError(f"{target} is no copy that could be replaced: choose another name")
    for file in _files(target)[1:]:
        if file.exists():  # what it holds would be read into the copy
            raise StartError(f"{target} is in use: there is {file}; choose another name")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _unwritten(target: Path, error: Exception) -> StartError:
    return StartError(
        f"{target} cannot be written: {_reason(error)}; "
        f"choose a file in a folder where {_user()} may write, on a disk with space"
    )


def size_on_disk(path: Path) -> int:
    """The bytes of the database on the disk, with what SQLite keeps beside the file."""
    return sum(file.stat().st_size for file in _files(path) if file.is_file())


def remove_database(path: Path) -> None:
    """Delete the database, if there is one; nothing may have it open."""
    for file in _files(path):
        file.unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + ending) for ending in _ENDINGS)]

"""The lock that lets one process at a time run on a database that is a file.

POSIX only: Windows has no flock.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import StartError
from storage.engine.sqlite_files import LOCK_ENDING, prepare_place, unusable


@contextmanager
def only_process(database_path: Path) -> Iterator[None]:
    """Hold the database for this process; the lock goes with the process, however it ends.

    Makes the folder of the database where it is missing. Raises StartError if another process
    holds the lock, or if there can be no file here.
    """
    prepare_place(database_path)
    try:
        file = _lock_of(database_path).open("w")
    except OSError as error:
        raise unusable(database_path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"DATABASE_PATH: another Dzvinok is running on {database_path}"
            ) from None
        except OSError as error:  # a network share without locks
            raise unusable(database_path, error) from error
        yield


def is_locked(database_path: Path) -> bool:
    """Whether a running Dzvinok holds the database."""
    try:
        with _lock_of(database_path).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock_of(database_path: Path) -> Path:
    return database_path.with_name(database_path.name + LOCK_ENDING)

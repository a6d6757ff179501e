"""The lock that lets one process at a time run on a database. POSIX only: Windows has no flock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import StartError


@contextmanager
def only_instance(database_path: Path) -> Iterator[None]:
    """Hold the database for this process; the lock goes with the process, however it ends.

    Makes the folder of the database where it is missing. Raises StartError if another process
    holds the lock.
    """
    database_path.parent.mkdir(parents=True, exist_ok=True)
    with database_path.with_name(database_path.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"DATABASE_PATH: another Dzvinok is running on {database_path}"
            ) from None
        yield

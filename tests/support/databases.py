"""Databases to begin with: empty, of the newest version."""

from pathlib import Path
from tempfile import TemporaryDirectory

from storage.database import open_database

_migrated: list[bytes] = []


async def put_database(path: Path) -> None:
    """Put an empty database there, unless there is one: a copy of one that was migrated once.

    To run all migrations takes five times as long as to open what they make.
    """
    if not _migrated:
        with TemporaryDirectory() as folder:
            made = Path(folder) / "dzvinok.db"
            async with open_database(made):
                pass
            _remember(made)
    _write(path)


def _remember(path: Path) -> None:
    _migrated.append(path.read_bytes())


def _write(path: Path) -> None:
    if not path.exists():
        path.write_bytes(_migrated[0])

"""The file of the database: what it weighs, how it is deleted, who may run on it."""

from pathlib import Path

import pytest

from bot.domain.errors import AwayError, StartError
from storage.database import open_database
from storage.engine.sqlite_files import remove_database, size_on_disk
from storage.lock import only_process
from tests.support.databases import locked


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_an_open_database_answers_and_is_weighed_with_all_its_files(tmp_path: Path) -> None:
    path = tmp_path / "dzvinok.db"
    async with open_database(path) as database:
        assert await database.has("SELECT 1")
        files = files_in(tmp_path)
        assert len(files) > 1
        assert size_on_disk(path) == sum(file.stat().st_size for file in files)
    assert size_on_disk(tmp_path / "none.db") == 0


async def test_a_database_that_another_program_writes_to_for_long_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks anything else of it now would wait as long."""
    monkeypatch.setattr("storage.engine.sqlite.BUSY_MS", 100)
    path = tmp_path / "dzvinok.db"
    async with open_database(path) as database:
        with locked(path), pytest.raises(AwayError, match="locked"):
            async with database.transaction() as tx:
                tx.write("DELETE FROM flaws")
        async with database.transaction() as tx:
            tx.write("DELETE FROM flaws")


async def test_a_database_is_deleted_with_all_its_files(tmp_path: Path) -> None:
    path = tmp_path / "dzvinok.db"
    async with open_database(path):
        left = files_in(tmp_path)
    for file in left:
        file.touch()
    remove_database(path)
    assert files_in(tmp_path) == []
    remove_database(path)  # again: there is none


def test_a_second_instance_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "dzvinok.db"
    with only_process(path):
        with pytest.raises(StartError, match="another Dzvinok"), only_process(path):
            pass
        with only_process(tmp_path / "other.db"):
            pass
    with only_process(path):
        pass

"""What people have chosen to see of the log, kept: by this program, and by a newer one."""

import pytest

from bot.domain.errors import NotFoundError
from bot.domain.log_views import STORED_FROM, Fate, LogView
from bot.domain.people import Role
from storage.engine.base import Database
from storage.log_views import LogViewRepo
from tests.support.employees import hire
from tests.support.statements import NOW


async def test_every_fate_is_kept_and_read_by_another_process(database: Database) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    for fate in Fate:
        view = LogView(fate=fate)
        view_id = await LogViewRepo(database).put(1, view)
        assert await LogViewRepo(database).get(1, view_id) == view


async def test_what_a_newer_program_has_kept_hides_nothing_else(database: Database) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    views = LogViewRepo(database)
    known = await views.put(1, LogView(fate=Fate.LOST))
    async with database.transaction() as tx:
        [row] = await tx.execute(
            "INSERT INTO log_views (employee_id, chosen) VALUES (1, ?) RETURNING id",
            ('{"fate": "of tomorrow"}',),
        )
    newer = STORED_FROM + int(row["id"])
    for view_id in (known, newer):
        assert await views.save(1, view_id, now=NOW)
    assert list(await views.list_saved(1)) == [known]
    with pytest.raises(NotFoundError):
        await views.get(1, newer)

"""What an older program wrote beside this one is filtered by as if this one had written it."""

from typing import Any

import pytest

from bot.domain.calls import Status
from bot.domain.log import LogFilter
from bot.domain.log_views import CASE_STATES, Fate
from bot.domain.people import Role
from storage.comments import CommentRepo
from storage.employees import EmployeeRepo
from storage.older_programs import OlderPrograms
from tests.support.call_logs import DAY, NOW, ONE, Log, ids
from tests.support.employees import hire
from tests.support.statements import said

STORED = (
    "SELECT id, traits FROM calls ORDER BY id",
    "SELECT extension, call_id, traits, line, queue FROM call_extensions ORDER BY 1, 2",
)

OLDER = (
    "UPDATE calls SET traits = NULL WHERE id IN (1, 2)",
    "UPDATE call_extensions SET traits = NULL, line = NULL, queue = NULL WHERE call_id = 3",
    # The call rang when this program wrote of it, and ended when the older one did.
    "UPDATE calls SET traits = 9 * 128 + 1 WHERE id = 4",
    "UPDATE calls SET traits = traits - 16 WHERE id = 5;"
    "UPDATE call_extensions SET traits = traits - 16 WHERE call_id = 5",
)


@pytest.fixture
async def written(log: Log) -> Log:
    """Calls of this program, two of them commented; the first is long ago."""
    await log.add(
        *(
            said(
                started_at=NOW - 60 * number if number else NOW - 9 * DAY,
                status=Status.ANSWERED if number % 2 else Status.MISSED,
                line="380445550101",
                queue="Продажі",
                rang=("101", "102"),
            )
            for number in range(8)
        )
    )
    await hire(log.database, 1, Role.SUPERVISOR)
    author = await EmployeeRepo(log.database).get(1)
    for call in (1, 5):
        await CommentRepo(log.database).set(call, "Просив", author=author, on_top_of=0, now=NOW)
    return log


@pytest.mark.parametrize("sql", [*OLDER, ";".join(OLDER)])
async def test_what_an_older_program_wrote_is_mended(written: Log, sql: str) -> None:
    meant = [[tuple(row) for row in await written.database.fetch(one)] for one in STORED]
    async with written.database.transaction() as tx:
        for one in sql.split(";"):
            tx.write(one)
    assert await OlderPrograms(written.database).mend(now=NOW)
    assert [[tuple(row) for row in await written.database.fetch(one)] for one in STORED] == meant
    assert await OlderPrograms(written.database).mend(now=NOW) == 0


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({"status": Status.MISSED}, "traits & 2047"),
        ({"case_states": CASE_STATES[Fate.UNRETURNED]}, "traits & 2047"),
        ({"case_states": CASE_STATES[Fate.UNRETURNED]}, "NULL"),
    ],
)
async def test_a_telephone_that_an_older_program_has_added_is_filtered_at_once(
    written: Log, chosen: dict[str, Any], left: str
) -> None:
    """What is asked of the call itself is known then, and of the telephone's log it is not."""
    asked = LogFilter(**chosen)
    meant = ids(await written.page(scope=ONE, log_filter=asked, size=20))
    assert 3 in meant
    async with written.database.transaction() as tx:
        tx.write(f"UPDATE call_extensions SET traits = {left} WHERE call_id = 3")
    page = await written.page(scope=ONE, log_filter=asked, size=20)
    assert ids(page) == meant
    assert page.total == len(meant)

"""PBXs that do not answer, and who is told of it."""

from bot.domain.people import Language
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.feeds import FeedRepo
from tests.support.statements import NOW


async def test_an_outage_that_nobody_could_be_told_of_is_told_once_somebody_can(
    database: Database,
) -> None:
    feeds, employees = FeedRepo(database), EmployeeRepo(database)
    await feeds.note_failure("office", "ami", "closed", now=NOW, must_act=True)
    await feeds.note_answer("office", "ami", now=NOW + 10)
    assert await database.fetch("SELECT 1 FROM outbox") == [], "no end of what was never told"
    await feeds.note_failure("office", "ami", "closed", now=NOW + 20, must_act=True)
    await employees.sync_administrators([1001], language=Language.UK, page_size=8, now=NOW)
    await employees.set_reachable(1, now=NOW)
    for after in (30, 40):
        await feeds.note_failure("office", "ami", "closed", now=NOW + after, must_act=True)
    [row] = await database.fetch("SELECT subject FROM outbox WHERE kind = 'feed_lost'")
    assert row["subject"] == f"office ami {NOW + 20}"

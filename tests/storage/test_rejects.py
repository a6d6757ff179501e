"""What could not be read: kept once, however often it is sent."""

import pytest

from bot.domain.calls import Reject
from storage.engine.base import Database
from storage.rejects import KEPT, RejectRepo
from tests.support.statements import NOW


@pytest.fixture
def rejects(database: Database) -> RejectRepo:
    return RejectRepo(database)


async def test_the_same_line_refused_again_is_one_reject(rejects: RejectRepo) -> None:
    bad, worse = Reject(3, ("no id",), "{}"), Reject(4, ("no id", "no time"), "[]")
    for again in range(3):
        await rejects.add("office", [bad, worse, bad], now=NOW + again)
    assert await rejects.counts() == {"office": 2}
    await rejects.add("office", [Reject(90, ("no id",), "{}")], now=NOW + 9)
    assert await rejects.counts() == {"office": 2}, (
        "its place may change: files are cut and joined"
    )
    assert await rejects.last("office") == "no id", "what came last is the newest"
    await rejects.add("shop", [bad], now=NOW)
    await rejects.add(
        "office", [Reject(3, ("no time",), "{}"), Reject(3, ("no id",), "{ }")], now=1
    )
    assert await rejects.counts() == {"office": 4, "shop": 1}


async def test_long_bodies_that_differ_only_where_they_are_cut_are_one(
    rejects: RejectRepo,
) -> None:
    for ending in ("a", "b"):
        await rejects.add("office", [Reject(1, ("no id",), "x" * 5000 + ending)], now=NOW)
    assert await rejects.counts() == {"office": 1}


async def test_the_newest_rejects_are_kept(rejects: RejectRepo) -> None:
    many = [Reject(place, ("no id",), str(place)) for place in range(KEPT + 5)]
    for _ in range(2):
        await rejects.add("office", many, now=NOW)
        assert await rejects.counts() == {"office": KEPT}

"""When a digest is owed: once for each moment, whatever the clock, the zone and the bot do."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.digests import digest_span
from bot.domain.people import Employee, Role
from storage.digest_times import LIMIT, DigestTimes
from tests.support.kyiv import KYIV, at
from tests.support.screens import BOSS
from tests.support.stored_digests import END, SIX_PM, StoredDigests


async def _with_digest(digests: StoredDigests, minutes: int, now: int) -> Employee:
    person = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    assert await digests.times.add(person.id, minutes, now=now)
    return person


async def test_it_comes_once_a_day(digests: StoredDigests) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(digests, SIX_PM, start)
    await digests.ticks(start, start + 3 * 86400)
    assert await digests.subjects() == [f"{day}.11 18:00 +0200" for day in (23, 24, 25)]


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2026-10-24 12:00", 210, ["25.10 03:30 +0300", "26.10 03:30 +0200"]),
        ("2026-10-24 12:00", 270, ["25.10 04:30 +0200", "26.10 04:30 +0200"]),
        ("2026-10-24 12:00", 540, ["25.10 09:00 +0200", "26.10 09:00 +0200"]),
        ("2027-03-27 12:00", 210, ["28.03 04:30 +0300", "29.03 03:30 +0300"]),
        ("2027-03-27 12:00", 540, ["28.03 09:00 +0300", "29.03 09:00 +0300"]),
    ],
)
async def test_a_night_with_a_change_of_clocks_loses_and_doubles_nothing(
    digests: StoredDigests, start: str, minutes: int, expected: list[str]
) -> None:
    await _with_digest(digests, minutes, at(start))
    await digests.ticks(at(start), at(start) + 47 * 3600, 1800)
    assert await digests.subjects() == expected


def test_a_day_of_25_hours_and_one_of_23() -> None:
    evening = at("2026-10-25 18:00")
    start, end = digest_span(evening, SIX_PM, KYIV)
    assert (end - start, end) == (19 * 3600, evening)
    start, end = digest_span(at("2026-10-26 09:00"), 540, KYIV)
    assert end - start == 25 * 3600
    start, end = digest_span(at("2027-03-29 09:00"), 540, KYIV)
    assert end - start == 23 * 3600


async def test_a_week_earlier_means_the_same_wall_times(digests: StoredDigests) -> None:
    """On the Sunday of 25 hours the week before ends at 18:00 too, an hour sooner in seconds."""
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    for number, moment in (("01", "2026-10-18 17:59"), ("02", "2026-10-18 18:01")):
        await digests.lost_at(number, moment)
    evening = at("2026-10-25 18:00")
    found = await digests.digest(boss, *digest_span(evening, SIX_PM, KYIV))
    assert found.before is not None
    assert found.before.opened == 1


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("2026-11-23 20:00", ["23.11 13:00 +0200", "23.11 18:00 +0200"]),
        ("2026-11-24 01:00", ["23.11 13:00 +0200", "23.11 18:00 +0200"]),
        ("2026-11-24 01:01", ["23.11 18:00 +0200"]),
        ("2026-11-24 06:01", []),
        ("2026-11-26 19:00", ["26.11 13:00 +0200", "26.11 18:00 +0200"]),
        ("2027-11-24 02:00", ["23.11 18:00 +0200"]),
    ],
)
async def test_what_downtime_delayed_comes_once_within_half_a_day(
    digests: StoredDigests, back: str, expected: list[str]
) -> None:
    noon = at("2026-11-23 12:00")
    person = await _with_digest(digests, SIX_PM, noon)
    assert await digests.times.add(person.id, 13 * 60, now=noon)
    await digests.ticks(at(back), at(back) + 60, 5)
    assert await digests.subjects() == expected
    await digests.ticks(at(back), at(back) + 86400)
    assert len(await digests.subjects()) == len(set(await digests.subjects())) > len(expected)


async def test_a_clock_set_back_doubles_nothing(digests: StoredDigests) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(digests, SIX_PM, start)
    await digests.ticks(start, END + 300)
    await digests.ticks(END - 7200, END + 300)
    await digests.ticks(END - 1, END + 2, 1)
    assert await digests.subjects() == ["23.11 18:00 +0200"]
    await digests.ticks(END, END + 86400 + 1)
    assert await digests.subjects() == ["23.11 18:00 +0200", "24.11 18:00 +0200"]


async def test_a_clock_a_year_ahead_for_a_moment_loses_nothing(digests: StoredDigests) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(digests, SIX_PM, start)
    await digests.times.owe_due(now=start + 365 * 86400)
    await digests.ticks(start, END + 300)
    assert (await digests.subjects())[0] == "23.11 18:00 +0200"


async def test_another_time_zone_counts_from_the_next_tick(digests: StoredDigests) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(digests, SIX_PM, start)
    tokyo = DigestTimes(digests.database, ZoneInfo("Asia/Tokyo"))
    await tokyo.owe_due(now=start)
    [row] = await digests.database.fetch("SELECT due_at FROM digests")
    there = datetime.fromtimestamp(row["due_at"], ZoneInfo("Asia/Tokyo"))
    assert f"{there:%d %H:%M}" == "24 18:00"


async def test_one_who_is_out_gets_none_and_none_later(digests: StoredDigests) -> None:
    start = at("2026-11-23 12:00")
    person = await _with_digest(digests, SIX_PM, start)
    async with digests.database.transaction() as tx:
        await tx.execute("UPDATE employees SET state = 'blocked' WHERE id = ?", (person.id,))
    await digests.ticks(start, END + 300)
    assert await digests.subjects() == []


async def test_six_times_a_day_and_no_more(digests: StoredDigests) -> None:
    now = at("2026-11-23 12:00")
    person = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    done = [await digests.times.add(person.id, minutes, now=now) for minutes in range(7)]
    assert done == [True] * LIMIT + [False]
    assert await digests.times.add(person.id, 0, now=now), "it is chosen already"
    await digests.times.remove(person.id, 0)
    assert await digests.times.times(person.id) == [1, 2, 3, 4, 5]

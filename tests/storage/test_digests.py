"""The digest: its numbers, its moments whatever the clock does, its screens. Real SQLite."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calls import Status
from bot.domain.company import LadderField
from bot.domain.digests import CaseGroup, Digest, DigestPerson, DigestTotals
from bot.domain.errors import NoAccessError
from bot.domain.people import Employee, Language, Role, Scope
from bot.telegram.i18n import create_i18n
from bot.views import digests as views
from keyboards.callbacks import CaseButton, DigestList, DigestPages, DigestTime
from storage.calls import CallRepo
from storage.cases import opened_in
from storage.company import CompanyRepo
from storage.database import open_database
from storage.digests import LIMIT, DigestRepo, median, percentile
from storage.scopes import case_in_scope
from tests.support.running import running_office
from tests.support.screens import BOSS, IVAN, OLENA, App, open_app
from tests.support.stored_calls import WINDOW, StoredCalls
from tests.support.telegram import Clock

KYIV = ZoneInfo("Europe/Kyiv")
TARGET = 900
SIX_PM = 18 * 60


def at(text: str) -> int:
    """A moment of Kyiv's clocks; of an hour that comes twice, the first."""
    return int(datetime.fromisoformat(text).replace(tzinfo=KYIV).timestamp())


MIDNIGHT, END = at("2026-11-23 00:00"), at("2026-11-23 18:00")
"""A Monday, and its evening."""


class Office(StoredCalls):
    def __init__(self, stored: StoredCalls) -> None:
        super().__init__(stored.database)
        self.digests = DigestRepo(stored.database, KYIV, window=WINDOW)

    async def person(self, tg_id: int, name: str, role: Role, *extensions: str) -> Employee:
        await self.hire(tg_id, role, *extensions)
        await self.employees.set_name(tg_id, name)
        return await self.employees.get(tg_id)

    async def digest(self, employee: Employee, start: int = MIDNIGHT, end: int = END) -> Digest:
        return await self.digests.digest(employee, start, end, target=TARGET)

    async def listed(
        self, employee: Employee, group: CaseGroup, *, who: int = 0, page: int = 0
    ) -> list[str]:
        """The last two digits of the numbers behind a number."""
        found = await self.cases.list_span(
            employee, MIDNIGHT, END, group, who=who, target=TARGET, page=page, size=50
        )
        assert found.total == len(found.cases)
        return [(case.client or "")[-2:] for case in found.cases]

    async def monday(self) -> tuple[Employee, Employee, Employee]:
        """Seven clients lost on a Monday, each with another end; the week before, two."""
        boss = await self.person(BOSS, "Ганна", Role.SUPERVISOR)
        olena = await self.person(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await self.person(IVAN, "Іван", Role.OPERATOR, "102")
        for number, moment, back, extension in (
            ("01", "09:00", "09:04", "101"),
            ("02", "10:00", "10:10", "101"),
            ("03", "10:10", "10:30", "102"),
            ("04", "10:20", "18:05", "102"),
        ):
            await self._told(number, f"2026-11-23 {moment}", rang="102" if number == "04" else "")
            await self._back(number, f"2026-11-23 {back}", extension)
        await self._told("05", "2026-11-23 11:00")
        self.now = at("2026-11-23 11:05")
        await self.redialled(0, "0501112205")
        await self._told("06", "2026-11-23 12:00")
        self.now = at("2026-11-23 12:10")
        [case_id] = [
            case.id for case in await self.all_cases() if (case.client or "").endswith("06")
        ]
        assert await self.cases.close(case_id, olena, "Реклама", now=self.now)
        await self._told("07", "2026-11-23 17:55")
        await self._told("08", "2026-11-22 20:00")
        await self._told("11", "2026-11-16 10:00")
        await self._back("11", "2026-11-16 10:20", "101")
        await self._told("12", "2026-11-16 11:00")
        await self._told("13", "2026-11-16 19:00")
        self.now = at("2026-11-23 18:10")
        await self.cases.expire(now=self.now)
        return boss, olena, ivan

    async def _told(self, number: str, moment: str, rang: str = "") -> None:
        self.now = at(moment)
        await self.lost(0, f"05011122{number}", rang=(rang or "101",))

    async def _back(self, number: str, moment: str, extension: str) -> None:
        """The talk begins ten seconds later."""
        self.now = at(moment)
        await self.dialled(0, f"05011122{number}", extension=extension)

    async def subjects(self) -> list[str]:
        """When the digests owed were due, in Kyiv, in order."""
        rows = await self.database.fetch("SELECT subject FROM outbox WHERE kind = 'digest'")
        moments = sorted(int(row["subject"].split()[0]) for row in rows)
        return [f"{datetime.fromtimestamp(moment, KYIV):%d.%m %H:%M %z}" for moment in moments]

    async def ticks(self, start: int, end: int, step: int = 3600) -> None:
        for moment in range(start, end, step):
            await self.digests.send(now=moment)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield Office(StoredCalls(database))


# The numbers


async def test_the_numbers_of_a_day_are_exact(office: Office) -> None:
    boss, olena, ivan = await office.monday()
    found = await office.digest(boss)
    assert found.totals == DigestTotals(
        opened=7,
        called_back=3,
        got_through=1,
        by_hand=1,
        left=2,
        in_target=2,
        due=4,
        median=610,
        p90=1210,
    )
    assert found.before == DigestTotals(
        opened=2, called_back=1, left=1, due=2, median=1210, p90=1210
    )
    assert found.earlier == 2
    assert (found.worst_at, found.worst_count) == (at("2026-11-23 10:00"), 3)
    assert found.people == (
        DigestPerson(id=olena.id, name="Олена", called_back=2, median=430, by_hand=1),
        DigestPerson(id=ivan.id, name="Іван", called_back=1, median=1210, by_hand=0),
    )


async def test_what_happens_later_changes_nothing(office: Office) -> None:
    boss, *_ = await office.monday()
    before = await office.digest(boss)
    office.now = END + 3600
    await office.dialled(0, "0501112207")
    await office.dialled(60, "0501112208")
    office.now += 30 * 86400
    await office.cases.expire(now=office.now)
    assert await office.digest(boss) == before


async def test_an_operator_is_told_of_own_clients_and_own_calls_back(office: Office) -> None:
    """Ivan called back one at whom another was rung; one left was rung at his phone."""
    _, _, ivan = await office.monday()
    found = await office.digest(ivan)
    assert found.totals == DigestTotals(opened=1, left=1, due=1)
    assert found.people == (
        DigestPerson(id=ivan.id, name="Іван", called_back=1, median=1210, by_hand=0),
    )
    assert found.earlier == 0
    assert await office.listed(ivan, CaseGroup.OPENED) == ["04"]
    assert await office.listed(ivan, CaseGroup.CALLED_BACK) == []
    assert await office.listed(ivan, CaseGroup.CALLED_BACK, who=ivan.id) == ["03"]
    with pytest.raises(NoAccessError):
        await office.listed(ivan, CaseGroup.CALLED_BACK, who=OLENA)


async def test_a_case_in_ones_hands_is_ones_own(office: Office) -> None:
    _, _, ivan = await office.monday()
    [case] = [one for one in await office.all_cases() if (one.client or "").endswith("07")]
    assert await office.cases.hand(case.id, await office.employees.get(BOSS), IVAN, now=office.now)
    assert (await office.digest(ivan)).totals.opened == 2


async def test_the_list_behind_a_number_is_as_long_as_the_number(office: Office) -> None:
    boss, olena, _ = await office.monday()
    found = await office.digest(boss)
    lists = {group: await office.listed(boss, group) for group in CaseGroup}
    assert lists == {
        CaseGroup.OPENED: ["01", "02", "03", "04", "05", "06", "07"],
        CaseGroup.CALLED_BACK: ["01", "02", "03"],
        CaseGroup.GOT_THROUGH: ["05"],
        CaseGroup.BY_HAND: ["06"],
        CaseGroup.LEFT: ["04", "07"],
        CaseGroup.IN_TARGET: ["01", "02"],
    }
    assert all(len(rows) == found.totals.count(group) for group, rows in lists.items())
    assert await office.listed(boss, CaseGroup.CALLED_BACK, who=olena.id) == ["01", "02"]


async def test_only_the_pbx_says_it_was_called_back(office: Office) -> None:
    """Then nobody knows when: it counts as called back, and in no time."""
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    office.now = END - 3600
    await office.lost(status=Status.MISSED_CALLED_BACK)
    totals = (await office.digest(boss)).totals
    assert totals == DigestTotals(opened=1, called_back=1)


async def test_a_phone_nobody_has_is_named_by_its_number(office: Office) -> None:
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    office.now = END - 3600
    await office.lost()
    await office.dialled(60, extension="777")
    assert (await office.digest(boss)).people == (
        DigestPerson(id=0, name="777", called_back=1, median=70, by_hand=0),
    )


async def test_namesakes_are_two_people(office: Office) -> None:
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    await office.person(OLENA, "Олена", Role.OPERATOR, "101")
    await office.person(IVAN, "Олена", Role.OPERATOR, "102")
    office.now = END - 3600
    for number, extension in (("01", "101"), ("02", "102")):
        await office.lost(0, f"05011122{number}")
        await office.dialled(60, f"05011122{number}", extension=extension)
    assert [one.called_back for one in (await office.digest(boss)).people] == [1, 1]


async def test_nothing_is_compared_with_a_time_nobody_recorded(office: Office) -> None:
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    office.now = END - 3600
    await office.lost()
    found = await office.digest(boss)
    assert found.before is None
    with_words = _said(found)
    assert "↑" not in with_words
    assert "тиждень" not in with_words


@pytest.mark.parametrize(
    ("values", "middle", "p90"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 4], 2, 4),
        ([1, 2, 60], 2, 60),
        (list(range(1, 11)), 6, 9),
        (list(range(1, 12)), 6, 10),
        ([5] * 9 + [100], 5, 5),
    ],
)
def test_median_and_percentile(values: list[int], middle: int | None, p90: int | None) -> None:
    found = [(value, values.count(value)) for value in sorted(set(values))]
    assert (median(found), percentile(found, 90)) == (middle, p90)


# The words


def _said(found: Digest, language: str = "uk") -> str:
    i18n = create_i18n(Language.UK)
    with i18n.context(), i18n.use_locale(language):
        return views.digest(found, KYIV)


async def test_the_words_of_a_day(office: Office) -> None:
    boss, *_ = await office.monday()
    text = _said(await office.digest(boss))
    assert text.replace("<b>", "").replace("</b>", "").splitlines() == [
        "📊 Пропущені, 23 листопада, до 18:00",
        "Пропущено клієнтів: 7 ↑ (2), гірше",
        "Передзвонили ми: 3 ↑ (1)",
        "Додзвонились самі: 1 ↑ (0)",
        "Закрито вручну: 1 ↑ (0)",
        "Залишилось: 2 ↑ (1), гірше",
        "Ще чекають з попередніх днів: 2",
        "",
        "Передзвонюємо за 10 хв ↓ (20 хв), краще",
        "9 із 10 – за 20 хв",
        "Вчасно, за 15 хв: 2 із 4",
        "Частка вчасних: 50% ↑ (0%), краще",
        "Найгірше: 10:00–11:00, пропущено 3",
        "",
        "Хто передзвонив",
        "Олена: 2, за 7 хв, закрито вручну 1",
        "Іван: 1, за 20 хв",
        "",
        "У дужках – той самий день тиждень тому",
    ]
    assert max(map(len, text.splitlines())) <= 46
    english = _said(await office.digest(boss), "en")
    assert "Left: <b>2</b> ↑ (1), worse" in english


async def test_a_day_without_lost_calls_is_one_kind_line(office: Office) -> None:
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    assert _said(await office.digest(boss)).splitlines() == [
        "📊 <b>Пропущені, 23 листопада, до 18:00</b>",
        "Пропущених немає. Чудова робота!",
    ]


async def test_an_operators_cases_are_found_from_the_cases(office: Office) -> None:
    """And not from the whole log of a phone, which took seconds at a million calls."""
    mine, values = case_in_scope(Scope(("101",), owner=7), "k")
    where, span = opened_in(MIDNIGHT, END)
    plan = await office.database.fetch(
        f"EXPLAIN QUERY PLAN SELECT count(*) FROM cases AS k WHERE {where} AND {mine}",
        (*span, *values),
    )
    steps = [row["detail"] for row in plan]
    assert any("cases_by_opening" in step for step in steps), steps
    assert any("case_calls_by_case" in step for step in steps), steps
    assert not any("x USING PRIMARY KEY (extension=?)" in step for step in steps), steps


# The moments


async def _with_digest(office: Office, minutes: int, now: int) -> Employee:
    person = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    assert await office.digests.add(person.id, minutes, now=now)
    return person


async def test_it_comes_once_a_day(office: Office) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(office, SIX_PM, start)
    await office.ticks(start, start + 3 * 86400)
    assert await office.subjects() == [f"{day}.11 18:00 +0200" for day in (23, 24, 25)]


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
    office: Office, start: str, minutes: int, expected: list[str]
) -> None:
    await _with_digest(office, minutes, at(start))
    await office.ticks(at(start), at(start) + 47 * 3600, 1800)
    assert await office.subjects() == expected


async def test_a_day_of_25_hours_and_one_of_23(office: Office) -> None:
    evening = at("2026-10-25 18:00")
    start, end = office.digests.span(evening, SIX_PM)
    assert (end - start, end) == (19 * 3600, evening)
    start, end = office.digests.span(at("2026-10-26 09:00"), 540)
    assert end - start == 25 * 3600
    start, end = office.digests.span(at("2027-03-29 09:00"), 540)
    assert end - start == 23 * 3600


async def test_a_week_earlier_means_the_same_wall_times(office: Office) -> None:
    """On the Sunday of 25 hours the week before ends at 18:00 too, an hour sooner in seconds."""
    boss = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    for number, moment in (("01", "2026-10-18 17:59"), ("02", "2026-10-18 18:01")):
        await office._told(number, moment)
    evening = at("2026-10-25 18:00")
    found = await office.digest(boss, *office.digests.span(evening, SIX_PM))
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
    office: Office, back: str, expected: list[str]
) -> None:
    noon = at("2026-11-23 12:00")
    person = await _with_digest(office, SIX_PM, noon)
    assert await office.digests.add(person.id, 13 * 60, now=noon)
    await office.ticks(at(back), at(back) + 60, 5)
    assert await office.subjects() == expected
    await office.ticks(at(back), at(back) + 86400)
    assert len(await office.subjects()) == len(set(await office.subjects())) > len(expected)


async def test_a_clock_set_back_doubles_nothing(office: Office) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(office, SIX_PM, start)
    await office.ticks(start, END + 300)
    await office.ticks(END - 7200, END + 300)
    await office.ticks(END - 1, END + 2, 1)
    assert await office.subjects() == ["23.11 18:00 +0200"]
    await office.ticks(END, END + 86400 + 1)
    assert await office.subjects() == ["23.11 18:00 +0200", "24.11 18:00 +0200"]


async def test_a_clock_a_year_ahead_for_a_moment_loses_nothing(office: Office) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(office, SIX_PM, start)
    await office.digests.send(now=start + 365 * 86400)
    await office.ticks(start, END + 300)
    assert (await office.subjects())[0] == "23.11 18:00 +0200"


async def test_another_time_zone_counts_from_the_next_tick(office: Office) -> None:
    start = at("2026-11-23 12:00")
    await _with_digest(office, SIX_PM, start)
    tokyo = DigestRepo(office.database, ZoneInfo("Asia/Tokyo"), window=WINDOW)
    await tokyo.send(now=start)
    [row] = await office.database.fetch("SELECT due_at FROM digests")
    there = datetime.fromtimestamp(row["due_at"], ZoneInfo("Asia/Tokyo"))
    assert f"{there:%d %H:%M}" == "24 18:00"


async def test_one_who_is_out_gets_none_and_none_later(office: Office) -> None:
    start = at("2026-11-23 12:00")
    person = await _with_digest(office, SIX_PM, start)
    async with office.database.transaction() as tx:
        await tx.execute("UPDATE employees SET state = 'blocked' WHERE id = ?", (person.id,))
    await office.ticks(start, END + 300)
    assert await office.subjects() == []


async def test_six_times_a_day_and_no_more(office: Office) -> None:
    now = at("2026-11-23 12:00")
    person = await office.person(BOSS, "Ганна", Role.SUPERVISOR)
    done = [await office.digests.add(person.id, minutes, now=now) for minutes in range(7)]
    assert done == [True] * LIMIT + [False]
    assert await office.digests.add(person.id, 0, now=now), "it is chosen already"
    await office.digests.remove(person.id, 0)
    assert await office.digests.times(person.id) == [1, 2, 3, 4, 5]


# The screens


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The screens on a Monday evening with its calls."""
    async with open_app(tmp_path) as app:
        app.now = at("2026-11-23 18:10")
        await app.hire(OLENA, Role.OPERATOR, "101")
        await app.hire(IVAN, Role.OPERATOR, "102", name="Іван")
        stored = Office(StoredCalls(app.database))
        stored.calls = CallRepo(app.database)
        for number, moment, back, extension in (
            ("01", "09:00", "09:04", "101"),
            ("02", "10:00", "10:30", "102"),
            ("03", "10:10", "", ""),
        ):
            await stored._told(number, f"2026-11-23 {moment}")
            if back:
                await stored._back(number, f"2026-11-23 {back}", extension)
        yield app


async def test_times_are_chosen_and_let_go(app: App) -> None:
    await app.say(BOSS, "/settings")
    await app.press(BOSS, "📊 Підсумки")
    assert app.labels == [
        "9:00",
        "13:00",
        "18:00",
        "21:00",
        "✏️ Інший час",
        "📊 Показати за сьогодні",
        "⬅️ До налаштувань",
    ]
    await app.press(BOSS, "18:00")
    assert "18:00 ✓" in app.labels
    assert app.answers[-1] == "Збережено"
    await app.press(BOSS, "✏️")
    await app.say(BOSS, "полудень")
    await app.say(BOSS, None)
    await app.say(BOSS, "25:00")
    await app.say(BOSS, "7.45")
    assert app.labels[:5] == ["7:45 ✓", "9:00", "13:00", "18:00 ✓", "21:00"]
    assert "Зараз: 7:45, 18:00" in app.text
    await app.press(BOSS, "✏️")
    await app.say(BOSS, "7:45")
    assert "7:45 ✓" in app.labels, "typed again it stays"
    await app.press(BOSS, "✏️")
    await app.press(BOSS, "✖️")
    await app.press(BOSS, "18:00")
    await app.press(BOSS, "7:45")
    assert "Зараз: немає" in app.text


async def test_a_press_that_comes_again_changes_nothing(app: App) -> None:
    repo = DigestRepo(app.database, KYIV, window=WINDOW)
    boss = await app.person(BOSS)
    for is_wanted, times in ((True, [540]), (False, [])):
        for _ in range(2):  # the program died before Telegram heard that it was done
            await app.press_data(BOSS, DigestTime(minutes=540, is_wanted=is_wanted).pack())
            assert await repo.times(boss.id) == times
            assert app.answers[-1] == "Збережено"


async def test_a_seventh_time_is_refused_in_words(app: App) -> None:
    repo = DigestRepo(app.database, KYIV, window=WINDOW)
    boss = await app.person(BOSS)
    for minutes in range(LIMIT):
        await repo.add(boss.id, minutes, now=app.now)
    await app.press_data(BOSS, DigestTime(minutes=540, is_wanted=True).pack())
    assert app.answers[-1] == "Можна до 6 разів на день"
    assert "9:00" in app.labels


async def test_every_button_of_a_digest_opens_its_list(app: App) -> None:
    await app.press_data(BOSS, "en1")
    assert app.text.startswith("📊 <b>Пропущені, 23 листопада, до 18:11</b>")
    assert app.labels == [
        "Пропущено клієнтів: 3",
        "Передзвонили ми: 2",
        "Залишилось: 1",
        "Вчасно: 1",
        "🕐 10:00–11:00, пропущено 2",
        "Іван: 1",
        "Олена Ковал…: 1",
        "🔴 Не передзвонили",
    ]
    titles = [
        "Пропущено клієнтів: 3, 23 листопада, до 18:11",
        "Передзвонили ми: 2, 23 листопада, до 18:11",
        "Залишилось: 1, 23 листопада, до 18:11",
        "Вчасно: 1, 23 листопада, до 18:11",
        "Пропущено клієнтів: 2, 23 листопада, 10:00–11:00",
        "Передзвонили ми: 1, 23 листопада, до 18:11",
        "Передзвонили ми: 1, 23 листопада, до 18:11",
    ]
    for data, title in zip(app.buttons(), titles, strict=False):
        await app.press_data(BOSS, data)
        name, _, when = title.partition(", ")
        assert app.text.startswith(f"<b>{name}</b>\n{when}\n")
    await app.press_data(BOSS, app.buttons("1")[0])
    assert "+380 50 111 22 01" in app.text


async def test_who_was_in_time_stays_so_when_the_target_changes(app: App) -> None:
    await app.press_data(BOSS, "en1")
    [data] = app.buttons("Вчасно: 1")
    company = CompanyRepo(app.database, KYIV)
    await company.set_number(LadderField.TARGET, 60, now=app.now)
    await app.press_data(BOSS, data)
    assert app.text.splitlines()[0].endswith(": 1</b>")
    await app.press(BOSS, "1")
    await app.press(BOSS, "⬅️ До списку")
    assert app.text.splitlines()[0].endswith(": 1</b>")
    await app.press_data(BOSS, "en1")
    assert app.buttons("Вчасно: 2")


async def test_a_case_goes_back_to_its_list_also_after_an_action(app: App) -> None:
    await app.press_data(BOSS, "en1")
    await app.press(BOSS, "Залишилось")
    listed = app.text
    await app.press(BOSS, "1")
    await app.press(BOSS, "🙋")
    assert "Взято" in app.text
    await app.press(BOSS, "👥")
    await app.press(BOSS, "Іван")
    assert "Взято: Іван" in app.text
    await app.press(BOSS, "⬅️ До списку")
    assert app.text.splitlines()[0] == listed.splitlines()[0]


async def test_the_pages_of_a_list(app: App) -> None:
    await app.employees.set_page_size((await app.person(BOSS)).id, 2)
    await app.press_data(BOSS, "en1")
    await app.press(BOSS, "Пропущено")
    assert app.labels == ["1", "2", " ", "1/2", "▶️"]
    await app.press(BOSS, "▶️")
    assert app.labels == ["1", "◀️", "2/2", " "]
    await app.press(BOSS, "1")
    await app.press(BOSS, "⬅️ До списку")
    assert app.labels == ["1", "◀️", "2/2", " "]


async def test_an_operator_opens_the_talk_by_which_a_client_was_called_back(app: App) -> None:
    """The client was not rung at Ivan's phone: the case is not his to see, his call is."""
    await app.press_data(IVAN, "en1")
    assert app.labels == ["Іван: 1"]
    await app.press(IVAN, "Іван")
    await app.press(IVAN, "1")
    assert "Вихідний" in app.text


GONE = "Цих даних уже немає: їх видалено."
STALE = "Ця кнопка застаріла. Відкрийте екран знову."


async def test_forged_buttons_show_nothing(app: App) -> None:
    olena = await app.person(OLENA)
    since, until = MIDNIGHT // 60, END // 60
    forged = [
        {"since": -(10**30), "until": 10**30},
        {"since": 0, "until": 10**12},
        {"since": until, "until": since},
        {"since": since, "until": since},
        {"since": since, "until": since + 400 * 1440},
        {"since": -1440, "until": 0},
        {"since": since, "until": until, "who": 10**25},
        {"since": since, "until": until, "who": -1},
        {"since": since, "until": until, "who": (await app.person(BOSS)).id},
    ]
    for kind in (DigestList, DigestPages):
        for values in forged:
            fields = {"group": CaseGroup.CALLED_BACK.value, "who": 0, "page": 0} | values
            data = [str(fields[name]) for name in kind.model_fields]
            await app.press_data(OLENA, ":".join([kind.__prefix__, *data]))
            assert app.answers[-1] in {GONE, "Немає доступу.", STALE}
    for page in (10**30, -5):
        await app.press_data(
            OLENA,
            ":".join(["ep2", "o", str(since), str(until), "0", str(page)]),
        )
        assert app.answers[-1] == STALE
    for minutes in (-1, 1440, 10**20):
        await app.press_data(OLENA, f"{DigestTime.__prefix__}:{minutes}:1")
        assert app.answers[-1] in {GONE, STALE}
    assert await DigestRepo(app.database, KYIV, window=WINDOW).times(olena.id) == []


async def test_an_accountant_gets_no_digests(app: App) -> None:
    await app.hire(1777, Role.ACCOUNTANT, "101", name="Віра")
    await app.say(1777, "/settings")
    assert not [label for label in app.labels if "📊" in label]
    for data in ("e1", "en1", "et2:540:1", f"el2:o:{MIDNIGHT // 60}:{END // 60}:0:0"):
        await app.press_data(1777, data)
        assert app.answers[-1] == "Ця кнопка застаріла. Відкрийте екран знову."


async def test_a_button_of_an_older_version_is_stale(app: App) -> None:
    for data in (
        *("el1:o:29000000:29001440:0", "ep1:o:29000000:29001440:0"),
        *("et1:540", "w1:o:1:a:0"),
    ):
        await app.press_data(BOSS, data)
        assert app.answers[-1] == "Ця кнопка застаріла. Відкрийте екран знову."


async def test_a_card_knows_its_place_in_few_bytes() -> None:
    here = CaseButton(step="o", case=1, board="a", page=3, since=1, until=2, group="l", who=7)
    assert here.back == DigestPages(group=CaseGroup.LEFT, since=1, until=2, who=7, page=3)


# The whole bot


async def test_what_was_due_while_the_bot_was_down_comes_once(tmp_path: Path) -> None:
    clock = Clock(at("2026-11-23 17:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        page = await office.press(boss, await office.ask(boss, "/settings"), "📊")
        await office.press(boss, page, "18:00")
        await office.stop()
        clock.advance(3 * 3600)
        async with open_database(office.settings.database_path) as database:
            repo = DigestRepo(database, KYIV, window=WINDOW)
            assert await repo.send(now=int(clock())) == 1  # and killed before it was sent
        async with office.restarted():
            await boss.wait_for(lambda one: one.text.startswith("📊 Пропущені, 23 листопада"), 12)
        async with office.restarted():
            found = [one for one in boss.messages() if one.text.startswith("📊 Пропущені")]
            assert len(found) == 1

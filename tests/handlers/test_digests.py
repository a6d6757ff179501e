"""The screens of digests: choosing times, opening the lists behind the numbers."""

import pytest

from bot.domain.company import EscalationField
from bot.domain.digests import CaseGroup
from bot.domain.people import Role
from keyboards.callbacks import CaseButton, DigestList, DigestPages, DigestTime
from storage.company import CompanyRepo
from storage.digest_times import LIMIT, DigestTimes
from tests.support.kyiv import KYIV, at
from tests.support.screens import BOSS, IVAN, OLENA, App
from tests.support.stored_digests import END, MIDNIGHT, StoredDigests


@pytest.fixture
async def app(app: App) -> App:
    """The screens on a Monday evening with its calls."""
    app.now = at("2026-11-23 18:10")
    await app.hire(OLENA, Role.OPERATOR, "101")
    await app.hire(IVAN, Role.OPERATOR, "102", name="Іван")
    stored = StoredDigests(app.database)
    for number, moment, back, extension in (
        ("01", "09:00", "09:04", "101"),
        ("02", "10:00", "10:30", "102"),
        ("03", "10:10", "", ""),
    ):
        await stored.lost_at(number, f"2026-11-23 {moment}")
        if back:
            await stored.called_back_at(number, f"2026-11-23 {back}", extension)
    return app


async def test_times_are_chosen_and_let_go(app: App) -> None:
    await app.say(BOSS, "/settings")
    await app.press(BOSS, "📊 Підсумки")
    assert app.labels == [
        "9:00",
        "13:00",
        "18:00",
        "21:00",
        "✏️ Інший час",
        "📈 Статистика щопонеділка",
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
    times = DigestTimes(app.database, KYIV)
    boss = await app.person(BOSS)
    for is_wanted, minutes in ((True, [540]), (False, [])):
        for _ in range(2):  # the program died before Telegram heard that it was done
            await app.press_data(BOSS, DigestTime(minutes=540, is_wanted=is_wanted).pack())
            assert await times.times(boss.id) == minutes
            assert app.answers[-1] == "Збережено"


async def test_a_seventh_time_is_refused_in_words(app: App) -> None:
    times = DigestTimes(app.database, KYIV)
    boss = await app.person(BOSS)
    for minutes in range(LIMIT):
        await times.add(boss.id, minutes, now=app.now)
    await app.press_data(BOSS, DigestTime(minutes=540, is_wanted=True).pack())
    assert app.answers[-1] == "Можна до 6 разів на день"
    assert "9:00" in app.labels


async def test_every_button_of_a_digest_opens_its_list(app: App) -> None:
    await app.press_data(BOSS, "en1")
    assert app.text.startswith("📊 <b>Пропущені, 23 листопада, до 18:11</b>")
    assert app.labels == [
        "Пропущено клієнтів: 3",
        "Передзвонили ми: 2",
        "Залишилося: 1",
        "Вчасно: 1",
        "🕐 10:00–11:00, клієнтів 2",
        "Іван: 1",
        "Олена Ковал…: 1",
        "🔴 Не передзвонили",
    ]
    titles = [
        "Пропущено клієнтів: 3, 23 листопада, до 18:11",
        "Передзвонили ми: 2, 23 листопада, до 18:11",
        "Залишилося: 1, 23 листопада, до 18:11",
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
    await company.set_number(EscalationField.TARGET, 60, now=app.now)
    await app.press_data(BOSS, data)
    assert app.text.splitlines()[0].endswith(": 1</b>")
    await app.press(BOSS, "1")
    await app.press(BOSS, "⬅️ До списку")
    assert app.text.splitlines()[0].endswith(": 1</b>")
    await app.press_data(BOSS, "en1")
    assert app.buttons("Вчасно: 2")


async def test_a_case_goes_back_to_its_list_also_after_an_action(app: App) -> None:
    await app.press_data(BOSS, "en1")
    await app.press(BOSS, "Залишилося")
    listed = app.text
    await app.press(BOSS, "1")
    await app.press(BOSS, "🙋")
    assert "Взято" in app.text
    await app.press(BOSS, "👥")
    await app.press(BOSS, "Іван")
    assert "👥 Передано: Ганна Мельник → Іван" in app.text
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
    assert await DigestTimes(app.database, KYIV).times(olena.id) == []


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

"""A person's own settings."""

import pytest
from aiogram.methods import AnswerCallbackQuery, EditMessageText, SetMyCommands

from bot.domain.people import AlertScope, EmployeeState, Language, Role
from keyboards.callbacks import AlertsChoice, LanguageChoice, PageSizeChoice
from tests.support.screens import IVAN, OLENA, STRANGER, App


@pytest.fixture
async def app(app: App) -> App:
    await app.hire(OLENA, Role.OPERATOR, "101", "102")
    return app


async def test_the_screen_shows_who_one_is_and_what_is_chosen(app: App) -> None:
    await app.say(OLENA, "/settings")
    assert "<b>Олена Коваленко</b>\n☎️ Оператор\nВнутрішні номери: 101, 102" in app.text
    assert app.labels == [
        "Українська ✓",
        "English",
        "Сповіщати про пропущені ✓",
        "Не сповіщати",
        "По 5",
        "По 8 ✓",
        "По 10",
        "🌙 Тихі години",
        "📊 Підсумки",
        "⏰ Нагадування",
    ]


async def test_the_language_changes_at_once_with_the_menu(app: App) -> None:
    await app.say(OLENA, "/settings")
    await app.press(OLENA, "English")
    assert (await app.person(OLENA)).language is Language.EN
    assert app.text.startswith("<b>Settings</b>")
    assert app.labels[:2] == ["Українська", "English ✓"]
    [menu] = [one for one in app.telegram.requests if isinstance(one, SetMyCommands)]
    assert menu.commands[0].description == "Today's calls"
    await app.say(OLENA, "/help")
    assert app.text.startswith("<b>What I can do</b>")
    await app.say(OLENA, "/settings")
    await app.press(OLENA, "Українська")
    assert app.text.startswith("<b>Налаштування</b>")


async def test_a_press_edits_the_screen_in_place_and_stops_the_spinner(app: App) -> None:
    await app.say(OLENA, "/settings")
    await app.press(OLENA, "По 10")
    edited, answered = app.telegram.requests[-2:]
    assert isinstance(edited, EditMessageText)
    assert isinstance(answered, AnswerCallbackQuery)
    assert answered.text == "Збережено"
    assert (await app.person(OLENA)).page_size == 10
    assert "По 10 ✓" in app.labels
    assert "Дзвінків на сторінці: 10" in app.text


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SUPERVISOR])
async def test_those_who_see_all_choose_from_three_kinds_of_alerts(app: App, role: Role) -> None:
    await app.hire(IVAN, role, name="Іван")
    await app.say(IVAN, "/settings")
    assert app.labels[2:5] == [
        "Сповіщати про всі пропущені ✓",
        "Лише про пропущені на мої номери",
        "Не сповіщати",
    ]
    await app.press(IVAN, "Лише")
    assert (await app.person(IVAN)).alerts is AlertScope.OWN
    assert "Лише про пропущені на мої номери ✓" in app.labels


async def test_an_operator_turns_alerts_off_and_on(app: App) -> None:
    await app.say(OLENA, "/settings")
    await app.press(OLENA, "Не сповіщати")
    assert (await app.person(OLENA)).alerts is AlertScope.NONE
    await app.press(OLENA, "Сповіщати")
    assert (await app.person(OLENA)).alerts is AlertScope.ALL
    await app.employees.set_alerts((await app.person(OLENA)).id, AlertScope.OWN)
    await app.say(OLENA, "/settings")
    assert "Сповіщати про пропущені ✓" in app.labels


async def test_an_accountant_is_offered_no_alerts(app: App) -> None:
    await app.hire(IVAN, Role.ACCOUNTANT, "103")
    await app.say(IVAN, "/settings")
    assert app.labels == ["Українська ✓", "English", "По 5", "По 8 ✓", "По 10", "⏰ Нагадування"]
    await app.press_data(IVAN, AlertsChoice(alerts=AlertScope.NONE).pack())
    assert app.answers[-1] == "Ця кнопка застаріла. Відкрийте екран знову."
    assert (await app.person(IVAN)).alerts is AlertScope.ALL


async def test_a_page_size_nobody_offered_is_refused(app: App) -> None:
    await app.press_data(OLENA, PageSizeChoice(size=999_999).pack())
    assert app.answers[-1] == "Ця кнопка застаріла. Відкрийте екран знову."
    assert (await app.person(OLENA)).page_size == 8


@pytest.mark.parametrize("state", [EmployeeState.BLOCKED, EmployeeState.REMOVED])
async def test_one_who_is_out_presses_in_vain(app: App, state: EmployeeState) -> None:
    await app.say(OLENA, "/settings")
    buttons = app.buttons()
    await app.employees.set_state((await app.person(OLENA)).id, state)
    for data in buttons:
        await app.press_data(OLENA, data)
        assert app.answers[-1] == "Немає доступу."
    person = await app.person(OLENA)
    assert (person.language, person.page_size) == (Language.UK, 8)


async def test_a_stranger_presses_in_vain(app: App) -> None:
    await app.press_data(STRANGER, LanguageChoice(language=Language.EN).pack(), code="en")
    assert app.answers == ["You have no access to this."]

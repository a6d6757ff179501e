"""Every screen says what is true for its reader's role, and offers what the role can do."""

from bot.domain.people import Role
from keyboards.callbacks import QuietMenu, QuietOwn
from tests.support.screens import OLENA, App

STALE = "Ця кнопка застаріла. Відкрийте екран знову."


async def test_an_accountant_is_told_of_own_extensions_only(app: App) -> None:
    await app.hire(OLENA, Role.ACCOUNTANT, "101")
    await app.say(OLENA, "/missed")
    assert "Сьогодні на ваших номерах пропущених немає" in app.text
    assert "Усім, хто дзвонив на ваші номери, передзвонили." in app.text
    assert app.labels == ["Усі ✓", "Закриті", "🔄"]


async def test_an_accountant_without_extensions_is_told_why_nothing_is_seen(app: App) -> None:
    await app.hire(OLENA, Role.ACCOUNTANT)
    for command in ("/missed", "/log", "/today"):
        await app.say(OLENA, command)
        assert "за вами ще не закріплено жодного" in app.text, command
        assert app.labels == []


async def test_an_operator_is_told_of_own_extensions_and_offered_clients(app: App) -> None:
    await app.hire(OLENA, Role.OPERATOR, "101")
    await app.say(OLENA, "/missed")
    assert "Усім, хто дзвонив на ваші номери, передзвонили." in app.text
    assert app.labels == ["Усі ✓", "Вільні", "Мої", "Закриті", "🔄"]


async def test_a_supervisor_is_told_of_the_company(app: App) -> None:
    await app.hire(OLENA, Role.SUPERVISOR)
    await app.say(OLENA, "/missed")
    assert "ваш" not in app.text


async def test_an_accountant_has_no_quiet_hours(app: App) -> None:
    await app.hire(OLENA, Role.ACCOUNTANT, "101")
    await app.say(OLENA, "/settings")
    assert "Тихі години" not in app.text
    for data in (QuietMenu(), QuietOwn()):
        await app.press_data(OLENA, data.pack())
        assert app.answers[-1] == STALE

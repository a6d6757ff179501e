"""Every screen says what is true for its reader's role, and offers what the role can do."""

from bot.domain.people import Role
from keyboards.callbacks import DigestNow, HelpPage, QuietMenu, QuietOwn
from tests.support.screens import OLENA, App

STALE = "Ця кнопка застаріла. Відкрийте екран знову."


async def test_an_accountant_is_told_of_own_extensions_only(app: App) -> None:
    await app.hire(OLENA, Role.ACCOUNTANT, "101")
    await app.say(OLENA, "/missed")
    assert "Сьогодні на ваших номерах пропущених немає" in app.text
    assert "Ніхто з тих, хто дзвонив на ваші номери, не чекає на дзвінок." in app.text
    assert app.labels == ["Усі ✓", "Закриті", "🗂 Фільтр", "🔄"]


async def test_an_accountant_without_extensions_is_told_why_nothing_is_seen(app: App) -> None:
    await app.hire(OLENA, Role.ACCOUNTANT)
    for command in ("/missed", "/log", "/today"):
        await app.say(OLENA, command)
        assert "за вами ще не закріплено жодного" in app.text, command
        assert app.labels == []


async def test_an_operator_is_told_of_own_extensions_and_offered_clients(app: App) -> None:
    await app.hire(OLENA, Role.OPERATOR, "101")
    await app.say(OLENA, "/missed")
    assert "Ніхто з тих, хто дзвонив на ваші номери, не чекає на дзвінок." in app.text
    assert app.labels == ["Усі ✓", "Вільні", "Мої", "Закриті", "🗂 Фільтр", "🔄"]


async def test_an_operator_without_extensions_is_promised_nothing(app: App) -> None:
    await app.hire(OLENA, Role.OPERATOR)
    await app.say(OLENA, "/missed")
    assert "пропущених" not in app.text
    assert "за вами ще не закріплено жодного" in app.text
    await app.say(OLENA, "/help")
    assert "повідомляю" not in app.text
    await app.press_data(OLENA, DigestNow().pack())
    assert "Чудова робота" not in app.text
    assert "за вами ще не закріплено жодного" in app.text
    for number, role in enumerate((Role.OPERATOR, Role.SUPERVISOR), start=50):
        await app.hire(number, role, *(["101"] if role is Role.OPERATOR else []))
        await app.say(number, "/help")
        assert "Про пропущені дзвінки повідомляю тут" in app.text, role
        await app.press_data(number, DigestNow().pack())
        assert ("На ваших номерах" in app.text) is (role is Role.OPERATOR)
    await app.press_data(50, HelpPage(signs=True).pack())
    signs, outgoing = app.text.split("У вихідних дзвінках:")
    assert "✅ Дзвонили та дзвінок був прийнятий оператором" in signs
    assert "✅ Дзвонили, і клієнт відповів" in outgoing


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

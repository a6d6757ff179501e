"""Coming in by a link, the greeting, the help, leaving a dialog, the command menu."""

import pytest
from aiogram.exceptions import TelegramForbiddenError
from aiogram.methods import SetMyCommands
from aiogram.types import BotCommandScopeAllChatAdministrators, BotCommandScopeAllPrivateChats

from bot.domain.people import EmployeeState, Language, Role
from bot.telegram.menu import set_menus
from keyboards.callbacks import InviteAnswer
from storage.invites import LIFETIME
from tests.support.screens import BOSS, NOW, OLENA, STRANGER, App


async def test_a_stranger_gets_a_polite_line_and_no_more(app: App) -> None:
    for words in ("/start", "/help", "/cancel", "/settings", "/staff", "/health", "hi"):
        await app.say(STRANGER, words, code="en")
        assert app.text.startswith("Hello! This bot is for the employees of one company."), words
    assert app.menus(STRANGER) == []
    assert await app.employees.find(STRANGER) is None


async def test_a_stranger_is_answered_in_telegrams_language(app: App) -> None:
    await app.say(STRANGER, "/start", code="uk")
    assert app.text.startswith("Вітаю! Цей бот")
    await app.say(STRANGER, "/start", code="pl")
    assert app.text.startswith("Вітаю! Цей бот")


async def test_a_link_lets_a_person_in_as_it_says(app: App) -> None:
    token = await app.invites.add(Role.OPERATOR, extensions=["102", "101"], now=NOW)
    await app.say(STRANGER, f"/start {token}", code="en")
    person = await app.person(STRANGER)
    assert (person.role, person.extensions) == (Role.OPERATOR, ("101", "102"))
    assert (person.language, person.page_size) == (Language.EN, 8)
    assert person.name == f"<b>{STRANGER} Smith"
    assert "<b>&lt;b&gt;1009 Smith</b>" in app.text
    assert "Operator" in app.text
    assert "Extensions: 101, 102" in app.text
    assert "You see the calls of your own extensions." in app.text
    [menu] = app.menus(STRANGER)
    everybody = [
        "today",
        "log",
        "missed",
        "search",
        "stats",
        "settings",
        "help",
        "cancel",
        "start",
    ]
    assert menu == everybody


async def test_the_name_in_the_link_wins(app: App) -> None:
    token = await app.invites.add(Role.SUPERVISOR, name="Олена", now=NOW)
    await app.say(STRANGER, f"/start {token}")
    assert (await app.person(STRANGER)).name == "Олена"
    assert "Ви бачите всі дзвінки компанії." in app.text


async def test_a_link_works_once_and_seven_days(app: App) -> None:
    used, old = [await app.invites.add(Role.OPERATOR, now=NOW) for _ in range(2)]
    await app.say(OLENA, f"/start {used}")
    app.now += LIFETIME + 1
    for token in (used, old, "nonsense"):
        await app.say(STRANGER, f"/start {token}")
        assert app.text.startswith("Це запрошення вже не діє."), token
    assert await app.employees.find(STRANGER) is None


async def test_an_employee_with_an_old_link_is_greeted(app: App) -> None:
    await app.hire(OLENA, Role.OPERATOR, "101")
    await app.say(OLENA, "/start nonsense")
    assert app.text.startswith("Вітаю!")
    assert "Олена Коваленко" in app.text


async def test_an_employee_with_a_new_link_keeps_the_name(app: App) -> None:
    await app.hire(OLENA, Role.OPERATOR, "101")
    token = await app.invites.add(Role.SUPERVISOR, now=NOW)
    await app.say(OLENA, f"/start {token}")
    assert app.text == (
        "Ви вже маєте доступ: ☎️ Оператор.\nЗ цим запрошенням ваша роль стане 🧭 Супервайзер.\n\n"
        "Воно діє один раз. Воно для вас, а не для нового колеги?"
    )
    assert (await app.person(OLENA)).role is Role.OPERATOR
    await app.press(OLENA, "✅")
    person = await app.person(OLENA)
    assert (person.name, person.role) == ("Олена Коваленко", Role.SUPERVISOR)
    assert "<i>Ваша роль тепер: 🧭 Супервайзер.</i>" in app.text
    assert (app.menus(OLENA)[-1] or [])[:3] == ["today", "log", "missed"]


async def test_an_invitation_takes_nothing_from_one_who_is_in(app: App) -> None:
    await app.hire(OLENA, Role.SUPERVISOR, "101")
    token = await app.invites.add(Role.OPERATOR, extensions=("102",), name="Інша", now=NOW)
    await app.say(OLENA, f"/start {token}")
    assert "ваша роль стане" not in app.text
    assert "Воно додасть вам внутрішні номери: 102." in app.text
    await app.press(OLENA, "✅")
    person = await app.person(OLENA)
    assert person.extensions == ("101", "102")
    assert (person.name, person.role) == ("Олена Коваленко", Role.SUPERVISOR)
    assert "<i>Додано внутрішні номери: 102. Ваші залишилися.</i>" in app.text


async def test_a_link_pressed_by_somebody_it_is_not_for_stays_good_for_whom_it_is(
    app: App,
) -> None:
    olena = await app.hire(OLENA, Role.OPERATOR, "101")
    token = await app.invites.add(Role.SUPERVISOR, extensions=("102",), now=NOW)
    await app.say(OLENA, f"/start {token}")
    yes, no = app.buttons()
    await app.press_data(OLENA, no)
    assert app.text.startswith("Для вас нічого не змінилося, а посилання досі діє")
    assert await app.person(OLENA) == olena
    await app.press_data(STRANGER, yes)
    assert app.answers[-1] == "Немає доступу."
    await app.say(STRANGER, f"/start {token}")
    assert (await app.person(STRANGER)).role is Role.SUPERVISOR
    await app.press_data(OLENA, yes)
    assert (app.answers[-1] or "").startswith("Це запрошення вже не діє.")
    assert await app.person(OLENA) == olena
    await app.press_data(OLENA, InviteAnswer(token="a" * 32, is_wanted=True).pack())
    assert await app.person(OLENA) == olena


@pytest.mark.parametrize("extensions", [(), ("101",)])
async def test_an_invitation_that_gives_nothing_more_is_left_for_another(
    app: App, extensions: tuple[str, ...]
) -> None:
    olena = await app.hire(OLENA, Role.SUPERVISOR, "101")
    token = await app.invites.add(Role.OPERATOR, extensions=extensions, now=NOW)
    await app.say(OLENA, f"/start {token}")
    assert await app.person(OLENA) == olena
    assert "нічого не змінилося, посилання й далі діє" in app.text
    await app.say(STRANGER, f"/start {token}")
    assert (await app.person(STRANGER)).extensions == extensions


async def test_an_administrator_neither_uses_up_a_link_nor_falls_by_it(app: App) -> None:
    token = await app.invites.add(Role.OPERATOR, now=NOW)
    await app.say(BOSS, f"/start {token}")
    assert "Таке посилання – для нового колеги" in app.text
    assert (await app.person(BOSS)).role is Role.ADMINISTRATOR
    await app.say(STRANGER, f"/start {token}")
    assert (await app.person(STRANGER)).role is Role.OPERATOR


async def test_a_blocked_person_is_refused_even_with_a_link(app: App) -> None:
    olena = await app.hire(OLENA, Role.OPERATOR, "101")
    await app.employees.set_state(olena.id, EmployeeState.BLOCKED)
    token = await app.invites.add(Role.OPERATOR, now=NOW)
    await app.say(OLENA, f"/start {token}")
    assert app.text.startswith("Це запрошення вже не діє.")
    await app.say(OLENA, "/start")
    assert app.text.startswith("Вітаю! Цей бот")
    assert (await app.person(OLENA)).state is EmployeeState.BLOCKED


async def test_a_removed_person_comes_back_by_a_link_in_their_language(app: App) -> None:
    olena = await app.hire(OLENA, Role.OPERATOR, "101", language=Language.EN)
    await app.employees.set_state(olena.id, EmployeeState.REMOVED)
    token = await app.invites.add(Role.ACCOUNTANT, now=NOW)
    await app.say(OLENA, f"/start {token}", code="uk")
    person = await app.person(OLENA)
    assert (person.state, person.role) == (EmployeeState.ACTIVE, Role.ACCOUNTANT)
    assert app.text.startswith("Hello!")


@pytest.mark.parametrize(
    ("role", "extensions", "seen"),
    [
        (Role.ADMINISTRATOR, (), "всі дзвінки компанії та керуєте"),
        (Role.SUPERVISOR, (), "Ви бачите всі дзвінки компанії."),
        (Role.OPERATOR, ("101",), "Ви бачите дзвінки своїх внутрішніх номерів."),
        (Role.ACCOUNTANT, ("101",), "Ви бачите дзвінки своїх внутрішніх номерів."),
    ],
)
async def test_start_and_help_tell_what_the_role_sees(
    app: App, role: Role, extensions: tuple[str, ...], seen: str
) -> None:
    await app.hire(OLENA, role, *extensions)
    is_boss = role is Role.ADMINISTRATOR
    for command in ("/start", "/help"):
        await app.say(OLENA, command)
        assert seen in app.text
        assert ("/staff" in app.text) is is_boss
    assert ("/health" in app.text) is is_boss
    assert ("Про пропущені" in app.text) is (role is not Role.ACCOUNTANT)
    [menu] = app.menus(OLENA)
    assert menu is not None
    assert ("staff" in menu) is is_boss


async def test_every_command_of_a_menu_is_answered(app: App) -> None:
    await app.say(BOSS, "/start")
    [menu] = app.menus(BOSS)
    assert menu
    for command in menu:
        await app.say(BOSS, f"/{command}")
        assert "Не знаю такої команди" not in app.text, command


async def test_a_menu_telegram_refuses_disturbs_nobody(app: App) -> None:
    app.telegram.refused[SetMyCommands] = TelegramForbiddenError
    await app.say(BOSS, "/start")
    assert "Ганна Мельник" in app.text


async def test_the_default_menus_are_the_strangers(app: App) -> None:
    await set_menus(app.bot, app.i18n)
    menus = [one for one in app.telegram.requests if isinstance(one, SetMyCommands)]
    groups = [one for one in menus if isinstance(one.scope, BotCommandScopeAllChatAdministrators)]
    assert [[x.command for x in one.commands] for one in groups] == [["connect"]] * 3
    menus = [one for one in menus if isinstance(one.scope, BotCommandScopeAllPrivateChats)]
    assert [one.language_code for one in menus] == [None, "uk", "en"]
    assert [[x.command for x in one.commands] for one in menus] == [["start", "help"]] * 3
    assert [one.commands[1].description for one in menus] == [
        "Що я вмію",
        "Що я вмію",
        "What I can do",
    ]


async def test_cancel_says_whether_there_was_anything(app: App) -> None:
    await app.say(BOSS, "/cancel")
    assert app.text == "Немає чого скасовувати."
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "1")
    await app.press(BOSS, "✏️")
    await app.say(BOSS, "/cancel")
    assert app.text == "Скасовано."
    await app.say(BOSS, "Інше ім'я")
    assert "Пошук:" in app.text
    assert (await app.person(BOSS)).name == "Ганна Мельник"


async def test_screens_are_for_private_chats(app: App) -> None:
    for command in ("/start", "/settings", "/staff", "/health"):
        await app.say(BOSS, command, chat="group")
    assert app.telegram.requests == []


@pytest.mark.parametrize(("chat", "is_told"), [("private", True), ("supergroup", False)])
async def test_a_failure_is_never_told_to_the_talk_of_a_group(
    app: App, chat: str, is_told: bool
) -> None:
    async with app.database.transaction() as tx:
        await tx.execute("ALTER TABLE employees RENAME TO gone")
    await app.say(STRANGER, "Хто сьогодні на зміні?", chat=chat)
    assert bool(app.telegram.requests) is is_told


@pytest.mark.parametrize("role", Role)
async def test_start_offers_the_screens_as_buttons(app: App, role: Role) -> None:
    await app.hire(OLENA, role, "101")
    for label, title in (
        ("📞", "<b>Дзвінки за сьогодні"),
        ("🔴", "<b>Не передзвонили"),
        ("📋", "<b>Журнал дзвінків"),
        ("⚙️", "<b>Налаштування"),
        ("❔", "<b>Що я вмію"),
    ):
        await app.say(OLENA, "/start")
        await app.press(OLENA, label)
        assert app.text.startswith(title), label


async def test_the_signs_stand_behind_a_button_of_the_help(app: App) -> None:
    await app.say(BOSS, "/help")
    assert "Пропущений виклик" not in app.text
    assert len(app.text.splitlines()) < 20
    await app.press(BOSS, "🔖")
    assert "🔴 Пропущений виклик" in app.text
    assert "◦ стоїть після того" in app.text
    assert "🆕 новий клієнт" in app.text
    await app.press(BOSS, "⬅️")
    assert app.text.startswith("<b>Що я вмію")


async def test_plain_words_are_told_what_the_bot_can_do(app: App) -> None:
    await app.say(BOSS, "добрий день")
    assert "/today" in app.text
    assert "/missed" in app.text
    await app.say(BOSS, "/nonsense")
    assert app.text == "Не знаю такої команди. Що я вмію – /help."

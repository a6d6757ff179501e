"""The staff: the list, a person's card, changes, access, invitations."""

import html
import logging

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessages,
    DeleteMyCommands,
    EditMessageText,
    SendMessage,
    SetMyCommands,
)

from bot.domain.audit import By
from bot.domain.errors import NoAccessError
from bot.domain.people import Employee, EmployeeState, Language, Role
from bot.views import staff as views
from keyboards.callbacks import (
    AlertsChoice,
    HealthRefresh,
    InviteButton,
    InviteRole,
    InviteStart,
    InviteStep,
    InviteWithout,
    LanguageChoice,
    PageSizeChoice,
    RoleChoice,
    StaffButton,
    StaffPage,
    StaffStep,
)
from storage.invites import LIFETIME
from tests.support.engines import ONLY_SQLITE
from tests.support.screens import BOSS, IVAN, NOW, OLENA, STRANGER, App

pytestmark = ONLY_SQLITE  # the screens; what they store is tried on both in tests/storage

STALE = "Ця кнопка застаріла. Відкрийте екран знову."
EXTREME = 10**6 - 1


@pytest.fixture
async def olena(app: App) -> Employee:
    return await app.hire(OLENA, Role.OPERATOR, "101", "102")


def button(step: StaffStep, person: Employee, page: int = 0) -> str:
    return StaffButton(step=step, employee=person.id, page=page).pack()


async def open_card(app: App, person: Employee) -> None:
    await app.press_data(BOSS, button(StaffStep.OPEN, person))


# The list


async def test_the_list_tells_who_is_who(app: App, olena: Employee) -> None:
    ivan = await app.hire(IVAN, Role.SUPERVISOR, name="<b>Іван & Ко")
    await app.employees.set_state(olena.id, EmployeeState.BLOCKED)
    await app.outbox.drop_unreachable(IVAN, employee_id=ivan.id, reason="blocked", now=NOW)
    await app.say(BOSS, "/staff")
    assert app.text == (
        "<b>Співробітники</b>\n\n"
        "1. 👑 Ганна Мельник\n"
        "2. 🧭 &lt;b&gt;Іван &amp; Ко 🔇\n"
        "3. ☎️ Олена Коваленко · 101, 102 🔒\n\n"
        "<i>🔒 доступ закрито, 🔇 не отримує повідомлень</i>"
    )
    assert app.labels == ["1", "2", "3", "➕ Запросити", "🔄", "📜 Хто що робив"]


async def test_the_list_is_paged_in_place(app: App) -> None:
    for number in range(20):
        await app.hire(2000 + number, Role.OPERATOR, "x" * 90, name=f"Оператор {number:02}" * 6)
    await app.say(BOSS, "/staff")
    assert [label for label in app.labels if label.strip()][-6:] == [
        "8", "1/3", "▶️", "➕ Запросити", "🔄", "📜 Хто що робив",
    ]  # fmt: skip
    await app.press(BOSS, "▶️")
    await app.press(BOSS, "▶️")
    assert isinstance(app.telegram.requests[-2], EditMessageText)
    assert "3/3" in app.labels
    assert "▶️" not in app.labels
    assert len(app.text) < 4096
    await app.press(BOSS, "5")
    await app.press(BOSS, "⬅️")
    assert "3/3" in app.labels
    await app.press(BOSS, "◀️")
    assert "2/3" in app.labels


async def test_a_page_that_is_no_more_is_the_last_one(app: App) -> None:
    await app.press_data(BOSS, StaffPage(page=7).pack())
    assert "1. 👑 Ганна Мельник" in app.text


async def test_an_administrator_without_a_name_is_shown_by_id(app: App) -> None:
    await app.employees.sync_administrators([OLENA], language=Language.UK, page_size=8, now=NOW)
    await app.say(BOSS, "/staff")
    assert "👑 Ще без імені, 1002" in app.text


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OPERATOR, Role.ACCOUNTANT])
async def test_others_do_not_even_learn_of_it(app: App, olena: Employee, role: Role) -> None:
    await app.employees.set_role(olena.id, role)
    await app.say(OLENA, "/staff")
    assert app.text == "Не знаю такої команди. Що я вмію – /help."
    boss = await app.person(BOSS)
    for data in (
        StaffPage(page=0).pack(),
        button(StaffStep.BLOCK, boss),
        RoleChoice(employee=olena.id, role=Role.ADMINISTRATOR, page=0).pack(),
        InviteStart(page=0).pack(),
    ):
        await app.press_data(OLENA, data)
        assert app.answers[-1] == STALE
    assert (await app.person(OLENA)).role is role


@pytest.mark.parametrize("state", [EmployeeState.BLOCKED, EmployeeState.REMOVED])
async def test_an_administrator_put_out_with_the_screen_open_gets_no_further(
    app: App, olena: Employee, state: EmployeeState
) -> None:
    ivan = await app.hire(IVAN, Role.ADMINISTRATOR, name="Іван")
    await app.say(IVAN, "/staff")
    await app.employees.set_state(ivan.id, state)
    for data in (*app.buttons(), button(StaffStep.CONFIRM, olena)):
        await app.press_data(IVAN, data)
        assert app.answers[-1] == "Немає доступу."
    await app.press_data(STRANGER, button(StaffStep.CONFIRM, olena))
    assert app.answers[-1] == "Немає доступу."
    await app.say(IVAN, "/staff")
    assert app.text.startswith("Вітаю! Цей бот")


# The card


async def test_a_card_tells_all_of_a_person(app: App, olena: Employee) -> None:
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "2")
    assert app.text == (
        "<b>Олена Коваленко</b>\n☎️ Оператор\nВнутрішні номери: 101, 102\n"
        "Telegram: <code>1002</code>\nДоступ відкрито"
    )
    assert app.labels == [
        "✏️ Ім'я",
        "🔢 Номери",
        "🎭 Роль",
        "🔒 Закрити доступ",
        "🗑 Видалити",
        "⬅️ До списку",
        "🔄",
    ]
    await app.outbox.drop_unreachable(OLENA, employee_id=olena.id, reason="blocked", now=NOW)
    await app.press(BOSS, "🔄")
    assert "🔇 Зупинено бота: повідомлення не доходять" in app.text


async def test_the_card_speaks_english(app: App, olena: Employee) -> None:
    await app.employees.set_language((await app.person(BOSS)).id, Language.EN)
    await open_card(app, olena)
    assert "☎️ Operator\nExtensions: 101, 102" in app.text
    assert "🔒 Close access" in app.labels


@pytest.mark.parametrize("step", list(StaffStep))
async def test_a_removed_persons_buttons_say_that_the_record_is_gone(
    app: App, olena: Employee, step: StaffStep
) -> None:
    await app.employees.set_state(olena.id, EmployeeState.REMOVED)
    await app.press_data(BOSS, button(step, olena))
    assert app.answers == ["Цих даних уже немає: їх видалено."]
    await app.press_data(BOSS, RoleChoice(employee=olena.id, role=Role.OPERATOR, page=0).pack())
    assert app.answers[-1] == "Цих даних уже немає: їх видалено."


# Role and access


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_is_given_with_its_menu(app: App, olena: Employee, role: Role) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🎭")
    assert app.labels[:4] == ["👑 Адміністратор", "🧭 Супервайзер", "☎️ Оператор ✓", "🧮 Бухгалтер"]
    await app.press_data(BOSS, app.buttons()[list(Role).index(role)])
    assert (await app.person(OLENA)).role is role
    assert app.answers[-1] == "Роль змінено"
    assert app.text.startswith("<b>Олена Коваленко</b>")
    [menu] = app.menus(OLENA)
    assert menu is not None
    assert ("staff" in menu) is (role is Role.ADMINISTRATOR)


async def test_the_menu_is_in_the_persons_language(app: App, olena: Employee) -> None:
    await app.employees.set_language(olena.id, Language.EN)
    await app.press_data(BOSS, RoleChoice(employee=olena.id, role=Role.SUPERVISOR, page=0).pack())
    [menu] = [one for one in app.telegram.requests if isinstance(one, SetMyCommands)]
    assert menu.commands[0].description == "Today's calls"
    assert app.text.startswith("<b>Олена Коваленко</b>\n🧭 Супервайзер")


async def test_access_is_closed_and_opened(app: App, olena: Employee) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🔒")
    assert (await app.person(OLENA)).state is EmployeeState.BLOCKED
    assert "🔒 Доступ закрито" in app.text
    assert app.answers[-1] == "Доступ закрито"
    await app.press(BOSS, "🔓")
    assert (await app.person(OLENA)).state is EmployeeState.ACTIVE
    assert app.answers[-1] == "Доступ відкрито"
    removed, restored = app.menus(OLENA)
    assert removed is None
    assert restored is not None
    assert not [one for one in app.telegram.requests if isinstance(one, SendMessage)]


async def test_a_person_is_removed_only_when_confirmed(app: App, olena: Employee) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🗑")
    assert "видалити зі співробітників?" in app.text
    await app.press(BOSS, "✖️")
    assert app.text.startswith("<b>Олена Коваленко</b>")
    await app.press(BOSS, "🗑")
    await app.press(BOSS, "✅")
    person = await app.person(OLENA)
    assert (person.state, person.extensions) == (EmployeeState.REMOVED, ())
    assert app.answers[-1] == "Видалено зі співробітників"
    assert "Олена" not in app.text
    assert app.menus(OLENA) == [None]


@pytest.mark.parametrize("error", [TelegramBadRequest])
async def test_what_telegram_says_of_the_menu_changes_nothing(
    app: App, olena: Employee, error: type[TelegramBadRequest]
) -> None:
    app.telegram.refused |= {SetMyCommands: error, DeleteMyCommands: error}
    await open_card(app, olena)
    await app.press(BOSS, "🔒")
    assert app.answers[-1] == "Доступ закрито"


async def test_an_administrator_by_settings_is_fixed_and_told_why(app: App) -> None:
    await app.employees.sync_administrators([OLENA], language=Language.UK, page_size=8, now=NOW)
    olena = await app.person(OLENA)
    await open_card(app, olena)
    assert "ADMIN_IDS" in app.text
    assert app.labels == ["✏️ Ім'я", "🔢 Номери", "⬅️ До списку", "🔄"]
    for data in (
        button(StaffStep.ROLE, olena),
        button(StaffStep.BLOCK, olena),
        button(StaffStep.UNBLOCK, olena),
        button(StaffStep.REMOVE, olena),
        button(StaffStep.CONFIRM, olena),
        RoleChoice(employee=olena.id, role=Role.OPERATOR, page=0).pack(),
    ):
        await app.press_data(BOSS, data)
        answered = app.telegram.requests[-1]
        assert isinstance(answered, AnswerCallbackQuery)
        assert answered.show_alert
        assert "ADMIN_IDS" in (answered.text or "")
        assert len(answered.text or "") <= 200
    assert await app.person(OLENA) == olena
    await app.employees.set_role(olena.id, Role.OPERATOR)
    assert (await app.person(OLENA)).role is Role.ADMINISTRATOR


async def test_nobody_changes_their_own_role_and_access(app: App) -> None:
    boss = await app.person(BOSS)
    await open_card(app, boss)
    assert "🗑 Видалити" not in app.labels
    for data in (
        button(StaffStep.BLOCK, boss),
        button(StaffStep.CONFIRM, boss),
        RoleChoice(employee=boss.id, role=Role.OPERATOR, page=0).pack(),
    ):
        await app.press_data(BOSS, data)
        assert app.answers[-1] == "Змінити вашу роль і доступ може лише інший адміністратор."
    assert await app.person(BOSS) == boss


async def test_the_log_names_people_by_id_only(
    app: App, olena: Employee, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="handlers")
    boss = await app.person(BOSS)
    await app.press_data(BOSS, RoleChoice(employee=olena.id, role=Role.SUPERVISOR, page=0).pack())
    await app.press_data(BOSS, button(StaffStep.BLOCK, olena))
    await app.press_data(BOSS, button(StaffStep.CONFIRM, olena))
    await app.press_data(BOSS, InviteRole(role=Role.OPERATOR, page=0).pack())
    await app.press(BOSS, "➡️")
    said = [
        record.getMessage()
        for record in caplog.records
        if record.name in {"handlers.staff", "handlers.invites"}
    ]
    assert said == [
        f"employee {boss.id} made employee {olena.id} supervisor",
        f"employee {boss.id} made employee {olena.id} blocked",
        f"employee {boss.id} made employee {olena.id} removed",
        f"employee {boss.id} made an invitation for the role of operator",
    ]


# Name and extensions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("103, 104", ("103", "104")),
        ("103 104\n105;103", ("103", "104", "105")),
        ("000domainc261, sip:olena@pbx", ("000domainc261", "sip:olena@pbx")),
        ("-", ()),
        ("—", ()),
        ("1" * 100, ("1" * 100,)),
        (" ".join(str(200 + n) for n in range(20)), tuple(str(200 + n) for n in range(20))),
    ],
)
async def test_extensions_are_replaced(
    app: App, olena: Employee, text: str, expected: tuple[str, ...]
) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🔢")
    assert "Внутрішні номери: 101, 102" in app.text
    assert [label[0] for label in app.labels] == ["✖"]
    await app.say(BOSS, text)
    assert (await app.person(OLENA)).extensions == expected
    assert app.text.startswith("<b>Олена Коваленко</b>")
    assert any(isinstance(one, DeleteMessages) for one in app.telegram.requests)
    assert len(app.menus(OLENA)) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (", ;", "Не бачу тут номерів."),
        ("<" * 101, f"«{'&lt;' * 19}…» – задовгий номер: можна до 100 символів."),
        (" ".join(str(n) for n in range(21)), "Тут 21 номер, а можна не більше ніж 20."),
        (" ".join(str(n) for n in range(23)), "Тут 23 номери, а можна не більше ніж 20."),
        (" ".join(str(n) for n in range(25)), "Тут 25 номерів, а можна не більше ніж 20."),
    ],
)
async def test_unfit_extensions_are_refused_and_asked_for_again(
    app: App, olena: Employee, text: str, answer: str
) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🔢")
    await app.say(BOSS, text)
    assert app.text.startswith(answer)
    assert (await app.person(OLENA)).extensions == ("101", "102")
    await app.say(BOSS, "103")
    assert (await app.person(OLENA)).extensions == ("103",)


@pytest.mark.parametrize(
    "text",
    [
        "сто один",
        "сто, один",
        "101 та 102",
        "101 and 102",
        "one hundred one",
        "немає",
        "<b>",
        "101–105",
        "!!!",
        "№101",
        "Олена",
    ],
)
async def test_what_is_no_extension_is_not_taken_for_one(
    app: App, olena: Employee, text: str
) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🔢")
    await app.say(BOSS, text)
    assert "– не внутрішній номер" in app.text
    assert "000domainc261" in app.text
    assert "," in text or html.escape(text) in app.text
    assert (await app.person(OLENA)).extensions == ("101", "102")
    await app.say(BOSS, "103")
    assert (await app.person(OLENA)).extensions == ("103",)


@pytest.mark.parametrize("text", ["reception", "none", "101-105"])
async def test_what_may_be_a_slip_is_asked_about(app: App, olena: Employee, text: str) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "🔢")
    await app.say(BOSS, text)
    assert app.text == f"⚠️ {text}: АТС справді так називає телефон?\n\nУсе правильно?"
    assert (await app.person(OLENA)).extensions == ("101", "102")
    await app.press_confirmation(BOSS)
    assert (await app.person(OLENA)).extensions == (text,)


async def test_an_extension_a_colleague_has_is_shared_knowingly(app: App, olena: Employee) -> None:
    ivan = await app.hire(IVAN, Role.OPERATOR, "201", name="<Іван>")
    await open_card(app, ivan)
    await app.press(BOSS, "🔢")
    await app.say(BOSS, "201, 101")
    assert app.text == (
        "⚠️ 101 має також Олена Коваленко\nЛюди зі спільним номером бачать ті самі дзвінки.\n\n"
        "Усе правильно?"
    )
    assert (await app.person(IVAN)).extensions == ("201",)
    await app.press_confirmation(BOSS)
    assert (await app.person(IVAN)).extensions == ("101", "201")
    assert "101 має також Олена Коваленко" in app.text
    await open_card(app, olena)
    assert "101 має також &lt;Іван&gt;" in app.text
    await app.press(BOSS, "🔢")
    await app.say(BOSS, "101")
    assert app.text.startswith("<b>Олена Коваленко</b>")


async def test_a_shared_extension_that_was_a_slip_is_left(app: App, olena: Employee) -> None:
    ivan = await app.hire(IVAN, Role.OPERATOR, "201", name="Іван")
    await open_card(app, ivan)
    await app.press(BOSS, "🔢")
    await app.say(BOSS, "101")
    await app.press(BOSS, "✖️")
    assert (await app.person(IVAN)).extensions == ("201",)
    assert await app.person(OLENA) == olena


async def test_a_new_name_is_quoted_and_within_its_limit(app: App, olena: Employee) -> None:
    await open_card(app, olena)
    await app.press(BOSS, "✏️")
    await app.say(BOSS, "я" * 66)
    assert app.text == "Ім'я довше на 2 символи. Надішліть коротше ім'я."
    await app.say(BOSS, "<b>Олена\nІванівна")
    assert (await app.person(OLENA)).name == "<b>Олена Іванівна"
    assert app.text.startswith("<b>&lt;b&gt;Олена Іванівна</b>\n")
    await app.say(BOSS, "ще раз")
    assert "Пошук:" in app.text


@pytest.mark.parametrize("step", [StaffStep.NAME, StaffStep.EXTENSIONS])
async def test_a_dialog_takes_no_command_and_no_sticker_for_text(
    app: App, olena: Employee, step: StaffStep
) -> None:
    await app.press_data(BOSS, button(step, olena))
    await app.say(BOSS, None)
    assert app.text == "Тут потрібен текст. Надішліть його або вийдіть: /cancel."
    await app.say(BOSS, "/help")
    assert app.text.startswith("<b>Що я вмію</b>")
    await app.say(BOSS, "105")
    assert "Це не збережено" in app.text
    assert await app.person(OLENA) == olena


@pytest.mark.parametrize("step", [StaffStep.NAME, StaffStep.EXTENSIONS])
async def test_a_dialog_is_left_by_its_button(app: App, olena: Employee, step: StaffStep) -> None:
    await app.press_data(BOSS, button(step, olena))
    await app.press(BOSS, "✖️")
    assert app.text.startswith("<b>Олена Коваленко</b>\n☎️")
    await app.say(BOSS, "105")
    assert await app.person(OLENA) == olena


@pytest.mark.parametrize("step", [StaffStep.NAME, StaffStep.EXTENSIONS])
async def test_a_dialog_about_one_who_is_gone_ends(
    app: App, olena: Employee, step: StaffStep
) -> None:
    await app.press_data(BOSS, button(step, olena))
    await app.employees.set_state(olena.id, EmployeeState.REMOVED)
    for answer in ("Цих даних уже немає: їх видалено.", "<b>Пошук: 105</b>"):
        await app.say(BOSS, "105")
        assert app.text.startswith(answer)


async def test_one_who_lost_the_rights_in_a_dialog_changes_nothing(
    app: App, olena: Employee
) -> None:
    ivan = await app.hire(IVAN, Role.ADMINISTRATOR, name="Іван")
    await app.press_data(IVAN, button(StaffStep.EXTENSIONS, olena))
    await app.employees.set_role(ivan.id, Role.OPERATOR)
    await app.say(IVAN, "105")
    assert await app.person(OLENA) == olena


# Invitations


async def test_administrators_who_bar_each_other_at_once_do_not_both_go(app: App) -> None:
    boss = await app.person(BOSS)
    olena = await app.hire(OLENA, Role.ADMINISTRATOR)
    await app.employees.set_role(olena.id, Role.OPERATOR, by=By(boss.id, app.now))
    for change in (
        app.employees.set_role(boss.id, Role.OPERATOR, by=By(olena.id, app.now)),
        app.employees.set_state(boss.id, EmployeeState.BLOCKED, by=By(olena.id, app.now)),
    ):
        with pytest.raises(NoAccessError):
            await change
    assert await app.person(BOSS) == boss


async def invite(app: App, sign: str) -> None:
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "➕")
    await app.press(BOSS, sign)


def link(app: App) -> str:
    return app.text.splitlines()[-1]


async def test_an_invitation_with_extensions_lets_one_person_in(app: App) -> None:
    await invite(app, "☎️")
    assert "Людина бачитиме лише дзвінки цих номерів." in app.text
    await app.say(BOSS, ", ,")
    assert app.text.startswith("Не бачу тут номерів.")
    await app.say(BOSS, "101 102")
    assert app.text.startswith(
        "<b>Запрошення</b>\n☎️ Оператор\nВнутрішні номери: 101, 102\n\n"
        "Перешліть це посилання людині. Воно діє 7 днів і лише один раз."
    )
    assert link(app).startswith("https://t.me/dzvinok_bot?start=")
    token = link(app).partition("=")[2]
    await app.say(STRANGER, f"/start {token}")
    person = await app.person(STRANGER)
    assert (person.role, person.extensions) == (Role.OPERATOR, ("101", "102"))


async def test_an_invitation_without_extensions_is_made_once(app: App) -> None:
    await invite(app, "🧭")
    assert "Буде видно лише" not in app.text
    [data] = app.buttons("➡️")
    await app.press_data(BOSS, data)
    token = link(app).partition("=")[2]
    await app.press_data(BOSS, data)
    assert app.answers[-1] == STALE
    assert link(app).endswith(token)
    assert app.labels == []
    await app.say(STRANGER, f"/start {token}", code="en")
    assert "You see all calls of the company." in app.text


@pytest.mark.parametrize("is_asked", [False, True])
async def test_an_invitation_is_cancelled(app: App, is_asked: bool) -> None:
    await app.press_data(BOSS, InviteStart(page=0).pack())
    if is_asked:
        await app.press(BOSS, "🧮")
    await app.press(BOSS, "✖️")
    assert app.text.startswith("<b>Співробітники</b>")
    await app.say(BOSS, "101")
    assert "Пошук:" in app.text
    assert await app.database.fetch("SELECT 1 FROM invites WHERE used_at IS NULL") == []


async def test_an_invitation_speaks_english(app: App) -> None:
    await app.employees.set_language((await app.person(BOSS)).id, Language.EN)
    await app.press_data(BOSS, InviteRole(role=Role.ACCOUNTANT, page=0).pack())
    await app.say(BOSS, "101")
    assert "It works once, within 7 days." in app.text


async def test_an_invitation_with_a_colleagues_extension_is_asked_about(
    app: App, olena: Employee
) -> None:
    assert olena.extensions == ("101", "102")
    await invite(app, "☎️")
    await app.say(BOSS, "101")
    assert app.text.startswith("⚠️ 101 має також Олена Коваленко")
    await app.press_confirmation(BOSS)
    assert app.text.startswith("<b>Запрошення</b>")
    await app.say(STRANGER, f"/start {link(app).partition('=')[2]}")
    assert (await app.person(STRANGER)).extensions == ("101",)


async def test_open_invitations_are_listed_revoked_and_brought_back(app: App) -> None:
    await app.say(BOSS, "/staff")
    assert not [label for label in app.labels if label.startswith("✉️")]
    await invite(app, "☎️")
    await app.say(BOSS, "101")
    token = link(app).partition("=")[2]
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "✉️")
    assert app.text == (
        "<b>Відкриті запрошення</b>\n🗑 – посилання більше не діятиме.\n\n"
        "1. ☎️ Оператор · 101\n    до 28 вересня, 17:13, запрошення: Ганна Мельник"
    )
    await app.press(BOSS, "🗑 1")
    assert app.answers[-1] == "Запрошення більше не діє"
    assert "Відкритих запрошень немає." in app.text
    await app.say(STRANGER, f"/start {token}")
    assert app.text.startswith("Це запрошення вже не діє.")
    [undo] = [InviteButton(step=InviteStep.RESTORE, id=2, page=0).pack()]
    await app.press_data(BOSS, undo)
    assert app.answers[-1] == "Запрошення знову діє"
    await app.say(STRANGER, f"/start {token}")
    assert (await app.person(STRANGER)).role is Role.OPERATOR
    await app.press_data(BOSS, InviteButton(step=InviteStep.REVOKE, id=2, page=0).pack())
    assert app.answers[-1] == "Запізно: ним уже скористалися"
    assert (await app.person(STRANGER)).state is EmployeeState.ACTIVE


def test_the_days_of_a_link_are_whole() -> None:
    assert LIFETIME % 86400 == 0


# What Telegram limits


@pytest.mark.parametrize(
    "data",
    [
        *(StaffButton(step=step, employee=EXTREME, page=EXTREME) for step in StaffStep),
        *(RoleChoice(employee=EXTREME, role=role, page=EXTREME) for role in Role),
        *(InviteRole(role=role, page=EXTREME) for role in Role),
        *(InviteWithout(role=role, page=EXTREME) for role in Role),
        *(LanguageChoice(language=language) for language in Language),
        *(InviteButton(step=one, id=EXTREME, page=EXTREME) for one in InviteStep),
        StaffPage(page=EXTREME),
        InviteStart(page=EXTREME),
        PageSizeChoice(size=EXTREME),
        HealthRefresh(),
    ],
    ids=repr,
)
def test_callback_data_fits(data: CallbackData) -> None:
    assert len(data.pack().encode()) <= 64


def test_prefixes_are_unique() -> None:
    kinds = CallbackData.__subclasses__()
    prefixes = [kind.__prefix__ for kind in kinds]
    assert AlertsChoice in kinds
    assert len(set(prefixes)) == len(prefixes)


async def test_the_longest_card_fits_into_a_message(app: App) -> None:
    extensions = [f"{number:&>100}" for number in range(20)]
    person = await app.hire(OLENA, Role.OPERATOR, *extensions, name="&" * 64)
    with app.i18n.context(), app.i18n.use_locale("uk"):
        text = views.person(person, is_self=False)
    assert len(text.replace("&amp;", "&")) < 4096

"""Who did what: each deed is noted by whoever does it in the chat, and shown to administrators."""

import html
from pathlib import Path

import pytest

from bot.domain.audit import BY_ITSELF, AuditArea, AuditKind, By
from bot.domain.calls import Party, Status
from bot.domain.cases import Board
from bot.domain.company import EscalationField
from bot.domain.log import Turn
from bot.domain.people import Employee, EmployeeState, Language, Role
from keyboards.callbacks import (
    AuditPages,
    AuditPeople,
    AuditSpan,
    BatchButton,
    BatchStep,
    Card,
    CaseButton,
    CaseStep,
    CommentButton,
    CommentStep,
    CompanyMenu,
    CompanyPage,
    CompanyValue,
    ContactButton,
    ContactStep,
    GroupAll,
    GroupPlace,
    GroupStop,
    HandTo,
    HearClient,
    IgnoreAgain,
    LineHours,
    Listen,
    NoHours,
    RoleChoice,
    RungOnly,
    StaffButton,
    StaffStep,
)
from storage.audit import AuditRepo
from storage.contacts import ContactRepo
from tests.support.audited import Deed, deeds, last_id, read
from tests.support.lost_calls import NOW as TALKED_AT
from tests.support.lost_calls import dialled
from tests.support.recordings import recording_server
from tests.support.running import HOOK_TOKEN, running_office
from tests.support.running import IVAN as IVAN_OF_OFFICE
from tests.support.running import OLENA as OLENA_OF_OFFICE
from tests.support.screens import BOSS, IVAN, NOW, OLENA, STRANGER, App
from tests.support.statements import said
from tests.support.telegram import Clock

FIRST, SECOND = "+380671234567", "+380509998877"


@pytest.fixture
async def olena(app: App) -> Employee:
    return await app.hire(OLENA, Role.OPERATOR, "101")


async def lost(app: App, *numbers: str) -> None:
    """A lost call of each number; calls and cases have the ids 1, 2, …"""
    facts = [
        said(
            external_id=f"a{number}",
            started_at=NOW - 600 + number,
            ended_at=NOW - 580 + number,
            status=Status.MISSED,
            rang=("101",),
            caller=Party(number=one),
        )
        for number, one in enumerate(numbers)
    ]
    await app.calls.record(facts, now=NOW)


class Since:
    """What has been noted since this was made, or asked, the last time."""

    def __init__(self, app: App, after: int) -> None:
        self._app = app
        self._after = after

    async def __call__(self) -> list[Deed]:
        noted = await deeds(self._app.database, since=self._after)
        self._after = await last_id(self._app.database)
        return noted

    async def kinds(self) -> list[str]:
        return [one.kind for one in await self()]


@pytest.fixture
async def since(app: App, olena: Employee) -> Since:
    del olena  # who was hired before
    return Since(app, await last_id(app.database))


# People


async def test_who_was_invited_who_joined_and_who_used_a_link_again(
    app: App, since: Since
) -> None:
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "➕ Запросити")
    await app.press(BOSS, "☎️")
    await app.say(BOSS, "103")
    token = app.text.rpartition("start=")[2]
    await app.say(IVAN, f"/start {token}")
    [invited, joined] = await since()
    assert (invited.kind, invited.who, invited.detail) == (
        "invited",
        "Ганна Мельник",
        {"role": "operator", "extensions": "103"},
    )
    assert (joined.kind, joined.other) == ("joined", "Ганна Мельник")
    assert joined.who == (await app.person(IVAN)).name

    token = await app.invites.add(Role.SUPERVISOR, now=NOW)
    await app.say(OLENA, f"/start {token}")
    assert await since.kinds() == ["invited"], "nothing is changed before she says yes"
    await app.press(OLENA, "✅")
    [used] = await since()
    assert (used.kind, used.who, used.other) == ("invite_used", "Олена Коваленко", None)
    assert (await read(app))[:4] == [
        "👥 Олена Коваленко: Використано запрошення: Супервайзер",
        "👥 Сервер: Запрошення: Супервайзер",
        "👥 &lt;b&gt;1003 Smith: Новий співробітник: Оператор, 103, запрошення: Ганна Мельник",
        "👥 Ганна Мельник: Запрошення: Оператор, 103",
    ]


async def test_an_invitation_is_revoked_and_brought_back(app: App, since: Since) -> None:
    await app.invites.add(Role.OPERATOR, name="Марія", now=NOW)
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "✉️")
    revoke = app.buttons("🗑 1")[0]
    await app.press(BOSS, "🗑 1")
    await app.press_data(BOSS, revoke)
    restore = app.buttons("↩️")[0]
    await app.press_data(BOSS, restore)
    await app.press_data(BOSS, restore)
    assert await since.kinds() == ["invited", "invite_revoked", "invite_restored"]
    assert (await read(app))[0] == "👥 Ганна Мельник: Запрошення повернуто: Оператор, Марія"


async def test_what_becomes_of_a_person_is_told_from_what_to_what(
    app: App, olena: Employee, since: Since
) -> None:
    def step(which: StaffStep) -> str:
        return StaffButton(step=which, employee=olena.id, page=0).pack()

    role = RoleChoice(employee=olena.id, role=Role.SUPERVISOR, page=0).pack()
    for _ in range(2):
        await app.press_data(BOSS, role)
    await app.press_data(BOSS, step(StaffStep.EXTENSIONS))
    await app.say(BOSS, "101, 105")
    await app.press_data(BOSS, step(StaffStep.NAME))
    await app.say(BOSS, "Олена <b>Нова")
    for which in (StaffStep.BLOCK, StaffStep.BLOCK, StaffStep.UNBLOCK, StaffStep.CONFIRM):
        await app.press_data(BOSS, step(which))
    noted = await since()
    assert [(one.kind, one.detail) for one in noted] == [
        ("role", {"old": "operator", "new": "supervisor"}),
        ("extensions", {"old": "101", "new": "101, 105"}),
        ("renamed", {"old": "Олена Коваленко", "new": "Олена <b>Нова"}),
        ("access", {"old": "active", "new": "blocked"}),
        ("access", {"old": "blocked", "new": "active"}),
        ("access", {"old": "active", "new": "removed"}),
    ]
    assert {one.who for one in noted} == {"Ганна Мельник"}
    assert {one.other for one in noted} == {"Олена <b>Нова"}, "who was removed keeps the name"
    assert (await read(app))[:6] == [
        "👥 Ганна Мельник: Олена &lt;b&gt;Нова: видалено зі співробітників",
        "👥 Ганна Мельник: Олена &lt;b&gt;Нова: доступ відкрито",
        "👥 Ганна Мельник: Олена &lt;b&gt;Нова: доступ закрито",
        "👥 Ганна Мельник: Ім'я: Олена Коваленко → Олена &lt;b&gt;Нова",
        "👥 Ганна Мельник: Олена &lt;b&gt;Нова, внутрішні номери: 101 → 101, 105",
        "👥 Ганна Мельник: Олена &lt;b&gt;Нова, роль: Оператор → Супервайзер",
    ]


async def test_what_a_person_changes_of_themselves_is_nobody_elses_matter(
    app: App, since: Since
) -> None:
    person = await app.person(OLENA)
    await app.employees.set_language(person.id, Language.EN)
    await app.employees.set_page_size(person.id, 5)
    await app.employees.set_name(person.id, "Olena")
    assert await since.kinds() == []


async def test_administrators_by_settings_are_told_of_once(app: App, since: Since) -> None:
    for ids in ([5], [5], [], [5]):
        await app.employees.sync_administrators(ids, language=Language.UK, page_size=8, now=NOW)
    noted = await since()
    assert [one.kind for one in noted] == ["admin_ids", "access", "admin_ids"]
    assert {one.who for one in noted} == {None}
    assert (await read(app))[0] == "👥 Сервер: Адміністратор за ADMIN_IDS: 5"


async def test_one_who_is_no_administrator_any_more_leaves_no_note(
    app: App, olena: Employee, since: Since
) -> None:
    ivan = await app.hire(IVAN, Role.ADMINISTRATOR, name="Іван")
    await app.employees.set_role(ivan.id, Role.OPERATOR)
    await since()
    role = RoleChoice(employee=olena.id, role=Role.SUPERVISOR, page=0).pack()
    await app.press_data(IVAN, role)
    with pytest.raises(Exception, match="no administrator"):
        await app.employees.set_role(olena.id, Role.SUPERVISOR, by=By(ivan.id, NOW))
    assert await since.kinds() == []


# Settings


async def test_settings_of_the_company_are_told_from_what_to_what(app: App, since: Since) -> None:
    await lost(app, FIRST)
    for hours in ("пн-пт 9-18", "пн-пт 9-18", "пн-сб 9-19"):
        await app.press_data(BOSS, LineHours(code=-1).pack())
        await app.say(BOSS, hours)
    await app.press_data(BOSS, LineHours(code=-1).pack())
    await app.press_data(BOSS, NoHours(code=-1).pack())
    await app.press_data(BOSS, CompanyMenu(page=CompanyPage.HOLIDAYS).pack())
    await app.say(BOSS, "24.08.2027, 28.06.2027")
    await app.press_data(BOSS, CompanyMenu(page=CompanyPage.HOLIDAYS).pack())
    await app.say(BOSS, "28.06.2027, 01.01.2028")
    for _ in range(2):
        await app.press_data(
            BOSS, CompanyValue(name=EscalationField.SUPERVISORS, minutes=5).pack()
        )
        await app.press_data(BOSS, RungOnly(is_so=True).pack())
    assert await since.kinds() == [
        *("hours", "hours", "hours", "holidays", "holidays", "number", "rung_only"),
    ]
    assert (await read(app, AuditPages(area=AuditArea.SETTINGS)))[::-1] == [
        "⚙️ Ганна Мельник: Робочі години: цілодобово → пн–пт 9:00–18:00",
        "⚙️ Ганна Мельник: Робочі години: пн–пт 9:00–18:00 → пн–сб 9:00–19:00",
        "⚙️ Ганна Мельник: Робочі години: пн–сб 9:00–19:00 → цілодобово",
        "⚙️ Ганна Мельник: Неробочі дні: + 28.06.2027, 24.08.2027",
        "⚙️ Ганна Мельник: Неробочі дні: + 01.01.2028; − 24.08.2027",
        "⚙️ Ганна Мельник: Супервайзери: одразу → через 5 хв",
        "⚙️ Ганна Мельник: Клієнтів у групах беруть: лише ті, кому дзвонили",
    ]


async def test_the_hours_of_a_line_are_told_with_its_name(app: App, since: Since) -> None:
    await app.calls.record([said(started_at=NOW - 60, line="{0} <b>")], now=NOW)
    await app.press_data(BOSS, CompanyMenu(page=CompanyPage.LINES).pack())
    await app.press(BOSS, "{0}")
    await app.say(BOSS, "пн 9-18")
    assert await since.kinds() == ["hours"]
    assert (await read(app))[0] == (
        "⚙️ Ганна Мельник: Лінія {0} &lt;b&gt;: як у компанії → пн 9:00–18:00"
    )


async def test_groups_are_connected_told_less_and_left(app: App, since: Since) -> None:
    await app.calls.record([said(started_at=NOW - 60, queue="Продажі")], now=NOW)
    for _ in range(2):
        await app.say(BOSS, "/connect", chat="group")
    place = app.buttons("Продажі")[0]
    for _ in range(2):
        await app.press_data(BOSS, place, chat="group")
    off = GroupPlace.unpack(place).model_copy(update={"is_wanted": False}).pack()
    await app.press_data(BOSS, off, chat="group")
    await app.press_data(BOSS, place, chat="group")
    for _ in range(2):
        await app.press_data(BOSS, GroupAll(group=1).pack(), chat="group")
    for _ in range(2):
        await app.press_data(BOSS, GroupStop(group=1).pack(), chat="group")
    await app.press_data(OLENA, GroupStop(group=1).pack(), chat="group")
    assert (await read(app))[:6][::-1] == [
        "⚙️ Ганна Мельник: Групу підключено: Group",
        "⚙️ Ганна Мельник: Група Group, додано: Продажі",
        "⚙️ Ганна Мельник: Група Group, прибрано: Продажі",
        "⚙️ Ганна Мельник: Група Group, додано: Продажі",
        "⚙️ Ганна Мельник: Група Group: усі лінії й черги",
        "⚙️ Ганна Мельник: Групу відключено: Group",
    ]
    assert await since.kinds() == [
        *("group_connected", "group_place", "group_place", "group_place", "group_place"),
        "group_stopped",
    ]


# Clients


async def test_a_case_closed_by_hand_and_opened_again(app: App, since: Since) -> None:
    await lost(app, FIRST)
    close = CaseButton(step=CaseStep.CLOSE, case=1, board=Board.ALL).pack()
    reopen = CaseButton(step=CaseStep.REOPEN, case=1, board=Board.ALL).pack()
    await app.press_data(OLENA, close)
    await app.say(OLENA, "Помилилися")
    for _ in range(2):
        await app.press_data(OLENA, reopen)
    noted = await since()
    assert [(one.kind, one.who, one.case, one.number) for one in noted] == [
        ("closed", "Олена Коваленко", 1, FIRST),
        ("reopened", "Олена Коваленко", 1, FIRST),
    ]
    assert {str(one.detail) for one in noted} == {"{}"}, "what was written stays with the case"
    assert (await read(app))[:2] == [
        "📇 Олена Коваленко: Відкрито знову: +380 67 123 45 67",
        "📇 Олена Коваленко: Закрито вручну: +380 67 123 45 67",
    ]
    await app.press(BOSS, "1")
    assert "Пропущений" in app.text, "the card of the call, below"


async def test_a_case_handed_over_is_told_once(app: App, olena: Employee, since: Since) -> None:
    await lost(app, FIRST)
    hand = HandTo(case=1, employee=olena.id, board=Board.ALL).pack()
    for _ in range(2):
        await app.press_data(BOSS, hand)
    assert await since.kinds() == ["handed"]
    assert (await read(app))[0] == (
        "📇 Ганна Мельник: Передано: +380 67 123 45 67 → Олена Коваленко"
    )


async def test_ignoring_is_told_and_so_is_each_way_back(app: App, since: Since) -> None:
    await lost(app, FIRST)
    ignore = CaseButton(step=CaseStep.IGNORE, case=1, board=Board.ALL).pack()
    for _ in range(2):
        await app.press_data(BOSS, ignore)
    await app.press_data(BOSS, CaseButton(step=CaseStep.REOPEN, case=1, board=Board.ALL).pack())
    assert await since.kinds() == ["ignored", "reopened", "heard"]
    await app.press_data(BOSS, ignore)
    for data in (HearClient(id=2), HearClient(id=2), IgnoreAgain(id=2), IgnoreAgain(id=2)):
        await app.press_data(BOSS, data.pack())
    noted = await since()
    assert [(one.kind, one.who, one.number) for one in noted] == [
        (kind, "Ганна Мельник", FIRST) for kind in ("ignored", "heard", "ignored")
    ]
    assert (await read(app))[:2] == [
        "📇 Ганна Мельник: Номер ігнорується: +380 67 123 45 67",
        "📇 Ганна Мельник: Більше не ігнорується: +380 67 123 45 67",
    ]


@pytest.mark.parametrize(
    ("ask", "kinds", "words"),
    [
        (
            BatchStep.ASK_TAKE,
            ["many_taken", "many_taken_undone"],
            ["Віддано разом: 60 клієнтів", "Взято разом: 60 клієнтів"],
        ),
        (
            BatchStep.ASK_CLOSE,
            ["many_closed", "many_closed_undone"],
            ["Відкрито знову разом: 60 клієнтів", "Закрито разом: 60 клієнтів"],
        ),
    ],
)
async def test_many_at_once_are_one_row_with_their_number(
    app: App, since: Since, ask: BatchStep, kinds: list[str], words: list[str]
) -> None:
    """Although they are several transactions."""
    await lost(app, *(f"+38050111{number:04}" for number in range(60)))
    await app.press_data(BOSS, BatchButton(step=ask, board=Board.ALL).pack())
    if ask is BatchStep.ASK_TAKE:
        await app.press(BOSS, "🙋")
    else:
        await app.say(BOSS, "Збій")
    undo = app.buttons("↩️")[0]
    for _ in range(2):
        await app.press_data(BOSS, undo)
    assert [(one.kind, one.count) for one in await since()] == [(kind, 60) for kind in kinds]
    assert (await read(app))[:2] == [f"📇 Ганна Мельник: {one}" for one in words]


async def test_comments_deleted_brought_back_and_changed_by_another(
    app: App, since: Since
) -> None:
    await lost(app, FIRST)

    async def write(tg_id: int, text: str) -> None:
        await app.press_data(tg_id, Card(call=1).pack())
        await app.press(tg_id, "✏️" if any("✏️" in one for one in app.labels) else "💬")
        await app.say(tg_id, text)

    await write(OLENA, "Передзвонити")
    await write(OLENA, "Передзвонити о шостій")
    assert await since.kinds() == [], "one's own is one's own"
    await write(BOSS, "Не дзвонити")
    delete = CommentButton(step=CommentStep.DELETE, version=3, **Card(call=1).model_dump()).pack()
    await app.press_data(OLENA, delete)
    restore = app.buttons("↩️")[0]
    for _ in range(2):
        await app.press_data(OLENA, restore)
    await app.press_data(OLENA, Card(call=1).pack())
    await app.press(OLENA, "🗑")
    noted = await since()
    assert [(one.kind, one.who, one.other, one.call, one.number) for one in noted] == [
        ("comment_changed", "Ганна Мельник", "Олена Коваленко", 1, FIRST),
        ("comment_deleted", "Олена Коваленко", "Ганна Мельник", 1, FIRST),
        ("comment_restored", "Олена Коваленко", None, 1, FIRST),
        ("comment_deleted", "Олена Коваленко", "Олена Коваленко", 1, FIRST),
    ]
    assert "дзвонити" not in str(noted).lower(), "comments go with their calls"
    assert (await read(app))[:4] == [
        "📇 Олена Коваленко: Видалено свій коментар: +380 67 123 45 67",
        "📇 Олена Коваленко: Коментар повернуто: +380 67 123 45 67",
        "📇 Олена Коваленко: Видалено коментар (Ганна Мельник): +380 67 123 45 67",
        "📇 Ганна Мельник: Змінено коментар (Олена Коваленко): +380 67 123 45 67",
    ]


async def test_contacts_named_forgotten_joined_and_parted(app: App, since: Since) -> None:
    await lost(app, FIRST, SECOND)

    def contact(step: ContactStep, which: int = 0) -> str:
        return ContactButton.of_call(1, step).to(step, which).pack()

    await app.press_data(OLENA, contact(ContactStep.NAME))
    await app.say(OLENA, "Ганна <b>")
    await app.press_data(OLENA, contact(ContactStep.FORGET))
    undo = app.buttons("↩️")[0]
    for _ in range(2):
        await app.press_data(OLENA, undo)
    await app.press_data(OLENA, contact(ContactStep.ADD))
    await app.say(OLENA, SECOND)
    added = await ContactRepo(app.database).find(SECOND)
    assert added
    [number] = [one.id for one in added.numbers if one.number == SECOND]
    for step in (ContactStep.REMOVE, ContactStep.REMOVE, ContactStep.RESTORE):
        await app.press_data(OLENA, contact(step, number))
    noted = await since()
    assert [(one.kind, one.number, one.detail) for one in noted] == [
        ("contact_named", FIRST, {"new": "Ганна <b>"}),
        ("contact_named", FIRST, {"old": "Ганна <b>"}),
        ("contact_named", FIRST, {"new": "Ганна <b>"}),
        ("number_joined", FIRST, {"new": SECOND}),
        ("number_parted", FIRST, {"old": SECOND}),
        ("number_joined", FIRST, {"new": SECOND}),
    ]
    assert {one.who for one in noted} == {"Олена Коваленко"}
    rows = await read(app)
    assert rows[:2] == [
        "📇 Олена Коваленко: Ганна &lt;b&gt;: додано номер +380 50 999 88 77",
        "📇 Олена Коваленко: Ганна &lt;b&gt;: прибрано номер +380 50 999 88 77",
    ]
    assert rows[5] == "📇 Олена Коваленко: Контакт +380 67 123 45 67: – → Ганна &lt;b&gt;"


async def test_a_number_taken_from_another_contact_tells_whose_it_was(
    app: App, since: Since
) -> None:
    await lost(app, FIRST, SECOND)
    await ContactRepo(app.database).set_name(SECOND, "Іван", now=NOW)
    await app.press_data(OLENA, ContactButton.of_call(1, ContactStep.ADD).pack())
    await app.say(OLENA, SECOND)
    merge = app.buttons("✅")[0]
    await app.press_data(OLENA, merge, on=app.telegram.last_message_id)
    [_, named, joined] = await since()
    assert (named.kind, named.detail) == ("contact_named", {"new": "Іван"})
    assert (joined.kind, joined.detail) == ("number_joined", {"new": SECOND, "old": "Іван"})
    assert (await read(app))[0] == (
        "📇 Олена Коваленко: Іван: додано номер +380 50 999 88 77 (був: Іван)"
    )


# What is looked at


async def test_a_recording_is_noted_before_it_is_sent_and_only_for_those_who_may_hear_it(
    tmp_path: Path,
) -> None:
    async with recording_server() as pbx:
        source = {"kind": "webhook", "token": HOOK_TOKEN, "recording_hosts": pbx.url}
        talk = dialled("a", TALKED_AT, "101") | {"recording_url": f"{pbx.url}/ok"}
        clock = Clock(TALKED_AT)
        async with running_office(tmp_path, clock=clock, sources={"office": source}) as office:
            olena = await office.employee(OLENA_OF_OFFICE, "Олена", Role.OPERATOR, "101")
            ivan = await office.employee(IVAN_OF_OFFICE, "Іван", Role.OPERATOR, "102")
            await office.post(talk)
            shown = await office.press(olena, await office.ask(olena, "/log"), "1")
            await office.press(olena, shown, "🎧")
            await olena.wait_for(lambda message: message.media is not None)
            await (await ivan.press_stale(ivan.last(), Listen(call=1).pack())).answered()
            [noted] = office.rows(
                "SELECT e.name, a.call_id, a.number FROM audit AS a "
                "JOIN employees AS e ON e.id = a.employee_id WHERE a.kind = 'listened'"
            )
            assert tuple(noted) == ("Олена", 1, FIRST)


async def test_views_and_exports_have_their_words(app: App, olena: Employee) -> None:
    audit, by = AuditRepo(app.database), By(olena.id, NOW)
    await audit.note(AuditKind.LOOKED_UP, by, detail={"query": "067 <123>"})
    await audit.note(AuditKind.LOOKED_UP, by, number=FIRST)
    exported = {"what": "calls", "format": "xlsx"}
    await audit.note(AuditKind.EXPORTED, by, detail=exported)
    assert (await read(app, AuditPages(area=AuditArea.DATA))) == [
        "👁 Олена Коваленко: Експорт: дзвінки, XLSX, 1 рядок",
        "👁 Олена Коваленко: Пошук: +380 67 123 45 67",
        "👁 Олена Коваленко: Пошук: 067 &lt;123&gt;",
    ]


# The screen


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OPERATOR, Role.ACCOUNTANT])
async def test_nobody_but_administrators_reaches_it(app: App, role: Role) -> None:
    await app.hire(IVAN, role, "102")
    for data in (AuditPages(), AuditPeople()):
        before = len(app.telegram.requests)
        await app.press_data(IVAN, data.pack())
        await app.press_data(STRANGER, data.pack())
        said = "".join(str(one) for one in app.telegram.requests[before:])
        assert "Хто що" not in said
        assert "Чиї дії" not in said
        assert "Ганна" not in said
    boss = await app.person(BOSS)
    await app.employees.set_state(boss.id, EmployeeState.BLOCKED)
    before = len(app.telegram.requests)
    await app.press_data(BOSS, AuditPages().pack())
    assert "Хто що" not in "".join(str(one) for one in app.telegram.requests[before:])


async def test_pages_are_by_key_and_new_deeds_shift_nothing(app: App, olena: Employee) -> None:
    audit = AuditRepo(app.database)
    for number in range(20):
        await audit.note(
            AuditKind.LOOKED_UP, By(olena.id, NOW - 100 + number), detail={"query": f"q{number}"}
        )
    asked = AuditPages(who=olena.id, area=AuditArea.DATA)
    first = await read(app, asked)
    assert first[0].endswith("q19")
    assert "1/3" in app.labels
    await app.press(BOSS, "▶️")
    second = app.text
    again = app.buttons("🔄")[0]
    for number in range(20, 23):
        await audit.note(
            AuditKind.LOOKED_UP, By(olena.id, NOW + number), detail={"query": f"q{number}"}
        )
    await app.press_data(BOSS, again)
    assert app.text == second
    await app.press(BOSS, "◀️")
    assert "q19" in app.text
    assert "q22" not in app.text
    await app.press(BOSS, "⏭")
    assert "q0" in app.text
    await app.press(BOSS, "⏮")
    assert "q22" in app.text
    past = asked.turned(Turn.OLDER, None).model_copy(update={"position": 1, "id": 1})
    await app.press_data(BOSS, past.pack())
    assert app.answers[-1] == "Далі нічого немає."


async def test_filters_narrow_and_are_cleared(app: App, olena: Employee) -> None:
    audit, day = AuditRepo(app.database), 86400
    for ago in (0, 3, 20, 90):
        at, query = By(olena.id, NOW - ago * day), {"query": f"{ago} days"}
        await audit.note(AuditKind.LOOKED_UP, at, detail=query)
    await app.say(BOSS, "/staff")
    await app.press(BOSS, "📜")
    assert "🧹" not in app.labels
    await app.press(BOSS, "👁")
    assert "👁 Перегляди ✓" in app.labels
    assert app.text.count("Пошук") == 4
    for label, count in (("Сьогодні", 1), ("7 днів", 2), ("30 днів", 3)):
        await app.press(BOSS, label)
        assert f"{label} ✓" in app.labels
        assert app.text.count("Пошук") == count
    await app.press(BOSS, "30 днів")
    assert app.text.count("Пошук") == 4
    await app.press(BOSS, "👤")
    assert app.labels == [
        "👤 Усі люди ✓", "Ганна Мельник", "Олена Коваленко", "Сервер", "⬅️ Назад",
    ]  # fmt: skip
    await app.press(BOSS, "Сервер")
    assert app.text.startswith("<b>📜 Хто що робив</b>\nСервер\n")
    assert "👤 ✓" in app.labels
    assert "Нічого не знайдено. Натисніть 🧹" in app.text
    await app.press(BOSS, "🧹")
    assert "Пошук" in app.text
    assert "Новий співробітник" in app.text
    await app.press(BOSS, "⬅️")
    assert app.text.startswith("<b>Співробітники</b>")


async def test_whose_deeds_is_asked_in_pages_and_of_the_removed_too(app: App) -> None:
    for number in range(12):
        await app.hire(2000 + number, Role.OPERATOR, name=f"Оператор {number:02}")
    gone = await app.person(2005)
    await app.employees.set_state(gone.id, EmployeeState.REMOVED)
    await app.press_data(BOSS, AuditPeople(area=AuditArea.PEOPLE).pack())
    assert "1/2" in app.labels
    await app.press(BOSS, "Оператор 05")
    assert "\nОператор 05\n" in app.text
    assert "👥 Люди ✓" in app.labels


async def test_forged_and_stale_filters_are_answered(app: App, olena: Employee) -> None:
    for who in (olena.id + 100, 1 << 31):
        assert await read(app, AuditPages(who=who)) == []
        assert app.text.startswith("<b>📜 Хто що робив</b>\n–\n")
    assert await read(app, AuditPages(who=BY_ITSELF, span=AuditSpan.TODAY)) != []
    await app.press_data(BOSS, AuditPeople(page=999).pack())
    assert "Чиї дії" in app.text


async def test_a_page_of_the_longest_fits_a_message(app: App, olena: Employee) -> None:
    boss, joined = await app.person(BOSS), "\u0301" * 3000
    await app.employees.set_page_size(boss.id, 10)
    await app.employees.set_name(olena.id, "<&>" * 21)
    for text in ("<" * 4000, joined, "'" * 4000, "=cmd|' /C calc'!A0", "{0} {client}", "\n\n"):
        for _ in range(2):
            by = By(olena.id, NOW)
            await AuditRepo(app.database).note(AuditKind.LOOKED_UP, by, detail={"query": text})
    asked = AuditPages(area=AuditArea.DATA)
    rows = await read(app, asked)
    assert len(rows) == 10
    assert "{0} {client}" in rows[2]
    assert len(html.unescape(app.text)) < 4096


async def test_it_speaks_english(app: App, olena: Employee) -> None:
    await app.employees.set_language((await app.person(BOSS)).id, Language.EN)
    by = By((await app.person(BOSS)).id, NOW)
    await app.employees.set_role(olena.id, Role.SUPERVISOR, by=by)
    assert (await read(app))[0] == (
        "👥 Ганна Мельник: Олена Коваленко, role: Operator → Supervisor"
    )
    assert app.text.startswith("<b>📜 Who did what</b>\n\n<b>21 September</b>\n1. ")


async def test_a_row_whose_call_is_deleted_stays_without_a_button(
    app: App, olena: Employee
) -> None:
    await lost(app, FIRST)
    await AuditRepo(app.database).note(AuditKind.LISTENED, By(olena.id, NOW), call=1, number=FIRST)
    assert (await read(app))[0] == "👁 Олена Коваленко: Запис розмови: +380 67 123 45 67"
    assert "1" in app.labels
    stale = app.buttons("1")[0]
    assert await app.calls.purge(before=NOW) == 1
    assert (await read(app))[0] == "👁 Олена Коваленко: Запис розмови: +380 67 123 45 67"
    assert "1" not in app.labels
    await app.press_data(BOSS, stale)
    assert app.answers[-1] == "Цих даних уже немає: їх видалено."


async def test_a_deed_of_a_newer_version_is_shown_as_one(app: App) -> None:
    async with app.database.transaction() as tx:
        tx.write(
            "INSERT INTO audit (at, area, kind, detail) VALUES (?, 'people', 'later', ?)",
            (NOW + 1, '{"old": "x"}'),
        )
    assert (await read(app))[0] == "👁 Сервер: Дія, якої ця версія не знає"


async def test_every_kind_has_words_of_its_own(app: App) -> None:
    """Also with nothing known of it but what it is."""
    async with app.database.transaction() as tx:
        for kind in AuditKind:
            tx.write(
                "INSERT INTO audit (at, area, kind) VALUES (?, ?, ?)",
                (NOW, kind.area.value, kind.value),
            )
    rows, asked = list[str](), AuditPages(who=BY_ITSELF)
    while len(rows) < len(AuditKind):
        page = await read(app, asked)
        rows += page
        if "▶️" not in app.labels:
            break
        asked = AuditPages.unpack(app.buttons("▶️")[0])
    assert len({*rows}) >= len(AuditKind)

"""How the bot is, for administrators."""

from dataclasses import replace

import pytest
from aiogram.methods import EditMessageText

from bot.domain.calls import CallFacts, Direction, Reject, Status
from bot.domain.people import EmployeeState, Language, Role
from bot.domain.phones import NumberPlan
from keyboards.callbacks import HealthRefresh
from storage.feeds import FeedRepo
from tests.support.screens import BOSS, NOW, OLENA, STRANGER, App

REFRESH = HealthRefresh().pack()


def call(source: str, external_id: str, *, at: int, status: Status = Status.ANSWERED) -> CallFacts:
    return CallFacts(
        source=source,
        external_id=external_id,
        direction=Direction.IN,
        status=status,
        started_at=at,
        numbers=NumberPlan("UA"),
        ended_at=None if status.is_live else at + 10,
    )


async def test_a_new_bot_is_shown_empty(app: App) -> None:
    await app.say(BOSS, "/health")
    assert app.text.startswith("<b>Стан бота</b>\nВерсія 0.")
    assert "працює 3 дні 4 години" in app.text
    assert "office: дзвінків ще не було\nshop: дзвінків ще не було" in app.text
    assert "У черзі 0, надіслано 0, відкинуто 0" in app.text
    assert "Людей без повідомлень: 0" in app.text
    assert "МБ" in app.text
    assert app.labels == ["🔄"]


async def test_sources_tell_of_their_last_calls_and_rejects(app: App) -> None:
    await app.calls.record([call("office", "a", at=NOW - 100)], now=NOW)
    reject = Reject(place=0, errors=("started_at: <b>bad</b>", "status: none"), body="{}")
    other = Reject(place=1, errors=reject.errors, body="[]")
    await app.rejects.add("shop", [reject, other, reject], now=NOW)
    await app.say(BOSS, "/health")
    assert "office: останній дзвінок 17:13\n" in app.text
    assert "Не вдалося прочитати: 2" in app.text
    assert "<code>started_at: &lt;b&gt;bad&lt;/b&gt;; status: none</code>" in app.text
    assert "У черзі 1," in app.text
    assert "майбутнього" not in app.text


async def test_flaws_are_counted_with_what_was_expected_and_nobody_is_told(app: App) -> None:
    seconds, price = "talk_seconds: expected seconds", 'price: expected "1.25"'
    first = replace(call("office", "a", at=NOW - 100), flaws=(seconds,))
    second = replace(call("office", "b", at=NOW - 90), flaws=(seconds, price))
    await app.calls.record([first], now=NOW - 1)
    await app.calls.record([second, call("shop", "c", at=NOW - 80)], now=NOW)
    await app.say(BOSS, "/health")
    assert "Полів пропущено або виправлено: 3" in app.text
    assert f"<code>{seconds}</code> ×2" in app.text
    assert '<code>price: expected "1.25"</code> ×1' in app.text
    assert app.text.count("Полів пропущено") == 1
    assert "У черзі 0," in app.text


async def test_a_call_in_the_future_points_to_the_time_zone(app: App) -> None:
    await app.calls.record(
        [
            call("office", "a", at=NOW + 7200),
            call("office", "b", at=NOW + 3600),
            call("shop", "c", at=NOW + 60),
            call("shop", "d", at=NOW, status=Status.RINGING),
        ],
        now=NOW,
    )
    await app.say(BOSS, "/health")
    assert "із майбутнього, на 2 години вперед" in app.text
    assert "<code>SOURCES__OFFICE__TIMEZONE</code>" in app.text
    assert "SHOP" not in app.text


async def test_a_source_tells_since_when_it_is_connected_behind_silent_and_what_went_wrong(
    app: App,
) -> None:
    feeds = FeedRepo(app.database)
    await feeds.note_failure("office", "ami", "<refused> by the PBX", now=NOW - 7200)
    await feeds.note_answer("office", "ami", now=NOW - 3600)
    await feeds.keep_cursor("office", "sql", "1", read_until=NOW - 86400)
    await feeds.note_failure("office", "sql", "the database does not answer", now=NOW - 60)
    async with app.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO silences VALUES ('shop', ?, ?, 0, ?)", (NOW - 1800, NOW, NOW)
        )
    await app.say(BOSS, "/health")
    for line in (
        "    ami: на зв'язку з 16:13",
        "    перед тим: <code>&lt;refused&gt; by the PBX</code>",
        "    ⚠️ sql: не відповідає з 17:12",
        "    <code>the database does not answer</code>",
        "    ⚠️ Незвично тихо від 16:43",
    ):
        assert f"\n{line}\n" in app.text
    await feeds.note_answer("office", "sql", now=NOW)
    await app.press(BOSS, "🔄")
    assert "\n    ⚠️ sql: історію прочитано до 20 вересня, 17:13" in app.text


async def test_a_hook_tells_of_posts_that_brought_no_call_and_of_those_refused(app: App) -> None:
    await app.calls.record([call("office", "a", at=NOW - 7200)], now=NOW - 7200)
    app.posts.note("office")
    app.now += 60
    app.posts.note_refused("office")
    app.posts.note_refused("office")
    await app.say(BOSS, "/health")
    assert "office: останній дзвінок 15:13\n    вебхук: останній запит 17:13\n" in app.text
    assert "\n    ⚠️ Відхилено запитів: 2, 17:14" in app.text
    await app.calls.record([call("office", "b", at=NOW)], now=NOW)
    await app.press(BOSS, "🔄")
    assert "вебхук" not in app.text, "the call says it"


async def test_people_who_cannot_be_reached_are_counted(app: App) -> None:
    olena = await app.hire(OLENA, Role.OPERATOR, language=Language.EN)
    await app.outbox.drop_unreachable(OLENA, employee_id=olena.id, reason="blocked", now=NOW)
    await app.say(BOSS, "/health")
    assert "Людей без повідомлень: 1" in app.text


async def test_refresh_edits_the_screen(app: App) -> None:
    await app.say(BOSS, "/health")
    app.now += 86400
    await app.press(BOSS, "🔄")
    assert isinstance(app.telegram.requests[-2], EditMessageText)
    assert "працює 4 дні 4 години" in app.text


async def test_it_speaks_english(app: App) -> None:
    await app.employees.set_language((await app.person(BOSS)).id, Language.EN)
    await app.say(BOSS, "/health")
    assert "running for 3 days 4 hours" in app.text
    assert "office: no calls yet" in app.text


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OPERATOR, Role.ACCOUNTANT])
async def test_others_do_not_even_learn_of_it(app: App, role: Role) -> None:
    await app.hire(OLENA, role)
    await app.say(OLENA, "/health")
    assert app.text == "Не знаю такої команди. Що я вмію – /help."
    await app.press_data(OLENA, REFRESH)
    assert app.answers == ["Ця кнопка застаріла. Відкрийте екран знову."]


async def test_those_without_access_press_in_vain(app: App) -> None:
    olena = await app.hire(OLENA, Role.ADMINISTRATOR)
    await app.employees.set_state(olena.id, EmployeeState.BLOCKED)
    await app.press_data(OLENA, REFRESH)
    await app.press_data(STRANGER, REFRESH)
    assert app.answers == ["Немає доступу.", "Немає доступу."]

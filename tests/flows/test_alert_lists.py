"""Many lost calls at once, as people see them: lists that grow, open their cases and stay true."""

from pathlib import Path

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.hours import QuietHours
from bot.domain.people import Role
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.lost_calls import NOW, alert_of, dialled, is_alert, lost, pressed
from tests.support.running import OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

TITLE = "Пропущені дзвінки"


def number(client: int) -> str:
    return f"067{client:07}"


def many(first: int, count: int) -> list[dict[str, object]]:
    """So many lost calls, of as many clients, that are just over."""
    return [
        lost(f"m{n}", NOW - 30, caller={"number": number(n)}) for n in range(first, first + count)
    ]


def lists(user: User) -> list[Message]:
    return [one for one in user.messages() if one.is_from_bot and TITLE in one.text]


def rows(user: User) -> list[str]:
    """The rows of all lists of a chat, in the order in which they stand there."""
    return [row for one in lists(user) for row in one.text.splitlines() if "+380" in row]


def told_of(user: User) -> list[str]:
    """The numbers in the alerts and lists of a chat, each as often as it stands there."""
    texts = [one.text for one in user.messages() if one.is_from_bot]
    lines = [line for text in texts for line in text.splitlines() if "+380" in line]
    return [
        f"0{''.join(c for c in line.partition('+380')[2] if c.isdigit())[:9]}" for line in lines
    ]


SILENT = "disable_notification"


def sounds(office: Office, user: User) -> int:
    return sum(
        one.is_ok and one.params["chat_id"] == user.id and not one.params.get(SILENT)
        for one in office.telegram.calls("sendMessage")
    )


async def test_a_storm_as_one_person_lives_through_it(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock, admin_ids=()) as office:
        boss = await office.employee(SUPERVISOR, "Ірина", Role.SUPERVISOR)
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        before = {user.id: sounds(office, user) for user in (boss, olena)}

        # Sixty in one request: every one of them is told of once, and the phone rings once.
        await office.post(*many(0, 60))
        await office.nothing_due()
        for user in (boss, olena):
            assert told_of(user) == [number(n) for n in range(60)]
            assert sounds(office, user) - before[user.id] == 1
            assert [len(one.text.splitlines()) for one in lists(user)] == [33, 33]
        assert "список 2" in lists(boss)[1].text

        # More come: what does not fit begins the next list, in silence.
        clock.advance(2)
        await office.post(*many(60, 2))
        await office.post(*many(62, 3))
        clock.advance(2)
        await office.nothing_due()
        assert told_of(boss) == [number(n) for n in range(65)]
        assert sounds(office, boss) - before[boss.id] == 1

        # A row opens its case below; the list stays, and both are kept true.
        first, *_ = lists(olena)
        assert first.buttons[-1] == ["🔴 Не передзвонили"]
        assert await pressed(olena, first, "3") == ""
        opened = await alert_of(olena)
        assert number(2)[1:4] in opened.text.replace(" ", "")
        assert opened.buttons[0] == ["🙋 Беру", "📝 З коментарем"]
        assert await pressed(olena, opened, "🙋") == "Клієнт ваш"
        clock.advance(4)
        await office.nothing_due()
        for user in (boss, olena):
            assert "🙋 Олена" in rows(user)[2]
            assert lists(user)[0].text.splitlines()[1] == "Клієнтів 30, вільних 29, взято 1"
        assert [one.id for one in boss.messages() if is_alert(one)] == []

        # Pressed again, the case comes anew, once.
        assert await pressed(olena, first, "3") == ""
        again = await olena.wait_for(lambda one: one.id > opened.id and is_alert(one))
        await office.nothing_due()
        await olena.wait_gone(opened)
        assert sounds(office, olena) - before[olena.id] == 1

        # The client rings again: the owner is told by a message of its own, others by the list.
        await office.post(lost("again", clock() - 20, caller={"number": number(2)}))
        ring = await olena.wait_for(lambda one: one.id > again.id and is_alert(one))
        assert "×2" in ring.text
        clock.advance(4)
        await office.nothing_due()
        assert "×2" in rows(boss)[2]
        assert [one.id for one in boss.messages() if is_alert(one)] == []

        async with office.restarted() as office:
            # What was told of is over: its row says so, wherever the list was begun.
            await office.post(dialled("back", clock() + 1, callee={"number": number(0)}))
            clock.advance(4)
            await office.nothing_due()
            assert rows(boss)[0].endswith("✅")
            assert told_of(boss)[:65] == [number(n) for n in range(65)]

            # The last button shows the board below.
            assert await pressed(boss, lists(boss)[0], "🔴") == ""
            await boss.wait_for(lambda one: "Не передзвонили: 64" in one.text)
            assert len(lists(boss)) == 3

            # The owner does not answer: the others get a message of their own.
            clock.advance(700)
            await olena.wait_for(lambda one: "Ви ще цим займаєтеся" in one.text, timeout=5)
            clock.advance(301)
            await boss.wait_for(is_alert)

            # It is over: one more lost call is a message of its own again.
            await office.post(lost("calm", clock() - 30, caller={"number": number(900)}))
            calm = await boss.wait_for(lambda one: "+380 67 000 09 00" in one.text)
            assert is_alert(calm)


async def test_a_storm_that_outlasts_quiet_hours_is_heard_when_they_end(tmp_path: Path) -> None:
    """The list of it comes anew, with a sound; it is counted on from the lists before."""
    clock = Clock(NOW)  # 11:43:20
    async with running_office(tmp_path, clock=clock, admin_ids=()) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        async with open_database(office.settings.database) as database:
            employees = EmployeeRepo(database)
            person = await employees.find(OLENA)
            assert person is not None
            await employees.set_quiet(person.id, QuietHours(60, 11 * 60 + 44))
        before = sounds(office, olena)
        await office.post(*many(0, 8))
        await office.nothing_due()
        [silent] = lists(olena)
        assert sounds(office, olena) == before
        clock.advance(45)
        await office.post(*many(8, 2))
        await olena.wait_gone(silent)
        [heard] = lists(olena)
        assert heard.id != silent.id
        assert sounds(office, olena) == before + 1
        clock.advance(10)
        await office.post(*many(10, 2))
        await office.nothing_due()
        assert [one.id for one in lists(olena)] == [heard.id]
        assert sounds(office, olena) == before + 1
        assert told_of(olena) == [number(n) for n in range(12)]

        # After an alert of its own comes another list of the same storm, with another name.
        clock.advance(61)
        await office.post(*many(12, 1))
        await office.nothing_due()
        await office.post(*many(13, 7))
        await office.nothing_due()
        assert "список 2" in lists(olena)[-1].text

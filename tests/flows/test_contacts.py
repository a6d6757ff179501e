"""A client with several numbers: the contact's screen, contacts shared from Telegram."""

from pathlib import Path

from bot.domain.people import Role
from keyboards.callbacks import ContactButton, ContactStep, SharedContact
from tests.support.lost_calls import NOW, alert_of, dialled, has_button, lost
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, running_office
from tests.support.telegram import Clock

FIRST, SECOND, THIRD = "+380 67 123 45 67", "+380 50 999 88 77", "+380 93 111 22 33"


async def test_numbers_are_added_and_taken_away_and_a_talk_on_any_closes_the_case(
    tmp_path: Path,
) -> None:
    own = {"kind": "webhook", "token": HOOK_TOKEN, "own_numbers": "0445550101"}
    async with running_office(tmp_path, clock=Clock(NOW), sources={"office": own}) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        nameless = {"number": "0671234567"}
        await office.post(lost("a", NOW - 90, caller=nameless))
        await office.post(lost("b", NOW - 60, caller={"number": "0509998877"}))
        first, second = await alert_of(olena, FIRST), await alert_of(olena, SECOND)
        await office.press(olena, first, "🙋")
        await office.press(olena, first, "📄")
        card = olena.last()

        asked = await office.press(olena, card, "👤")
        assert has_button("➕ Ще номер")(asked)
        card = await office.ask(olena, "Ганна <b>")
        contact = await office.press(olena, card, "👤")
        assert contact.text.splitlines()[:2] == ["👤 Ганна <b>", f"{FIRST} – з цього дзвінка"]
        assert not has_button("🗑 +")(contact)

        await office.press(olena, contact, "➕")
        for wrong in ("нічого", "анонім", "101", "044 555 01 01"):
            refused = await office.ask(olena, wrong)
            assert "Не бачу тут номера клієнта" in refused.text, wrong
        contact = await office.ask(olena, "8 (050) 999-88-77")
        assert f"Додано: {SECOND}" in contact.text
        joined = await olena.wait_for(lambda one: one.id == first.id and "×2" in one.text)
        assert "Ганна <b>" in joined.text
        assert SECOND in joined.text
        assert "Взято: Олена" in joined.text
        moved = await olena.wait_for(lambda one: one.id == second.id and "іншому" in one.text)
        assert "🙋 Беру" not in str(moved.buttons)
        opened = await office.press(olena, await office.ask(olena, "/log"), "1")
        log = await office.press(olena, opened, "🔍")
        assert log.text.count("↙️") == 2
        assert f"Усі дзвінки: Ганна <b>, {SECOND}, {FIRST}" in log.text

        contact = await office.press(olena, contact, f"🗑 {SECOND}")
        assert has_button(f"↩️ Повернути {SECOND}")(contact)
        await olena.wait_for(lambda one: one.id == second.id and "іншому" not in one.text)
        contact = await office.press(olena, contact, "↩️")
        assert has_button(f"🗑 {SECOND}")(contact)
        contact = await office.press(olena, contact, "🗑 Забути")
        assert contact.text.startswith(f"👤 {FIRST}\n")
        contact = await office.press(olena, contact, "↩️ Знову Ганна")
        assert contact.text.startswith("👤 Ганна <b>")
        assert "Початок дзвінка" in (await office.press(olena, contact, "⬅️")).text

        await office.post(dialled("c", NOW - 20))
        await olena.wait_for(lambda one: one.id == first.id and "Передзвон" in one.text)
        assert "Не передзвонили: 0" in (await office.ask(olena, "/missed")).text


async def test_a_shared_contact_names_its_number_or_is_one_more_of_the_client_answered(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        unnamed = {"number": "0671234567"}
        await office.post(lost("a", NOW - 90, caller=unnamed, rang=["101"]))
        alert = await alert_of(olena, FIRST)

        async def share(number: str, name: str, *, reply: bool = False) -> str:
            sent = await olena.send_contact(
                number, first_name=name, reply_to=alert if reply else None
            )
            return (await olena.wait_for(lambda one: one.id > sent.id)).text

        # by itself
        assert "Ганна" in await share("380671234567", "Ганна")
        undone = await office.press(olena, olena.last(), "↩️ Як було")
        assert undone.text == f"👤\n{FIRST}\n\nЯк було"
        await share("380671234567", "Ганна")
        assert "Записати як «Анна»?" in await share("+380671234567", "Анна")
        left = await office.press(olena, olena.last(), "✖️")
        assert "нічого не змінено" in left.text
        await share("0671234567", "Анна")
        renamed = await office.press(olena, olena.last(), "✅ Замінити")
        assert renamed.text.startswith("👤 Анна")
        assert (await office.press(olena, renamed, "↩️")).text.startswith("👤 Ганна")
        assert "Не бачу тут номера" in await share("12", "Анна")

        # as a reply
        said = await share("380509998877", "Ганна моб", reply=True)
        assert said.startswith(f"👤 Ганна\n{FIRST} – з цього дзвінка\n{SECOND}")
        assert has_button(f"🗑 {SECOND}")(olena.last())
        assert "Так уже записано" in await share("380509998877", "Ганна", reply=True)
        assert "Записати як «Ганна моб»?" in await share("0509998877", "Ганна моб", reply=True)
        assert (await office.press(olena, olena.last(), "✅")).text.startswith("👤 Ганна моб")
        await share("380931112233", "Петро")
        assert "Це той самий клієнт?" in await share("380931112233", "Петро", reply=True)
        whole = await office.press(olena, olena.last(), "✅ Це той самий клієнт")
        assert whole.text.splitlines()[:4] == [
            *("👤 Ганна моб", f"{FIRST} – з цього дзвінка", SECOND, THIRD),
        ]

        # within the dialog, and where another question waits
        await office.press(olena, whole, "➕")
        assert "+380 44 333 22 11" in await share("380443332211", "Робота")
        await office.press(olena, alert, "📄")
        await office.press(olena, olena.last(), "💬")
        assert "лише текст" in await share("380443332211", "Робота")
        await office.ask(olena, "/cancel")

        # what is not theirs
        sent = await ivan.send_contact("380671234567", first_name="Моя")
        assert (await ivan.wait_for(lambda one: one.id > sent.id)).text == "Немає доступу."
        forged = [ContactButton.of_call(1, step).pack() for step in ContactStep]
        for data in [*forged, SharedContact(number=1, version=1).pack()]:
            answer = await (await ivan.press_stale(ivan.last(), data)).answered()
            assert answer.text in {"Немає доступу.", "Цих даних уже немає: їх видалено."}, data
        assert office.rows("SELECT name FROM contacts") == [("Ганна моб",)]
        assert "Ганна моб" in (await office.ask(boss, "/log")).text


async def test_a_contact_shared_as_a_reply_to_a_hidden_caller_names_nobody(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 90, caller={"number": ""}))
        alert = await alert_of(olena)
        sent = await olena.send_contact("380671234567", first_name="Ганна", reply_to=alert)
        assert "прихований" in (await olena.wait_for(lambda one: one.id > sent.id)).text
        assert office.rows("SELECT count(*) FROM contacts") == [(0,)]

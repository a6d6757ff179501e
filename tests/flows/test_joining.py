"""Administrators are told who joined: once, with the role, the extensions and whose invitation."""

from pathlib import Path

from bot.domain.people import Role
from storage.database import open_database
from storage.invites import InviteRepo
from tests.support.running import IVAN, OLENA, running_office


async def test_administrators_are_told_who_joined_and_who_got_more(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "<b>Олена", Role.OPERATOR, "101", "102")
        told = await boss.wait_for(lambda one: one.text.startswith("👋"))
        assert told.text == (
            "👋 Новий співробітник\n<b>Олена\n☎️ Оператор\nВнутрішні номери: 101, 102\n"
            "Запрошення із сервера"
        )
        async with open_database(office.settings.database) as database:
            boss_id = office.rows("SELECT id FROM employees WHERE role = 'administrator'")[0][0]
            invites, now = InviteRepo(database), int(office.clock())
            token = await invites.add(Role.SUPERVISOR, extensions=["103"], by=boss_id, now=now)
        await olena.start(token)
        asked = await olena.wait_for(lambda one: "вже маєте доступ" in one.text)
        await office.press(olena, asked, "✅")
        more = await boss.wait_for(lambda one: "скористався запрошенням" in one.text)
        assert "🧭 Супервайзер\nВнутрішні номери: 101, 102, 103\nЗапрошення: " in more.text
        ivan = await office.employee(IVAN, "Іван", Role.ADMINISTRATOR)
        await boss.wait_for(lambda one: "Іван" in one.text)
        await office.nothing_due()
        assert len([one for one in boss.messages() if one.text.startswith("👋")]) == 3
        assert not [one for one in ivan.messages() if one.text.startswith("👋")]
        assert not [one for one in olena.messages() if one.text.startswith("👋")]

"""The book of all contacts in chat: its pages, a contact, files in and out, the way to a CRM."""

from pathlib import Path

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.contact_files import FileKind
from bot.domain.people import Role
from handlers.contact_files import MEGABYTES
from keyboards.callbacks import (
    BookButton,
    BookExport,
    BookFile,
    BookPage,
    BookStep,
    FileButton,
    FileStep,
)
from tests.support.lost_calls import NOW, alert_of, has_button, lost
from tests.support.running import IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

FIRST, SECOND = "+380 67 123 45 67", "+380 50 999 88 77"
CRM = "https://crm.example.com/?phone={number}"

VCARD = """BEGIN:VCARD
VERSION:3.0
FN:Ганна Мельник
TEL;TYPE=CELL:067 123-45-67
TEL;TYPE=HOME:+38 (050) 999 88 77
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ
 SkZJRg
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:=cmd|' /C calc'!A0
TEL:0931112233
TEL:доб. 12
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Без номера <b>
END:VCARD
"""


async def open_book(office: Office, user: User) -> Message:
    return await office.press(user, await office.ask(user, "/settings"), "👤 Контакти")


async def send_file(user: User, content: bytes, name: str) -> Message:
    """Send a file, and wait for what the bot says of it in the end."""
    sent = await user.send_document(content, name=name)
    return await user.wait_for(lambda one: one.id > sent.id and "⏳" not in one.text)


async def take(user: User, preview: Message, label: str = "✅") -> Message:
    """Press a button of a preview, and wait for the report."""
    await (await user.click(preview, label)).answered()
    return await user.wait_for(lambda one: one.id == preview.id and one.text.startswith("✅"))


async def test_a_name_changed_in_the_book_shows_at_once_in_the_alert_and_the_card(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW), client_url=CRM) as office:
        boss = await office.employee(SUPERVISOR, "Марія", Role.SUPERVISOR, language="uk")
        await office.post(lost("a", NOW - 90, caller={"number": "0671234567"}))
        alert = await alert_of(boss, FIRST)
        [link] = [one for row in alert.buttons for one in row if "CRM" in str(one)]
        assert "https://crm.example.com/?phone=%2B380671234567" in str(alert.markup), link
        await office.press(boss, alert, "📄")
        card = boss.last()
        assert has_button("🔗 У CRM")(card)
        await office.press(boss, card, "👤")
        card = await office.ask(boss, "Ганна")
        await boss.wait_for(lambda one: one.id == alert.id and "Ганна" in one.text)

        book = await open_book(office, boss)
        assert book.text == f"👤 Контакти 1\n\n1. Ганна\n    {FIRST}"
        contact = await office.press(boss, book, "1")
        assert contact.text.startswith(f"👤 Ганна\n{FIRST}\n\nДодано: Марія, ")
        assert has_button("🔗 У CRM")(contact)
        await office.press(boss, contact, "✏️")
        contact = await office.ask(boss, "Ганна Мельник")
        assert contact.text.startswith("👤 Ганна Мельник")
        await boss.wait_for(lambda one: one.id == alert.id and "Ганна Мельник" in one.text)
        await boss.wait_for(lambda one: one.id == card.id and "Ганна Мельник" in one.text)
        contact = await office.press(boss, contact, "↩️ Як було")
        assert contact.text.startswith("👤 Ганна\n")


async def test_contacts_are_joined_and_removed_and_brought_back(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        for number, name in (("0671234567", "Ганна"), ("0509998877", "Ганна моб")):
            card = f"BEGIN:VCARD\nFN:{name}\nTEL:{number}\nEND:VCARD\n"
            await take(boss, await send_file(boss, card.encode(), "a.vcf"))
        book = await open_book(office, boss)
        assert f"1. Ганна\n    {FIRST}\n2. Ганна моб\n    {SECOND}" in book.text

        second = await office.press(boss, book, "2")
        await office.press(boss, second, "👥")
        assert "не бачу" in (await office.ask(boss, "Ніхто")).text
        choice = await office.ask(boss, "ганна")
        asked = await office.press(boss, choice, "Ганна +380 67")
        assert "Об'єднати «Ганна моб» із «Ганна»?" in asked.text
        assert f"Залишиться один контакт: Ганна\n{FIRST}\n{SECOND}" in asked.text
        joined = await office.press(boss, asked, "✅ Об'єднати")
        assert joined.text.startswith(f"👤 Ганна\n{FIRST}\n{SECOND}")

        book = await office.press(boss, joined, "🗑 Видалити")
        assert "Поки що жодного" in book.text
        book = await office.press(boss, book, "↩️ Знову Ганна")
        assert "1. Ганна\n    +380 67 123 45 67 і ще 1" in book.text
        book = await office.press(boss, await office.press(boss, book, "1"), "🗑 Видалити")
        office.clock.advance(31)
        query = await boss.click(book, "↩️ Знову Ганна")
        assert (await query.answered()).text == "Запізно: контакт уже видалено"


async def test_a_file_is_shown_first_then_taken_and_all_comes_out_again(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        preview = await send_file(boss, VCARD.encode("cp1251", "replace"), "Книга <b>.vcf")
        assert preview.text.startswith("📥 Книга <b>.vcf\n3 контакти, 3 номери\n\nНових: 2")
        assert "Не схоже на номери: 1\n– =cmd|' /C calc'!A0 (рядок 9): доб. 12" in preview.text
        assert "Без номера чи без імені: 1\n– Без номера <b> (рядок 15)" in preview.text
        assert office.rows("SELECT count(*) FROM contacts") == [(0,)]
        done = await take(boss, preview, "✅ Додати")
        assert "Додано: 2\nДодано номерів: 3" in done.text
        assert office.rows("SELECT count(*) FROM contact_numbers") == [(3,)]
        assert office.rows("SELECT count(*) FROM contacts WHERE added_by IS NULL") == [(0,)]

        again = await send_file(boss, VCARD.encode(), "ще.vcf")
        assert "Уже є: 2" in again.text
        assert not has_button("✅")(again)
        assert (await office.press(boss, again, "✖️")).text.startswith("Скасовано")

        renamed = "Ім'я;Телефон\nГанна М.;0671234567\nІван;0671234567, 0441234567\n"
        preview = await send_file(boss, renamed.encode("utf-16"), "a.csv")
        assert f"– {FIRST}: тут «Ганна Мельник», у файлі «Ганна М.»" in preview.text
        assert f"– Іван: {FIRST} у контакту «Ганна Мельник»" in preview.text
        done = await take(boss, preview, "✏️ З іменами")
        assert "Додано: 1\nПерейменовано: 1" in done.text
        assert office.rows("SELECT name FROM contacts ORDER BY id") == [
            ("Ганна М.",),
            ("=cmd|' /C calc'!A0",),
            ("Іван",),
        ]

        kinds = await office.press(boss, await open_book(office, boss), "⬇️")
        sent = boss.last().id
        await office.press(boss, kinds, "📋")
        table = await boss.wait_for(lambda one: one.id > sent and one.media is not None)
        assert table.media
        text = table.media.file.content.decode("utf-8-sig")
        assert text.startswith("Ім'я;Телефон 1;Телефон 2;Хто додав;Коли додано\r\n'=cmd|' /C")
        await office.press(boss, kinds, "📱")
        cards = await boss.wait_for(lambda one: one.id > table.id and one.media is not None)
        assert cards.media
        for sent_back in (table.media.file, cards.media.file):
            known = await send_file(boss, sent_back.content, sent_back.name or "")
            assert "3 контакти, 4 номери\n\nУже є: 3" in known.text, sent_back.name


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"PK\x03\x04" + bytes(range(256)), "a.vcf", "Це архів"),
        (b"PK\x03\x04 [Content_Types].xml xl/", "a.csv", "Це книга Excel"),
        (b"\0" * 4096, "a.vcf", "Файл порожній"),
        (bytes(range(256)) * 99, "a.csv", "не vCard"),
        (
            "Ганна;Київ;0671234567\nІван;Львів;0509998877\n".encode(),
            "a.csv",
            "імена: Ганна, Київ.",
        ),
        (b"BEGIN:VCARD", "a.vcf", "Без номера чи без імені: 1"),
    ],
)
async def test_what_is_no_file_of_contacts_is_refused_in_clear_words(
    tmp_path: Path, content: bytes, name: str, words: str
) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        answer = await send_file(boss, content, name)
        assert words in answer.text
        assert not has_button("✅")(answer)


async def test_a_file_too_large_or_gone_is_said_to_be(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        sent = await boss.send_document(VCARD.encode(), name="a.vcf", size=MEGABYTES << 21)
        refused = await boss.wait_for(lambda one: one.id > sent.id)
        assert f"понад {MEGABYTES} МБ" in refused.text
        preview = await send_file(boss, VCARD.encode(), "a.vcf")
        await boss.delete(next(one for one in boss.messages() if one.id == preview.id - 1))
        assert "не бачу файлу" in (await office.press(boss, preview, "✅")).text
        assert office.rows("SELECT count(*) FROM contacts") == [(0,)]


async def test_the_book_is_for_those_who_see_all_calls(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await take(boss, await send_file(boss, VCARD.encode(), "a.vcf"))
        for tg_id, role in ((OLENA, Role.OPERATOR), (IVAN, Role.ACCOUNTANT)):
            person = await office.employee(tg_id, role.value, role, "101")
            settings = await office.ask(person, "/settings")
            assert not has_button("👤")(settings)
            assert (await send_file(person, VCARD.encode(), "a.vcf")).text == "Немає доступу."
            forged = [BookButton(step=step, contact=1, which=2).pack() for step in BookStep]
            forged += [FileButton(step=step).pack() for step in FileStep]
            forged += [BookExport(kind=kind).pack() for kind in FileKind]
            forged += [BookPage().pack(), BookFile(is_import=True).pack()]
            for data in forged:
                answer = await (await person.press_stale(settings, data)).answered()
                assert "застаріла" in (answer.text or ""), (data, answer.text)
        assert office.rows("SELECT count(*) FROM contacts") == [(2,)]

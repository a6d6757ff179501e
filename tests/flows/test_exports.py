"""The log as a file: of exactly what is on the screen, in scope, safe, noted, on Mondays."""

import asyncio
import csv
import errno
import io
import os
import sys
import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.delivery.exports import ExportSender
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.markup import find_button
from bot.demo.bot_api.people import User
from bot.domain.exports import ExportKind
from bot.domain.people import Role
from keyboards.callbacks import ExportMenu, ExportStart
from tests.support.engines import ONLY_POSTGRES, ONLY_SQLITE
from tests.support.export_programs import export_programs, halted_program
from tests.support.kyiv import at
from tests.support.lost_calls import NOW, dialled, has_button, lost, pressed
from tests.support.replicas import company as create_company
from tests.support.running import ADMIN, IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

DAY = 86400
FIRST = "+380 67 123 45 67"


async def menu(office: Office, user: User, *labels: str) -> Message:
    """The screen of exports of the log, after these chips were pressed."""
    page = await office.ask(user, "/log")
    for label in labels:
        page = await office.press(user, page, label)
    return await office.press(user, page, "⬇️")


async def file_of(user: User, screen: Message, label: str) -> Message:
    """Press a kind, and wait for the file; the one before may not be quite over."""
    last = user.last().id
    while await pressed(user, screen, label):  # noqa: ASYNC110 - answered by a toast: not yet
        await asyncio.sleep(0.02)
    return await user.wait_for(lambda one: one.id > last and one.media is not None, 30)


async def told(user: User, last: int, words: str) -> Message:
    """Wait until a message later than that says so."""
    return await user.wait_for(lambda one: one.id > last and words in one.text, 20)


def content(message: Message) -> bytes:
    assert message.media
    return message.media.file.content


def sheet(message: Message) -> list[dict[str, Any]]:
    """The rows of the calls, by their headings."""
    book = load_workbook(io.BytesIO(content(message)))
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def totals(message: Message) -> dict[Any, Any]:
    book = load_workbook(io.BytesIO(content(message)))
    return {row[0]: row[1] for row in book.worksheets[1].iter_rows(values_only=True) if row[0]}


def table(message: Message) -> list[dict[str, str]]:
    text = content(message).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


async def some_calls(office: Office) -> None:
    await office.post(
        lost("a", NOW - 3600, caller={"number": "0671234567", "name": "=cmd|' /C calc'!A0"}),
        lost("b", NOW - 3000, caller={"number": "anonymous"}, queue="<b>Продажі"),
        dialled("c", NOW - 2000, price="1.25", currency="UAH", ended_by="caller"),
        lost("d", NOW - 900, caller={"number": "0501112233"}, rang=["102"]),
        dialled("e", NOW - 800, extension="102", callee={"number": "0501112233"}, price="0.5"),
    )


async def test_the_file_has_exactly_the_calls_of_the_filter_on_the_screen(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await office.employee(OLENA, "Олена Коваленко", Role.OPERATOR, "101")
        await some_calls(office)
        screen = await menu(office, boss, "🔴 Пропущені")
        assert screen.text.startswith("⬇️ Дзвінки файлом\nПропущені\n3 дзвінки\n")
        sent = await file_of(boss, screen, "📗")
        assert sent.text == "Пропущені\n3 дзвінки"
        assert sent.media
        assert sent.media.file.name == "dzvinky-2026-11-23.xlsx"
        rows = sheet(sent)
        assert [row["ID в АТС"] for row in rows] == ["d", "b", "a"]
        first = rows[2]
        assert first["Час та дата"] == datetime(2026, 11, 23, 10, 43, 20)  # noqa: DTZ001
        assert first["Очікування дзвінка"] == timedelta(seconds=17)
        assert first["Хто дзвонив"] == "=cmd|' /C calc'!A0"
        assert first["Номер, з якого дзвонили"] == "+380671234567"
        assert first["Статус"] == "Передзвонили на пропущений дзвінок"
        assert (first["Що з пропущеним"], first["Хто"]) == ("Передзвонили", "Олена Коваленко")
        assert rows[1]["Хто дзвонив"] == "прихований номер"
        book = load_workbook(io.BytesIO(content(sent)))
        assert all(cell.data_type != "f" for row in book.worksheets[0] for cell in row)
        assert book.worksheets[0].freeze_panes == "A2"
        assert book.worksheets[0].auto_filter.ref == "A1:Z4"
        assert book.worksheets[0]["L2"].number_format == "[h]:mm:ss"
        found = totals(sent)
        assert (found["Усього дзвінків"], found["Хто вивантажив"]) == (3, "Адмін")

        page = await office.press(boss, screen, "⬅️")
        assert "Пропущені" in page.text
        screen = await menu(office, boss, "🔴 Пропущені", "🎛", "Сьогодні", "⬅️")
        sent = await file_of(boss, screen, "📗")
        assert sent.text == "23 листопада · Пропущені\n3 дзвінки"
        found, day = totals(sent), "23 листопада 2026\N{NARROW NO-BREAK SPACE}р."
        assert (found["Фільтри"], found["Дні"]) == ("Пропущені", day)
        whole = await menu(office, boss)
        rows = sheet(await file_of(boss, whole, "📗"))
        assert [row["ID в АТС"] for row in rows] == ["e", "d", "c", "b", "a"]
        [talk] = [row for row in rows if row["ID в АТС"] == "c"]
        assert (talk["Ціна"], talk["Валюта"], talk["Хто поклав слухавку"]) == (
            1.25,
            "UAH",
            "хто дзвонив",
        )
        noted = office.rows("SELECT count, detail FROM audit WHERE kind = 'exported' ORDER BY id")
        assert [row[0] for row in noted] == [3, 3, 5]
        assert '"xlsx"' in noted[0][1]
        audit = await office.press(boss, await office.ask(boss, "/staff"), "📜")
        assert "дзвінки, XLSX, 5 рядків" in audit.text


@ONLY_SQLITE
async def test_how_many_calls_there_are_is_told_as_the_filters_tell_it(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW), page_size=1) as office:
        boss = await office.administrator()
        await office.employee(OLENA, "Олена Коваленко", Role.OPERATOR, "101")
        await office.post(*(dialled(f"c{i}", NOW - 100 - i * 60) for i in range(110)))
        for text, count in (("олена", "Понад 100 дзвінків"), ("067123", "110 дзвінків")):
            found = await office.ask(boss, text)
            panel = await office.press(boss, found, "🎛")
            assert panel.text.endswith(f"\n{count}")
            found = await office.press(boss, panel, "⬅️")
            assert f"\n{count}\n" in (await office.press(boss, found, "⬇️")).text


@ONLY_SQLITE
async def test_a_csv_opens_by_a_double_click_and_runs_nothing(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await some_calls(office)
        sent = await file_of(boss, await menu(office, boss), "📄")
        assert content(sent).startswith(b"\xef\xbb\xbf")
        rows = {row["ID в АТС"]: row for row in table(sent)}
        assert rows["a"]["Хто дзвонив"] == "'=cmd|' /C calc'!A0"
        assert rows["a"]["Номер, з якого дзвонили"] == FIRST
        assert rows["a"]["Час та дата"] == "23.11.2026 10:43:20"
        assert rows["a"]["Очікування дзвінка"] == "0:00:17"
        assert rows["c"]["Ціна"] == "1,25"
        cells = [cell for row in rows.values() for cell in row.values()]
        assert not any(cell.startswith(("=", "-", "@", "\t", "\r")) for cell in cells)
        assert all(" " in cell for cell in cells if cell.startswith("+"))

        english = await office.employee(SUPERVISOR, "Mary", Role.SUPERVISOR, language="en")
        sent = await file_of(english, await menu(office, english), "📄")
        text = content(sent).decode("utf-8-sig")
        plain = {row["ID in the PBX"]: row for row in csv.DictReader(io.StringIO(text))}
        assert plain["c"]["Price"] == "1.25"
        assert plain["a"]["Time and date"] == "2026-11-23 10:43:20"


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("language", "name", "caption"),
    [
        (
            "uk",
            "dzvinky-2026-11-23-{part}z3",
            "Увесь журнал\nФайл {part} із 3\nУсього дзвінків: 5",
        ),
        (
            "en",
            "call-log-2026-11-23-{part}of3",
            "All of the log\nFile {part} of 3\nTotal calls: 5",
        ),
    ],
)
async def test_what_no_file_holds_comes_as_several_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, name: str, caption: str
) -> None:
    monkeypatch.setattr("bot.parts.ExportSender", partial(ExportSender, file_rows=2))
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.employee(SUPERVISOR, "Mary", Role.SUPERVISOR, language=language)
        await some_calls(office)
        screen = await menu(office, boss)
        for sign, kind in (("📗", "xlsx"), ("📄", "csv")):
            await file_of(boss, screen, sign)
            last = name.format(part=3) + f".{kind}"
            await boss.wait_for(partial(is_named, last), 30)
            sent = [one for one in boss.messages() if media_name(one).endswith(kind)]
            for part, one in enumerate(sent, start=1):
                assert one.text == caption.format(part=part)
                assert media_name(one) == name.format(part=part) + f".{kind}"
            rows = [row for one in sent for row in (sheet if kind == "xlsx" else read)(one)]
            column = "ID в АТС" if language == "uk" else "ID in the PBX"
            assert [row[column] for row in rows] == ["e", "d", "c", "b", "a"]
            assert len(sent) == 3


def read(message: Message) -> list[dict[str, str]]:
    """The rows of a table of text, whichever language it is for."""
    text = content(message).decode("utf-8-sig")
    sign = ";" if ";" in text.splitlines()[0] else ","
    return list(csv.DictReader(io.StringIO(text), delimiter=sign))


async def test_each_gets_the_calls_they_see(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        await office.administrator()
        await some_calls(office)
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        rows = sheet(await file_of(olena, await menu(office, olena), "📗"))
        assert [row["ID в АТС"] for row in rows] == ["c", "b", "a"]
        nobody = await office.employee(IVAN, "Іван", Role.ACCOUNTANT)
        page = await office.ask(nobody, "/settings")
        forged = ExportStart(view=0, kind=ExportKind.XLSX).pack()
        answer = await (await nobody.press_stale(page, forged)).answered()
        assert answer.text == "Немає доступу."
        await nobody.press_stale(page, ExportMenu(view=0, position=0, id=0).pack())
        shown = await nobody.wait_for(lambda one: "внутрішніх номерів" in one.text)
        assert shown.media is None


async def test_one_at_a_time_and_it_can_be_cancelled(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await some_calls(office)
        screen = await menu(office, boss)
        await office.press(boss, screen, "📗")
        program = await halted_program()
        progress = await boss.wait_for(has_button("✖️"))
        assert await pressed(boss, screen, "📄") == "Ваш файл уже готується"
        cancel = str(find_button(progress.markup, "✖️")["callback_data"])
        ended = await office.press(boss, progress, "✖️")
        assert ended.text == "✖️ Вивантаження скасовано."
        assert not ended.buttons
        async with asyncio.timeout(10):
            while program in export_programs():  # noqa: ASYNC110 - nobody tells of its end
                await asyncio.sleep(0.02)
        assert not [one for one in boss.messages() if one.media]
        assert office.rows("SELECT count(*) FROM audit WHERE kind = 'exported'") == [(0,)]
        await office.telegram.wait_until(
            lambda: told_of_cancel(office) == 2
        )  # its own goodbye too
        again = await boss.press_stale(ended, cancel)
        await again.answered()
        assert boss.last().text.startswith("Цей файл уже не готується.")


def told_of_cancel(office: Office) -> int:
    edits = office.telegram.calls("editMessageText")
    return sum(edit.params["text"] == "✖️ Вивантаження скасовано." for edit in edits)


@ONLY_POSTGRES
async def test_an_export_is_one_on_all_machines_and_cancelled_from_any(tmp_path: Path) -> None:
    async with (
        create_company(tmp_path, by_webhook=True) as company,
        company.bot() as one,
        company.bot() as other,
    ):
        boss, company.to = company.admin, one
        await company.lose(one, "0671234501")
        assert await company.write(one, "/log") == 200
        page = await boss.wait_for(has_button("⬇️"))
        assert await pressed(boss, page, "⬇️") == ""
        await pressed(boss, page, "📗")
        program = await halted_program()
        progress = await boss.wait_for(has_button("✖️"))
        company.to = other
        assert await pressed(boss, page, "📄") == "Ваш файл уже готується"
        await pressed(boss, progress, "✖️")
        async with asyncio.timeout(20):
            while program in export_programs():  # noqa: ASYNC110 - nobody tells of its end
                await asyncio.sleep(0.02)
        for company.to in (one, other):
            sent = await file_of(boss, page, "📄")
            assert sent.id > progress.id
        assert [one.text for one in boss.messages() if one.id == progress.id] == [
            "✖️ Вивантаження скасовано."
        ]
        assert len([one for one in boss.messages() if one.media]) == 2


@ONLY_SQLITE
async def test_what_the_bot_was_stopped_in_says_so_and_leaves_no_file(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await some_calls(office)
        screen = await menu(office, boss)
        office.telegram.faults.add("sendDocument", "slow", chat_id=ADMIN, seconds=60)
        await office.press(boss, screen, "📗")
        progress = await boss.wait_for(has_button("✖️"))
        await boss.wait_for(lambda one: one.id == progress.id and "надсилаю" in one.text)
        async with office.restarted():
            [told] = [one for one in boss.messages() if one.id == progress.id]
            assert told.text == "Вивантаження перервалося. Натисніть ⬇️ під журналом ще раз."


@ONLY_SQLITE
async def test_whatever_goes_wrong_the_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        await some_calls(office)
        screen = await menu(office, boss)
        for place, name, wrong, said in (
            (tempfile, "tempdir", str(tmp_path / "gone"), "Файл зробити не вдалося"),
            (sys, "executable", str(tmp_path / "gone"), "Файл зробити не вдалося"),
            (ExportSender, "words", break_down, "Файл зробити не вдалося"),
            (os, "pread", refuse, "Telegram зараз не приймає файл"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, wrong)
                last = boss.last().id
                while await pressed(boss, screen, "📗"):  # noqa: ASYNC110 - not quite over
                    await asyncio.sleep(0.02)
                ended = await told(boss, last, said)
                assert not ended.buttons
        assert not [one for one in boss.messages() if one.media]


async def test_no_calls_no_file(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        page = await office.ask(boss, "/log")
        assert not has_button("⬇️")(page)
        await boss.press_stale(page, ExportStart(view=0, kind=ExportKind.CSV).pack())
        told = await boss.wait_for(lambda one: "надсилати нічого" in one.text, 20)
        assert told.media is None
        assert office.rows("SELECT count(*) FROM audit WHERE kind = 'exported'") == [(0,)]


async def test_every_monday_at_nine_the_week_before_comes_once(tmp_path: Path) -> None:
    clock = Clock(at("2026-11-20 12:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        monday = at("2026-11-16 00:00")
        await office.post(
            lost("before", monday - 60),
            lost("first", monday + 60),
            dialled("last", at("2026-11-20 11:00"), price="1"),
        )
        screen = await menu(office, boss)
        screen = await office.press(boss, screen, "🗓 Щопонеділка: XLSX")
        assert has_button("🗓 Щопонеділка: XLSX ✓")(screen)
        assert "Щопонеділка о 9:00 ви отримуєте" in screen.text
        lost_only = await menu(office, boss, "🔴 Пропущені")
        lost_only = await office.press(boss, lost_only, "🗓 Щопонеділка: CSV")
        assert has_button("🗑 XLSX: Увесь журнал")(lost_only)
        assert office.rows("SELECT DISTINCT due_at FROM export_plans") == [
            (at("2026-11-23 09:00"),)
        ]
        clock.advance(at("2026-11-23 08:59") - clock())
        await office.nothing_due()
        assert not [one for one in boss.messages() if one.media]
        await office.stop()
        clock.advance(4 * 3600)  # it was down at nine
        async with office.restarted() as again:
            await boss.wait_for(lambda one: media_name(one).endswith("xlsx"), 30)
            await boss.wait_for(lambda one: media_name(one).endswith("csv"), 30)
            files = {media_name(one): one for one in boss.messages() if one.media}
            book = files["dzvinky-2026-11-16_2026-11-22.xlsx"]
            assert book.text == "🗓 Тиждень 16–22 лист. 2026\N{NARROW NO-BREAK SPACE}р.\n2 дзвінки"
            found = totals(book)
            assert (found["Фільтри"], found["Дні"]) == (
                "Увесь журнал",
                "16–22 лист. 2026\N{NARROW NO-BREAK SPACE}р.",
            )
            assert [row["ID в АТС"] for row in sheet(book)] == ["last", "first"]
            text = files["dzvinky-2026-11-16_2026-11-22.csv"]
            assert (
                text.text
                == "🗓 Тиждень 16–22 лист. 2026\N{NARROW NO-BREAK SPACE}р.\nПропущені\n1 дзвінок"
            )
            rows = table(text)
            assert [row["ID в АТС"] for row in rows] == ["first"]
            await planned(again, at("2026-11-30 09:00"))
            notes = again.rows("SELECT detail FROM audit WHERE kind = 'exported'")
            assert all('"weekly"' in detail for (detail,) in notes)
        async with office.restarted() as again:
            whole = await menu(again, boss)
            whole = await again.press(boss, whole, "🗓 Щопонеділка: XLSX")
            assert not has_button("🗓 Щопонеділка: XLSX ✓")(whole)
            whole = await again.press(boss, whole, "🗑 CSV: Пропущені")
            assert again.rows("SELECT count(*) FROM export_plans") == [(0,)]
            assert len([one for one in boss.messages() if one.media]) == 2


@ONLY_SQLITE
async def test_a_week_without_calls_is_said_to_be_one(tmp_path: Path) -> None:
    clock = Clock(at("2026-11-20 12:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        await office.post(lost("old", at("2026-11-01 12:00")))
        await office.press(boss, await menu(office, boss), "🗓 Щопонеділка: CSV")
        clock.advance(3 * DAY)
        told = await boss.wait_for(lambda one: "Таких дзвінків не було" in one.text, 30)
        assert (
            told.text
            == "🗓 Тиждень 16–22 лист. 2026\N{NARROW NO-BREAK SPACE}р.\nТаких дзвінків не було."
        )
        await planned(office, at("2026-11-30 09:00"))


async def test_who_has_blocked_the_bot_holds_up_nobody_and_is_tried_next_week(
    tmp_path: Path,
) -> None:
    clock = Clock(at("2026-11-20 12:00"))
    async with running_office(tmp_path, clock=clock) as office:
        boss = await office.administrator()
        olena = await office.employee(OLENA, "Олена", Role.SUPERVISOR)
        await office.post(dialled("c", at("2026-11-20 11:00")))
        for user in (boss, olena):
            await office.press(user, await menu(office, user), "🗓 Щопонеділка: CSV")
        office.telegram.faults.add("sendDocument", "forbidden", chat_id=ADMIN)
        clock.advance(3 * DAY)
        await olena.wait_for(lambda one: media_name(one).endswith("csv"), 30)
        await planned(office, at("2026-11-30 09:00"))
        assert not [one for one in boss.messages() if one.media]


async def planned(office: Office, due_at: int) -> None:
    """Wait until all weekly files are due then."""
    async with asyncio.timeout(15):
        while office.rows("SELECT DISTINCT due_at FROM export_plans") != [(due_at,)]:  # noqa: ASYNC110 - the bot's own file
            await asyncio.sleep(0.02)


def is_named(name: str, message: Message) -> bool:
    return media_name(message) == name


def media_name(message: Message) -> str:
    return (message.media.file.name or "") if message.media else ""

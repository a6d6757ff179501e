"""The log as a file: of exactly what is on the screen, in scope, safe, noted, on Mondays."""

import asyncio
import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.exports import ExportKind
from bot.domain.people import Role
from keyboards.callbacks import ExportCancel, ExportDrop, ExportMenu, ExportStart, ExportWeekly
from tests.support.kyiv import at
from tests.support.lost_calls import NOW, dialled, has_button, lost
from tests.support.running import ADMIN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

DAY = 86400


async def menu(office: Office, user: User, *labels: str) -> Message:
    """The screen of exports of the log, after these chips were pressed."""
    page = await office.ask(user, "/log")
    for label in labels:
        page = await office.press(user, page, label)
    return await office.press(user, page, "⬇️")


async def file_of(office: Office, user: User, screen: Message, label: str) -> Message:
    """Press a kind, and wait for the file."""
    last = user.last().id
    await office.press(user, screen, label)
    return await user.wait_for(lambda one: one.id > last and one.media is not None, 30)


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
        print(screen.text, screen.buttons)
        sent = await file_of(office, boss, screen, "📗")
        print(sent.text, sent.media and sent.media.file.name)
        for one in sheet(sent):
            print(one)
        print(totals(sent))
        for one in boss.messages()[-4:]:
            print("-----", one.id, one.text, one.buttons, one.media)
        sent = await file_of(office, boss, screen, "📄")
        print(content(sent).decode())
        assert 0

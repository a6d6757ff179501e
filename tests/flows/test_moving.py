"""A company moves to PostgreSQL: people find everything where it was, and what was owed comes."""

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from tests.support.databases import database_url
from tests.support.engines import ONLY_POSTGRES
from tests.support.lost_calls import NOW, dialled, lost
from tests.support.moving import in_postgres, in_sqlite, moved
from tests.support.running import ADMIN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

REMARK, ADDED = "Передзвонити о п'ятій 👍", "Уже на новому місці"


async def ask(user: User, text: str) -> Message:
    """As office.ask, but while a message to somebody else is owed."""
    sent = await user.send(text)
    return await user.wait_for(lambda one: one.id > sent.id)


async def screens(office: Office, user: User) -> list[tuple[str, list[list[str]]]]:
    """The log, the card of its first call, the board."""
    log = await ask(user, "/log")
    shown = [seen(log), seen(await office.press(user, log, "1"))]
    return [*shown, seen(await ask(user, "/missed"))]


def seen(message: Message) -> tuple[str, list[list[str]]]:
    return message.text, message.buttons


async def begin_comment(office: Office, user: User, row: str) -> None:
    """Up to where the bot waits for the text, about the call in this row of the log."""
    await office.press(user, await ask(user, "/log"), row)
    await office.press(user, user.last(), "💬")


@ONLY_POSTGRES
async def test_a_company_moves_with_all_it_has(tmp_path: Path) -> None:
    path, clock = tmp_path / "dzvinok.db", Clock(NOW)
    async with running_office(tmp_path, clock=clock, database_url=SecretStr("")) as office:
        admin = await office.administrator()
        boss = await office.employee(SUPERVISOR, "Марія", Role.SUPERVISOR)
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a1", NOW - 600), dialled("a2", NOW - 500, status="no_answer"))
        await office.nothing_due()
        fault = office.telegram.faults.add(
            "sendMessage", "server_error", times=None, chat_id=ADMIN
        )
        await office.post(lost("a3", NOW - 60, caller={"number": "0939998877"}))
        for person in (boss, olena):
            await person.wait_for(lambda one: "999 88 77" in one.text)
        await begin_comment(office, boss, "1")
        await boss.send(REMARK)
        await boss.wait_for(lambda one: REMARK in one.text)
        before = await screens(office, boss)
        assert REMARK in before[1][0]
        log = await ask(boss, "/log")
        await begin_comment(office, olena, "2")
        await office.stop()

        url = database_url(path)
        assert (await moved(path, url)).is_new
        assert in_postgres(url) == in_sqlite(path)

        settings = office.settings.model_copy(update={"database_url": SecretStr(url)})
        async with replace(office, settings=settings).restarted() as there:
            assert await screens(there, boss) == before
            assert seen(await there.press(boss, log, "1")) == before[1]
            await olena.send(ADDED)
            await olena.wait_for(lambda one: ADDED in one.text)
            office.telegram.faults.remove(fault)
            clock.advance(600)
            await admin.wait_for(lambda one: "999 88 77" in one.text)
            await there.post(lost("a4", NOW + 500, caller={"number": "0631234567"}))
            assert there.rows("SELECT max(id) FROM calls") == [(4,)]
            assert there.rows("SELECT count(DISTINCT id), max(id) FROM comment_changes") == [
                (2, 2)
            ]

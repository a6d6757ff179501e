"""`dzvinok invite`: the link is the last line, and works once."""

from pathlib import Path

import pytest

from tests.support.processes import environment
from tests.support.running import OLENA, running_office
from tests.support.telegram import TOKEN
from tests.support.terminals import Terminal, Wall

WRONG_TOKEN = "123456:AAF-not_registered_anywhere"


# invite


async def test_an_invite_is_the_last_line_and_works_once(
    tmp_path: Path, terminal: Terminal
) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        done = await shell.beside(
            *("invite", "--role", "operator", "--name", "Олена Коваленко"),
            *("--extension", "101", "--extension", "102"),
        )
        assert done.code == 0, done.err
        link = done.lines[-1]
        assert link.startswith("https://t.me/dzvinok_bot?start=")
        payload = link.partition("start=")[2]
        olena = office.telegram.user(OLENA, "Olena")
        await olena.start(payload)
        greeting = await olena.wait_for()
        assert "Олена Коваленко" in greeting.text
        assert shell.rows(f"SELECT role, name FROM employees WHERE tg_id = {OLENA}") == [
            ("operator", "Олена Коваленко")
        ]
        assert shell.rows("SELECT extension FROM employee_extensions ORDER BY 1") == [
            ("101",),
            ("102",),
        ]
        other = office.telegram.user(1900, "Хтось")
        sent = await other.start(payload)
        refused = await other.wait_for(lambda message: message.id > sent.id)
        assert "запрошення" in refused.text.lower()
        assert payload not in str(shell.rows("SELECT * FROM invites"))
        assert shell.rows("SELECT tg_id FROM employees WHERE tg_id = 1900") == []
    assert terminal.directory == tmp_path


async def test_an_invite_needs_telegram_and_a_role(online: Terminal) -> None:
    done = await online.beside("invite", "--role", "operator", BOT_TOKEN=WRONG_TOKEN)
    assert done.refusal().startswith("BOT_TOKEN: Telegram says Unauthorized; ")
    for words in (["invite"], ["invite", "--role", "director"]):
        done = await online.beside(*words)
        assert done.code == 2
        assert "--role" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "я" * 5000], "--name: 5000 characters; at most 64"),
        (["--name", " "], "--name: expected a person's name"),
        (["--name", "\u0301\u0301"], "--name: expected a person's name"),
        (["--extension", "-1"], "--extension: expected an extension like 101 or sip:olena@pbx"),
        (["--extension", "1" * 101], "--extension: 101 characters; at most 100"),
        (["--extension", ""], "--extension: expected an extension like 101 or sip:olena@pbx"),
        (
            ["--extension", "сто один"],
            "--extension: expected an extension like 101 or sip:olena@pbx",
        ),
        (
            [word for number in range(21) for word in ("--extension", str(number))],
            "--extension: 21 of them; at most 20",
        ),
    ],
)
def test_an_invite_takes_what_the_bot_takes(
    terminal: Terminal, words: list[str], told: str
) -> None:
    assert terminal.run("invite", "--role", "operator", *words).refusal() == told
    assert not terminal.database.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[", "http://127.0.0.1:99999"])
def test_a_telegram_that_is_not_there_is_one_line_without_the_token(
    terminal: Terminal, url: str
) -> None:
    line = terminal.run("invite", "--role", "operator", BOT_API_URL=url).refusal()
    assert line.startswith("BOT_API_URL: ")
    assert TOKEN not in line

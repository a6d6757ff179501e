"""Telegram refuses what the bot says, in each of its ways: that is no error of ours."""

import logging
from pathlib import Path

import pytest

from bot.domain.people import Role
from tests.support.lost_calls import LOST, is_alert
from tests.support.running import OLENA, running_office
from tests.support.telegram import TOKEN

REFUSALS = [
    ("forbidden", "bot was blocked by the user"),
    ("forbidden", "user is deactivated"),
    ("forbidden", "bot was kicked from the supergroup chat"),
    ("bad_request", "chat not found"),
    ("bad_request", "not enough rights to send text messages to the chat"),
    ("bad_request", "have no rights to send a message"),
    ("bad_request", "CHAT_WRITE_FORBIDDEN"),
    ("bad_request", "PEER_ID_INVALID"),
    ("bad_request", "message thread not found"),
    ("server_error", ""),
    ("drop", ""),
]


async def test_whatever_cannot_be_said_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_office(tmp_path) as office:
        telegram, faults = office.telegram, office.telegram.faults
        queue = telegram.telegram.bots[TOKEN].queue
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(LOST)
        alert = await olena.wait_for(is_alert)
        await office.nothing_due()
        for number, (kind, words) in enumerate(REFUSALS):
            stranger = telegram.user(1900 + number, "Хтось")
            for chat in (olena, stranger):
                for method in ("sendMessage", "editMessageText", "deleteMessages"):
                    faults.add(method, kind, chat_id=chat.id, times=None, description=words)
            for text in ("/start wrong", "/start", "/log", "/help", "/nonsense", "слова"):
                await stranger.send(text)
                await olena.send(text)
            for label in ("📝", "📄", "🙋", "✅"):
                if label in str((olena.current(alert) or alert).buttons):
                    await olena.click(alert, label)
            await telegram.wait_until(lambda: not queue.pending)
            faults.clear()
        for kind in ("bad_request", "server_error", "drop"):
            faults.add("answerCallbackQuery", kind, times=2, description="query is too old")
            await olena.click(alert, "📄")
            await office.ask(olena, "/help")
            faults.clear()
    loud = [one for one in caplog.records if one.levelno > logging.WARNING or one.exc_info]
    assert [one.getMessage() for one in loud] == []

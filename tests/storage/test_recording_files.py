"""The ids of voice messages that Telegram has: for one bot, one recording, one way of sending."""

from dataclasses import replace

from bot.domain.calls import Call
from bot.domain.people import EVERYTHING
from storage.calls import CallRepo
from storage.engine.base import Database
from storage.journal import JournalRepo
from storage.recording_files import RecordingFileRepo
from tests.support.statements import NOW, said

BOT = 42


async def a_call(database: Database) -> Call:
    url = "https://records.example.com/1.wav?key=secret"
    await CallRepo(database).record([said(recording_url=url)], now=NOW)
    return await JournalRepo(database).get(1, EVERYTHING)


async def test_all_parts_are_known_in_their_order_or_none(database: Database) -> None:
    files, call = RecordingFileRepo(database), await a_call(database)
    assert await files.list_ids(call, "voice", bot_id=BOT) == []
    await files.put(call, "voice", ["c", "a", "b"], bot_id=BOT)
    assert await files.list_ids(call, "voice", bot_id=BOT) == ["c", "a", "b"]
    assert await files.list_ids(call, "audio", bot_id=BOT) == []
    async with database.transaction() as tx:
        tx.write("DELETE FROM recording_files WHERE part = 1")
    assert await files.list_ids(call, "voice", bot_id=BOT) == []


async def test_another_bot_or_another_recording_knows_none(database: Database) -> None:
    files, call = RecordingFileRepo(database), await a_call(database)
    await files.put(call, "voice", ["a"], bot_id=BOT)
    other = replace(call, recording_url="https://records.example.com/2.wav")
    assert await files.list_ids(call, "voice", bot_id=BOT + 1) == []
    assert await files.list_ids(other, "voice", bot_id=BOT) == []
    await files.put(call, "voice", ["x", "y"], bot_id=BOT + 1)
    await files.put(call, "audio", ["z"], bot_id=BOT + 1)
    assert await files.list_ids(call, "voice", bot_id=BOT) == []
    assert await files.list_ids(call, "voice", bot_id=BOT + 1) == ["x", "y"]
    assert await files.list_ids(call, "audio", bot_id=BOT + 1) == ["z"]
    [row] = await database.fetch("SELECT recording FROM recording_files LIMIT 1")
    assert "secret" not in row["recording"]


async def test_they_go_with_the_call(database: Database) -> None:
    files, call = RecordingFileRepo(database), await a_call(database)
    await files.put(call, "voice", ["a"], bot_id=BOT)
    await CallRepo(database).purge(before=NOW + 1)
    assert await database.count("SELECT count(*) FROM recording_files") == 0
    await files.put(call, "voice", ["a"], bot_id=BOT)  # was on its way meanwhile
    assert await database.count("SELECT count(*) FROM recording_files") == 0

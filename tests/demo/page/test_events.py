"""The stream of events: all that happens, in order, and none lost by a broken connection."""

import asyncio
import json
from typing import Any

import pytest

from bot.demo.page import events, server
from tests.support.demo_page import KEYS, Site


async def test_all_that_happens_is_told_in_order(site: Site) -> None:
    position = (await site.state())["position"]
    async with site.events(after=position) as stream:
        sent = await site.say("sendMessage", chat_id=7, text="1", reply_markup=KEYS)
        number = sent["message_id"]
        shown = await stream.next()
        assert (shown["kind"], shown["chat"]) == ("new", 7)
        assert shown["message"]["reply_markup"] == KEYS

        press = {"as": 7, "chat": 7, "message_id": number, "data": "next"}
        status, answer = await site.post("/press", press)
        assert status == 200
        pressed = await stream.next()
        assert pressed == {
            "kind": "pressed",
            "chat": 7,
            "query": answer["query"],
            "person": 7,
            "message_id": number,
            "data": "next",
        }
        await site.say("sendChatAction", chat_id=7, action="typing")
        assert (await stream.next())["action"] == "typing"
        await site.say(
            "answerCallbackQuery", callback_query_id=answer["query"], text="!", show_alert=True
        )
        answered = await stream.next()
        assert (answered["kind"], answered["text"], answered["show_alert"]) == (
            "answered",
            "!",
            True,
        )
        await site.say("editMessageText", chat_id=7, message_id=number, text="2")
        changed = await stream.next()
        assert (changed["kind"], changed["message"]["text"]) == ("edited", "2")
        await site.say("deleteMessage", chat_id=7, message_id=number)
        assert await stream.next() == {"kind": "deleted", "chat": 7, "message_id": number}

        assert (await site.post("/press", press))[0] == 200, "a button of a message just deleted"
        assert (await stream.next())["kind"] == "pressed"
        assert (await site.post("/press", press | {"message_id": 999}))[0] == 404
        assert (await site.post("/press", press | {"data": "x" * 65}))[0] == 400


async def test_menus_keyboards_and_blocks_are_told_too(site: Site) -> None:
    position = (await site.state())["position"]
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Журнал"}])
    keys = {"keyboard": [[{"text": "Журнал"}]]}
    await site.say("sendMessage", chat_id=7, text="x", reply_markup=keys)
    await site.post("/block", {"as": 7, "is_blocked": True})
    heard: list[Any] = []
    async with (
        asyncio.timeout(5),
        site.http.get(f"{site.server.url}/events?after={position}") as response,
    ):
        while not any(one["is_blocked"] for one in heard):
            line = (await response.content.readline()).decode()
            if line.startswith("data: ") and (body := json.loads(line[6:]))["kind"] == "chat":
                heard.append(body["now"])
    mine = [one for one in heard if one["id"] == 7]
    assert mine[-1]["commands"]["7"][0]["command"] == "log"
    assert mine[-1]["keyboard"] == keys
    assert not (await site.post("/send", {"as": 7, "chat": 7, "text": "x"}))[1]["ok"]
    await site.post("/block", {"as": 7, "is_blocked": False})
    assert (await site.post("/send", {"as": 7, "chat": 7, "key": "Журнал"}))[0] == 200
    assert site.olena.last().text == "Журнал"


async def test_who_was_away_hears_what_was_missed_or_starts_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.say("sendMessage", chat_id=7, text="1")
    async with site.events(after=(await site.state())["position"]) as stream:
        await site.say("sendMessage", chat_id=7, text="2")
        assert (await stream.next())["message"]["text"] == "2"
        last = stream.last_id
    await site.say("sendMessage", chat_id=7, text="3")
    async with site.events(after="nonsense", last_id=last) as stream:
        assert (await stream.next())["message"]["text"] == "3"
        last = stream.last_id
    for unknown in ("", "other-1", "1", f"{last.partition('-')[0]}-99999"):
        async with site.events(after=unknown) as stream:
            assert (await stream.next())["kind"] == "resync"
            await site.say("sendMessage", chat_id=7, text="on")
            assert (await stream.next())["message"]["text"] == "on"
    for _ in range(events.KEPT_EVENTS):
        await site.say("sendChatAction", chat_id=7, action="typing")
    async with site.events(last_id=last) as stream:
        assert (await stream.next())["kind"] == "resync", "too much to tell one by one"

    monkeypatch.setattr(server, "HEARTBEAT", 0.01)
    async with asyncio.timeout(5), site.http.get(site.server.url + "/events?after=") as response:
        while not (await response.content.readline()).startswith(b": still here"):
            pass

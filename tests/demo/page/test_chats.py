"""What the page is told of its chats: people, menus, messages as they are now."""

import json

from tests.support.demo_page import KEYS, XSS, Site


async def test_the_state_tells_people_chats_menus_and_actions(site: Site) -> None:
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Журнал"}])
    scope = {"type": "chat", "chat_id": 7}
    only = [{"command": "staff", "description": "Люди"}]
    await site.say("setMyCommands", commands=only, scope=scope)
    state = await site.state()
    assert [one["name"] for one in state["people"]] == [f"{XSS} Коваленко", "Іван"]
    assert state["people"][1]["role"] == {"uk": "Бухгалтер", "en": "Accountant"}
    assert "abc_1" not in json.dumps(state), "a payload is the server's to keep"
    assert [one["id"] for one in state["chats"]] == [7, 8, -100]
    assert [one["is_started"] for one in state["chats"]] == [True, False, True]
    assert state["chats"][0]["commands"] == {"7": only}
    assert state["chats"][1]["commands"]["8"][0]["command"] == "log"
    assert state["chats"][2]["members"] == [7]
    assert state["panel"][0] == {
        "key": "missed",
        "uk": "Пропущено 0",
        "en": "Missed",
        "kind": "call",
    }


async def test_history_is_as_it_is_now_after_edits_and_deletions(site: Site) -> None:
    first = await site.say(
        "sendMessage", chat_id=7, text=f"<b>1</b> {XSS.replace('<', '&lt;')}", parse_mode="HTML"
    )
    second = await site.say("sendMessage", chat_id=7, text="2", reply_markup=KEYS)
    await site.post("/send", {"as": 7, "chat": 7, "text": XSS, "reply_to": first["message_id"]})
    await site.say("editMessageText", chat_id=7, message_id=second["message_id"], text="2!")
    await site.say("deleteMessage", chat_id=7, message_id=first["message_id"])
    await site.say("sendMessage", chat_id=7, text="?", reply_markup={"force_reply": True})
    edited, own, asked = (await site.chat(7))["messages"]
    assert (edited["text"], "reply_markup" in edited) == ("2!", False)
    assert edited["edit_date"]
    assert own["text"] == XSS, "never touched: the page shows it as text"
    assert "reply_to_message" not in own, "what it answered is gone"
    assert asked["force_reply"] == {"force_reply": True}

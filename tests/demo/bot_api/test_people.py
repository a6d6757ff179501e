"""People on the server: keyboards under their fingers, groups with privacy mode, and watchers."""

import pytest

from bot.demo.bot_api.events import EventKind
from bot.demo.bot_api.people import User
from tests.support.telegram import Api


async def test_a_button_is_found_by_its_label_or_the_start_of_it(api: Api, user: User) -> None:
    row = [
        {"text": "Далі ▶", "callback_data": "next"},
        {"text": "Дата", "callback_data": "date"},
        {"text": "Сайт", "url": "https://example.com"},
        {"text": "Д", "callback_data": "d"},
    ]
    await api.result(
        "sendMessage", {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [row]}}
    )
    message = user.last()
    assert message.buttons == [["Далі ▶", "Дата", "Сайт", "Д"]]
    assert (await user.click(message, "Далі")).data == "next"
    assert (await user.click(message, "Д")).data == "d"
    with pytest.raises(LookupError, match="begins several buttons"):
        await user.click(message, "Да")
    with pytest.raises(LookupError, match=r"no button 'Ні'.*Далі"):
        await user.click(message, "Ні")
    with pytest.raises(LookupError, match="calls nobody"):
        await user.click(message, "Сайт")
    assert message.button("Сайт")["url"] == "https://example.com/"
    edit = {"chat_id": 7, "message_id": message.id, "text": "y"}
    await api.result("editMessageText", edit)
    with pytest.raises(LookupError, match="no inline keyboard"):
        await user.click(message, "Далі")


async def test_keys_of_the_reply_keyboard(api: Api, user: User) -> None:
    keys = [["Журнал"], [{"text": "Мій номер", "request_contact": True}]]
    markup = {"keyboard": keys, "resize_keyboard": True}
    await api.result("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": markup})
    assert user.keyboard == [["Журнал"], ["Мій номер"]]
    assert (await user.press_key("Журнал")).text == "Журнал"
    contact = (await user.press_key("Мій номер", phone_number="+380501112233")).extra["contact"]
    assert contact == {
        "phone_number": "+380501112233",
        "first_name": "Olena",
        "user_id": 7,
    }
    with pytest.raises(LookupError, match="no key 'Звіт'"):
        await user.press_key("Звіт")
    gone = {"chat_id": 7, "text": "x", "reply_markup": {"remove_keyboard": True}}
    await api.result("sendMessage", gone)
    assert user.keyboard == []


async def test_waiting_says_what_was_there_instead(api: Api, user: User) -> None:
    await api.result("sendMessage", {"chat_id": 7, "text": "<b>x</b>", "parse_mode": "HTML"})
    assert (await user.wait_for(lambda message: message.html == "<b>x</b>")).text == "x"
    with pytest.raises(TimeoutError, match="<b>x</b>"):
        await user.wait_for(lambda message: message.text == "y", timeout=0.01)
    with pytest.raises(TimeoutError):
        await user.wait_for(timeout=0.01, after=user.last())


async def test_watchers_see_all_that_happens_in_order(api: Api, user: User) -> None:
    markup = {"inline_keyboard": [[{"text": "go", "callback_data": "go"}]]}
    async with api.server.subscribe() as events:
        await user.send("hello")
        sent = await api.result("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": markup})
        query = await user.click(user.last(), "go")
        await api.result("answerCallbackQuery", {"callback_query_id": query.id, "text": "ok"})
        edit = {"chat_id": 7, "message_id": sent["message_id"]}
        await api.result("editMessageText", {**edit, "text": "y"})
        await api.result("deleteMessage", edit)
        seen = [await events.get() for _ in range(6)]
    assert [event.kind for event in seen] == [
        EventKind.NEW,
        EventKind.NEW,
        EventKind.PRESSED,
        EventKind.ANSWERED,
        EventKind.EDITED,
        EventKind.DELETED,
    ]
    assert seen[4].message is not None
    assert seen[4].message.text == "y"
    assert (await query.answered()).text == "ok"


async def test_a_group_and_its_privacy_mode(api: Api, user: User) -> None:
    bot = user.bot
    group = api.server.group(-1001, "Team", is_forum=True)
    hello = {"chat_id": -1001, "text": "x"}
    refusal = (403, "Forbidden: bot is not a member of the supergroup chat")
    assert await api.refused("sendMessage", hello) == refusal
    group.add(bot)
    group.add(user)
    sent = await api.result("sendMessage", hello)
    await user.send("just talk", group=group)
    await user.send("/log", group=group)
    await user.send("/log@other_bot", group=group)
    await user.send("answer", group=group, reply_to=group.last_reply())
    queued = await api.result("getUpdates")
    assert "my_chat_member" in queued[0]
    texts = [one["message"]["text"] for one in queued if "text" in one.get("message", {})]
    assert texts == ["/log", "answer"]
    topic = group.add_topic("Дзвінки")
    posted = await api.result("sendMessage", {**hello, "message_thread_id": topic})
    assert posted["is_topic_message"] is True
    assert await api.refused("sendMessage", {**hello, "message_thread_id": 999}) == (
        400,
        "Bad Request: message thread not found",
    )
    chat = await api.result("getChat", {"chat_id": -1001})
    assert (chat["type"], chat["title"], chat["is_forum"]) == ("supergroup", "Team", True)
    members = await api.result("getChatMemberCount", {"chat_id": -1001})
    assert members == 3
    own = await api.result("getChatMember", {"chat_id": -1001, "user_id": bot.id})
    assert own["status"] == "member"
    assert sent["message_id"] == 3
    theirs = {"chat_id": -1001, "message_id": group.messages()[-2].id}
    assert group.messages()[-2].sender is user.account
    refusal = (400, "Bad Request: message can't be deleted")
    assert await api.refused("deleteMessage", theirs) == refusal
    group.add(bot, status="administrator")
    assert await api.result("deleteMessage", theirs) is True
    group.remove(bot)
    assert await api.refused("sendMessage", hello) == (
        403,
        "Forbidden: bot was kicked from the supergroup chat",
    )


async def test_people_write_only_where_telegram_lets_them(api: Api, user: User) -> None:
    await user.block()
    with pytest.raises(ValueError, match="unblock the bot first"):
        await user.send("hello")
    await user.unblock()
    with pytest.raises(ValueError, match="would not let"):
        await user.send("x" * 4097)
    with pytest.raises(ValueError, match="not in the group"):
        await user.send("hello", group=api.server.group(-1, "Team", kind="group"))


async def test_one_person_has_a_chat_with_each_bot(api: Api, user: User) -> None:
    other = api.server.register_bot("43:other", "other_bot", "Other")
    with_other = api.server.user(7, bot=other)
    await with_other.start()
    assert user.messages() == []
    assert await api.result("getUpdates") == []
    assert len(other.queue) == 2

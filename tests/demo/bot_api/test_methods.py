"""Methods of the Bot API server over bare HTTP: results, and refusals in exact words."""

import io
import json
from typing import Any

import aiohttp
import pytest

from bot.demo.bot_api.fields import field_table
from bot.demo.bot_api.files import tiny_picture
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import METHODS, UPDATE_METHODS
from tests.support.telegram import START, TOKEN, Api, Clock

LATE = "Bad Request: query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


def keyboard(*labels: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": label}] for label in labels]}


async def test_tokens(api: Api) -> None:
    assert await api.refused("getMe", token="42:other") == (401, "Unauthorized")
    malformed = (401, "Unauthorized: invalid token specified")
    assert await api.refused("getMe", token="042:x") == malformed
    assert await api.refused("getMe", token="4" * 70 + ":" + "x" * 20) == malformed


async def test_method_names_are_matched_in_any_case_by_get_and_post(api: Api) -> None:
    assert (await api.result("GETME"))["username"] == "dzvinok_bot"
    async with api.session.get(api.url("getme")) as response:
        assert (await response.json())["result"]["is_bot"] is True


async def test_unknown_and_unmodelled_methods(api: Api) -> None:
    assert await api.refused("sendTelepathy") == (404, "Not Found: method not found")
    code, words = await api.refused("sendPoll", {"chat_id": 7})
    assert (code, "method sendPoll is not modelled" in words) == (501, True)
    assert any("sendPoll" in one for one in api.server.violations)
    async with api.session.get(f"{api.server.url}/nothing") as response:
        assert response.status == 404
        assert (await response.json())["description"] == "Not Found"


def test_every_modelled_method_is_in_the_field_table() -> None:
    assert {*METHODS, *UPDATE_METHODS} <= set(field_table().methods)


async def test_unknown_fields_are_violations(api: Api, user: User) -> None:
    code, words = await api.refused("sendMessage", {"chat_id": 7, "text": "x", "colour": "red"})
    assert (code, words) == (
        400,
        'Bad Request: unknown field "colour" of sendMessage '
        "(said by the demo server, not by Telegram)",
    )
    markup = {"inline_keyboard": [[{"text": "a", "callback_data": "b", "colour": "red"}]]}
    code, words = await api.refused(
        "sendMessage", {"chat_id": 7, "text": "x", "reply_markup": markup}
    )
    assert (code, 'unknown field "colour" of InlineKeyboardButton' in words) == (400, True)
    assert len(api.server.violations) == 2
    assert user.messages() == []


async def test_a_message_is_sent_in_each_encoding(api: Api, user: User) -> None:
    values: dict[str, str | int] = {"chat_id": 7, "text": "<b>ї</b>", "parse_mode": "html"}
    async with api.session.post(api.url("sendMessage"), json=values) as response:
        body = await response.json()
    assert body["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 1}]
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in values.items():
            part = form.append(str(value))
            part.set_content_disposition("form-data", name=name)
        async with api.session.post(api.url("sendMessage"), data=form) as response:
            assert (await response.json())["result"]["message_id"] == 2
    async with api.session.get(api.url("sendMessage"), params=values) as response:
        assert (await response.json())["result"]["date"] == START
    assert [message.html for message in user.messages()] == ["<b>ї</b>"] * 3


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"chat_id": 7}, "message text is empty"),
        ({"chat_id": 7, "text": ""}, "message text is empty"),
        ({"chat_id": 7, "text": "  \n "}, "text must be non-empty"),
        ({"chat_id": 7, "text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"chat_id": 7, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": 7, "text": "ї" * 16385}, "text is too long"),
        ({"chat_id": 7, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 99, "text": "x"}, "chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
        (
            {"chat_id": 7, "text": "x", "reply_parameters": {"message_id": 9}},
            "message to be replied not found",
        ),
        (
            {"chat_id": 7, "text": "x", "reply_markup": "{nonsense"},
            "can't parse reply keyboard markup JSON object",
        ),
        (
            {"chat_id": 7, "text": "<b>ї</i>", "parse_mode": "HTML"},
            "can't parse entities: Unmatched end tag at byte offset 5, "
            'expected "</b>", found "</i>"',
        ),
    ],
)
async def test_refusals_of_send_message(
    api: Api, user: User, params: dict[str, Any], words: str
) -> None:
    assert await api.refused("sendMessage", params) == (400, f"Bad Request: {words}")
    assert user.messages() == []


async def test_the_limit_counts_code_points_after_parsing(api: Api, user: User) -> None:
    text = "<b>" + "😀" * 4096 + "</b>"
    sent = await api.result("sendMessage", {"chat_id": 7, "text": text, "parse_mode": "HTML"})
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 8192}]
    assert len(user.last().text) == 4096
    long = {"chat_id": 7, "message_id": sent["message_id"], "text": "x" * 4097}
    assert await api.refused("editMessageText", long) == (400, "Bad Request: MESSAGE_TOO_LONG")


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "a", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "ї" * 33}, "BUTTON_DATA_INVALID"),
        (
            {"text": "a", "callback_data": ""},
            "can't parse inline keyboard button: "
            "Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "a"},
            "can't parse inline keyboard button: "
            "Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"callback_data": "a"},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"text": 5, "callback_data": "a"},
            'can\'t parse inline keyboard button: Field "text" must be of type String',
        ),
        (
            {"text": "a", "url": "http://localhost:8090/"},
            "inline keyboard button URL 'http://localhost:8090/' is invalid: Wrong HTTP URL",
        ),
        (
            {"text": "a", "callback_data": "a", "style": "purple"},
            "can't parse inline keyboard button: invalid button style specified",
        ),
    ],
)
async def test_refused_buttons(api: Api, user: User, button: dict[str, Any], words: str) -> None:
    params = {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
    assert await api.refused("sendMessage", params) == (400, f"Bad Request: {words}")
    assert user.messages() == []


async def test_size_of_a_keyboard(api: Api, user: User) -> None:
    button = {"text": "a", "callback_data": "x" * 64}
    full = {"inline_keyboard": [[button] * 8] * 12 + [[button] * 4, []]}
    sent = await api.result("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": full})
    assert len(sent["reply_markup"]["inline_keyboard"]) == 13
    over = {"inline_keyboard": [[button] * 8] * 12 + [[button] * 5]}
    params = {"chat_id": 7, "text": "x", "reply_markup": over}
    assert await api.refused("sendMessage", params) == (400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    wide = {"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[button] * 9]}}
    assert (await api.refused("sendMessage", wide))[0] == 400
    assert len(user.messages()) == 1


async def test_people_who_cannot_be_written_to(api: Api) -> None:
    stranger = api.server.user(8, "Ivan")
    hello = {"chat_id": 8, "text": "x"}
    assert await api.refused("sendMessage", hello) == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )
    assert await api.refused("getChat", {"chat_id": 8}) == (400, "Bad Request: chat not found")
    await stranger.start()
    await api.result("sendMessage", hello)
    await stranger.block()
    assert await api.refused("sendMessage", hello) == (
        403,
        "Forbidden: bot was blocked by the user",
    )
    await stranger.unblock()
    stranger.deactivate()
    assert await api.refused("sendMessage", hello) == (403, "Forbidden: user is deactivated")


async def test_editing_a_text(api: Api, user: User, clock: Clock) -> None:
    sent = await api.result(
        "sendMessage", {"chat_id": 7, "text": "one", "reply_markup": keyboard("go")}
    )
    edit = {"chat_id": 7, "message_id": sent["message_id"]}
    same = {**edit, "text": "<i></i>one ", "parse_mode": "HTML", "reply_markup": keyboard("go")}
    assert await api.refused("editMessageText", same) == (400, NOT_MODIFIED)
    clock.advance(60)
    edited = await api.result("editMessageText", {**edit, "text": "one"})
    assert "reply_markup" not in edited, "an edit without a keyboard takes it away"
    assert edited["edit_date"] == START + 60
    assert await api.refused("editMessageReplyMarkup", edit) == (400, NOT_MODIFIED)
    await api.result("editMessageReplyMarkup", {**edit, "reply_markup": keyboard("on")})
    assert user.last().buttons == [["on"]]
    assert [len(one.buttons) for one in user.history()] == [1, 0, 1]


async def test_refusals_of_edits(api: Api, user: User) -> None:
    own = await user.send("mine")
    with_keys = await api.result(
        "sendMessage",
        {"chat_id": 7, "text": "x", "reply_markup": {"keyboard": [["Журнал", {"text": "б"}]]}},
    )
    assert "reply_markup" not in with_keys, "reply keyboards are not echoed"
    assert user.keyboard == [["Журнал", "б"]]

    async def refused(number: int, method: str = "editMessageText", **more: Any) -> str:
        params = {"chat_id": 7, "message_id": number, "text": "y", **more}
        if method != "editMessageText":
            del params["text"]
        code, words = await api.refused(method, params)
        assert code == 400
        return words

    assert await refused(99) == "Bad Request: message to edit not found"
    assert await refused(own.id) == "Bad Request: message can't be edited"
    assert await refused(with_keys["message_id"]) == "Bad Request: message can't be edited"
    assert await refused(99, text="") == "Bad Request: message text is empty"
    plain = await api.result("sendMessage", {"chat_id": 7, "text": "x"})
    number = plain["message_id"]
    assert (
        await refused(number, "editMessageCaption", caption="c")
        == "Bad Request: there is no caption in the message to edit"
    )
    reply_keyboard = {"keyboard": [["a"]]}
    assert (
        await refused(number, reply_markup=reply_keyboard)
        == "Bad Request: inline keyboard expected"
    )
    assert await api.refused("editMessageText", {"text": "x"}) == (
        400,
        "Bad Request: chat_id is empty",
    )
    assert await api.refused("editMessageText", {"chat_id": 7, "text": "x"}) == (
        400,
        "Bad Request: message identifier is not specified",
    )


async def test_deleting(api: Api, user: User, clock: Clock) -> None:
    first = await user.send("one")
    for text in ("two", "three", "four"):
        await api.result("sendMessage", {"chat_id": 7, "text": text})
    numbers = [message.id for message in user.messages()]
    assert await api.result("deleteMessage", {"chat_id": 7, "message_id": first.id}) is True
    assert await api.refused("deleteMessage", {"chat_id": 7, "message_id": first.id}) == (
        400,
        "Bad Request: message to delete not found",
    )
    assert await api.result("deleteMessages", {"chat_id": 7, "message_ids": numbers[:2]}) is True
    clock.advance(49 * 3600)
    assert await api.refused("deleteMessage", {"chat_id": 7, "message_id": numbers[2]}) == (
        400,
        "Bad Request: message can't be deleted for everyone",
    )
    assert [message.text for message in user.messages()] == ["three", "four"]


async def test_a_callback_is_answered_once_and_in_time(api: Api, user: User, clock: Clock) -> None:
    await api.result("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": keyboard("go")})
    query = await user.click(user.last(), "go")
    answer = {"callback_query_id": query.id, "text": "ї" * 201}
    assert await api.refused("answerCallbackQuery", answer) == (
        400,
        "Bad Request: MESSAGE_TOO_LONG",
    )
    answer["text"] = "ї" * 200
    assert await api.result("answerCallbackQuery", {**answer, "show_alert": "true"}) is True
    answered = await query.answered()
    assert (len(answered.text), answered.show_alert) == (200, True)
    assert api.server.callback_answer(query.id) == answered
    assert await api.refused("answerCallbackQuery", answer) == (400, LATE)
    assert await api.refused("answerCallbackQuery", {"callback_query_id": "1"}) == (400, LATE)
    late = await user.click(user.last(), "go")
    clock.advance(16)
    assert await api.refused("answerCallbackQuery", {"callback_query_id": late.id}) == (400, LATE)


async def _upload(api: Api, method: str, *, content: bytes, name: str = "a.txt") -> Any:
    form = aiohttp.FormData({"chat_id": "7", "caption": "<b>c</b>", "parse_mode": "HTML"})
    field = method.removeprefix("send").lower()
    form.add_field(field, content, filename=name)
    async with api.session.post(api.url(method), data=form) as response:
        return await response.json()


async def test_files_come_and_go(api: Api, user: User, clock: Clock) -> None:
    sent = (await _upload(api, "sendDocument", content=b"calls"))["result"]
    document = sent["document"]
    assert (document["file_name"], document["mime_type"]) == ("a.txt", "text/plain")
    assert sent["caption_entities"] == [{"type": "bold", "offset": 0, "length": 1}]
    again = await api.result(
        "sendDocument", {"chat_id": 7, "document": document["file_id"], "caption": "again"}
    )
    assert again["document"]["file_unique_id"] == document["file_unique_id"]
    file = await api.result("getFile", {"file_id": document["file_id"]})
    link = f"{api.server.url}/file/bot{TOKEN}/{file['file_path']}"
    async with api.session.get(link) as response:
        assert await response.read() == b"calls"
    clock.advance(3601)
    async with api.session.get(link) as response:
        assert response.status == 404
    edit = {"chat_id": 7, "message_id": sent["message_id"]}
    assert await api.refused("editMessageText", {**edit, "text": "x"}) == (
        400,
        "Bad Request: there is no text in the message to edit",
    )
    edited = await api.result("editMessageCaption", {**edit, "caption": "new"})
    assert edited["caption"] == "new"
    assert await api.refused("editMessageCaption", {**edit, "caption": "x" * 1025}) == (
        400,
        "Bad Request: MEDIA_CAPTION_TOO_LONG",
    )
    assert user.last().text == "again"


async def test_refusals_of_files(api: Api, user: User) -> None:
    wrong = {"chat_id": 7, "document": "BQACnonsense"}
    assert await api.refused("sendDocument", wrong) == (
        400,
        "Bad Request: wrong file identifier/HTTP URL specified",
    )
    assert await api.refused("sendDocument", {"chat_id": 7}) == (
        400,
        "Bad Request: there is no document in the request",
    )
    assert (await _upload(api, "sendDocument", content=b""))["description"] == (
        "Bad Request: file must be non-empty"
    )
    assert (await _upload(api, "sendPhoto", content=b"text"))["description"] == (
        "Bad Request: IMAGE_PROCESS_FAILED"
    )
    long = {"chat_id": 7, "document": "x", "caption": "c" * 1025}
    await user.send_document(b"x")
    long["document"] = user.last().as_json(42)["document"]["file_id"]
    assert await api.refused("sendDocument", long) == (
        400,
        "Bad Request: message caption is too long",
    )
    code, words = await api.refused("getFile", {"file_id": "BQACnonsense"})
    assert (code, words.startswith("Bad Request: wrong remote file identifier specified: ")) == (
        400,
        True,
    )
    huge = await user.send_document(b"x", size=20 * 1024 * 1024 + 1)
    file_id = huge.as_json(42)["document"]["file_id"]
    assert await api.refused("getFile", {"file_id": file_id}) == (
        400,
        "Bad Request: file is too big",
    )


async def test_a_file_id_belongs_to_one_bot(api: Api, user: User) -> None:
    other = api.server.register_bot("43:other", "other_bot", "Other")
    message = await user.send_document(b"x")
    foreign = message.as_json(other.id)["document"]["file_id"]
    assert (await api.refused("getFile", {"file_id": foreign}))[0] == 400


async def test_too_large_an_upload(api: Api, user: User) -> None:
    form = aiohttp.FormData({"chat_id": "7"})
    form.add_field("document", io.BytesIO(bytes(50 * 1024 * 1024 + 1)), filename="a.bin")
    async with api.session.post(api.url("sendDocument"), data=form) as response:
        body = await response.json()
    assert (body["error_code"], body["description"]) == (413, "Request Entity Too Large")
    assert user.messages() == []


async def test_albums(api: Api, user: User) -> None:
    form = aiohttp.FormData({"chat_id": "7"})
    items = [
        {"type": "photo", "media": f"attach://p{number}", "caption": str(number)}
        for number in range(2)
    ]
    form.add_field("media", json.dumps(items))
    for number in range(2):
        form.add_field(f"p{number}", tiny_picture(), filename="p.png")
    async with api.session.post(api.url("sendMediaGroup"), data=form) as response:
        sent = (await response.json())["result"]
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message["photo"][0]["width"] for message in sent] == [1, 1]
    assert [message.text for message in user.messages()] == ["0", "1"]
    file_id = sent[0]["photo"][0]["file_id"]
    eleven = [{"type": "photo", "media": file_id}] * 11
    assert (await api.refused("sendMediaGroup", {"chat_id": 7, "media": eleven}))[0] == 400
    assert (await api.refused("sendMediaGroup", {"chat_id": 7, "media": eleven[:1]}))[0] == 400


async def test_media_can_be_replaced(api: Api, user: User) -> None:
    await _upload(api, "sendDocument", content=b"one")
    await user.send_document(b"two", name="b.txt")
    document = user.last().as_json(42)["document"]["file_id"]
    message = user.replies()[0]
    edited = await api.result(
        "editMessageMedia",
        {
            "chat_id": 7,
            "message_id": message.id,
            "media": {"type": "document", "media": document, "caption": "two"},
        },
    )
    assert (edited["document"]["file_name"], edited["caption"]) == ("b.txt", "two")


async def test_copy_forward_and_pin(api: Api, user: User) -> None:
    said = await user.send("said")
    here = {"chat_id": 7, "from_chat_id": 7}
    copied = await api.result("copyMessage", {**here, "message_id": said.id})
    assert user.last().text == "said"
    assert user.last().id == copied["message_id"]
    forwarded = await api.result("forwardMessage", {**here, "message_id": said.id})
    assert forwarded["forward_origin"]["sender_user"]["id"] == 7
    for verb in ("copy", "forward"):
        assert await api.refused(f"{verb}Message", {**here, "message_id": 99}) == (
            400,
            f"Bad Request: message to {verb} not found",
        )
    assert len(await api.result("copyMessages", {**here, "message_ids": [said.id, 99]})) == 1
    secret = await api.result("sendMessage", {"chat_id": 7, "text": "s", "protect_content": True})
    assert secret["has_protected_content"] is True
    assert await api.refused("copyMessage", {**here, "message_id": secret["message_id"]}) == (
        400,
        "Bad Request: message can't be copied",
    )

    assert await api.result("pinChatMessage", {"chat_id": 7, "message_id": said.id}) is True
    chat = await api.result("getChat", {"chat_id": 7})
    assert chat["pinned_message"]["text"] == "said"
    assert {"accent_color_id", "max_reaction_count", "accepted_gift_types"} <= set(chat)
    assert await api.result("unpinChatMessage", {"chat_id": 7}) is True
    assert await api.refused("pinChatMessage", {"chat_id": 7, "message_id": 99}) == (
        400,
        "Bad Request: message to pin not found",
    )


async def test_command_menus_by_scope_and_language(api: Api, user: User) -> None:
    def menu(word: str) -> list[dict[str, str]]:
        return [{"command": "log", "description": word}]

    chat = {"type": "chat", "chat_id": 7}
    await api.result("setMyCommands", {"commands": menu("default")})
    assert user.commands == menu("default")
    await api.result("setMyCommands", {"commands": menu("журнал"), "language_code": "uk"})
    assert user.commands == menu("журнал")
    await api.result("setMyCommands", {"commands": menu("own"), "scope": chat})
    assert user.commands == menu("own")
    assert await api.result("getMyCommands", {"scope": chat}) == menu("own")
    assert await api.result("getMyCommands", {"scope": {"type": "all_group_chats"}}) == []
    await api.result("deleteMyCommands", {"scope": chat})
    assert user.commands == menu("журнал")
    for wrong in ({"command": "Журнал", "description": "x"}, {"command": "", "description": "x"}):
        assert await api.refused("setMyCommands", {"commands": [wrong]}) == (
            400,
            "Bad Request: BOT_COMMAND_INVALID",
        )


async def test_the_bots_own_words(api: Api, user: User) -> None:
    await api.result("setMyDescription", {"description": "журнал", "language_code": "uk"})
    uk = await api.result("getMyDescription", {"language_code": "uk"})
    assert uk == {"description": "журнал"}
    assert await api.result("getMyDescription") == {"description": ""}
    assert (await api.refused("setMyShortDescription", {"short_description": "x" * 121}))[0] == 400
    assert await api.result("getMyName") == {"name": "Dzvinok"}
    await api.result("setChatMenuButton", {"menu_button": {"type": "commands"}})
    assert await api.result("getChatMenuButton", {"chat_id": user.id}) == {"type": "commands"}
    assert (await api.result("getChatMember", {"chat_id": 7, "user_id": 7}))["status"] == "member"


async def test_chat_actions_are_seen(api: Api, user: User) -> None:
    async with api.server.subscribe() as events:
        await api.result("sendChatAction", {"chat_id": 7, "action": "typing"})
        assert (await events.get()).action == "typing"
    assert await api.refused("sendChatAction", {"chat_id": 7, "action": "dancing"}) == (
        400,
        "Bad Request: wrong parameter action in request",
    )
    assert user.messages() == []


async def test_calls_are_recorded_with_their_outcome(api: Api, user: User) -> None:
    await api.result("sendMessage", {"chat_id": user.id, "text": "x"})
    await api.refused("sendMessage", {"chat_id": 99, "text": "x"})
    sent, refused = api.server.calls("sendMessage")
    assert (sent.params["text"], sent.params["chat_id"], sent.status) == ("x", 7, 200)
    assert (refused.status, refused.description) == (400, "Bad Request: chat not found")
    assert api.server.calls("sendMessage", chat_id=99) == [refused]
    api.server.reset()
    assert api.server.calls() == []
    assert (await api.refused("sendMessage", {"chat_id": 7, "text": "x"}))[0] == 403


async def test_after_log_out_nothing_works(api: Api) -> None:
    assert await api.result("logOut") is True
    assert await api.refused("getMe") == (400, "Bad Request: logged out")

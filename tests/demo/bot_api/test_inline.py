"""Inline mode over bare HTTP: what bots are asked, what they may answer, what is sent of it."""

from typing import Any

import pytest

from bot.demo.bot_api.people import User
from tests.support.telegram import TOKEN, Api, Clock

LATE = "query is too old and response timeout expired or query ID is invalid"
IN_RESULT = "can't parse inline query result"
URL_KEY = {
    "inline_keyboard": [[{"text": "Картка", "url": "https://t.me/dzvinok_bot?start=call_5"}]]
}


def article(number: int = 1, **more: Any) -> dict[str, Any]:
    content = {"message_text": f"<b>Дзвінок</b> {number}", "parse_mode": "HTML"}
    given = {"type": "article", "id": str(number), "title": f"Дзвінок {number}"}
    return {**given, "input_message_content": content, **more}


async def asked(api: Api) -> list[dict[str, Any]]:
    """The inline queries the bot has not yet heard of."""
    updates = await api.result("getUpdates")
    if updates:
        await api.result("getUpdates", {"offset": updates[-1]["update_id"] + 1})
    return [update["inline_query"] for update in updates if "inline_query" in update]


async def say(api: Api, query_id: str, *results: dict[str, Any], **more: Any) -> None:
    params = {"inline_query_id": query_id, "results": list(results), **more}
    assert await api.result("answerInlineQuery", params) is True


async def refused(api: Api, user: User, **params: Any) -> str:
    """Why an answer was refused, without the words that all refusals begin with."""
    query = await user.inline("067")
    values = {"inline_query_id": query.id, "results": [article()], **params}
    code, words = await api.refused("answerInlineQuery", values)
    assert code == 400
    assert query.answer is None
    return words.removeprefix("Bad Request: ")


# Asking


async def test_a_query_is_told_with_the_kind_of_chat_it_is_typed_in(api: Api, user: User) -> None:
    group = api.server.group(-5, "Team", kind="group", owner=user)
    supergroup = api.server.group(-1005, "Team", owner=user)
    other = api.server.user(7, bot=api.server.register_bot("43:other", "other_bot", "Other"))
    first = await user.inline("067 12", offset="20")
    for place in (group, supergroup, other):
        await user.inline("", chat=place)
    queries = await asked(api)
    assert queries[0] == {
        "id": first.id,
        "from": user.account.as_json(),
        "chat_type": "sender",
        "query": "067 12",
        "offset": "20",
    }
    kinds = [query["chat_type"] for query in queries]
    assert kinds == ["sender", "group", "supergroup", "private"]
    assert [query["query"] for query in queries] == ["067 12", "", "", ""]


async def test_what_telegram_would_not_ask(api: Api, user: User) -> None:
    await user.inline("x" * 256)
    with pytest.raises(ValueError, match="256"):
        await user.inline("x" * 257)
    with pytest.raises(ValueError, match="not in the group"):
        await user.inline("067", chat=api.server.group(-5, "Team"))
    with pytest.raises(ValueError, match="cannot write there"):
        await user.inline("067", chat=api.server.user(8, "Ivan"))
    await user.block()
    with pytest.raises(ValueError, match="unblock"):
        await user.inline("067")
    plain = api.server.register_bot("43:plain", "plain_bot", "Plain", is_inline=False)
    with pytest.raises(ValueError, match="no inline mode"):
        await api.server.user(7, bot=plain).inline("067")
    assert [len(query["query"]) for query in await asked(api)] == [256]


async def test_a_bot_says_whether_it_has_the_inline_mode(api: Api) -> None:
    assert (await api.result("getMe"))["supports_inline_queries"] is True
    api.server.register_bot(TOKEN, is_inline=False)
    assert (await api.result("getMe"))["supports_inline_queries"] is False


async def test_a_bot_that_was_away_is_not_asked_what_is_long_over(
    api: Api, user: User, clock: Clock
) -> None:
    await user.inline("067")
    clock.advance(29)
    assert len(await api.result("getUpdates")) == 1
    clock.advance(1)
    assert await api.result("getUpdates") == []


# Answering


async def test_an_answer_is_what_was_given(api: Api, user: User) -> None:
    query = await user.inline("067")
    button = {"text": "Відкрити бота", "start_parameter": "search"}
    results = [article(1, description="067 123 45 67", reply_markup=URL_KEY), article(2)]
    more = {"cache_time": 5, "is_personal": True, "next_offset": "2", "button": button}
    await say(api, query.id, *results, **more)
    answer = await query.answered()
    assert answer.results == results
    assert (answer.cache_time, answer.is_personal, answer.next_offset) == (5, True, "2")
    assert answer.button == button
    plain = await user.inline("068")
    await say(api, plain.id)
    answer = await plain.answered()
    assert (answer.results, answer.cache_time, answer.is_personal) == ([], 300, False)
    assert (answer.next_offset, answer.button) == ("", None)


async def test_nobody_waits_for_ever(api: Api, user: User) -> None:  # noqa: ARG001 - it runs
    query = await user.inline("067")
    with pytest.raises(TimeoutError, match="nobody answered the inline query '067'"):
        await query.answered(timeout=0.01)


async def test_a_query_is_answered_once_in_time_and_by_its_own_bot(
    api: Api, user: User, clock: Clock
) -> None:
    late = (400, f"Bad Request: {LATE}")
    for query_id in ("", "1", "nonsense"):
        params: dict[str, Any] = {"inline_query_id": query_id, "results": []}
        assert await api.refused("answerInlineQuery", params) == late
    query = await user.inline("067")
    params = {"inline_query_id": query.id, "results": []}
    api.server.register_bot("43:other", "other_bot", "Other")
    assert await api.refused("answerInlineQuery", params, token="43:other") == late
    await say(api, query.id)
    assert await api.refused("answerInlineQuery", params) == late
    for seconds, is_late in ((10, False), (10.1, True)):
        query = await user.inline(f"after {seconds}")
        clock.advance(seconds)
        status, _ = await api.call(
            "answerInlineQuery", {"inline_query_id": query.id, "results": []}
        )
        assert (status == 400) is is_late


async def test_a_reset_forgets_queries_and_answers(api: Api, user: User) -> None:
    await say(api, (await user.inline("067")).id)
    query = await user.inline("068")
    api.server.reset()
    assert await api.refused(
        "answerInlineQuery", {"inline_query_id": query.id, "results": []}
    ) == (
        400,
        f"Bad Request: {LATE}",
    )
    assert (await user.inline("067")).answer is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"results": [article(number) for number in range(51)]},
            "too many inline query results specified",
        ),
        ({"results": [article(1), article(2), article(1)]}, "RESULT_ID_DUPLICATE"),
        ({"results": [article(id="")]}, "RESULT_ID_INVALID"),
        ({"results": [article(id="ї" * 32 + "x")]}, "RESULT_ID_INVALID"),
        ({"results": [article(title="")]}, "ARTICLE_TITLE_EMPTY"),
        ({"results": "{"}, "expected an Array of inline query results"),
        ({"results": {}}, "expected an Array of inline query results"),
        ({"results": ["x", 5]}, f"{IN_RESULT}: Inline query result must be an object"),
        ({"results": [{"id": "1"}]}, f'{IN_RESULT}: Can\'t find field "type"'),
        ({"results": [{"type": "article"}]}, f'{IN_RESULT}: Can\'t find field "id"'),
        (
            {"results": [{"type": "Telepathy", "id": "1"}]},
            f'{IN_RESULT}: type "telepathy" is unsupported for the inline query result',
        ),
        ({"results": [article(id=5)]}, f'{IN_RESULT}: Field "id" must be of type String'),
        ({"next_offset": "ї" * 33}, "NEXT_OFFSET_INVALID"),
    ],
)
async def test_refused_results(api: Api, user: User, params: dict[str, Any], words: str) -> None:
    assert await refused(api, user, **params) == words


@pytest.mark.parametrize("field", ["title", "input_message_content"])
async def test_an_article_needs_a_title_and_a_content(api: Api, user: User, field: str) -> None:
    result = article()
    del result[field]
    missing = "message_text" if field == "input_message_content" else field
    words = f'{IN_RESULT}: Can\'t find field "{missing}"'
    assert await refused(api, user, results=[result]) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, f"{IN_RESULT}: Input message content is not specified"),
        ({"message_text": ""}, f"{IN_RESULT}: Input message content is not specified"),
        ({"message_text": " \n "}, "text must be non-empty"),
        ({"message_text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"message_text": "x" * 4097}, "MESSAGE_TOO_LONG"),
        ({"message_text": "ї" * 16385}, f"{IN_RESULT}: Text is too long"),
        (
            {"message_text": "x", "parse_mode": "BBCode"},
            f"{IN_RESULT}: Unsupported parse_mode",
        ),
        (
            {"message_text": "<b>ї", "parse_mode": "HTML"},
            f"{IN_RESULT}: Can't parse entities: "
            'Can\'t find end tag corresponding to start tag "b"',
        ),
        (
            {"message_text": 5},
            f'{IN_RESULT}: Field "message_text" must be of type String',
        ),
    ],
)
async def test_refused_texts(api: Api, user: User, content: dict[str, Any], words: str) -> None:
    result = article(input_message_content=content)
    assert await refused(api, user, results=[result]) == words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ({"keyboard": [[{"text": "a"}]]}, "inline keyboard expected"),
        ({"remove_keyboard": True}, "inline keyboard expected"),
        (
            {"inline_keyboard": [[{"text": "a"}]]},
            f"{IN_RESULT}: Can't parse inline keyboard button: "
            "Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"inline_keyboard": [[{"url": "https://example.com"}]]},
            f"{IN_RESULT}: Can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"inline_keyboard": [[{"text": "a", "url": "https://example.com"}]] * 101},
            "REPLY_MARKUP_TOO_LONG",
        ),
        (
            {"inline_keyboard": [[{"text": "a", "web_app": {"url": "https://example.com/"}}]]},
            "BUTTON_TYPE_INVALID",
        ),
    ],
)
async def test_refused_keyboards(api: Api, user: User, markup: dict[str, Any], words: str) -> None:
    assert await refused(api, user, results=[article(reply_markup=markup)]) == words


@pytest.mark.parametrize(
    ("button", "words"),
    [
        (
            {"start_parameter": "x"},
            "can't parse inline query results button: Can't find field \"text\"",
        ),
        (
            {"text": "x"},
            "can't parse inline query results button: "
            "InlineQueryResultsButton must have exactly one optional field",
        ),
        ({"text": "x", "start_parameter": ""}, "can't use empty start_parameter"),
        ({"text": "x", "start_parameter": "x" * 65}, "too long start_parameter specified"),
        (
            {"text": "x", "start_parameter": "a.b"},
            "unallowed characters in start_parameter are used",
        ),
        ({"text": "", "start_parameter": "x"}, "SWITCH_PM_TEXT_EMPTY"),
        (
            {"text": "x", "web_app": {"url": "http://example.com/"}},
            "inline query button Web App URL 'http://example.com/' is invalid: "
            "Only HTTPS links are allowed",
        ),
        ("{", "can't parse inline query results button JSON object"),
    ],
)
async def test_refused_buttons(api: Api, user: User, button: Any, words: str) -> None:
    assert await refused(api, user, button=button) == words


async def test_what_is_just_within_the_limits(api: Api, user: User) -> None:
    query = await user.inline("067")
    text = {"message_text": "<b>" + "😀" * 4096 + "</b>", "parse_mode": "HTML"}
    long = article(id="ї" * 32, input_message_content=text)
    button = {"text": "x", "start_parameter": "Az_-" * 16}
    results = [article(number) for number in range(49)]
    await say(api, query.id, *results, long, next_offset="ї" * 32, button=button)
    sent = await query.choose("ї" * 32)
    assert (len(sent.text), sent.html) == (4096, text["message_text"])


@pytest.mark.parametrize(
    "result",
    [
        {"type": "photo", "id": "1", "photo_url": "https://a.example/", "thumbnail_url": "x"},
        {"type": "photo", "id": "1", "photo_file_id": "x"},
        {"type": "sticker", "id": "1", "sticker_file_id": "x"},
        {"type": "contact", "id": "1", "phone_number": "+380", "first_name": "x"},
        article(input_message_content={"latitude": 50.4, "longitude": 30.5}),
        article(input_message_content={"phone_number": "+380", "first_name": "x"}),
        article(reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}),
        article(reply_markup={"inline_keyboard": [[{"text": "a", "pay": True}]]}),
    ],
)
async def test_what_is_not_modelled_is_refused_loudly(
    api: Api, user: User, result: dict[str, Any]
) -> None:
    query = await user.inline("067")
    params = {"inline_query_id": query.id, "results": [result]}
    code, words = await api.refused("answerInlineQuery", params)
    assert (code, "is not modelled" in words) == (501, True)
    assert len(api.server.violations) == 1


async def test_a_field_that_no_result_has_is_a_violation(api: Api, user: User) -> None:
    words = await refused(api, user, results=[article(colour="red")])
    assert 'unknown field "colour" of InlineQueryResultArticle' in words
    assert len(api.server.violations) == 1


# Keeping


async def test_an_answer_is_kept_for_all_who_type_the_same(
    api: Api, user: User, clock: Clock
) -> None:
    ivan = api.server.user(8, "Ivan", is_started=True)
    await say(api, (await user.inline("067")).id, article(), cache_time=60)
    assert len(await asked(api)) == 1
    again = await ivan.inline("067 ")
    assert (await again.answered(timeout=0)).results == [article()]
    assert (await again.choose("1")).sender is ivan.account
    assert await asked(api) == []
    await ivan.inline("067", offset="10")
    await ivan.inline("0671")
    assert [(one["query"], one["offset"]) for one in await asked(api)] == [
        ("067", "10"),
        ("0671", ""),
    ]
    clock.advance(60)
    await ivan.inline("067")
    assert len(await asked(api)) == 1


async def test_a_personal_answer_is_kept_for_one_and_some_for_none(
    api: Api, user: User, clock: Clock
) -> None:
    ivan = api.server.user(8, "Ivan", is_started=True)
    await say(api, (await user.inline("067")).id, article(), is_personal=True)
    await asked(api)
    assert (await user.inline("067")).answer is not None
    assert (await ivan.inline("067")).answer is None
    assert [one["from"]["id"] for one in await asked(api)] == [8]
    clock.advance(299)
    assert (await user.inline("067")).answer is not None
    clock.advance(1)
    assert (await user.inline("067")).answer is None
    for cache_time in (0, -5):
        await say(api, (await user.inline("068")).id, cache_time=cache_time)
        assert (await user.inline("068")).answer is None
    await say(api, (await user.inline("069")).id, cache_time=10**9)
    clock.advance(24 * 3600)
    assert (await user.inline("069")).answer is None


# Choosing


async def test_a_chosen_result_is_a_message_of_the_person_via_the_bot(
    api: Api, user: User
) -> None:
    question = await user.send("?")
    query = await user.inline("067")
    preview = {"is_disabled": True}
    content = {**article()["input_message_content"], "link_preview_options": preview}
    await say(api, query.id, article(reply_markup=URL_KEY, input_message_content=content))
    with pytest.raises(LookupError, match="no result '2'"):
        await query.choose("2")
    sent = await query.choose("1", reply_to=question)
    assert sent is user.last()
    assert (sent.html, sent.buttons) == ("<b>Дзвінок</b> 1", [["Картка"]])
    update = (await api.result("getUpdates"))[-1]
    message = update["message"]
    assert message["from"]["id"] == 7
    assert message["via_bot"] == user.bot.account.as_json()
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 7}]
    assert message["reply_markup"] == URL_KEY
    assert message["link_preview_options"] == preview
    assert message["reply_to_message"]["message_id"] == question.id
    with pytest.raises(LookupError, match="calls nobody"):
        await user.click(sent, "Картка")
    with pytest.raises(ValueError, match="none sent via a bot"):
        await user.edit(sent, "x")
    edit = {"chat_id": 7, "message_id": sent.id, "text": "x"}
    assert await api.refused("editMessageText", edit) == (
        400,
        "Bad Request: message can't be edited",
    )
    code, _ = await api.refused("editMessageText", {"inline_message_id": "1", "text": "x"})
    assert code == 501


async def test_nothing_is_chosen_before_there_is_an_answer(api: Api, user: User) -> None:
    query = await user.inline("067")
    for choosing in (query.choose("1"), query.press_button()):
        with pytest.raises(LookupError):
            await choosing
    await say(api, query.id, article())
    with pytest.raises(LookupError, match="no button"):
        await query.press_button()


async def test_privacy_mode_lets_a_bot_read_what_is_sent_via_it(api: Api, user: User) -> None:
    group = api.server.group(-1005, "Team", owner=user)
    group.add(user.bot)
    other = api.server.register_bot("43:other", "other_bot", "Other")
    group.add(other)
    heard = len(other.queue)
    await user.send("just talk", group=group)
    query = await user.inline("067", chat=group)
    await say(api, query.id, article())
    sent = await query.choose("1")
    assert sent.chat is group.chat
    said = [one["message"] for one in await api.result("getUpdates") if "message" in one]
    assert [one["text"] for one in said if "text" in one] == ["Дзвінок 1"]
    assert said[-1]["via_bot"]["id"] == 42
    assert len(other.queue) == heard, "it was sent via another"


async def test_a_bot_is_not_told_of_chats_that_it_is_not_in(api: Api, user: User) -> None:
    group = api.server.group(-1005, "Team", owner=user)
    other = api.server.user(7, bot=api.server.register_bot("43:other", "other_bot", "Other"))
    for place in (group, other):
        query = await user.inline(f"in {place.chat.id}", chat=place)
        await say(api, query.id, article())
        sent = await query.choose("1")
        assert place.last() is sent
    assert user.messages() == []
    assert [set(one) - {"update_id"} for one in await api.result("getUpdates")] == [
        {"inline_query"},
        {"inline_query"},
    ]
    [started, via] = other.bot.queue.pending
    assert started.kind == "my_chat_member"
    assert via.body["via_bot"]["username"] == "dzvinok_bot"


async def test_feedback_is_only_for_bots_that_asked_for_it(
    api: Api, user: User, clock: Clock
) -> None:
    query = await user.inline("067")
    await say(api, query.id, article(1), article(2, reply_markup=URL_KEY))
    await query.choose("1")
    assert all("chosen_inline_result" not in one for one in await api.result("getUpdates"))
    user.bot.inline_feedback = True
    await query.choose("1")
    await query.choose("2")
    chosen = [
        one["chosen_inline_result"]
        for one in await api.result("getUpdates")
        if "chosen_inline_result" in one
    ]
    plain = {"result_id": "1", "from": user.account.as_json(), "query": "067"}
    assert chosen[0] == plain
    assert chosen[1].pop("inline_message_id")
    assert chosen[1] == plain | {"result_id": "2"}
    clock.advance(600)
    assert all("chosen_inline_result" not in one for one in await api.result("getUpdates"))


async def test_the_button_above_the_results_starts_the_bot_in_its_own_chat(
    api: Api, user: User
) -> None:
    group = api.server.group(-1005, "Team", owner=user)
    stranger = api.server.user(8, "Ivan")
    group.add(stranger)
    button = {"text": "Увійти", "start_parameter": "inline"}
    query = await stranger.inline("067", chat=group)
    await say(api, query.id, button=button)
    sent = await query.press_button()
    assert (sent.text, sent.chat.id) == ("/start inline", 8)
    web = await user.inline("068")
    await say(api, web.id, button={"text": "x", "web_app": {"url": "https://example.com/"}})
    with pytest.raises(LookupError, match="no button leads to the bot"):
        await web.press_button()

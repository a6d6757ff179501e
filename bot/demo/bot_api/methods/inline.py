"""answerInlineQuery: the results of a query, each checked as tdlib and then Telegram check it.

Modelled are results of the type article that send a text.
"""

import re

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.errors import ApiError, bad_request, inside
from bot.demo.bot_api.fields import IN_RESULT, Args, JsonObject
from bot.demo.bot_api.formatting.html_parser import checked_link
from bot.demo.bot_api.formatting.text import MAX_TEXT, formatted
from bot.demo.bot_api.inline import InlineAnswer, InlineResult
from bot.demo.bot_api.markup import all_buttons, check_by_server, parsed_markup
from bot.demo.bot_api.methods.arguments import Handler, read_entities
from bot.demo.bot_api.not_modelled import not_modelled
from bot.demo.bot_api.state import Telegram

MAX_RESULTS = 50
MAX_ID_BYTES = 64
"""Of the id of a result, of an offset, and of a start parameter."""
DEFAULT_CACHE_TIME = 300
MAX_CACHE_TIME = 24 * 3600


def answer_inline_query(telegram: Telegram, bot: Bot, args: Args) -> object:
    button = args.find_object("button")
    if button and "start_parameter" not in button and "web_app" not in button:
        raise bad_request(
            "can't parse inline query results button: "
            "InlineQueryResultsButton must have exactly one optional field"
        )
    results: list[JsonObject] = args.items("results")
    if len(results) > MAX_RESULTS:
        raise bad_request("too many inline query results specified")
    contents = [_content(result) for result in results]
    if button:
        _check_button(button)
    if not all(one.content.text for one in contents):
        raise bad_request("text must be non-empty")
    query = telegram.inline.waiting(bot, args.text("inline_query_id"))
    for result, content in zip(results, contents, strict=True):
        _check_by_server(result, content)
    by_id = {str(one["id"]): content for one, content in zip(results, contents, strict=True)}
    if len(by_id) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    next_offset = args.text("next_offset")
    if len(next_offset.encode()) > MAX_ID_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    if button and not button["text"]:
        raise bad_request("SWITCH_PM_TEXT_EMPTY")
    answer = InlineAnswer(
        results=results,
        next_offset=next_offset,
        cache_time=min(max(args.integer("cache_time", DEFAULT_CACHE_TIME), 0), MAX_CACHE_TIME),
        is_personal=args.flag("is_personal"),
        button=button,
        contents=by_id,
    )
    telegram.inline.answer(query, answer)
    return True


def _content(result: JsonObject) -> InlineResult:
    """What the result sends; ApiError 400 in the words of telegram-bot-api, or 501."""
    if result["type"].lower() != "article":
        raise not_modelled(f"an inline result of the type {result['type']}")
    given: JsonObject = result["input_message_content"]
    if "message_text" not in given:
        raise not_modelled("an inline result that sends no text")
    try:
        content = formatted(
            given["message_text"],
            parse_mode=given.get("parse_mode"),
            entities=read_entities(given.get("entities")),
        )
        keyboard = parsed_markup(result.get("reply_markup"))
    except ApiError as error:
        raise inside(error, IN_RESULT) from error
    if any("callback_data" in button for button in all_buttons(keyboard)):
        raise not_modelled("callback_data under an inline result")
    return InlineResult(content, keyboard, given.get("link_preview_options"))


def _check_button(button: JsonObject) -> None:
    """What tdlib refuses; of two actions it takes the start parameter."""
    if "start_parameter" not in button:
        address = str(button["web_app"]["url"])
        if not address.startswith("https://") or checked_link(address) is None:
            raise bad_request(
                f"inline query button Web App URL '{address}' is invalid: "
                "Only HTTPS links are allowed"
            )
        return
    parameter = str(button["start_parameter"])
    if not parameter:
        raise bad_request("can't use empty start_parameter")
    if len(parameter.encode()) > MAX_ID_BYTES:
        raise bad_request("too long start_parameter specified")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", parameter):
        raise bad_request("unallowed characters in start_parameter are used")


def _check_by_server(result: JsonObject, sent: InlineResult) -> None:
    if not 1 <= len(str(result["id"]).encode()) <= MAX_ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    if not result["title"]:
        raise bad_request("ARTICLE_TITLE_EMPTY")
    if len(sent.content) > MAX_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    check_by_server(sent.keyboard)
    if any("web_app" in button for button in all_buttons(sent.keyboard)):
        raise bad_request("BUTTON_TYPE_INVALID")


METHODS: dict[str, Handler] = {"answerInlineQuery": answer_inline_query}

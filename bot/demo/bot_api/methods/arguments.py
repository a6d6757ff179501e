"""Arguments that several methods read in the same way: texts, captions, files, message ids."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import DEFAULT_ATTRIBUTES, Media
from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.fields import Args, JsonObject
from bot.demo.bot_api.files import File
from bot.demo.bot_api.formatting.entities import Entity
from bot.demo.bot_api.formatting.text import FormattedText, formatted
from bot.demo.bot_api.not_modelled import not_modelled, refuse_unmodelled
from bot.demo.bot_api.state import Telegram

Handler = Callable[[Telegram, Bot, Args], object]
"""What a method does; it returns the `result` of the answer, or raises ApiError."""

MAX_AT_ONCE = 100
"""Message ids in one request."""


def text_argument(args: Args) -> FormattedText:
    """`text` by its parse_mode or entities; it may still be too long for the method."""
    refuse_unmodelled(args)
    text = args.text("text")
    if not text:
        raise bad_request("message text is empty")
    given = args.values.get("entities")
    content = formatted(
        text, parse_mode=args.find_text("parse_mode"), entities=read_entities(given)
    )
    if not content.text:
        raise bad_request("text must be non-empty")
    return content


def caption_argument(values: Mapping[str, Any]) -> FormattedText:
    """`caption` of a request, or of one item of an album; it may be empty."""
    given = values.get("caption_entities")
    return formatted(
        values.get("caption") or "",
        parse_mode=values.get("parse_mode"),
        entities=read_entities(given),
    )


def media_argument(
    telegram: Telegram, bot: Bot, values: Mapping[str, Any], *, args: Args, kind: str, name: str
) -> Media:
    """The file of a send, or of one item of an album, with what the bot says of it."""
    if kind not in {*DEFAULT_ATTRIBUTES, "photo", "document"}:
        raise not_modelled(f"media of type {kind}")
    file = _file(telegram, bot, args, reference=values[name], kind=kind)
    attributes = {**DEFAULT_ATTRIBUTES.get(kind, {})}
    for given in ("duration", "width", "height", "length", "performer", "title", "emoji"):
        if values.get(given) is not None:
            attributes[given] = values[given]
    return Media(kind, file, attributes)


def message_ids_argument(args: Args) -> list[int]:
    message_ids = args.items("message_ids")
    if len(message_ids) > MAX_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    return message_ids


def _file(telegram: Telegram, bot: Bot, args: Args, *, reference: Any, kind: str) -> File:
    if not isinstance(reference, str):
        return telegram.files.add(reference, kind)
    if upload := args.attached(reference):
        return telegram.files.add(upload, kind)
    if reference.startswith(("http://", "https://")):
        raise not_modelled("a file taken from an HTTP URL")
    file = telegram.files.find(bot.id, reference)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if file.kind != kind:
        raise bad_request(
            f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}"
        )
    return file


def read_entities(given: list[JsonObject] | None) -> list[Entity] | None:
    """MessageEntity objects that the field table has read."""
    if given is None:
        return None
    return [
        Entity(
            type=one["type"],
            offset=one["offset"],
            length=one["length"],
            url=one.get("url"),
            user=one["user"]["id"] if one.get("user") else None,
            language=one.get("language"),
            custom_emoji_id=one.get("custom_emoji_id"),
            unix_time=one.get("unix_time"),
            date_time_format=one.get("date_time_format"),
        )
        for one in given
    ]

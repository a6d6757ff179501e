"""The methods that make messages appear: send…, copy…, forward…, and what each send checks."""

from collections.abc import Callable
from typing import Any

from bot.demo.bot_api.chats import Chat, Media, Message
from bot.demo.bot_api.errors import bad_request, not_modelled
from bot.demo.bot_api.fields import Args, JsonObject
from bot.demo.bot_api.files import File
from bot.demo.bot_api.formatting.entities import Entity
from bot.demo.bot_api.formatting.text import FormattedText, formatted
from bot.demo.bot_api.markup import check_by_server, parsed_markup
from bot.demo.bot_api.state import Bot, EventKind, Telegram

Handler = Callable[[Telegram, Bot, Args], object]

MAX_TEXT = 4096
MAX_CAPTION = 1024
MIN_ALBUM = 2
MAX_ALBUM = 10
MAX_AT_ONCE = 100
UNMODELLED = (
    "business_connection_id",
    "direct_messages_topic_id",
    "ephemeral_message_parameters",
    "suggested_post_parameters",
    "message_effect_id",
    "allow_paid_broadcast",
    "inline_message_id",
    "rich_message",
    "cover",
)
UNMODELLED_IN_REPLY = (
    "ephemeral_message_id",
    "quote",
    "checklist_task_id",
    "poll_option_id",
)
CHAT_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
ATTRIBUTES: dict[str, JsonObject] = {
    "audio": {"duration": 0},
    "voice": {"duration": 0},
    "video": {"width": 0, "height": 0, "duration": 0},
    "animation": {"width": 0, "height": 0, "duration": 0},
    "video_note": {"length": 0, "duration": 0},
    "sticker": {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
    },
}


def send_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    content = text_argument(args)
    return _send(telegram, bot, args, content=content).as_json(bot.id)


def send_media(kind: str) -> Handler:
    """sendPhoto, sendDocument and their like differ only in the kind of the file."""

    def send(telegram: Telegram, bot: Bot, args: Args) -> object:
        media = media_argument(telegram, bot, args.values, args=args, kind=kind, name=kind)
        content = caption_argument(args.values)
        return _send(telegram, bot, args, content=content, media=media).as_json(bot.id)

    return send


def send_media_group(telegram: Telegram, bot: Bot, args: Args) -> object:
    items = args.items("media")
    if len(items) < MIN_ALBUM:
        raise bad_request("too few messages to be sent as an album")
    if len(items) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    kinds = {str(item["type"]) for item in items}
    for lonely in ("document", "audio"):
        if lonely in kinds and len(kinds) > 1:
            raise bad_request(f"{lonely} can't be mixed with other media types")
    chat, reply_to, thread_id = _destination(telegram, bot, args)
    captions = [caption_argument(item) for item in items]
    if any(len(caption) > MAX_CAPTION for caption in captions):
        raise bad_request("message caption is too long")
    media = [
        media_argument(telegram, bot, item, args=args, kind=str(item["type"]), name="media")
        for item in items
    ]
    telegram.limits.check(chat.id, is_group=not chat.is_private)
    album = telegram.next_album()
    sent = [
        telegram.post(
            bot,
            Message(
                id=next(chat.numbers),
                chat=chat,
                sender=bot.account,
                date=telegram.now,
                content=caption,
                media=one,
                reply_to=reply_to,
                thread_id=thread_id,
                album=album,
                is_protected=args.flag("protect_content"),
            ),
        )
        for one, caption in zip(media, captions, strict=True)
    ]
    return [message.as_json(bot.id) for message in sent]


def send_contact(telegram: Telegram, bot: Bot, args: Args) -> object:
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: args.text(name) for name in names if name in args}
    return _send(telegram, bot, args, extra={"contact": contact}).as_json(bot.id)


def send_location(telegram: Telegram, bot: Bot, args: Args) -> object:
    if "live_period" in args:
        raise not_modelled("a live location")
    names = ("latitude", "longitude", "horizontal_accuracy")
    location = {name: args.values[name] for name in names if name in args}
    return _send(telegram, bot, args, extra={"location": location}).as_json(bot.id)


def send_chat_action(telegram: Telegram, bot: Bot, args: Args) -> object:
    action = args.text("action").lower()
    if action not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = telegram.get_writable_chat(bot, args.values["chat_id"])
    telegram.emit(EventKind.ACTION, bot, chat, action=action)
    return True


def forward_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    return _forward(telegram, bot, args, number=args.integer("message_id")).as_json(bot.id)


def forward_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    found = _existing(telegram, bot, args)
    if not found:
        raise bad_request("there are no messages to forward")
    return [{"message_id": _forward(telegram, bot, args, number=number).id} for number in found]


def copy_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    return {"message_id": _copy(telegram, bot, args, number=args.integer("message_id")).id}


def copy_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    found = _existing(telegram, bot, args)
    if not found:
        raise bad_request("there are no messages to copy")
    return [{"message_id": _copy(telegram, bot, args, number=number).id} for number in found]


def text_argument(args: Args) -> FormattedText:
    refuse_unmodelled(args)
    text = args.text("text")
    if not text:
        raise bad_request("message text is empty")
    given = args.values.get("entities")
    content = formatted(text, parse_mode=args.find_text("parse_mode"), entities=_entities(given))
    if not content.text:
        raise bad_request("text must be non-empty")
    return content


def caption_argument(values: Any) -> FormattedText:
    given = values.get("caption_entities")
    return formatted(
        values.get("caption") or "",
        parse_mode=values.get("parse_mode"),
        entities=_entities(given),
    )


def media_argument(
    telegram: Telegram, bot: Bot, values: Any, *, args: Args, kind: str, name: str
) -> Media:
    """The file of a send, or of one item of an album, with what the bot says of it."""
    if kind not in {*ATTRIBUTES, "photo", "document"}:
        raise not_modelled(f"media of type {kind}")
    file = _file(telegram, bot, args, reference=values[name], kind=kind)
    attributes = {**ATTRIBUTES.get(kind, {})}
    for given in ("duration", "width", "height", "length", "performer", "title", "emoji"):
        if values.get(given) is not None:
            attributes[given] = values[given]
    return Media(kind, file, attributes)


def refuse_unmodelled(args: Args) -> None:
    for name in UNMODELLED:
        if args.values.get(name):
            raise not_modelled(f"{name} of {args.method}")
    for name in UNMODELLED_IN_REPLY:
        if name in (args.find_object("reply_parameters") or {}):
            raise not_modelled(f"{name} of reply_parameters")


def _send(
    telegram: Telegram,
    bot: Bot,
    args: Args,
    *,
    content: FormattedText | None = None,
    media: Media | None = None,
    extra: JsonObject | None = None,
    origin: JsonObject | None = None,
) -> Message:
    refuse_unmodelled(args)
    content = content or FormattedText()
    markup = parsed_markup(args.find_object("reply_markup"))
    chat, reply_to, thread_id = _destination(telegram, bot, args)
    if media and len(content) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    if len(content) > MAX_TEXT:
        raise bad_request("message is too long")
    check_by_server(markup)
    telegram.limits.check(chat.id, is_group=not chat.is_private)
    message = Message(
        id=next(chat.numbers),
        chat=chat,
        sender=bot.account,
        date=telegram.now,
        content=content,
        media=media,
        keyboard=markup,
        extra=extra or {},
        reply_to=reply_to,
        thread_id=thread_id,
        origin=origin,
        link_preview=args.find_object("link_preview_options"),
        is_protected=args.flag("protect_content"),
        shows_caption_above=args.flag("show_caption_above_media"),
        has_spoiler=args.flag("has_spoiler"),
    )
    return telegram.post(bot, message)


def _destination(telegram: Telegram, bot: Bot, args: Args) -> tuple[Chat, int | None, int | None]:
    chat = telegram.get_writable_chat(bot, args.values["chat_id"])
    thread_id = args.integer("message_thread_id") or None
    if thread_id is not None and thread_id not in chat.topics:
        raise bad_request("message thread not found")
    if chat.members.get(bot.id) != "administrator":
        if thread_id in chat.closed_topics:
            raise bad_request("TOPIC_CLOSED")
        if chat.is_muted:
            raise bad_request("not enough rights to send text messages to the chat")
    reply = args.find_object("reply_parameters") or {}
    reply_to = reply.get("message_id")
    if reply.get("chat_id") not in {None, chat.id}:
        raise not_modelled("a reply to another chat")
    if reply_to is not None and reply_to not in chat.messages:
        if not reply.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        reply_to = None
    return chat, reply_to, thread_id


def _forward(telegram: Telegram, bot: Bot, args: Args, *, number: int) -> Message:
    message = _source(telegram, bot, args, number=number, verb="forward")
    origin = message.origin or {
        "type": "user",
        "sender_user": message.sender.as_json(),
        "date": message.date,
    }
    return _send(
        telegram,
        bot,
        args,
        content=message.content,
        media=message.media,
        extra=message.extra,
        origin=origin,
    )


def _copy(telegram: Telegram, bot: Bot, args: Args, *, number: int) -> Message:
    message = _source(telegram, bot, args, number=number, verb="copy")
    content = message.content
    if message.media and "caption" in args:
        content = caption_argument(args.values)
    if args.values.get("remove_caption") and message.media:
        content = FormattedText()
    return _send(telegram, bot, args, content=content, media=message.media, extra=message.extra)


def _source(telegram: Telegram, bot: Bot, args: Args, *, number: int, verb: str) -> Message:
    chat = telegram.get_chat(bot, args.values["from_chat_id"])
    message = chat.messages.get(number)
    if message is None:
        raise bad_request(f"message to {verb} not found")
    if message.is_service or message.is_protected:
        done = "forwarded" if verb == "forward" else "copied"
        raise bad_request(f"message can't be {done}")
    return message


def _existing(telegram: Telegram, bot: Bot, args: Args) -> list[int]:
    """Of the messages named, those there are: the plural methods skip the rest."""
    numbers = args.items("message_ids")
    if len(numbers) > MAX_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    chat = telegram.get_chat(bot, args.values["from_chat_id"])
    return [number for number in numbers if number in chat.messages]


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


def _entities(given: list[JsonObject] | None) -> list[Entity] | None:
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


METHODS: dict[str, Handler] = {
    "sendMessage": send_message,
    "sendPhoto": send_media("photo"),
    "sendDocument": send_media("document"),
    "sendAudio": send_media("audio"),
    "sendVoice": send_media("voice"),
    "sendVideo": send_media("video"),
    "sendAnimation": send_media("animation"),
    "sendVideoNote": send_media("video_note"),
    "sendSticker": send_media("sticker"),
    "sendMediaGroup": send_media_group,
    "sendContact": send_contact,
    "sendLocation": send_location,
    "sendChatAction": send_chat_action,
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
}

"""The methods that make messages appear: send…, copy…, forward…, and what each send checks."""

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import Chat, Media, Message
from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.events import EventKind
from bot.demo.bot_api.fields import Args, JsonObject
from bot.demo.bot_api.formatting.text import MAX_CAPTION, MAX_TEXT, FormattedText
from bot.demo.bot_api.markup import check_by_server, parsed_markup
from bot.demo.bot_api.methods.arguments import (
    Handler,
    caption_argument,
    media_argument,
    message_ids_argument,
    text_argument,
)
from bot.demo.bot_api.not_modelled import not_modelled, refuse_unmodelled
from bot.demo.bot_api.state import Telegram

MIN_ALBUM = 2
MAX_ALBUM = 10
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


def send_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    content = text_argument(args)
    return _send(telegram, bot, args, content=content).as_json(bot.id)


def send_media(kind: str) -> Handler:
    """The method that sends one file of that kind: sendPhoto, sendDocument and so on."""

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
                id=next(chat.message_ids),
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
    return _forward(telegram, bot, args, message_id=args.integer("message_id")).as_json(bot.id)


def forward_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    existing = _existing(telegram, bot, args)
    if not existing:
        raise bad_request("there are no messages to forward")
    return [{"message_id": _forward(telegram, bot, args, message_id=one).id} for one in existing]


def copy_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    return {"message_id": _copy(telegram, bot, args, message_id=args.integer("message_id")).id}


def copy_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    existing = _existing(telegram, bot, args)
    if not existing:
        raise bad_request("there are no messages to copy")
    return [{"message_id": _copy(telegram, bot, args, message_id=one).id} for one in existing]


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
        id=next(chat.message_ids),
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


def _forward(telegram: Telegram, bot: Bot, args: Args, *, message_id: int) -> Message:
    message = _source(telegram, bot, args, message_id=message_id, verb="forward")
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


def _copy(telegram: Telegram, bot: Bot, args: Args, *, message_id: int) -> Message:
    message = _source(telegram, bot, args, message_id=message_id, verb="copy")
    content = message.content
    if message.media and "caption" in args:
        content = caption_argument(args.values)
    if args.values.get("remove_caption") and message.media:
        content = FormattedText()
    return _send(telegram, bot, args, content=content, media=message.media, extra=message.extra)


def _source(telegram: Telegram, bot: Bot, args: Args, *, message_id: int, verb: str) -> Message:
    chat = telegram.get_chat(bot, args.values["from_chat_id"])
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request(f"message to {verb} not found")
    if message.is_service or message.is_protected:
        done = "forwarded" if verb == "forward" else "copied"
        raise bad_request(f"message can't be {done}")
    return message


def _existing(telegram: Telegram, bot: Bot, args: Args) -> list[int]:
    """Of the messages named, those there are: the plural methods skip the rest."""
    message_ids = message_ids_argument(args)
    chat = telegram.get_chat(bot, args.values["from_chat_id"])
    return [one for one in message_ids if one in chat.messages]


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

"""The methods that change what is there: edit…, delete…, pin…, and answers to callbacks."""

from dataclasses import replace

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import Chat, Message
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
from bot.demo.bot_api.not_modelled import refuse_unmodelled
from bot.demo.bot_api.presses import CallbackAnswer
from bot.demo.bot_api.state import Telegram

MAX_ANSWER = 200
DELETABLE_FOR = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def edit_message_text(telegram: Telegram, bot: Bot, args: Args) -> object:
    content = text_argument(args)
    markup = _new_markup(args)
    message = _editable(telegram, bot, args)
    if message.media or not message.text:
        raise bad_request("there is no text in the message to edit")
    if len(content) > MAX_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    preview = args.find_object("link_preview_options")
    edited = replace(message, content=content, keyboard=markup, link_preview=preview)
    return _edit(telegram, bot, message, edited)


def edit_message_caption(telegram: Telegram, bot: Bot, args: Args) -> object:
    content = caption_argument(args.values)
    markup = _new_markup(args)
    message = _editable(telegram, bot, args)
    if not message.media:
        raise bad_request("there is no caption in the message to edit")
    if len(content) > MAX_CAPTION:
        raise bad_request("MEDIA_CAPTION_TOO_LONG")
    above = args.flag("show_caption_above_media")
    edited = replace(message, content=content, keyboard=markup, shows_caption_above=above)
    return _edit(telegram, bot, message, edited)


def edit_message_media(telegram: Telegram, bot: Bot, args: Args) -> object:
    markup = _new_markup(args)
    message = _editable(telegram, bot, args)
    item = args.find_object("media") or {}
    content = caption_argument(item)
    if len(content) > MAX_CAPTION:
        raise bad_request("MEDIA_CAPTION_TOO_LONG")
    media = media_argument(telegram, bot, item, args=args, kind=str(item["type"]), name="media")
    edited = replace(message, content=content, media=media, keyboard=markup, link_preview=None)
    return _edit(telegram, bot, message, edited)


def edit_message_reply_markup(telegram: Telegram, bot: Bot, args: Args) -> object:
    markup = _new_markup(args)
    message = _editable(telegram, bot, args)
    return _edit(telegram, bot, message, replace(message, keyboard=markup))


def delete_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    message = chat.messages.get(args.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _is_deletable(telegram, bot, message):
        raise bad_request(
            "message can't be deleted for everyone"
            if chat.is_private
            else "message can't be deleted"
        )
    telegram.delete(bot, message)
    return True


def delete_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    """Messages that are gone, or cannot be deleted, are skipped."""
    message_ids = message_ids_argument(args)
    if not message_ids:
        raise bad_request("message identifiers are not specified")
    chat = telegram.get_chat(bot, args.values["chat_id"])
    for message_id in message_ids:
        message = chat.messages.get(message_id)
        if message is not None and _is_deletable(telegram, bot, message):
            telegram.delete(bot, message)
    return True


def pin_chat_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = _pinnable_chat(telegram, bot, args)
    message = chat.messages.get(args.integer("message_id"))
    if message is None:
        raise bad_request("message to pin not found")
    if message.is_service:
        raise bad_request("message can't be pinned")
    if message.id in chat.pinned:
        chat.pinned.remove(message.id)
    chat.pinned.append(message.id)
    notice = Message(
        id=next(chat.message_ids),
        chat=chat,
        sender=bot.account,
        date=telegram.now,
        extra={"pinned_message": message},
        is_service=True,
    )
    telegram.post(bot, notice)
    telegram.deliver(bot, "message", notice)
    return True


def unpin_chat_message(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = _pinnable_chat(telegram, bot, args)
    message_id = args.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    telegram.emit(EventKind.EDITED, bot, chat, message=chat.messages.get(message_id))
    return True


def unpin_all_chat_messages(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = _pinnable_chat(telegram, bot, args)
    chat.pinned.clear()
    telegram.changes.notify()
    return True


def answer_callback_query(telegram: Telegram, bot: Bot, args: Args) -> object:
    text = args.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    answer = CallbackAnswer(text, args.flag("show_alert"), args.text("url"), telegram.clock())
    telegram.answer(bot, args.text("callback_query_id"), answer)
    return True


def _new_markup(args: Args) -> JsonObject | None:
    """An edit that brings no keyboard takes away the one there was."""
    refuse_unmodelled(args)
    return parsed_markup(args.find_object("reply_markup"))


def _editable(telegram: Telegram, bot: Bot, args: Args) -> Message:
    if "chat_id" not in args:
        raise bad_request("chat_id is empty")
    if not args.integer("message_id"):
        raise bad_request("message identifier is not specified")
    chat = telegram.get_writable_chat(bot, args.values["chat_id"])
    message = chat.messages.get(args.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    has_reply_keyboard = message.keyboard is not None and message.markup is None
    if (
        message.sender is not bot.account
        or message.is_service
        or message.origin
        or has_reply_keyboard
    ):
        raise bad_request("message can't be edited")
    return message


def _edit(telegram: Telegram, bot: Bot, message: Message, edited: Message) -> JsonObject:
    check_by_server(edited.keyboard)
    if _visible(edited) == _visible(message):
        raise bad_request(NOT_MODIFIED)
    return telegram.change(bot, edited).as_json(bot.id)


def _visible(
    message: Message,
) -> tuple[FormattedText, int | None, JsonObject | None, JsonObject | None, bool]:
    """What Telegram compares to see whether an edit changes anything."""
    has_link = any(one.type in {"url", "text_link"} for one in message.entities)
    return (
        message.content,
        message.media.file.number if message.media else None,
        message.markup,
        message.link_preview if has_link else None,
        message.shows_caption_above,
    )


def _is_deletable(telegram: Telegram, bot: Bot, message: Message) -> bool:
    chat = message.chat
    if chat.members.get(bot.id) == "administrator":
        return True
    if telegram.now - message.date > DELETABLE_FOR:
        return False
    return chat.is_private or message.sender is bot.account


def _pinnable_chat(telegram: Telegram, bot: Bot, args: Args) -> Chat:
    refuse_unmodelled(args)
    chat = telegram.get_writable_chat(bot, args.values["chat_id"])
    if not chat.is_private and chat.members.get(bot.id) != "administrator":
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat


METHODS: dict[str, Handler] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageMedia": edit_message_media,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "unpinAllChatMessages": unpin_all_chat_messages,
    "answerCallbackQuery": answer_callback_query,
}

"""The methods that say who is who: the bot's own profile and commands, chats, members, files."""

import re
from collections.abc import Callable

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import MEMBER_FIELDS, PRESENT, member_json
from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.fields import Args, JsonObject
from bot.demo.bot_api.files import MAX_DOWNLOAD
from bot.demo.bot_api.methods.arguments import Handler
from bot.demo.bot_api.state import Telegram

MAX_COMMANDS = 100
MAX_NAME = 64
MAX_DESCRIPTION = 512
MAX_SHORT_DESCRIPTION = 120
MAX_COMMAND_DESCRIPTION = 256
NO_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


def get_me(_telegram: Telegram, bot: Bot, _args: Args) -> object:
    return {
        **bot.account.as_json(),
        "can_join_groups": True,
        "can_read_all_group_messages": bot.reads_all_group_messages,
        "supports_guest_queries": False,
        "supports_inline_queries": bot.is_inline,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_join_request_queries": False,
    }


def log_out(_telegram: Telegram, bot: Bot, _args: Args) -> object:
    bot.is_logged_out = True
    return True


def close(_telegram: Telegram, _bot: Bot, _args: Args) -> object:
    return True


def set_my_commands(telegram: Telegram, bot: Bot, args: Args) -> object:
    commands = args.items("commands")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= MAX_COMMAND_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    bot.commands[_scope(telegram, bot, args), _language(args)] = commands
    telegram.changes.notify()
    return True


def get_my_commands(telegram: Telegram, bot: Bot, args: Args) -> object:
    return bot.commands.get((_scope(telegram, bot, args), _language(args)), [])


def delete_my_commands(telegram: Telegram, bot: Bot, args: Args) -> object:
    bot.commands.pop((_scope(telegram, bot, args), _language(args)), None)
    telegram.changes.notify()
    return True


def profile_setter(name: str, limit: int, texts: Callable[[Bot], dict[str, str]]) -> Handler:
    """A text for each language; an empty one takes it back."""

    def set_text(_telegram: Telegram, bot: Bot, args: Args) -> object:
        text = args.text(name)
        if len(text) > limit:
            raise bad_request(f"{name.replace('_', ' ')} is too long")
        if text:
            texts(bot)[_language(args)] = text
        else:
            texts(bot).pop(_language(args), None)
        return True

    return set_text


def profile_getter(
    name: str, texts: Callable[[Bot], dict[str, str]], default: Callable[[Bot], str]
) -> Handler:
    def get_text(_telegram: Telegram, bot: Bot, args: Args) -> object:
        known = texts(bot)
        return {name: known.get(_language(args), known.get("", default(bot)))}

    return get_text


def set_chat_menu_button(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat_id = args.integer("chat_id") or None
    if chat_id is not None:
        telegram.get_chat(bot, chat_id)
    bot.menu_buttons[chat_id] = args.find_object("menu_button") or {"type": "default"}
    telegram.changes.notify()
    return True


def get_chat_menu_button(_telegram: Telegram, bot: Bot, args: Args) -> object:
    default = bot.menu_buttons.get(None, {"type": "commands"})
    return bot.menu_buttons.get(args.integer("chat_id") or None, default)


def get_chat(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    if chat.is_private and not chat.is_started:
        raise bad_request("chat not found")
    body: JsonObject = {
        **chat.as_json(),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": NO_GIFTS,
    }
    if chat.description:
        body["description"] = chat.description
    if chat.pinned:
        body["pinned_message"] = chat.messages[chat.pinned[-1]].as_json(bot.id)
    return body


def get_chat_member(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    user_id = args.integer("user_id")
    account = bot.account if user_id == bot.id else telegram.people.get(user_id)
    if account is None:
        raise bad_request("invalid user_id specified")
    if chat.is_private:
        if account is not bot.account and account is not chat.person:
            raise bad_request("member not found")
        return member_json(account, "member")
    return member_json(account, chat.members.get(user_id, "left"))


def get_chat_administrators(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    accounts = {**telegram.people, **{one.id: one.account for one in telegram.bots.values()}}
    return [
        member_json(accounts[number], status)
        for number, status in chat.members.items()
        if MEMBER_FIELDS[status] and status in PRESENT
    ]


def get_chat_member_count(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    if chat.is_private:
        return 2
    return sum(status in PRESENT for status in chat.members.values())


def leave_chat(telegram: Telegram, bot: Bot, args: Args) -> object:
    chat = telegram.get_chat(bot, args.values["chat_id"])
    if chat.is_private:
        raise bad_request("chat_id points to a private chat")
    old = chat.members[bot.id]
    chat.members[bot.id] = "left"
    telegram.change_member(bot, chat, bot.account, account=bot.account, old=old, new="left")
    return True


def get_file(telegram: Telegram, bot: Bot, args: Args) -> object:
    file = telegram.files.find(bot.id, args.text("file_id"))
    if file is None:
        raise bad_request(
            "wrong remote file identifier specified: can't unserialize it. Wrong last symbol"
        )
    if file.size > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {**file.as_json(bot.id), "file_path": telegram.files.link(bot.id, file)}


def _language(args: Args) -> str:
    code = args.text("language_code")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad_request("invalid language code specified")
    return code


def _scope(telegram: Telegram, bot: Bot, args: Args) -> str:
    scope = args.find_object("scope") or {"type": "default"}
    name = str(scope["type"])
    if "chat_id" in scope:
        chat = telegram.get_chat(bot, scope["chat_id"])
        if chat.is_private and not chat.is_started:
            raise bad_request("chat not found")
        name += f":{chat.id}"
    if "user_id" in scope:
        name += f":{scope['user_id']}"
    return name


METHODS: dict[str, Handler] = {
    "getMe": get_me,
    "logOut": log_out,
    "close": close,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": profile_setter("name", MAX_NAME, lambda bot: bot.names),
    "getMyName": profile_getter("name", lambda bot: bot.names, lambda bot: bot.account.first_name),
    "setMyDescription": profile_setter(
        "description", MAX_DESCRIPTION, lambda bot: bot.descriptions
    ),
    "getMyDescription": profile_getter(
        "description", lambda bot: bot.descriptions, lambda _bot: ""
    ),
    "setMyShortDescription": profile_setter(
        "short_description", MAX_SHORT_DESCRIPTION, lambda bot: bot.short_descriptions
    ),
    "getMyShortDescription": profile_getter(
        "short_description", lambda bot: bot.short_descriptions, lambda _bot: ""
    ),
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "getFile": get_file,
}

"""A bot as the server knows it: its token, its profile, its commands, its updates."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.demo.bot_api.chats import Account, Chat
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.updates import UpdateQueue


@dataclass
class WebhookSettings:
    """What setWebhook said, and the last failure, as getWebhookInfo tells them."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    certificate: bytes | None = None
    ip_address: str | None = None
    last_error_date: int | None = None
    last_error_message: str | None = None


@dataclass(eq=False)
class Bot:
    """A bot's account. Names, descriptions and menus are kept by language ("": any other).

    `commands` are by scope and language; a scope is written as its type and ids, `chat:7`.
    `message_ids` numbers the messages of all private chats of the bot, as Telegram does.
    `is_inline` and `inline_feedback` are what /setinline and /setinlinefeedback tell @BotFather.
    """

    token: str
    account: Account
    queue: UpdateQueue
    message_ids: Iterator[int]
    reads_all_group_messages: bool = False
    is_inline: bool = True
    inline_feedback: bool = False
    is_logged_out: bool = False
    webhook: WebhookSettings | None = None
    commands: dict[tuple[str, str], list[JsonObject]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    menu_buttons: dict[int | None, JsonObject] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def username(self) -> str:
        return self.account.username or ""

    def commands_for(self, person: Account, chat: Chat) -> list[JsonObject]:
        """The menu this person sees: the narrowest scope first, their language before none."""
        status = chat.members.get(person.id, "")
        scopes = ["all_private_chats"] if chat.is_private else ["all_group_chats"]
        scopes.insert(0, f"chat:{chat.id}")
        if not chat.is_private:
            if status in {"creator", "administrator"}:
                scopes[1:1] = [f"chat_administrators:{chat.id}", "all_chat_administrators"]
            scopes.insert(0, f"chat_member:{chat.id}:{person.id}")
        for scope in [*scopes, "default"]:
            for language in (person.language_code or "", ""):
                if commands := self.commands.get((scope, language)):
                    return commands
        return []

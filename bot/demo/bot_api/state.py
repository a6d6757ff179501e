"""All that the demo's Telegram remembers: bots, people, chats, presses, and who watches."""

import itertools
from collections.abc import Callable
from dataclasses import replace

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.changes import Changes
from bot.demo.bot_api.chats import PRESENT, Account, Chat, ChatType, Message, member_json
from bot.demo.bot_api.errors import bad_request, forbidden, upgraded
from bot.demo.bot_api.events import Event, EventKind, Subscription
from bot.demo.bot_api.faults import RateLimits
from bot.demo.bot_api.files import FileStore
from bot.demo.bot_api.inline import InlineQueries
from bot.demo.bot_api.presses import CallbackAnswer, CallbackQuery

CALLBACK_LIFETIME = 15.0
"""Seconds a press waits for its answer; how long Telegram waits is not published."""


class Telegram:
    """The state itself; whoever changes it calls `emit` or `changes.notify`, to wake waiters.

    `clock` gives Unix seconds; `first_message` is the id of the first message of each account.
    """

    def __init__(self, clock: Callable[[], float], *, first_message: int = 1) -> None:
        self.clock = clock
        self.first_message = first_message
        self.bots: dict[str, Bot] = {}
        self.people: dict[int, Account] = {}
        self.changes = Changes()
        self.files = FileStore(clock)
        self.limits = RateLimits(clock)
        self.inline = InlineQueries(clock, self.changes)
        self.callback_lifetime = CALLBACK_LIFETIME
        self._private_chats: dict[tuple[int, int], Chat] = {}
        self._groups: dict[int, Chat] = {}
        self._queries: dict[str, CallbackQuery] = {}
        self._query_ids = itertools.count(4_384_000_000_000_000_001)
        self._album_ids = itertools.count(13_900_000_000_000_001)
        self._watchers: set[Subscription] = set()

    @property
    def now(self) -> int:
        return int(self.clock())

    def reset(self) -> None:
        """Forget all that was said; bots and people stay, and nobody has pressed start."""
        self._private_chats.clear()
        self._groups.clear()
        self._queries.clear()
        self.files.clear()
        self.inline.clear()
        self.limits.turn_off()
        for person in self.people.values():
            person.is_deactivated = False
        for bot in self.bots.values():
            bot.queue.clear()
            bot.queue.allowed = frozenset()
            bot.is_logged_out = False
            for kept in (bot.commands, bot.names, bot.descriptions, bot.short_descriptions):
                kept.clear()
            bot.menu_buttons.clear()
        self.changes.notify()

    # Chats

    def private_chat(self, bot: Bot, person: Account) -> Chat:
        """The chat of a person with a bot; it exists before anybody has written (`is_started`)."""
        chat = self._private_chats.get((bot.id, person.id))
        if chat is None:
            chat = Chat(person.id, ChatType.PRIVATE, bot.message_ids, person=person)
            self._private_chats[bot.id, person.id] = chat
        return chat

    def add_group(
        self, chat_id: int, title: str, *, kind: ChatType, is_forum: bool, username: str | None
    ) -> Chat:
        chat = Chat(
            chat_id,
            kind,
            itertools.count(self.first_message),
            title=title,
            username=username,
            is_forum=is_forum,
        )
        self._groups[chat_id] = chat
        return chat

    def find_chat(self, bot: Bot, chat_id: int | str) -> Chat | None:
        if isinstance(chat_id, str):
            name = chat_id.removeprefix("@").lower()
            named = [one for one in self._groups.values() if (one.username or "").lower() == name]
            return named[0] if name and named else None
        if chat_id in self._groups:
            return self._groups[chat_id]
        person = self.people.get(chat_id)
        return self.private_chat(bot, person) if person else None

    def get_chat(self, bot: Bot, chat_id: int | str) -> Chat:
        """A chat the bot may look at; ApiError 400 or 403 otherwise."""
        chat = self.find_chat(bot, chat_id)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise upgraded(chat.migrated_to)
        if not chat.is_private:
            status = chat.members.get(bot.id)
            kind = f"the {chat.type} chat"
            if status == "kicked":
                raise forbidden(f"bot was kicked from {kind}")
            if status not in PRESENT:
                raise forbidden(f"bot is not a member of {kind}")
        return chat

    def get_writable_chat(self, bot: Bot, chat_id: int | str) -> Chat:
        """A chat the bot may write to; ApiError in Telegram's words otherwise."""
        chat = self.get_chat(bot, chat_id)
        if chat.person is not None:
            if chat.person.is_deactivated:
                raise forbidden("user is deactivated")
            if chat.is_blocked:
                raise forbidden("bot was blocked by the user")
            if not chat.is_started:
                raise forbidden("bot can't initiate conversation with a user")
        return chat

    # Messages

    def post(self, bot: Bot, message: Message) -> Message:
        """Show a message in its chat; `bot` tells watchers whose side of the chat they read."""
        chat = message.chat
        chat.messages[message.id] = message
        chat.history.append(message)
        if message.keyboard and "inline_keyboard" not in message.keyboard:
            chat.keyboard = message.keyboard if "keyboard" in message.keyboard else None
        self.emit(EventKind.NEW, bot, chat, message=message)
        return message

    def change(self, bot: Bot, message: Message) -> Message:
        """Show an edited message in place of the one with its id; the edit_date is now."""
        changed = replace(message, edit_date=self.now)
        changed.chat.messages[message.id] = changed
        changed.chat.history.append(changed)
        self.emit(EventKind.EDITED, bot, changed.chat, message=changed)
        return changed

    def delete(self, bot: Bot, message: Message) -> None:
        del message.chat.messages[message.id]
        if message.id in message.chat.pinned:
            message.chat.pinned.remove(message.id)
        self.emit(EventKind.DELETED, bot, message.chat, message=message)

    def next_album(self) -> str:
        return str(next(self._album_ids))

    def deliver(self, bot: Bot, kind: str, message: Message) -> None:
        """Queue a message for a bot, unless the privacy mode of groups keeps it from the bot."""
        if message.chat.is_private or self._may_read(bot, message):
            bot.queue.put(kind, message.as_json(bot.id), chat_id=message.chat.id)

    def _may_read(self, bot: Bot, message: Message) -> bool:
        chat = message.chat
        status = chat.members.get(bot.id)
        if status not in PRESENT:
            return False
        if bot.reads_all_group_messages or message.is_service or status == "administrator":
            return True
        if message.via is bot.account:
            return True
        replied = chat.messages.get(message.reply_to) if message.reply_to else None
        if replied is not None and replied.sender is bot.account:
            return True
        mention = f"@{bot.username}".lower()
        first_word = message.text.split(maxsplit=1)[0].lower() if message.text.split() else ""
        if first_word.startswith("/"):
            return "@" not in first_word or first_word.endswith(mention)
        return mention in message.text.lower().split()

    # Members

    def change_member(
        self, bot: Bot, chat: Chat, by: Account, *, account: Account, old: str, new: str
    ) -> None:
        """Tell the bot of a new status: its own as my_chat_member, another's as chat_member."""
        body = {
            "chat": chat.as_json(),
            "from": by.as_json(),
            "date": self.now,
            "old_chat_member": member_json(account, old),
            "new_chat_member": member_json(account, new),
        }
        kind = "my_chat_member" if account is bot.account else "chat_member"
        bot.queue.put(kind, body, chat_id=chat.id)
        self.emit(EventKind.MEMBER, bot, chat, status=new)

    # Callback queries

    def press(
        self, bot: Bot, person: Account, *, chat: Chat, message_id: int, data: str
    ) -> CallbackQuery:
        query = CallbackQuery(
            id=str(next(self._query_ids)),
            bot=bot,
            user=person,
            chat=chat,
            message_id=message_id,
            data=data,
            at=self.clock(),
            changes=self.changes,
        )
        self._queries[query.id] = query
        message = chat.messages.get(message_id)
        body = {
            "id": query.id,
            "from": person.as_json(),
            "message": message.as_json(bot.id)
            if message
            else {"chat": chat.as_json(), "message_id": message_id, "date": 0},
            "chat_instance": str(abs(chat.id) * 7_919 + bot.id),
            "data": data,
        }
        bot.queue.put("callback_query", body, chat_id=person.id)
        self.emit(EventKind.PRESSED, bot, chat, message=message, query=query)
        return query

    def find_query(self, query_id: str) -> CallbackQuery | None:
        return self._queries.get(query_id)

    def answer(self, bot: Bot, query_id: str, answer: CallbackAnswer) -> None:
        query = self._queries.get(query_id)
        is_late = query is not None and self.clock() - query.at > self.callback_lifetime
        if query is None or query.bot is not bot or query.answer is not None or is_late:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        query.answer = answer
        self.emit(EventKind.ANSWERED, bot, query.chat, query=query)

    # Watching

    def subscribe(self) -> Subscription:
        return Subscription(self._watchers)

    def emit(
        self,
        kind: EventKind,
        bot: Bot,
        chat: Chat,
        *,
        message: Message | None = None,
        query: CallbackQuery | None = None,
        action: str | None = None,
        status: str | None = None,
    ) -> None:
        event = Event(kind, self.clock(), bot.id, chat, message, query, action, status)
        for watcher in tuple(self._watchers):
            watcher.put(event)
        self.changes.notify()

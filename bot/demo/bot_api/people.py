"""People with Telegram in their hands: what a test, or the demo's page, does in their name."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bot.demo.bot_api.chats import PRESENT, Account, Chat, ChatType, Media, Message
from bot.demo.bot_api.fields import JsonObject, Upload
from bot.demo.bot_api.files import tiny_picture
from bot.demo.bot_api.formatting.text import FormattedText, fixed
from bot.demo.bot_api.methods.sending import ATTRIBUTES, MAX_TEXT
from bot.demo.bot_api.state import DEFAULT_TIMEOUT, Bot, CallbackQuery, Telegram

Predicate = Callable[[Message], bool]

ANONYMOUS = Account(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
"""Who seems to write when an administrator of a group writes in its name."""


class Screen:
    """A chat as somebody sees it: what is there now, and waiting for what is to come."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    @property
    def chat(self) -> Chat:
        raise NotImplementedError

    def messages(self) -> list[Message]:
        """All that is visible now, oldest first."""
        return self.chat.visible()

    def last(self) -> Message:
        """The newest message, whoever wrote it."""
        return self.messages()[-1]

    def replies(self) -> list[Message]:
        """What bots wrote, oldest first."""
        return [message for message in self.messages() if message.is_from_bot]

    def last_reply(self) -> Message:
        return self.replies()[-1]

    def current(self, message: Message) -> Message | None:
        """The message as it is now; None when it was deleted."""
        return self.chat.messages.get(message.id)

    def history(self) -> list[Message]:
        """Every version of every message, deleted ones too, in the order they were shown."""
        return list(self.chat.history)

    async def wait_for(
        self,
        predicate: Predicate = lambda _: True,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - a test's deadline
        *,
        after: Message | None = None,
    ) -> Message:
        """The newest visible message of a bot that satisfies it; `after` leaves older ones out."""
        first = after.id + 1 if after else 0

        def find() -> Message | None:
            found = [one for one in self.replies() if one.id >= first and predicate(one)]
            return found[-1] if found else None

        return await self._telegram.until(find, timeout=timeout, failure=self._describe)

    async def wait_gone(self, message: Message, timeout: float = DEFAULT_TIMEOUT) -> None:  # noqa: ASYNC109 - a test's deadline
        await self._telegram.until(
            lambda: None if message.id in self.chat.messages else True,
            timeout=timeout,
            failure=self._describe,
        )

    def _describe(self) -> str:
        shown = [f"#{one.id} {one.html!r} {one.buttons}" for one in self.messages()[-5:]]
        return "no such message; the last ones are:\n" + "\n".join(shown)


class Group(Screen):
    """A group, supergroup or forum."""

    def __init__(self, telegram: Telegram, chat: Chat, *, owner: Account) -> None:
        super().__init__(telegram)
        self._chat = chat
        self._owner = owner

    @property
    def chat(self) -> Chat:
        return self._chat

    @property
    def id(self) -> int:
        return self._chat.id

    def add(self, member: "User | Bot", *, status: str = "member") -> None:
        self._set_status(member, status)

    def remove(self, member: "User | Bot", *, status: str = "kicked") -> None:
        self._set_status(member, status)

    def add_topic(self, name: str) -> int:
        """The topic's message_thread_id."""
        number = next(self._chat.numbers)
        self._chat.topics[number] = name
        return number

    def remove_topic(self, thread_id: int) -> None:
        """With all that was said in it."""
        del self._chat.topics[thread_id]
        for message in self.messages():
            if message.thread_id == thread_id:
                self.delete(message)

    def close_topic(self, thread_id: int) -> None:
        """Only administrators of the group may write in it."""
        self._chat.closed_topics.add(thread_id)

    def mute(self, *, is_muted: bool = True) -> None:
        """Only administrators of the group may write."""
        self._chat.is_muted = is_muted

    def delete(self, message: Message) -> None:
        """As an administrator of the group does: bots are not told."""
        self._telegram.delete(self.bots()[0], message)

    def rename(self, title: str) -> None:
        self._chat.title = title
        self._announce(self._chat, {"new_chat_title": title})

    def upgrade(
        self, new_id: int, *, is_told_before: bool = True, is_told_after: bool = True
    ) -> "Group":
        """The group becomes a supergroup: the same people under another id.

        `is_told_before`: in the old chat, where it goes; `is_told_after`: in the new, whence.
        """
        old = self._chat
        new = self._telegram.add_group(
            new_id, old.title or "", kind=ChatType.SUPERGROUP, is_forum=False, username=None
        )
        new.members |= old.members
        old.migrated_to = new_id
        group = Group(self._telegram, new, owner=self._owner)
        if is_told_before:
            self._announce(old, {"migrate_to_chat_id": new_id})
        if is_told_after:
            self._announce(new, {"migrate_from_chat_id": old.id})
        return group

    def bots(self) -> list[Bot]:
        members = self._chat.members
        return [one for one in self._telegram.bots.values() if members.get(one.id) in PRESENT]

    def _announce(self, chat: Chat, what: JsonObject) -> None:
        """A service message, posted in the owner's name."""
        notice = Message(
            id=next(chat.numbers),
            chat=chat,
            sender=self._owner,
            date=self._telegram.now,
            extra=what,
            is_service=True,
        )
        for number, bot in enumerate(self.bots()):
            if number == 0:
                self._telegram.post(bot, notice)
            self._telegram.deliver(bot, "message", notice)

    def _set_status(self, member: "User | Bot", status: str) -> None:
        account = member.account
        old = self._chat.members.get(account.id, "left")
        self._chat.members[account.id] = status
        notice = None
        if (old in PRESENT) != (status in PRESENT):
            name = "new_chat_members" if status in PRESENT else "left_chat_member"
            who = account.as_json()
            notice = Message(
                id=next(self._chat.numbers),
                chat=self._chat,
                sender=self._owner,
                date=self._telegram.now,
                extra={name: [who] if status in PRESENT else who},
                is_service=True,
            )
        for bot in self._telegram.bots.values():
            if bot.account is account or bot in self.bots():
                self._telegram.change_member(
                    bot, self._chat, self._owner, account=account, old=old, new=status
                )
        if notice is not None and (bots := self.bots()):
            self._telegram.post(bots[0], notice)
            for bot in bots:
                self._telegram.deliver(bot, "message", notice)


class User(Screen):
    """A person, talking to one bot in private and to anybody in groups."""

    def __init__(self, telegram: Telegram, account: Account, *, bot: Bot | None = None) -> None:
        super().__init__(telegram)
        self.account = account
        self._bot = bot

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def bot(self) -> Bot:
        """The one given, else the first registered."""
        if self._bot is not None:
            return self._bot
        if not self._telegram.bots:
            raise LookupError("register a bot first")
        return next(iter(self._telegram.bots.values()))

    @property
    def chat(self) -> Chat:
        return self._telegram.private_chat(self.bot, self.account)

    @property
    def keyboard(self) -> list[list[str]]:
        """Labels of the reply keyboard on the screen now, by rows."""
        return [
            [str(button["text"]) for button in row]
            for row in (self.chat.keyboard or {}).get("keyboard", [])
        ]

    @property
    def commands(self) -> list[JsonObject]:
        """The command menu this person sees."""
        return self.bot.commands_for(self.account, self.chat)

    # Writing

    async def send(
        self,
        text: str,
        *,
        group: Group | None = None,
        reply_to: Message | None = None,
        thread_id: int | None = None,
        is_anonymous: bool = False,
    ) -> Message:
        """`is_anonymous`: in the name of the group, as its administrators may."""
        content = fixed(text, ())
        if not content.text or len(content) > MAX_TEXT:
            raise ValueError("Telegram would not let a person send this text")
        return await self._send(
            group=group,
            content=content,
            reply_to=reply_to,
            thread_id=thread_id,
            is_anonymous=is_anonymous,
        )

    async def start(self, payload: str = "") -> Message:
        return await self.send(f"/start {payload}".strip())

    async def send_photo(self, content: bytes | None = None, *, caption: str = "") -> Message:
        return await self._send_file(
            "photo", Upload("", content or tiny_picture()), caption=caption
        )

    async def send_document(
        self,
        content: bytes = b"document",
        *,
        name: str = "document.txt",
        mime_type: str | None = None,
        caption: str = "",
        size: int | None = None,
    ) -> Message:
        """`size` pretends a large file, for what getFile says of it."""
        upload = Upload(name, content, mime_type)
        return await self._send_file("document", upload, caption=caption, size=size)

    async def send_voice(self, content: bytes = b"OggS", *, duration: int = 1) -> Message:
        upload = Upload("", content, "audio/ogg")
        return await self._send_file("voice", upload, duration=duration)

    async def send_audio(
        self, content: bytes = b"ID3", *, name: str = "audio.mp3", duration: int = 1
    ) -> Message:
        upload = Upload(name, content, "audio/mpeg")
        return await self._send_file("audio", upload, duration=duration)

    async def send_sticker(self, content: bytes = b"RIFF", *, emoji: str = "👍") -> Message:
        return await self._send_file("sticker", Upload("", content, "image/webp"), emoji=emoji)

    async def send_contact(
        self, phone_number: str, *, first_name: str | None = None, user_id: int | None = None
    ) -> Message:
        """One's own contact, unless another name or id is given."""
        is_own = first_name is None and user_id is None
        number = self.id if is_own else user_id
        contact: JsonObject = {
            "phone_number": phone_number,
            "first_name": first_name or self.account.first_name,
        }
        if number is not None:
            contact["user_id"] = number
        return await self._send(extra={"contact": contact})

    async def send_location(self, latitude: float, longitude: float) -> Message:
        return await self._send(extra={"location": {"latitude": latitude, "longitude": longitude}})

    async def edit(self, message: Message, text: str) -> Message:
        current = message.chat.messages[message.id]
        if current.sender is not self.account:
            raise ValueError("people edit only their own messages")
        edited = self._telegram.change(self.bot, replace(current, content=fixed(text, ())))
        for bot in self._listeners(message.chat):
            self._telegram.deliver(bot, "edited_message", edited)
        await asyncio.sleep(0)
        return edited

    async def delete(self, message: Message) -> None:
        """Bots are not told."""
        self._telegram.delete(self.bot, message.chat.messages[message.id])
        await asyncio.sleep(0)

    # Pressing

    async def click(self, message: Message, label: str) -> CallbackQuery:
        """Press a button the message has now, named by its label or the start of it."""
        current = message.chat.messages.get(message.id)
        if current is None:
            raise LookupError(f"message {message.id} was deleted")
        if current.markup is None:
            raise LookupError(f"message {message.id} has no inline keyboard: {current.html!r}")
        button = current.button(label)
        if "callback_data" not in button:
            raise LookupError(f"the button calls nobody: {button}")
        return await self.press_stale(message, str(button["callback_data"]))

    async def press_stale(self, message: Message, callback_data: str) -> CallbackQuery:
        """Send a callback as an old keyboard would, or a forger; the message may be gone."""
        query = self._telegram.press(
            self.bot,
            self.account,
            chat=message.chat,
            message_id=message.id,
            data=callback_data,
        )
        await asyncio.sleep(0)
        return query

    async def press_key(self, label: str, *, phone_number: str = "+380441234567") -> Message:
        """Press a key of the reply keyboard; a key that asks for a contact sends one's own."""
        keyboard = self.chat.keyboard or {}
        keys: list[JsonObject] = [key for row in keyboard.get("keyboard", []) for key in row]
        found = [key for key in keys if key["text"] == label]
        if not found:
            raise LookupError(f"no key {label!r}; the keyboard has {self.keyboard}")
        if keyboard.get("one_time_keyboard"):
            self.chat.keyboard = None
        if found[0].get("request_contact"):
            return await self.send_contact(phone_number)
        return await self.send(label)

    # Being there

    async def block(self) -> None:
        self.chat.is_blocked = True
        await self._change_status(old="member", new="kicked")

    async def unblock(self) -> None:
        self.chat.is_blocked = False
        await self._change_status(old="kicked", new="member")

    def deactivate(self) -> None:
        self.account.is_deactivated = True

    # Inside

    async def _change_status(self, *, old: str, new: str) -> None:
        bot = self.bot
        self._telegram.change_member(
            bot, self.chat, self.account, account=bot.account, old=old, new=new
        )
        await asyncio.sleep(0)

    async def _send_file(
        self,
        kind: str,
        upload: Upload,
        *,
        caption: str = "",
        size: int | None = None,
        **attributes: object,
    ) -> Message:
        file = self._telegram.files.add(upload, kind, size=size)
        media = Media(kind, file, {**ATTRIBUTES.get(kind, {}), **attributes})
        return await self._send(content=fixed(caption, ()), media=media)

    async def _send(
        self,
        *,
        group: Group | None = None,
        content: FormattedText | None = None,
        media: Media | None = None,
        extra: JsonObject | None = None,
        reply_to: Message | None = None,
        thread_id: int | None = None,
        is_anonymous: bool = False,
    ) -> Message:
        chat = group.chat if group else self.chat
        if chat.is_private:
            if chat.is_blocked:
                raise ValueError("unblock the bot first: Telegram shows no input field")
            if not chat.is_started:
                chat.is_started = True
                await self._change_status(old="kicked", new="member")
        elif chat.members.get(self.id) not in PRESENT:
            raise ValueError(f"{self.account.first_name} is not in the group")
        message = Message(
            id=next(chat.numbers),
            chat=chat,
            sender=ANONYMOUS if is_anonymous else self.account,
            date=self._telegram.now,
            content=content or FormattedText(),
            media=media,
            extra=(extra or {}) | ({"sender_chat": chat.as_json()} if is_anonymous else {}),
            reply_to=reply_to.id if reply_to else None,
            thread_id=thread_id,
        )
        self._telegram.post(self.bot, message)
        for bot in self._listeners(chat):
            self._telegram.deliver(bot, "message", message)
        await asyncio.sleep(0)
        return message

    def _listeners(self, chat: Chat) -> list[Bot]:
        if chat.is_private:
            return [self.bot]
        return [one for one in self._telegram.bots.values() if one.id in chat.members]

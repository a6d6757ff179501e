"""People who use Telegram: what a test, or the demo's page, does in their name."""

import asyncio
from dataclasses import replace

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import DEFAULT_ATTRIBUTES, PRESENT, Account, Chat, Media, Message
from bot.demo.bot_api.conversations import Conversation
from bot.demo.bot_api.fields import JsonObject, Upload
from bot.demo.bot_api.files import tiny_picture
from bot.demo.bot_api.formatting.text import MAX_TEXT, FormattedText, fixed
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.inline import MAX_QUERY, InlineQuery, InlineResult
from bot.demo.bot_api.presses import CallbackQuery
from bot.demo.bot_api.state import Telegram

ANONYMOUS = Account(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
"""Who seems to write when an administrator of a group writes in its name."""


class User(Conversation):
    """A person, who talks to one bot in private and to everybody in groups."""

    def __init__(self, telegram: Telegram, account: Account, *, bot: Bot | None = None) -> None:
        super().__init__(telegram)
        self.account = account
        self._bot = bot

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def bot(self) -> Bot:
        """The bot this person talks to: the one given, else the first registered."""
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
        """Write to the bot, or to a group; `is_anonymous`: in the name of the group.

        Raises ValueError where Telegram gives people no way to send this.
        """
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
        """Send a file; `size` in bytes makes getFile say that it is larger than its content."""
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
        self,
        phone_number: str,
        *,
        first_name: str | None = None,
        user_id: int | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Send one's own contact, or that of another if a name or an id is given."""
        is_own = first_name is None and user_id is None
        number = self.id if is_own else user_id
        contact: JsonObject = {
            "phone_number": phone_number,
            "first_name": first_name or self.account.first_name,
        }
        if number is not None:
            contact["user_id"] = number
        return await self._send(extra={"contact": contact}, reply_to=reply_to)

    async def send_location(self, latitude: float, longitude: float) -> Message:
        return await self._send(extra={"location": {"latitude": latitude, "longitude": longitude}})

    async def edit(self, message: Message, text: str) -> Message:
        current = message.chat.messages[message.id]
        if current.sender is not self.account or current.via is not None:
            raise ValueError("people edit only their own messages, and none sent via a bot")
        edited = self._telegram.change(self.bot, replace(current, content=fixed(text, ())))
        for bot in self._listeners(message.chat):
            self._telegram.deliver(bot, "edited_message", edited)
        await asyncio.sleep(0)
        return edited

    async def delete(self, message: Message) -> None:
        """Delete any message of the chat; bots are not told."""
        self._telegram.delete(self.bot, message.chat.messages[message.id])
        await asyncio.sleep(0)

    # Inline mode

    async def inline(
        self, text: str, *, offset: str = "", chat: "User | Group | None" = None
    ) -> InlineQuery:
        """Type `@bot text` in a chat: one's own with the bot, or with another bot, or a group.

        Raises ValueError where Telegram would not ask the bot.
        """
        if not self.bot.is_inline:
            raise ValueError("the bot has no inline mode: @BotFather was not told /setinline")
        if len(text) > MAX_QUERY:
            raise ValueError(f"a query may have {MAX_QUERY} letters")
        writer = chat if isinstance(chat, User) else self
        group = chat if isinstance(chat, Group) else None
        if writer.account is not self.account:
            raise ValueError(f"{self.account.first_name} cannot write there")
        place = group.chat if group else writer.chat
        self._check_input_field(place)
        query = self._telegram.inline.ask(
            self.bot,
            self.account,
            place,
            chat_type="sender" if place is self.chat else place.type.value,
            text=text,
            offset=offset,
            send=lambda result, reply_to: writer.send_result(
                result, via=self.bot, group=group, reply_to=reply_to
            ),
            start=self.start,
        )
        await asyncio.sleep(0)
        return query

    async def send_result(
        self,
        result: InlineResult,
        *,
        via: Bot,
        group: Group | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Send what was chosen of a bot's inline results."""
        return await self._send(group=group, result=result, via=via, reply_to=reply_to)

    # Pressing

    async def click(self, message: Message, label: str) -> CallbackQuery:
        """Press a button that the message has now, named by its label or the start of the label.

        Raises LookupError if there is no such button.
        """
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
        """Press an old button, or a forged one, with these data; its message may be gone."""
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
        key = next((one for one in keys if one["text"] == label), None)
        if key is None:
            raise LookupError(f"no key {label!r}; the keyboard has {self.keyboard}")
        if keyboard.get("one_time_keyboard"):
            self.chat.keyboard = None
        if key.get("request_contact"):
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

    # Shared by the methods above

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
        media = Media(kind, file, {**DEFAULT_ATTRIBUTES.get(kind, {}), **attributes})
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
        result: InlineResult | None = None,
        via: Bot | None = None,
    ) -> Message:
        chat = group.chat if group else self.chat
        self._check_input_field(chat)
        if chat.is_private and not chat.is_started:
            chat.is_started = True
            await self._change_status(old="kicked", new="member")
        message = Message(
            id=next(chat.message_ids),
            chat=chat,
            sender=ANONYMOUS if is_anonymous else self.account,
            date=self._telegram.now,
            content=result.content if result else content or FormattedText(),
            media=media,
            keyboard=result.keyboard if result else None,
            link_preview=result.link_preview if result else None,
            via=via.account if via else None,
            extra=(extra or {}) | ({"sender_chat": chat.as_json()} if is_anonymous else {}),
            reply_to=reply_to.id if reply_to else None,
            thread_id=thread_id,
        )
        self._telegram.post(self.bot, message)
        for bot in self._listeners(chat):
            self._telegram.deliver(bot, "message", message)
        await asyncio.sleep(0)
        return message

    def _check_input_field(self, chat: Chat) -> None:
        """Raise ValueError if Telegram shows this person none in the chat."""
        if chat.is_private:
            if chat.is_blocked:
                raise ValueError("unblock the bot first: Telegram shows no input field")
        elif chat.members.get(self.id) not in PRESENT:
            raise ValueError(f"{self.account.first_name} is not in the group")

    def _listeners(self, chat: Chat) -> list[Bot]:
        if chat.is_private:
            return [self.bot]
        return [one for one in self._telegram.bots.values() if one.id in chat.members]

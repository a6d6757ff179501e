"""Accounts, chats and messages: what Telegram remembers of a conversation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.files import File
from bot.demo.bot_api.formatting.entities import Entity
from bot.demo.bot_api.formatting.text import NO_TEXT, FormattedText
from bot.demo.bot_api.markup import find_button, inline_part, labels

MEMBER_FIELDS: dict[str, JsonObject] = {
    "creator": {"is_anonymous": False},
    "administrator": {
        "can_be_edited": False,
        "is_anonymous": False,
        "can_manage_chat": True,
        "can_delete_messages": True,
        "can_manage_video_chats": True,
        "can_restrict_members": True,
        "can_promote_members": False,
        "can_change_info": True,
        "can_invite_users": True,
        "can_post_stories": False,
        "can_edit_stories": False,
        "can_delete_stories": False,
        "can_pin_messages": True,
        "can_send_welcome_messages": True,
    },
    "member": {},
    "left": {},
    "kicked": {"until_date": 0},
}
"""What each status of a chat member has in ChatMember beside the status and the user."""

PRESENT = {"creator", "administrator", "member"}
"""Statuses of those who are in a chat."""

DEFAULT_ATTRIBUTES: dict[str, JsonObject] = {
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
"""What Telegram says of a file of each kind, unless whoever sends the file says it."""


class ChatType(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(eq=False)
class Account:
    """A person or a bot, as everybody sees them."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    is_deactivated: bool = False

    def as_json(self) -> JsonObject:
        return _present(
            id=self.id,
            is_bot=self.is_bot,
            first_name=self.first_name,
            last_name=self.last_name,
            username=self.username,
            language_code=self.language_code,
        )


@dataclass(eq=False)
class Chat:
    """One conversation. A private one is of one `person` and one bot, and has the person's id.

    `messages` are those to be seen, by id; `history` has every version of every message in the
    order shown. `keyboard` is the reply keyboard on the screen, `members` are statuses by account,
    `topics` the names by message_thread_id, `pinned` the ids with the newest last.
    """

    id: int
    type: ChatType
    message_ids: Iterator[int]
    title: str | None = None
    username: str | None = None
    person: Account | None = None
    is_forum: bool = False
    is_started: bool = False
    is_blocked: bool = False
    is_muted: bool = False
    migrated_to: int | None = None
    description: str | None = None
    messages: dict[int, "Message"] = field(default_factory=dict)
    history: list["Message"] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)
    members: dict[int, str] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    keyboard: JsonObject | None = None

    @property
    def is_private(self) -> bool:
        return self.type is ChatType.PRIVATE

    def as_json(self) -> JsonObject:
        person = self.person
        return _present(
            id=self.id,
            type=self.type.value,
            title=self.title,
            username=person.username if person else self.username,
            first_name=person.first_name if person else None,
            last_name=person.last_name if person else None,
            is_forum=self.is_forum or None,
        )

    def visible(self) -> list["Message"]:
        return [self.messages[number] for number in sorted(self.messages)]


@dataclass(frozen=True)
class Media:
    """A file in a message, with what Telegram says of it: duration, title, size in pixels."""

    kind: str
    file: File
    attributes: JsonObject = field(default_factory=dict)

    def as_json(self, bot_id: int) -> JsonObject | list[JsonObject]:
        file = self.file.as_json(bot_id)
        if self.kind == "photo":
            return [{**file, "width": self.file.width, "height": self.file.height}]
        named = {"file_name": self.file.name, "mime_type": self.file.mime_type}
        if self.kind in {"voice", "sticker", "video_note"}:
            named.pop("file_name")
        if self.kind in {"sticker", "video_note"}:
            named.pop("mime_type")
        return {**_present(**named), **self.attributes, **file}


@dataclass(frozen=True)
class Message:
    """A message as it was at one moment: an edit makes another with the same id.

    `date` and `edit_date` are Unix seconds; `keyboard` is whatever markup it came with; `extra`
    holds the fields that are given to bots as they are (a contact, what a service message says);
    `origin` is the MessageOrigin of a forwarded one; `reply_to` is the id it answers; `via` is the
    bot whose inline result it is.
    """

    id: int
    chat: Chat = field(repr=False, compare=False)
    sender: Account = field(repr=False, compare=False)
    date: int
    content: FormattedText = NO_TEXT
    media: Media | None = None
    keyboard: JsonObject | None = None
    extra: JsonObject = field(default_factory=dict)
    edit_date: int | None = None
    reply_to: int | None = None
    thread_id: int | None = None
    album: str | None = None
    origin: JsonObject | None = None
    via: Account | None = field(default=None, repr=False, compare=False)
    link_preview: JsonObject | None = None
    is_protected: bool = False
    is_service: bool = False
    shows_caption_above: bool = False
    has_spoiler: bool = False

    @property
    def text(self) -> str:
        """The text, or the caption of a file."""
        return self.content.text

    @property
    def html(self) -> str:
        return self.content.html

    @property
    def entities(self) -> tuple[Entity, ...]:
        return self.content.entities

    @property
    def markup(self) -> JsonObject | None:
        """The inline keyboard under the message."""
        return inline_part(self.keyboard)

    @property
    def buttons(self) -> list[list[str]]:
        """Labels by rows, of the inline keyboard or of the reply keyboard the message brought."""
        return labels(self.keyboard)

    @property
    def is_from_bot(self) -> bool:
        return self.sender.is_bot

    def button(self, label: str) -> JsonObject:
        return find_button(self.keyboard, label)

    def as_json(self, bot_id: int, *, is_nested: bool = False) -> JsonObject:
        """The Message that bot is given; inside another message it has no reply_to_message."""
        body = _present(
            message_id=self.id,
            message_thread_id=self.thread_id,
            **{"from": self.sender.as_json()},
            date=self.date,
            chat=self.chat.as_json(),
            forward_origin=self.origin,
            via_bot=self.via.as_json() if self.via else None,
            is_topic_message=True if self.thread_id and self.chat.is_forum else None,
            edit_date=self.edit_date,
            has_protected_content=self.is_protected or None,
            media_group_id=self.album,
            reply_markup=self.markup,
        )
        entities = [self._entity(one) for one in self.entities]
        text, spans = ("caption", "caption_entities") if self.media else ("text", "entities")
        if self.text:
            body[text] = self.text
        if entities:
            body[spans] = entities
        if self.link_preview:
            body["link_preview_options"] = self.link_preview
        if self.media:
            body[self.media.kind] = self.media.as_json(bot_id)
            if self.media.kind == "animation":
                body["document"] = {
                    **self.media.file.as_json(bot_id),
                    **_present(
                        file_name=self.media.file.name, mime_type=self.media.file.mime_type
                    ),
                }
            if self.shows_caption_above:
                body["show_caption_above_media"] = True
            if self.has_spoiler:
                body["has_media_spoiler"] = True
        replied = self.chat.messages.get(self.reply_to) if self.reply_to else None
        if replied and not is_nested:
            body["reply_to_message"] = replied.as_json(bot_id, is_nested=True)
        for name, value in self.extra.items():
            body[name] = (
                value.as_json(bot_id, is_nested=True) if isinstance(value, Message) else value
            )
        return body

    def _entity(self, entity: Entity) -> JsonObject:
        body = _present(
            type=entity.type,
            offset=entity.offset,
            length=entity.length,
            url=entity.url,
            language=entity.language,
            custom_emoji_id=entity.custom_emoji_id,
            unix_time=entity.unix_time,
            date_time_format=entity.date_time_format,
        )
        if entity.user is not None:
            known = self.chat.person
            person = known if known and known.id == entity.user else None
            body["user"] = (
                person.as_json()
                if person
                else {"id": entity.user, "is_bot": False, "first_name": str(entity.user)}
            )
        return body


def member_json(account: Account, status: str) -> JsonObject:
    return {"status": status, "user": account.as_json(), **MEMBER_FIELDS[status]}


def _present(**values: object) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}

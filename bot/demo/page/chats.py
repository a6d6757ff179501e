"""The chats the page shows: whose they are, and the JSON the page draws them from."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.demo.bot_api.chats import PRESENT, Chat, Message
from bot.demo.bot_api.events import Event, EventKind
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.people import User
from bot.demo.page.requests import Fields, PageError


@dataclass(frozen=True)
class Person:
    """Somebody whose Telegram the page shows. `start_payload` goes with the START button."""

    user: User
    role_uk: str
    role_en: str
    start_payload: str = ""
    phone_number: str = "+380441234567"

    def as_json(self) -> JsonObject:
        account = self.user.account
        return {
            "id": account.id,
            "name": f"{account.first_name} {account.last_name or ''}".strip(),
            "language": account.language_code,
            "role": {"uk": self.role_uk, "en": self.role_en},
        }


class ShownChats:
    """The chat of each person with the bot, and the group they share, if there is one."""

    def __init__(self, people: Sequence[Person], group: Group | None) -> None:
        self.people = {person.user.id: person for person in people}
        self.bot = people[0].user.bot
        self.group = group

    def all(self) -> list[Chat]:
        chats = [person.user.chat for person in self.people.values()]
        return [*chats, self.group.chat] if self.group else chats

    def chat_json(self, chat: Chat) -> JsonObject:
        """All of a chat but its messages; what of it changes has no event of its own."""
        bot = self.bot
        language = (chat.person and chat.person.language_code) or ""
        members = [one for one in self.people if one == chat.id or _is_in(chat, one)]
        return {
            "id": chat.id,
            "title": chat.title,
            "person": chat.person.id if chat.person else None,
            "members": members,
            "is_started": chat.is_started or not chat.is_private,
            "is_blocked": chat.is_blocked,
            "keyboard": chat.keyboard,
            "pinned": list(chat.pinned),
            "description": bot.descriptions.get(language) or bot.descriptions.get("") or "",
            "commands": {
                str(one): bot.commands_for(self.people[one].user.account, chat) for one in members
            },
        }

    def message_json(self, message: Message) -> JsonObject:
        """What the bot is told of it, and the force_reply that only people's apps obey."""
        body = message.as_json(self.bot.id)
        if message.keyboard and message.keyboard.get("force_reply"):
            body["force_reply"] = message.keyboard
        return body

    def event_json(self, event: Event) -> JsonObject | None:
        """None for what the page does not show: another bot, another chat, a member's status."""
        if event.bot_id != self.bot.id:
            return None
        if event.chat.id not in self.people and (
            self.group is None or event.chat is not self.group.chat
        ):
            return None
        body: JsonObject = {"kind": event.kind.value, "chat": event.chat.id}
        query, message = event.query, event.message
        match event.kind:
            case EventKind.NEW | EventKind.EDITED:
                if message is None:  # the pin of a deleted message
                    return None
                body["message"] = self.message_json(message)
            case EventKind.DELETED:
                body["message_id"] = message.id if message else 0
            case EventKind.PRESSED | EventKind.ANSWERED if query is not None:
                body |= {
                    "query": query.id,
                    "person": query.user.id,
                    "message_id": query.message_id,
                    "data": query.data,
                }
                if query.answer is not None:
                    body["text"] = query.answer.text
                    body["show_alert"] = query.answer.show_alert
                    body["url"] = query.answer.url
            case EventKind.ACTION:
                body["action"] = event.action
            case _:
                return None
        return body

    def person(self, fields: Fields) -> Person:
        """Whoever acts; PageError 404 if the page shows no such person."""
        person = self.people.get(fields.number("as"))
        if person is None:
            raise PageError(404, "no such person")
        return person

    def actor(self, fields: Fields) -> tuple[Person, Chat]:
        """Who acts, and in which chat: their own, or the group they are in."""
        person = self.person(fields)
        number = fields.number("chat")
        if number == person.user.id:
            return person, person.user.chat
        group = self.group
        if group is None or number != group.id or not _is_in(group.chat, person.user.id):
            raise PageError(404, "no such chat for this person")
        return person, group.chat


def _is_in(chat: Chat, person_id: int) -> bool:
    return chat.members.get(person_id) in PRESENT

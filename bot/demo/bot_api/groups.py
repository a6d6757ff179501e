"""Groups, and what their owners and administrators do in them."""

from typing import Protocol

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.chats import PRESENT, Account, Chat, ChatType, Message
from bot.demo.bot_api.conversations import Conversation
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.state import Telegram


class Member(Protocol):
    """Whoever may be in a group: a User or a Bot."""

    @property
    def account(self) -> Account: ...


class Group(Conversation):
    """A group, supergroup or forum, and what its owner can do in it."""

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

    def add(self, member: Member, *, status: str = "member") -> None:
        self._set_status(member, status)

    def remove(self, member: Member, *, status: str = "kicked") -> None:
        self._set_status(member, status)

    def add_topic(self, name: str) -> int:
        """Open a topic in a forum; its message_thread_id."""
        thread_id = next(self._chat.message_ids)
        self._chat.topics[thread_id] = name
        return thread_id

    def remove_topic(self, thread_id: int) -> None:
        """Remove a topic with all that was said in it."""
        del self._chat.topics[thread_id]
        for message in self.messages():
            if message.thread_id == thread_id:
                self.delete(message)

    def close_topic(self, thread_id: int) -> None:
        """From now on only administrators of the group may write in the topic."""
        self._chat.closed_topics.add(thread_id)

    def mute(self, *, is_muted: bool = True) -> None:
        """While muted, only administrators of the group may write."""
        self._chat.is_muted = is_muted

    def delete(self, message: Message) -> None:
        """Delete a message as an administrator of the group does: bots are not told."""
        self._telegram.delete(self.bots()[0], message)

    def rename(self, title: str) -> None:
        self._chat.title = title
        self._announce(self._chat, {"new_chat_title": title})

    def upgrade(
        self, new_id: int, *, is_told_before: bool = True, is_told_after: bool = True
    ) -> "Group":
        """The group becomes a supergroup: the same people in a chat with another id.

        `is_told_before`: a service message in the old chat says where the group goes;
        `is_told_after`: another in the new chat says where it came from.
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
        """Post a service message with these fields, in the owner's name."""
        notice = Message(
            id=next(chat.message_ids),
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

    def _set_status(self, member: Member, status: str) -> None:
        account = member.account
        old = self._chat.members.get(account.id, "left")
        self._chat.members[account.id] = status
        for bot in self._telegram.bots.values():
            if bot.account is account or bot in self.bots():
                self._telegram.change_member(
                    bot, self._chat, self._owner, account=account, old=old, new=status
                )
        if old not in PRESENT and status in PRESENT:
            self._announce(self._chat, {"new_chat_members": [account.as_json()]})
        elif old in PRESENT and status not in PRESENT:
            self._announce(self._chat, {"left_chat_member": account.as_json()})

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

    def add(self, member: Member, *, status: str = "member") -> None:
        self._set_status(member, status)

    def remove(self, member: Member, *, status: str = "kicked") -> None:
        self._set_status(member, status)

    def add_topic(self, name: str) -> int:
        """The topic's message_thread_id."""
        number = next(self._chat.message_ids)
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
        notice = None
        if (old in PRESENT) != (status in PRESENT):
            name = "new_chat_members" if status in PRESENT else "left_chat_member"
            who = account.as_json()
            notice = Message(
                id=next(self._chat.message_ids),
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

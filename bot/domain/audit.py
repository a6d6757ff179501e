"""The audit: who did what that others may ask about later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.log import Key


class AuditArea(StrEnum):
    """What a deed was about; administrators look through one of them at a time."""

    PEOPLE = "people"
    SETTINGS = "settings"
    CLIENTS = "clients"
    DATA = "data"
    """What somebody looked at, or took away."""


class AuditKind(StrEnum):
    """What was done, in the order of the areas. The words are stored: they do not change.

    `detail` tells what a kind alone does not, as data that is put into words when it is shown:
    `old` and `new`, or what is named beside the kind.
    """

    JOINED = "joined"  # role, extensions; other: who invited
    INVITE_USED = "invite_used"  # by somebody who was in: role, extensions; other: who invited
    ADMIN_IDS = "admin_ids"  # other: whom the settings name
    INVITED = "invited"  # role, extensions, name
    INVITE_REVOKED = "invite_revoked"  # role, extensions, name
    INVITE_RESTORED = "invite_restored"  # role, extensions, name
    ROLE = "role"  # old, new; other: whose
    EXTENSIONS = "extensions"  # old, new; other: whose
    ACCESS = "access"  # old, new, states; other: whose
    RENAMED = "renamed"  # old, new; other: who

    HOURS = "hours"  # line, old, new
    HOLIDAYS = "holidays"  # added, removed
    NUMBER = "number"  # name, old, new
    RUNG_ONLY = "rung_only"  # new
    GROUP_CONNECTED = "group_connected"  # title
    GROUP_STOPPED = "group_stopped"  # title
    GROUP_LEFT = "group_left"  # title
    GROUP_PLACE = "group_place"  # title; added or removed, neither: it hears of all

    CLOSED = "closed"
    REOPENED = "reopened"
    HANDED = "handed"  # other: to whom
    MANY_TAKEN = "many_taken"
    MANY_CLOSED = "many_closed"
    MANY_TAKEN_UNDONE = "many_taken_undone"
    MANY_CLOSED_UNDONE = "many_closed_undone"
    IGNORED = "ignored"
    HEARD = "heard"
    COMMENT_CHANGED = "comment_changed"  # other: whose
    COMMENT_DELETED = "comment_deleted"  # other: whose
    COMMENT_RESTORED = "comment_restored"
    CONTACT_NAMED = "contact_named"  # old, new
    CONTACT_REMOVED = "contact_removed"  # old
    CONTACT_RESTORED = "contact_restored"  # new
    NUMBER_JOINED = "number_joined"  # new, the number; old, the name it had
    NUMBER_PARTED = "number_parted"  # old, the number
    IMPORTED = "imported"  # what

    LISTENED = "listened"
    LOOKED_UP = "looked_up"  # query; typed: in another chat, letter by letter
    SHARED = "shared"
    EXPORTED = "exported"  # what, format; weekly: it came by itself

    UNKNOWN = "unknown"
    """Of a newer version, which runs beside this one or ran before it."""

    @classmethod
    def _missing_(cls, value: object) -> "AuditKind":
        del value
        return cls.UNKNOWN

    @property
    def area(self) -> AuditArea:
        kinds = list(AuditKind)
        if kinds.index(self) < kinds.index(AuditKind.HOURS):
            return AuditArea.PEOPLE
        if kinds.index(self) < kinds.index(AuditKind.CLOSED):
            return AuditArea.SETTINGS
        if kinds.index(self) < kinds.index(AuditKind.LISTENED):
            return AuditArea.CLIENTS
        return AuditArea.DATA


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and when; None: the command line, or the bot by itself."""

    employee_id: int | None
    at: int


BY_ITSELF = -1
"""Stands for the bot and its command line where the id of a person is asked for."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Part of the audit. `who`: an employee's id, or BY_ITSELF; None: anybody's deeds."""

    area: AuditArea | None = None
    who: int | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One deed. `who`, `other`: names; `who` None: the bot, or its command line.

    `client`: the name of the contact who has the `number` now. `call`: the id of a call that
    shows more of it, while there is one.
    """

    key: Key
    kind: AuditKind
    who: str | None
    other: str | None = None
    call: int | None = None
    number: str | None = None
    client: str | None = None
    count: int = 1
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Deeds, newest first; `number` of `count` as in bot.domain.log.Page."""

    entries: tuple[AuditEntry, ...]
    number: int
    count: int
    has_newer: bool
    has_older: bool
    is_beyond: bool = False

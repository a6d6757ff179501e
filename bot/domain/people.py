"""Who uses the bot: employees, their roles, and which calls each may see."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.hours import QuietHours

_EXTENSION = re.compile(r"[A-Za-z0-9._+*#@:/~!$&'=%][A-Za-z0-9._+*#@:/~!$&'=%-]*")
_RUN = re.compile(r"\d+(?:[-./+]\d+)+")


def is_extension(word: str) -> bool:
    """Whether what a person typed can be an extension: 101, 000domainc261, sip:olena@pbx."""
    return _EXTENSION.fullmatch(word) is not None and any(one.isalnum() for one in word)


def is_visible(name: str) -> bool:
    """Whether there is anything to see of a name: not marks alone that stand on a letter."""
    return any(unicodedata.category(one)[0] in "LNPS" for one in name)


def is_doubtful_extension(word: str) -> bool:
    """Whether a possible extension is more often a slip: a word without digits, 101-105."""
    is_address = "@" in word or ":" in word
    return _RUN.fullmatch(word) is not None or not (
        is_address or any(one.isdigit() for one in word)
    )


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    ACCOUNTANT = "accountant"

    @property
    def rank(self) -> int:
        """How much the role may do: whoever has a greater one may do all that this one may."""
        return [Role.ACCOUNTANT, Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR].index(self)

    @property
    def sees_all(self) -> bool:
        """Whether the role sees every call of the company, not only those of its extensions."""
        return self in {Role.ADMINISTRATOR, Role.SUPERVISOR}

    @property
    def takes_clients(self) -> bool:
        """Whether the role is told of lost calls and calls clients back."""
        return self is not Role.ACCOUNTANT


class Language(StrEnum):
    UK = "uk"
    EN = "en"


class AlertScope(StrEnum):
    """Which lost calls a person wants to be told of, within what the role may see."""

    ALL = "all"
    OWN = "own"
    NONE = "none"


class EmployeeState(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls a person may see: all of them, or those of these extensions.

    `owner`: the person's id, who may also see the calls of the cases in their hands.
    """

    extensions: tuple[str, ...] | None = None
    owner: int | None = None

    @property
    def is_all(self) -> bool:
        return self.extensions is None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A person of the company who uses, or used, the bot.

    `in_settings`: ADMIN_IDS names them, so nobody can change their role in a chat. `unreachable`:
    Telegram does not let the bot write to them.
    """

    id: int
    tg_id: int
    name: str
    role: Role
    extensions: tuple[str, ...] = ()
    language: Language = Language.UK
    page_size: int = 8
    alerts: AlertScope = AlertScope.ALL
    state: EmployeeState = EmployeeState.ACTIVE
    in_settings: bool = False
    unreachable: bool = False
    quiet: QuietHours | None = None

    @property
    def scope(self) -> Scope:
        return EVERYTHING if self.role.sees_all else Scope(self.extensions, owner=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """An invitation: what it gives, by whom it was made (None: the command line).

    `guest`: whom it let in, if anybody.
    """

    id: int
    role: Role
    extensions: tuple[str, ...]
    name: str | None
    by: str | None
    created_at: int
    expires_at: int
    guest: int | None = None


class Acceptance(StrEnum):
    """What became of an invitation that somebody used."""

    DONE = "done"
    ASKS = "asks"  # it would change somebody who is in: they have to confirm it
    NOTHING = "nothing"  # it has nothing to give them


@dataclass(frozen=True, slots=True)
class Person:
    """An employee, as far as colleagues are told of them."""

    id: int
    name: str

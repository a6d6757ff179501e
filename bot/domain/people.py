"""Who uses the bot: employees, their roles, and which calls each may see."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.hours import QuietHours


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    ACCOUNTANT = "accountant"

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


@dataclass(frozen=True, slots=True)
class Person:
    """An employee, as far as colleagues are told of them."""

    id: int
    name: str

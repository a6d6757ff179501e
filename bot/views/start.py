"""The greeting, the help, the list of commands, leaving a dialog."""

from aiogram.utils.i18n import gettext as _

from bot.domain import signs
from bot.domain.calls import Direction, Status
from bot.domain.people import AlertScope, Employee, Role
from bot.views.calls import no_extensions
from bot.views.staff import bold, identity
from bot.views.statuses import direction_words, outgoing_words, status_words

_MAIN = ("today", "log", "missed", "search", "staff", "settings", "help")


def commands(role: Role | None) -> list[tuple[str, str]]:
    """The commands of a role, and what each is for; None is a stranger's."""
    if role is None:
        return [("start", _("My role here")), ("help", _("What I can do"))]
    offered = [
        ("today", _("Today's calls")),
        ("log", _("The whole log")),
        ("missed", _("Clients not called back yet")),
        ("search", _("Find calls by a number, a name, a word")),
        ("stats", _("Statistics and charts")),
    ]
    if role is Role.ADMINISTRATOR:
        offered += [
            ("staff", _("People and their access")),
            ("connect", _("Alerts in a group chat")),
            ("health", _("Bot status")),
        ]
    own = _("Language, alerts, digests")
    if role is Role.ACCOUNTANT:
        own = _("Language, page size")
    return [
        *offered,
        ("settings", own),
        ("help", _("What I can do")),
        ("cancel", _("Cancel the current step")),
        ("start", _("My role here")),
    ]


def group_commands() -> list[tuple[str, str]]:
    """The commands of group chats, offered to their administrators."""
    return [("connect", _("Alerts in a group chat"))]


def greeting(employee: Employee, *, note: str | None = None) -> str:
    main = [command for command in commands(employee.role) if command[0] in _MAIN]
    lines = [_("Hello!"), "", identity(employee), _sees(employee), "", *map(_line, main)]
    if note:
        lines += ["", f"<i>{note}</i>"]
    return "\n".join(lines)


def help_text(employee: Employee) -> str:
    lines = [bold(_("What I can do")), _sees(employee)]
    if _hears(employee):
        lines.append(_("I tell you about missed calls here; /settings changes that."))
    lines.append(_("Send me a number, a name or a word, and I find the calls."))
    lines.append(_("Share a contact with me, and its number gets its name."))
    return "\n".join([*lines, "", *map(_line, commands(employee.role))])


def signs_text() -> str:
    """What the signs of the log mean."""
    lines = [bold(_("The signs of the log"))]
    lines += [
        f"{signs.DIRECTION[direction]} {direction_words(direction)}" for direction in Direction
    ]
    lines += [
        f"{mark} {words}"
        for mark, words in (
            (signs.HUNG_UP, _("stands after the one who hung up")),
            (signs.NEW_CLIENT, _("a new client: there were no calls with them before")),
            (signs.COMMENTED, _("has a comment")),
        )
    ]
    lines.append("")
    lines += [f"{signs.STATUS[status]} {status_words(status)}" for status in Status]
    lines += ["", _("Of outgoing calls:")]
    lines += [f"{signs.STATUS[status]} {words}" for status, words in outgoing_words().items()]
    return "\n".join(lines)


def link_is_for_others() -> str:
    return _("Such a link is for a new colleague: pass it on. Nothing has changed for you.")


def cancelled() -> str:
    return _("Cancelled.")


def nothing_to_cancel() -> str:
    return _("There is nothing to cancel.")


def _sees(employee: Employee) -> str:
    if employee.role is Role.ADMINISTRATOR:
        return _("You see all calls of the company and manage who has access.")
    if employee.role is Role.SUPERVISOR:
        return _("You see all calls of the company.")
    if employee.extensions:
        return _("You see the calls of your own extensions.")
    return no_extensions()


def _hears(employee: Employee) -> bool:
    """Whether alerts can come: not to one whose extensions, where only those count, are none."""
    is_of_all = employee.role.sees_all and employee.alerts is AlertScope.ALL
    is_wanted = employee.role.takes_clients and employee.alerts is not AlertScope.NONE
    return is_wanted and (is_of_all or bool(employee.extensions))


def _line(command: tuple[str, str]) -> str:
    name, purpose = command
    return f"/{name} – {purpose[:1].lower()}{purpose[1:]}"

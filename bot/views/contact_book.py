"""The book of all contacts: a page of it, one contact, what is asked and said about it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.calls import CONTACT_LIMIT
from bot.domain.contacts import UNDO_SECONDS, Contact, ContactPage
from bot.domain.phones import spaced
from bot.views.contacts import added_by, title
from bot.views.formats import brief, quoted

_SIGN = "👤"
_NAME_WIDTH = 40


def page(shown: ContactPage) -> str:
    """A page of the book; a row's number is its button's."""
    if not shown.contacts:
        return "\n".join(
            [
                _heading(),
                _("There are none yet. Name a client with 👤 on a card, or send a file."),
            ]
        )
    rows = [
        f"{number}. {brief(one.name or spaced(one.numbers[0].number), _NAME_WIDTH)}\n"
        f"    {_numbers(one)}"
        for number, one in enumerate(shown.contacts, start=1)
    ]
    return "\n".join([f"{_heading()} {shown.total}", "", *rows])


def _heading() -> str:
    return f"{_SIGN} <b>" + _("Contacts") + "</b>"


def _numbers(shown: Contact) -> str:
    first, more = quoted(spaced(shown.numbers[0].number)), len(shown.numbers) - 1
    if not more:
        return first
    return ngettext("{number} and {count} more", "{number} and {count} more", more).format(
        number=first, count=more
    )


def contact(shown: Contact, *, zone: ZoneInfo, note: str | None = None) -> str:
    """One contact; `note`: what has just happened to it."""
    lines = [f"{_SIGN} <b>{title(shown)}</b>"]
    lines += [quoted(spaced(one.number)) for one in shown.numbers]
    if added := added_by(shown, zone):
        lines += ["", *added]
    if note:
        lines += ["", f"<i>{quoted(note)}</i>"]
    return "\n".join(lines)


def ask_name(shown: Contact) -> str:
    words = _("Send a new name, up to {limit} characters. Everyone will see it.")
    return "\n".join([f"<b>{title(shown)}</b>", "", words.format(limit=CONTACT_LIMIT)])


def ask_number(shown: Contact) -> str:
    words = _("Send another number of this client, or a contact from Telegram.")
    return "\n".join([f"<b>{title(shown)}</b>", "", words])


def ask_other(shown: Contact) -> str:
    words = _(
        "Which contact is the same client? Send a number of it, or the beginning of its name."
    )
    return "\n".join([f"<b>{title(shown)}</b>", "", words])


def no_such_contact() -> str:
    return _("I see no other contact with that number, or that name. Send it once more.")


def choose_other(shown: Contact) -> str:
    return _("Which of these is the same client as “{name}”?").format(name=title(shown))


def ask_to_join(shown: Contact, other: Contact) -> str:
    """Says what joining a contact into another one means."""
    name = other.name or shown.name
    numbers = [quoted(spaced(one.number)) for one in (*other.numbers, *shown.numbers)]
    lines = [
        _("Join “{name}” into “{other}”?").format(name=title(shown), other=title(other)),
        "",
        _("One contact stays: {name}").format(name=brief(name) if name else _("without a name")),
        *numbers,
        "",
        _(
            "Lost calls from any of these numbers are one case then, and a talk on any of them "
            "counts as a call back."
        ),
    ]
    return "\n".join(lines)


def joined() -> str:
    return _("It is one contact now")


def removed() -> str:
    """A toast."""
    return ngettext(
        "The contact is removed. You can bring it back within {count} second.",
        "The contact is removed. You can bring it back within {count} seconds.",
        UNDO_SECONDS,
    ).format(count=UNDO_SECONDS)


def brought_back() -> str:
    return _("The contact is back")


def too_late() -> str:
    return _("Too late: the contact is gone")


def candidates(shown: Sequence[Contact]) -> list[str]:
    """The labels of contacts to choose from, not quoted."""
    return [f"{one.name or ''} {spaced(one.numbers[0].number)}".strip() for one in shown]

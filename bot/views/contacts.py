"""A contact of the company: its name, its numbers, what is asked and said about them."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.calls import CONTACT_LIMIT, Call
from bot.domain.contacts import NUMBERS_LIMIT, Contact
from bot.domain.phones import spaced
from bot.views import parties
from bot.views.formats import brief, cut, date_time, one_line, quoted

_SIGN = "👤"


def contact(shown: Contact, call: Call, *, zone: ZoneInfo, note: str | None = None) -> str:
    """The contact of the call's client; `note`: what has just happened to it."""
    lines = [f"{_SIGN} <b>{title(shown)}</b>"]
    for one in shown.numbers:
        of_call = " – " + _("of this call") if one.number == call.client else ""
        lines.append(quoted(spaced(one.number)) + of_call)
    lines.append("")
    if len(shown.numbers) > 1:
        lines.append(_("A talk on any of these numbers counts as a call back."))
    lines.append(_("Everyone in the company sees contacts."))
    lines += added_by(shown, zone)
    if note:
        lines += ["", f"<i>{quoted(note)}</i>"]
    return "\n".join(lines)


def added_by(shown: Contact, zone: ZoneInfo) -> list[str]:
    """A line that says who added it and when, if that is known."""
    if shown.added_at is None:
        return []
    at = date_time(shown.added_at, zone)
    if shown.added_by is None:
        return [_("Added {time}").format(time=at)]
    return [_("Added by {who}, {time}").format(who=brief(shown.added_by, 40), time=at)]


def ask_name(call: Call) -> str:
    """Asks for the name of the client of a call."""
    client = quoted(cut(one_line(parties.client_title(call)), 200))
    lines = [
        f"<b>{client}</b>",
        "",
        _(
            "Send a name for this client, up to {limit} characters, or a contact from Telegram. "
            "Everyone will see it."
        ).format(limit=CONTACT_LIMIT),
    ]
    return "\n".join(lines)


def ask_number(call: Call) -> str:
    """Asks for one more number of the client of a call."""
    client = quoted(cut(one_line(parties.client_title(call)), 200))
    lines = [f"<b>{client}</b>", ""]
    lines.append(_("Send another number of this client, or a contact from Telegram."))
    return "\n".join(lines)


def name_expected() -> str:
    return _("Send the name as text, from 1 to {limit} characters.").format(limit=CONTACT_LIMIT)


def not_a_number() -> str:
    """Answers what is no number of a client: unreadable, hidden, or the company's own."""
    return _(
        "I see no client's number here. Send it with its code, like 067 123 45 67 or "
        "+380671234567; a number of the company itself cannot be added."
    )


def too_many() -> str:
    return ngettext(
        "A contact has at most {count} number.",
        "A contact has at most {count} numbers.",
        NUMBERS_LIMIT,
    ).format(count=NUMBERS_LIMIT)


def ask_to_take(number: str, other: Contact) -> str:
    """Asks what to do with a number that is of another contact."""
    whose = _("{number} is of the contact “{name}”.").format(
        number=quoted(spaced(number)), name=title(other)
    )
    if len(other.numbers) == 1:
        return whose + " " + _("Is it the same client? Then only this contact stays.")
    rest = ngettext(
        "It has {count} number.", "It has {count} numbers.", len(other.numbers)
    ).format(count=len(other.numbers))
    return f"{whose} {rest} " + _("What should be added?")


def ask_to_replace(shown: Contact, name: str) -> str:
    """Asks whether a shared contact's name is to stand in place of the present one."""
    return _("This client is called “{name}” here. Call them “{new}” from now on?").format(
        name=title(shown), new=brief(name)
    )


def named(shown: Contact, *, note: str) -> str:
    """A contact without the call of it; `note`: what has just happened to it."""
    numbers = [quoted(spaced(one.number)) for one in shown.numbers]
    name = [f"{_SIGN} <b>{title(shown)}</b>", *numbers] if shown.name else [_SIGN, *numbers]
    return "\n".join([*name, "", f"<i>{quoted(note)}</i>"])


def named_now() -> str:
    return _("This is the name now. Everyone in the company sees it.")


def hidden() -> str:
    return _("The number of this call is hidden: there is nothing to name.")


def no_name_shared() -> str:
    return _("This contact has no name; nothing was changed.")


def known_already() -> str:
    return _("It is so already")


def added(number: str) -> str:
    return _("Added: {number}").format(number=spaced(number))


def removed(number: str) -> str:
    return _("No longer of this client: {number}").format(number=spaced(number))


def back_again() -> str:
    return _("The number is back")


def forgotten() -> str:
    return _("The name is forgotten")


def as_it_was() -> str:
    return _("As it was")


def changed_since() -> str:
    return _("It was changed meanwhile: this is how it is now")


def title(shown: Contact) -> str:
    """Quoted; a contact without a name is called by its first number."""
    return brief(shown.name or spaced(shown.numbers[0].number))

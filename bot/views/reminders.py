"""Reminders: asked for, promised, due."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Call
from bot.views import cases, parties
from bot.views.formats import brief, cut, quoted, when


def choose(call: Call) -> str:
    return _("When should I remind you about {client}?").format(client=_client(call))


def ask_time(call: Call) -> str:
    soon = _("{minutes} min").format(minutes=30)
    lines = [
        "<b>" + _("Reminder: {client}").format(client=_client(call)) + "</b>",
        _("When? For example: {examples}").format(
            examples=f"<code>{soon}</code>, <code>18:30</code>, <code>25.12 10:00</code>"
        ),
    ]
    return "\n".join(lines)


def promised(call: Call, due_at: int, *, now: int, zone: ZoneInfo) -> str:
    time = when(due_at, now=now, zone=zone)
    return "⏰ " + _("I will remind you: {time}, {client}").format(client=_client(call), time=time)


def cancelled(call: Call) -> str:
    return _("I will not remind you about {client}").format(client=_client(call))


def not_reminded() -> str:
    """A toast: plain text."""
    return _("Reminder cancelled")


def reminded_again() -> str:
    """A toast: plain text."""
    return _("This reminder will come")


def reminders(shown: Sequence[tuple[Call, int]], *, now: int, zone: ZoneInfo) -> str:
    """The calls one is still to be reminded of, and when; a row's number is its button's."""
    if not shown:
        return _("You have no reminders. To add one, press ⏰ on the card of a call.")
    rows = [
        f"{number}. {when(due_at, now=now, zone=zone)}\n    {_client(call, 40)}"
        for number, (call, due_at) in enumerate(shown, start=1)
    ]
    return "\n".join(["⏰ <b>" + _("Your reminders") + "</b>", *rows])


def due(call: Call, *, now: int, zone: ZoneInfo) -> str:
    """The reminder itself."""
    lines = [
        "⏰ <b>" + _("You asked to be reminded") + "</b>",
        _client(call),
        _("The call at {time}").format(time=when(call.started_at, now=now, zone=zone)),
    ]
    if call.case:
        lines += cases.link(call.case, now=now, zone=zone)
    if call.comment:
        lines.append(f"💬 {brief(call.comment.text, 200)}")
    return "\n".join(lines)


def too_many(limit: int) -> str:
    return _("You have {count} reminders already, there is no room for more").format(count=limit)


def _client(call: Call, width: int = 100) -> str:
    return quoted(cut(parties.client_title(call), width))

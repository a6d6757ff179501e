"""Calls found from within any chat: rows of the list, and the card that is shared from it.

The list is for the one who types alone. The shared card is read by whoever is in the chat, of
whatever role or none, so there is no client's number on it, no comment and no price.
"""

import re
import unicodedata
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain import signs
from bot.domain.calls import Call, Direction
from bot.domain.hours import local_date
from bot.domain.phones import masked
from bot.domain.search import Unclear
from bot.views import parties
from bot.views.calls import dated, length
from bot.views.formats import ELLIPSIS, cut, duration, hour_minute, quoted, when
from bot.views.statuses import direction_words, status_words

_NUMBER = re.compile(r"\+?\d(?:(?:[^\w+]|_|(?<!\s)\+)*\d){4,}")
"""More digits than an extension has, whatever signs are between them, also in a name that people
gave; the +2 behind a name is none of it."""

_DIGITS = re.compile(r"\d+")
_MOST_DIGITS = 6
"""With more digits than so among its letters, a name is taken for a number all the same."""

_LOCAL_DIGITS, _WHOLE_DIGITS = 7, 10
"""A number with fewer than the latter is dialled as it is by people in the same town: only its end
is shown. With fewer than the former the end would be too much of it."""

_HOST = re.compile(r"@\S*\w\S*")
"""Where somebody is reached without a number: `sip:olena@pbx`, a mailbox, @account."""

_SHOWN = 100


def row(call: Call, *, now: int, zone: ZoneInfo) -> tuple[str, str]:
    """The title and the description of a call in the list: plain text, not HTML."""
    title = f"{signs.STATUS[call.status]} {parties.client_name(call)}"
    colleague = parties.short_caller if call.direction is Direction.OUT else parties.short_callee
    about = [parties.client_number(call), colleague(call), length(call)]
    lines = [
        f"{signs.DIRECTION[call.direction]} {when(call.started_at, now=now, zone=zone)}",
        ", ".join(one for one in about if one and one != "–"),
    ]
    return cut(title, _SHOWN), "\n".join(cut(line, _SHOWN) for line in lines)


def shared(call: Call, *, now: int, zone: ZoneInfo) -> str:
    """What everybody in a chat may read of a call."""
    ended = [_("Wait: {time}").format(time=duration(call.wait))]
    if call.talk:
        ended.append(_("Talk: {time}").format(time=duration(call.talk)))
    day = dated(local_date(call.started_at, zone), local_date(now, zone))
    at = f"{day}, {hour_minute(call.started_at, zone)}"
    return "\n".join(
        [
            f"{signs.STATUS[call.status]} <b>{status_words(call.status, call.direction)}</b>",
            f"{signs.DIRECTION[call.direction]} {direction_words(call.direction)}, {at}",
            "",
            _("Caller: {party}").format(party=_without_number(parties.caller_name(call))),
            _("Called: {party}").format(party=_without_number(parties.callee_name(call))),
            "",
            *ended,
        ]
    )


def nothing(why: Unclear | None) -> str:
    """Why the list is empty, within 64 characters; None: nothing was found."""
    match why:
        case None:
            return _("No such calls")
        case Unclear.TOO_LONG:
            return _("Too long")
        case Unclear.TOO_SHORT:
            return _("At least three digits or two letters")
        case Unclear.ONLY_SIGNS:
            return _("Letters and digits only")


def only_employees() -> str:
    """What a stranger sees in place of a list."""
    return _("For the company's employees only")


def _without_number(name: str) -> str:
    """The name with the numbers and addresses in it masked, quoted."""
    name = _HOST.sub(ELLIPSIS, name)
    plain = "".join(str(unicodedata.digit(sign, sign)) for sign in name)
    numbers = list(_NUMBER.finditer(plain))
    if len("".join(_DIGITS.findall(_NUMBER.sub("", plain)))) > _MOST_DIGITS:
        numbers = list(_DIGITS.finditer(plain))
    shown, end = "", 0
    for number in numbers:
        shown += name[end : number.start()] + _masked(number[0])
        end = number.end()
    return quoted(shown + name[end:])


def _masked(number: str) -> str:
    """`number`: as it is in a name, its digits in ASCII."""
    plus = "+" if number.startswith("+") else ""
    digits = "".join(_DIGITS.findall(number))
    if len(digits) >= _WHOLE_DIGITS:
        return masked(plus + digits)
    return ELLIPSIS + digits[-2:] if len(digits) >= _LOCAL_DIGITS else ELLIPSIS

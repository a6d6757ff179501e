"""Who called whom: names before numbers, and never nothing."""

from collections.abc import Sequence

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Call, Direction, EndedBy, Party
from bot.domain.phones import shown_number, spaced
from bot.domain.signs import HUNG_UP, NEW_CLIENT
from bot.views.formats import cut, one_line, quoted
from bot.views.widths import sign

_RUNG_SHOWN = 10
_WIDTH = 200
_COLLEAGUE_WIDTH = 64
_EXTENSION_WIDTH = 100


def caller_name(call: Call) -> str:
    """The shortest name of who called, not quoted."""
    if call.direction is Direction.IN:
        return _client_name(call, call.caller)
    return _colleague_name(call, call.caller, call.extension)


def callee_name(call: Call) -> str:
    """The shortest name of who was called, not quoted."""
    if call.direction is Direction.OUT:
        return _client_name(call, call.callee)
    if call.direction is Direction.INTERNAL or call.extension:
        return _colleague_name(call, call.callee, call.extension)
    if call.rang:
        first = _short(call.colleagues.get(call.rang[0], call.rang[0]))
        return f"{_first_word(first)} +{len(call.rang) - 1}" if len(call.rang) > 1 else first
    return _short(call.callee.name or call.queue or _number(call.callee) or call.line or "–")


def short_caller(call: Call) -> str:
    """Who called, for a row: of a colleague only the first word of the name, not quoted."""
    name = caller_name(call)
    return name if call.direction is Direction.IN else _first_word(name)


def short_callee(call: Call) -> str:
    """Who was called, for a row, not quoted."""
    name = callee_name(call)
    is_colleague = call.direction is Direction.INTERNAL or name in call.colleagues.values()
    return _first_word(name) if is_colleague else name


def client_name(call: Call) -> str:
    """The client's name or number, not quoted; for internal calls the caller's."""
    return callee_name(call) if call.direction is Direction.OUT else caller_name(call)


def client_number(call: Call) -> str | None:
    """The client's number as people read it, if the name shown is not the number itself."""
    party = call.callee if call.direction is Direction.OUT else call.caller
    number = spaced(call.client) if call.client else _number(party)
    number = _short(number) if number else None
    return number if number != client_name(call) else None


def client_title(call: Call, numbers: Sequence[str] = ()) -> str:
    """The client's name and number, or all these numbers of theirs, in one line, not quoted."""
    name = client_name(call)
    shown = [spaced(number) for number in numbers] or [client_number(call) or name]
    return ", ".join([name, *(number for number in shown if number != name)])


def new_client(*, calls: int) -> str:
    """The line that says so; `calls`: how many of the client's there are so far."""
    words = _("New client") if calls > 1 else _("New client, first call")
    return f"{NEW_CLIENT} {words}"


def hung_up(call: Call, side: EndedBy) -> str:
    """The mark behind the party that ended the call."""
    return sign(HUNG_UP) if call.ended_by is side else ""


def who_hung_up(call: Call) -> str:
    """The party that ended the call in words, quoted; empty if that is not known."""
    if call.ended_by is EndedBy.SYSTEM:
        return _("the PBX")
    if call.ended_by is EndedBy.UNKNOWN:
        return ""
    is_caller = call.ended_by is EndedBy.CALLER
    if call.direction is (Direction.IN if is_caller else Direction.OUT):
        return _("the client")
    return quoted(short_caller(call) if is_caller else short_callee(call))


def full_caller(call: Call) -> str:
    """Who called, for a card: name and number, quoted."""
    if call.direction is Direction.IN:
        return _full_client(call, EndedBy.CALLER)
    return _full_colleague(call, call.caller, call.extension) + hung_up(call, EndedBy.CALLER)


def full_callee(call: Call) -> str:
    """Who was called, for a card: name and number or extension, quoted."""
    if call.direction is Direction.OUT:
        return _full_client(call, EndedBy.CALLEE)
    mark = hung_up(call, EndedBy.CALLEE)
    if call.direction is Direction.INTERNAL or call.extension:
        return _full_colleague(call, call.callee, call.extension) + mark
    if call.rang:
        return rung(call) + mark
    return quoted(callee_name(call)) + mark


def rung(call: Call, extensions: Sequence[str] | None = None) -> str:
    """The extensions rung, of this call or those given, with their people, quoted."""
    rang = call.rang if extensions is None else extensions
    shown = [_with_extension(call, extension) for extension in rang[:_RUNG_SHOWN]]
    more = len(rang) - _RUNG_SHOWN
    if more > 0:
        shown.append(_("and {count} more").format(count=more))
    return ", ".join(shown)


def colleague(call: Call) -> str:
    """The employee who talked or called, not quoted."""
    party = call.callee if call.direction is Direction.IN else call.caller
    return _colleague_name(call, party, call.extension)


def _client_name(call: Call, party: Party) -> str:
    number = spaced(call.client) if call.client else _number(party)
    return _short(call.contact or party.name or number or party.sip or _("hidden number"))


def _full_client(call: Call, side: EndedBy) -> str:
    number = client_number(call)
    lines = [quoted(client_name(call)) + hung_up(call, side)]
    return "\n".join([*lines, quoted(number)] if number else lines)


def _colleague_name(call: Call, party: Party, extension: str | None) -> str:
    key = extension if call.direction is not Direction.INTERNAL else None
    key = key or party.number or party.sip or ""
    return _short(call.colleagues.get(key) or party.name or key or "–")


def _full_colleague(call: Call, party: Party, extension: str | None) -> str:
    key = extension if call.direction is not Direction.INTERNAL else None
    key = key or party.number or party.sip or ""
    name = _colleague_name(call, party, extension)
    key = _short(key)
    return quoted(name if name == key or not key else f"{name} ({key})")


def _with_extension(call: Call, extension: str) -> str:
    name = cut(one_line(call.colleagues.get(extension, "")), _COLLEAGUE_WIDTH)
    extension = cut(one_line(extension), _EXTENSION_WIDTH)
    return quoted(f"{name} ({extension})" if name else extension)


def _short(text: str) -> str:
    """Outsiders' text in bounds that no honest one exceeds."""
    return cut(one_line(text), _WIDTH)


def _first_word(name: str) -> str:
    return name.split()[0] if name.split() else name


def _number(party: Party) -> str | None:
    return shown_number(party.number)

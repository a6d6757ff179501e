"""Calling a client back from chat: how it goes, and what the press is answered with."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain import signs
from bot.domain.calling_back import Beginning, Dial, DialState
from bot.domain.calls import Call, Status
from bot.domain.phones import spaced
from bot.views import parties
from bot.views.cases import failure
from bot.views.formats import brief, cut, duration, hour_minute, quoted, when

_NAME = 40
_REASON = 200

_RANG = {Status.NO_ANSWER, Status.REJECTED_BY_SUBSCRIBER, Status.CANCELLED_BY_OPERATOR}
"""How a call ended that somebody has heard ringing."""


def progress(
    dial: Dial, call: Call | None, origin: Call | None, *, now: int, zone: ZoneInfo
) -> str:
    """How the call goes: `call` as the log has it, `origin` the one whose client is called."""
    number, shown = spaced(dial.number), origin or call
    name = (shown and parties.client_name(shown).strip()) or number
    lines = [f"☎️ <b>{quoted(name)}</b>", *([number] if name != number else [])]
    time = when(dial.asked_at, now=now, zone=zone)
    lines.append(_("From {phone}, {time}").format(phone=brief(dial.extension), time=time))
    return "\n".join([*lines, "", *_state(dial, call, zone)])


def is_in_vain(dial: Dial, call: Call | None) -> bool:
    """Whether it is over and nobody has talked."""
    has_talked = call is not None and (call.talk or call.status is Status.ANSWERED)
    return dial.over_at is not None and not has_talked


def choose_phone(call: Call) -> str:
    client = quoted(cut(parties.client_title(call), 100))
    return _("☎️ {client}\nFrom which of your phones?").format(client=client)


def begun(extension: str) -> str:
    """A toast: plain text."""
    return _("☎️ Your phone {phone} will ring. Pick it up, then the client is called.").format(
        phone=cut(extension, _NAME)
    )


def barred(beginning: Beginning, other: Dial) -> str:
    """Why no call was begun, `other` being in its way. A toast: plain text."""
    number, who = spaced(other.number), cut(other.employee, _NAME)
    match beginning:
        case Beginning.ANOTHER_CLIENT:
            return _("You are calling {number} now. One client at a time.").format(number=number)
        case Beginning.SAME_PHONE:
            return _("{who} is calling from this phone now.").format(who=who)
        case Beginning.SAME_CLIENT:
            return _("{who} is calling this client now.").format(who=who)
    if other.over_at is None:
        return _("☎️ You are calling this client already: one call is enough.")
    return _("You have just called this client. Press again in a few seconds.")


def not_called() -> str:
    return _("Nobody was called.")


def _state(dial: Dial, call: Call | None, zone: ZoneInfo) -> list[str]:
    if call is not None:
        return _of_call(call, zone)
    phone = brief(dial.extension)
    match dial.state:
        case DialState.REFUSED:
            lines = ["⚠️ " + _("The PBX refused, nobody was called.")]
            return [*lines, brief(dial.reason, _REASON)] if dial.reason else lines
        case DialState.UNSURE:
            return [
                "❓ " + _("The PBX did not confirm: it is not known whether the call began."),
                _("It will not be dialled again by itself."),
            ]
        case DialState.SILENT:
            return [
                "❓ " + _("Nothing has been heard of this call yet."),
                _("If the PBX tells of it later, the result will stand here."),
            ]
        case DialState.NOT_PICKED_UP:
            return [
                "🔕 "
                + _("{phone} was not picked up, so the client was not called.").format(phone=phone)
            ]
        case DialState.BUSY:
            return [
                "🚫 " + _("{phone} is busy, so the client was not called.").format(phone=phone)
            ]
        case DialState.UNREACHABLE:
            return [
                "📵 "
                + _("{phone} cannot be rung, so the client was not called.").format(phone=phone)
            ]
    return [
        f"{signs.STATUS[Status.RINGING]} "
        + _("{phone} is ringing: pick it up").format(phone=phone)
    ]


def _of_call(call: Call, zone: ZoneInfo) -> list[str]:
    if call.status.is_live and call.answered_at is None:
        return [f"{signs.STATUS[Status.RINGING]} " + _("Ringing the client…")]
    if not call.is_over:
        since = call.answered_at
        talking = _("Talking…")
        if since is not None:
            talking = _("Talking since {time}").format(time=hour_minute(since, zone))
        return [f"🗣 {talking}"]
    if call.is_end_unknown:
        return ["❓ " + _("The PBX never said how this call ended.")]
    if call.talk:
        talked = _("Talked for {time}").format(time=duration(call.talk))
        return [f"{signs.STATUS[Status.ANSWERED]} {talked}"]
    if call.status is Status.ANSWERED:
        return [f"{signs.STATUS[Status.ANSWERED]} " + _("Answered")]
    words = {
        Status.REJECTED_BY_SUBSCRIBER: _("Busy or declined"),
        Status.CANCELLED_BY_OPERATOR: _("You hung up before the answer"),
    }.get(call.status, failure(call.status))
    line = f"{signs.STATUS[call.status]} {words[:1].upper()}{words[1:]}"
    if call.wait and call.status in _RANG:
        line += ", " + _("rang for {time}").format(time=duration(call.wait))
    return [line]

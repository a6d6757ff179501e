"""What the bot says unasked: lost calls, input it cannot read, people it cannot reach."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot import signs
from bot.models import Call, Status
from bot.views import parties
from bot.views.formats import brief, day, duration, hour_minute, local, quoted
from bot.views.statuses import status_words


def lost_call(call: Call, *, now: int, zone: ZoneInfo) -> str:
    number = parties.client_number(call)
    when = hour_minute(call.started_at, zone)
    started = local(call.started_at, zone).date()
    if started != local(now, zone).date():
        when = f"{day(started)}, {when}"
    facts = [when, _("waited {time}").format(time=duration(call.wait))]
    if call.queue:
        facts.append(_("queue “{queue}”").format(queue=brief(call.queue)))
    elif call.line:
        facts.append(_("line {line}").format(line=brief(call.line)))
    title = _("A call was missed")
    lines = [f"{signs.STATUS[call.status]} <b>{title}</b>"]
    if call.status is not Status.MISSED:
        lines.append(status_words(call.status))
    lines.append(quoted(parties.client_name(call)))
    if number:
        lines.append(quoted(number))
    lines.append(", ".join(facts))
    if call.rang:
        lines.append(_("Rang: {phones}").format(phones=parties.rung(call)))
    return "\n".join(lines)


def rejects(source: str, reason: str | None) -> str:
    lines = [
        _("⚠️ Some input of the source “{source}” could not be read.").format(source=quoted(source))
    ]
    if reason:
        lines.append(f"<code>{quoted(reason[:500])}</code>")
    lines.append(_("It is kept; /health shows how much. You are told of this once."))
    return "\n".join(lines)


def unreachable(name: str) -> str:
    return _(
        "⚠️ {name} cannot be reached: the bot is blocked or was never started. "
        "Alerts to this person are off until they write to the bot."
    ).format(name=brief(name))

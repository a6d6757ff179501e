"""What the bot says unasked: lost calls, input it cannot read, people it cannot reach."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain import signs
from bot.domain.calls import CaseState, Status
from bot.domain.cases import Case
from bot.views import cases, parties
from bot.views.formats import (
    brief,
    cut,
    date_time,
    duration,
    hour_minute,
    one_line,
    quoted,
    span,
    when,
)
from bot.views.statuses import end_unknown, error_before_answer, status_words
from bot.views.widths import LINE, fit, sign, width

_ERROR_WIDTH = 300
"""Characters of why a PBX does not answer."""

_SMALLEST = 2.5
"""Em below which the beginning of a name tells nothing."""


def lost_call(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """The alert of a case, as the case is now: one message in each chat, edited as it goes on."""
    call = case.call
    number = parties.client_number(call)
    facts = [
        when(call.started_at, now=now, zone=zone),
        end_unknown()
        if call.is_end_unknown
        else _("waited {time}").format(time=duration(call.wait)),
    ]
    if call.queue:
        facts.append(_("queue “{queue}”").format(queue=brief(call.queue)))
    elif call.line:
        facts.append(_("line {line}").format(line=brief(call.line)))
    title = _("A call was missed")
    if case.lost > 1:
        title = f"{title} ×{case.lost}"
    lines = [f"{_sign(case)} <b>{title}</b>" if case.is_open else f"{_sign(case)} <s>{title}</s>"]
    if call.status not in {Status.MISSED, Status.MISSED_CALLED_BACK}:
        lines.append(error_before_answer(call) or status_words(call.status))
    lines.append(quoted(parties.client_name(call)))
    if number:
        lines.append(quoted(number))
    if case.is_of_new_client:
        lines.append(parties.new_client(calls=case.lost))
    lines.append(", ".join(facts))
    if case.lost > 1:
        first = when(case.opened_at, now=now, zone=zone)
        lines.append(_("First call: {time}").format(time=first))
    if case.rang:
        lines.append(_("Rang: {phones}").format(phones=parties.rung(call, case.rang)))
    lines += cases.progress(case, now=now, zone=zone)
    if call.comment:
        author = brief(call.comment.author)
        lines.append(f"{signs.COMMENTED} {author}: {brief(call.comment.text, 200)}")
    return "\n".join(lines)


def lost_calls(cases: Sequence[Case], *, zone: ZoneInfo, number: int = 1) -> str:
    """The list of many cases at once, as they are now; `number`: the how manieth such list."""
    title = _("Missed calls")
    if number > 1:
        title = _("Missed calls, list {number}").format(number=number)
    is_over = not any(case.is_open for case in cases)
    head = f"✅ <s>{title}</s>" if is_over else f"🔴 <b>{title}</b>"
    free = sum(case.is_open and case.owner is None for case in cases)
    taken = sum(case.is_open and case.owner is not None for case in cases)
    facts = [ngettext("{count} client", "{count} clients", len(cases)).format(count=len(cases))]
    if free < len(cases):
        facts.append(_("{count} free").format(count=free))
        facts += [_("{count} taken").format(count=taken)] if taken else []
        over = len(cases) - free - taken
        facts += [_("{count} closed").format(count=over)] if over else []
    told = ", ".join(facts)
    rows = [_row(place, case, zone) for place, case in enumerate(cases, start=1)]
    return "\n".join([head, told[:1].upper() + told[1:], "", *rows])


def _row(number: int, case: Case, zone: ZoneInfo) -> str:
    """One line: when, who, how often; then who has taken it, how it ended, or where it came in."""
    start = f"{number}. {hour_minute(case.last_lost_at, zone)} "
    times = sign(f"×{case.lost}") if case.lost > 1 else ""
    is_free = case.is_open and case.owner is None
    times += sign(signs.NEW_CLIENT) if case.is_of_new_client and is_free else ""
    client = parties.client_name(case.call)
    if not case.is_open:
        mark = sign(cases.end_sign(case))
        return (
            f"{start}<s>{quoted(fit(client, LINE - width(start + times + mark)))}</s>{times}{mark}"
        )
    room = LINE - width(start + times)
    if case.owner:
        owner = one_line(case.owner.name).partition(" ")[0]
        mark = f"{sign('🙋')} "
        client = fit(client, room - width(mark) - min(_SMALLEST, width(owner)))
        owner = fit(owner, room - width(client + mark))
        return f"{start}{quoted(client)}{times}{mark}{quoted(owner)}"
    client, place = fit(client, room), one_line(case.call.queue or case.call.line or "")
    place = f", {place}" if place else ""
    end = place if width(client + place) <= room else ""
    return f"{start}{quoted(client)}{times}{quoted(end)}"


def not_yours() -> str:
    """Replaces the alert of a case, or a list of cases, that the person may see no more."""
    return f"↩️ {cases.not_yours()}"


def claim_is_over(case: Case, *, minutes: int, now: int, zone: ZoneInfo) -> str:
    """Asks the owner, once, whether they still see to the client."""
    client = quoted(parties.client_title(case.call))
    since = when(case.owned_at or now, now=now, zone=zone)
    return "\n".join(
        [
            "⏰ "
            + _("You have taken this client: {client} ({time})").format(time=since, client=client),
            _("Nobody has talked with them yet. Are you still on it?"),
            _("If you do not answer, the client will be free again in {minutes} min.").format(
                minutes=minutes
            ),
        ]
    )


def claim_answered(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """Replaces the question to the owner: how the case stands."""
    client = quoted(parties.client_title(case.call))
    return "\n".join([f"⏰ {client}", *cases.progress(case, now=now, zone=zone)])


def taken_by_another(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """Warns somebody who dials a client whom a colleague has taken."""
    owner = brief(case.owner.name if case.owner else "–")
    return "⚠️ " + _("{owner} is already handling {client} (since {time}).").format(
        owner=owner,
        client=quoted(parties.client_title(case.call)),
        time=when(case.owned_at or now, now=now, zone=zone),
    )


def rejects(source: str, reason: str | None) -> str:
    lines = [
        _("⚠️ Some data from the source “{source}” could not be read.").format(
            source=quoted(source)
        )
    ]
    if reason:
        lines.append(f"<code>{quoted(reason[:500])}</code>")
    lines.append(_("It is kept; /health shows how much. You are told this only once."))
    return "\n".join(lines)


def feed_lost(source: str, since: int, error: str | None, *, zone: ZoneInfo) -> str:
    """Tells administrators that a PBX cannot be reached, and why."""
    words = _("⚠️ The PBX “{source}” has not answered since {time}.")
    lines = [words.format(source=quoted(source), time=date_time(since, zone))]
    if error:
        lines.append(f"<code>{quoted(cut(one_line(error), _ERROR_WIDTH))}</code>")
    lines.append(_("New calls will not be seen until it does. The bot keeps trying."))
    return "\n".join(lines)


def feed_back(source: str, since: int, until: int) -> str:
    """Tells them that it answers again, after which time."""
    words = _("✅ The PBX “{source}” answers again, after {time}.")
    return words.format(source=quoted(source), time=span(until - since))


def silent(source: str, since: int, *, usual_gap: int, now: int, zone: ZoneInfo) -> str:
    """Tells administrators that no call comes, though usually one would."""
    words = _("⚠️ No call has come from the PBX “{source}” since {time}.")
    return "\n".join(
        [
            words.format(source=quoted(source), time=when(since, now=now, zone=zone)),
            _("At such a time one usually comes every {time}.").format(time=span(usual_gap)),
            _(
                "Call your own number, and look at /health. "
                "{command} on the server says whether the bot reaches the PBX."
            ).format(command="<code>dzvinok check</code>"),
            _("A day off? Set it in {settings}.").format(settings="/settings"),
        ]
    )


def heard_again(source: str, seconds: int) -> str:
    """Tells them that calls come again, after so many seconds."""
    words = _("✅ Calls come from the PBX “{source}” again, after {time}.")
    return words.format(source=quoted(source), time=span(seconds))


def clock_is_off(source: str, *, shift: int, zone: str) -> str:
    """Tells administrators that the times of a source are hours late (early: below 0)."""
    time = clock_span(abs(shift))
    words = (
        _("⚠️ By their own times, calls from the source “{source}” arrive {time} h late.")
        if shift > 0
        else _("⚠️ By their own times, calls from the source “{source}” arrive {time} h early.")
    )
    setting = f"<code>SOURCES__{quoted(source.upper())}__TIMEZONE={quoted(zone)}</code>"
    return "\n".join(
        [
            words.format(source=quoted(source), time=time),
            _(
                "Nobody is alerted to late calls. "
                "The time zone is probably wrong; this would fix it:"
            ),
            setting,
            _("If the times are written with an offset, it must be corrected in the PBX."),
            _("You are told this only once."),
        ]
    )


def clock_jumped(before: int, after: int, *, zone: ZoneInfo) -> str:
    """Tells administrators that the clock of the computer was set, from one moment to another."""
    words = (
        _("⚠️ The server's clock jumped forward: it showed {before}, now it shows {after}.")
        if after > before
        else _("⚠️ The server's clock jumped back: it showed {before}, now it shows {after}.")
    )
    return "\n".join(
        [
            words.format(before=date_time(before, zone), after=date_time(after, zone)),
            _("All that is due goes by the new time. If it is wrong, correct the server's clock."),
        ]
    )


def clock_span(seconds: int) -> str:
    """2:00, 5:45: hours and minutes."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def unreachable(name: str) -> str:
    return _(
        "⚠️ {name} cannot be reached: the bot is blocked or was never started. "
        "Alerts to this person are off until they write to the bot."
    ).format(name=brief(name))


def _sign(case: Case) -> str:
    """The sign of the call's status, or of how the case ended if no call back ended it."""
    if case.is_open or case.state is CaseState.CALLED_BACK:
        return signs.STATUS[case.call.status]
    return cases.end_sign(case)

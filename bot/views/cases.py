"""A case in words: how far it has come, its card, and the answers to presses about it."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain import signs
from bot.domain.calls import COMMENT_LIMIT, Call, CaseLink, CasePart, CaseState, Direction, Status
from bot.domain.cases import Case, CaseAction, CaseActionKind
from bot.domain.people import Employee
from bot.views import parties
from bot.views.formats import brief, cut, one_line, quoted, rough_span, span, when
from bot.views.statuses import status_words

_DAY = 86400
_WORDS_LIMIT = 200
_AGEING, _OLD = 15 * 60, 60 * 60
"""Seconds after which a case turns orange, and red."""


def card(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """Everything about one case."""
    call = case.call
    number = parties.client_number(call)
    is_returned = not case.is_open and case.state is not CaseState.EXPIRED
    title = _("Closed") if is_returned else _("Not called back")
    lines = [f"{age_sign(case, now)} <b>{title}</b>", quoted(parties.client_name(call))]
    if number:
        lines.append(quoted(number))
    if case.is_of_new_client:
        lines.append(parties.new_client(calls=case.lost))
    lines.append("")
    opened = when(case.opened_at, now=now, zone=zone)
    last = when(case.last_lost_at, now=now, zone=zone)
    missed = ngettext("Missed {count} time", "Missed {count} times", case.lost)
    lines.append(missed.format(count=case.lost))
    if case.lost > 1:
        times = _("the first {first}, the last {last}").format(first=opened, last=last)
        lines[-1] += f": {times}"
    else:
        lines[-1] += f": {opened}"
    if case.is_open:
        lines.append(_("Waiting for {age}").format(age=span(now - case.opened_at)))
    if place := _place(case):
        lines.append(place)
    if case.rang:
        lines.append(_("Rang: {phones}").format(phones=parties.rung(call, case.rang)))
    lines += progress(case, now=now, zone=zone)
    if call.comment:
        author = brief(call.comment.author)
        lines += [
            "",
            f"{signs.COMMENTED} {author}: {quoted(cut(call.comment.text, COMMENT_LIMIT))}",
        ]
    return "\n".join(lines)


def link(case: CaseLink, *, now: int, zone: ZoneInfo) -> list[str]:
    """The lines in which the card of a call tells of the case the call belongs to."""
    if case.part is CasePart.ATTEMPT:
        return [_("An attempt to call back")]
    took = span(case.closed_at - case.opened_at) if case.closed_at is not None else ""
    if case.part is CasePart.CLOSING:
        words = _("This call reached the client, after {took}").format(took=took)
        return [f"✅ {words}"]
    if case.state is CaseState.OPEN:
        lines = [_("Not called back for {age}").format(age=span(now - case.opened_at))]
        if case.owner and case.owned_at is not None:
            lines.append(_taken(case, case.handed_by, now=now, zone=zone))
        return lines
    if case.state is CaseState.EXPIRED:
        return ["⌛ " + _("Nobody has called back")]
    if case.state is CaseState.CALLED_BACK and case.closed_at is None:
        return ["✅ " + _("Called back, according to the PBX")]
    who = brief(case.closed_by or "–")
    time = when(case.closed_at, now=now, zone=zone) if case.closed_at is not None else ""
    words = {
        CaseState.CALLED_BACK: _("Called back: {who}, {time}, after {took}"),
        CaseState.GOT_THROUGH: _("The client got through: {time}, answered by {who}"),
        CaseState.BY_HAND: _("Closed by hand: {who}, {time}"),
    }.get(case.state, "")
    if not words or not time:
        return []
    lines = ["✅ " + words.format(who=who, time=time, took=took)]
    return [*lines, f"💬 {brief(case.words, _WORDS_LIMIT)}"] if case.words else lines


def fate(case: Case | CaseLink) -> str:
    """For a row of a list: who has the case, or how it ended and after how long; not quoted."""
    if case.state is CaseState.OPEN:
        return _("with {who}").format(who=cut(one_line(case.owner.name), 20)) if case.owner else ""
    if case.state is CaseState.EXPIRED:
        return _("not called back")
    if case.closed_at is None:
        return _("called back") if case.state is CaseState.CALLED_BACK else ""
    words = {
        CaseState.CALLED_BACK: _("called back after {took}"),
        CaseState.GOT_THROUGH: _("got through after {took}"),
        CaseState.BY_HAND: _("closed by hand after {took}"),
    }.get(case.state, "")
    return words.format(took=rough_span(case.closed_at - case.opened_at))


def ask_reason(case: Case) -> str:
    client = quoted(cut(parties.client_title(case.call), 100))
    return "\n".join(
        [
            "<b>" + _("Closing by hand: {client}").format(client=client) + "</b>",
            _("Why? Choose, or send a text, up to {limit} characters.").format(
                limit=COMMENT_LIMIT
            ),
        ]
    )


def ask_words(case: Case) -> str:
    client = quoted(cut(parties.client_title(case.call), 100))
    return "\n".join(
        [
            "<b>" + _("Taking: {client}").format(client=client) + "</b>",
            _(
                "What should colleagues know? Choose, or send a text, up to {limit} characters."
            ).format(limit=COMMENT_LIMIT),
        ]
    )


def ready_reasons() -> list[str]:
    """The most frequent reasons for closing a case by hand; also the labels of buttons."""
    return [
        _("Called back from another phone"),
        _("The client wrote or came in person"),
        _("Wrong number"),
        _("Advertising or spam"),
    ]


def ready_words() -> list[str]:
    """The most frequent remarks of people who take a client; also the labels of buttons."""
    return [
        _("Calling now"),
        _("Will call within the hour"),
        _("Will call tomorrow"),
    ]


def quoted_toast(toast: str) -> str:
    """A toast as a message, safe in HTML: toasts themselves are plain text."""
    return quoted(toast)


def about(case: Case, toast: str) -> str:
    """A toast in a message of its own, which has to say whom it is about."""
    return f"{toast}\n{cut(parties.client_title(case.call), 100)}"


def choose_person(case: Case) -> str:
    client = quoted(cut(parties.client_title(case.call), 100))
    return _("Who should take {client}?").format(client=client)


def taken() -> str:
    return _("The client is yours")


def taken_already(case: Case | CaseLink, *, now: int, zone: ZoneInfo) -> str:
    """Tells whoever was slower that a colleague has the case. A toast: plain text."""
    time = when(case.owned_at or now, now=now, zone=zone)
    name = cut(case.owner.name if case.owner else "–", 60)
    return _("{who} has already taken it, {time}").format(who=name, time=time)


def colleague_has_it(
    case: Case | CaseLink, viewer: Employee, *, now: int, zone: ZoneInfo
) -> str | None:
    """Warns whoever opens a case that a colleague has it. A toast: plain text."""
    if not case.is_open or not case.is_held_by_a_colleague_of(viewer):
        return None
    return f"⚠️ {taken_already(case, now=now, zone=zone)}"


def over() -> str:
    return _("Already closed")


def returned() -> str:
    return _("The client is free again")


def extended() -> str:
    return _("10 more minutes")


def not_yours() -> str:
    return _("This client is no longer yours")


def handed(person: str) -> str:
    return _("Handed over to {who}").format(who=cut(person, 60))


def out_of_reach() -> str:
    return _("This person cannot be told now")


def ignored() -> str:
    return _("No more alerts about this number")


def reopened() -> str:
    return _("Open again")


def too_late_to_reopen() -> str:
    return _("This can no longer be undone: the client has a newer case, or its time is over")


def closed() -> str:
    return _("Closed by hand")


def _place(case: Case) -> str:
    call = case.call
    if call.queue:
        text = _("queue “{queue}”").format(queue=brief(call.queue))
    elif call.line:
        text = _("line {line}").format(line=brief(call.line))
    else:
        return ""
    return text[:1].upper() + text[1:]


def progress(case: Case, *, now: int, zone: ZoneInfo) -> list[str]:
    """The lines that tell what was done about the case: owner, attempts, ending."""
    lines = []
    if case.owner and case.owned_at is not None:
        came = _claim(case)
        by = came.who if came and came.kind is CaseActionKind.HANDED else None
        by = by if by and by.id != case.owner.id else None
        taken = _taken(case, by.name if by else None, now=now, zone=zone)
        lines.append(f"{taken}{_words(came)}")
    elif case.is_open and (freed := _latest(case, CaseActionKind.RETURNED, CaseActionKind.FREED)):
        time = when(freed.at, now=now, zone=zone)
        lines.append("↩️ " + _("Free again since {time}").format(time=time))
    if dialled := _latest(case, CaseActionKind.DIALLED):
        who, time = dialled.who, when(dialled.at, now=now, zone=zone)
        called = _("Called from chat: {who}, {time}")
        lines.append("☎️ " + called.format(who=brief(who.name if who else "–"), time=time))
    if case.attempt:
        lines.append(attempts(case, now=now, zone=zone))
    if not case.is_open:
        lines.append(ending(case, now=now, zone=zone))
    return lines


def attempts(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """How often the company called in vain, and what came of it the last time."""
    call = case.attempt
    if call is None:
        return _("No attempts yet")
    time = when(call.started_at, now=now, zone=zone)
    sign, words = signs.STATUS[call.status], failure(call.status)
    if case.attempts == 1:
        return f"{sign} " + _("Attempt {time}: {words}").format(time=time, words=words)
    return f"{sign} " + _("{count} attempts, the last {time}: {words}").format(
        count=case.attempts, time=time, words=words
    )


def moved() -> str:
    """Answers the press of a row whose case goes on in another case's message."""
    return _("This client is now in another message")


def ending(case: Case, *, now: int, zone: ZoneInfo) -> str:
    """How the case ended, by whom, when and after how long."""
    if case.state is CaseState.VOID:
        return "✅ " + _why_void(case.call)
    if case.state is CaseState.EXPIRED:
        days = round((case.expires_at - case.opened_at) / _DAY)
        return "⌛ " + ngettext(
            "Nobody called back within {count} day",
            "Nobody called back within {count} days",
            days,
        ).format(count=days)
    if case.closed_at is None:
        return "✅ " + _("Called back, according to the PBX")
    time = when(case.closed_at, now=now, zone=zone)
    took = span(case.closed_at - case.opened_at)
    if case.state is CaseState.BY_HAND:
        action = _latest(case, CaseActionKind.CLOSED)
        who = brief(action.who.name) if action and action.who else "–"
        line = "✅ " + _("Closed by hand: {who}, {time}").format(who=who, time=time)
        if action and not action.text:
            line += "\n🙈 " + _("The number is ignored")
        return line + _words(action)
    who = quoted(parties.colleague(case.closing)) if case.closing else "–"
    if case.state is CaseState.CALLED_BACK:
        return "✅ " + _("Called back: {who}, {time}, after {took}").format(
            who=who, time=time, took=took
        )
    return "✅ " + _("The client got through: {time}, answered by {who}").format(
        who=who, time=time
    )


def age_sign(case: Case, now: int) -> str:
    if not case.is_open:
        return end_sign(case)
    age = now - case.opened_at
    return "🔴" if age >= _OLD else "🟠" if age >= _AGEING else "🟡"


def end_sign(case: Case) -> str:
    """How a case that is over ended: nobody called back, or the client was seen to."""
    return "⌛" if case.state is CaseState.EXPIRED else "✅"


def _why_void(call: Call) -> str:
    """Why what was told of is no case of its own; `call`: the latest lost one it had."""
    if call.lost and call.case:
        return _("This client is now in another message")
    if call.lost:
        return _("No call back is needed: too short a call, or an ignored number")
    if call.talk or call.status is Status.ANSWERED:
        return _("Not missed after all: the call was answered")
    return _("This was no missed call of a client after all")


def _taken(case: Case | CaseLink, by: str | None, *, now: int, zone: ZoneInfo) -> str:
    """Who has the case since when, and, if they were handed it, from whom."""
    who = brief(case.owner.name if case.owner else "–")
    time = when(case.owned_at or now, now=now, zone=zone)
    if by:
        handed = _("Handed over: {by} → {who}, {time}")
        return "👥 " + handed.format(by=brief(by), who=who, time=time)
    return "🙋 " + _("Taken: {who}, {time}").format(who=who, time=time)


def failure(status: Status) -> str:
    """Why an outgoing call failed, in the fewest words."""
    words = {
        Status.NO_ANSWER: _("no answer"),
        Status.REJECTED_BY_SUBSCRIBER: _("declined"),
        Status.UNREACHABLE: _("unreachable"),
        Status.CANCELLED_BY_OPERATOR: _("hung up before the answer"),
        Status.NETWORK_ERROR: _("network error"),
    }
    return words.get(status) or status_words(status, Direction.OUT).lower()


def _latest(case: Case, *kinds: CaseActionKind) -> CaseAction | None:
    return next((action for action in reversed(case.actions) if action.kind in kinds), None)


def _claim(case: Case) -> CaseAction | None:
    """The action by which the owner came to have the case.

    What others did when it was another case, of another number of the client, may follow.
    """
    for action in reversed(case.actions):
        is_taking = action.kind is CaseActionKind.TAKEN
        person = action.who if is_taking else action.other
        is_claim = is_taking or action.kind is CaseActionKind.HANDED
        if is_claim and person and case.owner and person.id == case.owner.id:
            return action
    return None


def _words(action: CaseAction | None) -> str:
    """What was said with the action, in a line of its own."""
    return f"\n💬 {brief(action.text, _WORDS_LIMIT)}" if action and action.text else ""

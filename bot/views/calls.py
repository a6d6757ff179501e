"""The log, a day's numbers, the card of a call, the calendar."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain import signs
from bot.domain.calls import COMMENT_LIMIT, Call, CasePart, Direction, EndedBy
from bot.domain.hours import local_date, local_time
from bot.domain.log import DayNumbers, Page
from bot.views import cases, parties
from bot.views.formats import (
    brief,
    cut,
    day,
    duration,
    full_day,
    hour_minute,
    hour_minute_second,
    money,
    quoted,
    weekday,
)
from bot.views.statuses import (
    direction_words,
    end_unknown,
    error_before_answer,
    status_words,
)
from bot.views.widths import INDENT, LINE, NBSP, fit, sign, width

_NOBODY = {"", "–"}


def day_log(
    page: Page, numbers: DayNumbers | None, on: date, *, filters: str, now: int, zone: ZoneInfo
) -> str:
    """The calls of one day under its numbers. `filters`: what else is chosen, in quoted words."""
    today = local_date(now, zone)
    if on == today:
        title = _("Today's calls, {day}").format(day=day(on))
    else:
        title = _("Calls: {day}").format(day=f"{weekday(on)}, {dated(on, today)}")
    head = [f"<b>{title}</b>"]
    if numbers is not None and numbers.total:
        head += [*_numbers(numbers)]
    head += _filters(filters)
    empty = "" if filters else _("No calls on this day. The whole log: /log")
    return "\n".join(head) + "\n\n" + _rows(page, now=now, zone=zone, empty=empty)


def log_title(client: str | None) -> str:
    """Of the journal, or of the part of it with one client (a name or number)."""
    if client is None:
        return _("Call log")
    return _("All calls: {client}").format(client=quoted(cut(client, 100)))


def whole_log(
    page: Page,
    title: str,
    *,
    filters: str,
    story: Sequence[str] = (),
    note: str = "",
    is_part: bool = False,
    now: int,
    zone: ZoneInfo,
) -> str:
    """The journal, newest first, or a part of it.

    `filters`: what else is chosen, in quoted words; `title`, `story` and `note` are quoted, too.
    """
    head = [f"<b>{title}</b>", *story, *_filters(filters), *([note] if note else [])]
    empty = "" if is_part else _("There are no calls yet.")
    return "\n".join(head) + "\n\n" + _rows(page, now=now, zone=zone, empty=empty, with_days=True)


def no_extensions() -> str:
    return _(
        "You see the calls of your own extensions, but none is assigned to you yet. "
        "Ask your administrator."
    )


def card(call: Call, *, now: int, zone: ZoneInfo, note: str | None = None) -> str:
    """Everything about one call; `note` is what has just happened to it."""
    started = local_time(call.started_at, zone)
    today = local_date(now, zone)
    lines = [
        f"{signs.STATUS[call.status]} <b>{status_words(call.status, call.direction)}</b>",
        f"{signs.DIRECTION[call.direction]} {direction_words(call.direction)}, "
        f"{dated(started.date(), today)}, {hour_minute(call.started_at, zone)}",
    ]
    if error := error_before_answer(call):
        lines.insert(1, error)
    if call.is_first:
        lines.append(parties.new_client(calls=1))
    if call.is_end_unknown:
        lines.append(_("The PBX never said how this call ended."))
    if call.status.value == "unknown_error" and call.raw_status:
        lines.append(_("The PBX says: {words}").format(words=brief(call.raw_status)))
    lines += [
        "",
        _("Caller: {party}").format(party=parties.full_caller(call)),
        _("Called: {party}").format(party=parties.full_callee(call)),
    ]
    is_ours = call.direction is Direction.OUT
    if not is_ours and call.rang and call.extension and set(call.rang) != {call.extension}:
        lines.append(_("Phones that rang: {phones}").format(phones=parties.rung(call)))
    if place := _line_and_queue(call):
        lines.append(place)
    if call.case and (done := cases.link(call.case, now=now, zone=zone)):
        lines += ["", *done]
    lines += ["", *_times(call, now=now, zone=zone)]
    if call.comment:
        when = hour_minute(call.comment.written_at, zone)
        written = local_date(call.comment.written_at, zone)
        if written != today:
            when = f"{dated(written, today)}, {when}"
        author = brief(call.comment.author)
        text = quoted(cut(call.comment.text, COMMENT_LIMIT))
        lines += ["", f"{signs.COMMENTED} {author}, {when}:", text]
    else:
        absent = _("No comment yet")
        lines += ["", f"{signs.NOT_COMMENTED} {absent}"]
    if note:
        lines += ["", f"<i>{note}</i>"]
    return "\n".join(lines)


def calendar_title(first: int = 0) -> str:
    """`first`: as in the button."""
    if first:
        return _("Choose the first day, then the last.")
    return _("Choose a day. Only days with calls can be opened.")


def comment_deleted() -> str:
    return _("The comment is deleted. You can bring it back within 30 seconds.")


def last_page() -> str:
    return _("There is nothing further.")


def _numbers(numbers: DayNumbers) -> list[str]:
    total = _("Total {total}: {incoming} incoming, {outgoing} outgoing").format(
        total=numbers.total, incoming=numbers.incoming, outgoing=numbers.outgoing
    )
    internal = numbers.total - numbers.incoming - numbers.outgoing
    if internal:
        total += _(", {internal} internal").format(internal=internal)
    if not numbers.lost:
        return [total, _("No missed calls")]
    lost = ngettext("{count} missed call", "{count} missed calls", numbers.lost)
    lost = lost.format(count=numbers.lost)
    if numbers.unreturned:
        rest = ngettext(
            "{count} client not called back",
            "{count} clients not called back",
            numbers.unreturned,
        ).format(count=numbers.unreturned)
    else:
        rest = _("all called back")
    return [total, f"🔴 {lost}, {rest}"]


def _rows(page: Page, *, now: int, zone: ZoneInfo, empty: str, with_days: bool = False) -> str:
    if not page.calls:
        return empty
    lines = []
    shown: date | None = None
    for number, call in enumerate(page.calls, start=1):
        on = local_date(call.started_at, zone)
        if with_days and on != shown:
            shown = on
            lines.append(f"<i>{weekday(on)}, {dated(on, local_date(now, zone))}</i>")
        lines.append(_row(number, call, zone))
    return "\n".join(lines)


def _row(number: int, call: Call, zone: ZoneInfo) -> str:
    """Two lines of a phone: the client; below, the employee, how long they talked or waited."""
    is_outgoing = call.direction is Direction.OUT
    client, colleague = parties.short_caller(call), parties.short_callee(call)
    ends = [EndedBy.CALLER, EndedBy.CALLEE]
    if is_outgoing:
        client, colleague = colleague, client
        ends.reverse()
    of_client, of_colleague = (parties.hung_up(call, end) for end in ends)
    if call.is_first:
        of_client = (of_client or NBSP) + signs.NEW_CLIENT
    head = (
        f"{number}. {signs.STATUS[call.status]} {hour_minute(call.started_at, zone)} "
        f"{signs.DIRECTION[call.direction]} "
    )
    client = fit(client, LINE - width(head + of_client)) + of_client
    if not is_outgoing and colleague not in _NOBODY:
        colleague = f"→ {colleague}"
    return f"{head}{quoted(client)}\n{INDENT}{_second_line(call, colleague, of_colleague)}"


def _second_line(call: Call, colleague: str, hung_up: str) -> str:
    """What fits of it: how the case of a lost call stands matters more than who was rung."""
    comment = sign(signs.COMMENTED) if call.comment else ""
    room = LINE - width(INDENT + comment)
    who = "" if colleague in _NOBODY else colleague + hung_up
    took, fate = length(call), _fate(call)
    if not fate and who:
        who = fit(colleague, room - width(f", {took}{hung_up}")) + hung_up
    choices = [", ".join(filter(None, one)) for one in ((who, took, fate), (took, fate))]
    choices += [", ".join(filter(None, one)) for one in ((who, fate), (fate or took,))]
    fitting = (one for one in choices if width(one) <= room)
    return quoted(next(fitting, fit(choices[-1], room))) + comment


def length(call: Call) -> str:
    """How long they talked, or how long somebody waited in vain."""
    if call.status.is_live:
        return _("in progress")
    if call.is_end_unknown:
        fate = call.case and call.case.part is CasePart.LOST and cases.fate(call.case)
        return f"{end_unknown()}, {fate}" if fate else end_unknown()
    if call.talk:
        return duration(call.talk)
    return _("waited {time}").format(time=duration(call.wait))


def _fate(call: Call) -> str:
    """What came of a lost call, not quoted."""
    if call.status.is_live or not call.case or call.case.part is not CasePart.LOST:
        return ""
    return cases.fate(call.case)


def _times(call: Call, *, now: int, zone: ZoneInfo) -> list[str]:
    if call.status.is_live:
        ended = _("in progress")
    elif call.is_end_unknown:
        ended = _("unknown")
    else:
        ended = "–" if call.ended_at is None else hour_minute_second(call.ended_at, zone)
    lines = [
        _("Start: {time}").format(time=hour_minute_second(call.started_at, zone)),
        _("Wait: {time}").format(time=duration(call.wait)),
        _("Talk: {time}").format(time=duration(call.talk or None)),
        _("End: {time}").format(time=ended),
    ]
    if by := parties.who_hung_up(call):
        lines.append(f"{signs.HUNG_UP} " + _("Hung up: {who}").format(who=by))
    if call.price is not None:
        price = money(call.price, call.currency or "UAH")
    else:
        price = _late(call, sent=call.source_sends_prices, now=now, zone=zone)
    lines.append(_("Price: {price}").format(price=price))
    if call.talk:
        known = _("available")
        if not call.recording_url:
            known = _late(call, sent=call.source_sends_recordings, now=now, zone=zone)
        lines.append(_("Recording: {state}").format(state=known))
    return lines


def _late(call: Call, *, sent: bool, now: int, zone: ZoneInfo) -> str:
    """Stands for a value the PBX tells only after a talk: says when, or `–` if never.

    `sent`: whether the source sends such values.
    """
    if not sent:
        return "–"
    if call.status.is_live:
        return _("5 minutes after the end")
    if not call.talk or call.settles_at is None or not call.is_pending(now):
        return "–"
    return _("will appear at {time}").format(time=hour_minute(call.settles_at + 59, zone))


def _line_and_queue(call: Call) -> str:
    parts = []
    if call.line:
        parts.append(_("line {line}").format(line=brief(call.line)))
    if call.queue:
        parts.append(_("queue “{queue}”").format(queue=brief(call.queue)))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _filters(words: str) -> list[str]:
    return [f"🎛 {words}"] if words else []


def dated(on: date, today: date) -> str:
    """The day, with the year if it is another."""
    return day(on) if on.year == today.year else full_day(on)

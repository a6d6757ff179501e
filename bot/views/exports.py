"""Exports of the log in words: the screen, the progress, the captions, the files themselves."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.dates import format_interval
from babel.numbers import format_decimal, get_decimal_symbol

from bot.domain.calls import CaseState, Direction, EndedBy, Status
from bot.domain.exports import PLANS, ExportFault, ExportKind, ExportWords
from bot.views.formats import brief, date_time, full_day, locale, plain, quoted
from bot.views.statuses import direction_words, status_words

_TITLE_WIDTH = 300


def menu(chosen: str, found: str, *, weekly: ExportKind | None, others: int) -> str:
    """`chosen`: what part of the log, not quoted; `found`: how many calls, in words.

    `weekly`: as what it comes every Monday already. `others`: how many other files come then.
    """
    title = _("Calls as a file")
    lines = [f"⬇️ <b>{title}</b>", brief(chosen or whole_log(), _TITLE_WIDTH), found, ""]
    if weekly:
        lines.append(
            _(
                "🗓 Every Monday at 9:00 you get the week before, Monday to Sunday, as {kind}."
            ).format(kind=weekly.name)
        )
    else:
        lines.append(
            _("🗓 Or every Monday at 9:00: the week before, Monday to Sunday, with these filters.")
        )
    if others:
        lines.append(_("🗑 below: what else you get on Mondays."))
    return "\n".join(lines)


def whole_log() -> str:
    return _("All of the log")


def waiting() -> str:
    return _("⏳ The file waits for its turn…")


def progress(rows: int, total: int) -> str:
    return _("⏳ Making the file: {rows} of {total} calls").format(
        rows=number(rows), total=number(total)
    )


def sending() -> str:
    return _("⏳ The file is made and on its way…")


def under_way() -> str:
    """A toast."""
    return _("Your file is being made already")


def nothing() -> str:
    return _("There are no such calls any more: there is nothing to send.")


def cancelled() -> str:
    return _("✖️ The export is cancelled.")


def is_over() -> str:
    """Of one that was sent, cancelled or interrupted: nobody knows which."""
    return _("This file is no longer being made. For another, press ⬇️ below the log once more.")


def interrupted() -> str:
    return _("The export was interrupted. Press ⬇️ below the log once more.")


def no_more_yours() -> str:
    return _("Which calls you see has changed meanwhile. Press ⬇️ below the log once more.")


def failed(fault: ExportFault) -> str:
    match fault:
        case ExportFault.DISK:
            return _("The bot's disk is full, so no file can be made. Tell your administrator.")
        case ExportFault.TOO_LARGE | ExportFault.SLOW:
            return _("That is too much for one export. Choose fewer days and try again.")
        case ExportFault.AWAY | ExportFault.CRASHED:
            return _("The file could not be made. Please try again a little later.")


def not_sent() -> str:
    return _("Telegram does not accept the file right now. Please try again a little later.")


def not_all_sent(sent: int, parts: int) -> str:
    return _(
        "Telegram took {sent} of {parts} files. For all of them press ⬇️ below the log once more."
    ).format(sent=sent, parts=parts)


def weekly_too_much() -> str:
    return _("That is too much for one export. Choose filters that leave fewer calls.")


def too_many_plans() -> str:
    return ngettext(
        "You get {count} weekly file already. Drop one first.",
        "You get {count} weekly files already. Drop one first.",
        PLANS,
    ).format(count=PLANS)


def now_weekly() -> str:
    """A toast."""
    return _("Every Monday at 9:00")


def weekly_no_more() -> str:
    """A toast."""
    return _("It no longer comes on Mondays")


def no_calls() -> str:
    return _("There were no such calls.")


def instead_of_weekly(chosen: str, span: tuple[date, date], why: str) -> str:
    """In place of a weekly file; `why` there is none, in words."""
    return _weekly_head(chosen, span) + "\n" + why


def caption(
    chosen: str, span: tuple[date, date] | None, count: int, *, part: int, parts: int, weekly: bool
) -> str:
    """`chosen`: what part of the log, not quoted; part: of how many files, from 1."""
    if weekly and span:
        lines = [_weekly_head(chosen, span)]
    else:
        lines = [brief(chosen or whole_log(), _TITLE_WIDTH)]
    if parts > 1:
        lines.append(_("File {part} of {parts}").format(part=part, parts=parts))
        lines.append(_("Total calls") + f": {number(count)}")
    else:
        words = ngettext("{count} call", "{count} calls", count)
        lines.append(words.format(count=number(count)))
    return "\n".join(lines)


def filename(
    span: tuple[date, date] | None, today: date, kind: ExportKind, *, part: int, parts: int
) -> str:
    """Of plain letters, whatever the language: other systems read it, and sort it."""
    first, last = span or (today, today)
    days = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d}_{last:%Y-%m-%d}"
    name = [_("call-log"), days]
    if parts > 1:
        padded = f"{part:0{len(str(parts))}}"
        name.append(_("{part}of{parts}").format(part=padded, parts=parts))
    return "-".join(name) + f".{kind.value}"


def number(value: int) -> str:
    """34 000"""
    return str(format_decimal(value, locale=locale()))


def words(
    chosen: str, span: tuple[date, date] | None, *, who: str, now: int, zone: ZoneInfo
) -> ExportWords:
    """All that stands in the files, in the language of the reader."""
    period = _("all days")
    if span:
        period = plain(format_interval(*span, "yMMMd", locale=locale()))
        if span[0] == span[1]:
            period = full_day(span[0])
    return ExportWords(
        headings=_headings(),
        calls=_("Calls"),
        totals=_("Totals"),
        about=(
            (_("Filters"), chosen or whole_log()),
            (_("Days"), period),
            (_("Exported by"), who),
            (_("Exported at"), date_time(now, zone)),
            (_("Time zone"), zone.key),
        ),
        directions={one: direction_words(one) for one in Direction},
        statuses={one: {each: status_words(each, one) for each in Status} for one in Direction},
        ended_by=_ended_by(),
        fates=_fates(),
        hidden=_("hidden number"),
        all_calls=_("Total calls"),
        by_direction=_("By type"),
        by_status=_("By status"),
        talk=_("Total talk"),
        price=_("Total price"),
        is_comma=get_decimal_symbol(locale()) == ",",
    )


def _headings() -> tuple[str, ...]:
    """In the order of bot.media.call_tables.COLUMNS."""
    return (
        _("Time and date"),
        _("Call type"),
        _("Status"),
        _("Caller"),
        _("Caller's number"),
        _("Called"),
        _("Called number"),
        _("Line"),
        _("Queue"),
        _("Employee"),
        _("Extension"),
        _("Wait"),
        _("Talk"),
        _("End of the call"),
        _("Hung up by"),
        _("Price"),
        _("Currency"),
        _("Comment"),
        _("Comment by"),
        _("What came of it"),
        _("Who"),
        _("When"),
        _("Reason"),
        _("PBX"),
        _("ID in the PBX"),
        _("No."),
    )


def _ended_by() -> Mapping[EndedBy, str]:
    return {
        EndedBy.CALLER: _("the caller"),
        EndedBy.CALLEE: _("the called party"),
        EndedBy.SYSTEM: _("the PBX"),
        EndedBy.UNKNOWN: "",
    }


def _fates() -> Mapping[CaseState, str]:
    return {
        CaseState.OPEN: _("Not called back yet"),
        CaseState.CALLED_BACK: _("Called back"),
        CaseState.GOT_THROUGH: _("The client got through"),
        CaseState.BY_HAND: _("Closed by hand"),
        CaseState.EXPIRED: _("Not called back"),
        CaseState.VOID: "",
    }


def _weekly_head(chosen: str, span: tuple[date, date]) -> str:
    week = plain(format_interval(*span, "yMMMd", locale=locale()))
    lines = [_("🗓 The week {days}").format(days=quoted(week))]
    return "\n".join([*lines, brief(chosen, _TITLE_WIDTH)] if chosen else lines)

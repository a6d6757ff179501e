"""The audit: who did what, a day after another, two lines a deed."""

import json
from collections.abc import Mapping
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.audit import AuditArea, AuditEntry, AuditKind, AuditPage
from bot.domain.company import EscalationField
from bot.domain.hours import Hours, local_date
from bot.domain.people import EmployeeState, Role
from bot.domain.phones import spaced
from bot.views.company import minutes_words, number_name, takers, week
from bot.views.formats import cut, day, full_day, hour_minute, one_line, quoted
from bot.views.staff import role_titles
from bot.views.widths import INDENT, LINE, fit

SIGNS = {
    AuditArea.PEOPLE: "👥",
    AuditArea.SETTINGS: "⚙️",
    AuditArea.CLIENTS: "📇",
    AuditArea.DATA: "👁",
}
"""Also those of the chips."""

_NAME, _TEXT = 9.5, 2 * LINE - 3
_LONGEST = 200
"""Characters of what is fitted: some take no room."""
_NOTHING = "–"
_CHANGES = "{old} → {new}"


def audit(page: AuditPage, *, who: str | None, is_part: bool, now: int, zone: ZoneInfo) -> str:
    """A page of it; `who`: whose deeds, None for all; `is_part`: some of it is filtered out."""
    title = "<b>📜 " + _("Who did what") + "</b>"
    if who is not None:
        title += f"\n{quoted(fit(one_line(who), LINE))}"
    if not page.entries:
        empty = _("Nothing found. Press 🧹 to see everything.") if is_part else _("Nothing yet.")
        return f"{title}\n\n{empty}"
    today, parts = local_date(now, zone), [title]
    numbered = enumerate(page.entries, start=1)
    for on, rows in groupby(numbered, lambda one: local_date(one[1].key.position, zone)):
        shown = [_row(number, entry, zone) for number, entry in rows]
        parts.append("\n".join([f"<b>{_day(on, today)}</b>", *shown]))
    return "\n\n".join(parts)


def people_title() -> str:
    return "<b>" + _("Whose deeds are to be shown?") + "</b>"


def area_titles() -> dict[AuditArea, str]:
    """Also the labels of the chips."""
    words = {
        AuditArea.PEOPLE: _("People"),
        AuditArea.SETTINGS: _("Company"),
        AuditArea.CLIENTS: _("Clients"),
        AuditArea.DATA: _("Views"),
    }
    return {area: f"{SIGNS[area]} {words[area]}" for area in AuditArea}


def itself() -> str:
    """Who did what nobody in the chat did: the bot, and its command line."""
    return _("The server")


def _row(number: int, entry: AuditEntry, zone: ZoneInfo) -> str:
    who = fit(cut(one_line(entry.who or itself()), _LONGEST), _NAME)
    text = fit(cut(one_line(_words(entry)), _LONGEST), _TEXT)
    time, sign = hour_minute(entry.key.position, zone), SIGNS[entry.kind.area]
    return f"{number}. {time} {sign} {quoted(who)}\n{INDENT}{quoted(text)}"


def _day(on: date, today: date) -> str:
    return day(on) if on.year == today.year else full_day(on)


def _words(entry: AuditEntry) -> str:
    """What was done, not quoted."""
    detail, kind = entry.detail, entry.kind
    values = {
        "client": entry.client or _number(entry.number),
        "number": _number(entry.number),
        "other": entry.other or _NOTHING,
        "given": _given(entry),
        "title": detail.get("title", _NOTHING),
        "query": detail.get("query") or entry.client or _number(entry.number),
        "count": entry.count,
        "what": _what(entry),
        "old": _value(kind, detail, "old"),
        "new": _value(kind, detail, "new"),
        "days": _days(detail) if kind is AuditKind.HOLIDAYS else "",
        "place": detail.get("added") or detail.get("removed", ""),
    }
    return _template(entry).format_map(values)


def _template(entry: AuditEntry) -> str:
    match entry.kind.area:
        case AuditArea.PEOPLE:
            return _of_people(entry)
        case AuditArea.SETTINGS:
            return _of_settings(entry)
        case AuditArea.CLIENTS:
            return _of_clients(entry)
        case AuditArea.DATA:
            return {
                AuditKind.LISTENED: _("Recording: {client}"),
                AuditKind.LOOKED_UP: _("Search: {query}"),
                AuditKind.SHARED: _("Shared in another chat: {client}"),
                AuditKind.EXPORTED: _("Export: {what}"),
            }.get(entry.kind, _("Something that this version does not know"))


def _of_people(entry: AuditEntry) -> str:
    access = {
        EmployeeState.BLOCKED.value: _("{other}: access closed"),
        EmployeeState.REMOVED.value: _("{other}: removed from the staff"),
    }
    return {
        AuditKind.JOINED: _("New colleague: {given}"),
        AuditKind.INVITE_USED: _("Invitation used: {given}"),
        AuditKind.ADMIN_IDS: _("Administrator by ADMIN_IDS: {other}"),
        AuditKind.INVITED: _("Invitation: {given}"),
        AuditKind.INVITE_REVOKED: _("Invitation revoked: {given}"),
        AuditKind.INVITE_RESTORED: _("Invitation brought back: {given}"),
        AuditKind.ROLE: _("{other}, role: {old} → {new}"),
        AuditKind.EXTENSIONS: _("{other}, extensions: {old} → {new}"),
        AuditKind.ACCESS: access.get(entry.detail.get("new", ""), _("{other}: access opened")),
        AuditKind.RENAMED: _("Name: {old} → {new}"),
    }[entry.kind]


def _of_settings(entry: AuditEntry) -> str:
    detail = entry.detail
    place = _("Group {title}: all lines and queues")
    if "added" in detail:
        place = _("Group {title}, added: {place}")
    elif "removed" in detail:
        place = _("Group {title}, taken away: {place}")
    hours = _("Working hours: {hours}").format(hours=_CHANGES)
    if "line" in detail:
        name = _("line {line}").format(line=_braces(detail["line"]))
        hours = f"{name[:1].upper()}{name[1:]}: {_CHANGES}"
    number = detail.get("name", "")
    return {
        AuditKind.HOURS: hours,
        AuditKind.HOLIDAYS: _("Days off: {days}"),
        AuditKind.NUMBER: f"{_field(number)}: {_CHANGES}",
        AuditKind.RUNG_ONLY: _("Clients in groups are taken by: {who}").format(who="{new}"),
        AuditKind.GROUP_CONNECTED: _("Group connected: {title}"),
        AuditKind.GROUP_STOPPED: _("Group disconnected: {title}"),
        AuditKind.GROUP_LEFT: _("The bot is out of the group {title}"),
        AuditKind.GROUP_PLACE: place,
    }[entry.kind]


def _of_clients(entry: AuditEntry) -> str:
    is_own = entry.other is not None and entry.other == entry.who
    count = entry.count
    return {
        AuditKind.CLOSED: _("Closed by hand: {client}"),
        AuditKind.REOPENED: _("Opened again: {client}"),
        AuditKind.HANDED: _("Handed over: {client} → {other}"),
        AuditKind.MANY_TAKEN: ngettext(
            "Taken at once: {count} client", "Taken at once: {count} clients", count
        ),
        AuditKind.MANY_CLOSED: ngettext(
            "Closed at once: {count} client", "Closed at once: {count} clients", count
        ),
        AuditKind.MANY_TAKEN_UNDONE: ngettext(
            "Given back at once: {count} client", "Given back at once: {count} clients", count
        ),
        AuditKind.MANY_CLOSED_UNDONE: ngettext(
            "Opened again at once: {count} client", "Opened again at once: {count} clients", count
        ),
        AuditKind.IGNORED: _("Number ignored: {number}"),
        AuditKind.HEARD: _("No longer ignored: {number}"),
        AuditKind.COMMENT_CHANGED: _("Comment changed ({other}): {client}"),
        AuditKind.COMMENT_DELETED: _("Own comment deleted: {client}")
        if is_own
        else _("Comment deleted ({other}): {client}"),
        AuditKind.COMMENT_RESTORED: _("Comment brought back: {client}"),
        AuditKind.CONTACT_NAMED: _("Contact {number}: {old} → {new}"),
        AuditKind.CONTACT_REMOVED: _("Contact removed: {old}"),
        AuditKind.CONTACT_RESTORED: _("Contact brought back: {new}"),
        AuditKind.NUMBER_JOINED: _("{client}: number added, {new} (was {old})")
        if entry.detail.get("old")
        else _("{client}: number added, {new}"),
        AuditKind.NUMBER_PARTED: _("{client}: number taken away, {old}"),
        AuditKind.IMPORTED: _("Import: {what}"),
    }[entry.kind]


def _value(kind: AuditKind, detail: Mapping[str, str], which: str) -> str:
    """What was before, or is since, in words."""
    value = detail.get(which, "")
    match kind:
        case AuditKind.ROLE:
            return _role(value)
        case AuditKind.HOURS:
            return _week(value, is_of_line="line" in detail)
        case AuditKind.NUMBER if value.isdecimal():
            return minutes_words(EscalationField(detail["name"]), int(value))
        case AuditKind.RUNG_ONLY:
            return takers()[value == "1"]
        case AuditKind.NUMBER_JOINED | AuditKind.NUMBER_PARTED if value.startswith("+"):
            return spaced(value)
    return value or _NOTHING


def _given(entry: AuditEntry) -> str:
    """What an invitation gives, and who made it, where others used it."""
    detail = entry.detail
    parts = [_role(detail.get("role", "")), detail.get("extensions", ""), detail.get("name", "")]
    if entry.kind in {AuditKind.JOINED, AuditKind.INVITE_USED} and entry.other:
        parts.append(_("invited by {who}").format(who=entry.other))
    return ", ".join(filter(None, parts))


def _what(entry: AuditEntry) -> str:
    """What was taken away or brought in, in which format, and how many rows."""
    what = entry.detail.get("what", "")
    words = {"calls": _("calls"), "contacts": _("contacts"), "statistics": _("statistics")}
    rows = ngettext("{count} row", "{count} rows", entry.count).format(count=entry.count)
    weekly = _("every Monday") if entry.detail.get("weekly") else ""
    parts = [words.get(what, what), entry.detail.get("format", "").upper(), rows, weekly]
    return ", ".join(filter(None, parts))


def _role(stored: str) -> str:
    """Without its sign: two of them are in one line."""
    return role_titles()[Role(stored)].partition(" ")[2] if stored in set(Role) else stored


def _field(stored: str) -> str:
    known = stored in set(EscalationField)
    return number_name(EscalationField(stored)) if known else _braces(stored)


def _week(stored: str, *, is_of_line: bool) -> str:
    if not stored:
        return _("as the company") if is_of_line else week(Hours())
    return week(Hours(tuple(tuple((a, b) for a, b in spans) for spans in json.loads(stored))))


def _days(detail: Mapping[str, str]) -> str:
    """+ 24.08.2027, 28.06.2027; − 01.01.2027"""
    added, removed = _dates(detail.get("added", "")), _dates(detail.get("removed", ""))
    parts = [f"+ {added}" if added else "", f"− {removed}" if removed else ""]
    return "; ".join(filter(None, parts))


def _dates(stored: str) -> str:
    return ", ".join(f"{date.fromisoformat(one):%d.%m.%Y}" for one in stored.split(", ") if stored)


def _number(number: str | None) -> str:
    return (spaced(number) if number else None) or _("hidden number")


def _braces(text: str) -> str:
    """Outsiders' text as a part of a template."""
    return text.replace("{", "{{").replace("}", "}}")

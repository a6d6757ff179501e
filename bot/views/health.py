"""How the bot is: for administrators."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.units import format_unit

from bot.domain.calls import Flaw
from bot.domain.feeds import FeedState
from bot.domain.hours import local_date
from bot.domain.posts import NOTHING_POSTED, Posted
from bot.views.formats import cut, date_time, day, hour_minute, locale, one_line, quoted, when
from bot.views.staff import bold
from bot.views.widths import INDENT

_REASON_WIDTH, _REASONS_WIDTH, _STATE_WIDTH = 200, 300, 60
"""Characters of one reason, of those of all sources together, and of the database's state."""

_LIMIT, _SHORT = 4096, 24
"""Characters of a message, and of a reason where those of all would not fit."""

_FEW = 4
"""Sources of which more than what is wrong is told."""

_BEHIND_SECONDS = 600
"""How old what was read last of a PBX's history may be before that is told."""

_LATER = 60
"""Seconds after its last call from which on a post is told of: it brought none."""

_FLAWS = 8
"""How many kinds of flaws are shown, the latest ones; several sources share them."""

_FIELDS, _FIELD_WIDTH = 3, 80
"""How many fields of updates are shown, and their characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """`flaws`, the latest first: optional fields its calls had wrong.

    `ahead`: by how many seconds its newest call is in the future; 0 if it is not. `posted`: what
    came to its hook. `silent_since`: since when no call comes, if that is unusual.
    """

    name: str
    last_call: int | None
    rejects: int
    last_reject: str | None
    flaws: Sequence[Flaw]
    ahead: int
    feeds: Sequence[FeedState]
    now: int
    posted: Posted = NOTHING_POSTED
    silent_since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Seconds, bytes, and numbers of messages and people.

    `database_state`: `ok`, or what is wrong with it. `jump`: what the clock of the server showed
    before and after it was last set. `deletes_nothing`: because the clock has leapt too far.
    `unreadable`: fields of updates that could not be read, and how often; the most frequent first.
    `trouble`: why updates did not come in last, and when that was. `replicas`: how many bots there
    are on the database; None where it is one. `leads`: whether the one that answers leads.
    """

    version: str
    uptime: int
    sources: Sequence[SourceHealth]
    pending: int
    sent: int
    dropped: int
    unreachable: int
    database_size: int
    database_state: str = "ok"
    jump: tuple[int, int] | None = None
    deletes_nothing: bool = False
    unreadable: Sequence[tuple[str, int]] = ()
    trouble: tuple[str, int] | None = None
    replicas: int | None = None
    leads: bool = True


def health(shown: Health, *, zone: ZoneInfo) -> str:
    running = _("Version {version}, running for {time}").format(
        version=quoted(shown.version), time=_span(shown.uptime)
    )
    lines = [bold(_("Bot status")), running, *_replicas(shown), "", bold(_("Sources"))]
    rest = _rest(shown, zone)
    lines += _fitting_sources(shown.sources, zone, room=_LIMIT - len("\n".join(lines + rest)))
    return "\n".join(lines + rest)


def _replicas(shown: Health) -> list[str]:
    """How many there are, and what of all this is known of the one that answers alone."""
    if shown.replicas is None:
        return []
    words = _("Replicas: {count}, this one leads")
    if not shown.leads:
        words = _("Replicas: {count}, another one leads")
    return [
        words.format(count=shown.replicas),
        _("The time, posts to hooks and unread updates are of this one alone"),
    ]


def _fitting_sources(sources: Sequence[SourceHealth], zone: ZoneInfo, *, room: int) -> list[str]:
    """Of each source as much as there is room for: a message has an end."""
    count = len(sources)
    lines: list[str] = []
    for width in (min(_REASON_WIDTH, _REASONS_WIDTH // max(1, count)), _SHORT, 0):
        lines = [line for one in sources for line in _source(one, zone, of=count, width=width)]
        lines = lines or [_("None is set up.")]
        if len("\n".join(lines)) < room:
            return lines
    while len("\n".join(lines)) >= room - 2:
        lines.pop()
    return [*lines, "…"]


def _rest(shown: Health, zone: ZoneInfo) -> list[str]:
    """All that is not of one source."""
    lines = [
        "",
        bold(_("Messages")),
        _("Waiting {pending}, sent {sent}, dropped {dropped}").format(
            pending=shown.pending, sent=shown.sent, dropped=shown.dropped
        ),
        _("People who get no messages: {count}").format(count=shown.unreachable),
        *_updates(shown, zone),
        "",
        _("Database: {size}").format(size=_size(shown.database_size)),
    ]
    if shown.database_state != "ok":
        words = _("Nothing can be stored: {reason}")
        lines.append(
            "⚠️ "
            + words.format(
                reason=f"<code>{quoted(cut(one_line(shown.database_state), _STATE_WIDTH))}</code>"
            )
        )
    if shown.jump:
        before, after = (date_time(moment, zone) for moment in shown.jump)
        words = _("The server's clock jumped: it showed {before}, then {after}")
        lines.append("⚠️ " + words.format(before=before, after=after))
    if shown.deletes_nothing:
        lines.append(
            "⚠️ " + _("Nothing old is deleted until the server's clock has run evenly for a day")
        )
    return lines


def _updates(shown: Health, zone: ZoneInfo) -> list[str]:
    """What is wrong with the updates that Telegram sends; nothing, if nothing is."""
    lines = []
    if shown.unreadable:
        count = sum(times for _field, times in shown.unreadable)
        lines.append("⚠️ " + _("Updates that could not be read: {count}").format(count=count))
        lines += [
            f"<code>{quoted(cut(field, _FIELD_WIDTH))}</code> ×{times}"
            for field, times in shown.unreadable[:_FIELDS]
        ]
    if shown.trouble:
        why, at = shown.trouble
        words = _("Updates did not come in ({day}, {time}):")
        told = words.format(day=day(local_date(at, zone)), time=hour_minute(at, zone))
        lines.append(f"⚠️ {told} <code>{quoted(cut(one_line(why), _REASON_WIDTH))}</code>")
    return lines


def _source(source: SourceHealth, zone: ZoneInfo, *, of: int, width: int) -> list[str]:
    """The lines of one source `of` so many; with no width for a reason only what is wrong.

    All but the first stand to the right: a feed has a name too, and is no source of its own.
    """
    if source.last_call is None:
        heard = _("no calls yet")
    else:
        at = when(source.last_call, now=source.now, zone=zone)
        heard = _("last call {time}").format(time=at)
    lines = [f"{quoted(source.name)}: {heard}"]
    if source.silent_since is not None:
        at = when(source.silent_since, now=source.now, zone=zone)
        lines.append("⚠️ " + _("Unusually silent since {time}").format(time=at))
    for feed in source.feeds:
        lines += _feed(feed, zone, now=source.now, width=width, is_brief=of > _FEW)
    lines += _posted(source, zone, of=of)
    if source.rejects:
        lines.append("⚠️ " + _("Could not be read: {count}").format(count=source.rejects))
        if source.last_reject and width:
            lines.append(f"<code>{quoted(cut(one_line(source.last_reject), width))}</code>")
    if source.flaws:
        count = sum(flaw.count for flaw in source.flaws)
        lines.append("⚠️ " + _("Fields skipped or corrected: {count}").format(count=count))
        lines += [
            f"<code>{quoted(cut(flaw.told, width))}</code> ×{flaw.count}"
            for flaw in source.flaws[: max(1, _FLAWS // of) if width else 0]
        ]
    if source.ahead:
        hint = _("The newest call is {time} in the future: check {setting}")
        setting = f"<code>SOURCES__{quoted(source.name.upper())}__TIMEZONE</code>"
        lines.append("⚠️ " + hint.format(time=_span(source.ahead), setting=setting))
    return [lines[0], *(INDENT + line for line in lines[1:])]


def _posted(source: SourceHealth, zone: ZoneInfo, *, of: int) -> list[str]:
    """When something was posted last, if that is later than its last call; what was refused."""
    lines, posted = [], source.posted
    is_later = posted.last_at is not None and posted.last_at - (source.last_call or 0) >= _LATER
    if posted.last_at is not None and is_later and of <= _FEW:
        at = when(posted.last_at, now=source.now, zone=zone)
        lines.append(_("hook: last post {time}").format(time=at))
    if posted.refused_at is not None:
        at = when(posted.refused_at, now=source.now, zone=zone)
        words = _("Refused posts: {count}, last {time}")
        lines.append("⚠️ " + words.format(count=posted.refused, time=at))
    return lines


def _feed(feed: FeedState, zone: ZoneInfo, *, now: int, width: int, is_brief: bool) -> list[str]:
    """Since when the PBX answers or does not, why not, and how much of its history is unread.

    `is_brief`: there is room for nothing but what is wrong.
    """
    name, lines = quoted(feed.feed), []
    if feed.failed_at is not None:
        words = _("{feed}: no answer since {time}")
        at = when(feed.failed_at, now=now, zone=zone)
        lines.append("⚠️ " + words.format(feed=name, time=at))
        if feed.error and width:
            lines.append(f"<code>{quoted(cut(one_line(feed.error), width))}</code>")
        return lines
    if feed.connected_at is not None and not is_brief:
        words = _("{feed}: connected since {time}")
        at = when(feed.connected_at, now=now, zone=zone)
        lines.append(words.format(feed=name, time=at))
        if feed.error and width:
            before = _("before that: {reason}")
            reason = f"<code>{quoted(cut(one_line(feed.error), width))}</code>"
            lines.append(before.format(reason=reason))
    if feed.read_until is not None and now - feed.read_until > _BEHIND_SECONDS:
        words = _("{feed}: history read up to {time}")
        at = when(feed.read_until, now=now, zone=zone)
        lines.append("⚠️ " + words.format(feed=name, time=at))
    return lines


def _span(seconds: int) -> str:
    """3 дні 4 години, in the accusative: the two largest units there are, minutes at the least."""
    minutes = max(seconds, 0) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = []
    if days:
        parts.append(ngettext("{count} day", "{count} days", days).format(count=days))
    if hours:
        parts.append(ngettext("{count} hour", "{count} hours", hours).format(count=hours))
    if minutes or not parts:
        words = ngettext("{count} minute", "{count} minutes", minutes)
        parts.append(words.format(count=minutes))
    return " ".join(parts[:2])


def _size(count: int) -> str:
    return format_unit(round(count / 1e6, 1), "digital-megabyte", "short", locale=locale())

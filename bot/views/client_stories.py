"""What the company has had with one client, above the list of the calls."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain import signs
from bot.domain.calls import CaseState
from bot.domain.client_stories import ClientStory
from bot.domain.hours import local_date
from bot.views.formats import brief, full_day, when

_TEXT = 100
_NAME = 30


def story(told: ClientStory, *, now: int, zone: ZoneInfo) -> list[str]:
    lines = [
        _("Total {total}: {incoming} incoming, {outgoing} outgoing").format(
            total=told.total, incoming=told.incoming, outgoing=told.outgoing
        ),
        _("First call: {day}").format(day=full_day(local_date(told.since, zone))),
    ]
    if told.missed:
        lines.append(f"🔴 {_missed(told)}")
    lines += [
        f"{signs.COMMENTED} {when(one.at, now=now, zone=zone)}, {brief(one.author, _NAME)}: "
        + brief(one.text, _TEXT)
        for one in told.comments
    ]
    return lines


def _missed(told: ClientStory) -> str:
    words = {
        CaseState.CALLED_BACK: _("called back: {count}"),
        CaseState.GOT_THROUGH: _("got through themselves: {count}"),
        CaseState.BY_HAND: _("closed by hand: {count}"),
        CaseState.EXPIRED: _("never called back: {count}"),
        CaseState.OPEN: _("waiting: {count}"),
    }
    fates = [
        text.format(count=told.fates[state])
        for state, text in words.items()
        if told.fates.get(state)
    ]
    missed = ngettext("We missed {count} call", "We missed {count} calls", told.missed)
    return ": ".join(filter(None, (missed.format(count=told.missed), ", ".join(fates))))

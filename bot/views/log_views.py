"""What is chosen of the log, in words."""

from collections.abc import Collection, Mapping
from datetime import date

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.dates import format_interval

from bot.domain.calls import Direction, Status
from bot.domain.log_views import Fate, LogView, Period
from bot.domain.places import PlaceKind
from bot.views.formats import cut, day, locale, plain, quoted
from bot.views.statuses import status_words

_NAME = 24


def chosen(view: LogView, names: Mapping[int, str]) -> str:
    """All that is chosen but for the client, in a line; empty if nothing is.

    Quoted. `names`: of employees, by their ids.
    """
    return quoted(chosen_words(view.without("client_of"), names))


def chosen_words(view: LogView, names: Mapping[int, str]) -> str:
    """All that is chosen, not quoted."""
    return " · ".join(all_words(view, names).values())


def all_words(view: LogView, names: Mapping[int, str]) -> dict[str, str]:
    """Each of the choices, not quoted, by the name of its field."""
    return {part: part_words(view, part, names) for part in view.parts}


def part_words(view: LogView, part: str, names: Mapping[int, str]) -> str:
    """One of the choices, not quoted."""
    match part:
        case "client_of":
            return _("Calls of one client")
        case "period" | "days":
            return _period(view)
        case "direction":
            return {
                Direction.IN: _("Incoming calls"),
                Direction.OUT: _("Outgoing calls"),
                Direction.INTERNAL: _("Internal calls"),
            }[view.direction or Direction.IN]
        case "fate":
            return fate_words(view.fate or Fate.LOST)
        case "status":
            return status_words(view.status or Status.MISSED)
        case "person":
            return cut(names.get(view.person, _("Somebody who has left")), _NAME)
        case "place":
            return place_words(view)
        case "longer_than":
            return length_words(view.longer_than)
        case "is_commented":
            return _("With a comment")
        case "is_recorded":
            return _("With a recording")
        case "query":
            return _("“{query}”").format(query=cut(view.query, _NAME))
    return _("New clients")


def fate_words(fate: Fate) -> str:
    return {
        Fate.ANSWERED: _("Answered calls"),
        Fate.LOST: _("Missed"),
        Fate.RETURNED: _("Called back"),
        Fate.GOT_THROUGH: _("Got through themselves"),
        Fate.BY_HAND: _("Closed by hand"),
        Fate.UNRETURNED: _("Not called back"),
        Fate.NO_CASE: _("No call back needed"),
    }[fate]


def period_words(period: Period) -> str:
    return {
        Period.TODAY: _("Today"),
        Period.YESTERDAY: _("Yesterday"),
        Period.WEEK: _("7 days"),
        Period.MONTH: _("This month"),
    }[period]


def length_words(seconds: int) -> str:
    return _("{count}+ min").format(count=seconds // 60)


def place_words(view: LogView) -> str:
    if view.place is None:
        return _("All lines and queues")
    name = cut(view.place.name, _NAME)
    if view.place.kind is PlaceKind.QUEUE:
        return _("Queue {name}").format(name=name)
    return _("Line {name}").format(name=name)


def panel(view: LogView, names: Mapping[int, str], *, found: str) -> str:
    """What is chosen, how many calls that leaves."""
    title = _("Filters of the log")
    said = quoted(chosen_words(view, names)) or _("Nothing is chosen: the whole log.")
    return f"<b>{title}</b>\n{said}\n\n{found}"


def found(count: int, *, is_more: bool) -> str:
    """How many calls there are; `is_more`: more than `count`."""
    if not count:
        return _("There are no such calls.")
    if is_more:
        return _("More than {count} calls").format(count=count)
    return ngettext("{count} call", "{count} calls", count).format(count=count)


def nothing_found(view: LogView, to_drop: Collection[str]) -> str:
    """And which of the choices to drop. `to_drop`: those without which there are calls."""
    told = _("There are no such calls.")
    if to_drop:
        told += " " + _("There are some without one of the filters:")
    elif len(view.parts) > 1:
        told += " " + _("None without any one of the filters either.")
    return told


def too_many_views() -> str:
    return _("You keep five views already. Drop one first.")


def all_statuses() -> list[str]:
    """The words of the statuses, in their order."""
    return [status_words(one) for one in Status]


def choose_status() -> str:
    return _("Which status?")


def choose_person() -> str:
    return _("Whose calls?")


def choose_place() -> str:
    return _("Which line or queue?")


def _period(view: LogView) -> str:
    if view.period:
        return period_words(view.period)
    first, last = (date.fromordinal(one) for one in view.days or (1, 1))
    if first == last:
        return day(first)
    return plain(format_interval(first, last, "yMMMd", locale=locale()))

"""The board of lost calls: the clients still to be called back, those seen to today."""

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain import signs
from bot.domain.cases import (
    WHOLE_BOARD,
    Board,
    BoardAge,
    BoardPage,
    BoardPart,
    Case,
    CaseNumbers,
)
from bot.domain.people import EVERYTHING, Scope
from bot.domain.places import PlaceKind
from bot.views import parties
from bot.views.calls import no_extensions
from bot.views.cases import age_sign, fate
from bot.views.formats import brief, one_line, quoted, rough_span, span
from bot.views.widths import INDENT, LINE, fit, sign, width

_PLACE_WIDTH = 3
"""Em below which the beginning of a line's or queue's name tells nothing."""


def board(
    page: BoardPage,
    numbers: CaseNumbers | None,
    which: Board,
    *,
    now: int,
    today: int = 0,
    scope: Scope = EVERYTHING,
    part: BoardPart = WHOLE_BOARD,
) -> str:
    """The board: today's numbers, and below them the cases still open, or those closed today.

    `today`: the moment it began; clients who called before stand below a line of their own.
    `scope`: the reader's; what is told of the company is told of their extensions then.
    `part`: what part of the board it is. `numbers`: None for a part, of which they do not tell.
    """
    titles = {
        Board.ALL: _("Not called back: {count}"),
        Board.FREE: _("Not called back, free: {count}"),
        Board.MINE: _("Not called back, mine: {count}"),
        Board.CLOSED: _("Closed today: {count}"),
    }
    title = titles[which].format(count=page.total)
    lines = [f"<b>{title}</b>"]
    if part != WHOLE_BOARD:
        lines.append(f"🗂 {part_words(part)}")
    lines += [*(_totals(numbers, scope) if numbers else ()), ""]
    if not page.cases:
        is_whole = part == WHOLE_BOARD
        return "\n".join([*lines, _empty(which, scope) if is_whole else _("Nobody like that.")])
    is_earlier = False
    for number, case in enumerate(page.cases, start=1):
        if case.is_open and case.last_lost_at < today and not is_earlier:
            is_earlier = True
            earlier = _("earlier")
            lines.append(f"<i>– {earlier} –</i>")
        lines.append(row(number, case, now=now))
    return "\n".join(lines)


def part_words(part: BoardPart) -> str:
    """What part of the board is shown: whose client called when, and where; none for all."""
    words = []
    if part.place:
        name = brief(part.place.name) or _("another line or queue")
        is_queue = part.place.kind is PlaceKind.QUEUE
        words.append(
            _("queue “{queue}”").format(queue=name)
            if is_queue
            else _("line {line}").format(line=name)
        )
    if part.age is not BoardAge.ANY:
        words.append(_("today") if part.age is BoardAge.TODAY else _("earlier"))
    return ", ".join(words)


def choose_part(part: BoardPart) -> str:
    """Over the parts of the board to choose from."""
    chosen = part_words(part)
    title = _("Whom should the board show?")
    return f"<b>{title}</b>" + (f"\n🗂 {chosen}" if chosen else "")


def still_open(page: BoardPage, *, now: int) -> str:
    """The list that is sent unasked: the cases still open, the oldest first."""
    title = ngettext(
        "{count} client has not been called back",
        "{count} clients have not been called back",
        page.total,
    ).format(count=page.total)
    rows = [row(number, case, now=now) for number, case in enumerate(page.cases, start=1)]
    more = page.total - len(page.cases)
    if more > 0:
        rows.append(_("and {count} more").format(count=more))
    return "\n".join([f"🔴 <b>{title}</b>", "", *rows])


def row(number: int, case: Case, *, now: int) -> str:
    """Two lines: age, client, number of calls, a mark if new; place, owner and attempts."""
    times = sign(f"×{case.lost}") if case.lost > 1 else ""
    times += sign(signs.NEW_CLIENT) if case.is_of_new_client else ""
    client, start = parties.client_name(case.call), f"{number}. {age_sign(case, now)} "
    waited = now - case.opened_at
    ages = (f"{span(waited)}  ", f"{rough_span(waited)}  ") if case.is_open else ("",)
    heads = [start + age for age in ages]
    head = next((one for one in heads if width(one + client + times) <= LINE), heads[-1])
    client = fit(client, LINE - width(head + times))
    facts = [fate(case) or _("free")] if case.is_open else [fate(case)]
    if case.is_open and case.attempts:
        count = ngettext("{count} attempt", "{count} attempts", case.attempts)
        facts.append(count.format(count=case.attempts))
    room = LINE - width(INDENT)
    place = one_line(case.call.queue or case.call.line or "") if case.is_open else ""
    left = room - width(", ".join(["", *facts]))
    if place and left >= _PLACE_WIDTH:
        facts.insert(0, fit(place, left))
    second = quoted(fit(", ".join(facts), room))
    return f"{head}{quoted(client)}{times}\n{INDENT}{second}"


def _totals(numbers: CaseNumbers, scope: Scope) -> list[str]:
    if not numbers.opened:
        if scope.is_all:
            return [_("No missed calls today")]
        return [_("No missed calls to your extensions today")] if scope.extensions else []
    parts = [
        ngettext("{count} client missed", "{count} clients missed", numbers.opened).format(
            count=numbers.opened
        ),
        _("{count} called back").format(count=numbers.called_back),
        _("{count} got through").format(count=numbers.got_through),
    ]
    if numbers.by_hand:
        parts.append(_("{count} closed by hand").format(count=numbers.by_hand))
    parts.append(_("{count} left").format(count=numbers.left))
    return [_("Today: {numbers}").format(numbers=", ".join(parts))]


def _empty(which: Board, scope: Scope) -> str:
    if scope.extensions == () and which is not Board.MINE:
        return no_extensions()
    own = {
        Board.ALL: _("Nobody who called your extensions waits for a call back."),
        Board.CLOSED: _("Nothing for your extensions has been closed today yet."),
    }
    if which in own and not scope.is_all:
        return own[which]
    words = {
        Board.ALL: _("Nobody waits for a call back."),
        Board.FREE: _("No client is free to take."),
        Board.MINE: _("You have taken no clients."),
        Board.CLOSED: _("Nothing has been closed today yet."),
    }
    return words[which]

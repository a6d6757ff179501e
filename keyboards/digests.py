"""The buttons of the digest: the lists behind its numbers, its times."""

from collections.abc import Mapping, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Board, BoardPage, Case
from bot.domain.digests import CaseGroup, Digest
from bot.domain.people import Employee
from keyboards.buttons import button, choice, column, in_rows, keyboard, pager
from keyboards.callbacks import (
    AlertCard,
    BoardPlace,
    CaseButton,
    CaseStep,
    DigestList,
    DigestNow,
    DigestOwn,
    DigestPages,
    DigestTime,
    SettingsMenu,
    WeeklyStats,
)

PRESETS = (9 * 60, 13 * 60, 18 * 60, 21 * 60)
_HOUR = 60


def digest(
    digest: Digest, groups: Mapping[CaseGroup, str], worst: str, people: Mapping[int, str]
) -> InlineKeyboardMarkup | None:
    """A button for each number that has a list behind it; the rest are their labels."""
    since, until = digest.start // 60, -(-digest.end // 60)
    span = {"since": since, "until": until}
    minutes = {CaseGroup.IN_TARGET: digest.target // 60}
    buttons = [
        button(f"{label}: {count}", DigestList(group=group, who=minutes.get(group, 0), **span))
        for group, label in groups.items()
        if (count := digest.totals.count(group))
    ]
    if digest.worst_at is not None and digest.worst_count > 1:
        hour = max(since, digest.worst_at // 60)
        within = {"since": hour, "until": min(until, digest.worst_at // 60 + _HOUR)}
        buttons.append(button(f"🕐 {worst}", DigestList(group=CaseGroup.OPENED, **within)))
    rows = column(buttons)
    own = [
        button(label, DigestList(group=CaseGroup.CALLED_BACK, who=id_, **span))
        for id_, label in people.items()
    ]
    rows += in_rows(own, 2)
    if digest.totals.left or digest.earlier:
        rows.append([button(_("🔴 Not called back"), BoardPlace(board=Board.ALL))])
    return keyboard(*rows) if rows else None


def span_list(page: BoardPage, shown: DigestPages, viewer: Employee) -> InlineKeyboardMarkup:
    """A button per row, and the pages."""
    numbers = [
        button(str(row), _row(case, shown, page.number - 1, viewer))
        for row, case in enumerate(page.cases, start=1)
    ]
    turns = pager(page.number - 1, page.count, lambda to: shown.model_copy(update={"page": to}))
    return keyboard(*in_rows(numbers, 5), *turns)


def times(
    chosen: Sequence[int], labels: Mapping[int, str], *, is_weekly: bool
) -> InlineKeyboardMarkup:
    """`labels`: the times offered, and those chosen, in words."""
    buttons = [
        choice(
            label,
            DigestTime(minutes=minutes, is_wanted=minutes not in chosen),
            is_chosen=minutes in chosen,
        )
        for minutes, label in labels.items()
    ]
    return keyboard(
        *in_rows(buttons, 4),
        [button(_("✏️ Another time"), DigestOwn())],
        [
            choice(
                _("📈 Statistics on Mondays"),
                WeeklyStats(is_wanted=not is_weekly),
                is_chosen=is_weekly,
            )
        ],
        [button(_("📊 Show today's"), DigestNow())],
        [button(_("⬅️ Settings"), SettingsMenu())],
    )


def _row(case: Case, shown: DigestPages, page: int, viewer: Employee) -> CallbackData:
    """What a row's button opens: the case's card, in place of the list.

    In a list of what an operator called back it is the card of the talk, since the operator may
    not see a case that was rung at others only.
    """
    if shown.employee and not viewer.role.sees_all and case.closing:
        return AlertCard(call=case.closing.id)
    fields = shown.model_dump(exclude={"page"})
    return CaseButton(step=CaseStep.OPEN, case=case.id, board=Board.ALL, page=page, **fields)

"""The buttons of the digest: the lists behind its numbers, its times."""

from collections.abc import Mapping, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Board, BoardPage, Case
from bot.domain.digests import CaseGroup, Digest
from bot.domain.people import Employee
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
    Nothing,
    SettingsMenu,
)

PRESETS = (9 * 60, 13 * 60, 18 * 60, 21 * 60)
_HOUR = 60

Rows = list[list[InlineKeyboardButton]]


def digest(
    found: Digest, groups: Mapping[CaseGroup, str], worst: str, people: Mapping[int, str]
) -> InlineKeyboardMarkup | None:
    """A button for each number that has a list behind it; the rest are their labels."""
    since, until = found.start // 60, -(-found.end // 60)
    place = {"since": since, "until": until}
    minutes = {CaseGroup.IN_TARGET: found.target // 60}
    buttons = [
        _button(f"{label}: {count}", DigestList(group=group, who=minutes.get(group, 0), **place))
        for group, label in groups.items()
        if (count := found.totals.count(group))
    ]
    if found.worst_at is not None and found.worst_count > 1:
        hour = max(since, found.worst_at // 60)
        within = {"since": hour, "until": min(until, found.worst_at // 60 + _HOUR)}
        buttons.append(_button(f"🕐 {worst}", DigestList(group=CaseGroup.OPENED, **within)))
    rows: Rows = [[one] for one in buttons]
    own = [
        _button(label, DigestList(group=CaseGroup.CALLED_BACK, who=id_, **place))
        for id_, label in people.items()
    ]
    rows += [own[i : i + 2] for i in range(0, len(own), 2)]
    if found.totals.left or found.earlier:
        rows.append([_button(_("🔴 Not called back"), BoardPlace(board=Board.ALL))])
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def span_list(page: BoardPage, here: DigestPages, viewer: Employee) -> InlineKeyboardMarkup:
    """A button per row, and the pages."""
    numbers = [
        _button(str(row), _row(case, here, page.number - 1, viewer))
        for row, case in enumerate(page.cases, start=1)
    ]
    rows: Rows = [numbers[i : i + 5] for i in range(0, len(numbers), 5)]
    if page.count > 1:
        rows.append(
            [
                _turn("◀️", here, page.number - 2, is_on=page.number > 1),
                _button(f"{page.number}/{page.count}", Nothing()),
                _turn("▶️", here, page.number, is_on=page.number < page.count),
            ]
        )
    return InlineKeyboardMarkup(inline_keyboard=rows)


def times(chosen: Sequence[int], labels: Mapping[int, str]) -> InlineKeyboardMarkup:
    """`labels`: the times offered, and those chosen, in words."""
    buttons = [
        _button(f"{label} ✓", DigestTime(minutes=minutes, is_wanted=False))
        if minutes in chosen
        else _button(label, DigestTime(minutes=minutes, is_wanted=True))
        for minutes, label in labels.items()
    ]
    rows: Rows = [buttons[i : i + 4] for i in range(0, len(buttons), 4)]
    rows.append([_button(_("✏️ Another time"), DigestOwn())])
    rows.append([_button(_("📊 Show today's"), DigestNow())])
    rows.append([_button(_("⬅️ To the settings"), SettingsMenu())])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _row(case: Case, here: DigestPages, page: int, viewer: Employee) -> CallbackData:
    """The case's card, in place of the list.

    Of what an operator called back the talk: the case may have been rung at others' alone.
    """
    if here.employee and not viewer.role.sees_all and case.closing:
        return AlertCard(call=case.closing.id)
    place = here.model_dump(exclude={"page"})
    return CaseButton(step=CaseStep.OPEN, case=case.id, board=Board.ALL, page=page, **place)


def _turn(sign: str, here: DigestPages, page: int, *, is_on: bool) -> InlineKeyboardButton:
    data = here.model_copy(update={"page": page}) if is_on else Nothing()
    return _button(sign if is_on else " ", data)


def _button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())

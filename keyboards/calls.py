"""The buttons of the log, the card and the calendar.

Rows are plain lists: aiogram's builder copies every button deeply, which costs a page 2 ms.
"""

from calendar import Calendar as Weeks
from collections.abc import Collection
from datetime import date

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import get_i18n
from aiogram.utils.i18n import gettext as _
from babel.dates import format_date, get_day_names

from bot.domain.calls import Call, CaseLink, CasePart, CaseState, Direction, Status
from bot.domain.log import PAGES_COUNTED, Page, Turn
from bot.domain.people import Employee
from bot.domain.signs import DIRECTION, STATUS
from keyboards.callbacks import (
    Calendar,
    Card,
    CardCase,
    CardCaseStep,
    CommentButton,
    CommentStep,
    ContactButton,
    Listen,
    LogPage,
    Nothing,
    RemindMenu,
)

_WEEK = 7


def log(page: Page, here: LogPage, *, month: int) -> InlineKeyboardMarkup:
    """A button per row, the pages, the filters.

    `here` is the part of the log shown, `month` (as in Calendar) where choosing a date begins.
    """
    anchor = here.at(Turn.AT, page.keys[0]) if page.keys else here.at(Turn.FIRST)
    place = anchor.model_dump(exclude={"turn"})
    numbers = [
        _button(str(number), Card(**place | {"call": key.id}))
        for number, key in enumerate(page.keys, start=1)
    ]
    width = 4 if len(numbers) in {4, 6, 7, 8} else 5
    rows = [numbers[i : i + width] for i in range(0, len(numbers), width)]
    if page.has_newer or page.has_older:
        rows.append(_pages(page, here))
    missed = " ".join([STATUS[Status.MISSED], _("Missed")])
    rows.append(
        [
            _button(
                f"{missed} ✓" if here.lost else missed,
                here.model_copy(update={"lost": 0 if here.lost else 1}).at(Turn.FIRST),
            ),
            _button(_("📅 Date"), Calendar(month=month, **place)),
        ]
    )
    rows.append([_button("🔄", anchor if page.has_newer else here.at(Turn.FIRST))])
    if here.day or here.client_of:
        rows[-1].insert(0, _button(_("🧹 Whole log"), LogPage()))
    return InlineKeyboardMarkup(inline_keyboard=rows)


def card(
    call: Call, here: Card, viewer: Employee, *, can_be_heard: bool, undo: int | None = None
) -> InlineKeyboardMarkup:
    """What can be done with a call. `undo`: the version of the deletion that can be undone."""
    fields = here.model_dump()
    version = call.comment.version if call.comment else 0
    write = CommentButton(step=CommentStep.WRITE, version=version, **fields)
    rows = []
    if can_be_heard:
        rows.append([_button(_("🎧 Listen"), Listen(call=call.id))])
    if undo is not None:
        restore = CommentButton(step=CommentStep.RESTORE, version=undo, **fields)
        rows.append([_button(_("↩️ Bring back"), restore)])
    if call.comment:
        delete = CommentButton(step=CommentStep.DELETE, version=version, **fields)
        rows.append([_button(_("✏️ Change"), write), _button(_("🗑 Delete"), delete)])
    else:
        rows.append([_button(_("💬 Comment"), write)])
    if call.client:
        all_calls, contact = LogPage(client_of=call.id), ContactButton(**fields)
        rows.append([_button(_("🔍 All calls"), all_calls), _button(_("👤 Contact"), contact)])
    if call.case:
        rows += _case(call.case, here, viewer)
    remind = _button(_("⏰ Remind"), RemindMenu(call=call.id))
    rows.append([_button(_("⬅️ Log"), here.page), remind, _button("🔄", here)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def calendar(
    here: Calendar, *, days: Collection[int], has_earlier: bool, has_later: bool
) -> InlineKeyboardMarkup:
    """A month of buttons; only the `days` (of the month) that have calls can be pressed."""
    first = here.first_day
    locale = get_i18n().current_locale
    name = format_date(first, "LLLL yyyy", locale=locale)
    names = get_day_names("short", locale=locale)
    rows = [
        [_button(name[:1].upper() + name[1:], Nothing())],
        [_button(names[i], Nothing()) for i in range(_WEEK)],
    ]
    rows += [
        [_day(here, first, number, is_on=number in days) for number in week]
        for week in Weeks().monthdayscalendar(first.year, first.month)
    ]
    rows.append(
        [
            _turn("◀️", here.at(here.month + 1), is_on=has_later),
            _button(_("⬅️ Back"), here.page),
            _turn("▶️", here.at(here.month - 1), is_on=has_earlier),
        ]
    )
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _case(case: CaseLink, here: Card, viewer: Employee) -> list[list[InlineKeyboardButton]]:
    """What can be done with the case of a lost call, and the way to the call that closed it."""
    if case.part is CasePart.LOST and case.closing_call:
        other = here.model_copy(update={"call": case.closing_call})
        sign = DIRECTION[Direction.IN if case.state is CaseState.GOT_THROUGH else Direction.OUT]
        return [[_button(" ".join([sign, _("The talk")]), other)]]
    if case.part is not CasePart.LOST and case.lost_call:
        other = here.model_copy(update={"call": case.lost_call})
        return [[_button(_("↙️ The missed call"), other)]]
    if case.state is not CaseState.OPEN or not viewer.role.takes_clients:
        return []
    fields = here.model_dump()
    take = CardCase(step=CardCaseStep.TAKE, **fields)
    close = _button(_("✅ Close"), CardCase(step=CardCaseStep.CLOSE, **fields))
    if case.owner is None:
        return [[_button(_("🙋 Take"), take), close]]
    if case.owner.id == viewer.id or viewer.role.sees_all:
        give_back = CardCase(step=CardCaseStep.RETURN, **fields)
        return [[_button(_("↩️ Give back"), give_back), close]]
    return []


def _pages(page: Page, here: LogPage) -> list[InlineKeyboardButton]:
    """⏮ ◀️ n/N ▶️ ⏭; those that lead nowhere keep their place, so that thumbs find the others."""
    number = _counted(page.number)
    count = _counted(page.count)
    return [
        _turn("⏮", here.at(Turn.FIRST), is_on=page.has_newer),
        _turn("◀️", here.at(Turn.NEWER, page.keys[0]), is_on=page.has_newer),
        _button(f"{number}/{count}", Nothing()),
        _turn("▶️", here.at(Turn.OLDER, page.keys[-1]), is_on=page.has_older),
        _turn("⏭", here.at(Turn.LAST), is_on=page.has_older),
    ]


def _counted(pages: int) -> str:
    return str(pages) if pages <= PAGES_COUNTED else f"{PAGES_COUNTED}+"


def _day(here: Calendar, first: date, number: int, *, is_on: bool) -> InlineKeyboardButton:
    if not is_on:
        return _button("·" if number else " ", Nothing())
    day = first.replace(day=number).toordinal()
    return _button(str(number), LogPage(day=day, lost=here.lost, client_of=here.client_of))


def _turn(sign: str, data: CallbackData, *, is_on: bool) -> InlineKeyboardButton:
    return _button(sign if is_on else " ", data if is_on else Nothing())


def _button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())

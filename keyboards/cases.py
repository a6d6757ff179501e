"""The buttons of an alert, of the board, of a case, and of its dialogs."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Board, BoardPage, Case
from bot.domain.people import Employee, Person
from keyboards.callbacks import (
    AlertCard,
    BoardPlace,
    CaseButton,
    CaseStep,
    DialogButton,
    DialogStep,
    HandTo,
    LogPage,
    Nothing,
    ReadyText,
    RemindMenu,
)

Rows = list[list[InlineKeyboardButton]]

_NAME_WIDTH = 24
"""Fifty longer names would make a keyboard that Telegram refuses."""


def alert(case: Case, viewer: Employee | None) -> InlineKeyboardMarkup:
    """What can be done with a case, under its alert. `viewer`: whose chat it is; None: a group."""
    rows = _actions(case, CaseButton(step=CaseStep.OPEN, case=case.id), viewer)
    card = _button(_("📄 Card"), AlertCard(call=case.call.id))
    if rows and len(rows[-1]) == 1:
        rows[-1].append(card)
    else:
        rows.append([card])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def card(case: Case, here: CaseButton, viewer: Employee) -> InlineKeyboardMarkup:
    """What can be done with a case, under its card."""
    rows = _actions(case, here, viewer)
    last = [_button(_("📄 Last call"), AlertCard(call=case.call.id))]
    if case.client:
        last.append(_button(_("🔍 All calls"), LogPage(client_of=case.call.id)))
    rows.append(last)
    if case.client and case.is_open and viewer.role.sees_all:
        ignore = here.model_copy(update={"step": CaseStep.IGNORE})
        rows.append([_button(_("🙈 Ignore this number"), ignore)])
    again = here.model_copy(update={"step": CaseStep.OPEN})
    rows.append([_button(_("⬅️ To the list"), here.back), _button("🔄", again)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def people(persons: Sequence[Person], here: CaseButton) -> InlineKeyboardMarkup:
    """Whom a case can be handed to."""
    place = here.model_dump(exclude={"step"})
    buttons = [
        _button(one.name[:_NAME_WIDTH] or "–", HandTo(employee=one.id, **place)) for one in persons
    ]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    rows.append([_button(_("⬅️ Back"), here.model_copy(update={"step": CaseStep.OPEN}))])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def board(page: BoardPage, here: BoardPlace) -> InlineKeyboardMarkup:
    """A button per row, the pages, the filters."""
    place = {"board": here.board, "page": page.number - 1}
    numbers = [
        _button(str(row), CaseButton(step=CaseStep.OPEN, case=case.id, **place))
        for row, case in enumerate(page.cases, start=1)
    ]
    width = 4 if len(numbers) in {4, 6, 7, 8} else 5
    rows = [numbers[i : i + width] for i in range(0, len(numbers), width)]
    if page.count > 1:
        rows.append(
            [
                _turn("◀️", here.board, page.number - 2, is_on=page.number > 1),
                _button(f"{page.number}/{page.count}", Nothing()),
                _turn("▶️", here.board, page.number, is_on=page.number < page.count),
            ]
        )
    names = {
        Board.ALL: _("All"),
        Board.FREE: _("Free"),
        Board.MINE: _("Mine"),
        Board.CLOSED: _("Closed today"),
    }
    filters = [
        _button(f"{name} ✓" if which is here.board else name, BoardPlace(board=which))
        for which, name in names.items()
    ]
    rows += [filters[:3], [filters[3], _button("🔄", BoardPlace(**place))]]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def to_board() -> InlineKeyboardMarkup:
    rows = [[_button(_("🔴 Not called back"), BoardPlace(board=Board.ALL))]]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def claim(case: Case) -> InlineKeyboardMarkup:
    """The answers of the owner who is asked."""
    place = {"case": case.id}
    rows = [
        [
            _button(_("⏰ 10 more minutes"), CaseButton(step=CaseStep.EXTEND, **place)),
            _button(_("↩️ Give back"), CaseButton(step=CaseStep.RETURN, **place)),
        ]
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def ready(texts: Sequence[str]) -> InlineKeyboardMarkup:
    """What is said most often, to be sent by one press, and the way out."""
    rows = [[_button(text, ReadyText(number=number))] for number, text in enumerate(texts)]
    rows.append([_button(_("✖️ Cancel"), DialogButton(step=DialogStep.CANCEL))])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _actions(case: Case, here: CaseButton, viewer: Employee | None) -> Rows:
    """The rows for taking, giving back, closing, handing on: only what can be done now."""
    if not case.is_open or (viewer and not viewer.role.takes_clients):
        return []

    def step(text: str, which: CaseStep) -> InlineKeyboardButton:
        return _button(text, here.model_copy(update={"step": which}))

    close = step(_("✅ Close"), CaseStep.CLOSE)
    sees_all = viewer is not None and viewer.role.sees_all
    hand = [step(_("👥 Hand over"), CaseStep.HAND)] if sees_all else []
    if case.owner is None:
        take, say = step(_("🙋 Take"), CaseStep.TAKE), step(_("📝 Take and say"), CaseStep.SAY)
        return [[take, say], [close, *hand]]
    if viewer is None or sees_all or case.owner.id == viewer.id:
        remind = _button(_("⏰ Remind"), RemindMenu(call=case.call.id))
        back = step(_("↩️ Give back"), CaseStep.RETURN)
        return [[back, close], *([[remind, *hand]] if viewer else [])]
    return []


def _turn(sign: str, board: Board, page: int, *, is_on: bool) -> InlineKeyboardButton:
    data = BoardPlace(board=board, page=page) if is_on else Nothing()
    return _button(sign if is_on else " ", data)


def _button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())

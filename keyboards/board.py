"""The buttons of the board of lost calls, and the one that leads there."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Board, BoardPage
from keyboards.buttons import button, choice, keyboard, numbers, pager
from keyboards.callbacks import BoardPlace, CaseButton, CaseStep


def board(
    page: BoardPage, shown: BoardPlace, *, takes_clients: bool = True
) -> InlineKeyboardMarkup:
    """A button per row, the pages, the filters; `takes_clients`: whether the reader does."""
    place = {"board": shown.board, "page": page.number - 1}
    cases = [
        button(str(row), CaseButton(step=CaseStep.OPEN, case=case.id, **place))
        for row, case in enumerate(page.cases, start=1)
    ]
    turns = pager(page.number - 1, page.count, lambda to: BoardPlace(board=shown.board, page=to))
    names = {
        Board.ALL: _("All"),
        Board.FREE: _("Free"),
        Board.MINE: _("Mine"),
        Board.CLOSED: _("Closed today"),
    }
    filters = [
        choice(name, BoardPlace(board=which), is_chosen=which is shown.board)
        for which, name in names.items()
    ]
    again = button("🔄", BoardPlace(**place))
    if not takes_clients:  # none is theirs, or free for them
        return keyboard(*numbers(cases), *turns, [filters[0], filters[3]], [again])
    return keyboard(*numbers(cases), *turns, filters[:3], [filters[3], again])


def to_board() -> InlineKeyboardMarkup:
    return keyboard([button(_("🔴 Not called back"), BoardPlace(board=Board.ALL))])

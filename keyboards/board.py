"""The buttons of the board of lost calls, and the one that leads there."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Board, BoardAge, BoardPage
from bot.domain.places import Place
from keyboards.buttons import button, choice, column, keyboard, numbers, pager, short
from keyboards.callbacks import (
    BatchButton,
    BatchStep,
    BoardFilters,
    BoardPlace,
    CaseButton,
    CaseStep,
)

_NAME_WIDTH = 24
_PLACES = 20


def board(
    page: BoardPage, shown: BoardPlace, *, takes_clients: bool = True
) -> InlineKeyboardMarkup:
    """A button per row, the pages, the filters, what can be done to all that is shown.

    `takes_clients`: whether the reader does.
    """
    here = shown.model_copy(update={"page": page.number - 1})
    place = {"board": here.board, "page": here.page, "since": int(here.age), "who": here.place}
    cases = [
        button(str(row), CaseButton(step=CaseStep.OPEN, case=case.id, **place))
        for row, case in enumerate(page.cases, start=1)
    ]
    turns = pager(here.page, page.count, lambda to: here.model_copy(update={"page": to}))
    names = {
        Board.ALL: _("All"),
        Board.FREE: _("Free"),
        Board.MINE: _("Mine"),
        Board.CLOSED: _("Closed today"),
    }
    boards = [
        choice(
            name,
            here.model_copy(update={"board": which, "page": 0}),
            is_chosen=which is here.board,
        )
        for which, name in names.items()
    ]
    part = BoardFilters(board=here.board, age=here.age, place=here.place)
    is_part = here.age is not BoardAge.ANY or here.place != 0
    chosen, again = choice(_("🗂 Filter"), part, is_chosen=is_part), button("🔄", here)
    if not takes_clients:  # none is theirs, or free for them
        return keyboard(*numbers(cases), *turns, [boards[0], boards[3]], [chosen, again])
    many = []
    if page.total > 1 and here.board is not Board.CLOSED:
        if here.board is not Board.MINE:
            many.append(button(_("🙋 Take all"), _batch(BatchStep.ASK_TAKE, here)))
        many.append(button(_("✅ Close all"), _batch(BatchStep.ASK_CLOSE, here)))
    rows = [*numbers(cases), *turns, boards[:3], [boards[3], chosen]]
    return keyboard(*rows, *([many] if many else []), [again])


def filters(
    chosen: BoardFilters, places: Mapping[Place, int], *, is_known: bool
) -> InlineKeyboardMarkup:
    """The parts of the board to choose from. `places`: how many clients wait on each.

    `is_known`: whether the place chosen is one of them.
    """
    here = chosen.shown
    ages = {
        BoardAge.ANY: _("All days"),
        BoardAge.TODAY: _("Today"),
        BoardAge.EARLIER: _("Earlier"),
    }
    of_age = [
        choice(name, here.model_copy(update={"age": age}), is_chosen=age is here.age)
        for age, name in ages.items()
    ]
    of_place = [
        choice(
            f"{short(place.name, _NAME_WIDTH)} · {count}",
            here.model_copy(update={"place": place.code}),
            is_chosen=place.code == here.place,
        )
        for place, count in places.items()
    ]
    everywhere = choice(
        _("All lines and queues"),
        here.model_copy(update={"place": 0}),
        is_chosen=not is_known,
    )
    return keyboard(of_age, [everywhere], *column(of_place[:_PLACES]), [button(_("⬅️ Back"), here)])


def confirm_taking(asked: BatchButton, *, count: int) -> InlineKeyboardMarkup:
    """The answers to the question whether to take so many clients."""
    take = asked.model_copy(update={"step": BatchStep.TAKE})
    label = _("🙋 Take {count}").format(count=count)
    return keyboard([button(label, take), button(_("✖️ Cancel"), asked.back)])


def done(pressed: BatchButton, *, can_be_undone: bool) -> InlineKeyboardMarkup:
    """Under what has been done to many: the way back, and the board."""
    undo = pressed.model_copy(update={"step": BatchStep.UNDO})
    rows = [[button(_("↩️ Undo"), undo)]] if can_be_undone else []
    return keyboard(*rows, [button(_("🔴 Not called back"), pressed.back)])


def to_board() -> InlineKeyboardMarkup:
    return keyboard([button(_("🔴 Not called back"), BoardPlace(board=Board.ALL))])


def _batch(step: BatchStep, here: BoardPlace) -> BatchButton:
    return BatchButton(step=step, **here.model_dump())

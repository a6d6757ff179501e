"""What every keyboard is made of: buttons, rows, the turning of pages.

Rows are plain lists: aiogram's builder copies every button deeply, which costs a page 2 ms.
"""

from collections.abc import Callable, Iterable, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.log import PAGES_COUNTED
from keyboards.callbacks import Nothing

Row = list[InlineKeyboardButton]

PAIRED = 17
"""Characters of a label that a phone shows where two stand in a row."""


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=list(rows))


def column(buttons: Iterable[InlineKeyboardButton]) -> list[Row]:
    """Each button in a row of its own."""
    return [[one] for one in buttons]


def in_rows(buttons: Sequence[InlineKeyboardButton], width: int) -> list[Row]:
    return [list(buttons[i : i + width]) for i in range(0, len(buttons), width)]


def in_pairs(buttons: Iterable[InlineKeyboardButton]) -> list[Row]:
    """In their order, two in a row where a phone shows both labels whole, else one."""
    rows: list[Row] = []
    for one in buttons:
        if rows and len(rows[-1]) == 1 and max(len(one.text), len(rows[-1][0].text)) <= PAIRED:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def numbers(buttons: Sequence[InlineKeyboardButton]) -> list[Row]:
    """The numbers of a page's rows, as evenly as they divide: 8 are 4 and 4, 9 are 5 and 4."""
    return in_rows(buttons, 4 if len(buttons) in {4, 6, 7, 8} else 5)


def button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())


def in_crm(url: str) -> InlineKeyboardButton:
    """The way to the page of a client that CLIENT_URL names; the company's own system."""
    return InlineKeyboardButton(text=_("🔗 In the CRM"), url=url)


def short(name: str, limit: int) -> str:
    """An outsiders' name as part of a label, its loss marked."""
    return name if len(name) <= limit else f"{name[: limit - 1].rstrip()}…"


def choice(text: str, data: CallbackData, *, is_chosen: bool) -> InlineKeyboardButton:
    """One of several to choose from; what is chosen now has a tick."""
    return button(f"{text} ✓" if is_chosen else text, data)


def turn(sign: str, data: CallbackData, *, is_on: bool) -> InlineKeyboardButton:
    """A way to another page; one that leads nowhere keeps its place, empty, for thumbs' sake."""
    return button(sign if is_on else " ", data if is_on else Nothing())


def counter(number: int, count: int, exact: int = PAGES_COUNTED) -> InlineKeyboardButton:
    """n/N, the page shown and how many there are; what is above `exact` is not exact."""
    counted = (str(n) if n <= exact else f"{exact}+" for n in (number, count))
    return button("/".join(counted), Nothing())


def pager(page: int, count: int, to_page: Callable[[int], CallbackData]) -> list[Row]:
    """The row ◀️ n/N ▶️, none if there is one page. `page`, `to_page`: pages counted from 0."""
    if count <= 1:
        return []
    return [
        [
            turn("◀️", to_page(max(page - 1, 0)), is_on=page > 0),
            counter(page + 1, count),
            turn("▶️", to_page(page + 1), is_on=page + 1 < count),
        ]
    ]

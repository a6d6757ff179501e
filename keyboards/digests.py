"""The buttons of the digest: the lists behind its numbers, its times."""

from collections.abc import Mapping, Sequence

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from bot.models import BoardPage, CaseGroup, Digest
from keyboards.callbacks import (
    AlertCard,
    DigestList,
    DigestOwn,
    DigestPages,
    DigestTime,
    Nothing,
)

PRESETS = (9 * 60, 13 * 60, 18 * 60, 21 * 60)


def digest(found: Digest, labels: Mapping[CaseGroup, str]) -> InlineKeyboardMarkup | None:
    """A button for each number that has a list behind it; `labels` name them."""
    builder = InlineKeyboardBuilder()
    for group, label in labels.items():
        if count := found.totals.count(group):
            data = DigestList(group=group, start=found.start // 60, end=found.end // 60)
            builder.button(text=f"{label}: {count}", callback_data=data)
    builder.adjust(1)
    return builder.as_markup() if found.totals.opened else None


def span_list(page: BoardPage, here: DigestPages) -> InlineKeyboardMarkup:
    """A button per row that opens the card of its latest call, and the pages."""
    builder = InlineKeyboardBuilder()
    for row, case in enumerate(page.cases, start=1):
        builder.button(text=str(row), callback_data=AlertCard(call=case.call.id))
    widths = [5] * -(-len(page.cases) // 5)
    if page.count > 1:
        earlier = here.model_copy(update={"page": page.number - 2})
        later = here.model_copy(update={"page": page.number})
        has_earlier, has_later = page.number > 1, page.number < page.count
        builder.button(
            text="◀️" if has_earlier else " ", callback_data=earlier if has_earlier else Nothing()
        )
        builder.button(text=f"{page.number}/{page.count}", callback_data=Nothing())
        builder.button(
            text="▶️" if has_later else " ", callback_data=later if has_later else Nothing()
        )
        full, rest = divmod(len(page.cases), 5)
        widths = [5] * full + ([rest] if rest else []) + [3]
    builder.adjust(*widths or [1])
    return builder.as_markup()


def times(chosen: Sequence[int], labels: Mapping[int, str]) -> InlineKeyboardMarkup:
    """`labels`: the times offered, and those chosen, in words."""
    builder = InlineKeyboardBuilder()
    for minutes, label in labels.items():
        text = f"{label} ✓" if minutes in chosen else label
        builder.button(text=text, callback_data=DigestTime(minutes=minutes))
    builder.button(text=_("✏️ Another time"), callback_data=DigestOwn())
    builder.adjust(*[4] * -(-len(labels) // 4), 1)
    return builder.as_markup()

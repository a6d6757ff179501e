"""What a group hears of."""

from collections.abc import Collection, Sequence

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from keyboards.callbacks import GroupAll, GroupPlace, GroupStop


def group(
    group_id: int, places: Sequence[tuple[int, str]], chosen: Collection[int]
) -> InlineKeyboardMarkup:
    """`places`: code and name of each line and queue; `chosen`: the codes it hears of."""
    builder = InlineKeyboardBuilder()
    everything = _("All lines and queues")
    builder.button(
        text=everything if chosen else f"{everything} ✓", callback_data=GroupAll(group=group_id)
    )
    for code, name in places:
        is_chosen = code in chosen
        label = f"{name[:40]} ✓" if is_chosen else name[:40]
        wish = GroupPlace(group=group_id, code=code, is_wanted=not is_chosen)
        builder.button(text=label, callback_data=wish)
    builder.button(text=_("✖️ Announce nothing here"), callback_data=GroupStop(group=group_id))
    builder.adjust(1, *[2] * (len(places) // 2), *[1] * (len(places) % 2), 1)
    return builder.as_markup()

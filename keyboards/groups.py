"""The buttons with which a group chooses the lines and queues it is told of."""

from collections.abc import Collection, Sequence

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from keyboards.buttons import button, choice, in_rows, keyboard, short
from keyboards.callbacks import GroupAll, GroupPlace, GroupStop

_NAME_WIDTH = 40


def group(
    group_id: int, places: Sequence[tuple[int, str]], chosen: Collection[int]
) -> InlineKeyboardMarkup:
    """`places`: code and name of each line and queue; `chosen`: the codes the group is told of."""
    everything = choice(_("All lines and queues"), GroupAll(group=group_id), is_chosen=not chosen)
    some = [
        choice(
            short(name, _NAME_WIDTH),
            GroupPlace(group=group_id, code=code, is_wanted=code not in chosen),
            is_chosen=code in chosen,
        )
        for code, name in places
    ]
    stop = button(_("✖️ Stop announcing here"), GroupStop(group=group_id))
    return keyboard([everything], *in_rows(some, 2), [stop])

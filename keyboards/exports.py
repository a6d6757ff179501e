"""The buttons of exports: which kind of file, every Monday, no more of it."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.exports import ExportKind
from keyboards.buttons import button, choice, column, keyboard, short
from keyboards.callbacks import ExportCancel, ExportDrop, ExportMenu, ExportStart, ExportWeekly

_WIDTH = 28
_SIGNS = {ExportKind.XLSX: "📗", ExportKind.CSV: "📄"}


def menu(
    shown: ExportMenu,
    *,
    is_any: bool,
    weekly: ExportKind | None,
    others: Mapping[int, tuple[ExportKind, str]],
) -> InlineKeyboardMarkup:
    """`is_any`: whether there are calls. `weekly`: as what they come every Monday already.

    `others`: what else comes then, and its words, by the ids of the views.
    """
    fields = shown.model_dump()
    files = [
        button(f"{_SIGNS[kind]} {kind.name}", ExportStart(view=shown.view, kind=kind))
        for kind in ExportKind
    ]
    every_monday = column(
        choice(
            _("🗓 Mondays: {kind}").format(kind=kind.name),
            ExportWeekly(kind=kind, **fields),
            is_chosen=kind is weekly,
        )
        for kind in ExportKind
    )
    drops = column(
        button(f"🗑 {kind.name}: {short(words, _WIDTH)}", ExportDrop(weekly=view, **fields))
        for view, (kind, words) in others.items()
    )
    back = [button(_("⬅️ Log"), shown.page)]
    return keyboard(*filter(None, [files if is_any else [], *every_monday, *drops, back]))


def cancel(token: int) -> InlineKeyboardMarkup:
    """`token`: of the export."""
    return keyboard([button(_("✖️ Cancel"), ExportCancel(export=token))])

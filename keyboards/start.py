"""The first buttons a person sees, and those of the help."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Status
from bot.domain.cases import Board
from bot.domain.signs import STATUS
from keyboards.buttons import button, keyboard
from keyboards.callbacks import (
    BoardPlace,
    HelpPage,
    InviteAnswer,
    LogPage,
    SettingsMenu,
    TodayPage,
)


def greeting() -> InlineKeyboardMarkup:
    """The screens that everybody has."""
    missed = " ".join([STATUS[Status.MISSED], _("Missed")])
    return keyboard(
        [button(_("📞 Today"), TodayPage()), button(missed, BoardPlace(board=Board.ALL))],
        [button(_("📋 Whole log"), LogPage()), button(_("⚙️ Settings"), SettingsMenu())],
        [button(_("❔ What I can do"), HelpPage())],
    )


def invite_answers(token: str) -> InlineKeyboardMarkup:
    """Below the question whether an invitation should change somebody who is in already."""
    yes, no = (InviteAnswer(token=token, is_wanted=wanted) for wanted in (True, False))
    return keyboard([button(_("✅ Yes, it is mine"), yes)], [button(_("✖️ No"), no)])


def help_page() -> InlineKeyboardMarkup:
    return keyboard([button(_("🔖 The signs"), HelpPage(signs=True))])


def signs() -> InlineKeyboardMarkup:
    return keyboard([button(_("⬅️ Back"), HelpPage())])

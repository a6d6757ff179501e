"""The buttons of a contact and of what is asked about it."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.contacts import Contact, ContactNumber
from bot.domain.log import Turn
from bot.domain.phones import spaced
from keyboards.buttons import Row, button, column, in_crm, keyboard, short
from keyboards.callbacks import (
    BookPage,
    ContactButton,
    ContactStep,
    DialogButton,
    DialogStep,
    SharedContact,
)
from keyboards.dialogs import cancel_button

_NAME_WIDTH = 24


def contact(
    shown: Contact,
    pressed: ContactButton,
    *,
    removed: ContactNumber | None = None,
    client_url: str | None = None,
    is_in_book: bool = False,
) -> InlineKeyboardMarkup:
    """What can be done with the contact of a call's client.

    `removed`: the number taken away just now, which can be brought back. `client_url`: the
    client's page in the CRM. `is_in_book`: whether the reader may see the book of all contacts.
    """
    rows: list[Row] = []
    if pressed.step in {ContactStep.FORGET, ContactStep.NAME}:
        undo = _("↩️ As it was")
        if shown.name is None and shown.former_name:
            undo = _("↩️ {name} again").format(name=short(shown.former_name, _NAME_WIDTH))
        rows.append([button(undo, pressed.to(ContactStep.UNNAME, shown.version))])
    if removed:
        back = _("↩️ {number} again").format(number=spaced(removed.number))
        rows.append([button(back, pressed.to(ContactStep.RESTORE, removed.id))])
    name = _("✏️ Rename") if shown.name else _("✏️ Name")
    rows.append(
        [
            button(name, pressed.to(ContactStep.NAME)),
            button(_("➕ Number"), pressed.to(ContactStep.ADD)),
        ]
    )
    if len(shown.numbers) > 1:
        rows += column(
            button(f"🗑 {spaced(one.number)}", pressed.to(ContactStep.REMOVE, one.id))
            for one in shown.numbers
        )
    if shown.name:
        rows.append([button(_("🗑 Forget the name"), pressed.to(ContactStep.FORGET))])
    if client_url:
        rows.append([in_crm(client_url)])
    last = [button(_("⬅️ Card"), pressed.card)]
    if is_in_book:
        last.append(button(_("👤 Contacts"), BookPage(turn=Turn.AT, id=shown.id)))
    return keyboard(*rows, last)


def ask_first_name(pressed: ContactButton) -> InlineKeyboardMarkup:
    """Under the question for the name of a client of whom nothing is known yet."""
    return keyboard(
        [button(_("➕ Another number of this client"), pressed.to(ContactStep.ADD))],
        [cancel_button()],
    )


def replace_name() -> InlineKeyboardMarkup:
    return keyboard(
        [button(_("✅ Replace"), DialogButton(step=DialogStep.SAVE))],
        [button(_("✖️ Leave as it is"), DialogButton(step=DialogStep.CANCEL))],
    )


def take_number(*, is_only_one: bool) -> InlineKeyboardMarkup:
    """What to do with a number of another contact. `is_only_one`: that has no other."""
    if is_only_one:
        rows = [[button(_("✅ It is the same client"), DialogButton(step=DialogStep.MERGE))]]
    else:
        rows = [
            [button(_("✅ Only this number"), DialogButton(step=DialogStep.SAVE))],
            [button(_("👥 All its numbers"), DialogButton(step=DialogStep.MERGE))],
        ]
    return keyboard(*rows, [cancel_button()])


def shared(number: ContactNumber, version: int) -> InlineKeyboardMarkup:
    """Under the words that a shared contact has named its number: the way back."""
    undo = SharedContact(number=number.id, version=version)
    return keyboard([button(_("↩️ As it was"), undo)])

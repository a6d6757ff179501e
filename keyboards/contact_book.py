"""The buttons of the book of all contacts, and of files of it."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.contact_files import FileKind
from bot.domain.contacts import Contact, ContactNumber, ContactPage
from bot.domain.log import Turn
from bot.domain.phones import spaced
from keyboards.buttons import Row, button, column, counter, in_crm, keyboard, numbers, short, turn
from keyboards.callbacks import (
    BookButton,
    BookExport,
    BookFile,
    BookPage,
    BookStep,
    FileButton,
    FileStep,
    SettingsMenu,
)

_NAME_WIDTH = 24
_LABEL_WIDTH = 36


def page(shown: ContactPage, *, removed: Contact | None = None) -> InlineKeyboardMarkup:
    """A button for each row, the pages, the files. `removed`: what can be brought back."""
    rows: list[Row] = []
    first = shown.contacts[0].id if shown.contacts else 0
    if removed:
        name = short(removed.name or spaced(removed.numbers[0].number), _NAME_WIDTH)
        back = BookButton(step=BookStep.BRING_BACK, contact=removed.id, page=first)
        rows.append([button(_("↩️ {name} again").format(name=name), back)])
    rows += numbers(
        [
            button(str(number), BookButton(step=BookStep.OPEN, contact=one.id, page=first))
            for number, one in enumerate(shown.contacts, start=1)
        ]
    )
    if shown.has_earlier or shown.has_later:
        last = shown.contacts[-1].id
        rows.append(
            [
                turn("⏮", BookPage(turn=Turn.FIRST), is_on=shown.has_earlier),
                turn("◀️", BookPage(turn=Turn.NEWER, id=first), is_on=shown.has_earlier),
                counter(shown.number, shown.count),
                turn("▶️", BookPage(turn=Turn.OLDER, id=last), is_on=shown.has_later),
                turn("⏭", BookPage(turn=Turn.LAST), is_on=shown.has_later),
            ]
        )
    files = [button(_("📥 From a file"), BookFile(is_import=True))]
    if shown.contacts:
        files.append(button(_("⬇️ To a file"), BookFile(is_import=False)))
    return keyboard(*rows, files, [button(_("⬅️ Settings"), SettingsMenu())])


def contact(
    shown: Contact,
    pressed: BookButton,
    *,
    removed: ContactNumber | None = None,
    can_unname: bool = False,
    client_url: str | None = None,
) -> InlineKeyboardMarkup:
    """What can be done with a contact. `removed`: the number taken away just now."""
    rows: list[Row] = []
    if can_unname:
        undo = pressed.to(BookStep.UNNAME, shown.version)
        rows.append([button(_("↩️ As it was"), undo)])
    if removed:
        back = _("↩️ {number} again").format(number=spaced(removed.number))
        rows.append([button(back, pressed.to(BookStep.RESTORE, removed.id))])
    name = _("✏️ Rename") if shown.name else _("✏️ Name")
    rows.append(
        [
            button(name, pressed.to(BookStep.NAME)),
            button(_("➕ Number"), pressed.to(BookStep.ADD)),
        ]
    )
    if len(shown.numbers) > 1:
        rows += column(
            button(f"🗑 {spaced(one.number)}", pressed.to(BookStep.DROP, one.id))
            for one in shown.numbers
        )
    rows.append([button(_("👥 Join with another"), pressed.to(BookStep.MERGE))])
    if client_url:
        rows.append([in_crm(client_url)])
    rows.append([button(_("🗑 Remove the contact"), pressed.to(BookStep.REMOVE))])
    return keyboard(*rows, [button(_("⬅️ Contacts"), pressed.back)])


def choose_other(
    shown: Sequence[Contact], labels: Sequence[str], pressed: BookButton
) -> InlineKeyboardMarkup:
    """The contacts that may be meant; the labels are in their order."""
    rows = column(
        button(short(label, _LABEL_WIDTH), pressed.to(BookStep.ASK_JOIN, one.id))
        for one, label in zip(shown, labels, strict=True)
    )
    return keyboard(*rows, [button(_("⬅️ Back"), pressed.to(BookStep.OPEN))])


def confirm_joining(pressed: BookButton) -> InlineKeyboardMarkup:
    return keyboard(
        [button(_("✅ Join"), pressed.to(BookStep.JOIN, pressed.which))],
        [button(_("⬅️ Back"), pressed.to(BookStep.OPEN))],
    )


def to_book() -> InlineKeyboardMarkup:
    return keyboard([button(_("⬅️ Contacts"), BookPage())])


def export() -> InlineKeyboardMarkup:
    """In which form all contacts are wanted."""
    return keyboard(
        [button(_("📱 vCard, for phones"), BookExport(kind=FileKind.VCARD))],
        [button(_("📋 CSV, for tables"), BookExport(kind=FileKind.CSV))],
        [button(_("⬅️ Contacts"), BookPage())],
    )


def file_preview(*, can_take: bool, renames: int) -> InlineKeyboardMarkup:
    """What to do with a file; `renames`: names that it would replace."""
    rows: list[Row] = []
    if can_take:
        rows.append([button(_("✅ Take"), FileButton(step=FileStep.TAKE))])
    if renames:
        words = _("✏️ Take with its names ({count})").format(count=renames)
        rows.append([button(words, FileButton(step=FileStep.REPLACE))])
    return keyboard(*rows, [button(_("✖️ Cancel"), FileButton(step=FileStep.CANCEL))])

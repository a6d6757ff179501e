"""Files of contacts: which kind one is, its contacts one by one, and files of ours.

Reading and writing take the processor, so both are done in a thread, a piece at a time.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import IO

from bot.domain.contact_files import ContactFileError, FileContact, FileFault, FileKind, clean_name
from bot.domain.contacts import Contact
from bot.media.contact_tables import (
    ReadNumber,
    contact_row,
    headings_row,
    is_rounded,
    read_table,
)
from bot.media.file_text import TextFile
from bot.media.vcards import read_vcards, vcard

_SHOWN = 40
"""Characters of what is no number, for the report."""

_ARCHIVES = (b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
_ZIP = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_BEGIN = "BEGIN:VCARD"


def read_contacts(file: IO[bytes], read_number: ReadNumber) -> Iterator[FileContact]:
    """The contacts of a vCard or CSV. Raises ContactFileError where it can be neither."""
    text = TextFile(file)
    if _is_vcard(text):
        found = False
        for card in read_vcards(text):
            found = True
            yield _contact(card.place, card.name, card.numbers, read_number)
        if not found:
            raise ContactFileError(FileFault.NO_CARDS)
        return
    for row in read_table(text, read_number):
        yield _contact(row.place, row.name, row.numbers, read_number)


async def pieces(
    contacts: Iterator[FileContact], size: int
) -> AsyncIterator[Sequence[FileContact]]:
    """The contacts, so many at a time, read beside whatever else there is to do."""
    while piece := await asyncio.to_thread(list, islice(contacts, size)):
        yield piece


def _is_vcard(text: TextFile) -> bool:
    """Raises ContactFileError for what is no text."""
    sample = text.sample
    if not sample.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise ContactFileError(FileFault.EMPTY)
    if sample.startswith(_ZIP):
        is_workbook = b"xl/" in sample or b"[Content_Types]" in sample
        raise ContactFileError(FileFault.SPREADSHEET if is_workbook else FileFault.ARCHIVE)
    if sample.startswith(_OLD_WORKBOOK):
        raise ContactFileError(FileFault.SPREADSHEET)
    if sample.startswith(_ARCHIVES):
        raise ContactFileError(FileFault.ARCHIVE)
    if any(_BEGIN in line.upper().replace(" ", "") for _, line in islice(text.lines(), 1000)):
        return True
    if not text.is_wide and sum(byte < 9 or 14 <= byte < 32 for byte in sample) > len(sample) / 50:
        raise ContactFileError(FileFault.NO_TEXT)
    return False


def _contact(
    place: int, written: str, numbers: Sequence[str], read_number: ReadNumber
) -> FileContact:
    read = {one: None if is_rounded(one) else read_number(one) for one in numbers if one.strip()}
    known = tuple(dict.fromkeys(number for number in read.values() if number))
    name = clean_name(written)
    if name and not any(map(str.isalpha, name)) and read_number(name) in known:
        name = None  # of a contact without one its number stands there
    unread = tuple(
        " ".join(one.split())[:_SHOWN] for one, number in read.items() if number is None
    )
    return FileContact(place, name, known, unread)


# Ours


FILE_BYTES = 45_000_000
"""Of one file; Telegram takes 50 MB from a bot. More go into further files."""


class ContactFiles:
    """The files of an export, as they are written; they have no name on the disk.

    `headings`: name, number, and the columns behind. `numbers`: the most a contact has.
    """

    def __init__(self, kind: FileKind, headings: Sequence[str], *, numbers: int) -> None:
        self._kind = kind
        self._headings = headings
        self._numbers = max(1, numbers)
        self._closing = ExitStack()
        self.files: list[IO[bytes]] = []

    def __enter__(self) -> "ContactFiles":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def write(self, contacts: Sequence[tuple[Contact, Sequence[str]]]) -> None:
        """Contacts, each with the cells behind its numbers."""
        if not self.files or self.files[-1].tell() > FILE_BYTES:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when all are sent
            self.files.append(self._closing.enter_context(file))
            if self._kind is FileKind.CSV:
                name, number, *behind = self._headings
                row = headings_row(name, number, behind, numbers=self._numbers)
                self.files[-1].write(f"\ufeff{row}".encode())
        for contact, added in contacts:
            if self._kind is FileKind.VCARD:
                text = vcard(contact)
            else:
                text = contact_row(contact, added, numbers=self._numbers)
            self.files[-1].write(text.encode())

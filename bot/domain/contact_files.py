"""What becomes of the contacts of a file: pure rules, the same for a preview and for the taking.

- A file never takes a number from a contact that has it: that is a conflict, and is reported. So
  nothing in the book is lost, and taking the same file again changes nothing.
- A card is the contact that has one of its numbers and its name (`sort_key`), or has no name yet;
  several cards of one person come together so. Whoever shares a number under another name, as
  colleagues do that of their office, stays apart: the other numbers make a contact of their own.
- The name in the book stays unless `replaces_names`: then a contact all of whose numbers on the
  card are its own is renamed, unless this very file has named it already.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.calls import CONTACT_LIMIT
from bot.domain.contacts import NUMBERS_LIMIT, Contact, sort_key
from bot.domain.errors import AppError
from bot.domain.people import is_visible

_JOINERS = "\u200c\u200d"
"""Invisible, but a part of words and of emoji."""


class FileKind(StrEnum):
    """What an export is written as."""

    VCARD = "vcf"
    CSV = "csv"


class FileFault(StrEnum):
    """Why nothing at all of a file can be read."""

    EMPTY = "it is empty"
    TOO_LARGE = "it is too large"
    NO_TEXT = "it is neither a vCard nor a table of text"
    ARCHIVE = "it is an archive: unpack it first"
    SPREADSHEET = "it is a workbook: save it as CSV first"
    NO_CARDS = "there is no vCard in it"
    NO_NUMBERS = "no column of it has phone numbers"
    NO_NAMES = "it has numbers, but no column of names"
    WHICH_NAME = "it has several columns of words and no headings: which are the names?"


class ContactFileError(AppError):
    """`columns`: those that might be the names, as their first lines have them."""

    def __init__(self, fault: FileFault, columns: Sequence[str] = ()) -> None:
        super().__init__(" ".join([fault.value, *filter(None, [", ".join(columns)])]))
        self.fault = fault
        self.columns = tuple(columns)


def clean_name(text: str) -> str | None:
    """A name out of a file as a contact may have it; None if there is nothing to see of it."""
    composed = unicodedata.normalize("NFC", text)
    printable = "".join(one if one.isprintable() or one in _JOINERS else " " for one in composed)
    name = " ".join(printable.split())[:CONTACT_LIMIT].strip()
    return name if is_visible(name) else None


@dataclass(frozen=True, slots=True)
class FileContact:
    """A contact as a file has it; `place`: its first line. `numbers`: as clients are known by.

    `unread`: what stands where numbers do, and is none.
    """

    place: int
    name: str | None
    numbers: tuple[str, ...]
    unread: tuple[str, ...] = ()


class Fate(StrEnum):
    """What becomes of a card."""

    NEW = "new"
    FILLED = "filled"
    """A contact of the book has got a number, or a name, that it lacked."""
    SAME = "same"
    RENAMED = "renamed"
    DIFFERS = "differs"
    """Its numbers are in the book under another name, which stays."""
    NO_NUMBER = "no number"
    NO_NAME = "no name"
    """One number and no name: nothing that the number itself does not say."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A number that stays where it is: with the contact `owner`, which may have no name."""

    number: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`former`: the name in the book, where the card has another one. `can_rename`: whether
    `replaces_names` would let it take the place of that. `over`: numbers beyond NUMBERS_LIMIT.
    """

    card: FileContact
    fate: Fate
    added: int = 0
    former: str | None = None
    can_rename: bool = False
    conflicts: tuple[Conflict, ...] = ()
    over: tuple[str, ...] = ()


class Seen:
    """The contacts that cards of this file were, by ids; a byte for each, however many."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, id_: int) -> None:
        if id_ >= len(self._marks):
            self._marks.extend(bytes(id_ + 1024 - len(self._marks)))
        self._marks[id_] = 1

    def __contains__(self, id_: int) -> bool:
        return id_ < len(self._marks) and bool(self._marks[id_])


@dataclass(slots=True, eq=False)
class PlannedContact:
    """A contact of the book as it will be; `id` 0: a new one. `added`: the numbers it gets."""

    id: int
    name: str | None
    numbers: list[str]
    added: list[str] = field(default_factory=list)
    is_named: bool = False
    """Whether it gets its name now."""
    is_seen: bool = False


class Planning:
    """Decides about cards one after another; `contacts` are those that have numbers of theirs.

    A contact that says no more than its number is not among them: that number is free.
    """

    def __init__(self, known: Iterable[Contact], seen: Seen, *, replaces_names: bool) -> None:
        self._seen = seen
        self._replaces_names = replaces_names
        self._of_number: dict[str, PlannedContact] = {}
        self.contacts: list[PlannedContact] = []
        for one in known:
            numbers = [each.number for each in one.numbers]
            self._put(PlannedContact(one.id, one.name, numbers, is_seen=one.id in seen))

    def add(self, card: FileContact) -> Verdict:
        if not card.numbers:
            return Verdict(card, Fate.NO_NUMBER)
        owners = list(dict.fromkeys(self._owners(card.numbers)))
        own = _own_of(card, owners)
        former, can_rename = None, False
        if own is None and owners:
            first = owners[0]
            former, can_rename = first.name, len(owners) == 1 and not self._is_seen(first)
            if can_rename and self._replaces_names:
                own = first
            elif all(number in self._of_number for number in card.numbers):
                return Verdict(
                    card,
                    Fate.DIFFERS,
                    former=former,
                    can_rename=can_rename,
                    conflicts=() if len(owners) == 1 else self._conflicts(card, first),
                )
        is_new = own is None
        if own is None:
            if card.name is None and len(card.numbers) == 1:
                return Verdict(card, Fate.NO_NAME)
            own = self._put(PlannedContact(0, None, []))
        free = [number for number in card.numbers if number not in self._of_number]
        taken = free[: max(0, NUMBERS_LIMIT - len(own.numbers))]
        own.numbers += taken
        own.added += taken
        self._of_number |= dict.fromkeys(taken, own)
        fate = Fate.NEW if is_new else Fate.FILLED if taken else Fate.SAME
        if card.name and own.name is None:
            own.name, own.is_named = card.name, True
            fate = fate if is_new else Fate.FILLED
        elif card.name and sort_key(card.name) != sort_key(own.name):
            own.name, own.is_named, fate = card.name, True, Fate.RENAMED
        own.is_seen = True
        if own.id:
            self._seen.add(own.id)
        return Verdict(
            card,
            fate,
            added=len(taken),
            former=former,
            can_rename=can_rename,
            conflicts=self._conflicts(card, own),
            over=tuple(free[len(taken) :]),
        )

    def _put(self, contact: PlannedContact) -> PlannedContact:
        self.contacts.append(contact)
        self._of_number |= dict.fromkeys(contact.numbers, contact)
        return contact

    def _owners(self, numbers: Sequence[str]) -> list[PlannedContact]:
        return [self._of_number[number] for number in numbers if number in self._of_number]

    def _is_seen(self, contact: PlannedContact) -> bool:
        return contact.is_seen or contact.id in self._seen

    def _conflicts(self, card: FileContact, own: PlannedContact) -> tuple[Conflict, ...]:
        owners = {number: self._of_number.get(number) for number in card.numbers}
        return tuple(
            Conflict(number, owner.name)
            for number, owner in owners.items()
            if owner is not None and owner is not own
        )


def _own_of(card: FileContact, owners: Sequence[PlannedContact]) -> PlannedContact | None:
    """Which of the contacts that have numbers of the card is the card's."""
    if card.name is None:
        return owners[0] if owners else None
    key = sort_key(card.name)
    same = [one for one in owners if one.name and sort_key(one.name) == key]
    return next(iter(same + [one for one in owners if one.name is None]), None)


EXAMPLES = 3
"""Cards of one kind that a report shows."""


@dataclass(slots=True)
class Report:
    """What became, or would become, of all cards of a file; a few examples of each trouble.

    `numbers`: those read; `added`: those the book has got. `can_rename`: the cards whose names
    would take the place of others if they were to.
    """

    cards: int = 0
    numbers: int = 0
    added: int = 0
    can_rename: int = 0
    unread: int = 0
    over: int = 0
    conflicts: int = 0
    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    differing: list[Verdict] = field(default_factory=list)
    in_conflict: list[Verdict] = field(default_factory=list)
    with_unread: list[Verdict] = field(default_factory=list)
    too_many: list[Verdict] = field(default_factory=list)
    left_out: list[Verdict] = field(default_factory=list)

    def count(self, verdicts: Iterable[Verdict]) -> None:
        for one in verdicts:
            self.cards += 1
            self.numbers += len(one.card.numbers)
            self.added += one.added
            self.can_rename += one.can_rename
            self.unread += len(one.card.unread)
            self.over += len(one.over)
            self.conflicts += len(one.conflicts)
            self.fates[one.fate] += 1
            for examples, is_one in (
                (self.differing, one.fate is Fate.DIFFERS),
                (self.in_conflict, bool(one.conflicts)),
                (self.with_unread, bool(one.card.unread)),
                (self.too_many, bool(one.over)),
                (self.left_out, one.fate in {Fate.NO_NAME, Fate.NO_NUMBER}),
            ):
                if is_one and len(examples) < EXAMPLES:
                    examples.append(one)

    @property
    def taken(self) -> int:
        """The cards that change the book."""
        return sum(self.fates[fate] for fate in (Fate.NEW, Fate.FILLED, Fate.RENAMED))

"""The contacts of the company: who a client is, and all the numbers of theirs."""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import quote

NUMBERS_LIMIT = 10
"""Numbers of one contact. A log of one client walks an index for each, and for each extension."""


@dataclass(frozen=True, slots=True)
class ContactNumber:
    """A number of a contact, in E.164 as calls have it; `id` is its own for good."""

    id: int
    number: str


NAMELESS = "\U0010fffd"
"""The sort key of a contact without a name: behind all others."""

UNDO_SECONDS = 30
"""How long a contact that was removed can be brought back."""

_AFTER = "\u04ff"
"""Sorts behind every letter of ours: `г` and this is a letter next to `г`."""

_SIGNS = re.compile(r"[^\w\s]|_")

_ALPHABET = str.maketrans(
    {
        "ґ": f"г{_AFTER}",
        "є": f"е{_AFTER}",
        "ё": f"е{_AFTER}{_AFTER}",
        "і": f"и{_AFTER}",
        "ї": f"и{_AFTER}{_AFTER}",
    }
)
"""The letters that Unicode has not where the alphabet has them."""


def sort_key(name: str | None) -> str:
    """What a contact is ordered by, as bytes, in every database: the alphabet, whatever the case.

    Names with the same key are one name: signs, apostrophes and spaces make no difference.
    """
    if not name:
        return NAMELESS
    folded = unicodedata.normalize("NFKC", name).casefold().replace("\u02bc", "'")
    words = _SIGNS.sub("", folded).split()
    return " ".join(words).translate(_ALPHABET) or folded


def client_link(template: str, number: str | None) -> str | None:
    """Where a CRM shows the client of a number; None: there is no CRM, or no number."""
    if not template or number is None:
        return None
    return template.replace("{number}", quote(number, safe=""))


@dataclass(frozen=True, slots=True)
class Contact:
    """`name` is None until somebody gives one; `former_name` is what it was before, if anything.

    `version` grows with every change of the name. `numbers` in the order in which they were added.
    `added_by`: the name of who added it, at `added_at`; None: not known, or it was not a person.
    """

    id: int
    name: str | None
    former_name: str | None
    version: int
    numbers: tuple[ContactNumber, ...]
    added_by: str | None = None
    added_at: int | None = None

    @property
    def is_worth_showing(self) -> bool:
        """Whether it says more of its client than the number itself does."""
        return self.name is not None or len(self.numbers) > 1

    def find(self, number: str) -> ContactNumber | None:
        return next((one for one in self.numbers if one.number == number), None)


class Joining(Enum):
    """How an attempt to add a number to a contact ended."""

    ADDED = auto()
    ITS_ALREADY = auto()
    ANOTHERS = auto()
    """It is a number of another contact: somebody has to say what is to become of that."""
    TOO_MANY = auto()


class Takeover(Enum):
    """What a contact takes over from another one, whose number is added to it."""

    NOTHING = auto()
    NUMBER = auto()
    """It loses the number."""
    CONTACT = auto()
    """All its numbers are added; it is no more."""


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts in the order of the alphabet; `number` of `count` as of the log's pages."""

    contacts: tuple[Contact, ...]
    number: int
    count: int
    has_earlier: bool
    has_later: bool
    total: int

"""The contacts of the company: who a client is, and all the numbers of theirs."""

from dataclasses import dataclass
from enum import Enum, auto

NUMBERS_LIMIT = 10
"""Numbers of one contact. A log of one client walks an index for each, and for each extension."""


@dataclass(frozen=True, slots=True)
class ContactNumber:
    """A number of a contact, in E.164 as calls have it; `id` is its own for good."""

    id: int
    number: str


@dataclass(frozen=True, slots=True)
class Contact:
    """`name` is None until somebody gives one; `former_name` is what it was before, if anything.

    `version` grows with every change of the name. `numbers` in the order in which they were added.
    """

    id: int
    name: str | None
    former_name: str | None
    version: int
    numbers: tuple[ContactNumber, ...]

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

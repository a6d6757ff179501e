"""What calls are found by: the ends of clients' numbers, the words of names and of comments.

- Whoever writes a call, a name or a comment writes what it is found by in the same transaction.
- What an older program wrote, and what was there before, is looked through by and by: comments by
  `SearchRepo.catch_up`, names by `ContactBook.sort`, calls by `OlderPrograms`.
- A number is forgotten with the last of its calls; words go with their contact or call.
"""

from collections.abc import Collection, Iterable

from bot.domain.search import LEAST_DIGITS, ends_of_number, words_of
from storage.engine.base import Transaction, chunks, marks_sql

_AT_ONCE = 500

_LONGEST = 14
"""Later digits of a number begin no end of it that is kept; E.164 has fifteen at the most."""

_PLACES = " UNION ALL ".join(f"SELECT {one} AS place" for one in range(1, _LONGEST + 1))

_ADD = (
    "INSERT INTO client_digits (digits, client) "  # noqa: S608 - our own numbers
    f"SELECT substr(c.client, n.place), c.client FROM (SELECT ? AS client) AS c "
    f"JOIN ({_PLACES}) AS n ON length(c.client) >= n.place + {LEAST_DIGITS - 1} "
    "AND substr(c.client, n.place, 1) <> '+' "
    "WHERE NOT EXISTS (SELECT 1 FROM client_digits AS d WHERE d.digits = ? AND d.client = ?) "
    "ON CONFLICT (digits, client) DO NOTHING"
)


def note_clients(tx: Transaction, clients: Iterable[str]) -> None:
    """Let the calls of these clients be found by any digits of their numbers."""
    tx.write_many(
        _ADD, [(one, one.lstrip("+"), one) for one in sorted(set(clients)) if ends_of_number(one)]
    )


async def forget_clients(tx: Transaction, clients: Iterable[str]) -> None:
    """Forget those of these numbers of which there is no call any more."""
    for some in chunks(sorted(set(clients)), _AT_ONCE):
        rows = await tx.execute(
            f"SELECT DISTINCT client FROM calls WHERE client IN ({marks_sql(some)})",  # noqa: S608
            some,
        )
        gone = set(some) - {row["client"] for row in rows}
        tx.write_many(
            "DELETE FROM client_digits WHERE digits = ? AND client = ?",
            [(digits, one) for one in sorted(gone) for digits in ends_of_number(one)],
        )


def write_names(tx: Transaction, names: Collection[tuple[int, str | None]]) -> None:
    """Let the calls of contacts be found by their names; by their ids."""
    tx.write_many(
        "DELETE FROM contact_words WHERE contact_id = ?", [(contact,) for contact, _ in names]
    )
    tx.write_many(
        "INSERT INTO contact_words (word, contact_id, backwards) VALUES (?, ?, ?)",
        [(word, contact, word[::-1]) for contact, name in names for word in words_of(name or "")],
    )


def write_comment(tx: Transaction, call_id: int, text: str | None) -> None:
    """Let a call be found by its comment, as it is stored now; None: it has none any more."""
    tx.write("DELETE FROM comment_words WHERE call_id = ?", (call_id,))
    tx.write_many(
        "INSERT INTO comment_words (word, call_id) VALUES (?, ?)",
        [(word, call_id) for word in words_of(text or "")],
    )
    tx.write("UPDATE comments SET words_version = version WHERE call_id = ?", (call_id,))

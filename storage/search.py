"""Finding calls: what a query means in this log, to be read by log_parts.py."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.domain.search import Found, Query, ends_for_typo, is_typo, words_of
from storage.engine.base import Database, Row, Select, Value
from storage.search_index import write_comment

LISTED = 1000
"""So many numbers, and calls with a comment, are told one by one; more are found while the log is
walked."""

_AT_ONCE = 500

_MOST_TYPOS = 20
"""Words that differ from one that is looked for, at most."""

_LAST = "\U0010ffff"

Beginnings = tuple[tuple[str, ...], ...]
"""For each word of a query what it may begin with."""


class SearchRepo:
    def __init__(self, database: Database, *, listed: int = LISTED) -> None:
        self._database = database
        self._listed = listed

    async def find(self, query: Query) -> Found:
        """What is meant by the query as it is spelled."""
        return await self._find(query, tuple((word,) for word in query.words))

    async def find_alike(self, query: Query) -> Found:
        """The same, and what people might have meant who made a typo in a name."""
        ends = {word: both for word in query.words if (both := ends_for_typo(word))}
        employees, *answers = await self._database.fetch_each(
            _EMPLOYEES,
            *(
                (
                    "SELECT DISTINCT word FROM contact_words "
                    "WHERE (word >= ? AND word < ?) OR (backwards >= ? AND backwards < ?)",
                    (begin, begin + _LAST, end[::-1], end[::-1] + _LAST),
                )
                for begin, end in ends.values()
            ),
        )
        of_employees = {word for row in employees for word in words_of(row["name"])}
        typos = {
            word: _typos(word, {*of_employees, *(row["word"] for row in rows)})
            for word, rows in zip(ends, answers, strict=True)
        }
        alike = tuple((word, *typos.get(word, ())) for word in query.words)
        return replace(await self._find(query, alike), is_alike=True)

    async def catch_up(self) -> None:
        """Look through some of the comments that nobody has yet, the newest calls first."""
        missing = "SELECT call_id, text FROM comments WHERE words_version <> version"
        if not await self._database.has(f"{missing} LIMIT 1"):
            return
        async with self._database.transaction() as tx:
            for row in await tx.execute(f"{missing} ORDER BY call_id DESC LIMIT {_AT_ONCE}"):
                write_comment(tx, row["call_id"], row["text"])

    async def _find(self, query: Query, beginnings: Beginnings) -> Found:
        exact = tuple((word,) for word in query.words)
        employees, contacts, comments, *digits = await self._database.fetch_each(
            _EMPLOYEES,
            _contacts_select(beginnings, self._listed),
            _comments_select(exact, self._listed),
            *(_digits_select(one, self._listed) for one in query.digits),
        )
        numbers = dict.fromkeys(row["client"] for rows in digits for row in rows)
        are_digits_listed = all(len(rows) <= self._listed for rows in digits)
        are_names_listed = len(contacts) <= self._listed
        listed = [*(numbers if are_digits_listed else ())]
        if are_names_listed:
            listed += [row["number"] for row in contacts if row["number"] not in numbers]
        are_calls_listed = len(comments) <= self._listed
        return Found(
            numbers=tuple(listed),
            extensions=tuple(sorted(_extensions(employees, query, beginnings))),
            calls=tuple(row["call_id"] for row in comments) if are_calls_listed else (),
            digits=() if are_digits_listed else query.digits,
            names=() if are_names_listed else beginnings,
            comments=() if are_calls_listed else exact,
        )


_EMPLOYEES: Select = (
    "SELECT e.name, x.extension FROM employees AS e "
    "JOIN employee_extensions AS x ON x.employee_id = e.id WHERE e.state <> 'removed'",
    (),
)


def names_sql(beginnings: Beginnings) -> tuple[str, list[Value]]:
    """The ids of the contacts in whose names all of it is, for IN, and the values."""
    each = [_words_sql("word", words) for words in beginnings]
    sql = " AND contact_id IN ".join(
        f"(SELECT contact_id FROM contact_words WHERE {where}"  # noqa: S608
        for where, _ in each
    )
    return sql + ")" * len(each), [value for _, values in each for value in values]


def comments_sql(beginnings: Beginnings, call: str) -> tuple[str, list[Value]]:
    """A predicate: the comment of the call, an SQL expression, has all of it; and the values."""
    each = [_words_sql("w.word", words) for words in beginnings]
    sql = " AND ".join(
        f"EXISTS (SELECT 1 FROM comment_words AS w WHERE w.call_id = {call} AND {where})"  # noqa: S608
        for where, _ in each
    )
    return sql, [value for _, values in each for value in values]


def _digits_select(digits: str, listed: int) -> Select:
    # Without DISTINCT, which PostgreSQL would not stop at the limit.
    return (
        "SELECT client FROM client_digits WHERE digits >= ? AND digits < ? "  # noqa: S608
        f"ORDER BY digits, client LIMIT {listed + 1}",
        (digits, digits + _LAST),
    )


def _contacts_select(beginnings: Beginnings, listed: int) -> Select:
    ids, values = names_sql(_longest_first(beginnings))
    return (
        f"SELECT number FROM contact_numbers WHERE contact_id IN {ids} "  # noqa: S608
        f"LIMIT {listed + 1}",
        values,
    )


def _comments_select(beginnings: Beginnings, listed: int) -> Select:
    first, *others = _longest_first(beginnings)
    where, values = _words_sql("c.word", first)
    rest, of_rest = comments_sql(tuple(others), "c.call_id") if others else ("1 = 1", [])
    return (
        f"SELECT c.call_id FROM comment_words AS c WHERE {where} AND {rest} "  # noqa: S608
        f"LIMIT {listed + 1}",
        [*values, *of_rest],
    )


def _words_sql(column: str, beginnings: Sequence[str]) -> tuple[str, list[Value]]:
    """That a word begins with one of these, and the values."""
    sql = " OR ".join(f"({column} >= ? AND {column} < ?)" for _ in beginnings)
    return f"({sql})", [value for one in beginnings for value in (one, one + _LAST)]


def _longest_first(beginnings: Beginnings) -> Beginnings:
    return tuple(sorted(beginnings, key=lambda words: -min(map(len, words))))


def _typos(word: str, candidates: Iterable[str]) -> list[str]:
    return sorted(one for one in candidates if one != word and is_typo(word, one))[:_MOST_TYPOS]


def _extensions(rows: Sequence[Row], query: Query, beginnings: Beginnings) -> set[str]:
    """The extensions of the employees who are meant by a name, or by the extension itself."""
    found = set()
    for row in rows:
        words = words_of(row["name"])
        is_named = all(
            any(word.startswith(begin) for word in words for begin in of_word)
            for of_word in beginnings
        )
        if is_named or row["extension"] == query.text:
            found.add(row["extension"])
    return found

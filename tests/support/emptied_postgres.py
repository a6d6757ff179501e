"""Databases of PostgreSQL that tests have used, emptied for the next: to make one takes longer.

One whose tables are not those of a new one any more is left to be dropped; so is one that has
grown, or that the server has statistics of, by which it would plan.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from tests.support.postgres import postgres_database

_GROWN = 1 << 20

_FACTS = """
    SELECT (SELECT sum(xmin::text::bigint) FROM pg_attribute),
        (SELECT sum(xmin::text::bigint) FROM pg_class WHERE relkind <> 'S'),
        (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384),
        pg_database_size(current_database()) / %s
"""
_LEAVE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_IN_ANY_ORDER = b"SET LOCAL session_replication_role = replica"
"""No foreign key minds what is deleted first: in the end all is."""

_SEQUENCES = """
    SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


class _Emptied:
    def __init__(self) -> None:
        self._made = postgres_database()
        self.address = self._made.__enter__()
        self._looking = psycopg.connect(self.address, autocommit=True)
        self._facts = self._look()
        tables = [table for [table] in self._ask(_TABLES)]
        asked = {table: self._ask(f"SELECT * FROM {table}") for table in tables}
        self._rows = {table: rows for table, rows in asked.items() if rows}
        self._delete = "; ".join(f"DELETE FROM {table}" for table in tables).encode()

    def empty(self) -> bool:
        """Whether it is as a new one now."""
        try:
            self._ask(_LEAVE)
            if self._look() != self._facts:
                return False
            with self._looking.transaction():
                self._looking.execute(_IN_ANY_ORDER)
                self._looking.execute(self._delete)
                for table, rows in self._rows.items():
                    marks = ", ".join(["%s"] * len(rows[0]))
                    sql = f"INSERT INTO {table} VALUES ({marks})".encode()
                    self._looking.cursor().executemany(sql, rows)
                self._looking.execute(_SEQUENCES.encode())
        except psycopg.OperationalError:  # a test has ended all sessions, this one too
            return False
        return True

    def give_up(self) -> None:
        with suppress(psycopg.Error):
            self._looking.close()
        self._made.__exit__(None, None, None)

    def _look(self) -> list[tuple[Any, ...]]:
        return self._looking.execute(_FACTS.encode(), (_GROWN,)).fetchall()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._looking.execute(sql.encode()).fetchall()


_used: list[_Emptied] = []


@contextmanager
def emptied_database() -> Iterator[str]:
    """The address of an empty database of the newest version, new or as a new one."""
    while _used:
        one = _used.pop()
        if one.empty():
            break
        one.give_up()
    else:
        one = _Emptied()
    try:
        yield one.address
    finally:
        _used.append(one)

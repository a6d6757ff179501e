"""Tables as streams of bytes: how they go from one engine to another, and how two are compared.

The stream is what PostgreSQL calls the binary format of COPY: whole numbers of 64 bits, texts in
UTF-8, NULL apart from an empty text. What is sent to it and what it gives back of the same rows,
in the order of the primary key, are the same bytes.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

BEGIN = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
END = struct.pack(">h", -1)

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for U+0000, which a text of PostgreSQL cannot hold."""

_COLUMNS = struct.Struct(">h").pack
_LENGTH = struct.Struct(">i").pack
_NUMBER = struct.Struct(">iq").pack
_NULL = _LENGTH(-1)


@dataclass(frozen=True, slots=True)
class Table:
    """`key`: the columns of its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def columns_sql(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    @property
    def rows_sql(self) -> str:
        """All rows, in the order of the key, which is the same in both engines."""
        order = ", ".join(f'"{column}"' for column in self.key)
        return f'SELECT {self.columns_sql} FROM "{self.name}" ORDER BY {order}'  # noqa: S608


class Sum:
    """What a table holds: so many rows, and the digest of its stream."""

    def __init__(self, begin: bytes = b"") -> None:
        self.rows = 0
        self._digest = hashlib.sha256(begin)

    def add(self, part: bytes, rows: int = 0) -> None:
        self._digest.update(part)
        self.rows += rows

    @property
    def value(self) -> tuple[int, bytes]:
        """To be compared: the rows and the digest."""
        return self.rows, self._digest.digest()


def encode(rows: Iterable[Iterable[object]]) -> tuple[bytes, int]:
    """These rows as a part of a stream, and in how many texts U+0000 was replaced."""
    parts, replaced = [], 0
    for row in rows:
        values = tuple(row)
        parts.append(_COLUMNS(len(values)))
        for value in values:
            if value is None:
                parts.append(_NULL)
            elif isinstance(value, int):
                parts.append(_NUMBER(8, value))
            elif isinstance(value, str):
                if "\0" in value:
                    value, replaced = value.replace("\0", REPLACEMENT), replaced + 1
                text = value.encode()
                parts += (_LENGTH(len(text)), text)
            else:
                raise TypeError(f"no column has {type(value).__name__}")
    return b"".join(parts), replaced

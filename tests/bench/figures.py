"""What is measured and how it is told: figures, yardsticks, the two tables."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_WIDTH = 168
_MARKS = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `is_met` is None where the design names no target."""

    what: str
    figure: str
    yardstick: str = ""
    ratio: str = ""
    target: str = ""
    is_met: bool | None = None


Taken = dict[tuple[str, str], list[float]]
"""Seconds, by the scope of who reads and the name of what is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How one figure changes with the number of calls in the log."""

    what: str
    values: tuple[str, ...]


def share(values: Sequence[float], percent: int) -> float:
    """The value that so many per cent of the values do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def spread(values: Sequence[float]) -> str:
    """Median and p95, in milliseconds."""
    return f"{statistics.median(values) * 1000:.2f} / {share(values, 95) * 1000:.2f} ms"


def by_scope(
    taken: Taken, what: str, limit: float, *, short: Taken | None = None, size: int = 0
) -> list[Figure]:
    """A line for each scope and name, which stand in `what`; `limit`: seconds.

    The yardstick is the same of `short`, taken on a log of `size` calls.
    """
    return [
        Figure(
            what=what.format(scope=scope, name=name),
            figure=spread(times),
            yardstick=f"{spread(short[scope, name])} at {size}" if short else "",
            ratio="–",
            target=f"p95 ≤ {limit * 1000:.0f} ms",
            is_met=share(times, 95) <= limit,
        )
        for (scope, name), times in taken.items()
    ]


def fsync_seconds(directory: Path, *, rounds: int = 100) -> float:
    """What one durable write of a page costs on this disk, the median."""
    path, taken = directory / "fsync.probe", []
    with path.open("wb", buffering=0) as file:
        for _ in range(rounds):
            started = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(taken)


def print_figures(figures: Sequence[Figure], *, fsync: float) -> None:
    table = Table(title="Figures beside their yardsticks", title_justify="left")
    for name in ("what", "figure", "yardstick", "ratio", "target", "met?"):
        table.add_column(name, justify="right" if name == "ratio" else "left")
    for it in figures:
        style = "bold red" if it.is_met is False else None
        met = _MARKS[it.is_met]
        table.add_row(it.what, it.figure, it.yardstick, it.ratio, it.target, met, style=style)
    console = _console()
    console.print(table)
    console.print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} processors; write + fsync of 4 KiB here: {milliseconds(fsync)}",
        highlight=False,
    )


def print_growth(sizes: Sequence[int], rows: Sequence[Growth]) -> None:
    table = Table(title="Growth with the log", title_justify="left")
    table.add_column("what")
    for size in sizes:
        table.add_column(f"{size:,} calls".replace(",", " "), justify="right")
    for row in rows:
        table.add_row(row.what, *row.values)
    _console().print(table)


def _console() -> Console:
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH)

"""`dzvinok import` of an Asterisk Master.csv, in a process of its own, from start to exit.

The yardstick is sqlite3.executemany of the very rows the import left, into the same tables with
the same indexes and pragmas, committed every 20 000 rows; reading those rows is not timed.
"""

import asyncio
import sqlite3
import statistics
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

from tests.bench import office
from tests.bench.figures import Figure, Growth
from tests.bench.logs import Bench, say
from tests.bench.processes import command, memory

SHARE = 1 / 3
_CHUNK = 20_000
_TABLES = ("calls", "call_extensions")
_LOOK_SECONDS = 0.05
_FLAT = 1.25


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    figures, peaks = [], []
    for lines in (bench.calls // 10, bench.calls):
        say(f"importing {lines} lines")
        path = bench.directory / f"Master-{lines}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(islice(office.asterisk_rows(office.calls(lines)), lines))
        rounds = 2 if lines < bench.calls else 1
        taken, bare, hwm = [], [], 0
        for number in range(rounds):
            database = bench.directory / f"import-{lines}-{number}.db"
            seconds, peak = asyncio.run(_import(path, database))
            taken.append(seconds)
            hwm = max(hwm, peak)
            target = bench.directory / "bare.db"
            bare.append(_insert(database, target))
            for made in (database, target):
                made.unlink()
        peaks.append(hwm)
        mine, yardstick = statistics.median(taken), statistics.median(bare)
        figures.append(
            Figure(
                what=f"import of {lines} CSV lines",
                figure=f"{mine:.1f} s, {lines / mine:.0f} lines/s",
                yardstick=f"bare executemany {yardstick:.1f} s, {lines / yardstick:.0f} lines/s",
                ratio=f"1/{mine / yardstick:.2f}",
                target="≥ 1/3",
                is_met=mine * SHARE <= yardstick,
            )
        )
    few, many = peaks
    figures.append(
        Figure(
            what=f"import, peak memory at {bench.calls} lines",
            figure=f"{many / 1e6:.0f} MB",
            yardstick=f"{few / 1e6:.0f} MB at {bench.calls // 10}",
            ratio=f"{many / few:.2f}",
            target="flat",
            is_met=many <= few * _FLAT,
        )
    )
    return figures, []


async def _import(path: Path, database: Path) -> tuple[float, int]:
    """Seconds, and bytes at the peak."""
    settings = {
        "DATABASE_PATH": str(database),
        "SOURCES__PBX__KIND": "asterisk",
        "SOURCES__PBX__TIMEZONE": "UTC",
    }
    started, peak = time.perf_counter(), 0
    async with command(
        *("-m", "bot", "import", "pbx", str(path)), directory=path.parent, settings=settings
    ) as process:
        while process.returncode is None:
            peak = max(peak, memory(process.pid, "VmHWM"))
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=_LOOK_SECONDS)
    if process.returncode:
        raise RuntimeError("the import failed")
    return time.perf_counter() - started, peak


def _insert(source: Path, target: Path) -> float:
    """Seconds of writing the rows of `source` anew."""
    taken = 0.0
    with closing(sqlite3.connect(source)) as original:
        copy = sqlite3.connect(target, isolation_level=None)
        copy.execute("PRAGMA journal_mode = WAL")
        copy.execute("PRAGMA synchronous = FULL")
        copy.execute("PRAGMA foreign_keys = ON")
        copy.execute("PRAGMA cache_size = -8000")
        for (sql,) in original.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name IN (?, ?) AND sql IS NOT NULL "
            "ORDER BY type = 'index'",
            _TABLES,
        ):
            copy.execute(sql)
        [(last,)] = original.execute("SELECT max(id) FROM calls")
        for first in range(1, last + 1, _CHUNK):
            span = (first, first + _CHUNK)
            calls = original.execute(
                "SELECT * FROM calls WHERE id >= ? AND id < ? ORDER BY id", span
            ).fetchall()
            extensions = original.execute(
                "SELECT * FROM call_extensions WHERE call_id >= ? AND call_id < ? "
                "ORDER BY call_id",
                span,
            ).fetchall()
            started = time.perf_counter()
            copy.execute("BEGIN IMMEDIATE")
            for table, rows in zip(_TABLES, (calls, extensions), strict=True):
                if rows:
                    places = ", ".join("?" * len(rows[0]))
                    copy.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
            copy.execute("COMMIT")
            taken += time.perf_counter() - started
        started = time.perf_counter()
        copy.close()
        return taken + time.perf_counter() - started

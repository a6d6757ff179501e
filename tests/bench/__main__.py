"""`python -m tests.bench`: all figures beside their yardsticks, in two tables."""

import argparse
import tempfile
import time
from pathlib import Path

from tests.bench import (
    asterisk,
    backfills,
    crowds,
    deliveries,
    engines,
    exports,
    filters,
    hooks,
    imports,
    memory,
    pages,
    presses,
    searches,
    statistics,
)
from tests.bench.figures import Figure, Growth, fsync_seconds, print_figures, print_growth
from tests.bench.logs import Bench, say

PARTS = {
    "pages": pages.measure,
    "filters": filters.measure,
    "searches": searches.measure,
    "statistics": statistics.measure,
    "hooks": hooks.measure,
    "imports": imports.measure,
    "presses": presses.measure,
    "deliveries": deliveries.measure,
    "asterisk": asterisk.measure,
    "backfills": backfills.measure,
    "crowds": crowds.measure,
    "memory": memory.measure,
    "exports": exports.measure,
    "engines": engines.measure,
}


def main() -> None:
    options = _options()
    figures: list[Figure] = []
    growth: list[Growth] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dzvinok-bench-") as directory:
        bench = Bench(Path(directory), options.calls, is_quick=options.quick)
        fsync = fsync_seconds(bench.directory)
        for name, measure in PARTS.items():
            if name in options.only:
                found, grown = measure(bench)
                figures += found
                growth += grown
    print_figures(figures, fsync=fsync)
    if growth:
        print_growth(bench.sizes, growth)
    say(f"{time.monotonic() - started:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="NAME")
    parser.add_argument("--calls", type=int, help="calls of the long log, lines of the import")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    options = parser.parse_args()
    if options.calls is None:
        options.calls = 20_000 if options.quick else 1_000_000
    return options


if __name__ == "__main__":
    main()

"""Limits that the programs beside the bot set themselves: what one takes, it takes from others.

A program may begin with `limit_ourselves`. What imports nothing of ours is begun by this file,
which sets the limits and becomes that program:

    python -I limits.py LIMITS PROGRAM WORD…

LIMITS is JSON, by the names of the fields of Limits.
"""

import json
import math
import os
import resource
import runpy
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`seconds`: how long it may take, and compute. `written`: bytes of a file it writes.

    `memory`: bytes of address space, most of which are libraries and never touched; None: any.
    """

    seconds: float
    written: int
    memory: int | None = None


OPEN_FILES = 128
NICENESS = 10
"""What is pressed goes before it."""


def limit_ourselves(limits: Limits) -> None:
    """Set them for this process, for good; it ends itself when one is reached."""
    with suppress(OSError):
        os.nice(NICENESS)
    seconds = math.ceil(limits.seconds)
    for what, limit, last in (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        # Where both are the same the system kills, and does not say that it was for the time.
        (resource.RLIMIT_CPU, seconds, seconds + 10),
        (resource.RLIMIT_FSIZE, limits.written, limits.written),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        # Some systems know no such limit, and some do not let us set it.
        with suppress(OSError, ValueError):
            if limit is not None and last is not None:
                resource.setrlimit(what, (limit, last))
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)  # the bot may be gone


def main() -> None:
    limit_ourselves(Limits(**json.loads(sys.argv[1])))
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

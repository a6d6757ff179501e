"""A process whose clock is set while it runs: libfaketime, from Debian's package `faketime`."""

import os
import time
from pathlib import Path

import pytest

LIBRARIES = "/usr/lib"
_NAME = "*/faketime/libfaketime.so.1"


class MovedClock:
    """The clock of a process: the real time, and so many seconds more or less.

    Only the clock is moved, not the seconds that pass (CLOCK_MONOTONIC).
    """

    def __init__(self, directory: Path, library: Path) -> None:
        self.offset = 0
        self._file = directory / "clock"
        self._library = library
        self.step(0)

    def environment(self) -> dict[str, str]:
        """What the process is started with; names of libfaketime."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else waits of threads take half a processor
            "NO_FAKE_STAT": "1",
        }

    def step(self, seconds: int) -> None:
        """Set the clock of the process so much forth; back if `seconds` are below 0."""
        self.offset += seconds
        written = self._file.with_suffix(".new")
        written.write_text(f"{self.offset:+d}\n")
        written.replace(self._file)  # at once: a file half written would be another time

    def now(self) -> int:
        """What the process reads on its clock."""
        return int(time.time()) + self.offset


def clock_to_move(directory: Path) -> MovedClock:
    """A clock for a process of this test; without libfaketime a failure in CI, else a skip."""
    for library in sorted(Path(LIBRARIES).glob(_NAME)):
        return MovedClock(directory, library)
    words = "NO PROCESS WAS TRIED UNDER A MOVED CLOCK: apt-get install faketime"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)

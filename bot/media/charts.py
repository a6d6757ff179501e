"""The picture of statistics, drawn by a program of its own: see drawing.py."""

import asyncio
import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

from bot.domain.errors import DrawingError
from bot.domain.statistics import Statistics
from bot.media.limits import Limits
from bot.media.programs import run_program

LIMITS = Limits(seconds=60, written=10_000_000, memory=1536 * 2**20)
"""Of one picture; it is drawn in about two seconds. What is written is which fonts there are."""

_PROGRAM = Path(__file__).with_name("drawing.py")
_MOST = 2_000_000
"""Bytes of a picture."""


class Charts:
    """One picture is drawn at a time; the others wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore()
        self._folder = ""

    async def draw(self, told: Statistics, words: Mapping[str, str | list[str]]) -> bytes:
        """A PNG, three times as wide as a telephone of 390 points. Raises DrawingError.

        `words`: by the names that drawing.py has for them.
        """
        asked = {
            "words": dict(words),
            "hours": [(one.calls, one.lost) for one in told.hours],
            "week": [[one.calls for one in day] for day in told.week],
            "back": told.back_within,
        }
        async with self._turn:
            try:
                png = await run_program(
                    _PROGRAM,
                    limits=LIMITS,
                    most=_MOST,
                    given=json.dumps(asked).encode(),
                    environment={"MPLCONFIGDIR": self._known_fonts(), "OPENBLAS_NUM_THREADS": "1"},
                )
            except TimeoutError:
                raise DrawingError("it takes too long") from None
        if not png.startswith(b"\x89PNG") or len(png) == _MOST:
            raise DrawingError("what draws it has crashed")
        return png

    def _known_fonts(self) -> str:
        """A folder in which Matplotlib keeps which fonts there are: looking takes seconds."""
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="dzvinok-charts-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

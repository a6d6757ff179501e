"""The picture of statistics, drawn by a program of its own: see drawing.py."""

import asyncio
import json
import tempfile
from pathlib import Path

from bot.domain.errors import DrawingError
from bot.domain.statistics import Statistics
from bot.media.programs import run_program

SECONDS = 60.0
"""How long a picture may take; it is drawn in about two."""

_PROGRAM = Path(__file__).with_name("drawing.py")
_MOST = 2_000_000


class Charts:
    """One picture is drawn at a time; the others wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def draw(
        self, told: Statistics, *, title: str, subtitle: str, words: dict[str, str | list[str]]
    ) -> bytes:
        """A PNG, about as wide as a telephone shows it twice over. Raises DrawingError.

        `words`: of the three charts, by the names that drawing.py has for them.
        """
        asked = {
            "title": title,
            "subtitle": subtitle,
            "words": words,
            "hours": [(one.calls, one.lost) for one in told.hours],
            "week": [[one.calls for one in day] for day in told.week],
            "back": told.back_within,
        }
        async with self._turn:
            try:
                png = await run_program(
                    _PROGRAM,
                    seconds=SECONDS,
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
        """A folder in which Matplotlib keeps which fonts there are: looking takes a second."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="dzvinok-charts-")
        return self._folder.name

"""Programs beside the bot: each within its limits, told nothing of us, ended when it is late."""

import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import DrawingError, RecordingBrokenError
from bot.domain.statistics import Load, Statistics, Totals
from bot.media import charts, programs, voices
from bot.media.charts import Charts
from bot.media.limits import NICENESS, OPEN_FILES, Limits
from bot.media.programs import run_program
from bot.media.voices import Converter

SOME = Limits(seconds=20, written=1_000_000, memory=1 << 30)
NOTHING = Statistics(
    totals=Totals(),
    before=None,
    week=((Load(),) * 24,) * 7,
    people=(),
    lines=(),
    back_within=(0,) * 6,
)


def written(folder: Path, *lines: str) -> Path:
    """A program of these lines."""
    program = folder / "program.py"
    program.write_text("\n".join(lines), encoding="utf-8")
    return program


async def convert() -> None:
    with tempfile.TemporaryFile() as file, pytest.raises(RecordingBrokenError):
        async with Converter().voices(file, "wav"):
            pass


async def draw() -> None:
    with pytest.raises(DrawingError):
        await Charts().draw(NOTHING, {})


TELLS_LIMITS = (
    "import json, os, resource, signal",
    "names = 'AS', 'CPU', 'FSIZE', 'NOFILE', 'CORE'",
    "limits = [resource.getrlimit(getattr(resource, 'RLIMIT_' + one)) for one in names]",
    "left = signal.alarm(0)",
    "told = {'limits': limits, 'nice': os.nice(0), 'left': left, 'environment': [*os.environ],",
    "        'files': len(os.listdir('/proc/self/fd'))}",
    "open({told!r}, 'w').write(json.dumps(told))",
)


@pytest.mark.parametrize(
    ("what", "limits", "begin", "files", "names"),
    [
        (voices, voices.LIMITS, convert, 2, set()),
        (charts, charts.LIMITS, draw, 0, {"MPLCONFIGDIR", "OPENBLAS_NUM_THREADS"}),
    ],
)
async def test_a_program_has_its_limits_and_nothing_of_ours(
    what: object,
    limits: Limits,
    begin: Callable[[], Awaitable[None]],
    files: int,
    names: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = tmp_path / "told"
    *lines, last = TELLS_LIMITS
    monkeypatch.setattr(what, "_PROGRAM", written(tmp_path, *lines, last.format(told=str(told))))
    monkeypatch.setenv("BOT_TOKEN", "secret")
    await begin()
    seen = json.loads(told.read_text())
    memory, seconds, size = limits.memory, limits.seconds, limits.written
    asked = [(memory, memory), (seconds, seconds + 10), (size, size), (OPEN_FILES,) * 2, (0, 0)]
    assert seen["limits"] == [list(one) for one in asked]
    assert seen["nice"] == min(19, os.nice(0) + NICENESS)
    assert limits.seconds - 20 < seen["left"] <= limits.seconds
    assert set(seen["environment"]) - {"LC_CTYPE"} <= {"PATH", "LD_LIBRARY_PATH", *names}
    assert seen["files"] <= 3 + files + 1  # the usual ones, ours, the listing itself


async def test_a_program_is_told_its_words_and_what_to_read(tmp_path: Path) -> None:
    program = written(tmp_path, "import sys", "print(sys.argv[1:], sys.stdin.read(), __name__)")
    told = await run_program(program, "a", "б", limits=SOME, most=100, given=b"c")
    assert told.decode() == "['a', 'б'] c __main__\n"
    assert await run_program(program, limits=SOME, most=3) == b"[] "


@pytest.mark.parametrize("hears", [True, False])
async def test_one_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hears: bool
) -> None:
    """By the limit it has itself; if it does not heed that, by the bot."""
    pid = tmp_path / "pid"
    heeds = "" if hears else "signal.signal(signal.SIGALRM, signal.SIG_IGN)"
    program = written(
        tmp_path,
        "import os, signal, time",
        heeds,
        f"open({str(pid)!r}, 'w').write(str(os.getpid()))",
        "time.sleep(600)",
    )
    short = replace(SOME, seconds=2)
    if not hears:
        monkeypatch.setattr(programs, "_LATER", 1.0)
    if hears:
        assert await run_program(program, limits=short, most=10) == b""
    else:
        with pytest.raises(TimeoutError):
            await run_program(program, limits=short, most=10)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(
    "line",
    ["while True: pass", "x = bytearray(2 << 30)", "open('{file}', 'wb').write(bytes(2_000_000))"],
)
async def test_one_that_takes_more_than_it_may_is_ended(tmp_path: Path, line: str) -> None:
    file = tmp_path / "file"
    program = written(tmp_path, line.format(file=file), "print('all of it')")
    limits = replace(SOME, seconds=1 if line.startswith("while") else SOME.seconds)
    assert await run_program(program, limits=limits, most=100) == b""
    assert not file.exists() or file.stat().st_size <= SOME.written

"""What the program says on a system it does not run on."""

import subprocess
import sys

from tests.support.places import ROOT


def test_windows_is_refused_in_one_line() -> None:
    program = "import sys, bot.__main__ as shell; sys.platform = 'win32'; shell.main()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "Dzvinok runs on Linux and macOS; on Windows use WSL\n"
    assert done.stdout == ""

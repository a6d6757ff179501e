"""The clock."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""The present moment in Unix seconds. Injected, so that tests can move it."""


def system_clock() -> int:
    return int(time.time())

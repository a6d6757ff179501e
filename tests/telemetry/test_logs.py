"""What the log says of what goes wrong."""

import logging

import pytest

from bot.domain.errors import AwayError, StorageError
from bot.telemetry.logs import configure_logs


@pytest.mark.parametrize("is_json", [False, True])
def test_a_database_that_is_away_is_a_line_each_time_and_no_traceback(
    capsys: pytest.CaptureFixture[str], *, is_json: bool
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs(level="INFO", is_json=is_json, secrets=())
    try:
        for error in (AwayError("no connection"), StorageError("no such column")):
            try:
                raise error
            except StorageError:
                logging.getLogger("bot").exception("call %d was not stored", 1)
    finally:
        root.handlers[:], root.level = handlers, level
    away, other = capsys.readouterr().err.split("not stored", 2)[1:]
    assert away.startswith(": no connection")
    assert "Traceback" not in away
    assert "Traceback" in other

"""The log: text for people or JSON for machines, without secrets and whole telephone numbers."""

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.domain.errors import AwayError
from bot.domain.phones import masked
from bot.domain.secrecy import Hidden

_NUMBER = re.compile(r"(?<![\w.])(?:\+\d{8,15}|0\d{9}|380\d{9})(?![\w.])")


class _RedactingFormatter(logging.Formatter):
    """A formatter whose lines never hold one of the secrets or a number one could dial."""

    def __init__(self, secrets: Iterable[str], *, is_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = Hidden(secrets)
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, AwayError):  # no fault of ours, and there will be many
            record.msg, record.args = f"{record.getMessage()}: {error}", None
            record.exc_info = record.exc_text = None
        line = self._secrets.hide(self._json(record) if self._is_json else super().format(record))
        return _NUMBER.sub(lambda number: masked(number[0]), line)

    def _json(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure_logs(*, level: str, is_json: bool, secrets: Iterable[str]) -> None:
    """Write the log to standard error; `secrets` never appear in it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_RedactingFormatter(secrets, is_json=is_json))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their lines hold addresses with secrets, or say every minute that nothing happened.
    for name in ("aiohttp.access", "httpx", "httpcore", "aiosqlite"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)
    # While the database is away they say once a second what is told in other words already.
    for name in ("apscheduler", "psycopg"):
        logging.getLogger(name).setLevel(logging.ERROR)

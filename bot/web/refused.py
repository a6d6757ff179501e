"""What aiohttp's server says of requests that are no HTTP: a line, and not a traceback.

Anybody can send such requests, as many as they like. What they sent is not told: it may be the
address of a hook with its token.
"""

import logging

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

_FOREIGN = (HttpProcessingError, RequestPayloadError, ConnectionError)
"""What is wrong with what was sent to us, or with the connection."""


class _InOneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _FOREIGN):
            record.msg, record.args = "a request could not be read: %s", (type(error).__name__,)
            record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
            record.exc_info = record.exc_text = None
        return True


_IN_ONE_LINE = _InOneLine()


def server_log() -> logging.Logger:
    """The log for aiohttp's server."""
    log = logging.getLogger(__name__)
    log.addFilter(_IN_ONE_LINE)
    return log

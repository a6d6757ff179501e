"""Finding secrets in what others say or what is logged, in whatever way they are written there."""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus


class Hidden:
    """Hides these secrets, also as JSON, HTML or a part of an address writes them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        ways = {way for secret in secrets if secret for way in _ways(secret)}
        patterns = sorted(map(re.escape, ways), key=len, reverse=True)
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def hide(self, text: str) -> str:
        return self._pattern.sub("***", text) if self._pattern else text


def _ways(secret: str) -> set[str]:
    escaped = json.dumps(secret)[1:-1]
    quoted = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {
        *(secret, html.escape(secret), repr(secret)[1:-1]),
        *(escaped, escaped.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1]),
        *(quoted | {re.sub("%[0-9A-F]{2}", lambda one: one[0].lower(), way) for way in quoted}),
    }

"""How long something lasted, in the ways that PBXs write it."""

import re

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d\d)(?:[.,](\d+))?", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,15}(?:[.,]\d+)?", re.ASCII)


def read_duration(text: str) -> float | None:
    """Seconds of `17`, `17.4`, `00:05:36`, `05:36` or `PT5M36.2S`; None of an empty text.

    Raises ValueError if it is none.
    """
    text = text.strip()
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds, fraction = match.groups()
        whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        return whole + float(f"0.{fraction or 0}")
    if (match := _ISO.fullmatch(text)) and any(match.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    raise ValueError("expected seconds, 00:05:36 or PT5M36S")

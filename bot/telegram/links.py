"""What `/start` brings along from the links of the bot itself, but not from those of invites."""

import re

SEARCH_LINK = "search"
CALL_LINK = "call_"

CALL_ID = r"[0-9]{1,9}"
"""No call has a greater one, and no button takes it."""

TO_CALL = re.compile(rf"{CALL_LINK}{CALL_ID}")


def is_for_employees(payload: str) -> bool:
    """Whether it leads to a call or to the search, where nobody comes in."""
    return payload == SEARCH_LINK or TO_CALL.fullmatch(payload) is not None

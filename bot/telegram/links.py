"""What `/start` brings along from links to a call, or to the search; all else is of an invite."""

import re

SEARCH_LINK = "search"
CALL_LINK = "call_"

CALL_ID = r"[0-9]{1,9}"
"""An id of a call has at most nine digits, as in buttons."""

TO_CALL = re.compile(rf"{CALL_LINK}{CALL_ID}")


def is_for_employees(payload: str) -> bool:
    """Whether it leads to a call or to the search; no stranger becomes an employee by those."""
    return payload == SEARCH_LINK or TO_CALL.fullmatch(payload) is not None

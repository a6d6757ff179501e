"""Cells of tables of text, such as no spreadsheet takes for formulas.

A spreadsheet of another country, or of another line break, may part a row where we do not: so what
stands behind any of the usual separators is looked at as the beginning of a cell is.
"""

import re

SEPARATORS = ",;\t|"

# No formula begins with a blank; before = and @ that is not relied on, a minus or a plus people
# write behind a comma and a blank. Quotes around a cell go where it is parted.
_BEGINNING = re.compile(r"'*(?: *[=@]|[+\-\t\r])")
_FORMULA = r"""'*(?:[" ]*[=@]|"*[+\-])"""

_INSIDE = re.compile(rf"(?<=[{SEPARATORS}\r\n])(?={_FORMULA})")
_DEFUSED_INSIDE = re.compile(rf"(?<=[{SEPARATORS}\r\n])'(?={_FORMULA})")


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `undefused` gives it back."""
    cell = _INSIDE.sub("'", cell)
    return f"'{cell}" if _BEGINNING.match(cell) else cell


def undefused(cell: str) -> str:
    """A cell as it was before `defused`."""
    if cell.startswith("'") and _BEGINNING.match(cell):
        cell = cell[1:]
    return _DEFUSED_INSIDE.sub("", cell)

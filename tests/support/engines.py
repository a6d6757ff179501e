"""Which engine a test is about, where it is not about both."""

import pytest

ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For a test that looks at what SQLite does: its plans, its schema, its file."""

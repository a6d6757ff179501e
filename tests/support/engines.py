"""Which engine a test runs on.

All tests of tests/flows and tests/handlers, and all that ask for `database`, run on both; so do
those elsewhere that are marked BOTH_ENGINES.
"""

import pytest

ENGINES = ("sqlite", "postgres")

BOTH_ENGINES = pytest.mark.usefixtures("engine")
"""For a test whose databases are made by tests/support/ or `empty_database`."""

ONLY_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For a test that looks at what SQLite does: its plans, its schema, its file; or that takes
seconds for what no engine has to do with: a file that is written, a picture that is drawn, what
a PBX says on its wire."""

ONLY_POSTGRES = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
"""For a test of several processes, or of what leads from one engine to the other."""

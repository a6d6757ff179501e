"""What a real Asterisk said in tests/lab: every call heard live is the call that was made."""

import pytest

from tests.support.lab_recordings import ALL, wrong


@pytest.mark.parametrize("name", ALL)
def test_calls_of_the_laboratory(name: str) -> None:
    assert wrong(name) == []

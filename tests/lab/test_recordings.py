"""The recordings hold what their truth says: they can be read, and every call is in them."""

import pytest

from tests.lab.manager import read_entry
from tests.support.lab_recordings import ALL, connections, truth


@pytest.mark.parametrize("name", ALL)
def test_every_call_of_the_truth_is_in_its_recording(name: str) -> None:
    linked: set[str] = set()
    for connection in connections(name):
        assert connection.arrivals[-1][0] == len(connection.data)
        assert connection.arrivals == sorted(connection.arrivals)
        entries = map(read_entry, connection.data.decode().split("\r\n\r\n"))
        linked |= {entry["Linkedid"] for entry in entries if "Linkedid" in entry}
    calls = truth(name)["calls"]
    ids = [call["linkedid"] for call in calls]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= linked

"""Which CDRs of a log are one call, and how many of them are kept in memory."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from bot.domain.calls import CallFacts, Direction, Status
from bot.sources.asterisk import open_calls
from tests.support.master_csv import linked, merged, read, row, source


@pytest.mark.parametrize("extra", [(), ("a note",)])
def test_without_ids_rows_of_one_channel_are_one_call(extra: tuple[str, ...]) -> None:
    tail = row(
        start="2026-11-22 10:00:05", dstchannel="", app="Hangup", data="", duration=0, extra=extra
    )
    other = row(channel="PJSIP/trunk-00000007", extra=extra)
    again = row(start="2026-11-22 10:09:00", end="2026-11-22 10:09:04", extra=extra)
    log = row(extra=extra) + other + tail + again
    ids = [facts.external_id for facts in read(log) if isinstance(facts, CallFacts)]
    assert len(ids) == len(set(ids)) == 3
    assert ids == [facts.external_id for facts in read(log) if isinstance(facts, CallFacts)]


def test_mixed_up_rows_of_two_calls_are_two_calls() -> None:
    first, second = (f"179534160{number}.1" for number in range(2))
    log = b"".join(
        row(extra=(key, ""), dstchannel=f"PJSIP/{extension}-0000000a", disposition=said)
        for extension, said in (("101", "NO ANSWER"), ("102", "ANSWERED"))
        for key in (first, second)
    )
    calls = merged(read(log))
    assert list(calls) == [first, second]
    assert all(call.rang == ("101", "102") and call.extension == "102" for call in calls.values())


@pytest.mark.parametrize("with_linkedid", [True, False])
def test_a_freepbx_queue_with_local_members_is_one_call(*, with_linkedid: bool) -> None:
    def ids(uniqueid: str) -> tuple[str, ...]:
        return linked(uniqueid, "1795341600.1") if with_linkedid else (uniqueid, "")

    member = {"context": "from-internal", "src": "0671112255", "app": "Dial"}
    queue = {"src": "0671112255", "context": "ext-queues", "dst": "400", "app": "Queue"}
    queue |= {"data": "400,t,,,60", "answer": "2026-11-22 10:00:01", "disposition": "ANSWERED"}
    log = (
        row(
            **member,
            dst="102",
            channel="Local/102@from-queue-00000001;2",
            dstchannel="PJSIP/102-00000003",
            data="PJSIP/102,15",
            start="2026-11-22 10:00:01",
            end="2026-11-22 10:00:16",
            extra=ids("1795341601.3"),
        )
        + row(
            **member,
            dst="101",
            channel="Local/101@from-queue-00000002;2",
            dstchannel="PJSIP/101-00000004",
            data="PJSIP/101,15",
            start="2026-11-22 10:00:17",
            answer="2026-11-22 10:00:20",
            end="2026-11-22 10:01:20",
            disposition="ANSWERED",
            extra=ids("1795341617.5"),
        )
        + row(
            **queue | {"disposition": "NO ANSWER"},
            dstchannel="Local/102@from-queue-00000001;1",
            end="2026-11-22 10:00:16",
            extra=ids("1795341600.1"),
        )
        + row(
            **queue,
            dstchannel="Local/101@from-queue-00000002;1",
            end="2026-11-22 10:01:20",
            extra=ids("1795341600.1"),
        )
    )
    [call] = merged(read(log)).values()
    assert call.external_id == "1795341600.1"
    assert (call.direction, call.status, call.queue) == (Direction.IN, Status.ANSWERED, "400")
    assert (call.client, call.rang, call.extension) == ("+380671112255", ("101", "102"), "101")
    assert (call.wait, call.talk) == (20, 60)


def test_local_channels_named_alike_after_a_restart_are_apart() -> None:
    log = b"".join(
        row(
            channel="Local/101@from-queue-00000001;2",
            start=f"2026-11-22 1{hour}:00:00",
            end=f"2026-11-22 1{hour}:00:05",
            extra=(f"1795341600.{hour}", ""),
        )
        for hour in range(3)
    )
    assert len(merged(read(log))) == 3


class Generated(io.RawIOBase):
    """A log of many rows that is never in memory as a whole."""

    def __init__(self, rows: int) -> None:
        self._lines = self._generate(rows)

    @staticmethod
    def _generate(rows: int) -> Iterator[bytes]:
        template = row(start="{0}", end="{0}", src="067{1}", extra=("179534{1}.{2}", "")).decode()
        for number in range(rows):
            call = number // 2
            time = (
                f"2026-11-{1 + call // 4800 % 28:02} {call // 200 % 24:02}:{call // 4 % 60:02}:00"
            )
            yield template.format(time, f"{call % 10000000:07}", call).encode()

    def readline(self, _limit: int | None = -1, /) -> bytes:
        return next(self._lines, b"")


def test_a_huge_log_is_read_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_calls, "OPEN_CDRS", 500)
    rows = 20_000
    tracemalloc.start()
    try:
        calls = sum(
            isinstance(facts, CallFacts)
            for facts in source().read_files([Generated(rows)])  # type: ignore[list-item]  # reads
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert calls == rows // 2
    assert peak < 3_000_000


def test_a_call_of_endless_rows_is_told_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_calls, "OPEN_CDRS", 10)
    readings = read(row() * 25)
    assert [facts.external_id for facts in readings if isinstance(facts, CallFacts)] == (
        ["1795341600.1"] * 3
    )
    assert len(merged(readings)) == 1

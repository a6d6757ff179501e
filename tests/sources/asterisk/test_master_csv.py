"""Master.csv: the recording against its ground truth, and everything a real log may hold."""

import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Direction, Reject, Status
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk import open_calls
from bot.sources.asterisk.master_csv import MasterCsvSource
from bot.sources.base import FileSource, Reading
from bot.sources.registry import create_source
from tests.support.places import DATA

ASTERISK = DATA / "asterisk"
MASTER = (ASTERISK / "Master.csv").read_bytes()
EXPECTED: dict[str, Any] = json.loads((ASTERISK / "expected.json").read_text(encoding="utf-8"))

NOW = 1_900_000_000


def source(timezone: str = "UTC", **settings: str) -> MasterCsvSource:
    return MasterCsvSource("pbx", AsteriskSettings(kind="asterisk", timezone=timezone, **settings))


def read(*files: bytes, timezone: str = "UTC", **settings: str) -> list[Reading]:
    return list(source(timezone, **settings).read_files(map(io.BytesIO, files)))


def merged(statements: Iterable[Reading]) -> dict[str, MergedCall]:
    calls: dict[str, MergedCall] = {}
    for facts in statements:
        assert isinstance(facts, CallFacts), facts
        calls[facts.external_id] = merge(calls.get(facts.external_id), facts, now=NOW)
    return calls


def one(*rows: bytes, timezone: str = "UTC", **settings: str) -> CallFacts:
    [facts] = read(*rows, timezone=timezone, **settings)
    assert isinstance(facts, CallFacts), facts
    return facts


def row(
    *,
    src: str = "0671234567",
    dst: str = "0445550101",
    context: str = "from-trunk",
    clid: str = "",
    channel: str = "PJSIP/trunk-00000001",
    dstchannel: str = "PJSIP/101-00000002",
    app: str = "Dial",
    data: str = "PJSIP/101,20",
    start: str = "2026-11-22 10:00:00",
    answer: str = "",
    end: str = "2026-11-22 10:00:05",
    duration: int | str = 5,
    disposition: str = "NO ANSWER",
    extra: Iterable[str] = ("1795341600.1", ""),
) -> bytes:
    cells = ["", src, dst, context, clid, channel, dstchannel, app, data, start, answer, end]
    cells += [str(duration), "0", disposition, "DOCUMENTATION", *extra]
    text = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    return (text + "\n").encode("utf-8", "surrogateescape")


def linked(uniqueid: str, linkedid: str, sequence: int = 1) -> tuple[str, ...]:
    return uniqueid, "", "", linkedid, str(sequence)


@pytest.mark.parametrize("expected", EXPECTED["calls"], ids=lambda call: call["linkedid"])
def test_a_recorded_call_is_told_as_it_was(expected: dict[str, Any]) -> None:
    call = merged(read(MASTER))[expected["linkedid"]]
    truth = expected | expected["from_csv"]
    is_in = truth["direction"] == "in"
    customer = (call.caller_name, call.caller_number) if is_in else (None, call.callee_number)
    talk_end = call.started_at + truth["wait_seconds"] + truth["talk_seconds"]
    assert call.direction == truth["direction"]
    assert call.status == truth["status"]
    assert customer == (truth["customer_name"], truth["customer"])
    assert call.line == truth["line"]
    assert call.queue == truth["queue"]
    assert call.extension == truth["answered_by"]
    assert list(call.rang) == truth["rang"]
    assert call.started_at == int(datetime.fromisoformat(truth["started_at"]).timestamp())
    assert call.wait is not None
    assert abs(call.wait - truth["wait_seconds"]) <= 1
    assert call.talk is not None
    assert abs(call.talk - truth["talk_seconds"]) <= 1
    assert call.ended_at is not None
    assert abs(call.ended_at - talk_end) <= 1
    assert (call.ended_by or "unknown") == truth["ended_by"]
    assert call.lost == truth["missed"]


def test_the_recording_is_twelve_calls_in_order_and_no_rejects() -> None:
    ids = [facts.external_id for facts in read(MASTER) if isinstance(facts, CallFacts)]
    assert ids == [call["linkedid"] for call in EXPECTED["calls"]]


def test_reading_twice_says_the_same() -> None:
    bare = b"".join(line.rsplit(b",", 2)[0] + b"\n" for line in MASTER.splitlines())
    for log in (MASTER, bare):
        again = source()
        first, second = (list(again.read_files([io.BytesIO(log)])) for _ in range(2))
        assert first == second
        assert first == read(log)


def test_a_log_in_two_files_is_one_log() -> None:
    lines = MASTER.splitlines(keepends=True)
    for cut in range(len(lines) + 1):
        assert read(b"".join(lines[:cut]), b"".join(lines[cut:])) == read(MASTER)


def test_files_read_apart_merge_to_the_same_calls() -> None:
    lines = MASTER.splitlines(keepends=True)
    whole = merged(read(MASTER))
    for cut in (9, 12):  # between the calls, and between the two rows of the queue's
        apart = merged([*read(b"".join(lines[:cut])), *read(b"".join(lines[cut:]))])
        assert {key: call.status for key, call in apart.items()} == {
            key: call.status for key, call in whole.items()
        }


@pytest.mark.parametrize(
    ("extra", "external_id"),
    [
        (("1795341600.1",), "1795341600.1"),
        (("pbx2-1795341600.1",), "pbx2-1795341600.1"),
        (("1795341600.1", "note"), "1795341600.1"),
        (("", "1795341600.9", "4"), "1795341600.9"),
        (("1795341600.1", "", "1795341600.9", "4"), "1795341600.9"),
        (("note", "", "1795341600.9", "4"), "1795341600.9"),
        (("1795341600.1", "note", "", "1795341600.9", "4"), "1795341600.9"),
        (("1795341600.1", "note", "", "", "4"), "1795341600.1"),
    ],
)
def test_every_number_of_columns_is_understood(extra: tuple[str, ...], external_id: str) -> None:
    assert one(row(extra=extra)).external_id == external_id


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


def test_local_times_are_the_sources() -> None:
    assert one(row(), timezone="UTC").started_at == 1795341600
    assert one(row(), timezone="Europe/Kyiv").started_at == 1795341600 - 7200
    assert one(row(), timezone="America/St_Johns").started_at == 1795341600 + 12600


@pytest.mark.parametrize(
    ("uniqueid", "start", "end", "expected"),
    [
        ("", "2026-10-25 03:30:00", "2026-10-25 03:40:00", (1792888200, 600)),
        ("1792888200.5", "2026-10-25 03:30:00", "2026-10-25 03:40:00", (1792888200, 600)),
        ("1792891800.5", "2026-10-25 03:30:00", "2026-10-25 03:40:00", (1792891800, 600)),
        ("", "2026-10-25 03:55:00", "2026-10-25 03:05:00", (1792889700, 600)),
        ("", "2026-03-29 02:59:59", "2026-03-29 04:00:09", (1774745999, 10)),
        ("", "2026-03-29 03:30:00", "2026-03-29 03:30:09", (1774747800, 9)),
    ],
)
def test_changed_clocks(uniqueid: str, start: str, end: str, expected: tuple[int, int]) -> None:
    facts = one(row(start=start, end=end, extra=(uniqueid, "")), timezone="Europe/Kyiv")
    assert facts.ended_at is not None
    assert (facts.started_at, facts.ended_at - facts.started_at) == expected


def test_a_wrong_time_zone_is_hinted_at() -> None:
    wrong = source("Europe/Kyiv")
    list(wrong.read_files([io.BytesIO(MASTER)]))
    [hint] = wrong.hints()
    assert "-2 h" in hint
    right = source()
    list(right.read_files([io.BytesIO(MASTER)]))
    assert right.hints() == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ANSWERED", Status.ANSWERED),
        ("NO ANSWER", Status.MISSED),
        ("BUSY", Status.MISSED),
        ("FAILED", Status.MISSED_OFFLINE),
        ("CONGESTION", Status.NO_CHANNELS),
        ("UNKNOWN", Status.UNKNOWN_ERROR),
    ],
)
def test_words_of_an_incoming_call(said: str, status: Status) -> None:
    facts = one(row(disposition=said))
    assert (facts.direction, facts.status, facts.raw_status) == (Direction.IN, status, said)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ANSWERED", Status.ANSWERED),
        ("NO ANSWER", Status.NO_ANSWER),
        ("BUSY", Status.REJECTED_BY_SUBSCRIBER),
        ("FAILED", Status.UNREACHABLE),
        ("CONGESTION", Status.NO_CHANNELS),
        ("", Status.UNKNOWN_ERROR),
    ],
)
def test_words_of_an_outgoing_call(said: str, status: Status) -> None:
    facts = one(outgoing(disposition=said))
    assert (facts.direction, facts.status) == (Direction.OUT, status)
    assert (facts.extension, facts.rang) == ("101", ())
    assert (facts.caller.number, facts.callee.number) == ("101", "0671234567")


def outgoing(*, src: str = "101", **cells: Any) -> bytes:
    cells = {
        "dst": "0671234567",
        "context": "from-internal",
        "channel": "PJSIP/101-00000001",
        "dstchannel": "PJSIP/trunk-00000002",
        "data": "PJSIP/0671234567@trunk,60",
    } | cells
    return row(src=src, **cells)


@pytest.mark.parametrize("app", ["Queue", "BackGround", "VoiceMail", "Playback"])
def test_a_machine_alone_answering_leaves_the_call_lost(app: str) -> None:
    answered = "2026-11-22 10:00:00"
    log = row(dstchannel="", app=app, data="sales,t", disposition="ANSWERED", answer=answered)
    call = merged(read(log))["1795341600.1"]
    assert (call.status, call.lost, call.wait, call.talk) == (Status.MISSED, True, 5, 0)


def test_voicemail_after_the_dial_is_no_talk_even_with_a_channel() -> None:
    dial = row()
    mail = row(app="VoiceMail", disposition="ANSWERED", answer="2026-11-22 10:00:05")
    assert one(mail).status is Status.MISSED
    assert one(dial + mail).status is Status.MISSED


def test_one_offline_extension_does_not_hide_one_that_rang() -> None:
    offline = row(dstchannel="", data="PJSIP/102", disposition="FAILED")
    assert one(offline).status is Status.MISSED_OFFLINE
    assert one(offline + row()).status is Status.MISSED
    assert one(offline + row()).rang == ("101",)


@pytest.mark.parametrize(
    ("dstchannel", "data", "rang", "extension"),
    [
        ("PJSIP/101-0000001a", "PJSIP/101,20", ("101",), "101"),
        ("PJSIP/101-0000001a", "PJSIP/101&PJSIP/102,20", ("101", "102"), "101"),
        ("SIP/101-0000001a", "SIP/101|20|tr", ("101",), "101"),
        ("IAX2/world-12", "IAX2/world/101,8", ("101",), "101"),
        ("IAX2/world-12", "IAX2/world/101&IAX2/world/102,8", ("101", "102"), None),
        ("PJSIP/101-0000001a", "PJSIP/101/sip:k2j4@10.0.0.5:5060;ob,,Tt", ("101",), "101"),
        ("Local/101@from-queue-0000001;1", "Local/101@from-queue/n,20", ("101",), "101"),
        ("Local/FMPR-101@from-internal-01;1", "Local/FMPR-101@from-internal", ("101",), "101"),
        ("DAHDI/11-1", "DAHDI/11,20", (), None),
        ("PJSIP/trunk-0000001a", "PJSIP/0631112233@trunk,20", (), None),
        ("", "PJSIP/101,20", (), None),
    ],
)
def test_who_was_rung_and_who_answered(
    dstchannel: str, data: str, rang: tuple[str, ...], extension: str | None
) -> None:
    facts = one(row(dstchannel=dstchannel, data=data, disposition="ANSWERED"))
    assert (facts.rang, facts.extension) == (rang, extension)


def test_other_extensions_by_setting() -> None:
    facts = one(
        row(dstchannel="PJSIP/0001c261-0000001a", data="PJSIP/0001c261", disposition="ANSWERED"),
        extension_pattern=r"^\d{4}c\d{3}$",
    )
    assert facts.extension == "0001c261"


@pytest.mark.parametrize(
    ("cells", "direction"),
    [
        ({"context": "from-trunk-sip-kyivstar"}, Direction.IN),
        ({"context": "mine"}, Direction.IN),
        ({"context": "ext-group", "dst": "600"}, Direction.IN),
        ({"context": "ext-queues", "dst": "400", "app": "Queue", "data": "400,t"}, Direction.IN),
        ({"context": "ivr-1", "dst": "s", "app": "BackGround"}, Direction.IN),
        ({"context": "from-did-direct", "dst": "101"}, Direction.IN),
        ({"context": "from-internal", "src": "", "dst": "101"}, Direction.IN),
        ({"context": "from-internal", "dst": "101", "channel": "Local/101@q-1;2"}, Direction.IN),
        (
            {
                "context": "from-internal",
                "dst": "0631112233",
                "channel": "PJSIP/101-00000001",
                "src": "0445550101",
            },
            Direction.OUT,
        ),
        (
            {"context": "from-internal", "src": "101", "channel": "IAX2/world-1"},
            Direction.OUT,
        ),
        (
            {
                "context": "outbound",
                "dst": "0631112233",
                "dstchannel": "PJSIP/trunk-1",
                "data": "PJSIP/trunk/0631112233,30",
            },
            Direction.OUT,
        ),
        (
            {"context": "from-internal", "src": "101", "dst": "102", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
        (
            {"context": "ext-group", "src": "101", "dst": "600", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
        (
            {"context": "from-internal", "src": "101", "dst": "*97", "channel": "PJSIP/101-1"},
            Direction.INTERNAL,
        ),
    ],
)
def test_direction(cells: dict[str, str], direction: Direction) -> None:
    assert one(row(**cells)).direction is direction


def test_an_internal_call_knows_both_ends() -> None:
    facts = one(row(src="102", dst="101", context="from-internal", channel="PJSIP/102-00000001"))
    assert (facts.status, facts.extension, facts.rang) == (Status.NO_ANSWER, "102", ("101",))
    assert (facts.caller.number, facts.callee.number) == ("102", "101")


def test_the_line_is_a_number_dialled_from_outside() -> None:
    assert one(row()).line == "0445550101"
    assert one(row(context="from-did-direct", dst="101")).line is None
    assert one(row(context="ext-queues", dst="400")).line is None


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


def test_a_click_to_call_is_answered_by_the_client_only() -> None:
    ids = [linked("1795341600.1", "1795341600.1"), linked("1795341600.2", "1795341600.1", 2)]
    own = row(
        src="",
        dst="101",
        context="from-internal",
        channel="Local/101@from-internal-00000001;2",
        disposition="ANSWERED",
        answer="2026-11-22 10:00:02",
        extra=ids[1],
    )
    client = row(
        src="",
        dst="0671234567",
        context="from-internal",
        channel="Local/101@from-internal-00000001;1",
        dstchannel="PJSIP/trunk-00000003",
        data="PJSIP/0671234567@trunk",
        extra=ids[0],
    )
    for log in (own + client, client + own):
        facts = one(log)
        assert (facts.direction, facts.status) == (Direction.OUT, Status.NO_ANSWER)
        assert (facts.extension, facts.callee.number) == ("101", "0671234567")


@pytest.mark.parametrize(
    ("clid", "name"),
    [
        ('"Acme <b>Ltd</b> & Sons" <0671234567>', "Acme <b>Ltd</b> & Sons"),
        ('"" <0671234567>', None),
        ('"0671234567" <0671234567>', None),
        ('"Anonymous" <0671234567>', None),
        ("Ганна <0671234567>", "Ганна"),
        ('"Ганна \\"Аня\\"" <0671234567>', 'Ганна "Аня"'),
        ('"a\nb\x00\u202ec" <0671234567>', "a b  c"),
        ("0671234567", None),
        ('"' + "я" * 300 + '" <0671234567>', "я" * 200),
        ("", None),
    ],
)
def test_the_callers_name(clid: str, name: str | None) -> None:
    assert one(row(clid=clid)).caller.name == name


@pytest.mark.parametrize("number", ["", "anonymous"])
def test_a_hidden_number(number: str) -> None:
    [call] = merged(read(row(src=number))).values()
    assert (call.direction, call.client, call.caller_number) == (Direction.IN, None, None)


def test_marks_line_ends_and_blank_lines_do_not_matter() -> None:
    plain = read(MASTER)
    assert read(b"\xef\xbb\xbf" + MASTER) == plain
    assert read(MASTER.replace(b"\n", b"\r\n")) == plain
    assert read(MASTER.replace(b"\n", b"\n\n  \n")) == plain
    assert read(MASTER.rstrip(b"\n")) == plain


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nonsense\n", "columns"),
        (row(start="22.11.2026 10:00:00"), "column 10"),
        (row(start="1999-11-22 10:00:00"), "column 10"),
        (row(start="2026-11-22 24:00:00"), "column 10"),
        (row(start="2026-11-22 10:00:60"), "column 10"),
        (row(start=""), "column 10"),
        (row(end="soon"), "column 11 or 12"),
        (row(answer="2026-11-22"), "column 11 or 12"),
        (row(duration="x"), "column 13"),
        (row(extra=("1" * 300 + ".1", "")), "unique id"),
        (b'"","0671234567\n', "quote"),
        (b'"a"b,"c"\n', "quotes"),
        (b"x" * 100_000 + b"\n", "over 65536 bytes"),
    ],
)
def test_a_bad_line_is_refused_alone(bad: bytes, reason: str) -> None:
    lines = MASTER.splitlines(keepends=True)
    readings = read(b"".join(lines[:3]) + bad + b"".join(lines[3:]))
    [reject] = [item for item in readings if isinstance(item, Reject)]
    assert reject.place == 4
    assert reason in reject.errors[0]
    assert len(reject.body) <= 4000
    assert [item for item in readings if isinstance(item, CallFacts)] == read(MASTER)


def test_a_line_break_inside_quotes_does_not_shift_line_numbers() -> None:
    named = row(clid='"two\nlines" <0671234567>')
    reject, facts = read(named + b"bad\n")
    assert isinstance(reject, Reject)
    assert reject.place == 3
    assert isinstance(facts, CallFacts)
    assert facts.caller.name == "two lines"


def test_bytes_that_are_not_utf8_are_marked() -> None:
    facts = one(row(clid='"\udcc3\udce0" <0671234567>'))
    assert facts.caller.name == "\ufffd\ufffd"


def test_progress_counts_every_byte() -> None:
    told: list[int] = []
    assert list(source().read_files([io.BytesIO(MASTER), io.BytesIO(b"x\n")], advance=told.append))
    assert sum(told) == len(MASTER) + 2


def test_the_source_is_made_by_its_kind() -> None:
    made = create_source("office", AsteriskSettings(kind="asterisk"))
    assert isinstance(made, FileSource)
    assert made.name == "office"


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


WORDS = """101;0671234567;s;ANSWERED;Dial;Hangup;Queue;Local/101@x-1,1;Local/101@x-1,2;0;1.1;";
2026-11-22 10:00:00;PJSIP/101-1;IAX2/w/101&x/2;"""
CELL = st.sampled_from([word.strip().replace(",", ";") for word in WORDS.split(";")])
LINES = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.builds(
            lambda cells: ",".join(cells).encode(), st.lists(CELL, min_size=15, max_size=22)
        ),
        st.builds(
            lambda a, b, c, d, e: row(
                src=a, dst=b, channel=c, dstchannel=d, app=e, data=a, extra=(b, "")
            ),
            CELL,
            CELL,
            CELL,
            CELL,
            CELL,
        ),
    )
)


@settings(deadline=None)
@given(LINES)
def test_no_bytes_break_the_reader_and_no_line_is_lost(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    for item in read(data, data):
        assert isinstance(item, (CallFacts, Reject))
        if isinstance(item, Reject):
            assert item.place >= 1
            assert item.errors
            item.body.encode()
        else:
            merge(None, item, now=NOW)

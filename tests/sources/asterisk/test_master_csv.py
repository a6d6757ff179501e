"""Master.csv: the recording against its ground truth, and everything a real file may hold."""

import io
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Party, Reject
from bot.domain.merging import merge
from bot.sources.base import FileSource
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from tests.support.master_csv import NOW, merged, only_call, read, row, source
from tests.support.places import DATA

ASTERISK = DATA / "asterisk"


MASTER = (ASTERISK / "Master.csv").read_bytes()


EXPECTED: dict[str, Any] = json.loads((ASTERISK / "expected.json").read_text(encoding="utf-8"))


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
    assert only_call(row(extra=extra)).external_id == external_id


def test_local_times_are_the_sources() -> None:
    assert only_call(row(), timezone="UTC").started_at == 1795341600
    assert only_call(row(), timezone="Europe/Kyiv").started_at == 1795341600 - 7200
    assert only_call(row(), timezone="America/St_Johns").started_at == 1795341600 + 12600


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
    facts = only_call(row(start=start, end=end, extra=(uniqueid, "")), timezone="Europe/Kyiv")
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
        (row(start="2099-11-22 10:00:00"), "column 10 (start) is over two days ahead"),
        (row(start="2026-11-22 24:00:00"), "column 10"),
        (row(start="2026-11-22 10:00:60"), "column 10"),
        (row(start=""), "column 10"),
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


@pytest.mark.parametrize(
    ("cells", "seconds", "flaw"),
    [
        ({"end": "soon"}, 5, "end"),
        ({"end": "soon", "duration": "x"}, 0, "end"),
        ({"answer": "2026-11-22"}, 5, "answer"),
        ({"duration": "x"}, 5, "duration"),
        ({"duration": "-5"}, 5, "duration"),
        ({"duration": "5.25"}, 5, None),
        ({"answer": "1970-01-01 00:00:00"}, 5, None),
        ({"answer": "0000-00-00 00:00:00"}, 5, None),
        ({"answer": "0"}, 5, None),
        ({"start": "2026-11-22 10:00:00.250", "end": "2026-11-22T10:00:05"}, 5, None),
        ({"end": ""}, 5, None),
        ({"end": "2026-11-22 09:00:00"}, 0, None),
        ({"duration": ""}, 5, None),
    ],
)
def test_a_bad_column_that_can_be_done_without_loses_no_call(
    cells: dict[str, Any], seconds: int, flaw: str | None
) -> None:
    facts = only_call(row(**cells))
    assert facts.ended_at == facts.started_at + seconds
    assert [told.partition(":")[0] for told in facts.flaws][-1:] in ([flaw], ["duration"], [])
    assert bool(facts.flaws) == (flaw is not None)
    assert not flaw or any(told.startswith(f"{flaw}: expected") for told in facts.flaws)


CUSTOM = (
    "clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,"
    "disposition,amaflags,accountcode,uniqueid,userfield"
)
CUSTOM_ROW = (
    b'"""Hanna"" <0671234567>","0671234567","0445550101","from-trunk","PJSIP/trunk-1",'
    b'"PJSIP/101-2","Dial","PJSIP/101,20","2026-11-22 10:00:00","","2026-11-22 10:00:05",'
    b'5,0,"NO ANSWER","DOCUMENTATION","","1795341600.1",""\n'
)


def in_functions(form: str) -> str:
    """The columns as they stand in cdr_custom.conf."""
    return ",".join(form.format(name) for name in CUSTOM.split(","))


@pytest.mark.parametrize(
    ("head", "settings"),
    [
        ("", {"columns": CUSTOM}),
        ("", {"columns": CUSTOM.upper().replace(",", " , ")}),
        ("", {"columns": CUSTOM.replace(",", ";")}),
        ("", {"columns": CUSTOM.replace(",", " ")}),
        ("", {"columns": in_functions('"${{CDR({0})}}"')}),
        ("", {"columns": in_functions("CDR({0},u)")}),
        ("", {"columns": "Master.csv => " + in_functions("${{CSV_QUOTE(${{CDR({0},u)}})}}")}),
        ("", {"columns": in_functions("${{STRFTIME(${{CDR({0},u)}},,%Y-%m-%d %H:%M:%S)}}")}),
        ("", {"columns": in_functions("${{CDR({0})}}").replace("CDR(src)", "CALLERID(num)")}),
        (CUSTOM.replace("src,dst", "Source,Destination").replace("clid", "Caller ID") + "\n", {}),
        (CUSTOM + "\n", {}),
        (CUSTOM.replace("start", "calldate") + "\n", {}),
        ("\n" + ",".join(f'"{name}"' for name in CUSTOM.split(",")) + "\r\n", {}),
        (CUSTOM + "\n", {"columns": "src,dst,channel,start,disposition"}),
    ],
)
def test_a_layout_of_its_own_is_named_by_a_header_or_by_columns(
    head: str, settings: dict[str, str]
) -> None:
    facts = only_call(head.encode() + CUSTOM_ROW, **settings)
    assert facts == only_call(row(clid='"Hanna" <0671234567>'))


@pytest.mark.parametrize("part", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_a_spreadsheet_saved_is_the_same(part: str, encoding: str) -> None:
    text = row(clid='"Ганна Њ" <0671234567>').decode()
    whole = only_call(text.encode())
    assert only_call(text.replace('","', f'"{part}"').encode(encoding)) == whole
    head = CUSTOM.replace(",", part) + "\n"
    cells = CUSTOM_ROW.decode().replace('""Hanna""', '""Ганна Њ""')
    cells = cells.replace('","', f'"{part}"').replace("5,0,", f"5{part}0{part}")
    cells = cells.replace('",5', f'"{part}5')
    assert only_call((head + cells).encode(encoding)) == whole


def test_unix_seconds_and_numbers_of_dispositions_are_read() -> None:
    cells = CUSTOM_ROW.replace(b"2026-11-22 10:00:00", b"1795341600.5")
    cells = cells.replace(b"2026-11-22 10:00:05", b"1795341605").replace(b"NO ANSWER", b"0")
    assert only_call(cells, columns=CUSTOM, timezone="Europe/Kyiv") == only_call(
        row(clid='"Hanna" <0671234567>')
    )


def test_a_header_counts_for_its_file_only_and_may_name_more() -> None:
    few = b"more,start,channel,dst,src,disposition\n"
    cells = b"x,2026-11-22 10:00:00,PJSIP/trunk-1,0445550101,0671234567,NO ANSWER\n"
    facts, other = read(few + cells, row())
    assert isinstance(facts, CallFacts)
    assert (facts.caller.number, facts.flaws) == ("0671234567", ())
    assert isinstance(other, CallFacts)
    [bad] = read(few + b"a,b\n")
    assert isinstance(bad, Reject)
    assert bad.errors == ("2 columns; the header or COLUMNS names 6",)


def test_what_is_refused_says_which_setting_names_the_columns() -> None:
    [reject] = read(b"Call Date,CallerID,DID,Destination,Disposition,Duration\n" + CUSTOM_ROW)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith("the header has no column channel, src; ")
    for file in (CUSTOM_ROW, b"a,b,c\n"):
        [reject] = read(file)
        assert isinstance(reject, Reject)
        assert "COLUMNS" in reject.errors[0]


@pytest.mark.parametrize(
    "cells",
    [
        {"dst": "sms", "context": "from-trunk-dongle", "app": "Verbose"},
        {"dst": "ussd", "context": "dongle-incoming"},
        {"dst": "USSD"},
        {"dst": "report", "context": "dongle-incoming"},
        {"dst": "101", "context": "astsms"},
        {"context": "dongle-incoming-sms", "dst": "s"},
        {"app": "DongleSendSMS", "dst": "0671234567"},
        {"channel": "Message/ast_msg_queue", "app": "MessageSend"},
    ],
)
def test_text_messages_are_no_calls_and_no_errors(cells: dict[str, str]) -> None:
    assert read(row(**cells)) == []
    assert len(read(row(extra=("1795341600.7", "")) + row(**cells))) == 1


def test_names_are_read_in_the_encoding_of_the_file() -> None:
    cyrillic = row(clid='"Ганна" <0671234567>').decode()
    assert only_call(cyrillic.encode("cp1251"), encoding="cp1251").caller.name == "Ганна"
    assert only_call(cyrillic.encode("koi8-u"), encoding="koi8-u").caller.name == "Ганна"
    assert only_call(cyrillic.encode("cp1251")).caller == Party(None, "0671234567")
    mixed = row(clid='"Olena Ганна 2" <0671234567>').decode().encode("cp1251")
    assert only_call(mixed).caller == Party(None, "0671234567")


def test_a_line_break_inside_quotes_does_not_shift_line_numbers() -> None:
    named = row(clid='"two\nlines" <0671234567>')
    reject, facts = read(named + b"bad\n")
    assert isinstance(reject, Reject)
    assert reject.place == 3
    assert isinstance(facts, CallFacts)
    assert facts.caller.name == "two lines"


def test_a_name_of_bytes_that_are_not_utf8_gives_way_to_the_number() -> None:
    facts = only_call(row(clid='"\udcc3\udce0" <0671234567>'))
    assert facts.caller == Party(None, "0671234567")


def test_progress_counts_every_byte() -> None:
    told: list[int] = []
    assert list(source().read_files([io.BytesIO(MASTER), io.BytesIO(b"x\n")], advance=told.append))
    assert sum(told) == len(MASTER) + 2


def test_the_source_is_made_by_its_kind() -> None:
    made = create_source("office", AsteriskSettings(kind="asterisk"), http=create_client())
    assert isinstance(made, FileSource)
    assert made.name == "office"


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

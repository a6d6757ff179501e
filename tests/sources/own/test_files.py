"""History in our own files: JSON lines and CSV say the same, and bad lines are refused alone."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.sources import WebhookSettings
from bot.domain.calls import CallFacts, Party, Reject
from bot.sources.base import Reading
from bot.sources.own.json_calls import JsonCallSource
from tests.support.places import DATA

JSONL = (DATA / "calls.jsonl").read_bytes()
CSV = (DATA / "calls.csv").read_bytes()
SOURCE = JsonCallSource("office", WebhookSettings(kind="webhook"))
LEAST = b"a1,in,missed,2026-11-22 10:00:00"
HEADER = b"id,direction,status,started_at"


def read(*files: bytes) -> list[Reading]:
    return list(SOURCE.read_files(map(io.BytesIO, files)))


def test_both_kinds_of_file_say_the_same() -> None:
    readings = read(JSONL)
    assert [item.external_id for item in readings if isinstance(item, CallFacts)] == [
        "a1",
        "a2",
        "a3",
    ]
    assert isinstance(readings[0], CallFacts)
    assert readings[0].caller == Party('Ганна; "Аня"', "0671234567")
    assert read(CSV) == readings
    assert read(JSONL, CSV) == readings * 2


@pytest.mark.parametrize("data", [JSONL, CSV])
def test_marks_line_ends_and_blank_lines_do_not_matter(data: bytes) -> None:
    assert read(b"\xef\xbb\xbf" + data) == read(data)
    assert read(data.replace(b"\n", b"\r\n")) == read(data)
    assert read(b"\n \n" + data.rstrip()) == read(data)


def test_an_empty_file_says_nothing() -> None:
    assert read(b"", b"\n\n", HEADER) == []


@pytest.mark.parametrize("rang", ["101;102", '"101,102"', "101 102", '" 101 ,; 102 "'])
def test_extensions_rung_are_parted_in_any_way(rang: str) -> None:
    [facts] = read(HEADER + b",rang\n" + LEAST + f",{rang}\n".encode())
    assert isinstance(facts, CallFacts)
    assert facts.rang == ("101", "102")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ('="0671234567"', "0671234567"),
        ("=+380671234567", "+380671234567"),
        ("#NAME?", None),
        ("########", None),
        ('"=""0671234567"""', "0671234567"),
        ("'0671234567", "0671234567"),
        ("380671234567.0", "380671234567"),
        ("3.80671E+11", None),
        ("+3.80671E+11", None),
        ('="3.80671E+11"', None),
        ('"3,80671E+11"', None),
    ],
)
def test_numbers_that_went_through_a_spreadsheet(cell: str, number: str | None) -> None:
    [facts] = read(HEADER + b",caller_number\n" + LEAST + f",{cell}\n".encode())
    assert isinstance(facts, CallFacts)
    assert facts.caller.number == number
    assert bool(facts.flaws) == (number is None)


def test_a_bad_cell_loses_no_call() -> None:
    names = b",wait_seconds,talk_seconds,price,ended_by,recording_url\n"
    [facts] = read(HEADER + names + LEAST + b",14.7,-5,NaN,me,a.mp3\n")
    assert isinstance(facts, CallFacts)
    assert (facts.wait, facts.talk, facts.price) == (15, None, None)
    assert len(facts.flaws) == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("part", [";", "\t"])
def test_a_file_that_a_spreadsheet_saved_is_the_same(part: str, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    head = HEADER.decode().replace(",", part).replace("started_at", "Started at")
    cells = LEAST.decode().replace(",", part)
    text = f"{mark}sep={part}\r\n{head}{part}caller_name\r\n{cells}{part}Ганна Њ{part}{part}\r\n"
    [facts] = read(text.encode(encoding))
    assert isinstance(facts, CallFacts)
    assert facts.caller.name == "Ганна Њ"


def test_semicolons_and_capitals_in_the_header() -> None:
    text = (
        b'"ID";"Direction";"Status";"Started_At";"rang"\na1;in;missed;2026-11-22 10:00:00;101,102'
    )
    [facts] = read(text)
    assert isinstance(facts, CallFacts)
    assert facts.rang == ("101", "102")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"id,direction,status\na1,in,missed\n", "the header has no column started_at"),
        (b"whatever\nelse\n", "the header has no column id, direction, status, started_at"),
        (HEADER + b",id\n" + LEAST + b",a1\n", "the header names a column twice"),
        (b"[\n{}\n]", "a JSON array; expected JSON lines: one call on a line"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_reject(data: bytes, error: str) -> None:
    [reject] = read(b"\n" + data)
    assert isinstance(reject, Reject)
    assert (reject.place, reject.errors) == (2, (f"{error}; nothing of this file was read",))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (b"a1,in,missed", "3 columns; the header has 4"),
        (b"a1,in,missed,today", "started_at: expected a time like 2026-11-22T10:00:00+02:00"),
        (b'"a1,in,missed,x', "a quote is opened and not closed"),
        (b"x" * 70_000, "the line is over 65536 bytes"),
    ],
)
def test_a_bad_csv_line_is_refused_alone(bad: bytes, error: str) -> None:
    readings = read(b"\n".join([HEADER, LEAST, bad, LEAST, LEAST]))
    assert [type(item) for item in readings] == [CallFacts, Reject, CallFacts, CallFacts]
    assert isinstance(readings[1], Reject)
    assert (readings[1].place, readings[1].errors) == (3, (error,))


def test_bad_json_lines_are_refused_alone() -> None:
    good = JSONL.splitlines()[0]
    readings = read(b"\n".join([good, b"{", b"[]", b'{"id": "x"}', b"", good]))
    rejects = [item for item in readings if isinstance(item, Reject)]
    assert [reject.place for reject in rejects] == [2, 3, 4]
    assert rejects[0].errors == ("broken JSON at line 1 column 2",)
    assert rejects[1].errors == ("expected an object",)
    assert "status: is missing" in rejects[2].errors
    assert len(readings) == 5


def test_line_numbers_after_a_line_break_inside_quotes() -> None:
    [reject] = [item for item in read(CSV + b"bad\n") if isinstance(item, Reject)]
    assert reject.place == CSV.count(b"\n") + 1


def test_each_file_is_taken_when_the_one_before_is_read() -> None:
    order: list[str] = []

    def files() -> object:
        for name, data in (("first", CSV), ("second", JSONL)):
            order.append(name)
            yield io.BytesIO(data)

    for item in SOURCE.read_files(files()):  # type: ignore[arg-type]  # BytesIO is a BinaryIO
        assert isinstance(item, CallFacts)
        order.append(item.external_id)
    assert order == ["first", "a1", "a2", "a3", "second", "a1", "a2", "a3"]


def test_progress_counts_every_byte() -> None:
    data = HEADER + (b"\n" + LEAST) * 30_000 + b"\n" + b"x" * 700_000
    told: list[int] = []
    files = [io.BytesIO(data), io.BytesIO(b"bad\n" * 9)]
    assert len(list(SOURCE.read_files(files, advance=told.append))) == 30_002
    assert sum(told) == len(data) + 36
    assert 3 < len(told) < 40


@settings(deadline=None)
@given(st.binary(), st.sampled_from([b"", b"{", b"[", HEADER + b"\n", HEADER + b",rang\n"]))
def test_no_bytes_break_the_reader(data: bytes, start: bytes) -> None:
    for item in read(start + data, data):
        assert isinstance(item, (CallFacts, Reject))
        if isinstance(item, Reject):
            assert item.place >= 1
            item.body.encode()

"""What a mapping makes of what is posted, and what is wrong with a mapping."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.config.sources import MappingSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Reject, Status
from bot.domain.errors import StartError
from bot.sources.base import AnsweringHookSource
from bot.sources.mapping.calls import MappingSource, create_mapping_source
from bot.sources.mapping.model import load_mapping, shipped_mappings

NOW = 1795334500
"""2026-11-22 10:01:40 in Kyiv."""

LEAST = """
[call]
id = "id"
status = "status"
started_at = "at"
"""


class Desk:
    """Where mappings are written and tried."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "vendor.toml"

    def source(self, mapping: str, **settings: Any) -> MappingSource:
        self._file.write_text(mapping, encoding="utf-8")
        chosen = MappingSettings(kind="mapping", file=str(self._file), **settings)
        return create_mapping_source(
            "vendor", chosen, load_mapping(str(self._file)), clock=lambda: NOW
        )

    def facts(self, mapping: str, posted: object, **settings: Any) -> CallFacts:
        [facts] = self.source(mapping, **settings).read_hook(json.dumps(posted).encode(), "")
        assert isinstance(facts, CallFacts), facts
        return facts

    def error(self, mapping: str) -> str:
        with pytest.raises(StartError) as refused:
            self.source(mapping)
        return str(refused.value).replace(f"{self._file}: ", "")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def call(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "status": "answered", "at": "2026-11-22 10:00:00", **fields}


def test_three_fields_are_enough(desk: Desk) -> None:
    facts = desk.facts(LEAST, call(more={"new": 1}))
    assert (facts.external_id, facts.status) == ("a", Status.ANSWERED)
    assert (facts.started_at, facts.raw_status) == (NOW - 100, "answered")
    assert facts.direction is Direction.IN


def test_every_field_may_be_told(desk: Desk) -> None:
    mapping = (
        LEAST
        + """
direction = "way"
caller_number = "a"
caller_name = "an"
caller_sip = "as"
callee_number = "b"
callee_name = "bn"
callee_sip = "bs"
line = "did"
queue = "q"
extension = "ext"
rang = "rang[]"
answered_at = "answer"
ended_at = "end"
updated_at = "saved"
wait_seconds = "wait"
talk_seconds = "talk"
ended_by = { from = "by", values = { A = "caller", B = "callee" } }
price = "cost"
currency = "money"
recording_url = { text = "https://pbx.example.com/{file}" }
raw_status = "word"
"""
    )
    posted = call(
        way="OUT", a=101, an="Olena", b="067", bs="sip:x", did="044", q="sales", ext="101",
        rang=["101", "102"], answer=NOW - 90, end=(NOW - 60) * 1000, saved=NOW * 10**6,
        wait="00:10", talk="PT30S", by="b", cost="1.10", money="usd", file="a.mp3", word="OK",
    )  # fmt: skip
    facts = desk.facts(mapping, posted)
    assert facts.flaws == ()
    assert facts.direction is Direction.OUT
    assert (facts.caller, facts.callee) == (Party("Olena", "101"), Party(None, "067", "sip:x"))
    assert (facts.line, facts.queue, facts.extension) == ("044", "sales", "101")
    assert facts.rang == ("101", "102")
    assert (facts.answered_at, facts.ended_at, facts.updated_at) == (NOW - 90, NOW - 60, NOW)
    assert (facts.wait, facts.talk, facts.ended_by) == (10, 30, EndedBy.CALLEE)
    assert (str(facts.price), facts.currency) == ("1.10", "USD")
    assert (facts.recording_url, facts.raw_status) == ("https://pbx.example.com/a.mp3", "OK")


@pytest.mark.parametrize(
    ("status", "posted", "expected", "word"),
    [
        ('{ from = "s", values = { OK = "answered", "*" = "missed" } }', "ok", "answered", "ok"),
        ('{ from = "s", values = { OK = "answered", "*" = "missed" } }', "new", "missed", "new"),
        ('{ from = "s", values = { OK = "answered" } }', "new", "unknown_error", "new"),
        ('["t", { from = "s", values = { 4 = "no_answer" } }]', 4, "missed", "4"),
        ('[{ when = "s > 3", is = "answered" }, { is = "missed" }]', 5, "answered", None),
        ('[{ when = "s > 3", is = "answered" }, { is = "missed" }]', 2, "missed", None),
        ('"s"', "ringing", "ringing", "ringing"),
    ],
)
def test_a_status_is_chosen(
    desk: Desk, status: str, posted: object, expected: str, word: str | None
) -> None:
    mapping = LEAST.replace('"status"', status)
    facts = desk.facts(mapping, call(s=posted))
    assert (facts.status, facts.raw_status) == (expected, word)
    assert (facts.flaws == ()) is (expected != "unknown_error")


@pytest.mark.parametrize(
    ("way", "said", "status"),
    [
        ("in", "no_answer", "missed"),
        ("in", "cancelled_by_operator", "missed"),
        ("in", "rejected_by_subscriber", "missed"),
        ("in", "unreachable", "missed_offline"),
        ("out", "missed", "no_answer"),
        ("out", "missed_offline", "unreachable"),
        ("internal", "missed", "no_answer"),
        ("out", "cancelled_by_operator", "cancelled_by_operator"),
        ("in", "no_channels", "no_channels"),
    ],
)
def test_a_status_fits_the_direction(desk: Desk, way: str, said: str, status: str) -> None:
    facts = desk.facts(LEAST + 'direction = "way"', call(way=way, status=said))
    assert facts.status == status


@pytest.mark.parametrize(
    ("caller", "callee", "direction", "extension"),
    [
        ("0671234567", "0445550101", "in", None),
        ("0671234567", "101", "in", "101"),
        ("101", "0671234567", "out", "101"),
        ("101", "102", "internal", "101"),
        (None, "101", "in", "101"),
    ],
)
def test_who_is_an_extension_tells_the_direction(
    desk: Desk, caller: str | None, callee: str, direction: str, extension: str | None
) -> None:
    mapping = LEAST + 'caller_number = "a"\ncallee_number = "b"'
    facts = desk.facts(mapping, call(a=caller, b=callee))
    assert (facts.direction, facts.extension) == (direction, extension)
    long = f"extension_pattern = '^\\d{{2,3}}$'\n{mapping}"
    assert desk.facts(long, call(a="1010", b="0671234567")).direction is Direction.IN


def test_an_extension_that_nobody_answered_was_rung(desk: Desk) -> None:
    mapping = LEAST + 'callee_number = "b"\ntalk_seconds = "talk"'
    facts = desk.facts(mapping, call(status="missed", b="101", talk=0))
    assert (facts.extension, facts.rang) == (None, ("101",))
    facts = desk.facts(mapping, call(status="unknown_error", b="101", talk=20))
    assert (facts.extension, facts.rang) == ("101", ())


@pytest.mark.parametrize(
    ("way", "caller", "callee", "by_client", "by_employee"),
    [
        ("in", "067", "101", EndedBy.CALLER, EndedBy.CALLEE),
        ("out", "101", "067", EndedBy.CALLEE, EndedBy.CALLER),
    ],
)
def test_a_vendor_may_tell_the_client_and_the_employee(
    desk: Desk, way: str, caller: str, callee: str, by_client: EndedBy, by_employee: EndedBy
) -> None:
    mapping = (
        LEAST
        + """
direction = "way"
client_number = "client"
client_name = "name"
extension = "ext"
ended_by = "by"
"""
    )
    posted = call(way=way, client="067", name="Ганна", ext="101", by="client")
    facts = desk.facts(mapping, posted)
    assert (facts.caller.number, facts.callee.number) == (caller, callee)
    assert "Ганна" in {facts.caller.name, facts.callee.name}
    assert facts.ended_by is by_client
    assert desk.facts(mapping, posted | {"by": "employee"}).ended_by is by_employee


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-22 10:00:00", NOW - 100),
        ("2026/11/22 10:00:00", NOW - 100),
        ("2026-11-22T08:00:00Z", NOW - 100),
        ("2026-11-22T10:00:00.250+02:00", NOW - 100),
        ("20261122100000", NOW - 100),
        (NOW - 100, NOW - 100),
        (str(NOW - 100), NOW - 100),
        ((NOW - 100) * 1000, NOW - 100),
        (f"{(NOW - 100) * 1000}", NOW - 100),
        ((NOW - 100) * 10**6 + 5, NOW - 100),
        (f"{NOW - 100}.75", NOW - 100),
    ],
)
def test_times_are_told_apart(desk: Desk, written: object, moment: int) -> None:
    assert desk.facts(LEAST, call(at=written)).started_at == moment


@pytest.mark.parametrize("never", ["", "0", 0, None, "null", "0000-00-00 00:00:00"])
def test_a_time_that_never_was_is_unknown(desk: Desk, never: object) -> None:
    facts = desk.facts(LEAST + 'answered_at = "answer"', call(answer=never))
    assert (facts.answered_at, facts.flaws) == (None, ())


def test_a_format_and_a_zone_may_be_told(desk: Desk) -> None:
    american = LEAST.replace('"at"', '{ from = "at", time = "%m/%d/%Y %I:%M:%S %p" }')
    facts = desk.facts(american, call(at="11/22/2026 10:00:00 AM"))
    assert facts.started_at == NOW - 100
    assert desk.facts(LEAST, call(), timezone="UTC").started_at == NOW - 100 + 7200
    in_utc = 'timezone = "UTC"\n' + LEAST
    assert desk.facts(in_utc, call()).started_at == NOW - 100 + 7200
    [reject] = desk.source(american).read_hook(json.dumps(call()).encode(), "")
    assert isinstance(reject, Reject)
    assert reject.errors == ("started_at: expected a time in the format %m/%d/%Y %I:%M:%S %p",)


def test_the_night_when_the_clocks_go_back(desk: Desk) -> None:
    mapping = LEAST + 'ended_at = "end"'
    facts = desk.facts(mapping, call(at="2026-10-25 03:50:00", end="2026-10-25 03:10:00"))
    assert facts.ended_at is not None
    assert facts.ended_at - facts.started_at == 1200


def test_an_end_may_follow_from_the_length(desk: Desk) -> None:
    mapping = LEAST + 'total_seconds = "total"\ntalk_seconds = { from = "ms", divide = 1000 }'
    facts = desk.facts(mapping, call(total="00:01:00", ms="45000"))
    assert (facts.ended_at, facts.talk) == (facts.started_at + 60, 45)


def test_a_call_without_times_happened_when_it_was_posted(desk: Desk) -> None:
    mapping = (
        LEAST.replace('"at"', '{ is = "arrival" }')
        + """
ended_at = { when = "status = answered", is = "arrival" }
talk_seconds = "talk"
"""
    )
    facts = desk.facts(mapping, call(talk=42))
    assert (facts.started_at, facts.ended_at) == (NOW - 42, NOW)
    assert facts.by_arrival == {"started_at", "ended_at"}


def test_a_part_of_a_value_may_be_taken(desk: Desk) -> None:
    mapping = (
        LEAST
        + """
caller_number = { from = "from", match = '<(.+)>' }
rang = { from = "rang[]", match = '^\\d{3}$' }
"""
    )
    facts = desk.facts(mapping, call(**{"from": "Ганна <067>"}, rang=["101", "0671234567", 102]))
    assert (facts.caller.number, facts.rang) == ("067", ("101", "102"))


def test_what_is_no_call_is_passed_over(desk: Desk) -> None:
    source = desk.source('ignore = ["event = ping | test", "id is empty"]' + LEAST)
    assert source.read_hook(b'{"event": "ping", "id": 1}', "") == []
    assert source.read_hook(b'{"event": "call"}', "") == []
    assert len(source.read_hook(json.dumps(call()).encode(), "")) == 1


def test_several_calls_may_be_posted_at_once(desk: Desk) -> None:
    posted = {"way": "out", "data": {"rows": [call(), call(id="b"), call(id="")]}}
    for path in ("data.rows", "data.rows[]"):
        source = desk.source(f'calls = "{path}"' + LEAST + 'direction = "$.way"')
        first, second, reject = source.read_hook(json.dumps(posted).encode(), "")
        assert isinstance(first, CallFacts)
        assert isinstance(second, CallFacts)
        assert (first.external_id, second.external_id) == ("a", "b")
        assert first.direction is Direction.OUT
        assert isinstance(reject, Reject)
        assert (reject.place, reject.errors) == (2, ("id: there is nothing at id",))
    array = desk.source(LEAST).read_hook(json.dumps([call(), call(id="b")]).encode(), "")
    assert len(array) == 2
    [reject] = desk.source(LEAST).read_hook(json.dumps([call()] * 1001).encode(), "")
    assert isinstance(reject, Reject)


def test_a_form_is_read_and_json_inside_of_it(desk: Desk) -> None:
    mapping = LEAST.replace('"id"', '"call.id"').replace('"status"', '"call.s"')
    body = b'at=2026-11-22+10:00:00&call={"id": 5, "s": "answered"}'
    [facts] = desk.source(mapping).read_hook(body, "application/x-www-form-urlencoded")
    assert isinstance(facts, CallFacts)
    assert facts.external_id == "5"


@pytest.mark.parametrize("body", [b"", b"{", b"hello", b"42", b"null", b"[[[]]]", b"[" * 100_000])
def test_nothing_that_is_posted_breaks_it(desk: Desk, body: bytes) -> None:
    readings = desk.source(LEAST).read_hook(body, "application/json")
    assert all(isinstance(one, Reject) for one in readings)
    assert len(readings) == 1


def test_a_field_that_is_wrong_loses_only_itself(desk: Desk) -> None:
    mapping = LEAST + 'talk_seconds = "talk"\ndirection = "way"\nprice = "cost"'
    facts = desk.facts(mapping, call(talk="long", way="up", cost="dear"))
    assert (facts.talk, facts.direction, facts.price) == (None, Direction.IN, None)
    assert [flaw.partition(":")[0] for flaw in facts.flaws] == [
        "talk_seconds", "direction", "price"
    ]  # fmt: skip
    assert not any("dear" in flaw or "long" in flaw for flaw in facts.flaws)


def test_a_vendor_may_want_an_answer_of_its_own(desk: Desk) -> None:
    source = desk.source("answer = 'OK'" + LEAST)
    assert isinstance(source, AnsweringHookSource)
    assert source.hook_answer == "OK"
    assert not isinstance(desk.source(LEAST), AnsweringHookSource)


NO_PATH = "expected a path like"
NO_KEY = "there is no such key here; known are"


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ('[call]\nid = "x\n\n', "illegal character '\\n' (at line 2, column 8)"),
        ("", "call: is missing"),
        ("[call]\nid = 'id'\nstatus = 's'", "line 1, call.started_at: is missing"),
        (LEAST + "price = 5", "line 6, call.price[1]: expected a path, or a table like { from ="),
        (LEAST + "cost = 'c'", f"line 6, call.cost: {NO_KEY} id, status"),
        ("ignor = []" + LEAST, f"line 1, ignor: {NO_KEY} name, ignore"),
        (LEAST + "price = { form = 'c' }", f"call.price[1].form: {NO_KEY} from, is, text"),
        (LEAST + "price = { from = 'a..b' }", f"line 6, call.price[1].from: {NO_PATH}"),
        (LEAST + "price = { from = 'a', is = 1 }", "expected one of `from`, `is` and `text`"),
        (LEAST + "price = { text = '{a..b}' }", f"call.price[1]: {NO_PATH}"),
        (LEAST + "price = { from = 'a', divide = 0 }", "[1].divide: expected greater than 0"),
        (LEAST + "price = { from = 'a', match = '(' }", "[1].match: not a regular expression"),
        (LEAST + "price = { from = 'a', when = 'b' }", "[1].when: expected a condition like"),
        (LEAST + "ended_by = { is = 'me' }", "line 6, call.ended_by: 'me' is none of caller,"),
        (LEAST + "[call.direction]\nfrom = 'a'\nvalues = { I = 'inn' }", "line 6, call.direction"),
        ("timezone = 'Kyiv'" + LEAST, "line 1, timezone: no such time zone; expected a name"),
        ("ignore = ['a']" + LEAST, "line 1, ignore[1]: expected a condition like"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    desk: Desk, mapping: str, error: str
) -> None:
    assert error in desk.error(mapping)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"none of those shipped: .*yeastar"):
        load_mapping("nothing")
    with pytest.raises(StartError, match="cannot be read"):
        load_mapping(str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(StartError, match="UTF-8"):
        load_mapping(str(tmp_path / "latin.toml"))


@pytest.mark.parametrize("name", shipped_mappings())
def test_what_is_shipped_can_be_used(name: str) -> None:
    assert load_mapping(name).name

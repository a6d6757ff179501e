"""Dzvinok's own call JSON: what is taken, what is refused and in which words, and its schema."""

import json
import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.config.sources import WebhookSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Reject, Status
from bot.domain.merging import merge
from bot.domain.phones import NumberPlan
from bot.sources.base import FileSource, HookSource, Reading
from bot.sources.http_api import create_client
from bot.sources.own.call_model import EXAMPLE, call_schema
from bot.sources.own.json_calls import JsonCallSource
from bot.sources.registry import create_source
from tests.support.call_json import call_json
from tests.support.places import ROOT

SCHEMA = ROOT / "docs" / "call.schema.json"
KYIV = JsonCallSource("office", WebhookSettings(kind="webhook"))


def read(posted: object) -> list[Reading]:
    return KYIV.read_hook(json.dumps(posted).encode(), "application/json")


def facts_of(**fields: Any) -> CallFacts:
    [facts] = read(EXAMPLE | fields)
    assert isinstance(facts, CallFacts), facts
    return facts


def errors_of(**fields: Any) -> tuple[str, ...]:
    [reject] = read(EXAMPLE | fields)
    assert isinstance(reject, Reject), reject
    return reject.errors


def flaws_of(**fields: Any) -> tuple[str, ...]:
    """The flaws of a call that was kept; all its other fields are as they were."""
    facts = facts_of(**fields)
    dropped = {"rang": []} if "rang" in fields else dict.fromkeys(fields)
    assert facts == facts_of(**dropped), facts
    return facts.flaws


def test_the_example_is_read_in_full() -> None:
    assert facts_of() == CallFacts(
        source="office",
        external_id="a1",
        direction=Direction.IN,
        status=Status.MISSED,
        started_at=1795334400,
        numbers=NumberPlan("UA"),
        caller=Party("Ганна", "0671234567"),
        callee=Party(None, "0445550101"),
        line="0445550101",
        queue="sales",
        rang=("101", "102"),
        ended_at=1795334417,
        wait=17,
        talk=0,
        ended_by=EndedBy.CALLER,
        currency="UAH",
    )


def test_four_fields_are_enough_and_unknown_ones_do_no_harm() -> None:
    least = {key: EXAMPLE[key] for key in ("id", "direction", "status", "started_at")}
    [facts] = read(least | {"tomorrow": {"new": 1}})
    assert isinstance(facts, CallFacts)
    assert (facts.caller, facts.rang, facts.wait, facts.ended_by) == (Party(), (), None, None)


def test_null_is_not_known() -> None:
    required = ("id", "direction", "status", "started_at")
    nulls = {key: None for key in EXAMPLE if key not in required}
    least = {key: EXAMPLE[key] for key in required}
    assert read(least | nulls) == read(least)


@pytest.mark.parametrize("field", ["id", "direction", "status", "started_at"])
def test_what_is_required(field: str) -> None:
    [reject] = read({key: value for key, value in EXAMPLE.items() if key != field})
    assert isinstance(reject, Reject)
    assert reject.errors == (f"{field}: is missing",)


def test_an_array_keeps_its_order_and_places() -> None:
    readings = read([EXAMPLE, {"id": "b"}, 5, EXAMPLE | {"id": "a1"}])
    assert [type(item) for item in readings] == [CallFacts, Reject, Reject, CallFacts]
    assert [item.place for item in readings if isinstance(item, Reject)] == [1, 2]
    assert readings[2] == Reject(2, ("expected an object",), "5")
    assert read([]) == [Reject(0, ("an array without calls",), "[]")]


def test_an_array_has_at_most_a_thousand_calls() -> None:
    assert len(read([EXAMPLE] * 1000)) == 1000
    [reject] = read([EXAMPLE] * 1001)
    assert isinstance(reject, Reject)
    assert (reject.place, reject.errors) == (0, ("over 1000 calls in one array",))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "broken JSON at line 1 column 1"),
        (b'{"id": ', "broken JSON at line 1 column 8"),
        (b'"id"', "expected an object or an array of objects"),
        (b"null", "expected an object or an array of objects"),
        (b"[" * 200_000, "JSON nested too deeply"),
        (b"id=a1&direction=in", "broken JSON at line 1 column 1"),
    ],
)
def test_what_is_no_call_json_is_one_reject(body: bytes, error: str) -> None:
    [reject] = KYIV.read_hook(body, "")
    assert isinstance(reject, Reject)
    assert (reject.place, reject.errors) == (0, (error,))
    assert reject.body == body[:4000].decode(errors="replace")


def test_an_id_that_is_no_text_is_refused() -> None:
    for written in (b'"\xff"', b"9" * 5000):
        body = json.dumps(EXAMPLE).encode().replace(b'"a1"', written)
        [reject] = KYIV.read_hook(body, "")
        assert isinstance(reject, Reject)
        [error] = reject.errors
        assert error.startswith("id: ")


def test_a_field_that_is_no_text_or_no_number_loses_only_itself() -> None:
    named = json.dumps(EXAMPLE, ensure_ascii=False)
    [facts] = KYIV.read_hook(named.encode("cp1251"), "")
    assert isinstance(facts, CallFacts)
    assert (facts.caller, facts.queue) == (Party(None, "0671234567"), "sales")
    assert facts.flaws == ("caller.name: is not text in the encoding that ENCODING says",)
    cyrillic = JsonCallSource("old", WebhookSettings(kind="webhook", encoding="cp1251"))
    for body in (named.encode("cp1251"), named.encode(), named.encode("utf-16")):
        [facts] = cyrillic.read_hook(body, "")
        assert isinstance(facts, CallFacts)
        assert facts.caller.name == "Ганна"
    long = named.replace('"wait_seconds": 17', '"wait_seconds": ' + "9" * 5000)
    [facts] = KYIV.read_hook(long.encode(), "")
    assert isinstance(facts, CallFacts)
    assert facts.flaws == ("wait_seconds: expected a whole number of seconds",)


def test_a_call_nested_without_end_is_refused_or_read_but_never_breaks() -> None:
    for depth in range(700, 1000, 20):
        deep = b'[{"id": 1, "more": ' + b"[" * depth + b"]" * depth + b"}]"
        [reject] = KYIV.read_hook(deep, "")
        assert isinstance(reject, Reject)


def test_a_byte_order_mark_is_passed_over() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(EXAMPLE).encode()
    assert KYIV.read_hook(body, "text/plain") == read(EXAMPLE)


def test_numbers_may_be_numbers() -> None:
    facts = facts_of(
        id=17, line=445550101, extension=101, rang=[101, "102"], caller={"number": 671234567}
    )
    assert (facts.external_id, facts.line, facts.extension) == ("17", "445550101", "101")
    assert (facts.rang, facts.caller.number) == (("101", "102"), "671234567")


@pytest.mark.parametrize("value", [True, 1.5, [], {}, ["101"], {"number": "101"}])
@pytest.mark.parametrize("field", ["line", "extension", "queue"])
def test_a_text_that_is_none_is_dropped(field: str, value: object) -> None:
    assert errors_of(id=value) == ("id: expected text",)
    assert flaws_of(**{field: value}) == (f"{field}: expected text",)
    facts = facts_of(caller={"number": value, "name": "Ганна"})
    assert facts.caller == Party("Ганна")
    assert facts.flaws == ("caller.number: expected text",)


@pytest.mark.parametrize(
    "written", ["3.80671E+11", "+3.80671E+11", "3,80671e+11", "4E+11", "3.8E11", "'3.80671E+11"]
)
def test_a_number_that_a_spreadsheet_has_rounded_is_nobodys(written: str) -> None:
    facts = facts_of(caller={"number": written}, line=written, rang=[written, "101"])
    assert (facts.caller.number, facts.line, facts.rang) == (None, None, ("101",))
    assert [flaw.partition(":")[0] for flaw in facts.flaws] == ["caller.number", "line", "rang"]
    assert "lost its digits" in facts.flaws[0]
    assert not any("3.8" in flaw.replace("3.80671E+11", "") for flaw in facts.flaws)


def test_an_id_that_a_spreadsheet_has_rounded_is_refused() -> None:
    [error] = errors_of(id="1.79533E+11")
    assert "lost its digits" in error
    assert facts_of(id="5e10").external_id == "5e10"


@pytest.mark.parametrize(
    "written", ["380671234567.0", "'380671234567", 380671234567.0, 380671234567]
)
def test_other_things_spreadsheets_do_to_numbers_are_undone(written: object) -> None:
    facts = facts_of(caller={"number": written})
    assert (facts.caller.number, facts.flaws) == ("380671234567", ())


def test_texts_are_trimmed_cut_and_cleaned() -> None:
    facts = facts_of(
        caller={"name": "  a\x00b\ud800c\u202ed\n ", "number": " ", "sip": "sip:a@b"},
        callee={"name": "я" * 300, "number": "1" * 300},
        line="",
        rang=["", " 101 ", "101"],
    )
    assert facts.flaws == (
        "callee.name: is cut at 200 characters",
        "callee.number: is cut at 100 characters",
    )
    assert facts.caller == Party("a b c d", None, "sip:a@b")
    assert facts.callee == Party("я" * 200, "1" * 100)
    assert (facts.line, facts.rang) == (None, ("101",))
    assert facts_of(caller={"name": "👩‍👩‍👧 Ґанок"}).caller.name == "👩‍👩‍👧 Ґанок"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (None, "expected text"),
        ("a" * 201, "is over 200 characters"),
        ("a\x00b", "has control characters"),
        ("a\ud800", "has control characters"),
    ],
)
def test_an_id_is_never_mended(value: object, error: str) -> None:
    assert errors_of(id=value) == (f"id: {error}",)
    assert facts_of(id=" " + "a" * 200).external_id == "a" * 200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-22T10:00:00+02:00", 1795334400),
        ("2026-11-22T08:00:00Z", 1795334400),
        ("2026-11-22t08:00:00z", 1795334400),
        ("2026-11-22 10:00:00", 1795334400),
        ("2026-11-22T10:00", 1795334400),
        ("2026-11-22T10:00:00.999999999", 1795334400),
        ("2026-11-22 10:00:00+02", 1795334400),
        ("2026-11-22T10:00:00+0200", 1795334400),
        (" 2026-11-22T10:00:00 ", 1795334400),
        ("2026-07-01T10:00:00", 1782889200),
        ("2026-10-25T03:30:00", 1792888200),  # twice: the first
        ("2026-10-25T03:30:00+02:00", 1792891800),
        ("2026-03-29T03:30:00", 1774747800),  # never: an hour later
    ],
)
def test_times(text: str, seconds: int) -> None:
    assert facts_of(started_at=text).started_at == seconds


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22",
        "10:00",
        "2026-11-22T10",
        "2026-W47-7T10:00:00",
        "22.11.2026 10:00",
        "now",
        "2026-11-22T10:00:00 Kyiv",
        "٢026-11-22T10:00:00",
        1795334400,
        1.5,
        True,
        [],
    ],
)
def test_what_is_no_time(value: object) -> None:
    told = "expected a time like 2026-11-22T10:00:00+02:00"
    assert errors_of(started_at=value) == (f"started_at: {told}",)
    for field in ("answered_at", "ended_at", "updated_at"):
        assert flaws_of(**{field: value}) == (f"{field}: {told}",)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2026-02-30T10:00:00", "there is no such time"),
        ("2026-11-22T24:00:00", "there is no such time"),
        ("2026-11-22T10:00:00+25:00", "there is no such time"),
        ("1999-11-22T10:00:00", "the year is not between 2000 and 2099"),
        ("9999-12-31T23:59:59", "the year is not between 2000 and 2099"),
    ],
)
def test_impossible_times(value: str, told: str) -> None:
    assert errors_of(started_at=value) == (f"started_at: {told}",)
    assert flaws_of(ended_at=value) == (f"ended_at: {told}",)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("ended_at", "2026-11-22T09:59:59+02:00", 0),
        ("ended_at", "2026-11-22T09:59:00+02:00", 0),
        ("ended_at", "2026-11-22T09:58:59+02:00", None),
        ("ended_at", "2026-11-22T08:00:17+02:00", None),
        ("ended_at", "2027-11-22T10:00:00+02:00", None),
        ("answered_at", "2026-11-22T09:59:59+02:00", 0),
        ("answered_at", "2026-11-22T08:00:00+02:00", None),
        ("answered_at", "2026-11-22T10:00:18+02:00", 17),
        ("answered_at", "2026-11-22T12:00:00+02:00", None),
    ],
)
def test_a_time_outside_the_call_is_its_edge_or_dropped(
    field: str, value: str, kept: int | None
) -> None:
    facts = facts_of(**{field: value})
    assert getattr(facts, field) == (None if kept is None else facts.started_at + kept)
    [flaw] = facts.flaws
    assert flaw.startswith(f"{field}: expected a time ")


def test_an_end_in_the_repeated_hour_is_not_before_the_start() -> None:
    facts = facts_of(started_at="2026-10-25T03:55:00", ended_at="2026-10-25T03:05:00")
    assert facts.ended_at == facts.started_at + 600


@pytest.mark.parametrize(
    ("value", "seconds"), [(0, 0), (17.0, 17), ("17", 17), (604800, 604800), ("", None)]
)
def test_seconds(value: object, seconds: int | None) -> None:
    assert facts_of(wait_seconds=value).wait == seconds


@pytest.mark.parametrize(
    "value",
    [
        *(-1, -0.5, 604801, 1e9, 10**30, float("nan"), float("inf"), True, [], {}),
        *("x", "-1", "-1.5", "9" * 30, "00:17", "1,234"),
    ],
)
@pytest.mark.parametrize("field", ["wait_seconds", "talk_seconds"])
def test_what_is_no_number_of_seconds_is_dropped(field: str, value: object) -> None:
    [flaw] = flaws_of(**{field: value})
    assert flaw.startswith(f"{field}: expected")


@pytest.mark.parametrize(
    ("value", "seconds"), [(14.7, 15), (14.2, 14), (0.5, 1), ("14.7", 15), ("14,7", 15)]
)
def test_a_fraction_of_a_second_is_rounded(value: object, seconds: int) -> None:
    facts = facts_of(wait_seconds=value)
    assert (facts.wait, facts.talk) == (seconds, 0)
    assert facts.flaws == ("wait_seconds: expected a whole number of seconds",)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ('"1.25"', "1.25"),
        ("1.10", "1.10"),
        ("2", "2"),
        ("0.1", "0.1"),
        ('"0"', "0"),
        ("123456789012.123456", "123456789012.123456"),
    ],
)
def test_a_price_is_exact(text: str, price: str) -> None:
    body = json.dumps(EXAMPLE).replace('"price": null', f'"price": {text}')
    [facts] = KYIV.read_hook(body.encode(), "")
    assert isinstance(facts, CallFacts)
    assert str(facts.price) == price


@pytest.mark.parametrize(
    "value",
    [
        *(-1, 1e300, 10**4000, float("nan"), float("inf"), True, []),
        *("-1", "+1", "1,255", "1e3", "1" * 13, "1.1234567", "NaN", "١", {"amount": 1}),
    ],
)
def test_what_is_no_price_is_dropped(value: object) -> None:
    assert flaws_of(price=value) == ('price: expected a decimal number like "1.25", not negative',)


@pytest.mark.parametrize(
    ("value", "price"),
    [("1,25", "1.25"), ("1 234,50", "1234.50"), ("1\u00a0234.5", "1234.5"), ("12'000", "12000")],
)
def test_a_price_as_people_write_it_is_mended(value: str, price: str) -> None:
    facts = facts_of(price=value)
    assert str(facts.price) == price
    assert len(facts.flaws) == 1


def test_a_statement_of_the_far_future_does_not_win_over_all_others() -> None:
    told = "updated_at: expected a time within a year of started_at"
    assert flaws_of(updated_at="2098-11-22T10:00:00") == (told,)


def test_the_currency_is_the_sources_unless_said() -> None:
    other = JsonCallSource("pl", WebhookSettings(kind="webhook", currency="PLN"))
    body = json.dumps(EXAMPLE | {"price": "1", "currency": None}).encode()
    [facts] = other.read_hook(body, "")
    assert isinstance(facts, CallFacts)
    assert (facts.price, facts.currency) == (Decimal(1), "PLN")
    assert facts_of(currency="usd").currency == "USD"
    for value in ("гривня", "US", 980, True, ["UAH"]):
        assert flaws_of(currency=value) == ("currency: expected three letters like UAH",)
    assert facts_of(currency="€").currency == "EUR"


@pytest.mark.parametrize(
    "value",
    [
        "ftp://a/b",
        "//a/b",
        "a.mp3",
        "https://",
        "javascript:1",
        "https://a b",
        5,
        "https://a/\x00",
    ],
)
def test_what_is_no_recording_is_dropped(value: object) -> None:
    assert flaws_of(recording_url=value) == (
        "recording_url: expected an address that starts with https:// or http://",
    )


def test_a_recording_is_kept_as_it_is() -> None:
    url = "HTTPS://pbx.example/r?id=1&name=%D0%90#x"
    assert facts_of(recording_url=f" {url} ").recording_url == url
    assert flaws_of(recording_url="https://a/" + "b" * 2000) == (
        "recording_url: is over 2000 characters",
    )


def test_words_are_exact() -> None:
    assert errors_of(direction="IN") == ("direction: expected one of 'in', 'out' or 'internal'",)
    [error] = errors_of(status="gone")
    assert error.startswith("status: expected one of 'answered'")
    assert all(facts_of(status=status.value).status is status for status in Status)


@pytest.mark.parametrize("value", ["me", "client", 1, True, [], {}])
def test_who_hung_up_is_one_of_four_or_not_known(value: object) -> None:
    told = "ended_by: expected one of caller, callee, system, unknown"
    assert flaws_of(ended_by=value) == (told,)
    assert facts_of(ended_by=" Callee").ended_by is EndedBy.CALLEE


@pytest.mark.parametrize("party", ["caller", "callee"])
def test_a_bare_party_is_its_number(party: str) -> None:
    facts = facts_of(**{party: "0671234567"})
    assert getattr(facts, party) == Party(number="0671234567")
    assert facts.flaws == (f"{party}: expected an object",)
    assert getattr(facts_of(**{party: 671234567}), party) == Party(number="671234567")
    for value in ([], True, 1.5, ["0671234567"]):
        assert flaws_of(**{party: value}) == (f"{party}: expected an object",)


@pytest.mark.parametrize(
    ("value", "rang"),
    [
        ("101,102", ("101", "102")),
        ("101; 102", ("101", "102")),
        (101, ("101",)),
        (["101", None, {}, True, 102, ["7"]], ("101", "102")),
        ({"101": "102"}, ()),
        (True, ()),
        (1.5, ()),
        ([str(i) for i in range(150)], tuple(str(i) for i in range(100))),
    ],
)
def test_of_rang_is_kept_what_are_extensions(value: object, rang: tuple[str, ...]) -> None:
    facts = facts_of(rang=value)
    assert facts.rang == rang
    [flaw] = facts.flaws
    assert flaw.startswith("rang: ")


def test_errors_name_every_field_and_no_value() -> None:
    [reject] = read(EXAMPLE | {"id": [], "status": "secret", "started_at": "secret", "price": "x"})
    assert isinstance(reject, Reject)
    assert [error.partition(":")[0] for error in reject.errors] == [
        "id",
        "status",
        "started_at",
    ]
    assert not any("secret" in error for error in reject.errors)
    assert "secret" in reject.body


def test_a_rejects_body_can_be_stored() -> None:
    [reject] = read([{"id": "\ud800\x00" + "a" * 9000}])
    assert isinstance(reject, Reject)
    assert len(reject.body) == 4000
    reject.body.encode()
    assert "\x00" not in reject.body


def test_the_source_is_made_by_its_kind() -> None:
    made = create_source("office", WebhookSettings(kind="webhook"), http=create_client())
    assert isinstance(made, HookSource)
    assert isinstance(made, FileSource)
    assert made.hints() == []


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == call_schema(), (
        "run: python -m bot.sources.own.call_model > docs/call.schema.json"
    )


def test_the_schema_describes_every_field() -> None:
    schema = json.loads(call_schema())
    call = schema["$defs"]["CallDto"]
    assert set(call["properties"]) == set(EXAMPLE)
    assert call["required"] == ["id", "direction", "status", "started_at"]
    fields = [*call["properties"].items(), *schema["$defs"]["PartyDto"]["properties"].items()]
    assert [name for name, field in fields if not field.get("description")] == []


TEXT = st.none() | st.text(max_size=30) | st.integers(0, 10**12)
TIME = st.none() | st.datetimes().map(str) | st.text("0123456789-:T Z+", max_size=30)
PARTY = st.none() | st.fixed_dictionaries({"name": TEXT, "number": TEXT, "sip": TEXT})
CALL = st.fixed_dictionaries(
    {
        "id": st.text(string.printable, min_size=1, max_size=9) | st.integers(),
        "direction": st.sampled_from(list(Direction)),
        "status": st.sampled_from(list(Status)),
        "started_at": st.sampled_from(
            ["2026-11-22T10:00:00", "2026-10-25T03:30", "2026-03-29 03:30Z"]
        ),
    },
    optional={
        "caller": PARTY,
        "callee": PARTY,
        "line": TEXT,
        "queue": TEXT,
        "extension": TEXT,
        "rang": st.none() | st.lists(TEXT, max_size=3),
        "answered_at": TIME,
        "ended_at": TIME,
        "wait_seconds": st.none() | st.integers(-1, 10**6),
        "talk_seconds": st.none() | st.floats(0, 99).map(round),
        "ended_by": st.none() | st.sampled_from(list(EndedBy)),
        "price": st.none() | st.decimals(0, 10**6, places=2).map(str) | st.floats(),
        "currency": st.none() | st.sampled_from(["UAH", "usd", "?"]),
        "recording_url": st.none() | st.just("https://a.example/1"),
        "updated_at": TIME,
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(list(EXAMPLE)) | st.text(max_size=3), inner, max_size=6)
    ),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALL)
@example(EXAMPLE | {"rang": ["\x1b=", "='101"]})
def test_an_accepted_call_written_again_is_the_same(call: dict[str, Any]) -> None:
    [first] = read(call)
    if isinstance(first, CallFacts):
        assert read(call_json(first)) == [first]
        merge(None, first, now=0)
    else:
        assert first.errors


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_posted_breaks_the_parser(body: bytes) -> None:
    for item in KYIV.read_hook(body, "application/json"):
        assert isinstance(item, (CallFacts, Reject))
        if isinstance(item, Reject):
            assert item.errors
            item.body.encode()

"""What Zadarma posts becomes one call: statuses, times, who, in any order and any number."""

import random
from datetime import datetime

import httpx
import pytest
from pydantic import SecretStr

from bot.config.sources import ZadarmaSettings
from bot.domain.calls import CallFacts, Direction, Reject, Status
from bot.domain.merging import LIVE_MAX_AGE, MergedCall
from bot.sources.zadarma.source import ZadarmaSource
from tests.support.plain_http import plain_http
from tests.support.statements import NOW, merged
from tests.support.zadarma_events import FORM, as_body, event, signature_of, talk
from tests.support.zadarma_server import KEY, KYIV, SECRET, local


class Hook:
    """The source, and a clock that stands at the moment an event comes."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.now: float = NOW
        settings = ZadarmaSettings(kind="zadarma", key=SecretStr(KEY), secret=SecretStr(SECRET))
        self.source = ZadarmaSource("office", settings, http=http, clock=lambda: int(self.now))

    def read(self, *events: tuple[float, dict[str, str]]) -> list[CallFacts]:
        facts: list[CallFacts] = []
        for self.now, posted in events:
            for one in self.source.read_hook(as_body(posted), FORM):
                assert isinstance(one, CallFacts), one
                facts.append(one)
        return facts

    def call(self, *events: tuple[float, dict[str, str]]) -> MergedCall:
        return merged(*self.read(*events), now=int(self.now))


@pytest.fixture
async def hook() -> Hook:
    return Hook(plain_http())


def ended(**said: str) -> tuple[float, dict[str, str]]:
    name = said.pop("event", "NOTIFY_END")
    posted = {"duration": "0", "disposition": "no answer", "is_recorded": "0"} | said
    return NOW + 20, event(name, NOW, **posted)


async def test_a_talk_is_one_call_with_its_times(hook: Hook) -> None:
    facts = hook.read(*talk(NOW))
    assert [one.status for one in facts] == [
        Status.RINGING,
        Status.CONNECTING_OPERATOR,
        Status.CONNECTING_OPERATOR,
        Status.CONNECTING_OPERATOR,
        Status.ANSWERED,
    ]
    assert {one.external_id for one in facts} == {"in_1"}
    call = merged(*facts)
    assert (call.direction, call.client, call.line) == (
        Direction.IN,
        "+380671234567",
        "380445550101",
    )
    assert (call.extension, call.rang) == ("101", ("101", "102"))
    assert (call.started_at, call.answered_at, call.ended_at) == (NOW, NOW + 9, NOW + 51)
    assert (call.wait, call.talk, call.raw_status) == (9, 42, "answered")
    assert call.recording_url == "pbx:in_1"
    assert call.ended_by is None


async def test_order_and_repetition_of_what_was_read_change_nothing(hook: Hook) -> None:
    facts = [*hook.read(*talk(NOW), (NOW + 60, event("NOTIFY_RECORD", NOW)))]
    whole = merged(*facts)
    for seed in range(50):
        some = [*facts, *random.Random(seed).choices(facts, k=4)]
        random.Random(seed).shuffle(some)
        assert merged(*some) == whole


async def test_a_duration_with_the_ringing_in_it_is_seen_through(hook: Hook) -> None:
    *before, (_, end) = talk(NOW)
    call = hook.call(*before, (NOW + 51, end | {"duration": "51"}))
    assert (call.wait, call.talk, call.ended_at) == (9, 42, NOW + 51)


@pytest.mark.parametrize("shift", [0, -7200, 3 * 3600])
async def test_the_clock_of_the_pbx_may_be_wrong(hook: Hook, shift: int) -> None:
    """Waits and talks are measured by one clock, whatever the other one shows."""
    events = [(at, posted | {"call_start": local(NOW + shift)}) for at, posted in talk(NOW)]
    call = hook.call(*events)
    assert (call.started_at, call.wait, call.talk) == (NOW + shift, 9, 42)


async def test_a_restart_in_the_middle_costs_no_end(hook: Hook) -> None:
    [end] = talk(NOW)[-1:]
    call = hook.call(end)
    assert (call.status, call.talk, call.ended_at) == (Status.ANSWERED, 42, NOW + 52)
    at, posted = end
    far = Hook(plain_http()).call((at + 7200, posted))  # a clock that is wrong, or a delay
    assert (far.status, far.talk, far.ended_at) == (Status.ANSWERED, 42, None)


@pytest.mark.parametrize(
    ("disposition", "code", "status"),
    [
        ("no answer", "19", Status.MISSED),
        ("cancel", "16", Status.MISSED),
        ("busy", "17", Status.MISSED),
        ("failed", "31", Status.MISSED),
        ("call failed", "", Status.MISSED),
        ("no answer", "20", Status.MISSED_OFFLINE),
        ("line limit", "", Status.NO_CHANNELS),
        ("no money", "", Status.UNKNOWN_ERROR),
        ("no money, no limit", "", Status.UNKNOWN_ERROR),
        ("something new", "999", Status.UNKNOWN_ERROR),
        ("", "", Status.UNKNOWN_ERROR),
    ],
)
async def test_how_an_incoming_call_ended(
    hook: Hook, disposition: str, code: str, status: Status
) -> None:
    call = hook.call(
        (NOW, event("NOTIFY_START", NOW)),
        (NOW + 1, event("NOTIFY_INTERNAL", NOW, internal="101")),
        ended(internal="101", disposition=disposition, status_code=code),
    )
    assert (call.status, call.lost, call.raw_status) == (status, True, disposition or None)
    assert (call.wait, call.talk, call.extension, call.rang) == (20, 0, None, ("101",))


@pytest.mark.parametrize(
    ("disposition", "code", "status"),
    [
        ("answered", "16", Status.ANSWERED),
        ("answered", "38", Status.NETWORK_ERROR),
        ("busy", "17", Status.REJECTED_BY_SUBSCRIBER),
        ("cancel", "16", Status.CANCELLED_BY_OPERATOR),
        ("no answer", "19", Status.NO_ANSWER),
        ("unallocated number", "1", Status.UNREACHABLE),
        ("failed", "27", Status.UNREACHABLE),
        ("failed", "34", Status.NO_CHANNELS),
        ("call failed", "31", Status.UNKNOWN_ERROR),
        ("line limit", "", Status.NO_CHANNELS),
        ("no day limit", "", Status.UNKNOWN_ERROR),
    ],
)
async def test_how_an_outgoing_call_ended(
    hook: Hook, disposition: str, code: str, status: Status
) -> None:
    talked = "10" if disposition == "answered" else "0"
    call = hook.call(
        (NOW, event("NOTIFY_OUT_START", NOW)),
        ended(
            event="NOTIFY_OUT_END",
            caller_id="380445550101",
            disposition=disposition,
            status_code=code,
            duration=talked,
        ),
    )
    assert (call.direction, call.status, call.lost) == (Direction.OUT, status, False)
    assert (call.client, call.extension, call.line) == ("+380671234567", "101", "380445550101")
    assert call.talked == (disposition == "answered")


async def test_an_outgoing_talk_is_measured_too(hook: Hook) -> None:
    answer = {"pbx_call_id": "out_1", "caller_id": "101", "destination": "380671234567"}
    events = [
        (NOW, event("NOTIFY_OUT_START", NOW)),
        (NOW + 12, event("NOTIFY_ANSWER", NOW, **answer)),
        (
            NOW + 40,
            event(
                "NOTIFY_OUT_END",
                NOW,
                caller_id="380445550101",
                duration="28",
                disposition="answered",
            ),
        ),
    ]
    facts = hook.read(*events)
    assert [one.status for one in facts] == [Status.RINGING, Status.RINGING, Status.ANSWERED]
    call = merged(*facts)
    assert (call.wait, call.talk, call.extension, call.rang) == (12, 28, "101", ())
    assert (call.client, call.line) == ("+380671234567", "380445550101")


async def test_a_menu_that_answers_is_no_talk(hook: Hook) -> None:
    answered = {"disposition": "answered", "duration": "15", "status_code": "16"}
    call = hook.call((NOW, event("NOTIFY_START", NOW)), ended(**answered))
    assert (call.status, call.lost, call.raw_status) == (Status.MISSED, True, "answered")
    assert (call.wait, call.talk) == (20, 0)


async def test_somebody_who_answers_elsewhere_is_a_talk(hook: Hook) -> None:
    """Forwarded to a mobile: no extension, but somebody answered."""
    answer = event("NOTIFY_ANSWER", NOW, destination="380501112233", internal="")
    call = hook.call(
        (NOW, event("NOTIFY_START", NOW)),
        (NOW + 7, answer),
        ended(disposition="answered", duration="13"),
    )
    assert (call.status, call.extension, call.wait, call.talk) == (Status.ANSWERED, None, 7, 13)


async def test_after_a_transfer_the_last_who_talked_has_the_call(hook: Hook) -> None:
    call = hook.call(
        (NOW, event("NOTIFY_START", NOW)),
        (NOW + 5, event("NOTIFY_ANSWER", NOW)),
        (NOW + 9, event("NOTIFY_INTERNAL", NOW, internal="103", transfer_from="101")),
        ended(internal="101", last_internal="103", disposition="answered", duration="15"),
    )
    assert (call.status, call.extension, call.rang) == (
        Status.ANSWERED,
        "103",
        ("101", "103"),
    )
    assert (call.wait, call.talk) == (5, 15)


async def test_a_call_between_extensions_is_internal(hook: Hook) -> None:
    call = hook.call(
        (NOW, event("NOTIFY_OUT_START", NOW, destination="102")),
        ended(event="NOTIFY_OUT_END", destination="102", disposition="answered", duration="9"),
    )
    assert (call.direction, call.client, call.rang) == (Direction.INTERNAL, None, ("102",))


async def test_a_hidden_number_is_nobody(hook: Hook) -> None:
    call = hook.call(ended(caller_id="anonymous"))
    assert (call.client, call.caller_number, call.lost) == (None, None, True)


async def test_a_recording_that_is_told_of_later_is_the_calls(hook: Hook) -> None:
    assert hook.read((NOW, event("NOTIFY_RECORD", NOW))) == []  # of a call never heard of
    events = [(NOW, event("NOTIFY_START", NOW)), ended()]
    late = (NOW + 40, event("NOTIFY_RECORD", NOW))
    call = hook.call(*events, late)
    assert (call.status, call.recording_url) == (Status.MISSED, "pbx:in_1")


async def test_live_events_come_to_an_end_that_nobody_told(hook: Hook) -> None:
    facts = hook.read(*talk(NOW)[:-1])
    call = merged(*facts, now=NOW + LIVE_MAX_AGE + 1)
    assert call.status is Status.CONNECTING_OPERATOR
    assert (call.extension, call.answered_at) == ("101", NOW + 9)


@pytest.mark.parametrize("fold", [0, 1])
async def test_the_night_the_clocks_go_back(hook: Hook, fold: int) -> None:
    begun = datetime(2026, 10, 25, 3, 30, tzinfo=KYIV, fold=fold).timestamp()
    call = hook.call(
        (begun + 1, event("NOTIFY_START", begun)),
        (begun + 41, ended()[1] | {"call_start": local(begun)}),
    )
    assert (call.started_at, call.wait) == (begun, 40)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pbx_call_id": ""}, "pbx_call_id"),
        ({"pbx_call_id": "i" * 201}, "pbx_call_id"),
        ({"call_start": "yesterday"}, "call_start"),
        ({"call_start": ""}, "call_start"),
        ({"call_start": "2031-01-01 00:00:00"}, "call_start"),
    ],
)
async def test_what_cannot_be_read_is_a_reject(
    hook: Hook, changes: dict[str, str], reason: str
) -> None:
    posted = event("NOTIFY_START", NOW) | changes
    [reject] = hook.source.read_hook(as_body(posted), FORM)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith(reason)


async def test_fields_and_events_nobody_knows_stop_nothing(hook: Hook) -> None:
    odd = {"duration": "-1", "status_code": "abc", "new_field": "x" * 5000, "disposition": "?"}
    assert hook.call(ended(**odd)).status is Status.UNKNOWN_ERROR
    assert hook.source.read_hook(b"event=SPEECH_RECOGNITION&x[y]=1", FORM) == []
    assert hook.source.read_hook(b"", FORM) == []


def genuine(hook: Hook, posted: dict[str, str], signature: str | None) -> bool:
    headers = httpx.Headers({} if signature is None else {"signature": signature})
    return hook.source.is_genuine(as_body(posted), FORM, headers)


@pytest.mark.parametrize(
    "name",
    [
        *("NOTIFY_START", "NOTIFY_INTERNAL", "NOTIFY_ANSWER", "NOTIFY_END", "NOTIFY_IVR"),
        *("NOTIFY_OUT_START", "NOTIFY_OUT_END", "NOTIFY_RECORD"),
    ],
)
async def test_each_event_is_signed_over_its_own_fields(hook: Hook, name: str) -> None:
    posted = event(name, NOW)
    right = signature_of(posted)
    assert genuine(hook, posted, right)
    assert not genuine(hook, posted, None)
    assert not genuine(hook, posted, "")
    assert not genuine(hook, posted, right[:-4])
    assert not genuine(hook, posted, signature_of(posted, "another secret"))
    signed = next(one for one in ("caller_id", "destination", "pbx_call_id") if one in posted)
    assert not genuine(hook, posted | {signed: "380509999999"}, right)


async def test_the_signature_may_be_any_bytes(hook: Hook) -> None:
    body = as_body(event("NOTIFY_START", NOW))
    assert not hook.source.is_genuine(body, FORM, {"Signature": "caf\u00e9\udcff"})
    assert not hook.source.is_genuine(b"[1]", "application/json", {})

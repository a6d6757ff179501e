"""A call is what its statements say together, whatever their order, number and pieces."""

import random
from dataclasses import fields, replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.calls import PRICE_DELAY, CallFacts, Direction, EndedBy, Party, Status
from bot.domain.merging import (
    FIELDS,
    LIVE_POSITION,
    MergedCall,
    differs,
    end_unknown,
    is_end_unknown,
    merge,
)
from bot.domain.phones import NumberPlan
from tests.support.statements import (
    FINAL,
    LIVE,
    NOW,
    START,
    histories,
    merged,
    said,
    scrambled,
    statement,
)

TALKS = {Status.ANSWERED, Status.NETWORK_ERROR}


def _is_stronger(one: CallFacts, other: CallFacts) -> bool:
    """By the rules as README states them, two at a time."""
    if (one.status in LIVE) != (other.status in LIVE):
        return other.status in LIVE
    heard = [x.is_witnessed and x.status in TALKS for x in (one, other)]
    if heard[0] != heard[1]:
        return heard[0]
    if all(heard):
        return (one.updated_at or 0) > (other.updated_at or 0)
    times = [at for at in (one.updated_at, other.updated_at) if at is not None]
    if len(times) == 2 and times[0] != times[1]:
        return times[0] > times[1]
    if (one.status is Status.ANSWERED) != (other.status is Status.ANSWERED):
        return one.status is Status.ANSWERED
    if (one.updated_at is None) != (other.updated_at is None):
        return (one.updated_at is None) == (one.status is Status.ANSWERED)
    return False


def _strongest(history: list[CallFacts]) -> list[CallFacts]:
    """Those that no other is stronger than."""
    return [one for one in history if not any(_is_stronger(other, one) for other in history)]


@settings(max_examples=400, deadline=None)
@given(history=histories(), seed=st.integers(0, 1 << 32))
def test_order_repetition_and_pieces_do_not_matter(history: list[CallFacts], seed: int) -> None:
    assert merged(*scrambled(history, seed)) == merged(*history)


@settings(max_examples=300, deadline=None)
@given(history=histories())
def test_each_field_is_what_the_strongest_that_know_it_say(history: list[CallFacts]) -> None:
    call = merged(*history)
    for name in FIELDS:
        of = "price" if name == "currency" else name
        known = [one for one in history if getattr(merged(one), of) is not None]
        options = {getattr(merged(one), name) for one in _strongest(known)}
        assert getattr(call, name) in (options or {None}), name
    strongest = _strongest(history)
    assert (call.status, call.updated_at) in [(one.status, one.updated_at) for one in strongest]
    assert call.rang == tuple(sorted({x for item in history for x in item.rang}))


@settings(max_examples=200, deadline=None)
@given(history=histories(), seed=st.integers(0, 1 << 32))
def test_what_was_said_already_leaves_the_very_same_call(
    history: list[CallFacts], seed: int
) -> None:
    call = merged(*history)
    for one in scrambled(history, seed):
        assert merge(call, one, now=NOW) is call
        assert merge(call, one, now=NOW + 30) is call


@settings(max_examples=200, deadline=None)
@given(history=histories(), seed=st.integers(0, 1 << 32))
def test_merging_leaves_the_earlier_call_as_it_was(history: list[CallFacts], seed: int) -> None:
    before, again = merged(*history), merged(*history)
    merge(before, statement(tuple(Status), random.Random(seed)), now=NOW)
    assert before == again


@settings(max_examples=400, deadline=None)
@given(history=histories())
def test_wait_and_talk_fill_the_call_and_are_never_negative(history: list[CallFacts]) -> None:
    call = merged(*history)
    assert (call.wait or 0) >= 0
    assert (call.talk or 0) >= 0
    if call.status.is_live:
        assert (call.wait, call.talk) == (None, None)
    elif call.ended_at is not None and call.wait is not None:
        assert call.talk is not None
        assert call.wait + call.talk == max(0, call.ended_at - call.started_at)
    elif call.talk:
        assert call.ended_at is None


@settings(max_examples=400, deadline=None)
@given(history=histories())
def test_a_lost_call_is_incoming_over_and_without_talk(history: list[CallFacts]) -> None:
    call = merged(*history)
    if call.lost:
        assert call.direction is Direction.IN
        assert not call.status.is_live
        assert call.status is not Status.ANSWERED
        assert call.talk == 0
    elif call.direction is Direction.IN and call.status in FINAL:
        assert call.extension is not None or call.status is Status.NETWORK_ERROR


@settings(max_examples=200, deadline=None)
@given(history=histories())
def test_a_live_call_stands_before_all_others(history: list[CallFacts]) -> None:
    call = merged(*history)
    extra = LIVE_POSITION if call.status.is_live else 0
    assert call.position == call.started_at + extra


def test_every_field_of_a_call_is_merged_or_follows() -> None:
    apart = {"source", "external_id", "status", "level", "updated_at", "rang", "strengths"}
    derived = {"client", "wait", "talk", "talked", "lost", "position", "settles_at", "extensions"}
    assert {field.name for field in fields(MergedCall)} == {*FIELDS, *apart, *derived}


# What a call is


def test_a_final_status_replaces_a_live_one_and_never_the_reverse() -> None:
    ringing = said(status=Status.RINGING, updated_at=NOW + 100)
    missed = said(status=Status.MISSED, updated_at=NOW)
    assert merged(ringing, missed).status is Status.MISSED
    assert merged(missed, ringing).status is Status.MISSED


@pytest.mark.parametrize("dated", [(None, None), (NOW + 9, None), (None, NOW + 9), (NOW, NOW)])
def test_a_talk_replaces_a_missed_call_and_never_the_reverse(
    dated: tuple[int | None, int | None],
) -> None:
    missed = said(status=Status.MISSED, updated_at=dated[0])
    answered = said(status=Status.ANSWERED, updated_at=dated[1])
    for call in (merged(missed, answered), merged(answered, missed)):
        assert call.status is Status.ANSWERED
        assert not call.lost


@pytest.mark.parametrize("talk", [{}, {"answered_at": START + 5}, {"talk": 15}])
@pytest.mark.parametrize("extension", [None, "101"])
def test_a_talk_is_corrected_by_what_was_updated_later(
    talk: dict[str, int], extension: str | None
) -> None:
    answered = replace(
        said(status=Status.ANSWERED, ended_at=START + 20, **talk),
        extension=extension,
        updated_at=NOW,
    )
    missed = said(status=Status.MISSED, wait=20, updated_at=NOW + 1)
    for call in (merged(answered, missed), merged(missed, answered)):
        assert (call.status, call.talked, call.lost) == (Status.MISSED, False, True)
        assert (call.wait, call.talk) == (20, 0)
    again = replace(answered, updated_at=NOW + 2)
    for told in ((answered, missed, again), (again, missed, answered)):
        assert merged(*told).status is Status.ANSWERED


def test_the_newer_of_two_statements_wins() -> None:
    older, newer = (
        said(status=status, queue=queue, updated_at=at)
        for status, queue, at in (
            (Status.NO_ANSWER, "support", NOW),
            (Status.MISSED, "sales", NOW + 1),
        )
    )
    for call in (merged(older, newer), merged(newer, older)):
        assert (call.status, call.queue) == (Status.MISSED, "sales")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"status": Status.MISSED}, {"status": Status.NO_ANSWER}),
        ({"status": Status.NO_ANSWER}, {"status": Status.MISSED_CALLED_BACK}),
        ({"wait": 17}, {"wait": 20}),
        ({"queue": "sales"}, {"queue": "support"}),
        ({"queue": "sales"}, {"queue": "tales"}),
        ({"caller": Party(name="Ганна")}, {"caller": Party(name="Ганна Коваль")}),
        ({"started_at": START + 1}, {"started_at": START}),
        ({"ended_at": START + 1}, {"ended_at": START + 2}),
        ({"direction": Direction.OUT}, {"direction": Direction.IN}),
        ({"ended_by": EndedBy.SYSTEM}, {"ended_by": EndedBy.CALLER}),
        (
            {"price": Decimal("0.08"), "currency": "UAH"},
            {"price": Decimal("0.80"), "currency": "EUR"},
        ),
        (
            {"price": Decimal("9.5"), "currency": "UAH"},
            {"price": Decimal("9.50"), "currency": "EUR"},
        ),
    ],
)
@pytest.mark.parametrize("at", [None, NOW])
def test_of_equals_the_one_that_says_more_wins_whatever_came_last(
    one: dict[str, Any], other: dict[str, Any], at: int | None
) -> None:
    less, more = said(**one, updated_at=at), said(**other, updated_at=at)
    for told in ((less, more), (more, less), (less, more, less), (more, less, more)):
        call = merged(*told)
        assert call == merged(more)


def test_a_weak_statement_fills_what_a_strong_one_left_open_and_no_more() -> None:
    answered = said(status=Status.ANSWERED, extension="101")
    ringing = said(status=Status.RINGING, extension="102", line="0445550101")
    for call in (merged(answered, ringing), merged(ringing, answered)):
        assert (call.extension, call.line) == ("101", "0445550101")


def test_a_middling_statement_yields_to_a_strong_one_and_not_to_a_weak_one() -> None:
    answered = said(status=Status.ANSWERED)
    missed, ringing = said(queue="sales"), said(status=Status.RINGING, queue="support")
    assert merged(answered, missed, ringing).queue == "sales"
    assert merged(answered, ringing, missed).queue == "sales"
    assert merged(ringing, missed, answered).queue == "sales"


def test_known_beats_absent() -> None:
    known = said(price=Decimal("0.08"), currency="UAH", recording_url="https://r.example/1")
    for call in (merged(known, said()), merged(said(), known)):
        assert (call.price, call.currency) == (Decimal("0.08"), "UAH")
        assert call.recording_url == "https://r.example/1"


def test_only_what_becomes_known_is_a_difference() -> None:
    missed = merged(said(updated_at=NOW))
    again = merge(missed, said(updated_at=NOW + 1), now=NOW)
    assert (again.updated_at, differs(missed, again)) == (NOW + 1, False)
    assert differs(missed, merge(missed, said(queue="sales"), now=NOW))
    over = end_unknown(merged(said(status=Status.RINGING)), NumberPlan("UA"), now=NOW)
    assert differs(over, merge(over, said(), now=NOW))


def test_an_unknown_end_is_no_news() -> None:
    call = merged(said(ended_by=EndedBy.CALLER), said(ended_by=EndedBy.UNKNOWN))
    assert call.ended_by is EndedBy.CALLER


def test_a_currency_without_a_price_says_nothing() -> None:
    assert merged(said(currency="UAH")).currency is None


# Lost


def test_a_call_only_an_ivr_answered_is_lost_and_all_of_it_is_waiting() -> None:
    call = merged(said(answered_at=START + 2, ended_at=START + 17, talk=15, queue="sales"))
    assert call.lost
    assert (call.wait, call.talk) == (17, 0)


@pytest.mark.parametrize(
    "talk", [{"answered_at": START + 5, "ended_at": START + 50}, {"talk": 45}]
)
def test_a_call_in_which_an_employee_talked_is_not_lost_whatever_its_status(
    talk: dict[str, int],
) -> None:
    call = merged(said(extension="101", **talk))
    assert not call.lost
    assert call.talk == 45


def test_an_employee_who_only_answered_for_no_time_has_not_talked() -> None:
    assert merged(said(extension="101", answered_at=START + 5, ended_at=START + 5)).lost
    assert merged(said(extension="101", talk=0)).lost


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("direction", Direction)
def test_only_ended_incoming_calls_without_talk_are_lost(
    status: Status, direction: Direction
) -> None:
    is_lost = direction is Direction.IN and status in FINAL
    assert merged(said(status=status, direction=direction)).lost is is_lost


# Ends that nobody told of


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ({}, Status.MISSED),
        ({"extension": "101"}, Status.MISSED),
        ({"answered_at": START + 9}, Status.MISSED),  # by a machine
        ({"answered_at": START + 9, "extension": "101"}, Status.ANSWERED),
        ({"direction": Direction.OUT, "extension": "101"}, Status.UNKNOWN_ERROR),
        ({"direction": Direction.INTERNAL}, Status.UNKNOWN_ERROR),
    ],
)
@pytest.mark.parametrize("live", LIVE)
def test_a_live_call_that_is_over_is_lost_if_nobody_talked(
    stated: dict[str, Any], status: Status, live: Status
) -> None:
    call = end_unknown(merged(said(status=live, **stated)), NumberPlan("UA"), now=NOW)
    assert (call.status, call.level, call.position) == (status, 0, START)
    assert call.lost is (status is Status.MISSED)
    assert is_end_unknown(call.level, call.status)
    assert call.wait == (9 if status is Status.ANSWERED else None)


def test_a_call_from_ourselves_that_never_ends_is_not_lost() -> None:
    numbers = NumberPlan("UA", own_numbers=frozenset({"+380445550101"}))
    ours = said(status=Status.RINGING, caller=Party(number="0445550101"), numbers=numbers)
    assert not end_unknown(merged(ours), numbers, now=NOW).lost


def test_saying_again_that_a_call_is_live_does_not_bring_it_back() -> None:
    ringing = said(status=Status.RINGING)
    over = end_unknown(merged(ringing), NumberPlan("UA"), now=NOW)
    assert merge(over, ringing, now=NOW) is over
    later = merge(over, replace(ringing, queue="sales", updated_at=NOW), now=NOW)
    assert (later.status, later.queue) == (Status.MISSED, "sales")
    answer = replace(ringing, answered_at=START + 9, extension="101")
    assert merge(over, answer, now=NOW).status is Status.ANSWERED


@settings(max_examples=300, deadline=None)
@given(history=histories(), seed=st.integers(0, 1 << 32))
def test_what_time_derives_yields_to_every_end_whenever_it_is_told(
    history: list[CallFacts], seed: int
) -> None:
    plan, told = NumberPlan("UA"), scrambled(history, seed)
    over = merged(*history)
    if over.status.is_live:
        over = end_unknown(over, plan, now=NOW)
    for cut in range(1, len(told) + 1):
        call = merged(*told[:cut])
        if call.status.is_live:
            call = end_unknown(call, plan, now=NOW)
        for one in told[cut:]:
            call = merge(call, one, now=NOW)
        if call.status.is_live:
            call = end_unknown(call, plan, now=NOW)
        assert call == over


# Seconds


def test_a_stated_time_wins_over_stated_seconds() -> None:
    call = merged(
        said(
            status=Status.ANSWERED,
            answered_at=START + 10,
            ended_at=START + 100,
            wait=3,
            talk=400,
        )
    )
    assert (call.wait, call.talk) == (10, 90)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"ended_at": START + 100, "talk": 90}, (10, 90)),
        ({"ended_at": START + 100, "wait": 10}, (10, 90)),
        ({"ended_at": START + 100, "answered_at": START + 10}, (10, 90)),
        ({"wait": 10, "talk": 90}, (10, 90)),
        ({"answered_at": START + 10, "talk": 90}, (10, 90)),
        ({"wait": 10}, (10, None)),
        ({"talk": 90}, (None, 90)),
        ({"ended_at": START + 100}, (None, None)),
        ({"ended_at": START + 5, "talk": 90}, (0, 5)),
        ({"ended_at": START - 5, "answered_at": START - 9}, (0, 0)),
        ({}, (None, None)),
    ],
)
def test_of_an_answered_call_what_is_missing_is_derived(
    stated: dict[str, int], expected: tuple[int | None, int | None]
) -> None:
    call = merged(said(status=Status.ANSWERED, **stated))
    assert (call.wait, call.talk) == expected


@pytest.mark.parametrize(
    ("stated", "wait"),
    [
        ({"ended_at": START + 17}, 17),
        ({"ended_at": START + 17, "wait": 3}, 17),
        ({"ended_at": START - 1}, 0),
        ({"wait": 17}, 17),
        ({"talk": 17}, 17),
        ({"wait": 2, "talk": 15}, 17),
        ({}, None),
    ],
)
def test_of_an_unanswered_call_all_is_waiting(stated: dict[str, int], wait: int | None) -> None:
    call = merged(said(**stated))
    assert (call.wait, call.talk) == (wait, 0)


# Who


@pytest.mark.parametrize(
    ("direction", "client"),
    [
        (Direction.IN, "+380671234567"),
        (Direction.OUT, "+380445550101"),
        (Direction.INTERNAL, None),
    ],
)
def test_the_client_is_the_outside_party(direction: Direction, client: str | None) -> None:
    caller, callee = Party(number="067 123-45-67"), Party(number="0445550101")
    call = merged(said(direction=direction, caller=caller, callee=callee))
    assert call.client == client


@pytest.mark.parametrize("number", [None, "", "anonymous", "Restricted", "olena"])
def test_a_hidden_number_is_no_client(number: str | None) -> None:
    assert merged(said(caller=Party(number=number))).client is None


def test_a_call_is_of_those_who_talked_called_or_were_rung() -> None:
    incoming = said(
        caller=Party(number="0671234567"),
        callee=Party(number="0445550101", sip="olena"),
        line="0445550101",
        extension="101",
        rang=("103", "102"),
    )
    assert merged(incoming).extensions == ("101", "102", "103", "olena")
    outgoing = said(
        direction=Direction.OUT,
        caller=Party(number="104", sip="sip:104@pbx"),
        callee=Party(number="0671234567"),
    )
    assert merged(outgoing).extensions == ("104", "sip:104@pbx")
    addressed = said(
        callee=Party(number="105@pbx"),
        rang=("SIP/106", "sip:107@pbx"),
        extension="PJSIP/108-0000001a",
    )
    assert merged(addressed).extensions == ("105", "106", "107", "108")
    assert (merged(addressed).rang, merged(addressed).extension) == (("106", "107"), "108")
    for none in ("unknown", "-", "N/A", "-1", "null"):
        nobody = said(extension=none, rang=(none, "0"), talk=9)
        assert (merged(nobody).extension, merged(nobody).rang) == (None, ("0",))
        assert merged(nobody).lost
    mobile = said(callee=Party(number="+380671112233"), line="0445550101")
    assert merged(mobile).extensions == ("+380671112233",)
    internal = said(
        direction=Direction.INTERNAL, caller=Party(number="101"), callee=Party(number="102")
    )
    assert merged(internal).extensions == ("101", "102")


def test_a_short_line_is_not_taken_for_an_extension() -> None:
    assert merged(said(callee=Party(number="700"), line="700")).extensions == ()


# What comes late


def test_price_and_recording_may_come_for_five_minutes_after_the_end() -> None:
    end = START + 60
    whole = said(status=Status.ANSWERED, answered_at=START + 10, ended_at=end)
    assert merged(whole, now=end).settles_at == end + PRICE_DELAY
    assert merged(whole, now=end + PRICE_DELAY - 1).settles_at == end + PRICE_DELAY
    assert merged(whole, now=end + PRICE_DELAY).settles_at is None


def test_nothing_is_awaited_of_a_whole_call_or_of_one_that_goes_on() -> None:
    known = said(price=Decimal("0.08"), recording_url="https://r.example/1")
    assert merged(known).settles_at is None
    assert merged(said(price=Decimal("0.08"))).settles_at is not None
    assert merged(said(status=Status.RINGING)).settles_at is None


# Times that are only when the statement came


def _came(at: int, status: Status, **more: Any) -> CallFacts:
    """A statement of a source that tells no times."""
    times = {"started_at": at} | {name: at for name in ("answered_at", "ended_at") if name in more}
    return said(**({"status": status} | more | times), by_arrival=frozenset(times))


def test_a_time_of_arrival_gives_way_to_any_that_is_told_and_to_an_earlier_one() -> None:
    rings = _came(START, Status.RINGING)
    answered = _came(START + 9, Status.ANSWERED, answered_at=1)
    over = _came(START + 60, Status.ANSWERED, ended_at=1)
    again = _came(START + 600, Status.ANSWERED, ended_at=1)
    for history in permutations([rings, answered, over, again]):
        call = merged(*history)
        assert (call.started_at, call.answered_at, call.ended_at) == (
            START,
            START + 9,
            START + 60,
        )
        assert (call.wait, call.talk) == (9, 51)
        told = said(status=Status.RINGING, started_at=START + 2)
        assert merged(*history, told).started_at == merged(told, *history).started_at == START + 2


@settings(max_examples=300, deadline=None)
@given(history=histories(), seed=st.integers(0, 1 << 32), data=st.data())
def test_order_does_not_matter_to_times_of_arrival_either(
    history: list[CallFacts], seed: int, data: st.DataObject
) -> None:
    times = st.frozensets(st.sampled_from(["started_at", "answered_at", "ended_at"]))
    mixed = [replace(one, by_arrival=data.draw(times)) for one in history]
    assert merged(*scrambled(mixed, seed)) == merged(*mixed)

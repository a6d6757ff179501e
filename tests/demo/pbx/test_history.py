"""The past of the demo's shop: the same for the same seed, and such as a real one may be."""

from collections import Counter
from zoneinfo import ZoneInfo

from bot.demo.pbx.history import history
from bot.domain.calls import Direction, Status
from tests.support.telegram import START

KYIV = ZoneInfo("Europe/Kyiv")
NOW = int(START)


def test_the_past_is_the_same_for_the_same_seed_and_no_other() -> None:
    first, again, other = (
        list(history(calls=300, seed=seed, now=NOW, zone=KYIV, origin="http://demo"))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first) == 300


def test_the_past_has_every_status_a_call_can_end_with_in_order_before_now() -> None:
    past = list(history(calls=3000, seed=1, now=NOW, zone=KYIV, origin="http://demo"))
    assert {call.status for call in past} == {one for one in Status if not one.is_live}
    starts = [call.started_at for call in past]
    assert starts == sorted(starts)
    assert all(call.ended_at is not None and call.ended_at < NOW for call in past)
    assert len({call.external_id for call in past}) == 3000


def test_the_past_may_be_empty() -> None:
    assert list(history(calls=0, seed=1, now=NOW, zone=KYIV, origin="http://demo")) == []


def test_everybody_with_an_extension_has_calls_of_their_own_in_the_past() -> None:
    past = list(history(calls=2000, seed=1, now=NOW, zone=KYIV, origin="http://demo"))
    own = Counter(one for call in past for one in {call.extension, *call.rang} if one)
    assert set(own) == {"101", "102", "103"}
    assert own["103"] > 20
    assert {call.direction for call in past} == set(Direction)


def test_what_the_past_says_of_a_call_agrees() -> None:
    for call in history(calls=2000, seed=3, now=NOW, zone=KYIV, origin="http://demo"):
        assert call.ended_at is not None
        if call.status in {Status.ANSWERED, Status.NETWORK_ERROR}:
            assert call.answered_at is not None
            assert call.started_at <= call.answered_at < call.ended_at
        else:
            assert call.answered_at is None
        assert (call.price is None) == (call.currency is None)


def test_the_past_has_the_shape_of_working_days() -> None:
    hours = Counter(
        (call.started_at // 3600 + 3) % 24
        for call in history(calls=2000, seed=1, now=NOW, zone=KYIV, origin="http://demo")
    )
    assert set(hours) <= set(range(8, 20))
    assert hours[11] > hours[8]

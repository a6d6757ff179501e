"""Calls in words: cards over time, rows of the log, who is named how."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain import signs
from bot.domain.calls import (
    PRICE_DELAY,
    Call,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.views import alerts, calls, parties
from tests.support.kyiv import KYIV
from tests.support.shown_calls import (
    NOW,
    answered,
    call,
    card_of,
    case,
    page_of,
)

# A card over time


@pytest.mark.usefixtures("ukrainian")
def test_a_price_is_awaited_then_known_or_absent() -> None:
    end = NOW - 40
    pending = answered(settles_at=end + PRICE_DELAY)
    live = answered(status=Status.RINGING, wait=None, talk=None, ended_at=None)
    known = replace(pending, price=Decimal("0.08"), currency="UAH", settles_at=None)
    for shown, now, words in (
        (live, NOW - 60, "з'явиться через 5 хвилин після завершення"),
        (pending, end, "з'явиться о 17:18"),  # 17:17:40, and not before
        (pending, end + PRICE_DELAY - 1, "з'явиться о 17:18"),
        (pending, end + PRICE_DELAY, "–"),
        (answered(), NOW, "–"),
        (known, NOW, "0,08\xa0₴"),
    ):
        [price] = [line for line in card_of(shown, now=now) if line.startswith("Ціна:")]
        assert price == f"Ціна: {words}"


@pytest.mark.usefixtures("ukrainian")
def test_a_recording_is_spoken_of_only_where_somebody_talked() -> None:
    def recording(shown: Call, now: int = NOW) -> list[str]:
        return [line for line in card_of(shown, now=now) if line.startswith("Аудіозапис")]

    pending = answered(settles_at=NOW + 260)
    assert recording(call(settles_at=NOW + 260)) == []
    assert len(recording(pending)) == 1
    assert recording(pending)[0].endswith("о 17:18")
    assert recording(pending, NOW + 260)[0].endswith(": –")
    assert recording(answered(recording_url="https://r.example/1"))[0].endswith(": є")


@pytest.mark.usefixtures("language")
def test_a_card_never_says_a_recordings_address() -> None:
    text = calls.card(answered(recording_url="https://r.example/1"), now=NOW, zone=KYIV)
    assert "r.example" not in text


# Who


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.usefixtures("language")
def test_the_mark_stands_after_the_one_who_hung_up(direction: Direction) -> None:
    caller, callee = Party(name="Ганна", number="201"), Party(name="Петро", number="202")
    for ended_by in EndedBy:
        shown = answered(
            direction=direction,
            caller=caller,
            callee=callee,
            client=None,
            extension=None,
            rang=(),
            ended_by=ended_by,
            colleagues={},
        )
        log = calls.whole_log(
            page_of(shown), calls.log_title(None), filters="", now=NOW, zone=KYIV
        )
        marks = {
            side: f"\N{NO-BREAK SPACE}{signs.HUNG_UP}" * (ended_by is side) for side in EndedBy
        }
        first, second = f"Ганна{marks[EndedBy.CALLER]}", f"Петро{marks[EndedBy.CALLEE]}"
        if direction is Direction.OUT:
            assert f" {second}\n    {first}, 0:50" in log
        else:
            assert f" {first}\n    → {second}, 0:50" in log
        assert log.count(signs.HUNG_UP) == (ended_by in {EndedBy.CALLER, EndedBy.CALLEE})
        card = card_of(shown)
        for name, side in (("Ганна", EndedBy.CALLER), ("Петро", EndedBy.CALLEE)):
            [full] = [one for one in card if name in one and not one.startswith(signs.HUNG_UP)]
            assert full.endswith(signs.HUNG_UP) is (ended_by is side)


@pytest.mark.usefixtures("ukrainian")
def test_a_client_is_the_contact_else_the_pbxs_name_else_the_number() -> None:
    named = Party(name="ТОВ Ромашка", number="0671234567")
    spaced = "+380 67 123 45 67"
    for shown, name, number in (
        (call(contact="Ганна", caller=named), "Ганна", spaced),
        (call(caller=named), "ТОВ Ромашка", spaced),
        (call(), spaced, None),
        (call(caller=Party(number="12"), client=None), "12", None),
        (call(caller=Party(sip="sip:x@y"), client=None), "sip:x@y", None),
        (call(caller=Party(number="anonymous"), client=None), "прихований номер", None),
        (call(caller=Party(), client=None), "прихований номер", None),
    ):
        assert (parties.client_name(shown), parties.client_number(shown)) == (name, number)


@pytest.mark.usefixtures("ukrainian")
def test_of_many_phones_that_rang_ten_are_named() -> None:
    shown = call(rang=tuple(str(number) for number in range(101, 201)))
    text = alerts.lost_call(case(shown), now=NOW, zone=KYIV)
    assert "Олена Коваленко (101), Іван Бондар (102), 103" in text
    assert "109, 110" in text
    assert "ще 90" in text
    assert "111" not in text


@pytest.mark.parametrize("commented", [True, False])
@pytest.mark.usefixtures("language")
def test_the_sign_of_a_comment_tells_whether_there_is_one(
    commented: bool,
) -> None:
    comment = Comment(text="Так", author="Олена", written_at=NOW, version=1)
    shown = call(comment=comment if commented else None)
    log = calls.whole_log(page_of(shown), calls.log_title(None), filters="", now=NOW, zone=KYIV)
    assert (signs.COMMENTED in log) is commented
    assert (signs.COMMENTED in "\n".join(card_of(shown))) is commented
    assert (signs.NOT_COMMENTED in "\n".join(card_of(shown))) is not commented


@pytest.mark.usefixtures("ukrainian")
def test_an_end_that_nobody_told_of_is_unknown_in_words() -> None:
    shown = call(ended_at=None, wait=None, is_end_unknown=True)
    lines = card_of(shown)
    assert "Пропущений" in lines[0]
    assert lines[2] == "АТС так і не повідомила, чим скінчився цей дзвінок."
    assert "Кінець дзвінка: невідомо" in lines
    assert "кінець невідомий" in alerts.lost_call(case(shown), now=NOW, zone=KYIV)
    assert "чекали" not in alerts.lost_call(case(shown), now=NOW, zone=KYIV)
    rows = calls.whole_log(page_of(shown), calls.log_title(None), filters="", now=NOW, zone=KYIV)
    assert "кінець невідомий" in rows

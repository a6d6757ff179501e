"""How a call goes that was begun in chat: every state in words, whole and short enough."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as tried

from bot.domain.calling_back import Beginning, Dial, DialState
from bot.domain.calls import Call, Direction, Status
from bot.domain.people import Language
from bot.views import calling_back as views
from keyboards import calling_back as keyboards
from tests.support.kyiv import KYIV
from tests.support.shown_calls import NOW, call, foreign_calls
from tests.support.texts import languages, speaking, tags

NASTY = '<b>&"' * 200
TOAST = 200

DIAL = Dial(
    id=1,
    ref="r",
    employee_id=1,
    employee="Олена",
    source="office",
    extension="101",
    number="+380671234567",
    origin_id=1,
    asked_at=NOW,
    state=DialState.BEGUN,
    reason=None,
    call_id=None,
    over_at=None,
)
OUT = replace(
    call(),
    direction=Direction.OUT,
    status=Status.RINGING,
    client="+380671234567",
    answered_at=None,
    ended_at=None,
    wait=None,
    talk=None,
    lost=False,
)


def state(dial: Dial, shown: Call | None = None) -> str:
    with speaking(Language.EN):
        text = views.progress(dial, shown, call(), now=NOW, zone=KYIV)
    return text.partition("\n\n")[2]


def test_what_the_log_knows_is_told_before_what_the_request_came_to() -> None:
    for one in DialState:
        assert state(replace(DIAL, state=one), OUT) == "🔔 Ringing the client…"
    states = {state(replace(DIAL, state=one)) for one in DialState}
    assert len(states) == len(DialState) - 1, "asked and begun are the same to people"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": Status.CONNECTING_OPERATOR}, "Ringing the client"),
        ({"answered_at": NOW}, "Talking since"),
        ({"status": Status.ANSWERED, "answered_at": NOW, "wait": 5}, "Talking since"),
        ({"status": Status.ANSWERED, "ended_at": NOW + 135, "wait": 5, "talk": 130}, "for 2:10"),
        ({"status": Status.ANSWERED, "ended_at": NOW, "wait": 0, "talk": 0}, "Answered"),
        ({"status": Status.NO_ANSWER, "ended_at": NOW, "wait": 20, "talk": 0}, "rang for 0:20"),
        ({"status": Status.UNREACHABLE, "ended_at": NOW, "wait": 2, "talk": 0}, "Unreachable"),
    ],
)
def test_each_state_of_the_call_in_words(changes: dict[str, object], words: str) -> None:
    assert words in state(DIAL, replace(OUT, **changes))  # type: ignore[arg-type]


def test_once_more_is_offered_only_if_nobody_talked() -> None:
    over = replace(DIAL, over_at=NOW)
    answered = replace(OUT, status=Status.ANSWERED, ended_at=NOW, talk=0)
    failed = replace(OUT, status=Status.NO_ANSWER, ended_at=NOW, talk=0)
    assert not views.is_in_vain(DIAL, None)
    assert not views.is_in_vain(over, answered)
    assert views.is_in_vain(over, None)
    assert views.is_in_vain(over, failed)


@tried(max_examples=15, deadline=None)
@given(shown=foreign_calls(), language=languages)
def test_it_is_whole_whatever_outsiders_wrote(shown: Call, language: Language) -> None:
    with speaking(language):
        for one in DialState:
            worst = replace(DIAL, state=one, reason=NASTY, extension=NASTY[:100])
            for known in (None, shown):
                text = views.progress(worst, known, shown, now=NOW, zone=KYIV)
                assert tags(text) == ["bold"]
                assert len(text) < 2000
        assert tags(views.choose_phone(shown)) == []
        worst = replace(DIAL, employee=NASTY)
        for beginning in Beginning:
            for over_at in (None, NOW):
                said = views.barred(beginning, replace(worst, over_at=over_at))
                assert 0 < len(said) <= TOAST
        assert len(views.begun(NASTY)) <= TOAST


def test_twenty_phones_fit_a_keyboard() -> None:
    with speaking(Language.UK):
        markup = keyboards.phones(10**9 - 1, [f"{'ї' * 90}{number}" for number in range(20)])
    assert len(markup.model_dump_json(exclude_none=True).encode()) < 10_000

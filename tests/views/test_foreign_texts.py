"""Whatever outsiders wrote, a text stays whole, short enough, and shows it as it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.bot_api.formatting.text import formatted
from bot.domain.calls import (
    Call,
    Comment,
    Party,
    Status,
)
from bot.domain.hours import local_date
from bot.domain.log import DayNumbers
from bot.domain.people import Language
from bot.views import alerts, calls, comments, contacts, dialogs, formats, parties
from tests.support.kyiv import KYIV
from tests.support.shown_calls import (
    NOW,
    answered,
    call,
    case,
    foreign_calls,
    foreign_texts,
    page_of,
)
from tests.support.texts import languages, speaking, tags

many_calls = settings(max_examples=100, deadline=None)


@many_calls
@given(shown=foreign_calls(), language=languages)
def test_a_card_is_whole_whatever_outsiders_wrote(shown: Call, language: Language) -> None:
    with speaking(language):
        text = calls.card(shown, now=NOW, zone=KYIV)
        noted = calls.card(shown, now=NOW, zone=KYIV, note=calls.comment_deleted())
    assert tags(text) == ["bold"]
    assert tags(noted) == ["bold", "italic"]


@many_calls
@given(shown=st.lists(foreign_calls(), min_size=10, max_size=10), language=languages)
def test_a_page_of_ten_rows_is_whole_whatever_outsiders_wrote(
    shown: list[Call], language: Language
) -> None:
    numbers = DayNumbers(total=10**6, incoming=10**6, outgoing=10**6, lost=10**6, unreturned=1)
    with speaking(language):
        log = calls.whole_log(
            page_of(*shown),
            calls.log_title(parties.client_title(shown[0])),
            filters="Пропущені",
            now=NOW,
            zone=KYIV,
        )
        on = local_date(NOW, KYIV)
        day = calls.day_log(page_of(*shown), numbers, on, filters="Пропущені", now=NOW, zone=KYIV)
    assert set(tags(log)) <= {"bold", "italic"}
    assert tags(log).count("bold") == 1
    assert tags(day) == ["bold"]
    assert len(log.splitlines()) <= 2 + 1 + 10 * 3
    assert len(day.splitlines()) <= 4 + 1 + 10 * 2


@many_calls
@given(shown=foreign_calls(), language=languages, name=foreign_texts, many=st.integers(1, 5000))
def test_an_alert_is_whole_whatever_outsiders_wrote(
    shown: Call, language: Language, name: str, many: int
) -> None:
    with speaking(language):
        lost = alerts.lost_call(case(shown), now=NOW, zone=KYIV)
        rejects, unreachable = alerts.rejects("office", name * many), alerts.unreachable(name)
        far = alerts.unreachable(name * many)
    assert tags(lost) == ["bold"]
    assert set(tags(rejects)) <= {"code"}
    assert tags(unreachable) == tags(far) == []


@many_calls
@given(shown=foreign_calls(), language=languages, mine=foreign_texts, many=st.integers(1, 5000))
def test_the_dialogs_about_a_call_are_whole_whatever_outsiders_wrote(
    shown: Call, language: Language, mine: str, many: int
) -> None:
    with speaking(language):
        prompt, contact = comments.ask_comment(shown, KYIV), contacts.ask_name(shown)
        conflict = comments.conflict(shown.comment, mine * many)
        too_long = dialogs.too_long("x" * 200 + mine * many)
    assert set(tags(prompt)) <= {"bold", "code"}
    assert tags(prompt).count("bold") == 1
    assert set(tags(contact)) <= {"bold"}
    assert set(tags(conflict)) <= {"code"}
    assert tags(too_long) == ["pre"]


@pytest.mark.parametrize("name", ["<b>Ганна</b>", "A & B", "a < b > c", '"Ганна"', "&lt;", "Й"])
@pytest.mark.usefixtures("language")
def test_what_outsiders_wrote_is_shown_as_they_wrote_it(name: str) -> None:
    comment = Comment(text=f"{name}\n{name}", author=name, written_at=NOW, version=1)
    shown = call(caller=Party(name=name), queue=name, comment=comment)
    for text, times in (
        (calls.card(shown, now=NOW, zone=KYIV), 5),
        (alerts.lost_call(case(shown), now=NOW, zone=KYIV), 5),
        (comments.ask_comment(shown, KYIV), 3),
        (
            calls.whole_log(page_of(shown), calls.log_title(name), filters="", now=NOW, zone=KYIV),
            2,
        ),
    ):
        assert formatted(text, parse_mode="HTML").text.count(name) == times


def test_no_honest_text_is_cut() -> None:
    """What sources let through is at most 200 characters of a name, 100 of all else."""
    name, short = "Н" * 200, "х" * 100
    with speaking(Language.UK):
        shown = answered(
            status=Status.UNKNOWN_ERROR,
            raw_status=short,
            caller=Party(name=name),
            client=None,
            line=short,
            queue=short,
            colleagues={"101": "О" * 64},
            comment=Comment(text="к" * 200, author="О" * 64, written_at=NOW, version=1),
        )
        assert formats.ELLIPSIS not in calls.card(shown, now=NOW, zone=KYIV)
        prompt = comments.ask_comment(shown, KYIV)
        assert "к" * 200 in prompt

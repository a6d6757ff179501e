"""What the screens' words keep to, everywhere: one apostrophe, true statuses, honest promises."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.calls import PRICE_DELAY, Direction, Status
from bot.domain.cases import CaseAction, CaseActionKind
from bot.domain.people import Person
from bot.views import calls, cases, formats, health, statuses
from keyboards.callbacks import Calendar
from keyboards.calls import calendar
from tests.support.kyiv import KYIV
from tests.support.places import ROOT
from tests.support.shown_calls import NOW, answered, call, card_of, case


def test_one_apostrophe_is_written_everywhere() -> None:
    for path in (
        ROOT / "bot" / "locales" / "uk" / "LC_MESSAGES" / "dzvinok.po",
        ROOT / "docs" / "guide.uk.md",
    ):
        assert not re.search("[ʼ’`´](?=[а-яіїєґ])", path.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("language")
def test_the_days_of_the_week_too() -> None:
    days = [formats.weekday(date(2026, 11, 23) + timedelta(days=day)) for day in range(7)]
    assert "ʼ" not in "".join(days)
    if days[0] == "понеділок":
        assert days[4] == "п'ятниця"


@pytest.mark.parametrize("status", Status)
@pytest.mark.usefixtures("ukrainian")
def test_a_status_says_what_is_true_of_its_direction(status: Status) -> None:
    incoming = statuses.status_words(status, Direction.IN)
    outgoing = statuses.status_words(status, Direction.OUT)
    internal = statuses.status_words(status, Direction.INTERNAL)
    assert incoming == statuses.status_words(status)
    assert not re.search("прийнятий|Пропущен|пропущен|до оператора", outgoing)
    assert not re.search("прийнятий|абонент|клієнт|до оператора", internal)
    for direction in Direction:
        shown = card_of(call(status=status, direction=direction))[0]
        assert statuses.status_words(status, direction) in shown


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.usefixtures("language")
def test_each_status_has_words_of_its_own_in_each_direction(direction: Direction) -> None:
    assert len({statuses.status_words(status, direction) for status in Status}) == len(Status)


@pytest.mark.usefixtures("ukrainian")
def test_only_what_can_come_is_promised() -> None:
    soon = NOW - 40 + PRICE_DELAY

    def promised(**values: Any) -> list[str]:
        make = call if "status" in values else answered
        text = calls.card(make(settles_at=soon, **values), now=NOW, zone=KYIV)
        return re.findall("(Ціна|Аудіозапис).*з'явиться", text)

    assert promised() == ["Ціна", "Аудіозапис"]
    assert promised(source_sends_prices=False) == ["Аудіозапис"]
    assert promised(source_sends_recordings=False) == ["Ціна"]
    for status in (Status.MISSED, Status.NO_ANSWER, Status.UNREACHABLE, Status.MISSED_OFFLINE):
        assert promised(status=status) == []
    assert promised(status=Status.RINGING, source_sends_prices=False) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "1 хвилину"),
        (2 * 60, "2 хвилини"),
        (3600 + 51 * 60, "1 годину 51 хвилину"),
        (5 * 3600 + 21 * 60, "5 годин 21 хвилину"),
        (86400 + 2 * 3600, "1 день 2 години"),
        (5 * 86400, "5 днів"),
    ],
)
@pytest.mark.usefixtures("ukrainian")
def test_how_long_is_said_in_the_accusative(seconds: int, words: str) -> None:
    shown = health.Health(
        version="1",
        uptime=seconds,
        sources=[],
        pending=0,
        sent=0,
        dropped=0,
        unreachable=0,
        database_size=1,
    )
    assert f", працює {words}\n" in health.health(shown, zone=KYIV)


@pytest.mark.usefixtures("ukrainian")
def test_a_case_that_was_handed_says_who_handed_it_to_whom() -> None:
    olena, ira = Person(1, "Олена"), Person(2, "Ірина")

    def said(by: Person, kind: CaseActionKind) -> str:
        action = CaseAction(at=NOW, kind=kind, who=by, other=olena, text=None)
        held = case(call(), owner=olena, owned_at=NOW, actions=(action,))
        return "\n".join(cases.progress(held, now=NOW, zone=KYIV))

    assert "👥 Передано: Ірина → Олена, 17:13" in said(ira, CaseActionKind.HANDED)
    assert "🙋 Взято: Олена, 17:13" in said(olena, CaseActionKind.HANDED)
    assert "🙋 Взято: Олена, 17:13" in said(olena, CaseActionKind.TAKEN)


@pytest.mark.usefixtures("ukrainian")
def test_the_arrows_of_the_calendar_run_with_time() -> None:
    shown = Calendar(month=2026 * 12 + 10, view=0, position=0, id=0)
    *_, arrows = calendar(shown, days=(), has_earlier=True, has_later=True).inline_keyboard
    months = {
        one.text: Calendar.unpack(one.callback_data).month
        for one in arrows
        if one.callback_data and one.callback_data.startswith("d2")
    }
    assert months == {"◀️": shown.month - 1, "▶️": shown.month + 1}


@pytest.mark.usefixtures("ukrainian")
def test_a_known_price_is_shown_whoever_sends_it() -> None:
    known = answered(price=Decimal("0.08"), currency="UAH", source_sends_prices=False)
    assert "Ціна: 0,08\xa0₴" in card_of(known)

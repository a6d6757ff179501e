"""Numbers, durations and prices in words."""

from datetime import date
from decimal import Decimal

import pytest

from bot.domain.log_views import LogView
from bot.domain.people import Language, Role
from bot.views import dialogs, formats, log_views, staff
from tests.support.texts import speaking


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize(
    ("count", "characters", "extensions", "days"),
    [
        (1, "1 символ.", "1 номер,", "1 день "),
        (2, "2 символи.", "2 номери,", "2 дні "),
        (5, "5 символів.", "5 номерів,", "5 днів "),
        (11, "11 символів.", "11 номерів,", "11 днів "),
        (21, "21 символ.", "21 номер,", "21 день "),
        (22, "22 символи.", "22 номери,", "22 дні "),
    ],
)
def test_ukrainian_words_agree_with_their_numbers(
    count: int, characters: str, extensions: str, days: str
) -> None:
    assert characters in dialogs.too_long("x" * (200 + count))
    assert characters in staff.name_too_long(64 + count, limit=64)
    assert extensions in staff.too_many_extensions(count, limit=20)
    assert days in staff.invite(Role.OPERATOR, ["101"], link="https://t.me/x", days=count)


@pytest.mark.parametrize(
    ("count", "characters", "extensions"),
    [(1, "1 character.", "is 1 extension,"), (2, "2 characters.", "are 2 extensions,")],
)
def test_english_words_agree_with_their_numbers(
    count: int, characters: str, extensions: str
) -> None:
    with speaking(Language.EN):
        assert characters in dialogs.too_long("x" * (200 + count))
        assert extensions in staff.too_many_extensions(count, limit=20)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0:00"),
        (9, "0:09"),
        (108, "1:48"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (360_000, "100:00:00"),
    ],
)
def test_durations_are_minutes_and_seconds_and_hours_if_there_are_any(
    seconds: int | None, words: str
) -> None:
    assert formats.duration(seconds) == words


@pytest.mark.parametrize(
    ("language", "amount", "currency", "words"),
    [
        (Language.UK, "0.08", "UAH", "0,08\xa0₴"),
        (Language.UK, "1234.5", "UAH", "1\xa0234,50\xa0₴"),
        (Language.UK, "0.0125", "USD", "0,0125\xa0USD"),
        (Language.EN, "0.08", "UAH", "UAH\xa00.08"),
        (Language.EN, "0.0125", "USD", "$0.0125"),
        (Language.EN, "1234.5", "EUR", "€1,234.50"),
    ],
)
def test_a_price_is_written_as_its_reader_writes_prices(
    language: Language, amount: str, currency: str, words: str
) -> None:
    with speaking(language):
        assert formats.money(Decimal(amount), currency) == words


@pytest.mark.usefixtures("ukrainian")
def test_days_of_two_months_have_the_dash_of_all_other_texts() -> None:
    days = (date(2026, 10, 28).toordinal(), date(2026, 11, 27).toordinal())
    words = log_views.chosen_words(LogView(days=days), {})
    assert "28 жовт. – 27 лист. 2026" in words.replace("\N{NO-BREAK SPACE}", " ")
    assert "—" not in words

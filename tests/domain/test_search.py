"""What people type is understood however they spell it."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.phones import NumberPlan
from bot.domain.search import (
    MOST_SIGNS,
    Query,
    Unclear,
    ends_for_typo,
    ends_of_number,
    folded,
    is_typo,
    read_query,
    words_of,
)

UA = NumberPlan("UA")
LETTERS = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя" + string.ascii_lowercase
WORDS = st.text(LETTERS, min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("МЕЛЬНИК", "мельник"),
        ("Дем'янчук", "Дем’янчук"),
        ("Дем'янчук", "Демʼянчук"),
        ("Дем'янчук", "ДЕМ`ЯНЧУК"),
        ("Дем'янчук", "Демянчук"),
        ("Ґалаґан", "Галаган"),
        ("Мельни́к", "Мельник"),
        ("И\u0306осип", "Йосип"),
        ("Straße", "STRASSE"),
        ("ﬁrma", "Firma"),
        ("Алёна", "Алена"),
    ],
)
def test_these_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Йосип", "Иосип"), ("Їжак", "Іжак"), ("Олена", "Олени"), ("гора", "хора")]
)
def test_these_are_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_words_are_what_is_between_signs() -> None:
    text = "Олена К. (ТОВ «Акме-Плюс»), кв.12_б; Олена"
    assert words_of(text) == ["олена", "к", "тов", "акме", "плюс", "кв", "12", "б"]
    assert words_of("— … !?") == []


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_spelled_otherwise_a_text_has_the_same_words(
    words: list[str], data: st.DataObject
) -> None:
    def otherwise(letter: str) -> str:
        ways = [letter, letter.upper() if len(letter.upper()) == 1 else letter]
        ways += ["ґ" if letter == "г" else letter, f"{letter}'", f"’{letter}", f"{letter}ʼ"]
        return data.draw(st.sampled_from(ways))

    changed = data.draw(st.sampled_from([" ", ", ", " – ", "\n"])).join(
        "".join(map(otherwise, word)) for word in words
    )
    form = data.draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    assert words_of(unicodedata.normalize(form, changed)) == words_of(" ".join(words))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("067 123", ("067123",)),
        ("067123", ("067123",)),
        ("+38067123", ("38067123",)),
        ("+38 (067) 123-45-67", ("380671234567",)),
        ("0038067123", ("38067123",)),
        ("8 067 123 45 67", ("80671234567",)),
        ("4567", ("4567",)),
        ("45–67", ("4567",)),
        ("３４５", ("345",)),
        ("12", ()),
        ("Ганна 067", ()),
        ("*101#", ("101",)),
    ],
)
def test_a_number_is_read_in_any_way(text: str, digits: tuple[str, ...]) -> None:
    query = read_query(text, UA)
    found = query.digits if isinstance(query, Query) else ()
    assert found == digits


@pytest.mark.parametrize(
    ("country", "text", "client"),
    [
        ("UA", "067 123", "+380671234567"),
        ("DE", "030 1234", "+49301234567"),
        ("DE", "0049 30 12", "+49301234567"),
        ("PL", "22 123", "+48221234567"),
        ("GB", "020 7946", "+442079460018"),
    ],
)
def test_the_beginning_of_a_number_is_in_it_as_the_country_writes_it(
    country: str, text: str, client: str
) -> None:
    query = read_query(text, NumberPlan(country))
    assert isinstance(query, Query)
    assert any(one in client for one in query.digits)


@given(
    st.from_regex(r"\A(?:39|44|50|63|66|67|68|7[37]|9[1-9])[0-9]{7}\Z", fullmatch=True), st.data()
)
def test_any_digits_of_a_number_find_it_with_any_signs_between(
    national: str, data: st.DataObject
) -> None:
    client = f"+380{national}"
    start = data.draw(st.integers(1, len(client) - 3))
    part = client[start : data.draw(st.integers(start + 3, len(client)))]
    signs = data.draw(st.lists(st.sampled_from(["", " ", "-", " (", ") "]), min_size=len(part)))
    typed = "".join(sign + digit for sign, digit in zip(signs, part, strict=False))
    query = read_query(typed, UA)
    assert isinstance(query, Query)
    assert any(one in client for one in query.digits)
    assert any(end.startswith(one) for end in ends_of_number(client) for one in query.digits)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Unclear.ONLY_SIGNS),
        ("   \n ", Unclear.ONLY_SIGNS),
        ("%", Unclear.ONLY_SIGNS),
        ("_", Unclear.ONLY_SIGNS),
        ("%_%' -- ;", Unclear.ONLY_SIGNS),
        ("🙂🙂", Unclear.ONLY_SIGNS),
        ("а", Unclear.TOO_SHORT),
        ("7", Unclear.TOO_SHORT),
        ("12", Unclear.TOO_SHORT),
        ("а" * 4000, Unclear.TOO_LONG),
        ("1" * (MOST_SIGNS + 1), Unclear.TOO_LONG),
    ],
)
def test_what_cannot_be_looked_for(text: str, why: Unclear) -> None:
    assert read_query(text, UA) is why


def test_spaces_around_and_between_do_not_count() -> None:
    query = read_query("  Олена \n\t Мельник " + " " * 5000, UA)
    assert isinstance(query, Query)
    assert (query.text, query.words) == ("Олена Мельник", ("олена", "мельник"))


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("мельник", "мельник", True),
        ("мельник", "мелник", True),
        ("мельник", "мельнник", True),
        ("мельник", "мельнек", True),
        ("мельник", "мелньик", True),
        ("мельник", "ельник", True),
        ("мельник", "мельникк", True),
        ("мельник", "мелнек", False),
        ("мельник", "мельниченко", False),
        ("мельник", "кинльем", False),
        ("анна", "онно", False),
    ],
)
def test_a_typo_is_one_letter(one: str, other: str, is_one: bool) -> None:
    assert is_typo(one, other) is is_typo(other, one) is is_one


@given(WORDS, st.data())
def test_a_word_with_a_typo_has_an_end_of_the_one_that_is_meant(
    word: str, data: st.DataObject
) -> None:
    at, letter = data.draw(st.integers(0, len(word) - 1)), data.draw(st.sampled_from(LETTERS))
    other = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
            ]
        )
    )
    assert is_typo(word, other)
    if ends := ends_for_typo(other):
        assert word.startswith(ends[0]) or word.endswith(ends[1])
    else:
        assert len(other) < 4

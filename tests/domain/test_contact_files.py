"""What becomes of the contacts of a file: whose number is whose, and which name stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.contact_files import (
    Conflict,
    Fate,
    FileContact,
    Planning,
    Report,
    Seen,
    Verdict,
    clean_name,
)
from bot.domain.contacts import NUMBERS_LIMIT, Contact, ContactNumber, client_link, sort_key

A, B, C, D = (f"+38067000000{n}" for n in range(4))
OFFICE = "+380441234567"


def contact(id_: int, name: str | None, *numbers: str) -> Contact:
    return Contact(
        id_, name, None, 0, tuple(ContactNumber(10 * id_ + i, n) for i, n in enumerate(numbers))
    )


def card(name: str | None, *numbers: str) -> FileContact:
    return FileContact(1, name, numbers)


def plan(
    known: list[Contact], *cards: FileContact, replaces_names: bool = False
) -> tuple[list[Verdict], dict[str, str | None]]:
    """What became of the cards, and under which name each number is then."""
    planning = Planning(known, Seen(), replaces_names=replaces_names)
    verdicts = [planning.add(one) for one in cards]
    return verdicts, {n: one.name for one in planning.contacts for n in one.numbers}


def test_a_card_is_new_or_completes_what_is_known_under_its_name() -> None:
    known = [contact(1, "Ганна", A), contact(2, None, C, D)]
    verdicts, names = plan(known, card("ГАННА", A, B), card("Іван", OFFICE), card("Петро", C))
    assert [one.fate for one in verdicts] == [Fate.FILLED, Fate.NEW, Fate.FILLED]
    assert [one.added for one in verdicts] == [1, 1, 0]
    assert names == {A: "Ганна", B: "Ганна", OFFICE: "Іван", C: "Петро", D: "Петро"}


def test_several_cards_of_one_person_come_together_and_colleagues_do_not() -> None:
    verdicts, names = plan(
        [],
        card("Ганна", A),
        card("Ганна", A, B),
        card("Ганна", OFFICE, C),
        card("Іван", OFFICE, D),
    )
    assert [one.fate for one in verdicts] == [Fate.NEW, Fate.FILLED, Fate.NEW, Fate.NEW]
    assert verdicts[3].conflicts == (Conflict(OFFICE, "Ганна"),)
    assert names == {A: "Ганна", B: "Ганна", OFFICE: "Ганна", C: "Ганна", D: "Іван"}


@pytest.mark.parametrize("numbers", [(A,), (A, B)])
def test_a_name_stays_unless_those_of_the_file_are_wanted(numbers: tuple[str, ...]) -> None:
    known = [contact(1, "Ганна", A)]
    [kept], names = plan(known, card("Марія", *numbers))
    assert (kept.former, kept.can_rename, names[A]) == ("Ганна", True, "Ганна")
    [renamed], names = plan(known, card("Марія", *numbers), replaces_names=True)
    assert renamed.fate is Fate.RENAMED
    assert set(names.values()) == {"Марія"}


def test_a_file_does_not_rename_what_it_has_named_itself() -> None:
    verdicts, names = plan(
        [contact(1, "Ганна", A)], card("Ганна", A), card("Іван", A), replaces_names=True
    )
    assert [one.fate for one in verdicts] == [Fate.SAME, Fate.DIFFERS]
    assert names == {A: "Ганна"}


def test_what_says_nothing_is_left_out_and_too_many_numbers_are_told() -> None:
    many = [f"+3805000000{n:02}" for n in range(30)]
    verdicts, names = plan([], card("Ганна"), card(None, A), card(None, B, C), card("Іван", *many))
    assert [one.fate for one in verdicts] == [Fate.NO_NUMBER, Fate.NO_NAME, Fate.NEW, Fate.NEW]
    assert len(verdicts[3].over) == 30 - NUMBERS_LIMIT
    assert len(names) == 2 + NUMBERS_LIMIT
    report = Report()
    report.count(verdicts)
    assert (report.cards, report.numbers, report.added, report.over) == (4, 33, 12, 20)
    assert (report.taken, len(report.left_out)) == (2, 2)


NUMBERS = st.sampled_from([A, B, C, D, OFFICE])
NAMES = st.sampled_from([None, "Ганна", "ганна", "Іван", "Мар'яна"])
CARDS = st.lists(
    st.builds(
        lambda name, numbers: card(name, *dict.fromkeys(numbers)),
        NAMES,
        st.lists(NUMBERS, max_size=4),
    ),
    max_size=8,
)


@given(CARDS, CARDS, st.booleans())
def test_nothing_known_is_lost_and_a_second_time_nothing_changes(
    before: list[FileContact], cards: list[FileContact], replaces_names: bool
) -> None:
    first = Planning([], Seen(), replaces_names=False)
    for one in before:
        first.add(one)
    book = [contact(id_, c.name, *c.numbers) for id_, c in enumerate(first.contacts, start=1)]
    planning = Planning(book, Seen(), replaces_names=replaces_names)
    for one in cards:
        planning.add(one)
    after = [contact(c.id or 100 + i, c.name, *c.numbers) for i, c in enumerate(planning.contacts)]
    owner = {n.number: c.id for c in after for n in c.numbers}
    for known in book:
        assert {owner[n.number] for n in known.numbers} == {known.id}
    if not replaces_names:
        names = {c.id: c.name for c in after}
        assert all(names[c.id] == c.name for c in book if c.name)
    again = Planning(after, Seen(), replaces_names=replaces_names)
    for one in cards:
        again.add(one)
    assert not any(c.added for c in again.contacts)


def test_names_are_in_the_order_of_the_alphabet_in_any_case() -> None:
    names = ["анна", "Ганна", "ґалаґан", "Дар'я", "Емма", "Євген", "Жанна", "Ивко", "Іван"]
    names += ["Їжак", "Йосип", "Кім", "Яна"]
    mixed = sorted(names)
    assert mixed != names
    assert sorted(mixed, key=lambda one: sort_key(one).encode()) == names
    assert sort_key("Мар’яна  Ґой") == sort_key("МАРʼЯНА ґой") == sort_key("мар'яна ґой")
    assert sort_key(None).encode() > sort_key("\U0001f600 я").encode()


def test_a_link_has_the_number_with_its_plus() -> None:
    crm = "https://crm.example.com/?phone={number}"
    assert client_link(crm, A) == "https://crm.example.com/?phone=%2B380670000000"
    assert client_link(crm, None) is client_link("", A) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  Ганна\n\tМельник ", "Ганна Мельник"),
        ("Андрі\u0438\u0306", "Андрі\u0439"),
        ("\u202eАнна\0", "Анна"),
        ("Ї" * 99, "Ї" * 64),
        (" \u200b\n", None),
    ],
)
def test_a_name_of_a_file_is_cleaned(written: str, name: str | None) -> None:
    assert clean_name(written) == name

"""Files of contacts as phones, Google, Outlook and spreadsheets write them; and as we do."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.settings import Settings
from bot.domain.contact_files import ContactFileError, FileContact, FileFault, FileKind, clean_name
from bot.domain.contacts import Contact, ContactNumber
from bot.media.contact_files import ContactFiles, read_contacts

SETTINGS = Settings(_env_file=None)
FIRST, SECOND = "+380671234567", "+380509998877"


def read(content: bytes) -> list[FileContact]:
    return list(read_contacts(io.BytesIO(content), SETTINGS.read_number))


def names_and_numbers(content: bytes) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(one.name, one.numbers) for one in read(content)]


def vcard(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""])


HANNA = [("Ганна Мельник", (FIRST,))]
PLAIN = vcard("VERSION:3.0", "FN:Ганна Мельник", "TEL;TYPE=CELL:067 123-45-67")
QUOTED = "=D0=93=D0=B0=D0=BD=D0=BD=D0=B0"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN.encode(), id="UTF-8"),
        pytest.param(PLAIN.encode("utf-8-sig"), id="BOM"),
        pytest.param(PLAIN.encode("cp1251"), id="CP1251"),
        pytest.param(PLAIN.encode("utf-16"), id="UTF-16"),
        pytest.param(PLAIN.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(PLAIN.encode("utf-16-be"), id="UTF-16 BE"),
        pytest.param(PLAIN.replace("\r\n", "\n").encode(), id="LF"),
        pytest.param(PLAIN.replace("\r\n", "\r").encode(), id="CR"),
        pytest.param(PLAIN.encode().replace(b"FN", b"\0FN\0"), id="NUL"),
        pytest.param(PLAIN.replace("FN:", "item1.fn;LANGUAGE=uk:").encode(), id="group"),
        pytest.param(PLAIN.replace("Мель", "Ме\r\n ль").encode(), id="folded"),
        pytest.param(
            vcard(
                "VERSION:2.1",
                f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9C=D0=B5=D0=BB=D1=8C=\r\n"
                f"=D0=BD=D0=B8=D0=BA;{QUOTED};;;",
                "TEL;CELL;PREF:+380671234567",
            ).encode(),
            id="2.1 of Android",
        ),
        pytest.param(
            vcard(
                "VERSION:2.1",
                "FN;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C3=E0=ED=ED=E0 =\r\n"
                "=CC=E5=EB=FC=ED=E8=EA",
                "TEL:0671234567",
            ).encode(),
            id="2.1 in CP1251",
        ),
        pytest.param(
            vcard(
                "VERSION:4.0",
                "N:Мельник;Ганна;;;",
                'TEL;VALUE=uri;TYPE="voice,home":tel:+380-67-123-45-67;ext=12',
            ).encode(),
            id="4.0, N without FN",
        ),
        pytest.param(
            vcard(
                "FN:Ганна Мельник", "PHOTO;ENCODING=b:" + "A" * 200_000, "TEL:0671234567"
            ).encode(),
            id="a photo in one line",
        ),
        pytest.param(
            vcard(
                "FN:Ганна Мельник",
                "PHOTO;BASE64:\r\n  " + "\r\n  ".join(["AA+/" * 18] * 999),
                "",
                "TEL:0671234567",
            ).encode(),
            id="a folded photo",
        ),
        pytest.param(
            vcard(
                "FN:Ганна Мельник", "AGENT:", *vcard("FN:Інша", "TEL:1").split(), "TEL:0671234567"
            ).encode(),
            id="a card in the card",
        ),
        pytest.param(PLAIN.replace("END:VCARD", "").encode(), id="without an end"),
        pytest.param("Name,Phone\nГанна Мельник,067 123 45 67\n".encode(), id="CSV"),
        pytest.param("Ганна Мельник;0671234567\n".encode("cp1251"), id="CSV without headings"),
        pytest.param('sep=|\n"Телефон"|"ПІБ"\n0671234567|Ганна Мельник\n'.encode(), id="sep="),
        pytest.param(
            'Прізвище\tІм\'я\tМоб. телефон\nМельник\tГанна\t="0671234567"\n'.encode("utf-16"),
            id="Unicode text of Excel",
        ),
        pytest.param(
            "First Name,Middle Name,Last Name,Phonetic First Name,Birthday,Notes,Phone 1 - Label,"
            'Phone 1 - Value\nГанна,,Мельник,,1985-03-12,"рядок\nще ""рядок""",Mobile,'
            "+380 67 123 45 67 ::: 0671234567\n".encode("utf-8-sig"),
            id="Google",
        ),
        pytest.param(
            '"First Name","Last Name","Company","Mobile Phone","E-mail Address"\r\n'
            '"","","Ганна Мельник","380671234567","h@example.com"\r\n'.encode(),
            id="Outlook, a company",
        ),
        pytest.param(
            "01.02.2026;Ганна Мельник;0671234567;12.5\n".encode(), id="a date is no number"
        ),
    ],
)
def test_one_contact_however_it_is_written(content: bytes) -> None:
    assert names_and_numbers(content) == HANNA


def test_a_card_may_have_many_numbers_some_of_which_are_none() -> None:
    numbers = [f"TEL:+38050000{n:04}" for n in range(30)]
    [card] = read(
        vcard("FN:Ганна", *numbers, "TEL:доб. 12", "TEL:", "TEL:112233 після 18").encode()
    )
    assert len(card.numbers) == 30
    assert card.unread == ("доб. 12", "112233 після 18")


def test_what_a_spreadsheet_has_rounded_is_no_number() -> None:
    [row] = read("Ім'я;Номер\nГанна;3,80671E+11\n".encode())
    assert (row.numbers, row.unread) == ((), ("3,80671E+11",))


def test_a_quote_left_open_costs_nothing_but_itself() -> None:
    lines = ["Name;Phone", '"Ганна;0671234567', "Іван;0509998877", *["Ян;0441234567"] * 99]
    assert names_and_numbers("\n".join(lines).encode())[:2] == [
        ("Ганна", (FIRST,)),
        ("Іван", (SECOND,)),
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", FileFault.EMPTY),
        (b"\0" * 999, FileFault.EMPTY),
        (b"PK\x03\x04" + bytes(300), FileFault.ARCHIVE),
        (b"PK\x03\x04 xl/workbook.xml", FileFault.SPREADSHEET),
        (b"\x1f\x8b" + bytes(300), FileFault.ARCHIVE),
        (bytes(range(256)) * 99, FileFault.NO_TEXT),
        ("Ганна;Київ\nІван;Львів\n".encode(), FileFault.NO_NUMBERS),
        (b"0671234567\n0509998877\n", FileFault.NO_NAMES),
        ("Ганна;Київ;0671234567\nІван;Львів;0509998877\n".encode(), FileFault.WHICH_NAME),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(content: bytes, fault: FileFault) -> None:
    with pytest.raises(ContactFileError) as refused:
        read(content)
    assert refused.value.fault is fault


@given(st.binary(max_size=2000))
def test_garbage_is_refused_or_read_and_nothing_else(garbage: bytes) -> None:
    for content in (garbage, b"BEGIN:VCARD\n" + garbage, b"Name;Phone\nA;0671234567\n" + garbage):
        try:
            contacts = read(content)
        except ContactFileError:
            continue
        for one in contacts:
            assert one.name is None or clean_name(one.name) == one.name
            assert all("\0" not in number for number in one.numbers)


NAMES = st.one_of(
    st.none(),
    st.text(max_size=64),
    st.sampled_from(["=1+1", "'=1", "''-2", "@a", "+1", '"a";b', "a\\,b;c", "Ї" * 64, "-", "'"]),
).map(lambda name: clean_name(name) if name else None)


def contacts() -> st.SearchStrategy[list[Contact]]:
    """Contacts as the book may have them: with a name or several numbers, each number once."""

    def made(drawn: list[tuple[str | None, int]]) -> list[Contact]:
        numbers = iter(range(10**6))
        return [
            Contact(
                id_,
                name,
                None,
                0,
                tuple(
                    ContactNumber(n, f"+38067{n:07}" if n % 3 else f"{4000 + n}")
                    for n in (next(numbers) for _ in range(count if name else count + 1))
                ),
            )
            for id_, (name, count) in enumerate(drawn, start=1)
        ]

    return st.lists(st.tuples(NAMES, st.integers(1, 9)), min_size=1, max_size=9).map(made)


@pytest.mark.parametrize("kind", FileKind)
@given(book=contacts())
def test_what_is_written_is_read_back(kind: FileKind, book: list[Contact]) -> None:
    if kind is FileKind.CSV and not any(one.name for one in book):
        return  # a table without a name has no column of names
    most = max(len(one.numbers) for one in book)
    with ContactFiles(
        kind, ["Ім'я", "Телефон", "Хто додав", "Коли додано"], numbers=most
    ) as files:
        files.write([(one, ["=Олена", "22.11.2026, 14:02"]) for one in book])
        [file] = files.files
        file.seek(0)
        content = file.read()
    back = names_and_numbers(content)
    assert back == [(one.name, tuple(n.number for n in one.numbers)) for one in book]
    if kind is FileKind.VCARD:
        assert all(len(line) <= 75 for line in content.split(b"\r\n"))


def test_more_than_one_file_holds_is_written_into_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.media.contact_files.FILE_BYTES", 5000)
    chance = random.Random(1)
    book = [
        Contact(n, f"К{chance.random()}", None, 0, (ContactNumber(n, f"+38067{n:07}"),))
        for n in range(200)
    ]
    with ContactFiles(FileKind.VCARD, [], numbers=1) as files:
        for one in book:
            files.write([(one, [])])
        assert len(files.files) > 2
        read_back = []
        for file in files.files:
            assert file.seek(0, io.SEEK_END) < 6000
            file.seek(0)
            read_back += read(file.read())
    assert len(read_back) == len(book)

"""Numbers: every way one is written is one client; hidden and short ones; what is shown."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bot.domain.phones import NumberPlan, shown_number, spaced

UA = NumberPlan("UA")
COUNTRIES = ("UA", "PL", "DE", "GB", "US", "KZ", "GE", "MD", "CZ", "FR", "IT", "RO", "TR")
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)

WAYS = (
    *("{e164}", "+{e164}", "+ {bare}", "{bare}", "00{bare}", "00 {bare}"),
    *("{home}", "({home})", "{digits}", "{slashes}", "{dots}", "{hyphens}", "{narrow}"),
    *("tel:{e164}", "TEL:{e164};phone-context=example.com", "tel:{e164};ext=12"),
    *("sip:{e164}@pbx.example", "sips:{digits}@10.0.0.1:5061;user=phone", "{e164}@pbx.example"),
    *('"Олена К." <sip:{e164}@pbx.example>;tag=a1', "{e164} ext. 12", "{home} доб. 7"),
)
"""How PBXs write a number: `bare` is E.164 without its plus, `home` as the country writes it."""


def written(way: str, number: PhoneNumber) -> str:
    e164, home = e164_of(number), national_of(number)
    return way.format(
        e164=e164,
        bare=e164[1:],
        home=home,
        digits="".join(filter(str.isdigit, home)),
        slashes=home.replace(" ", "/"),
        dots=home.replace(" ", "."),
        hyphens=home.replace(" ", "\N{NON-BREAKING HYPHEN}"),
        narrow=home.replace(" ", "\N{NARROW NO-BREAK SPACE}"),
    )


def examples(country: str) -> list[PhoneNumber]:
    numbers = (phonenumbers.example_number_for_type(country, kind) for kind in KINDS)
    return [number for number in numbers if number is not None]


def national_of(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)


def e164_of(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_number_is_one_client_however_it_is_written(country: str, way: str) -> None:
    numbers = examples(country)
    assert numbers
    for number in numbers:
        text = written(way, number)
        assert NumberPlan(country).client_number(text) == e164_of(number), text


@pytest.mark.parametrize("prefix", ["9", "99", "0"])
@pytest.mark.parametrize("country", COUNTRIES)
def test_what_is_dialled_before_an_outside_number_is_no_part_of_it(
    country: str, prefix: str
) -> None:
    plan = NumberPlan(country, dial_prefix=prefix)
    for number in examples(country):
        digits = "".join(filter(str.isdigit, national_of(number)))
        for dialled in (digits, f"00{e164_of(number)[1:]}"):
            assert plan.client_number(prefix + dialled) == e164_of(number), dialled
        for incoming in (digits, e164_of(number), e164_of(number)[1:]):
            assert plan.client_number(incoming) == e164_of(number), incoming


@given(st.integers(0, 9_999_999), st.sampled_from(["67", "50", "93", "44"]), st.data())
def test_every_ukrainian_number_is_one_client(rest: int, code: str, data: st.DataObject) -> None:
    digits = f"{code}{rest:07}"
    start = data.draw(
        st.sampled_from(["", "0", "80", "8 0", "8-0", "380", "+380", "00380", "810380", "+80"])
    )
    gaps = data.draw(st.lists(st.sampled_from(["", " ", "-", ".", " ("]), min_size=9, max_size=9))
    text = start + "".join(gap + digit for gap, digit in zip(gaps, digits, strict=True))
    assert UA.client_number(text) == f"+380{digits}", text


@pytest.mark.parametrize(
    "text",
    [
        *("0000000000", "000", "+000", "+0", "0", "-1", "", " ", "+", "-", "??"),
        *(
            "anonymous",
            "Anonymous",
            "No Number",
            "no_number",
            "unavailable",
            "Unknown",
            "<unknown>",
        ),
        *(
            "Private Number",
            "RESTRICTED",
            "withheld",
            "N/A",
            "null",
            "None",
            "Caller-ID",
        ),
        *("прихований номер", "Анонім", "Невідомий", "номер скрыт", "неизвестно"),
        *("sip:anonymous@anonymous.invalid", "anonymous@anonymous.invalid", "sip:000@10.0.0.1"),
        *('"Anonymous" <sip:anonymous@anonymous.invalid>', "sip:guest@anonymous.invalid"),
        *("sip:unavailable@unknown.invalid:5060", "tel:anonymous", "SIP:Restricted@pbx"),
    ],
)
def test_a_withheld_number_is_no_client(text: str) -> None:
    assert UA.is_hidden(text)
    assert UA.client_number(text) is None
    assert shown_number(text) is None


@pytest.mark.parametrize("login", ["olena", "sip:olena@pbx", "000domainc261", "s", "*100#"])
def test_a_login_is_neither_hidden_nor_a_clients_number(login: str) -> None:
    assert not UA.is_hidden(login)
    assert UA.client_number(login) is None
    assert shown_number(f" {login} ") == login


@pytest.mark.parametrize("short", ["3700", "112", "10001", "100001", "2345678", "39-700"])
def test_a_short_number_is_a_number_and_is_shown_as_it_came(short: str) -> None:
    digits = short.replace("-", "")
    assert UA.client_number(short) == digits
    assert not UA.is_whole(short)
    assert spaced(digits) == digits


def test_an_area_code_makes_a_local_number_whole() -> None:
    for code in ("44", "044"):
        kyiv = NumberPlan("UA", area_code=code)
        assert kyiv.client_number("234-56-78") == "+380442345678"
        assert kyiv.client_number("067 234 56 78") == "+380672345678"
        assert kyiv.client_number("3700") == "3700"
    assert NumberPlan("US", area_code="212").client_number("555-0123") == "+12125550123"


def test_more_words_and_numbers_mean_a_withheld_one() -> None:
    plan = NumberPlan("UA", hidden=frozenset({"secretline", "380441112233", "12345"}))
    for written in ("Secret Line", "044 111 22 33", "+380441112233", "12345", "sip:12345@pbx"):
        assert plan.is_hidden(written), written
        assert plan.client_number(written) is None
    assert plan.client_number("0441112234") == "+380441112234"


def test_the_companys_own_numbers_are_known_however_they_are_written() -> None:
    plan = NumberPlan("UA", own_numbers=frozenset({"044 555 01 01", "+380671112233"}))
    for written in ("+380445550101", "0445550101", "80 67 111 22 33"):
        number = plan.client_number(written)
        assert number is not None
        assert plan.is_own(number)
    assert not plan.is_own("+380445550102")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+380671234567", "+380 67 123 45 67"),
        ("+48501234567", "+48 501 234 567"),
        ("+3802345678", "+3802345678"),
        ("3700", "3700"),
    ],
)
def test_a_clients_number_is_shown_as_people_read_it(number: str, shown: str) -> None:
    assert spaced(number) == shown

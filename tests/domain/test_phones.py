"""Numbers: every way one is written is one client; hidden and short ones; what is shown."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bot.domain.phones import NumberPlan, bare_extension, shown_number, spaced

UA = NumberPlan("UA")
COUNTRIES = ("UA", "PL", "DE", "GB", "US", "KZ", "GE", "MD", "CZ", "FR", "IT", "RO", "TR")
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)

WAYS = (
    *("{e164}", "+{e164}", "+ {bare}", "{bare}", "00{bare}", "00 {bare}"),
    *("{home}", "({home})", "{digits}", "{slashes}", "{dots}", "{hyphens}", "{narrow}"),
    *("tel:{e164}", "TEL:{e164};phone-context=example.com", "tel:{e164};ext=12"),
    *("sip:{e164}@pbx.example", "sips:{digits}@10.0.0.1:5061;user=phone", "{e164}@pbx.example"),
    *('"Олена К." <sip:{e164}@pbx.example>;tag=a1', "{e164} ext. 12", "{home} доб. 7"),
    *("sip:%2B{bare}@pbx.example", "sip:{e164};npdi@pbx.example", "{wide}", "{arabic}"),
    *(
        '"a <b" <{e164}>',
        '"{e164}"',
        "'{digits}'",
        "[{home}]",
        "\u2066{e164}\u2069",
        "\ufeff{home}",
    ),
    *("тел.: {e164}", "№ {e164}", "Ганна {e164}", "whatsapp:{e164}", "{e164}#", "*31#{digits}"),
    *("SIP/{digits}", "PJSIP/{digits}@trunk-0000001a", "SIP/trunk/{digits}", "{home} дод. 7"),
    *("{digits}p101", "{e164},,101#", "{e164}*12", "{home} (моб.)", "sip:{e164}:secret@pbx"),
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
        wide=_in_digits(e164, "\N{FULLWIDTH DIGIT ZERO}"),
        arabic=_in_digits(e164, "\N{ARABIC-INDIC DIGIT ZERO}"),
        narrow=home.replace(" ", "\N{NARROW NO-BREAK SPACE}"),
    )


def _in_digits(number: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(char)) if char.isdigit() else char for char in number)


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
        *("０００", "٠٠٠", "+380 000 00 00 00", "+10000000000", "- 1", "-2", "s", "P", "(null)"),
        *("unknown unknown", "CALLER ID BLOCKED", "No_Caller-ID", "Unavail.", "Asterisk PBX"),
        *("номер не визначено", "Невідомий абонент", "номер не определён", "Без номеру"),
        *("Número oculto", "Numéro masqué", "Numer zastrzeżony", "RUFNUMMER UNTERDRÜCKT"),
        *("sip:%61nonymous@pbx", "sip:Anonymous%20Caller@pbx", "sip:anonymous.invalid"),
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


@pytest.mark.parametrize(
    "login", ["olena", "sip:olena@pbx", "000domainc261", "*100#", "Nana", "guest"]
)
def test_a_login_is_neither_hidden_nor_a_clients_number(login: str) -> None:
    assert not UA.is_hidden(login)
    assert UA.client_number(login) is None
    assert shown_number(f" {login} ") == login


@pytest.mark.parametrize(
    "short", ["3700", "112", "10001", "100001", "2345678", "39-700", "12345678", "1234567890"]
)
def test_a_short_number_is_a_number_and_is_shown_as_it_came(short: str) -> None:
    digits = short.replace("-", "")
    assert UA.client_number(short) == digits
    assert spaced(digits) == digits


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("UA", "8w10 48 501 234 567", "+48501234567"),
        ("UA", "9,0671234567", "+380671234567"),
        ("UA", "067,123,45,67", "+380671234567"),
        ("UA", "67123456", "67123456"),
        ("UA", "067123456", "067123456"),
        ("PL", "1234567", "1234567"),
        ("DE", "123456", "123456"),
        ("DE", "116117", "116117"),
        ("US", "555-0123", "5550123"),
        ("US", "(555) 555-0123", "+15555550123"),
        ("US", "011 380 67 123 45 67", "+380671234567"),
        ("US", "1-800-FLOWERS", "+18003569377"),
        ("IT", "06 1234 5678", "+390612345678"),
        ("IT", "390612345678", "+390612345678"),
        ("AR", "011 15-1234-5678", "+5491112345678"),
        ("MX", "+52 1 55 1234 5678", "+525512345678"),
        ("MX", "044 55 1234 5678", "+525512345678"),
        ("BY", "80 29 123-45-67", "+375291234567"),
        ("KZ", "8~10~380671234567", "+380671234567"),
    ],
)
def test_other_habits_of_countries(country: str, written: str, number: str) -> None:
    assert NumberPlan(country).client_number(written) == number


def test_what_we_dial_may_be_a_short_number_behind_the_prefix() -> None:
    plan = NumberPlan("UA", dial_prefix="9")
    for dialled, number in {"93700": "3700", "9101": "101", "92345678": "2345678"}.items():
        assert plan.client_number(dialled, is_dialled=True) == number
        assert plan.client_number(dialled) == dialled
    for written in ("931234567", "9+380931234567", "9*31#0931234567"):
        assert plan.client_number(written, is_dialled=True) == "+380931234567"
    assert plan.client_number("911", is_dialled=True) == "911"


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        *[(one, "101") for one in ("101", "101@pbx", "sip:101@10.0.0.1:5060;ob", "tel:101")],
        *[(one, "101") for one in ("SIP/101", "PJSIP/101-0000001a", "Local/101@internal/n")],
        *[(one, "101") for one in ("SIP/trunk/101", '"Олена" <sip:101@pbx>')],
        *[("SIP/olena-0000001a", "olena"), ("0101", "0101"), ("1001001", "1001001")],
        *[(one, one) for one in ("olena", "sip:olena@pbx", "000domainc261", "DAHDI/1-1", "*97")],
    ],
)
def test_an_extension_is_told_from_its_address(written: str, bare: str) -> None:
    assert bare_extension(written) == bare


def test_an_area_code_makes_a_local_number_whole() -> None:
    for code in ("44", "044"):
        kyiv = NumberPlan("UA", area_code=code)
        assert kyiv.client_number("234-56-78") == "+380442345678"
        assert kyiv.client_number("067 234 56 78") == "+380672345678"
        assert kyiv.client_number("3700") == "3700"
    berlin = NumberPlan("DE", area_code="30")
    assert berlin.client_number("12345678") == "+493012345678"
    for everywhere in ("110", "116117"):
        assert berlin.client_number(everywhere) == everywhere
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


@pytest.mark.parametrize(
    ("country", "prefix", "number", "dialled"),
    [
        ("UA", "", "+380671234567", "0671234567"),
        ("UA", "9", "+380671234567", "90671234567"),
        ("UA", "", "+442071838750", "00442071838750"),
        ("US", "9", "+12125551234", "912125551234"),
        ("US", "", "+380671234567", "011380671234567"),
        ("PL", "", "+48221234567", "221234567"),
    ],
)
def test_a_number_is_dialled_as_people_there_dial_it(
    country: str, prefix: str, number: str, dialled: str
) -> None:
    plan = NumberPlan(country, dial_prefix=prefix)
    assert plan.dialled(number) == dialled
    assert plan.client_number(dialled, is_dialled=True) == number


@pytest.mark.parametrize(
    ("number", "is_callable"),
    [
        ("+380671234567", True),
        ("+442071838750", True),
        ("+380445550101", False),
        ("+19005551234", False),
        ("+380112", False),
        ("112", False),
        ("3700", False),
        ("", False),
    ],
)
def test_only_whole_numbers_of_others_are_called(number: str, is_callable: bool) -> None:
    plan = NumberPlan("UA", own_numbers=frozenset({"0445550101"}))
    assert plan.is_callable(number) is is_callable


@pytest.mark.parametrize("prefix", ["", "9"])
def test_a_forged_number_does_not_call_an_ambulance(prefix: str) -> None:
    plan = NumberPlan("AT", dial_prefix=prefix)
    assert plan.dialled("+431122") == f"{prefix}1122", "as good as 112, by Austria's rules"
    assert not plan.is_callable("+431122")
    assert plan.is_callable("+43720116000")


@pytest.mark.parametrize(
    ("country", "number"),
    [("LT", "+37037123456"), ("LT", "+37031149063"), ("TJ", "+992103034091")],
)
def test_a_real_number_that_begins_as_an_emergency_one_is_called(
    country: str, number: str
) -> None:
    assert NumberPlan(country).is_callable(number)

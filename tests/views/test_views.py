"""The texts: never too long, never broken by what outsiders wrote, and in the right words."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.bot_api.formatting.html_parser import parse_html
from bot.demo.bot_api.formatting.text import formatted
from bot.domain import signs
from bot.domain.calls import (
    PRICE_DELAY,
    Call,
    CaseLink,
    CasePart,
    CaseState,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.domain.cases import BoardPage, Case
from bot.domain.digests import CaseGroup
from bot.domain.hours import local_date
from bot.domain.log import DayNumbers, Key, Page
from bot.domain.people import Employee, Language, Role
from bot.telegram.i18n import create_i18n
from bot.views import (
    alerts,
    board,
    calls,
    cases,
    comments,
    dialogs,
    digests,
    formats,
    parties,
    staff,
)
from bot.views.statuses import status_words
from keyboards import calls as call_keyboards
from keyboards.callbacks import Card

I18N = create_i18n(Language.UK)
KYIV = ZoneInfo("Europe/Kyiv")
NOW = 1_790_000_000  # 21 September 2026, 17:13:20 in Kyiv
MAX_LENGTH = 4096

STATUSES = {
    Status.ANSWERED: "Дзвонили та дзвінок був прийнятий оператором",
    Status.UNREACHABLE: "Телефонували і телефон абонента вимкнений або недоступний",
    Status.REJECTED_BY_SUBSCRIBER: "Дзвонили та абонент скинув",
    Status.NO_ANSWER: "Дзвонили абоненту і без відповіді",
    Status.CANCELLED_BY_OPERATOR: "Оператор здійснив дзвінок та скинув",
    Status.MISSED: "Пропущений виклик",
    Status.MISSED_CALLED_BACK: "Передзвонили на пропущений дзвінок",
    Status.UNKNOWN_ERROR: "Невідома помилка",
    Status.NETWORK_ERROR: "Спілкувалися і помилка мережі",
    Status.RINGING: "Дзвінок йде в процесі (гудки)",
    Status.CONNECTING_OPERATOR: "Спроба підключення до оператора",
    Status.NO_CHANNELS: "Обрив дзвінка через відсутність вільних каналів",
    Status.MISSED_OFFLINE: "Пропущений дзвінок від абонента в офлайн стані",
}


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    with I18N.context(), I18N.use_locale(language.value):
        yield


@pytest.fixture(params=Language)
def language(request: pytest.FixtureRequest) -> Iterator[Language]:
    with speaking(request.param):
        yield request.param


@pytest.fixture
def ukrainian() -> Iterator[None]:
    with speaking(Language.UK):
        yield


def call(**values: Any) -> Call:
    """A missed call from a client to two extensions, but for the values given."""
    missed: dict[str, Any] = {
        "id": 1,
        "source": "office",
        "external_id": "a1",
        "direction": Direction.IN,
        "status": Status.MISSED,
        "raw_status": None,
        "caller": Party(number="0671234567"),
        "callee": Party(number="0445550101"),
        "client": "+380671234567",
        "contact": None,
        "line": "0445550101",
        "queue": None,
        "extension": None,
        "rang": ("101", "102"),
        "started_at": NOW - 100,
        "answered_at": None,
        "ended_at": NOW - 83,
        "wait": 17,
        "talk": 0,
        "ended_by": EndedBy.UNKNOWN,
        "price": None,
        "currency": None,
        "recording_url": None,
        "settles_at": None,
        "lost": True,
        "colleagues": {"101": "Олена Коваленко", "102": "Іван Бондар"},
    }
    return Call(**missed | values)


def case(shown: Call, **values: Any) -> Case:
    """The open case of one lost call."""
    facts: dict[str, Any] = {
        "id": 1,
        "client": shown.client,
        "state": CaseState.OPEN,
        "opened_at": shown.started_at,
        "last_lost_at": shown.started_at,
        "expires_at": shown.started_at + 7 * 86400,
        "lost": 1,
        "attempts": 0,
        "closed_at": None,
        "owner": None,
        "owned_at": None,
        "asked_at": None,
        "call": shown,
        "attempt": None,
        "closing": None,
        "rang": shown.rang,
    }
    return Case(**facts | values)


def answered(**values: Any) -> Call:
    talked = {
        "status": Status.ANSWERED,
        "extension": "101",
        "answered_at": NOW - 90,
        "ended_at": NOW - 40,
        "wait": 10,
        "talk": 50,
        "lost": False,
    }
    return call(**talked | values)


def page_of(*shown: Call) -> Page:
    keys = tuple(Key(one.started_at, one.id) for one in shown)
    return Page(shown, keys, 1, 1, has_newer=False, has_older=False)


def card_of(shown: Call, *, now: int = NOW) -> list[str]:
    return calls.card(shown, now=now, zone=KYIV).splitlines()


# What outsiders write

_nasty = st.sampled_from(
    [
        *("</b>", "<a href='https://x.example'>", "<tg-spoiler>", "&", "&lt;", "&#60;", '"'),
        *("\u202e", "\r\n", "\0", "\u2028", "👩\u200d👧", "а\u0301", "\U0010fffd", "ﷺ"),
        *("@durov", "/today", "https://x.example", "#tag"),
    ]
)
_pieces = st.lists(_nasty | st.text(max_size=5), max_size=4).map("".join)


@st.composite
def foreign_calls(draw: st.DrawFn) -> Call:
    """A call whose every foreign text is anything at all, short or endless."""
    texts = draw(st.lists(_pieces, min_size=1, max_size=4))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    longest = draw(st.sampled_from([1, 50, 5000]))

    def text() -> str:
        return chance.choice(texts) * chance.randint(1, longest)

    def maybe() -> str | None:
        return text() if chance.random() < 0.7 else None

    def party() -> Party:
        return Party(maybe(), maybe(), maybe())

    extensions = tuple(text() for _ in range(chance.choice([0, 1, 2, 100])))
    extension = chance.choice([None, text(), *extensions])
    status = chance.choice(list(Status))
    comment = Comment(text=text(), author=text(), written_at=NOW - 10**8, version=1)
    caller, callee = party(), party()
    known = [*extensions, extension, caller.number, callee.number, caller.sip, callee.sip]
    return call(
        direction=chance.choice(list(Direction)),
        status=status,
        raw_status=maybe(),
        caller=caller,
        callee=callee,
        client=chance.choice([None, "+380671234567"]),
        contact=maybe(),
        line=maybe(),
        queue=maybe(),
        extension=extension,
        rang=extensions,
        started_at=NOW - chance.randint(0, 10**8),
        wait=chance.choice([None, 0, 17, 10**9]),
        talk=chance.choice([None, 0, 50, 10**9]),
        ended_by=chance.choice(list(EndedBy)),
        price=chance.choice([None, Decimal("0.08"), Decimal("123456789.123456")]),
        currency=chance.choice([None, "UAH", "USD"]),
        recording_url=chance.choice([None, text()]),
        settles_at=chance.choice([None, NOW + 100]),
        comment=chance.choice([None, comment]),
        colleagues={x: text() for x in known if x and chance.random() < 0.8},
    )


def tags(text: str) -> list[str]:
    """The kinds of the entities our own tags make; the text must be one that Telegram takes."""
    seen = formatted(text, parse_mode="HTML")
    assert 0 < len(seen) <= MAX_LENGTH
    return [entity.type for entity in parse_html(text)[1]]


many_calls = settings(max_examples=100, deadline=None)
languages = st.sampled_from(Language)


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
            lost_only=True,
            client=parties.client_title(shown[0]),
            now=NOW,
            zone=KYIV,
        )
        on = local_date(NOW, KYIV)
        day = calls.day_log(page_of(*shown), numbers, on, lost_only=True, now=NOW, zone=KYIV)
    assert set(tags(log)) <= {"bold", "italic"}
    assert tags(log).count("bold") == 1
    assert tags(day) == ["bold"]
    assert len(log.splitlines()) <= 2 + 1 + 10 * 3
    assert len(day.splitlines()) <= 4 + 1 + 10 * 2


@many_calls
@given(shown=foreign_calls(), language=languages, name=_pieces, many=st.integers(1, 5000))
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
@given(shown=foreign_calls(), language=languages, mine=_pieces, many=st.integers(1, 5000))
def test_the_dialogs_about_a_call_are_whole_whatever_outsiders_wrote(
    shown: Call, language: Language, mine: str, many: int
) -> None:
    with speaking(language):
        prompt, contact = comments.ask_comment(shown, KYIV), comments.ask_contact(shown)
        conflict = comments.conflict(shown.comment, mine * many)
        too_long = dialogs.too_long("x" * 200 + mine * many)
    assert set(tags(prompt)) <= {"bold", "code"}
    assert tags(prompt).count("bold") == 1
    assert set(tags(contact)) <= {"bold"}
    assert set(tags(conflict)) <= {"code"}
    assert tags(too_long) == ["pre"]


@pytest.mark.parametrize("name", ["<b>Ганна</b>", "A & B", "a < b > c", '"Ганна"', "&lt;", "Й"])
def test_what_outsiders_wrote_is_shown_as_they_wrote_it(name: str, language: Language) -> None:
    assert language
    comment = Comment(text=f"{name}\n{name}", author=name, written_at=NOW, version=1)
    shown = call(caller=Party(name=name), queue=name, comment=comment)
    for text, times in (
        (calls.card(shown, now=NOW, zone=KYIV), 5),
        (alerts.lost_call(case(shown), now=NOW, zone=KYIV), 5),
        (comments.ask_comment(shown, KYIV), 3),
        (calls.whole_log(page_of(shown), lost_only=False, client=name, now=NOW, zone=KYIV), 2),
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


# Statuses


@pytest.mark.usefixtures("ukrainian")
def test_the_statuses_are_in_the_vendors_own_words() -> None:
    assert {status: status_words(status) for status in Status} == STATUSES


def test_each_status_has_words_and_a_sign_of_its_own() -> None:
    for language in Language:
        with speaking(language):
            assert len({status_words(status) for status in Status}) == 13
    assert len({signs.STATUS[status] for status in Status}) == 13


@pytest.mark.parametrize("status", Status)
@pytest.mark.usefixtures("ukrainian")
def test_list_card_and_alert_show_the_same_sign_of_a_status(status: Status) -> None:
    shown, sign = call(status=status), signs.STATUS[status]
    assert card_of(shown)[0] == f"{sign} <b>{STATUSES[status]}</b>"
    log = calls.whole_log(page_of(shown), lost_only=False, client=None, now=NOW, zone=KYIV)
    assert f"\n1. {sign} 17:11 " in log
    assert alerts.lost_call(case(shown), now=NOW, zone=KYIV).startswith(f"{sign} <b>")


# Numbers in words


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


def test_a_card_never_says_a_recordings_address(language: Language) -> None:
    assert language
    text = calls.card(answered(recording_url="https://r.example/1"), now=NOW, zone=KYIV)
    assert "r.example" not in text


# Who


@pytest.mark.parametrize("direction", Direction)
def test_the_mark_stands_after_the_one_who_hung_up(
    direction: Direction, language: Language
) -> None:
    assert language
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
        log = calls.whole_log(page_of(shown), lost_only=False, client=None, now=NOW, zone=KYIV)
        marks = {side: f" {signs.HUNG_UP}" * (ended_by is side) for side in EndedBy}
        first, second = marks[EndedBy.CALLER], marks[EndedBy.CALLEE]
        assert f"Ганна{first} → Петро{second}\n" in log
        assert log.count(signs.HUNG_UP) == (ended_by in {EndedBy.CALLER, EndedBy.CALLEE})
        lines = [line for line in card_of(shown) if "Ганна" in line or "Петро" in line]
        assert [line.endswith(signs.HUNG_UP) for line in lines] == [bool(first), bool(second)]


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
def test_the_sign_of_a_comment_tells_whether_there_is_one(
    language: Language,
    commented: bool,
) -> None:
    assert language
    comment = Comment(text="Так", author="Олена", written_at=NOW, version=1)
    shown = call(comment=comment if commented else None)
    log = calls.whole_log(page_of(shown), lost_only=False, client=None, now=NOW, zone=KYIV)
    assert (signs.COMMENTED in log) is commented
    assert (signs.COMMENTED in "\n".join(card_of(shown))) is commented
    assert (signs.NOT_COMMENTED in "\n".join(card_of(shown))) is not commented


# Cases


def link(state: CaseState, **values: Any) -> CaseLink:
    """That a call was lost, and what became of its case."""
    facts: dict[str, Any] = {
        "case_id": 1,
        "part": CasePart.LOST,
        "state": state,
        "lost": 1,
        "attempts": 0,
        "opened_at": NOW - 900,
        "closed_at": None,
        "owner": None,
        "owned_at": None,
        "lost_call": 1,
        "closing_call": None,
        "closed_by": None,
        "words": None,
    }
    return CaseLink(**facts | values)


@pytest.mark.usefixtures("ukrainian")
def test_a_client_nobody_called_back_is_never_shown_as_closed() -> None:
    expired = case(call(contact="Ганна"), state=CaseState.EXPIRED)
    page = BoardPage((expired,), 1, 1, 1)
    text = digests.span_list(page, CaseGroup.LEFT, NOW - 60, NOW, now=NOW, zone=KYIV)
    assert text.endswith("1. ⌛ Ганна\n    не передзвонили")
    assert cases.card(expired, now=NOW, zone=KYIV).startswith("⌛ <b>Не передзвонили</b>")
    card = calls.card(call(case=link(CaseState.EXPIRED)), now=NOW, zone=KYIV)
    assert "\n\n⌛ Так і не передзвонили\n\n" in card


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize("state", CaseState)
def test_a_card_has_no_empty_place_whatever_became_of_the_case(state: CaseState) -> None:
    for closed_at in (None, NOW - 60):
        shown = call(case=link(state, closed_at=closed_at))
        assert "\n\n\n" not in calls.card(shown, now=NOW, zone=KYIV)


@pytest.mark.usefixtures("ukrainian")
def test_a_row_has_two_lines_of_a_phone() -> None:
    colleagues = {"101": "Олена Коваленко"}
    shown = call(client="+380671234567", contact=None, rang=("101",), colleagues=colleagues)
    for contact, lines in {
        None: ["+380 67 123 45 67", "    → Олена, чекали 0:17"],
        "Ганна Мельник": ["Ганна Мельник → Олена", "    чекали 0:17"],
    }.items():
        page = page_of(replace(shown, contact=contact, caller=Party(number="0671234567")))
        log = calls.whole_log(page, lost_only=False, client=None, now=NOW, zone=KYIV)
        first, second = log.splitlines()[-2:]
        assert (first.partition("↙️ ")[2], second) == tuple(lines)


@pytest.mark.usefixtures("ukrainian")
def test_the_way_to_the_talk_tells_who_called() -> None:
    boss = Employee(id=1, tg_id=1, name="Марія", role=Role.ADMINISTRATOR)
    for state, label in (
        (CaseState.CALLED_BACK, "↗️ Розмова"),
        (CaseState.GOT_THROUGH, "↙️ Розмова"),
    ):
        shown = call(case=link(state, closed_at=NOW - 60, closing_call=2, closed_by="Олена"))
        markup = call_keyboards.card(shown, Card(call=1), boss, can_be_heard=False)
        assert label in [button.text for row in markup.inline_keyboard for button in row]


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize(
    ("count", "calls_missed", "clients", "attempts", "days"),
    [
        (1, "1 дзвінок:", "1 клієнту ", "1 спроба", "1 день"),
        (2, "2 дзвінки:", "2 клієнтам ", "2 спроби", "2 дні"),
        (5, "5 дзвінків:", "5 клієнтам ", "5 спроб", "5 днів"),
        (11, "11 дзвінків:", "11 клієнтам ", "11 спроб", "11 днів"),
        (21, "21 дзвінок:", "21 клієнту ", "21 спроба", "21 день"),
    ],
)
def test_words_of_cases_agree_with_their_numbers(
    count: int, calls_missed: str, clients: str, attempts: str, days: str
) -> None:
    shown = call()
    many = case(shown, lost=count, attempts=count, attempt=answered())
    page = BoardPage((many,), 1, 1, count)
    expires_at = shown.started_at + count * 86400
    expired = case(shown, state=CaseState.EXPIRED, expires_at=expires_at)
    assert calls_missed in cases.card(many, now=NOW, zone=KYIV)
    assert clients in board.still_open(page, now=NOW)
    assert board.row(many, now=NOW).endswith(attempts)
    assert cases.ending(expired, now=NOW, zone=KYIV).endswith(days)

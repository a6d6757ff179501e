"""What is looked for is found: numbers, names, words, in the reader's scope, listed or walked."""

import random
from collections.abc import Sequence

import pytest

from bot.domain.calls import Call, Direction, Party, Status
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING, Role, Scope
from bot.domain.phones import NumberPlan
from bot.domain.search import Found, Query, read_query, words_of
from storage.comments import CommentRepo
from storage.contacts import ContactRepo
from storage.employees import EmployeeRepo
from storage.search import LISTED, SearchRepo
from tests.support.call_logs import DAY, NOW, ONE, TWO, Log, ids
from tests.support.employees import hire
from tests.support.statements import said

SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "none": Scope(())}
PLAN = NumberPlan("UA")
NUMBERS = ["0671234567", "0671230000", "0501112233", "0939998877", "0445550101", "3700", None]
NAMES = {
    "0671234567": "Ганна Мельник",
    "0671230000": "Ґалаґан Дем'ян",
    "0501112233": "ТОВ «100% Акме»",
    "0939998877": "Мельниченко Ганна_2",
}
COMMENTS = ["Просив рахунок №4512", "рахунок-фактуру", "Передзвонити о 16:00", "Дем’янчук, 100%"]
COLLEAGUES = {"101": "Олена Коваленко", "102": "Іван Мельник", "103": "Юлія"}
QUERIES = [
    *("067 123", "0671234567", "+38 (067) 123-45-67", "4567", "998", "380", "370", "3700"),
    *("000", "777", "101", "102", "Мельник", "МЕЛЬ", "ганна мельник", "мельник ганна"),
    *("галаган", "Ґалаґан", "дем'ян", "демян", "Демʼян", "акме", "100%", "100", "ганна_2"),
    *("рахунок", "раху", "фактуру рахунок", "4512", "о 16", "олена", "Юлія", "щось", "ok"),
]


@pytest.fixture
async def office(log: Log) -> Log:
    chance = random.Random(7)
    facts = []
    for number in range(150):
        direction = chance.choice([Direction.IN, Direction.IN, Direction.OUT])
        client = Party(number=chance.choice(NUMBERS))
        phone, other = chance.sample([*COLLEAGUES, "104"], 2)
        is_in = direction is Direction.IN
        facts.append(
            said(
                direction=direction,
                status=Status.ANSWERED if chance.random() < 0.5 else Status.MISSED,
                started_at=NOW - 3 * DAY + number * 700,
                caller=client if is_in else Party(number=phone),
                callee=Party() if is_in else client,
                extension=None if is_in else phone,
                rang=(phone, other)[: chance.randint(0, 2)] if is_in else (),
            )
        )
    await log.add(*facts)
    for tg_id, (extension, name) in enumerate(COLLEAGUES.items(), start=1):
        await hire(log.database, tg_id, Role.SUPERVISOR, extension, name=name)
    author = await EmployeeRepo(log.database).get(1)
    for call in range(1, 151, 6):
        text = chance.choice(COMMENTS)
        await CommentRepo(log.database).set(call, text, author=author, on_top_of=0, now=NOW)
    contacts = ContactRepo(log.database)
    for written, name in NAMES.items():
        await contacts.set_name(f"+38{written}", name, now=NOW)
    return log


def query_of(text: str) -> Query:
    query = read_query(text, PLAN)
    assert isinstance(query, Query), text
    return query


def is_meant(call: Call, query: Query, extensions: Sequence[str]) -> bool:
    """The plainest of rules."""

    def has_all(text: str | None) -> bool:
        words = words_of(text or "")
        return all(any(word.startswith(one) for word in words) for one in query.words)

    client = call.client or ""
    at = {call.extension, *call.rang}
    ours = call.caller if call.direction is Direction.OUT else call.callee
    at.add(ours.number)
    meant = {one for one in COLLEAGUES if has_all(COLLEAGUES[one]) or one == query.text}
    names = {f"+38{written}": name for written, name in NAMES.items()}
    return (
        any(digits in client for digits in query.digits)
        or has_all(names.get(client))
        or has_all(call.comment.text if call.comment else None)
        or bool(meant & at & set(extensions))
    )


@pytest.mark.parametrize("listed", [0, 2, LISTED])
@pytest.mark.parametrize("scope", SCOPES)
async def test_a_search_finds_what_a_plain_look_finds(
    office: Log, scope: str, listed: int
) -> None:
    search, reader = SearchRepo(office.database, listed=listed), SCOPES[scope]
    whole = await office.page(scope=reader, size=300)
    found_any = 0
    for text in QUERIES:
        query = query_of(text)
        part = LogFilter(found=await search.find(query))
        meant = [one.id for one in whole.calls if is_meant(one, query, [*COLLEAGUES])]
        page = await office.page(scope=reader, log_filter=part, size=300)
        assert ids(page) == meant, text
        assert page.total == len(meant), text
        [has] = await office.journal.has_calls(reader, part, [(0, 1 << 50)])
        assert has == bool(meant), text
        found_any += bool(meant)
    assert found_any > 12 or scope == "none"


@pytest.mark.parametrize("listed", [0, LISTED])
@pytest.mark.parametrize("scope", ["all", "two"])
async def test_pages_of_what_was_found_have_each_call_once(
    office: Log, scope: str, listed: int
) -> None:
    search, reader = SearchRepo(office.database, listed=listed), SCOPES[scope]
    for text in ("067", "ганна", "рахунок", "олена", "мельник", "102"):
        part = LogFilter(found=await search.find(query_of(text)), lost_only=text == "067")
        whole = await office.page(scope=reader, log_filter=part, size=300)
        page, seen = await office.page(scope=reader, log_filter=part), list[int]()
        for number in range(1, 100):
            assert page.number == number, text
            seen += ids(page)
            if not page.has_older:
                break
            page = await office.page(Turn.OLDER, page.keys[-1], scope=reader, log_filter=part)
        assert seen == ids(whole), text
        last = await office.page(Turn.LAST, scope=reader, log_filter=part)
        assert ids(last) == seen[-len(ids(last)) :], text


@pytest.mark.parametrize("listed", [0, LISTED])
async def test_with_other_filters_it_finds_the_calls_of_both(office: Log, listed: int) -> None:
    search = SearchRepo(office.database, listed=listed)
    for text in ("067", "мельник", "рахунок", "101"):
        found = await search.find(query_of(text))
        both = [one.id for one in (await office.page(size=300)).calls]
        for part in (
            LogFilter(lost_only=True),
            LogFilter(direction=Direction.OUT),
            LogFilter(extensions=("102", "103")),
            LogFilter(status=Status.MISSED),
            LogFilter(is_commented=True),
            LogFilter(is_first=True),
            LogFilter(start=NOW - 2 * DAY, end=NOW - DAY),
            LogFilter(numbers=("+380671234567", "+380671230000")),
        ):
            alone = set(ids(await office.page(log_filter=part, size=300)))
            searched = set(ids(await office.page(log_filter=LogFilter(found=found), size=300)))
            fields = {name: getattr(part, name) for name in LogFilter.__dataclass_fields__}
            together = await office.page(
                log_filter=LogFilter(**fields | {"found": found}), size=300
            )
            assert ids(together) == [one for one in both if one in alone & searched], (text, part)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Мелник", "Мельник"),
        ("Мельинк", "Мельник"),
        ("ганнна мельник", "ганна мельник"),
        ("гана мелник", "ганна мельник"),
        ("голаган", "галаган"),
        ("олона", "олена"),
        ("каваленко", "Коваленко"),
    ],
)
async def test_a_typo_in_a_name_makes_no_difference(office: Log, typed: str, meant: str) -> None:
    search = SearchRepo(office.database)
    assert not await search.find(query_of(typed))
    alike = await search.find_alike(query_of(typed))
    assert alike.is_alike
    expected = await office.page(
        log_filter=LogFilter(found=await search.find(query_of(meant))), size=300
    )
    found = await office.page(log_filter=LogFilter(found=alike), size=300)
    assert ids(expected)
    assert set(ids(expected)) <= set(ids(found))


async def test_what_is_not_alike_is_not_found(office: Log) -> None:
    search = SearchRepo(office.database)
    for text in ("Млнк", "щось", "ганнуся мельник", "Юй", "9999999"):
        assert not await search.find_alike(query_of(text)), text


async def test_as_many_numbers_as_are_listed_are_no_trouble_for_a_month_or_many_phones(
    office: Log,
) -> None:
    others = [f"+4930{number:07}" for number in range(LISTED)]
    found = LogFilter(found=Found(numbers=("+380671234567", *others)))
    phones = Scope(tuple(COLLEAGUES) + tuple(str(one) for one in range(200, 217)))
    days = [(NOW + day * DAY, NOW + (day + 1) * DAY) for day in range(-33, 1)]
    for scope in (EVERYTHING, phones):
        has = await office.journal.has_calls(scope, found, days)
        page = await office.journal.page(scope, found, turn=Turn.FIRST, key=None, size=200)
        began = [call.started_at for call in page.calls]
        assert began
        assert has == [any(start <= at < end for at in began) for start, end in days]

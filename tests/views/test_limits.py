"""The worst that can be shown: within Telegram's limits, whole, and labels that fit their rows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from aiogram.types import InlineKeyboardMarkup
from hypothesis import given
from hypothesis import settings as tried

from bot.domain import log_views as chosen
from bot.domain.calls import Call, CaseLink, CasePart, CaseState, Direction, Flaw, Status
from bot.domain.cases import (
    Batch,
    BatchKind,
    Board,
    BoardAge,
    BoardPage,
    BoardPart,
    Case,
    CaseAction,
    CaseActionKind,
    CaseNumbers,
    Ignored,
)
from bot.domain.company import Escalation, EscalationField
from bot.domain.contact_files import (
    Conflict,
    ContactFileError,
    Fate,
    FileContact,
    FileFault,
    Report,
    Verdict,
)
from bot.domain.contacts import NUMBERS_LIMIT, Contact, ContactNumber, ContactPage
from bot.domain.digests import CaseGroup, Digest, DigestPerson, DigestTotals
from bot.domain.errors import (
    ConflictError,
    InviteError,
    NoAccessError,
    NotFoundError,
    RecordingBrokenError,
    RecordingEarlyError,
    RecordingError,
    RecordingGoneError,
    RecordingPageError,
    RecordingTooLargeError,
)
from bot.domain.feeds import FeedState
from bot.domain.hours import DAY, Hours, QuietHours
from bot.domain.log_views import STORED_FROM, LogView
from bot.domain.people import Employee, EmployeeState, Language, Person, Role
from bot.domain.places import Place, PlaceKind
from bot.domain.posts import Posted
from bot.domain.typed_times import parse_week
from bot.views import (
    alerts,
    batches,
    board,
    calls,
    cases,
    comments,
    company,
    contact_book,
    contact_files,
    dialogs,
    digests,
    groups,
    health,
    log_views,
    recordings,
    refusals,
    reminders,
    settings,
    staff,
    start,
)
from keyboards import board as board_keyboards
from keyboards import calls as call_keyboards
from keyboards import cases as case_keyboards
from keyboards import company as company_keyboards
from keyboards import contact_book as book_keyboards
from keyboards import contacts as contact_keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards import digests as digest_keyboards
from keyboards import groups as group_keyboards
from keyboards import reminders as reminder_keyboards
from keyboards import settings as settings_keyboards
from keyboards import staff as staff_keyboards
from keyboards.callbacks import (
    BatchButton,
    BatchStep,
    BoardFilters,
    BoardPlace,
    BookButton,
    BookStep,
    Calendar,
    Card,
    CaseButton,
    CaseStep,
    ContactButton,
    ContactStep,
    DigestPages,
    LogPage,
)
from tests.support.kyiv import KYIV
from tests.support.shown_calls import NOW, answered, call, case, foreign_calls, page_of
from tests.support.telegram_limits import NASTY, TOAST, fits, too_wide
from tests.support.texts import languages, speaking, tags

CRM = "https://crm.example.com/?phone=%2B380671234567"

some_calls = tried(max_examples=15, deadline=None)


def person(role: Role = Role.ADMINISTRATOR, **values: object) -> Employee:
    plain = Employee(id=1, tg_id=5, name="Олена Коваленко", role=role, extensions=("101",))
    return replace(plain, **values)  # type: ignore[arg-type]


def worst_case(shown: Call, state: CaseState, words: str) -> Case:
    """All that can be said of a case, at the length at which it is stored."""
    who = Person(7, words[:64])
    failed = replace(shown, direction=Direction.OUT, status=Status.NO_CHANNELS)
    kinds = (CaseActionKind.TAKEN, CaseActionKind.FREED, CaseActionKind.CLOSED)
    return case(
        shown,
        state=state,
        opened_at=NOW - 10**7,
        last_lost_at=NOW - 10**6,
        lost=1000,
        attempts=1000,
        closed_at=None if state is CaseState.OPEN else NOW,
        owner=who,
        owned_at=NOW - 10**6,
        attempt=failed,
        closing=failed,
        actions=tuple(
            CaseAction(at=NOW, kind=one, who=who, other=who, text=words) for one in kinds
        ),
    )


# Whole, whatever outsiders wrote


@some_calls
@given(shown=foreign_calls(), language=languages)
def test_a_case_is_whole_whatever_outsiders_wrote(shown: Call, language: Language) -> None:
    for state in CaseState:
        worst = worst_case(shown, state, NASTY)
        page = BoardPage((worst,) * 10, 1, 1, 1000)
        with speaking(language):
            assert tags(cases.card(worst, now=NOW, zone=KYIV)) == ["bold"]
            title = "bold" if worst.is_open else "strikethrough"
            assert tags(alerts.lost_call(worst, now=NOW, zone=KYIV)) == [title]
            assert tags(board.still_open(page, now=NOW)) == ["bold"]
            for which in Board:
                numbers = CaseNumbers(
                    opened=10**6, called_back=10**6, got_through=10**6, by_hand=10**6, left=10**6
                )
                assert tags(board.board(page, numbers, which, now=NOW)) == ["bold"]
            text = digests.span_list(page, CaseGroup.LEFT, NOW - DAY * 60, NOW, now=NOW, zone=KYIV)
            assert tags(text) == ["bold"]
            for said in (cases.ask_reason(worst), cases.ask_words(worst)):
                assert tags(said) == ["bold"]
            for said in (
                cases.choose_person(worst),
                alerts.claim_is_over(worst, minutes=5, now=NOW, zone=KYIV),
                alerts.taken_by_another(worst, now=NOW, zone=KYIV),
                reminders.choose(shown),
                reminders.promised(shown, NOW, now=NOW, zone=KYIV),
            ):
                assert tags(said) == []


@some_calls
@given(shown=foreign_calls(), language=languages)
def test_a_call_with_its_case_is_whole_whatever_outsiders_wrote(
    shown: Call, language: Language
) -> None:
    for state in CaseState:
        for part in CasePart:
            link = CaseLink(
                case_id=1,
                part=part,
                state=state,
                lost=1000,
                attempts=1000,
                opened_at=NOW - 10**7,
                closed_at=None if state is CaseState.OPEN else NOW,
                owner=Person(7, NASTY),
                owned_at=NOW,
                lost_call=1,
                closing_call=2,
                closed_by=NASTY,
                words=NASTY,
            )
            with speaking(language):
                text = calls.card(replace(shown, case=link), now=NOW, zone=KYIV)
                due = reminders.due(replace(shown, case=link), now=NOW, zone=KYIV)
            assert tags(text) == tags(due) == ["bold"]
            rows = page_of(*[replace(shown, case=link)] * 10)
            with speaking(language):
                log = calls.whole_log(
                    rows, calls.log_title(NASTY), filters="Пропущені", now=NOW, zone=KYIV
                )
            assert tags(log) == ["bold", "italic"]


@pytest.mark.usefixtures("language")
def test_a_digest_of_many_people_is_whole() -> None:
    totals = DigestTotals(
        opened=10**6,
        called_back=10**6,
        got_through=10**6,
        by_hand=10**6,
        left=10**6,
        in_target=10**6,
        due=10**6,
        median=10**6,
        p90=10**7,
    )
    found = Digest(
        start=NOW - DAY * 60,
        end=NOW,
        totals=totals,
        before=replace(totals, opened=1, called_back=1, left=1, in_target=1, median=1),
        earlier=10**6,
        target=7200,
        worst_at=NOW - 3600,
        worst_count=10**6,
        people=tuple(
            DigestPerson(id=one, name=NASTY, called_back=10**6, median=10**6, by_hand=10**6)
            for one in range(1, 200)
        ),
    )
    assert set(tags(digests.digest(found, KYIV))) == {"bold"}
    labels = digests.labels(found, KYIV)
    fits(digest_keyboards.digest(found, labels.groups, labels.worst, labels.people))


@pytest.mark.usefixtures("language")
def test_the_companys_settings_are_whole_however_many() -> None:
    spans = "; ".join(
        f"{day} " + ", ".join(f"{hour}:{minute:02}-23" for hour in range(22) for minute in (1, 2))
        for day in ("пн", "вт", "ср", "чт", "пт", "сб", "нд")
    )
    days = frozenset(date(2026, 1, 1) + timedelta(days=2 * number) for number in range(1000))
    hours = Hours(parse_week(spans), days)
    own = {f"{number}{NASTY[:90]}": hours for number in range(100)}
    escalation = Escalation(
        operators_after=30, groups_after=30, supervisors_after=30, repeat_every=60
    )
    assert tags(company.company(hours, own, escalation)) == ["bold"]
    assert tags(company.ask_hours(NASTY[:100], hours)) == ["bold", "code"]
    assert tags(company.ask_holidays(sorted(days))) == ["bold", "code", "code"]
    assert tags(dialogs.not_understood(NASTY)) == []
    fits(company_keyboards.lines(dict.fromkeys(range(2**32 - 30, 2**32), "ї" * 90)))


@pytest.mark.usefixtures("language")
def test_many_ignored_numbers_are_whole() -> None:
    found = [Ignored(10**6 + one, f"+3806712{one:05}", "Ї" * 64) for one in range(100)]
    assert tags(company.ignored(found)) == []
    assert str(company.IGNORED_SHOWN) in company.ignored(found)
    labels = {one.id: company.ignored_name(one) for one in found[: company.IGNORED_SHOWN]}
    fits(company_keyboards.ignored(labels))


@pytest.mark.usefixtures("language")
def test_many_people_to_hand_a_case_to_fit_a_keyboard() -> None:
    here = CaseButton(step=CaseStep.HAND, case=10**9 - 1, board=Board.ALL, page=10**4)
    fits(case_keyboards.people([Person(10**6 + one, "Ї" * 64) for one in range(50)], here))


@pytest.mark.usefixtures("language")
def test_many_lines_and_queues_fit_a_group() -> None:
    names = [f"{number}{NASTY[:90]}" for number in range(45)]
    assert tags(groups.connected(names)) == ["bold"]
    assert tags(groups.lost(NASTY)) == []
    for count in (1, 2, 3, 45):
        places = [(10**6 + one, "ї" * 100) for one in range(count)]
        markup = group_keyboards.group(1, places, {10**6})
        fits(markup)
        assert len(markup.inline_keyboard[-1]) == 1


@pytest.mark.usefixtures("language")
def test_the_staff_is_whole_whatever_the_names() -> None:
    extensions = tuple(f"{number:02}" + '<&">' * 24 for number in range(20))
    for role in Role:
        one = person(
            role,
            name=NASTY[:64],
            extensions=extensions,
            state=EmployeeState.BLOCKED,
            unreachable=True,
            in_settings=True,
            quiet=QuietHours(1320, 480),
        )
        assert set(tags(staff.people([one] * 8))) == {"bold", "italic"}
        assert "bold" in tags(staff.person(one, is_self=True))
        assert tags(start.greeting(one, note=start.link_is_for_others())).count("italic") == 1
        for text in (
            start.help_text(one),
            settings.settings(one),
            staff.role_question(one),
            staff.extensions_question(one),
            staff.name_question(one, limit=64),
            staff.removal_question(one),
            staff.invite(role, extensions, link="https://t.me/x?start=a_b-c", days=7),
        ):
            assert set(tags(text)) <= {"bold", "url"}
        assert tags(staff.extension_too_long(NASTY, limit=100)) == []


@pytest.mark.usefixtures("language")
def test_contacts_and_their_files_are_whole_whatever_the_names() -> None:
    numbers = tuple(f"+38067123456{n}" for n in range(NUMBERS_LIMIT))
    of_contact = tuple(ContactNumber(n, one) for n, one in enumerate(numbers))
    one = Contact(1, NASTY[:64], None, 3, of_contact, NASTY[:64], NOW)
    page = ContactPage((one,) * 10, 999, 1000, True, True, 10**6)
    for text in (
        contact_book.page(page),
        contact_book.page(ContactPage((), 1, 1, False, False, 0)),
        contact_book.contact(one, zone=KYIV),
        contact_book.ask_name(one),
        contact_book.ask_number(one),
        contact_book.ask_other(one),
        contact_files.ask_file(20),
        contact_files.ask_kind(),
    ):
        assert tags(text) == ["bold"]
    assert tags(contact_book.ask_to_join(one, one)) == tags(contact_book.choose_other(one)) == []
    assert len(contact_book.removed()) <= TOAST
    report = Report()
    nasty = FileContact(10**6, NASTY[:64], numbers, (NASTY[:40],))
    conflicts = (Conflict(numbers[0], NASTY[:64]), Conflict(numbers[0], None))
    for fate in Fate:
        report.count([Verdict(nasty, fate, 10, NASTY[:64], True, conflicts, numbers * 2)] * 50)
    for words in (contact_files.preview, contact_files.done):
        assert tags(words(report, NASTY)) == ["bold"]
        assert words(report, NASTY).count("\n– ") == 5 * 3
    for fault in FileFault:
        refusal = contact_files.refused(ContactFileError(fault, [NASTY] * 5))
        assert tags(refusal) == []


@pytest.mark.parametrize("count", [1, 4, 9])
@pytest.mark.usefixtures("language")
def test_the_state_of_many_sources_is_whole(count: int) -> None:
    source = health.SourceHealth(
        name="office_of_the_far_north",
        last_call=NOW,
        rejects=10**9,
        last_reject=NASTY,
        flaws=[Flaw(NASTY, 10**9)] * 9,
        ahead=10**7,
        feeds=[
            FeedState("office", "history", None, NOW, NASTY, NOW),
            FeedState("office", "events", NOW, None, NASTY, NOW),
        ],
        now=NOW * 2,
        posted=Posted(NOW * 2, 10**6, NOW * 2),
        silent_since=NOW,
    )
    shown = health.Health(
        version="1.0.0",
        uptime=10**9,
        sources=[source] * count,
        pending=10**9,
        sent=10**9,
        dropped=10**9,
        unreachable=10**6,
        database_size=10**13,
        database_state=NASTY,
        jump=(NOW, 10**10),
        deletes_nothing=True,
    )
    assert set(tags(health.health(shown, zone=KYIV))) == {"bold", "code"}


# Toasts


@pytest.mark.usefixtures("language")
def test_what_a_press_is_answered_with_is_a_toast() -> None:
    """At most 200 characters, on anybody's screen."""
    owner = Person(7, "Ї" * 64)
    taken = case(call(), owner=owner, owned_at=NOW - 10**8)
    errors = (
        NotFoundError("x"),
        NoAccessError(),
        ConflictError("x"),
        InviteError(),
        RecordingError("x"),
        RecordingGoneError("x"),
        RecordingTooLargeError("x"),
        RecordingBrokenError("x"),
        RecordingEarlyError("x"),
        RecordingPageError("x"),
        ValueError("x" * 1000),
    )
    toasts = [
        cases.taken_already(taken, now=NOW, zone=KYIV),
        cases.handed("Ї" * 64),
        digests.too_many(6),
        *(refusals.refusal(error) for error in errors),
        *(
            staff.why_fixed(one, is_self=True) or ""
            for one in (person(), person(in_settings=True))
        ),
    ]
    plain: tuple[Callable[[], str], ...] = (
        *(calls.last_page, comments.saved, comments.restored, comments.too_late_to_restore),
        *(dialogs.cancelled, cases.taken, cases.over, cases.returned),
        *(cases.extended, cases.not_yours, cases.ignored, cases.closed, dialogs.in_own_chat),
        *(company.saved, staff.role_changed, staff.blocked, staff.unblocked),
        *(staff.removed, groups.only_administrators, groups.sent_to_own_chat),
        *(groups.start_me_first, recordings.on_its_way, refusals.stale_button),
    )
    toasts += [one() for one in plain]
    assert all(0 < len(toast) <= TOAST for toast in toasts)


# Labels


def keyboards() -> Iterator[InlineKeyboardMarkup | None]:
    """Every keyboard whose words are ours alone."""
    boss, olena = person(), person(Role.OPERATOR)
    lost = call(queue="Продажі")
    page = replace(page_of(*[lost] * 8), number=1001, count=1001, has_newer=True, has_older=True)
    lost_only = LogView(days=(739_000, 739_000), fate=chosen.Fate.LOST)
    for here, view in ((LogPage(), LogView()), (LogPage(view=STORED_FROM), lost_only)):
        yield call_keyboards.log(page, here, view, month=24_320, to_drop={})
        to_drop = log_views.all_words(view, {})
        yield call_keyboards.log(page_of(), here, view, month=24_320, to_drop=to_drop)
    month = Calendar(month=24_320, view=0, position=0, id=0)
    for later in range(12):
        yield call_keyboards.calendar(
            month.turned(month.month + later), days={1, 31}, has_earlier=True, has_later=True
        )
    for viewer in (boss, olena, None):
        for owner in (None, Person(1, "Олена"), Person(9, "Іван")):
            one = case(lost, owner=owner, owned_at=NOW)
            yield case_keyboards.alert(one, viewer, can_call_back=True, client_url=CRM)
            here_card = CaseButton(step=CaseStep.OPEN, case=1, board=Board.ALL)
            if viewer:
                yield case_keyboards.card(
                    one, here_card, viewer, can_call_back=True, client_url=CRM
                )
    for state in CaseState:
        link = CaseLink(
            case_id=1,
            part=CasePart.LOST,
            state=state,
            lost=1,
            attempts=0,
            opened_at=NOW,
            closed_at=NOW,
            owner=None,
            owned_at=None,
            lost_call=1,
            closing_call=None if state is CaseState.OPEN else 2,
            closed_by=None,
            words=None,
        )
        shown = answered(case=link)
        yield call_keyboards.card(
            shown,
            Card(call=1),
            boss,
            can_be_heard=True,
            now=NOW,
            undo=1,
            can_call_back=True,
            client_url=CRM,
        )
    yield case_keyboards.claim(case(lost))
    yield dialog_keyboards.ready_texts(cases.ready_reasons())
    yield board_keyboards.to_board()
    for which in Board:
        yield board_keyboards.board(
            BoardPage((case(lost),) * 8, 2, 3, 24), BoardPlace(board=which)
        )
    places = {Place(kind, f"{n}" + "Ї" * 64): 1000 for kind in PlaceKind for n in range(20)}
    part = BoardFilters(board=Board.ALL, age=BoardAge.TODAY, place=(1 << 32) - 1)
    yield board_keyboards.filters(part, places, is_known=False)
    many = BatchButton(step=BatchStep.ASK_TAKE, batch=10**9 - 1, board=Board.ALL, page=999)
    yield board_keyboards.confirm_taking(many, count=1000)
    yield board_keyboards.done(many, can_be_undone=True)
    yield from (dialog_keyboards.cancel(), dialog_keyboards.save_beginning())
    yield from (dialog_keyboards.choose_text(), contact_keyboards.replace_name())
    yield from (contact_keyboards.take_number(is_only_one=x) for x in (True, False))
    numbers = [ContactNumber(id_, f"+38067123456{id_}") for id_ in range(NUMBERS_LIMIT)]
    for name, former in (("Ім'я " * 12, None), (None, "Ім'я " * 12)):
        shown_contact = Contact(1, name, former, 3, tuple(numbers))
        pressed = ContactButton.of_call(1, ContactStep.FORGET)
        yield contact_keyboards.contact(
            shown_contact, pressed, removed=numbers[0], client_url=CRM, is_in_book=True
        )
        contact_page = ContactPage((shown_contact,) * 10, 999, 1000, True, True, 10**6)
        yield book_keyboards.page(contact_page, removed=shown_contact)
        in_book = BookButton(step=BookStep.NAME, contact=10**9 - 1, page=10**9 - 1)
        yield book_keyboards.contact(
            shown_contact, in_book, removed=numbers[0], can_unname=True, client_url=CRM
        )
        others = [shown_contact] * 8
        yield book_keyboards.choose_other(others, contact_book.candidates(others), in_book)
        yield book_keyboards.confirm_joining(in_book)
        yield contact_keyboards.ask_first_name(pressed)
    yield from (book_keyboards.to_book(), book_keyboards.export())
    yield book_keyboards.file_preview(can_take=True, renames=10**5)
    yield contact_keyboards.shared(numbers[0], 1)
    yield company_keyboards.company()
    escalation = Escalation(
        operators_after=30, groups_after=30, supervisors_after=30, repeat_every=60
    )
    yield company_keyboards.escalation(
        {
            name: f"{company.number_name(name)}: "
            f"{company.minutes_words(name, escalation.minutes(name))}"
            for name in EscalationField
        }
    )
    for name, values in company_keyboards.CHOICES.items():
        words = {value: company.minutes_words(name, value) for value in values}
        yield company_keyboards.number(name, words, values[-1])
    yield from (company_keyboards.hours_question(-1), company_keyboards.hours_question(0))
    yield company_keyboards.quiet(is_set=True)
    yield digest_keyboards.times([540], {540: "21:00", 1: "18:00"}, is_weekly=True)
    list_place = DigestPages(group=CaseGroup.LEFT, since=1, until=2)
    yield digest_keyboards.span_list(BoardPage((case(lost),) * 8, 2, 3, 24), list_place, boss)
    yield group_keyboards.group(1, [(1, "0445550101")], ())
    yield from (reminder_keyboards.choose(1), reminder_keyboards.due(1))
    for role in Role:
        yield settings_keyboards.settings(person(role))
    for access in EmployeeState:
        yield staff_keyboards.person(person(state=access), page=0, is_fixed=False)
    yield staff_keyboards.people([olena] * 8, page=1, pages=3)
    yield staff_keyboards.roles(olena, staff.role_titles(), page=0)
    yield staff_keyboards.removal(olena, page=0)
    yield staff_keyboards.invite_extensions(Role.OPERATOR, page=0)


@some_calls
@given(language=languages)
def test_what_is_said_of_many_is_whole(language: Language) -> None:
    part = BoardPart(BoardAge.TODAY, Place(PlaceKind.QUEUE, NASTY * 9))
    for kind in BatchKind:
        for count in (1, 2, 5, 21, 10**6):
            batch = Batch(
                id=1,
                kind=kind,
                asked_at=NOW,
                asked=count,
                of_colleagues=count,
                barred=count,
                done=count,
                left=count,
                undone=count,
                kept=count,
            )
            with speaking(language):
                texts = [
                    batches.ask_taking(batch, part, claim_seconds=600, each_seconds=120),
                    batches.ask_reason(batch, part),
                    batches.done(batch, NASTY * 9),
                    batches.undone(batch),
                    board.choose_part(part),
                ]
                for toast in (batches.nobody(kind), batches.too_late_to_undo()):
                    assert len(toast) <= TOAST
            for text in texts:
                assert tags(text) == ["bold"]
                assert len(text) < 1000


@pytest.mark.usefixtures("language")
def test_labels_fit_their_rows_on_a_phone() -> None:
    too_long = {label for markup in keyboards() if markup for label in too_wide(markup)}
    assert not too_long


@pytest.mark.usefixtures("language")
def test_no_keyboard_of_ours_is_refused() -> None:
    for markup in keyboards():
        if markup:
            fits(markup)

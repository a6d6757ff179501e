"""The words and buttons of what is owed to a chat: in the reader's language, as things are now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import I18n

from bot.delivery.digests import digest_message
from bot.delivery.statistics import count_statistics, statistics_message
from bot.domain.calling_back import CallBack
from bot.domain.calls import CaseState
from bot.domain.cases import Board, Case
from bot.domain.clock import Clock
from bot.domain.clock_shifts import mending_zone
from bot.domain.contacts import client_link
from bot.domain.digests import WEEKLY, digest_span
from bot.domain.errors import AppError, NoAccessError
from bot.domain.hours import Hours, day_bounds, local_date, week_before
from bot.domain.log import LogFilter
from bot.domain.log_views import LogView
from bot.domain.outbox import MessageKind, Owed, Priority
from bot.domain.people import EVERYTHING, AlertScope, Employee, EmployeeState, Role
from bot.views import alerts as views
from bot.views import board as board_views
from bot.views import calling_back as call_back_views
from bot.views import groups as group_views
from bot.views import reminders as reminder_views
from bot.views import staff as staff_views
from keyboards import board as board_keyboards
from keyboards import calling_back as call_back_keyboards
from keyboards import cases as keyboards
from keyboards import reminders as reminder_keyboards
from storage.alert_facts import AlertFacts, AlertFactsRepo
from storage.alert_lists import AlertLists
from storage.case_deadlines import ANSWER_SECONDS
from storage.cases import CaseRepo
from storage.clock_shifts import ClockShiftRepo
from storage.company import CompanyRepo
from storage.dials import DialRepo
from storage.digests import DigestRepo
from storage.employees import EmployeeRepo
from storage.feeds import FeedRepo
from storage.groups import GroupRepo
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from storage.log_views import LogViewRepo
from storage.rejects import RejectRepo
from storage.reminders import ReminderRepo
from storage.statistics import StatisticsRepo


@dataclass(frozen=True, slots=True)
class Notice:
    """A message ready to be sent; `employee` is None for a group.

    `hours`: of lost calls, those of their lines; outside them it makes no sound. Of a list, `told`
    are the rows of the outbox whose cases it shows, `untold` those, with their versions, of which
    it has nothing to tell.
    """

    text: str
    markup: InlineKeyboardMarkup | None = None
    employee: Employee | None = None
    hours: Collection[Hours] = ()
    told: tuple[int, ...] = ()
    untold: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Composes the messages of the outbox when their turn comes."""

    alert_facts: AlertFactsRepo
    alert_lists: AlertLists
    employees: EmployeeRepo
    invites: InviteRepo
    cases: CaseRepo
    company: CompanyRepo
    groups: GroupRepo
    digests: DigestRepo
    statistics: StatisticsRepo
    log_views: LogViewRepo
    reminders: ReminderRepo
    journal: JournalRepo
    rejects: RejectRepo
    feeds: FeedRepo
    clock_shifts: ClockShiftRepo
    dials: DialRepo
    call_back: CallBack
    i18n: I18n
    zone: ZoneInfo
    clock: Clock
    source_zones: Mapping[str, ZoneInfo]
    client_url: str = ""

    async def compose(self, owed: Owed) -> Notice | None:
        """The message, or None if there is nothing to tell the reader any more."""
        with self.i18n.context(), self.i18n.use_locale(owed.language):
            try:
                if owed.kind is MessageKind.CASE:
                    return await self._case(owed)
                if owed.employee_id is None:
                    return await self._list_to_group(owed)
                employee = await self.employees.get(owed.employee_id)
                if employee.state is not EmployeeState.ACTIVE:
                    return None
                return await self._to_person(owed, employee)
            except AppError:
                return None

    async def is_silent(self, owed: Owed, notice: Notice) -> bool:
        """Whether the message makes no sound, as always in the person's quiet hours.

        Messages of lost calls make none outside working hours either, nor does a list that goes
        on with another, nor what somebody has pressed for.
        """
        if owed.is_asked:
            return True
        now = self.clock()
        quiet = notice.employee.quiet if notice.employee else None
        if quiet and quiet.is_quiet(now, self.zone):
            return True
        if owed.kind is MessageKind.LIST and await self.alert_lists.has_rung(owed, now=now):
            return True
        if owed.kind not in {MessageKind.CASE, MessageKind.LIST, MessageKind.OPEN_CASES}:
            return False
        return not any(one.is_open(now, self.zone) for one in notice.hours)

    async def rings_again(self, owed: Owed, notice: Notice) -> bool:
        """Whether a list in the chat that has grown comes anew: it may ring now, and has not.

        It was sent in quiet hours, or rang long ago.
        """
        is_growing = owed.kind is MessageKind.LIST and owed.priority == Priority.LIST
        return is_growing and owed.is_in_chat and not await self.is_silent(owed, notice)

    async def _list_to_group(self, owed: Owed) -> Notice | None:
        """A group that was disconnected gets edits of old messages only."""
        if not owed.is_in_chat:
            group = await self.groups.find(owed.chat_id, owed.thread_id)
            if group is None or not group.is_active:
                return None
        return await self._list(owed, None)

    async def _to_person(self, owed: Owed, employee: Employee) -> Notice | None:
        match owed.kind:
            case MessageKind.LIST:
                return await self._list(owed, employee)
            case MessageKind.DIAL:
                return await self._dial(owed, employee)
            case MessageKind.CLAIM:
                return await self._claim(owed, employee)
            case MessageKind.WARNING:
                case = await self.cases.get(owed.case_id or 0, employee.scope)
                text = views.taken_by_another(case, now=self.clock(), zone=self.zone)
            case MessageKind.REJECTS:
                text = views.rejects(owed.subject, await self.rejects.last(owed.subject))
            case MessageKind.CLOCK:
                return await self._clock_is_off(owed.subject, employee)
            case MessageKind.CLOCK_JUMP:
                before, after = map(int, owed.subject.split())
                text = views.clock_jumped(before, after, zone=self.zone)
            case MessageKind.FEED_LOST:
                source, feed, since = owed.subject.split()
                error = await self.feeds.error(source, feed)
                text = views.feed_lost(source, int(since), error, zone=self.zone)
            case MessageKind.FEED_BACK:
                source, _feed, since, until = owed.subject.split()
                text = views.feed_back(source, int(since), int(until))
            case MessageKind.SILENT:
                source, since, gap = owed.subject.split()
                text = views.silent(
                    source, int(since), usual_gap=int(gap), now=self.clock(), zone=self.zone
                )
            case MessageKind.HEARD_AGAIN:
                source, since, until = owed.subject.split()
                text = views.heard_again(source, int(until) - int(since))
            case MessageKind.JOINED:
                return await self._joined(owed, employee)
            case MessageKind.UNREACHABLE:
                text = views.unreachable(owed.subject.partition(" ")[2])
            case MessageKind.GROUP_LOST:
                text = group_views.lost(owed.subject.partition(" ")[2])
            case MessageKind.REMINDER:
                return await self._reminder(owed, employee)
            case MessageKind.DIGEST:
                return await self._digest(owed, employee)
            case MessageKind.OPEN_CASES:
                return await self._open_cases(employee)
            case MessageKind.CARD:  # no message of ours to send: bot/delivery/open_cards
                return None
        return Notice(text, employee=employee)

    async def _case(self, owed: Owed) -> Notice | None:
        facts = await self.alert_facts.get(owed)
        case, reader = facts.case, facts.reader
        if reader and reader.state is not EmployeeState.ACTIVE:
            return None
        if reader and not case.is_in(reader.scope):
            if not owed.is_in_chat:
                return None
            # It was in their scope once: their message must not go on telling of it.
            if case.state is not CaseState.VOID:
                return Notice(views.not_yours(), employee=reader, hours=(facts.hours,))
        if not owed.is_in_chat:
            if not reader and not facts.is_connected:
                return None
            if not owed.is_asked and not _concerns(case, reader, is_later_step=owed.is_later_step):
                return None
        return self._alert(facts)

    async def _list(self, owed: Owed, employee: Employee | None) -> Notice | None:
        """The list of many lost calls: of those that still concern the chat, or were told of."""
        listed = await self.alert_lists.list_cases(owed.id)
        scope = employee.scope if employee else EVERYTHING
        known = await self.cases.list_known([one.case_id for one in listed], scope)
        told, untold, cases = [], [], []
        for one in listed:
            case = known.get(one.case_id)
            if case and (
                one.is_told or _concerns(case, employee, is_later_step=one.is_later_step)
            ):
                told.append(one.row_id)
                cases.append(case)
            elif not one.is_told:
                untold.append((one.row_id, one.version))
        if not cases:
            if not owed.is_in_chat:
                return None
            gone = views.not_yours()
            return Notice(gone, employee=employee, told=tuple(told), untold=tuple(untold))
        plan = await self.company.planning()
        number = int(owed.subject.rpartition(" ")[2])
        return Notice(
            views.lost_calls(cases, zone=self.zone, number=number),
            keyboards.listed(cases, employee),
            employee,
            [plan.hours(line) for line in {case.call.line for case in cases}],
            tuple(told),
            tuple(untold),
        )

    def _alert(self, facts: AlertFacts) -> Notice:
        case, reader = facts.case, facts.reader
        text = views.lost_call(case, now=self.clock(), zone=self.zone)
        can_call_back = self.call_back.reaches(case.call)
        if reader:
            can_call_back = bool(self.call_back.phones(case.call, reader))
        client_url = client_link(self.client_url, case.client)
        markup = keyboards.alert(case, reader, can_call_back=can_call_back, client_url=client_url)
        return Notice(text, markup, reader, (facts.hours,))

    async def _dial(self, owed: Owed, employee: Employee) -> Notice:
        dial = await self.dials.get(int(owed.subject))
        ids = [one for one in (dial.call_id, dial.origin_id) if one]
        calls = await self.journal.list_visible(ids, EVERYTHING)
        call, origin = calls.get(dial.call_id or 0), calls.get(dial.origin_id or 0)
        text = call_back_views.progress(dial, call, origin, now=self.clock(), zone=self.zone)
        can_repeat = origin is not None and bool(self.call_back.phones(origin, employee))
        can_repeat = can_repeat and call_back_views.is_in_vain(dial, call)
        markup = call_back_keyboards.progress(dial, can_repeat=can_repeat)
        return Notice(text, markup, employee)

    async def _claim(self, owed: Owed, employee: Employee) -> Notice | None:
        """The question to the owner of a case; once it is answered, how the case stands."""
        now, zone = self.clock(), self.zone
        try:
            case = await self.cases.get(owed.case_id or 0, employee.scope)
        except NoAccessError:
            return Notice(views.not_yours(), employee=employee) if owed.is_in_chat else None
        if case.can_be_extended_by(employee) and case.asked_at is not None:
            minutes = ANSWER_SECONDS // 60
            text = views.claim_is_over(case, minutes=minutes, now=now, zone=zone)
            return Notice(text, keyboards.claim(case), employee)
        if not owed.is_in_chat:
            return None
        return Notice(views.claim_answered(case, now=now, zone=zone), employee=employee)

    async def _clock_is_off(self, source: str, employee: Employee) -> Notice | None:
        shift = (await self.clock_shifts.by_source()).get(source)
        if shift is None:
            return None
        written = self.source_zones.get(source, self.zone)
        zone = mending_zone(written, self.zone, shift=shift, now=self.clock())
        return Notice(views.clock_is_off(source, shift=shift, zone=zone), employee=employee)

    async def _reminder(self, owed: Owed, employee: Employee) -> Notice:
        reminder = await self.reminders.get(int(owed.subject))
        call = await self.journal.get(reminder.call_id, employee.scope)
        text = reminder_views.due(call, now=self.clock(), zone=self.zone)
        return Notice(text, reminder_keyboards.due(call.id), employee)

    async def _joined(self, owed: Owed, employee: Employee) -> Notice | None:
        id_, _, kind = owed.subject.partition(" ")
        invitation = await self.invites.get(int(id_))
        if employee.role is not Role.ADMINISTRATOR or invitation.guest is None:
            return None
        person = await self.employees.get(invitation.guest)
        text = staff_views.joined(person, invitation, is_new=kind == "new")
        return Notice(text, employee=employee)

    async def _open_cases(self, employee: Employee) -> Notice | None:
        if not employee.role.takes_clients:
            return None
        now = self.clock()
        page = await self.cases.board(
            employee,
            Board.ALL,
            page=0,
            size=employee.page_size,
            today=now,  # no call is of a day that begins now: none stands before the oldest
        )
        if not page.total:
            return None
        text, markup = board_views.still_open(page, now=now), board_keyboards.to_board()
        return Notice(text, markup, employee, (await self.company.hours(),))

    async def _digest(self, owed: Owed, employee: Employee) -> Notice | None:
        if not employee.role.takes_clients:
            return None
        due_at, minutes = map(int, owed.subject.split())
        if minutes == WEEKLY:
            return await self._weekly(due_at, employee)
        start, end = digest_span(due_at, minutes, self.zone)
        text, markup = await digest_message(
            employee, start, end, digests=self.digests, company=self.company, zone=self.zone
        )
        return Notice(text, markup, employee)

    async def _weekly(self, due_at: int, employee: Employee) -> Notice | None:
        """The statistics of the week before; nothing to one who has no calls to see."""
        if employee.scope.extensions == ():
            return None
        first, last = week_before(due_at, self.zone)
        view = LogView(days=(first.toordinal(), last.toordinal()))
        part = LogFilter(start=day_bounds(first, self.zone)[0], end=day_bounds(last, self.zone)[1])
        now = self.clock()
        told, before = await count_statistics(
            self.statistics, employee, view, part, now=now, zone=self.zone
        )
        text, markup = statistics_message(
            told,
            view,
            before,
            chosen=view,
            view_id=await self.log_views.put(employee.id, view),
            day=local_date(now, self.zone).toordinal(),
            names={},
            zone=self.zone,
            now=now,
        )
        return Notice(text, markup, employee)


def _concerns(case: Case, employee: Employee | None, *, is_later_step: bool) -> bool:
    """Whether the person, or a group, is to be told of a case they do not know of.

    `is_later_step`: that step hears only of what nobody has taken.
    """
    if not case.is_open or (is_later_step and case.owner):
        return False
    if employee is None:
        return True
    return employee.role.takes_clients and (not is_later_step or _wants(employee, case))


def _wants(employee: Employee, case: Case) -> bool:
    """Whether the person, by their present settings, wants alerts of the case."""
    if employee.alerts is AlertScope.OWN:
        return not employee.role.sees_all or not set(case.rang).isdisjoint(employee.extensions)
    return employee.alerts is AlertScope.ALL

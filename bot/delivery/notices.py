"""The words and buttons of what is owed to a chat: in the reader's language, as things are now."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import I18n

from bot.delivery.digests import digest_message
from bot.domain.calls import CaseState
from bot.domain.cases import Board, Case
from bot.domain.clock import Clock, mending_zone
from bot.domain.digests import digest_span
from bot.domain.errors import AppError, NoAccessError
from bot.domain.outbox import MessageKind, Owed
from bot.domain.people import EVERYTHING, AlertScope, Employee, EmployeeState, Role
from bot.views import alerts as views
from bot.views import board as board_views
from bot.views import groups as group_views
from bot.views import reminders as reminder_views
from bot.views import staff as staff_views
from keyboards import board as board_keyboards
from keyboards import cases as keyboards
from keyboards import reminders as reminder_keyboards
from storage.case_deadlines import ANSWER_SECONDS
from storage.cases import CaseRepo
from storage.company import CompanyRepo
from storage.digests import DigestRepo
from storage.employees import EmployeeRepo
from storage.groups import GroupRepo
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from storage.rejects import RejectRepo
from storage.reminders import ReminderRepo


@dataclass(frozen=True, slots=True)
class Notice:
    """A message ready to be sent; `employee` is None for a group.

    `line`: the line whose working hours decide whether it makes a sound.
    """

    text: str
    markup: InlineKeyboardMarkup | None = None
    employee: Employee | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Composes the messages of the outbox when their turn comes."""

    employees: EmployeeRepo
    invites: InviteRepo
    cases: CaseRepo
    company: CompanyRepo
    groups: GroupRepo
    digests: DigestRepo
    reminders: ReminderRepo
    journal: JournalRepo
    rejects: RejectRepo
    i18n: I18n
    zone: ZoneInfo
    clock: Clock
    source_zones: Mapping[str, ZoneInfo]

    async def compose(self, owed: Owed) -> Notice | None:
        """The message, or None if there is nothing to tell the reader any more."""
        with self.i18n.context(), self.i18n.use_locale(owed.language):
            try:
                if owed.employee_id is None:
                    return await self._to_group(owed)
                employee = await self.employees.get(owed.employee_id)
                if employee.state is not EmployeeState.ACTIVE:
                    return None
                return await self._to_person(owed, employee)
            except AppError:
                return None

    async def is_silent(self, owed: Owed, notice: Notice) -> bool:
        """Whether the message makes no sound, as always in the person's quiet hours.

        Messages of lost calls make none outside working hours either.
        """
        now = self.clock()
        quiet = notice.employee.quiet if notice.employee else None
        if quiet and quiet.is_quiet(now, self.zone):
            return True
        if owed.kind not in {MessageKind.CASE, MessageKind.OPEN_CASES}:
            return False
        return not (await self.company.hours(notice.line)).is_open(now, self.zone)

    async def _to_group(self, owed: Owed) -> Notice | None:
        """The alert of a case; a group that was disconnected gets edits of old ones only."""
        case = await self.cases.get(owed.case_id or 0, EVERYTHING)
        if not owed.is_in_chat:
            group = await self.groups.find(owed.chat_id, owed.thread_id)
            is_connected = group is not None and group.is_active
            if not is_connected or not case.is_open or (owed.is_late and case.owner):
                return None
        return self._alert(case, None)

    async def _to_person(self, owed: Owed, employee: Employee) -> Notice | None:
        match owed.kind:
            case MessageKind.CASE:
                return await self._case(owed, employee)
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

    async def _case(self, owed: Owed, employee: Employee) -> Notice | None:
        case_id = owed.case_id or 0
        try:
            case = await self.cases.get(case_id, employee.scope)
        except NoAccessError:
            if not owed.is_in_chat:
                raise
            # The case was in their scope once: their message must not go on telling of it.
            case = await self.cases.get(case_id, EVERYTHING)
            if case.state is not CaseState.VOID:
                return Notice(views.not_yours(), employee=employee)
        is_unwanted = owed.is_late and (case.owner or not _wants(employee, case))
        is_unwanted = is_unwanted or not employee.role.takes_clients
        if not owed.is_in_chat and (not case.is_open or is_unwanted):
            return None
        return self._alert(case, employee)

    def _alert(self, case: Case, employee: Employee | None) -> Notice:
        text = views.lost_call(case, now=self.clock(), zone=self.zone)
        return Notice(text, keyboards.alert(case, employee), employee, case.call.line)

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
        shift = (await self.rejects.clock_shifts()).get(source)
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
            employee, Board.ALL, page=0, size=employee.page_size, today=now
        )
        if not page.total:
            return None
        return Notice(board_views.still_open(page, now=now), board_keyboards.to_board(), employee)

    async def _digest(self, owed: Owed, employee: Employee) -> Notice | None:
        if not employee.role.takes_clients:
            return None
        due_at, minutes = map(int, owed.subject.split())
        start, end = digest_span(due_at, minutes, self.zone)
        text, markup = await digest_message(
            employee, start, end, digests=self.digests, company=self.company, zone=self.zone
        )
        return Notice(text, markup, employee)


def _wants(employee: Employee, case: Case) -> bool:
    """Whether the person, by their present settings, wants alerts of the case."""
    if employee.alerts is AlertScope.OWN:
        return not employee.role.sees_all or not set(case.rang).isdisjoint(employee.extensions)
    return employee.alerts is AlertScope.ALL

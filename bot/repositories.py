"""Everything stored: the repositories, built by the settings on one database."""

from dataclasses import dataclass

from bot.config.settings import Settings
from storage.alert_facts import AlertFactsRepo
from storage.alert_lists import AlertLists
from storage.audit import AuditRepo
from storage.calls import CallRepo
from storage.case_batches import CaseBatches
from storage.case_closings import CaseClosings
from storage.case_deadlines import CaseDeadlines
from storage.cases import CaseRepo
from storage.client_stories import ClientStoryRepo
from storage.clock import ClockRepo
from storage.clock_shifts import ClockShiftRepo
from storage.comments import CommentRepo
from storage.company import CompanyRepo
from storage.contact_book import ContactBook
from storage.contact_imports import ContactImports
from storage.contacts import ContactRepo
from storage.delayed_screens import DelayedScreenRepo
from storage.dials import DialRepo
from storage.digest_times import DigestTimes
from storage.digests import DigestRepo
from storage.durability import Durability
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.export_plans import ExportPlans
from storage.exports_under_way import ExportsUnderWay
from storage.feeds import FeedRepo
from storage.fsm import FsmStorage
from storage.groups import GroupRepo
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from storage.log_views import LogViewRepo
from storage.open_cards import OpenCardRepo
from storage.outbox import OutboxRepo
from storage.recording_files import RecordingFileRepo
from storage.rejects import RejectRepo
from storage.reminders import ReminderRepo
from storage.search import SearchRepo
from storage.silences import SilenceRepo
from storage.statistics import StatisticsRepo
from storage.viewed_log import ViewedLog
from storage.waiting_updates import WaitingUpdateRepo
from storage.weekly_statistics import WeeklyStatistics


@dataclass(frozen=True, slots=True)
class Repositories:
    """Everything stored, by the names handlers ask for."""

    alert_facts: AlertFactsRepo
    alert_lists: AlertLists
    audit: AuditRepo
    calls: CallRepo
    journal: JournalRepo
    log_views: LogViewRepo
    cases: CaseRepo
    case_batches: CaseBatches
    case_closings: CaseClosings
    case_deadlines: CaseDeadlines
    company: CompanyRepo
    groups: GroupRepo
    dials: DialRepo
    digests: DigestRepo
    digest_times: DigestTimes
    statistics: StatisticsRepo
    weekly_statistics: WeeklyStatistics
    reminders: ReminderRepo
    search: SearchRepo
    viewed_log: ViewedLog
    client_stories: ClientStoryRepo
    silences: SilenceRepo
    employees: EmployeeRepo
    export_plans: ExportPlans
    exports_under_way: ExportsUnderWay
    feeds: FeedRepo
    fsm: FsmStorage
    invites: InviteRepo
    comments: CommentRepo
    contacts: ContactRepo
    contact_book: ContactBook
    contact_imports: ContactImports
    outbox: OutboxRepo
    open_cards: OpenCardRepo
    delayed_screens: DelayedScreenRepo
    waiting_updates: WaitingUpdateRepo
    recording_files: RecordingFileRepo
    rejects: RejectRepo
    clock_shifts: ClockShiftRepo
    clock_state: ClockRepo
    durability: Durability


def create_repositories(database: Database, settings: Settings) -> Repositories:
    rules, claim_seconds = settings.case_rules, settings.claim_minutes * 60
    numbers = {name: chosen.number_plan for name, chosen in settings.sources.items()}
    journal, employees = JournalRepo(database), EmployeeRepo(database)
    search = SearchRepo(database)
    return Repositories(
        alert_facts=AlertFactsRepo(database),
        alert_lists=AlertLists(database),
        audit=AuditRepo(database),
        calls=CallRepo(database, rules=rules, numbers=numbers),
        journal=journal,
        cases=CaseRepo(database, rules=rules, claim_seconds=claim_seconds),
        case_closings=CaseClosings(database, rules=rules, claim_seconds=claim_seconds),
        case_batches=CaseBatches(database, rules=rules, claim_seconds=claim_seconds),
        case_deadlines=CaseDeadlines(database, rules=rules),
        log_views=LogViewRepo(database),
        company=CompanyRepo(database, settings.zone),
        reminders=ReminderRepo(database),
        search=search,
        viewed_log=ViewedLog(journal, employees, search, settings.zone, settings.number_plan),
        client_stories=ClientStoryRepo(database),
        silences=SilenceRepo(database),
        export_plans=ExportPlans(database, settings.zone),
        exports_under_way=ExportsUnderWay(database),
        feeds=FeedRepo(database),
        groups=GroupRepo(database),
        dials=DialRepo(database),
        digests=DigestRepo(database, settings.zone, window=rules.window),
        digest_times=DigestTimes(database, settings.zone),
        statistics=StatisticsRepo(database, settings.zone),
        weekly_statistics=WeeklyStatistics(database, settings.zone),
        employees=employees,
        fsm=FsmStorage(database),
        invites=InviteRepo(database),
        comments=CommentRepo(database),
        contacts=ContactRepo(database, rules=rules),
        contact_book=ContactBook(database, rules=rules),
        contact_imports=ContactImports(database, rules=rules),
        outbox=OutboxRepo(database),
        open_cards=OpenCardRepo(database),
        delayed_screens=DelayedScreenRepo(database),
        waiting_updates=WaitingUpdateRepo(database),
        recording_files=RecordingFileRepo(database),
        rejects=RejectRepo(database),
        clock_shifts=ClockShiftRepo(database),
        clock_state=ClockRepo(database, rules=rules),
        durability=Durability(database),
    )

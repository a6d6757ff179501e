"""Every kind of callback data. Our integer ids and short codes only: 64 bytes, and no secrets.

A new field means a new prefix, so that buttons of an older version become stale, not wrong.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.domain.audit import AuditArea
from bot.domain.cases import Board, BoardAge
from bot.domain.company import EscalationField
from bot.domain.contact_files import FileKind
from bot.domain.digests import CaseGroup
from bot.domain.exports import ExportKind
from bot.domain.log import Key, Turn
from bot.domain.log_views import Chip, Period
from bot.domain.people import AlertScope, Language, Role
from bot.domain.statistics import Number

# Greater numbers are no button of ours; within these bounds everything fits 64 bytes.
Id = Annotated[int, Field(ge=0, lt=10**9)]
Moment = Annotated[int, Field(ge=0, lt=1 << 41)]
Count = Annotated[int, Field(ge=0, lt=10**6)]
Code = Annotated[int, Field(ge=-1, lt=1 << 32)]

ANY_DAY = 1
"""Stands for the first day of several that is yet to be chosen."""


class Choosing(StrEnum):
    STATUS = "s"
    PERSON = "p"
    PLACE = "l"


class Nothing(CallbackData, prefix="x"):
    """A button that only shows something: a page number, a day without calls."""


class LogPage(CallbackData, prefix="l2"):
    """A page of the log.

    `view`: what of it was chosen, by its id (bot.domain.log_views). `turn` tells which page is
    meant, seen from the key (`position`, `id`).
    """

    view: Id = 0
    turn: Turn = Turn.FIRST
    position: Moment = 0
    id: Id = 0

    @property
    def key(self) -> Key | None:
        return Key(self.position, self.id) if self.id else None

    def turned(self, turn: Turn, key: Key | None = None) -> "LogPage":
        """Another page of the same part of the log."""
        position, id_ = key or (0, 0)
        return self.model_copy(update={"turn": turn, "position": position, "id": id_})


class Calendar(CallbackData, prefix="d2"):
    """The days of a month to choose from (`month` = year * 12 + month - 1), and the way back.

    `first`: 0 where one day is chosen; ANY_DAY where the first of several is, later its
    date.toordinal(), where the last is.
    """

    month: Count
    view: Id
    position: Moment
    id: Id
    first: Count = 0

    @property
    def first_day(self) -> date:
        """The first day of the month. Raises ValueError for a forged month."""
        return date(self.month // 12, self.month % 12 + 1, 1)

    def turned(self, month: int) -> "Calendar":
        """Another month, with the same way back."""
        return self.model_copy(update={"month": month})

    @property
    def page(self) -> LogPage:
        return _log_page(self)


class ExportMenu(CallbackData, prefix="xm1"):
    """The log as a file: which part of it, and the page it was asked for from."""

    view: Id
    position: Moment
    id: Id

    @property
    def page(self) -> LogPage:
        return _log_page(self)


class ExportStart(CallbackData, prefix="xs1"):
    """Make the file of this part of the log, and send it."""

    view: Id
    kind: ExportKind


class ExportCancel(CallbackData, prefix="xc2"):
    """Make no more of the file that the message tells of; `export`: its token."""

    export: Id


class ExportWeekly(CallbackData, prefix="xw1"):
    """Send the week before every Monday, as this kind; or no more, if it is that already.

    The rest as in ExportMenu.
    """

    kind: ExportKind
    view: Id
    position: Moment
    id: Id

    @property
    def menu(self) -> ExportMenu:
        return ExportMenu(view=self.view, position=self.position, id=self.id)


class ExportDrop(CallbackData, prefix="xd1"):
    """Send the file of this part of the log (`weekly`: its view) every Monday no more."""

    weekly: Id
    view: Id
    position: Moment
    id: Id

    @property
    def menu(self) -> ExportMenu:
        return ExportMenu(view=self.view, position=self.position, id=self.id)


class Card(CallbackData, prefix="c2"):
    """A call's card, and the page it was opened from."""

    call: Id
    view: Id = 0
    position: Moment = 0
    id: Id = 0

    @property
    def page(self) -> LogPage:
        """The page of the log that the card was opened from; the newest if there was none."""
        return _log_page(self)


class LogChip(CallbackData, prefix="lc1"):
    """Choose something of the log, or no more; `panel`: where all that can be chosen is shown."""

    view: Id
    chip: Chip
    panel: bool


class LogPanel(CallbackData, prefix="lp1"):
    """Show all that can be chosen of the log."""

    view: Id


class LogDays(CallbackData, prefix="ld1"):
    """Days of the log, `first` to `last` as date.toordinal(), with all else that is chosen."""

    view: Id
    first: Count
    last: Count


class LogWithout(CallbackData, prefix="lw1"):
    """The log without one of the choices; `part`: a field of LogView by its place in it."""

    view: Id
    part: Count


class LogClear(CallbackData, prefix="lx1"):
    """The same day, or client, with nothing else chosen; on the panel nothing at all is."""

    view: Id
    panel: bool = False


class LogChoose(CallbackData, prefix="lo1"):
    """Show what of a kind can be chosen."""

    view: Id
    what: Choosing
    page: Count = 0


class LogStatus(CallbackData, prefix="ls1"):
    view: Id
    number: Count
    """The status by its place among all; those behind it: any."""


class LogPerson(CallbackData, prefix="lr1"):
    view: Id
    employee: Id
    """0: anybody."""


class LogPlace(CallbackData, prefix="la1"):
    view: Id
    code: Code
    """As in bot.domain.places.Place; -1: all."""


class LogSave(CallbackData, prefix="lv1"):
    """Keep the view at hand, or no more."""

    view: Id
    is_wanted: bool


class ClientLog(CallbackData, prefix="lk1"):
    """All calls with the client of a call."""

    call: Id


class StatsShow(CallbackData, prefix="z1"):
    """The statistics of a view of the log.

    `day`: on which it was shown, as date.toordinal(), so that "today" means what it meant; 0:
    now. `lists`: with the buttons of the lists behind the numbers.
    """

    view: Id
    day: Count = 0
    lists: bool = False


class StatsPeriod(CallbackData, prefix="zp1"):
    """The statistics of the same, in another period."""

    view: Id
    period: Period


class StatsCalendar(CallbackData, prefix="zc1"):
    """The days of a month, to choose those that statistics are of; the fields as in Calendar."""

    month: Count
    view: Id
    first: Count = ANY_DAY

    @property
    def first_day(self) -> date:
        """The first day of the month. Raises ValueError for a forged month."""
        return date(self.month // 12, self.month % 12 + 1, 1)

    def turned(self, month: int) -> "StatsCalendar":
        """Another month, with the same way back."""
        return self.model_copy(update={"month": month})

    @property
    def page(self) -> StatsShow:
        return StatsShow(view=self.view)


class StatsDays(CallbackData, prefix="zd1"):
    """The statistics of days, `first` to `last` as date.toordinal(), and of all else chosen."""

    view: Id
    first: Count
    last: Count


class StatsList(CallbackData, prefix="zl1"):
    """The list behind a number, in a message of its own; `view` and `day` as in StatsShow.

    `who`: the id of the employee, or the `code` of the line, whose number it is.
    """

    view: Id
    day: Count
    number: Number
    who: Code = 0


class StatsChart(CallbackData, prefix="zg1"):
    """The pictures; `view` and `day` as in StatsShow."""

    view: Id
    day: Count


class AlertCard(CallbackData, prefix="a1"):
    """A call's card as a message of its own, below the alert."""

    call: Id


class ListedCase(CallbackData, prefix="al1"):
    """A row of a list of lost calls: the case, in a message of its own."""

    case: Id


class BoardBelow(CallbackData, prefix="bb1"):
    """The board as a message of its own, below a list that stays."""


class CaseStep(StrEnum):
    OPEN = "o"
    TAKE = "t"
    SAY = "s"
    """Take it and say something to it."""
    RETURN = "r"
    CLOSE = "c"
    HAND = "h"
    """Choose whom to hand it to."""
    EXTEND = "e"
    IGNORE = "i"
    """Nobody is to hear of this client's lost calls any more."""
    REOPEN = "u"
    """Undo the closing by hand, or the ignoring."""


class CaseButton(CallbackData, prefix="w2"):
    """A button about a case: under its alert (no `board`), or on its card.

    A card knows where it was opened from. `page` is that of the board or, with `until`, of the
    list behind a number of a digest; the fields from `since` on are those of DigestPages. On the
    board `since` is the age and `who` the place that are shown.
    """

    step: CaseStep
    case: Id
    board: Board | None = None
    page: Count = 0
    since: Moment = 0
    until: Moment = 0
    group: CaseGroup = CaseGroup.OPENED
    who: Code = 0

    @property
    def back(self) -> "BoardPlace | DigestPages":
        if self.until:
            return DigestPages(**self.model_dump(exclude={"step", "case", "board"}))
        age = BoardAge(self.since) if self.since in set(BoardAge) else BoardAge.ANY
        return BoardPlace(board=self.board or Board.ALL, page=self.page, age=age, place=self.who)


class CardCaseStep(StrEnum):
    TAKE = "t"
    RETURN = "r"
    CLOSE = "c"
    REOPEN = "u"


class CardCase(CallbackData, prefix="v2"):
    """A button on a call's card about the call's case; the fields are the card's."""

    step: CardCaseStep
    call: Id
    view: Id
    position: Moment
    id: Id

    @property
    def card(self) -> "Card":
        return Card(**self.model_dump(exclude={"step"}))


class RemindMenu(CallbackData, prefix="t1"):
    """Offer times at which to be reminded of a call."""

    call: Id


class RemindIn(CallbackData, prefix="ti1"):
    """Be reminded of a call, in so many minutes; 0: tomorrow at nine."""

    call: Id
    minutes: Count


class RemindAt(CallbackData, prefix="ta1"):
    """Be reminded of a call at a time the person will type."""

    call: Id


class RemindDrop(CallbackData, prefix="td1"):
    """Be reminded of a call no more."""

    call: Id


class RemindListDrop(CallbackData, prefix="tx1"):
    """The same, in the list of one's reminders."""

    call: Id


class RemindBack(CallbackData, prefix="tb1"):
    """Be reminded of a call after all, at the moment asked for before."""

    call: Id
    due: Moment


class RemindList(CallbackData, prefix="tl1"):
    """The reminders a person is still to get."""


class HearClient(CallbackData, prefix="nh1"):
    """Let an ignored number make cases again; by its id in the table."""

    id: Id


class IgnoreAgain(CallbackData, prefix="ni1"):
    """Undo that: ignore the number as before."""

    id: Id


class HandTo(CallbackData, prefix="wh2"):
    """Handing a case to a person; the rest is as in CaseButton."""

    case: Id
    employee: Id
    board: Board | None = None
    page: Count = 0
    since: Moment = 0
    until: Moment = 0
    group: CaseGroup = CaseGroup.OPENED
    who: Code = 0

    @property
    def card(self) -> CaseButton:
        return CaseButton(step=CaseStep.OPEN, **self.model_dump(exclude={"employee"}))


class BoardPlace(CallbackData, prefix="b2"):
    """A page of the board of lost calls, from 0.

    `age`, `place`: the part of the board that is shown, the place by its `code`, 0 for all.
    """

    board: Board
    page: Count = 0
    age: BoardAge = BoardAge.ANY
    place: Code = 0


class BoardFilters(CallbackData, prefix="bf1"):
    """Choose the part of the board that is shown; the fields are those of BoardPlace."""

    board: Board
    age: BoardAge = BoardAge.ANY
    place: Code = 0

    @property
    def shown(self) -> BoardPlace:
        return BoardPlace(board=self.board, age=self.age, place=self.place)


class BatchStep(StrEnum):
    ASK_TAKE = "t"
    """Ask whether to take all that the board shows."""
    ASK_CLOSE = "c"
    TAKE = "y"
    UNDO = "u"


class BatchButton(CallbackData, prefix="wm1"):
    """A button about many cases at once: of those shown, later of `batch`; and the way back."""

    step: BatchStep
    batch: Id = 0
    board: Board
    page: Count = 0
    age: BoardAge = BoardAge.ANY
    place: Code = 0

    @property
    def back(self) -> BoardPlace:
        return BoardPlace(**self.model_dump(exclude={"step", "batch"}))


class ReadyText(CallbackData, prefix="wr1"):
    """A ready answer to a question about a case; which question and case is in the dialog."""

    number: Count


class Listen(CallbackData, prefix="y1"):
    """The recording of a call."""

    call: Id


class CallBackButton(CallbackData, prefix="u1"):
    """Call the client of a call through the PBX; on a case it is its latest lost call."""

    call: Id


class CallBackFrom(CallbackData, prefix="uf1"):
    """The same from one of several phones; `code` as in calling_back.phone_code, -1: from none."""

    call: Id
    code: Code


class CommentStep(StrEnum):
    WRITE = "w"
    DELETE = "d"
    RESTORE = "r"


class CommentButton(CallbackData, prefix="m2"):
    """A button on a card about its comment; `version` is the comment's, the rest is the card's."""

    step: CommentStep
    version: Count
    call: Id
    view: Id
    position: Moment
    id: Id

    @property
    def card(self) -> Card:
        return Card(**self.model_dump(exclude={"step", "version"}))


class CommentHistory(CallbackData, prefix="mh2"):
    """What a call's comment was before; the fields are the card's."""

    call: Id
    view: Id
    position: Moment
    id: Id

    @property
    def card(self) -> Card:
        return Card(**self.model_dump())


class ContactStep(StrEnum):
    OPEN = "o"
    NAME = "n"
    FORGET = "f"
    UNNAME = "u"
    """Undo the naming, or forgetting, after which the contact's version is `which`."""
    ADD = "a"
    REMOVE = "d"
    """Take the number with the id `which` away."""
    RESTORE = "r"
    """Bring it back."""


class ContactButton(CallbackData, prefix="k3"):
    """A button about the client of a call, as a contact; the fields from `call` on are the card's.

    `which` is a count that people drive by hand, so six digits are enough for it.
    """

    step: ContactStep
    which: Count = 0
    call: Id
    view: Id
    position: Moment
    id: Id

    @property
    def card(self) -> Card:
        return Card(**self.model_dump(exclude={"step", "which"}))

    def to(self, step: ContactStep, which: int = 0) -> "ContactButton":
        """Another button of the same screen."""
        return self.model_copy(update={"step": step, "which": which})

    @classmethod
    def of_call(cls, call: int, step: ContactStep) -> "ContactButton":
        """One on the card of a call that was opened from no page."""
        return cls(step=step, **Card(call=call).model_dump())


class SharedContact(CallbackData, prefix="ks1"):
    """Undoing what a contact shared from Telegram has named, or, in a dialog, naming it so.

    `number`: the id of its number; `version`: the contact's since.
    """

    number: Id
    version: Id = 0


class BookPage(CallbackData, prefix="kb1"):
    """A page of all contacts, seen from the contact with this id; NEWER is towards А."""

    turn: Turn = Turn.FIRST
    id: Id = 0


class BookStep(StrEnum):
    OPEN = "o"
    NAME = "n"
    UNNAME = "u"
    """Undo the naming after which the contact's version is `which`."""
    ADD = "a"
    DROP = "d"
    """Take the number with the id `which` away."""
    RESTORE = "r"
    """Bring it back."""
    MERGE = "m"
    """Ask which contact this one is to be joined into."""
    ASK_JOIN = "j"
    """Say what joining it into the contact `which` means."""
    JOIN = "y"
    REMOVE = "x"
    BRING_BACK = "b"


class BookButton(CallbackData, prefix="kc1"):
    """A button about one of all contacts, and the first contact of the page it was opened from."""

    step: BookStep
    contact: Id
    page: Id = 0
    which: Id = 0

    @property
    def back(self) -> BookPage:
        return BookPage(turn=Turn.AT, id=self.page or self.contact)

    def to(self, step: BookStep, which: int = 0) -> "BookButton":
        """Another button of the same screen."""
        return self.model_copy(update={"step": step, "which": which})


class BookFile(CallbackData, prefix="kf1"):
    """Ask for a file of contacts to be sent, or in which form all are wanted."""

    is_import: bool


class BookExport(CallbackData, prefix="ke1"):
    """All contacts as a file."""

    kind: FileKind


class FileStep(StrEnum):
    TAKE = "t"
    REPLACE = "r"
    """Take it, with the names it has for contacts that have others."""
    CANCEL = "c"


class FileButton(CallbackData, prefix="ki1"):
    """What to do with a file of contacts: the one that the message of the button replies to."""

    step: FileStep


class DialogStep(StrEnum):
    SAVE = "s"
    MERGE = "m"
    """Save it together with all that belongs to it."""
    CANCEL = "c"


class DialogButton(CallbackData, prefix="q1"):
    """A button of a dialog in progress; what it is about is in the dialog's state."""

    step: DialogStep


def _log_page(button: Calendar | ExportMenu | Card) -> LogPage:
    return LogPage(
        view=button.view,
        turn=Turn.AT if button.id else Turn.FIRST,
        position=button.position,
        id=button.id,
    )


class LanguageChoice(CallbackData, prefix="sl1"):
    language: Language


class AlertsChoice(CallbackData, prefix="sa1"):
    alerts: AlertScope


PAGE_SIZES = (5, 8, 10)


class PageSizeChoice(CallbackData, prefix="sp1"):
    size: Count


class StaffPage(CallbackData, prefix="f1"):
    """A page of the staff, from 0."""

    page: Count


class StaffStep(StrEnum):
    OPEN = "o"
    NAME = "n"
    EXTENSIONS = "e"
    ROLE = "r"
    BLOCK = "b"
    UNBLOCK = "u"
    REMOVE = "d"
    CONFIRM = "y"


class StaffButton(CallbackData, prefix="p1"):
    """A button about one person, and the page of the staff they were opened from."""

    step: StaffStep
    employee: Id
    page: Count


class RoleChoice(CallbackData, prefix="r1"):
    employee: Id
    role: Role
    page: Count


class AuditSpan(StrEnum):
    EVER = "e"
    TODAY = "t"
    WEEK = "w"
    MONTH = "m"


class AuditPages(CallbackData, prefix="au1"):
    """A page of the audit, found by a key as in LogPage; `staff`: the page of the staff behind it.

    `who`: the id of the employee whose deeds are meant, 0 for all, BY_ITSELF for the bot's own.
    """

    area: AuditArea | None = None
    who: Code = 0
    span: AuditSpan = AuditSpan.EVER
    turn: Turn = Turn.FIRST
    position: Moment = 0
    id: Id = 0
    staff: Count = 0

    @property
    def key(self) -> Key | None:
        return Key(self.position, self.id) if self.id else None

    @property
    def is_part(self) -> bool:
        return bool(self.area or self.who or self.span is not AuditSpan.EVER)

    def turned(self, turn: Turn, key: Key | None = None) -> "AuditPages":
        """Another page of the same part."""
        position, id_ = key or (0, 0)
        return self.model_copy(update={"turn": turn, "position": position, "id": id_})

    def of(self, **chosen: AuditArea | AuditSpan | int | None) -> "AuditPages":
        """The newest page of another part."""
        return self.model_copy(update=chosen).turned(Turn.FIRST)


class AuditPeople(CallbackData, prefix="ap1"):
    """Choose whose deeds are shown; `page` is one of people, the rest is as in AuditPages."""

    page: Count = 0
    area: AuditArea | None = None
    who: Code = 0
    span: AuditSpan = AuditSpan.EVER
    staff: Count = 0

    @property
    def shown(self) -> AuditPages:
        return AuditPages(**self.model_dump(exclude={"page"}))


class InviteStart(CallbackData, prefix="i1"):
    page: Count


class InviteRole(CallbackData, prefix="ir1"):
    role: Role
    page: Count


class InviteList(CallbackData, prefix="il1"):
    """The invitations nobody has used yet."""

    page: Count


class InviteStep(StrEnum):
    REVOKE = "d"
    RESTORE = "r"


class InviteButton(CallbackData, prefix="ib1"):
    """A button about one invitation, and the page of the staff the list was opened from."""

    step: InviteStep
    id: Id
    page: Count


class InviteAnswer(CallbackData, prefix="ia1"):
    """Whether somebody who is in already wants what an invitation would change.

    The token proves that they have the link: an id could be guessed.
    """

    token: str
    is_wanted: bool


class InviteWithout(CallbackData, prefix="iw1"):
    """Make the invitation without extensions."""

    role: Role
    page: Count


class HealthRefresh(CallbackData, prefix="h1"):
    pass


class CompanyPage(StrEnum):
    MAIN = "m"
    HOLIDAYS = "d"
    LINES = "l"
    ESCALATION = "e"
    IGNORED = "i"
    GROUPS = "g"


class CompanyMenu(CallbackData, prefix="o1"):
    """A page of the company's settings."""

    page: CompanyPage


class RungOnly(CallbackData, prefix="or1"):
    """Who may take a client that a group is told of: only those rung, or everybody."""

    is_so: bool


class CompanyNumber(CallbackData, prefix="on1"):
    """Choosing one of the numbers of Escalation."""

    name: EscalationField


class CompanyValue(CallbackData, prefix="ov1"):
    name: EscalationField
    minutes: Count


class LineHours(CallbackData, prefix="oh2"):
    """The hours of a line; `code` as in bot.domain.places.Place; -1: the company's."""

    code: Code


class NoHours(CallbackData, prefix="oz2"):
    """Let a line have the company's hours, or the company (-1) work always."""

    code: Code


class TodayPage(CallbackData, prefix="to1"):
    """The calls of the day on which it is pressed."""


class HelpPage(CallbackData, prefix="hp1"):
    """What the bot can do; with `signs`: what the signs of the log mean."""

    signs: bool = False


class SettingsMenu(CallbackData, prefix="s1"):
    """A person's own settings."""


class QuietMenu(CallbackData, prefix="qm1"):
    pass


class QuietChoice(CallbackData, prefix="qc1"):
    """Quiet hours from one hour to another; both 0: none."""

    start: Count
    end: Count


class QuietOwn(CallbackData, prefix="qo1"):
    """Quiet hours the person will type."""


class GroupPlace(CallbackData, prefix="g2"):
    """Tell a group of a line or queue too, or no more; `code` as in bot.domain.places.Place."""

    group: Id
    code: Code
    is_wanted: bool


class GroupAll(CallbackData, prefix="ga1"):
    """Tell a group of all lines and queues."""

    group: Id


class GroupStop(CallbackData, prefix="gs1"):
    """Tell a group of nothing any more."""

    group: Id


class DigestMenu(CallbackData, prefix="e1"):
    """When a person gets the digest."""


class DigestTime(CallbackData, prefix="et2"):
    """Get the digest at this minute of the day too, or no more."""

    minutes: Count
    is_wanted: bool


class WeeklyStats(CallbackData, prefix="ew1"):
    """Get the statistics of the last week on Mondays too, or no more."""

    is_wanted: bool


class DigestOwn(CallbackData, prefix="eo1"):
    """Get the digest at a time the person will type."""


class DigestNow(CallbackData, prefix="en1"):
    """The digest of the day so far, at once."""


class DigestList(CallbackData, prefix="el2"):
    """The cases behind a number of a digest; `since` and `until` in minutes since 1970.

    `who`: the id of the employee whose calls back are meant, 0 for all; of those in time it is
    the minutes that were meant by that, 0 for those of now.
    """

    group: CaseGroup
    since: Moment
    until: Moment
    who: Code = 0
    page: Count = 0


class DigestPages(CallbackData, prefix="ep2"):
    """A page of that list, in its own message."""

    group: CaseGroup
    since: Moment
    until: Moment
    who: Code = 0
    page: Count = 0

    @property
    def employee(self) -> int:
        return 0 if self.group is CaseGroup.IN_TARGET else self.who

    @property
    def target(self) -> int:
        """In minutes."""
        return self.who if self.group is CaseGroup.IN_TARGET else 0


def unpacked(kind: type[CallbackData], packed: str) -> CallbackData | None:
    """The button of this kind that these data are; None: they are not."""
    try:
        return kind.unpack(packed)
    except (TypeError, ValueError):
        return None

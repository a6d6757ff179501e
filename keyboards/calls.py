"""The buttons of the log, the card and the calendar."""

from calendar import Calendar as Weeks
from collections.abc import Collection, Mapping
from datetime import date

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import get_i18n
from aiogram.utils.i18n import gettext as _
from babel.dates import format_date, get_day_names

from bot.domain.calls import Call, CaseLink, CasePart, CaseState, Direction, Status
from bot.domain.log import Page, Turn
from bot.domain.log_views import STORED_FROM, Chip, LogView
from bot.domain.people import Employee
from bot.domain.signs import DIRECTION, STATUS
from keyboards.buttons import Row, button, counter, in_crm, keyboard, numbers, turn
from keyboards.callbacks import (
    ANY_DAY,
    Calendar,
    Card,
    CardCase,
    CardCaseStep,
    ClientLog,
    CommentButton,
    CommentHistory,
    CommentStep,
    ContactButton,
    ContactStep,
    ExportMenu,
    Listen,
    LogClear,
    LogDays,
    LogPage,
    LogPanel,
    Nothing,
    RemindMenu,
    StatsCalendar,
    StatsDays,
)
from keyboards.calling_back import call_back
from keyboards.log_views import chip, dropping

_WEEK = 7


def log(
    page: Page, shown: LogPage, view: LogView, *, month: int, to_drop: Mapping[str, str]
) -> InlineKeyboardMarkup:
    """A button per row, the pages, what is most often chosen, the way to all that can be.

    `shown`: where the page stands, `month` (as in Calendar) where choosing a date begins.
    `to_drop`: the words of the choices without any of which there would be calls.
    """
    anchor = shown.turned(Turn.AT, page.keys[0]) if page.keys else shown.turned(Turn.FIRST)
    fields = anchor.model_dump(exclude={"turn"})
    calls = [
        button(str(number), Card(**fields | {"call": key.id}))
        for number, key in enumerate(page.keys, start=1)
    ]
    rows = numbers(calls)
    if page.has_newer or page.has_older:
        rows.append(_pages(page, shown))
    rows += dropping(to_drop, shown.view)
    missed = " ".join([STATUS[Status.MISSED], _("Missed")])
    incoming = " ".join([DIRECTION[Direction.IN], _("Incoming calls")])
    outgoing = " ".join([DIRECTION[Direction.OUT], _("Outgoing calls")])
    rows += [
        [
            chip(missed, Chip.LOST, view, shown.view),
            button(_("📅 Date"), Calendar(month=month, **fields)),
        ],
        [
            chip(incoming, Chip.IN, view, shown.view),
            chip(outgoing, Chip.OUT, view, shown.view),
        ],
        [
            button(_("🎛 Filters"), LogPanel(view=shown.view)),
            *([button("⬇️", ExportMenu(**fields))] if page.calls else []),
            button("🔄", anchor if page.has_newer else shown.turned(Turn.FIRST)),
        ],
    ]
    last = []
    if view.client_of:
        last.append(button(_("⬅️ Card"), Card(call=view.client_of)))
    if view.is_filtered:
        last.append(button(_("🧹 Clear"), LogClear(view=shown.view)))
    elif view.parts:
        last.append(button(_("📋 Whole log"), LogPage()))
    return keyboard(*rows, *filter(None, [last]))


def card(
    call: Call,
    pressed: Card,
    viewer: Employee,
    *,
    can_be_heard: bool,
    now: int,
    undo: int | None = None,
    can_call_back: bool = False,
    client_url: str | None = None,
) -> InlineKeyboardMarkup:
    """What can be done with a call. `undo`: the version of the deletion that can be undone.

    `client_url`: the client's page in the CRM.
    """
    fields = pressed.model_dump()
    version = call.comment.version if call.comment else 0
    write = CommentButton(step=CommentStep.WRITE, version=version, **fields)
    rows = []
    if can_be_heard:
        rows.append([button(_("🎧 Listen"), Listen(call=call.id))])
    if can_call_back:
        rows.append([call_back(call.id)])
    if undo is not None:
        restore = CommentButton(step=CommentStep.RESTORE, version=undo, **fields)
        rows.append([button(_("↩️ Bring back"), restore)])
    if call.comment:
        delete = CommentButton(step=CommentStep.DELETE, version=version, **fields)
        rows.append([button(_("✏️ Change"), write), button(_("🗑 Delete"), delete)])
    else:
        rows.append([button(_("💬 Comment"), write)])
    if call.comment_changes > 1:
        rows.append([button(_("📜 Changes of the comment"), CommentHistory(**fields))])
    if call.client:
        all_calls = ClientLog(call=call.id)
        contact = ContactButton(step=ContactStep.OPEN, **fields)
        rows.append([button(_("🔍 All calls"), all_calls), button(_("👤 Contact"), contact)])
    if client_url:
        rows.append([in_crm(client_url)])
    if call.case:
        rows += _case(call.case, pressed, viewer, now=now)
    remind = button(_("⏰ Remind"), RemindMenu(call=call.id))
    rows.append([button(_("⬅️ Log"), pressed.page), remind, button("🔄", pressed)])
    return keyboard(*rows)


def comment_history(pressed: CommentHistory) -> InlineKeyboardMarkup:
    return keyboard([button(_("⬅️ Back"), pressed.card)])


def calendar(
    shown: Calendar | StatsCalendar, *, days: Collection[int], has_earlier: bool, has_later: bool
) -> InlineKeyboardMarkup:
    """A month of buttons; only the `days` (of the month) that have calls can be pressed."""
    first = shown.first_day
    locale = get_i18n().current_locale
    name = format_date(first, "LLLL yyyy", locale=locale)
    names = get_day_names("short", locale=locale)
    rows = [
        [button(name[:1].upper() + name[1:], Nothing())],
        [button(names[i], Nothing()) for i in range(_WEEK)],
    ]
    rows += [
        [_day(shown, first, number, is_on=number in days) for number in week]
        for week in Weeks().monthdayscalendar(first.year, first.month)
    ]
    rows.append(
        [
            turn("◀️", shown.turned(shown.month - 1), is_on=has_earlier),
            button(_("⬅️ Back"), shown.page),
            turn("▶️", shown.turned(shown.month + 1), is_on=has_later),
        ]
    )
    return keyboard(*rows)


def _case(case: CaseLink, pressed: Card, viewer: Employee, *, now: int) -> list[Row]:
    """What can be done with the case of a lost call, and the way to the call that closed it."""
    if case.part is CasePart.LOST and case.closing_call:
        other = pressed.model_copy(update={"call": case.closing_call})
        sign = DIRECTION[Direction.IN if case.state is CaseState.GOT_THROUGH else Direction.OUT]
        return [[button(" ".join([sign, _("The talk")]), other)]]
    if case.part is not CasePart.LOST and case.lost_call:
        other = pressed.model_copy(update={"call": case.lost_call})
        return [[button(_("↙️ The missed call"), other)]]

    def step(text: str, which: CardCaseStep) -> InlineKeyboardButton:
        return button(text, CardCase(step=which, **pressed.model_dump()))

    if case.can_be_reopened_by(viewer, now=now):
        return [[step(_("↩️ Open again"), CardCaseStep.REOPEN)]]
    if not case.can_be_closed_by(viewer):
        return []

    if case.can_be_taken_by(viewer):
        first = step(_("🙋 Take"), CardCaseStep.TAKE)
    else:
        first = step(_("↩️ Give back"), CardCaseStep.RETURN)
    return [[first, step(_("✅ Close"), CardCaseStep.CLOSE)]]


def _pages(page: Page, shown: LogPage) -> Row:
    """⏮ ◀️ n/N ▶️ ⏭"""
    return [
        turn("⏮", shown.turned(Turn.FIRST), is_on=page.has_newer),
        turn("◀️", shown.turned(Turn.NEWER, page.keys[0]), is_on=page.has_newer),
        counter(page.number, page.count, page.counted),
        turn("▶️", shown.turned(Turn.OLDER, page.keys[-1]), is_on=page.has_older),
        turn("⏭", shown.turned(Turn.LAST), is_on=page.has_older),
    ]


def _day(
    shown: Calendar | StatsCalendar, first: date, number: int, *, is_on: bool
) -> InlineKeyboardButton:
    if not is_on:
        return button("·" if number else " ", Nothing())
    day = first.replace(day=number).toordinal()
    label = f"·{number}·" if day == shown.first else str(number)
    return button(label, _chosen(shown, day))


def _chosen(shown: Calendar | StatsCalendar, day: int) -> CallbackData:
    """What a day is the button of."""
    if shown.first == ANY_DAY:
        return shown.model_copy(update={"first": day})
    if isinstance(shown, StatsCalendar):
        return StatsDays(view=shown.view, first=min(shown.first, day), last=max(shown.first, day))
    if shown.first:
        return LogDays(view=shown.view, first=min(shown.first, day), last=max(shown.first, day))
    if shown.view < STORED_FROM:  # nothing but a day was chosen
        return LogPage(view=day)
    return LogDays(view=shown.view, first=day, last=day)

"""The buttons by which something of the log is chosen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Direction, Status
from bot.domain.log import LONGER_THAN
from bot.domain.log_views import SAVED_VIEWS, Chip, LogView
from bot.domain.people import Employee
from bot.domain.places import Place, PlaceKind
from bot.domain.signs import COMMENTED, DIRECTION, NEW_CLIENT, RECORDED, STATUS
from keyboards.buttons import Row, button, choice, column, keyboard, pager, short
from keyboards.callbacks import (
    ANY_DAY,
    Calendar,
    Choosing,
    LogChip,
    LogChoose,
    LogClear,
    LogPage,
    LogPanel,
    LogPerson,
    LogPlace,
    LogSave,
    LogStatus,
    LogWithout,
    StatsShow,
)

_WIDTH = 30
_LENGTHS = (Chip.LONG, Chip.LONGER, Chip.LONGEST)


def chip(
    text: str, which: Chip, view: LogView, view_id: int, *, panel: bool = False
) -> InlineKeyboardButton:
    """Something to choose, or to choose no more."""
    data = LogChip(view=view_id, chip=which, panel=panel)
    return choice(text, data, is_chosen=view.has(which))


def dropping(words: Mapping[str, str], view_id: int) -> list[Row]:
    """A button for each of the choices, to drop it. `words`: by the names of their fields."""
    places = {one.name: place for place, one in enumerate(fields(LogView))}
    return column(
        button("✖️ " + short(told, _WIDTH), LogWithout(view=view_id, part=places[part]))
        for part, told in words.items()
    )


def panel(
    view: LogView,
    view_id: int,
    *,
    month: int,
    words: Mapping[str, str],
    saved: Mapping[int, str],
    sees_all: bool,
) -> InlineKeyboardMarkup:
    """All that can be chosen.

    `month` as in Calendar; `words`: of what is chosen, by the names of the fields; `saved`: the
    words of the views at hand, by their ids.
    """

    def on(text: str, which: Chip) -> InlineKeyboardButton:
        return chip(text, which, view, view_id, panel=True)

    def choose(what: Choosing, part: str, sign: str, otherwise: str) -> Row:
        text = " ".join([sign, short(words.get(part, otherwise), _WIDTH)])
        return [choice(text, LogChoose(view=view_id, what=what), is_chosen=part in words)]

    days = Calendar(month=month, view=view_id, position=0, id=0, first=ANY_DAY)
    rows = [
        [
            on(f"{DIRECTION[Direction.IN]} " + _("Incoming calls"), Chip.IN),
            on(f"{DIRECTION[Direction.OUT]} " + _("Outgoing calls"), Chip.OUT),
        ],
        [
            on(f"{DIRECTION[Direction.INTERNAL]} " + _("Internal calls"), Chip.INTERNAL),
            on(f"{STATUS[Status.ANSWERED]} " + _("Answered calls"), Chip.ANSWERED),
        ],
        [
            on(f"{STATUS[Status.MISSED]} " + _("Missed"), Chip.LOST),
            on("❗ " + _("Not called back"), Chip.UNRETURNED),
        ],
        choose(Choosing.STATUS, "status", "🏷", _("Any status")),
        choose(Choosing.PERSON, "person", "👤", _("Anybody")) if sees_all else [],
        choose(Choosing.PLACE, "place", "🗂", _("All lines and queues")),
        [on(_("Today"), Chip.TODAY), on(_("Yesterday"), Chip.YESTERDAY)],
        [on(_("7 days"), Chip.WEEK), on(_("This month"), Chip.MONTH)],
        [choice(_("📅 Days"), days, is_chosen=view.days is not None)],
        [
            on(f"{COMMENTED} " + _("With a comment"), Chip.COMMENTED),
            on(f"{RECORDED} " + _("With a recording"), Chip.RECORDED),
        ],
        [
            on(_("{count}+ min").format(count=seconds // 60), which)
            for seconds, which in zip(LONGER_THAN, _LENGTHS, strict=True)
        ],
        [on(f"{NEW_CLIENT} " + _("New clients"), Chip.FIRST)],
        *column(
            button("⭐ " + short(told, _WIDTH), LogPage(view=id_)) for id_, told in saved.items()
        ),
        _keeping(view, view_id, saved),
        [button(_("📊 Statistics"), StatsShow(view=view_id))],
        [button(_("⬅️ Show"), LogPage(view=view_id))],
    ]
    return keyboard(*filter(None, rows))


def _keeping(view: LogView, view_id: int, saved: Collection[int]) -> Row:
    """Keeping the view at hand, and dropping all that is chosen."""
    if not view.parts:
        return []
    row = [button(_("🧹 Clear"), LogClear(view=view_id, panel=True))]
    if view_id in saved:
        row.insert(0, button(_("⭐ Keep no more"), LogSave(view=view_id, is_wanted=False)))
    elif not view.day and len(saved) < SAVED_VIEWS:
        row.insert(0, button(_("⭐ Keep"), LogSave(view=view_id, is_wanted=True)))
    return row


def statuses(view: LogView, view_id: int, words: Sequence[str]) -> InlineKeyboardMarkup:
    """`words`: of all statuses, in their order."""
    of_status = [
        choice(
            f"{STATUS[one]} {short(told, _WIDTH)}",
            LogStatus(view=view_id, number=number),
            is_chosen=one is view.status,
        )
        for number, (one, told) in enumerate(zip(Status, words, strict=True))
    ]
    anything = LogStatus(view=view_id, number=len(Status))
    of_status.append(choice(_("Any status"), anything, is_chosen=view.status is None))
    return keyboard(*column(of_status), [_back(view_id)])


def people(
    view: LogView, view_id: int, shown: Sequence[Employee], *, page: int, pages: int
) -> InlineKeyboardMarkup:
    """The employees, a page of them."""
    of_people = [
        choice(
            short(one.name or ", ".join(one.extensions) or f"{one.tg_id}", _WIDTH),
            LogPerson(view=view_id, employee=one.id),
            is_chosen=one.id == view.person,
        )
        for one in shown
    ]
    turning = pager(page, pages, lambda to: LogChoose(view=view_id, what=Choosing.PERSON, page=to))
    nobody = LogPerson(view=view_id, employee=0)
    anybody = [choice(_("Anybody"), nobody, is_chosen=not view.person)]
    return keyboard(*column(of_people), *turning, anybody, [_back(view_id)])


def places(view: LogView, view_id: int, known: Collection[Place]) -> InlineKeyboardMarkup:
    names = {PlaceKind.LINE: _("Line {name}"), PlaceKind.QUEUE: _("Queue {name}")}
    of_places = [
        choice(
            short(names[one.kind].format(name=one.name), _WIDTH),
            LogPlace(view=view_id, code=one.code),
            is_chosen=one == view.place,
        )
        for one in known
    ]
    everywhere = choice(
        _("All lines and queues"), LogPlace(view=view_id, code=-1), is_chosen=view.place is None
    )
    return keyboard(*column(of_places), [everywhere], [_back(view_id)])


def _back(view_id: int) -> InlineKeyboardButton:
    return button(_("⬅️ Back"), LogPanel(view=view_id))

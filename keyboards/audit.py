"""The buttons of the audit: its rows that a call shows more of, its pages, its filters."""

from collections.abc import Mapping, Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.audit import BY_ITSELF, AuditArea, AuditPage
from bot.domain.log import Turn
from bot.domain.people import Person
from keyboards.buttons import (
    Row,
    button,
    choice,
    column,
    counter,
    in_rows,
    keyboard,
    numbers,
    pager,
    short,
    turn,
)
from keyboards.callbacks import AlertCard, AuditPages, AuditPeople, AuditSpan, StaffPage

_NAME = 36


def audit(
    page: AuditPage, shown: AuditPages, *, areas: Mapping[AuditArea, str]
) -> InlineKeyboardMarkup:
    """`shown`: the part that is shown."""
    calls = [
        button(str(number), AlertCard(call=entry.call))
        for number, entry in enumerate(page.entries, start=1)
        if entry.call
    ]
    rows = numbers(calls)
    if page.has_newer or page.has_older:
        rows.append(_pages(page, shown))
    rows += in_rows([_area(shown, area, title) for area, title in areas.items()], 2)
    spans = [_span(shown, span, title) for span, title in _spans().items()]
    fields = shown.model_dump(include={"area", "who", "span", "staff"})
    rows.append([*spans, choice("👤", AuditPeople(**fields), is_chosen=shown.who != 0)])
    anchor = shown.turned(Turn.FIRST)
    if page.has_newer:
        anchor = shown.turned(Turn.AT, page.entries[0].key)
    clear = [button("🧹", AuditPages(staff=shown.staff))] if shown.is_part else []
    back = button(_("⬅️ Staff"), StaffPage(page=shown.staff))
    rows.append([back, *clear, button("🔄", anchor)])
    return keyboard(*rows)


def people(
    found: Sequence[Person], shown: AuditPages, *, itself: str, page: int, pages: int
) -> InlineKeyboardMarkup:
    """Whose deeds are to be shown; `itself`: what the bot is called where people are named."""
    fields = shown.model_dump(include={"area", "who", "span", "staff"})
    whose = [(one.id, short(one.name, _NAME)) for one in found]
    if page == 0:
        whose = [(0, _("👤 Everybody")), *whose, (BY_ITSELF, itself)]
    chosen = (choice(name, shown.of(who=id_), is_chosen=id_ == shown.who) for id_, name in whose)
    turns = pager(page, pages, lambda to: AuditPeople(**fields | {"page": to}))
    return keyboard(*column(chosen), *turns, [button(_("⬅️ Back"), shown.turned(Turn.FIRST))])


def _area(shown: AuditPages, area: AuditArea, title: str) -> InlineKeyboardButton:
    is_chosen = shown.area is area
    return choice(title, shown.of(area=None if is_chosen else area), is_chosen=is_chosen)


def _span(shown: AuditPages, span: AuditSpan, title: str) -> InlineKeyboardButton:
    is_chosen = shown.span is span
    to = AuditSpan.EVER if is_chosen else span
    return choice(title, shown.of(span=to), is_chosen=is_chosen)


def _spans() -> dict[AuditSpan, str]:
    return {
        AuditSpan.TODAY: _("Today"),
        AuditSpan.WEEK: _("7 days"),
        AuditSpan.MONTH: _("30 days"),
    }


def _pages(page: AuditPage, shown: AuditPages) -> Row:
    """⏮ ◀️ n/N ▶️ ⏭"""
    newest, oldest = page.entries[0].key, page.entries[-1].key
    return [
        turn("⏮", shown.turned(Turn.FIRST), is_on=page.has_newer),
        turn("◀️", shown.turned(Turn.NEWER, newest), is_on=page.has_newer),
        counter(page.number, page.count),
        turn("▶️", shown.turned(Turn.OLDER, oldest), is_on=page.has_older),
        turn("⏭", shown.turned(Turn.LAST), is_on=page.has_older),
    ]

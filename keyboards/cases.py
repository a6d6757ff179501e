"""The buttons of an alert, of the board, of a case."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.cases import Case
from bot.domain.people import Employee, Person
from keyboards.buttons import Row, button, in_crm, in_rows, keyboard, numbers, short
from keyboards.callbacks import (
    AlertCard,
    BoardBelow,
    CaseButton,
    CaseStep,
    ClientLog,
    HandTo,
    ListedCase,
    RemindMenu,
)
from keyboards.calling_back import call_back

_NAME_WIDTH = 24
"""Fifty longer names would make a keyboard that Telegram refuses."""


def alert(
    case: Case,
    viewer: Employee | None,
    *,
    can_call_back: bool = False,
    client_url: str | None = None,
) -> InlineKeyboardMarkup:
    """What can be done with a case, under its alert. `viewer`: whose chat it is; None: a group.

    A group has the way into the CRM too: it says no more than the number above, which all read.
    """
    rows = _actions(case, CaseButton(step=CaseStep.OPEN, case=case.id), viewer)
    card = button(_("📄 Card"), AlertCard(call=case.call.id))
    if rows and can_call_back:
        rows.append([call_back(case.call.id), card])
    elif rows and len(rows[-1]) == 1:
        rows[-1].append(card)
    else:
        rows.append([card])
    if client_url:
        rows.append([in_crm(client_url)])
    return keyboard(*rows)


def listed(cases: Sequence[Case], viewer: Employee | None) -> InlineKeyboardMarkup:
    """A button for each row of a list of lost calls, and for a person the way to the board."""
    rows = numbers(
        [button(str(row), ListedCase(case=case.id)) for row, case in enumerate(cases, start=1)]
    )
    board = [[button(_("🔴 Not called back"), BoardBelow())]] if viewer else []
    return keyboard(*rows, *board)


def card(
    case: Case,
    pressed: CaseButton,
    viewer: Employee,
    *,
    now: int = 0,
    can_call_back: bool = False,
    client_url: str | None = None,
) -> InlineKeyboardMarkup:
    """What can be done with a case, under its card."""
    rows = _actions(case, pressed, viewer)
    if rows and can_call_back:
        rows.insert(0, [call_back(case.call.id)])
    last = [button(_("📄 Last call"), AlertCard(call=case.call.id))]
    if case.client:
        last.append(button(_("🔍 All calls"), ClientLog(call=case.call.id)))
    rows.append(last)
    if client_url:
        rows.append([in_crm(client_url)])
    if case.can_be_ignored_by(viewer):
        ignore = pressed.model_copy(update={"step": CaseStep.IGNORE})
        rows.append([button(_("🙈 Ignore this number"), ignore)])
    if case.can_be_reopened_by(viewer, now=now):
        undo = pressed.model_copy(update={"step": CaseStep.REOPEN})
        is_ignored = case.closing_by_hand is not None and case.closing_by_hand.text is None
        rows.append([button(_("↩️ Stop ignoring") if is_ignored else _reopening(), undo)])
    again = pressed.model_copy(update={"step": CaseStep.OPEN})
    rows.append([button(_("⬅️ List"), pressed.back), button("🔄", again)])
    return keyboard(*rows)


def reopening(case_id: int) -> InlineKeyboardMarkup:
    """Under the words that a case was closed from its alert: the way back."""
    return keyboard([button(_reopening(), CaseButton(step=CaseStep.REOPEN, case=case_id))])


def _reopening() -> str:
    return _("↩️ Open again")


def people(persons: Sequence[Person], pressed: CaseButton) -> InlineKeyboardMarkup:
    """A button for each person whom the case can be handed to."""
    fields = pressed.model_dump(exclude={"step"})
    buttons = [
        button(short(one.name, _NAME_WIDTH) or "–", HandTo(employee=one.id, **fields))
        for one in persons
    ]
    back = button(_("⬅️ Back"), pressed.model_copy(update={"step": CaseStep.OPEN}))
    return keyboard(*in_rows(buttons, 2), [back])


def claim(case: Case) -> InlineKeyboardMarkup:
    """The answers to the question whether the owner still sees to the case."""
    more = CaseButton(step=CaseStep.EXTEND, case=case.id)
    back = CaseButton(step=CaseStep.RETURN, case=case.id)
    return keyboard([button(_("⏰ 10 more minutes"), more), button(_("↩️ Give back"), back)])


def _actions(case: Case, pressed: CaseButton, viewer: Employee | None) -> list[Row]:
    """The rows for taking, giving back, closing, handing on: only what can be done now.

    A group, where everybody sees the same, is offered what anybody could do: a press is judged
    when it comes.
    """

    def step(text: str, which: CaseStep) -> InlineKeyboardButton:
        return button(text, pressed.model_copy(update={"step": which}))

    if not (case.can_be_closed_by(viewer) if viewer else case.is_open):
        return []
    close = step(_("✅ Close"), CaseStep.CLOSE)
    can_hand = viewer is not None and case.can_be_handed_over_by(viewer)
    hand = [step(_("👥 Hand over"), CaseStep.HAND)] if can_hand else []
    if case.can_be_taken_by(viewer) if viewer else case.owner is None:
        take, say = step(_("🙋 Take"), CaseStep.TAKE), step(_("📝 Take and say"), CaseStep.SAY)
        return [[take, say], [close, *hand]]
    back = step(_("↩️ Give back"), CaseStep.RETURN)
    remind = button(_("⏰ Remind"), RemindMenu(call=case.call.id))
    return [[back, close], *([[remind, *hand]] if viewer else [])]

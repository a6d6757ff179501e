"""The cards of calls and of cases: their words, the buttons below, and how to draw them again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardMarkup

from bot.domain.calling_back import NO_CALL_BACK, CallBack
from bot.domain.calls import Call
from bot.domain.contacts import client_link
from bot.domain.people import Employee
from bot.views import calls as call_views
from bot.views import cases as case_views
from keyboards import calls as call_keyboards
from keyboards import cases as case_keyboards
from keyboards.callbacks import Card, CaseButton, CaseStep, CommentButton, CommentStep
from storage.cases import CaseRepo
from storage.journal import JournalRepo
from storage.open_cards import DrawnCard


@dataclass(frozen=True, slots=True)
class CardScreen:
    """A card, put into words.

    `warning`: a toast for one who opens it while a colleague has the client. `drawn`: how to draw
    it again, and what it shows without a passing note.
    """

    text: str
    markup: InlineKeyboardMarkup
    warning: str | None
    drawn: DrawnCard


@dataclass(frozen=True, slots=True)
class Cards:
    """Draws cards as one person sees them; built once, for handlers and for the Alerter.

    `can_be_heard`: whether a call has a recording at an address that may be asked. `call_back`:
    whom a person may call through a PBX. `client_url`: the setting of that name. The methods raise
    NotFoundError, NoAccessError.
    """

    journal: JournalRepo
    cases: CaseRepo
    zone: ZoneInfo
    can_be_heard: Callable[[Call], bool]
    call_back: CallBack = NO_CALL_BACK
    client_url: str = ""

    async def of_call(
        self,
        pressed: Card,
        viewer: Employee,
        *,
        now: int,
        note: str | None = None,
        undo: int | None = None,
    ) -> CardScreen:
        """The card of a call, with the way back of the button pressed.

        `undo`: the version of the comment's deletion that can be undone.
        """
        call = await self.journal.get(pressed.call, viewer.scope)
        if call.comment:
            undo = None
        is_heard = call.can_be_heard_by(viewer) and self.can_be_heard(call)
        markup = call_keyboards.card(
            call,
            pressed,
            viewer,
            can_be_heard=is_heard,
            now=now,
            undo=undo,
            can_call_back=call.can_be_called_back_by(viewer)
            and bool(self.call_back.phones(call, viewer)),
            client_url=client_link(self.client_url, call.client),
        )
        plain = call_views.card(call, now=now, zone=self.zone)
        text = call_views.card(call, now=now, zone=self.zone, note=note) if note else plain
        origin: CallbackData = pressed
        if undo is not None:
            fields = pressed.model_dump()
            origin = CommentButton(step=CommentStep.RESTORE, version=undo, **fields)
        case = call.case
        return CardScreen(
            text,
            markup,
            case_views.colleague_has_it(case, viewer, now=now, zone=self.zone) if case else None,
            DrawnCard(origin.pack(), call.id, None, fingerprint(plain, markup), now),
        )

    async def of_case(self, pressed: CaseButton, viewer: Employee, *, now: int) -> CardScreen:
        """The card of a case, with the way back to the list it was opened from."""
        opening = pressed.model_copy(update={"step": CaseStep.OPEN})
        case = await self.cases.get(opening.case, viewer.scope)
        text = case_views.card(case, now=now, zone=self.zone)
        can_call_back = bool(self.call_back.phones(case.call, viewer))
        markup = case_keyboards.card(
            case,
            opening,
            viewer,
            now=now,
            can_call_back=can_call_back,
            client_url=client_link(self.client_url, case.client),
        )
        return CardScreen(
            text,
            markup,
            case_views.colleague_has_it(case, viewer, now=now, zone=self.zone),
            DrawnCard(opening.pack(), None, case.id, fingerprint(text, markup), now),
        )

    async def again(self, drawn: DrawnCard, viewer: Employee, *, now: int) -> CardScreen:
        """The card as it would be drawn at the moment, with the same way back."""
        if drawn.case_id is not None:
            return await self.of_case(CaseButton.unpack(drawn.origin), viewer, now=now)
        prefix = drawn.origin.partition(":")[0]
        if prefix == CommentButton.__prefix__:
            deletion = CommentButton.unpack(drawn.origin)
            return await self.of_call(deletion.card, viewer, now=now, undo=deletion.version)
        return await self.of_call(Card.unpack(drawn.origin), viewer, now=now)


def fingerprint(text: str, markup: InlineKeyboardMarkup | None) -> str:
    """A digest of what a message shows: the same one means that no edit is needed."""
    buttons = markup.model_dump_json(exclude_none=True) if markup else ""
    return hashlib.sha256(f"{text}\0{buttons}".encode()).hexdigest()[:32]

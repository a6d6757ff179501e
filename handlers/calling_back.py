"""Calling a client back: the PBX rings one's own phone, then the client.

The button stands on cards and under alerts. How the call goes is told in the person's own chat, in
one message that the Alerter keeps true.
"""

import secrets
from dataclasses import dataclass

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from bot.dialling.dialler import Dialler
from bot.domain.calling_back import Beginning, CallBack, phone_code
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.errors import AnothersError, NoAccessError, NoClientsError, NoPhoneError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer, show, write_to
from bot.views import calling_back as views
from bot.views import groups as group_views
from keyboards import calling_back as keyboards
from keyboards.callbacks import CallBackButton, CallBackFrom
from storage.cases import CaseRepo
from storage.dials import DialRepo
from storage.journal import JournalRepo


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(call_back, CallBackButton.filter())
    router.callback_query.register(call_back_from, CallBackFrom.filter())
    return router


@dataclass(frozen=True, slots=True)
class CallBackScreens:
    """What calls clients back; built once, with the dispatcher."""

    journal: JournalRepo
    cases: CaseRepo
    dials: DialRepo
    dialler: Dialler
    reach: CallBack
    clock: Clock

    async def call_of(self, call_id: int, employee: Employee) -> tuple[Call, tuple[str, ...]]:
        """The call whose client is meant, and the phones from which this person may call them.

        Of a case that a group was told of it is the latest lost call. Raises NotFoundError,
        NoAccessError.
        """
        if not employee.role.takes_clients:
            raise NoClientsError(f"employee {employee.id} takes no clients")
        try:
            call = await self.journal.get(call_id, employee.scope)
        except NoAccessError:
            case_id = await self.cases.find_of_call(call_id)
            if case_id is None:
                raise
            call = (await self.cases.get_to_take(case_id, employee)).call
        if not call.can_be_called_back_by(employee):
            raise AnothersError(f"the client of call {call.id} is another's")
        phones = self.reach.phones(call, employee)
        if not phones:
            raise NoPhoneError(f"no phone of employee {employee.id} for call {call.id}")
        return call, phones

    async def begin(
        self,
        query: CallbackQuery,
        call: Call,
        extension: str,
        employee: Employee,
        *,
        in_place: bool = False,
    ) -> None:
        """Begin the call unless there is one under way; what is pressed twice is begun once."""
        message, handed_on = query.message, self.dialler.hands_on
        beginning, dial = await self.dials.begin(
            employee,
            press=query.id,
            ref=f"dzvinok-{secrets.token_hex(8)}",
            source=call.source,
            extension=extension,
            number=call.client or "",
            origin_id=call.id,
            now=self.clock(),
            message_id=message.message_id if in_place and message else None,
            handed_on=handed_on,
        )
        if beginning is not Beginning.BEGUN:
            await answer(query, views.barred(beginning, dial), alert=True)
            return
        if not handed_on:
            self.dialler.start(dial)
        await answer(query, views.begun(extension))


async def call_back(
    query: CallbackQuery,
    callback_data: CallBackButton,
    employee: Employee,
    call_back_screens: CallBackScreens,
    bot: Bot,
) -> None:
    call, phones = await call_back_screens.call_of(callback_data.call, employee)
    if len(phones) == 1:
        await call_back_screens.begin(query, call, phones[0], employee)
        return
    text, markup = views.choose_phone(call), keyboards.phones(call.id, phones)
    if await write_to(bot, employee.tg_id, text, markup):
        await answer(query)
    else:
        await answer(query, group_views.start_me_first(), alert=True)


async def call_back_from(
    query: CallbackQuery,
    callback_data: CallBackFrom,
    employee: Employee,
    call_back_screens: CallBackScreens,
) -> None:
    """Call from the phone that was chosen; how it goes stands in place of the question."""
    if callback_data.code < 0:
        await show(query, views.not_called())
        return
    call, phones = await call_back_screens.call_of(callback_data.call, employee)
    chosen = [one for one in phones if phone_code(one) == callback_data.code]
    if not chosen:
        raise NoPhoneError(f"phone of employee {employee.id}")
    await call_back_screens.begin(query, call, chosen[0], employee, in_place=True)

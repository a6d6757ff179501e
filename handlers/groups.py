"""Group chats: connecting them, the buttons of their alerts, being removed or upgraded.

Only what is listed here is answered in a group; all other talk there is none of the bot's.
"""

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, ChatMemberRestricted, ChatMemberUpdated, Message
from aiogram.types.chat_member_union import ChatMemberUnion
from aiogram.utils.i18n import I18n

from bot.domain.audit import By
from bot.domain.clock import Clock
from bot.domain.errors import NoAccessError, NotRungError
from bot.domain.groups import Group
from bot.domain.people import Employee, Role
from bot.telegram.filters import HasRole, Where
from bot.telegram.open_cards import drawing
from bot.telegram.reply import Event, answer, show, write_to
from bot.views import groups as views
from handlers import fallback
from handlers.alert_lists import open_listed
from handlers.calling_back import call_back
from handlers.calls import CardScreens
from handlers.cases import create_case_actions
from keyboards import groups as keyboards
from keyboards.callbacks import (
    AlertCard,
    CallBackButton,
    Card,
    CaseButton,
    CaseStep,
    GroupAll,
    GroupPlace,
    GroupStop,
    ListedCase,
)
from storage.groups import GroupRepo

_ANONYMOUS = 1087968824
"""Who seems to write when an administrator of a group writes in its name."""

_GROUPS = {"group", "supergroup"}
_PRESENT = {"member", "administrator", "creator"}
_OF_ALERTS = {CaseStep.TAKE, CaseStep.SAY, CaseStep.RETURN, CaseStep.CLOSE}


def create_router() -> Router:
    """What is answered in groups."""
    router = Router(name=__name__)
    router.message.filter(Where(F.chat.type.in_(_GROUPS)))
    router.callback_query.filter(Where(F.message.chat.type.in_(_GROUPS)))
    administrator = HasRole(Role.ADMINISTRATOR)
    router.message.register(connect_command, Command("connect"), administrator)
    router.message.register(refuse_command, Command("connect"), HasRole())
    router.message.register(
        refuse_anonymous, Command("connect"), Where(F.from_user.id == _ANONYMOUS)
    )
    router.message.register(upgraded, Where(F.migrate_to_chat_id))
    router.message.register(upgraded_here, Where(F.migrate_from_chat_id))
    router.message.register(renamed, Where(F.new_chat_title))
    router.callback_query.register(set_place, GroupPlace.filter(), administrator)
    router.callback_query.register(hear_all, GroupAll.filter(), administrator)
    router.callback_query.register(stop, GroupStop.filter(), administrator)
    for kind in (GroupPlace, GroupAll, GroupStop):
        router.callback_query.register(refuse_button, kind.filter())
    router.callback_query.register(card_to_own_chat, AlertCard.filter(), HasRole())
    router.callback_query.register(open_listed, ListedCase.filter(), HasRole())
    router.callback_query.register(call_back, CallBackButton.filter(), HasRole())
    actions = create_case_actions()  # lists of people and cards are for a person's own chat
    actions.callback_query.filter(CaseButton.filter(F.board.is_(None) & F.step.in_(_OF_ALERTS)))
    router.include_router(actions)
    router.my_chat_member.register(membership, Where(F.chat.type.in_(_GROUPS)))
    rest = Router(name=f"{__name__}.rest")
    rest.callback_query.register(fallback.stale_button)
    router.include_router(rest)
    return router


def create_private() -> Router:
    """The handlers that tell a person, in their own chat, how to connect a group."""
    router = Router(name=f"{__name__}.private")
    router.message.filter(HasRole(Role.ADMINISTRATOR))
    router.message.register(explain_command, Command("connect"))
    return router


async def explain_command(message: Message) -> None:
    await message.answer(views.how_to_connect())


async def connect_command(
    message: Message, employee: Employee, groups: GroupRepo, clock: Clock
) -> None:
    group = await groups.connect(
        message.chat.id,
        _thread(message),
        title=message.chat.title or "–",
        by=employee,
        now=clock(),
    )
    await _show_group(message, group, groups)


async def refuse_command(message: Message) -> None:
    await message.answer(views.only_administrators())


async def refuse_anonymous(message: Message) -> None:
    """Say that an anonymous administrator has to write under their own name.

    Only administrators of the group can write in its name, so this is said to no stranger.
    """
    await message.answer(views.not_in_the_name_of_the_group())


async def refuse_button(query: CallbackQuery) -> None:
    await answer(query, views.only_administrators(), alert=True)


async def set_place(
    query: CallbackQuery,
    callback_data: GroupPlace,
    employee: Employee,
    groups: GroupRepo,
    clock: Clock,
) -> None:
    wish, by = callback_data, By(employee.id, clock())
    await groups.set_place(wish.group, wish.code, is_wanted=wish.is_wanted, by=by)
    await _show_group(query, await groups.get(callback_data.group), groups)


async def hear_all(
    query: CallbackQuery,
    callback_data: GroupAll,
    employee: Employee,
    groups: GroupRepo,
    clock: Clock,
) -> None:
    await groups.hear_all(callback_data.group, by=By(employee.id, clock()))
    await _show_group(query, await groups.get(callback_data.group), groups)


async def stop(
    query: CallbackQuery,
    callback_data: GroupStop,
    employee: Employee,
    groups: GroupRepo,
    clock: Clock,
) -> None:
    await groups.disconnect(callback_data.group, by=By(employee.id, clock()))
    await show(query, views.disconnected())


async def card_to_own_chat(
    query: CallbackQuery,
    callback_data: AlertCard,
    employee: Employee,
    card_screens: CardScreens,
    bot: Bot,
) -> None:
    """Send the card to the person's own chat: the group may not see all that is on it."""
    try:
        card = await card_screens.card(Card(call=callback_data.call), employee)
    except NoAccessError as error:
        raise NotRungError(f"the card of call {callback_data.call}") from error
    with drawing(card.drawn):
        sent = await write_to(bot, employee.tg_id, card.text, card.markup)
    if sent:
        await answer(query, card.warning or views.sent_to_own_chat())
    else:
        await answer(query, views.start_me_first(), alert=True)


async def membership(
    event: ChatMemberUpdated, groups: GroupRepo, clock: Clock, bot: Bot, i18n: I18n
) -> None:
    """Note that the bot was removed from a group, or greet one it is back in."""
    if not _is_in(event.new_chat_member):
        await groups.leave(event.chat.id, None, now=clock())
    elif not _is_in(event.old_chat_member):
        known = await groups.list_of_chat(event.chat.id)
        if known and not any(group.is_active for group in known):
            with i18n.use_locale(known[0].language):
                await write_to(bot, event.chat.id, views.back())


async def upgraded(message: Message, groups: GroupRepo) -> None:
    if message.migrate_to_chat_id:
        await groups.migrate(message.chat.id, message.migrate_to_chat_id)


async def upgraded_here(message: Message, groups: GroupRepo) -> None:
    """Note the same move as `upgraded`, told in the new chat; whichever comes first moves all."""
    if message.migrate_from_chat_id:
        await groups.migrate(message.migrate_from_chat_id, message.chat.id)


async def renamed(message: Message, groups: GroupRepo) -> None:
    await groups.set_title(message.chat.id, message.chat.title or "–")


async def _show_group(event: Event, group: Group, groups: GroupRepo) -> None:
    if not group.is_active:
        await show(event, views.disconnected())
        return
    known = dict.fromkeys((*await groups.places(), *group.places))
    markup = keyboards.group(
        group.id,
        [(place.code, place.name) for place in known],
        {place.code for place in group.places},
    )
    await show(event, views.connected([place.name for place in group.places]), markup)


def _is_in(member: ChatMemberUnion) -> bool:
    return member.status in _PRESENT or (
        isinstance(member, ChatMemberRestricted) and member.is_member
    )


def _thread(message: Message) -> int:
    return (message.message_thread_id or 0) if message.is_topic_message else 0

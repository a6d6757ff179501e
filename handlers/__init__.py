"""The map of the bot: its routers, in the order in which they are asked."""

from aiogram import F, Router
from aiogram.filters.callback_data import CallbackData, CallbackQueryFilter

from bot.telegram.filters import IsButton, NotSharedByUs, Where
from handlers import (
    alert_lists,
    audit,
    batches,
    board,
    calling_back,
    calls,
    cases,
    comment_history,
    comments,
    company,
    contact_book,
    contact_files,
    contacts,
    digests,
    exports,
    fallback,
    groups,
    health,
    inline,
    invites,
    left_dialogs,
    log_views,
    recordings,
    reminders,
    search,
    settings,
    staff,
    start,
    statistics,
)


def create_routers() -> list[Router]:
    private = Router(name="private")
    private.message.filter(Where(F.chat.type == "private"), NotSharedByUs())
    private.edited_message.filter(Where(F.chat.type == "private"))
    private.callback_query.filter(Where(F.message.chat.type == "private"))
    private.include_routers(
        calls.create_router(),  # first: each router before it would cost a turn of a page 1 %
        log_views.create_router(),
        statistics.create_router(),
        exports.create_router(),
        comments.create_router(),
        comment_history.create_router(),
        contacts.create_router(),
        contact_book.create_router(),
        contact_files.create_router(),
        staff.create_router(),
        invites.create_router(),
        audit.create_router(),
        inline.create_router(),  # before the links of invites
        start.create_router(),
        alert_lists.create_router(),
        board.create_router(),
        batches.create_router(),
        cases.create_router(),
        reminders.create_router(),
        recordings.create_router(),
        calling_back.create_router(),
        settings.create_router(),
        company.create_router(),
        digests.create_router(),
        health.create_router(),
        groups.create_private(),
        left_dialogs.create_router(),
        search.create_router(),
        fallback.create_router(),
    )
    for router in private.sub_routers:
        kinds = _kinds_of_buttons(router)
        if None not in kinds:  # most routers have none of a press: they are asked once
            router.callback_query.filter(IsButton(kind for kind in kinds if kind))
    return [groups.create_router(), private]


def _kinds_of_buttons(router: Router) -> set[type[CallbackData] | None]:
    """The kinds of buttons that a router takes; None is among them if it may take any."""
    kinds: set[type[CallbackData] | None] = set()
    for one in router.chain_tail:
        for handler in one.callback_query.handlers:
            filters = [each.callback for each in handler.filters or ()]
            of_kind = [each for each in filters if isinstance(each, CallbackQueryFilter)]
            kinds.add(of_kind[0].callback_data if of_kind else None)
    return kinds

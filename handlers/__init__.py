"""The map of the bot: its routers, in the order in which they are asked."""

from aiogram import F, Router

from handlers import (
    alert_lists,
    batches,
    board,
    calling_back,
    calls,
    cases,
    comment_history,
    comments,
    company,
    contacts,
    digests,
    fallback,
    groups,
    health,
    invites,
    left_dialogs,
    recordings,
    reminders,
    settings,
    staff,
    start,
)


def create_routers() -> list[Router]:
    private = Router(name="private")
    private.message.filter(F.chat.type == "private")
    private.edited_message.filter(F.chat.type == "private")
    private.callback_query.filter(F.message.chat.type == "private")
    private.include_routers(
        comments.create_router(),
        comment_history.create_router(),
        contacts.create_router(),
        staff.create_router(),
        invites.create_router(),
        start.create_router(),
        alert_lists.create_router(),
        board.create_router(),
        batches.create_router(),
        cases.create_router(),
        reminders.create_router(),
        recordings.create_router(),
        calling_back.create_router(),
        calls.create_router(),
        settings.create_router(),
        company.create_router(),
        digests.create_router(),
        health.create_router(),
        groups.create_private(),
        left_dialogs.create_router(),
        fallback.create_router(),
    )
    return [groups.create_router(), private]

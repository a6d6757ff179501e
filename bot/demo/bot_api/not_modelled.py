"""What Telegram does and this server does not: each such request is refused loudly, with 501.

Besides the names below, refused where they are read: methods without a handler (`server`),
Markdown as a parse_mode (`formatting.text`), a live location and a reply to another chat
(`methods.sending`), media of other kinds and files taken from an HTTP URL (`methods.arguments`),
and in inline mode results that are no article with a text, and buttons with callback_data under
them: their presses, and edits of such a message, go by inline_message_id (`methods.inline`).

Left out in silence, because a bot gets no error from Telegram there either: phone numbers and bank
cards in a text are not found (only Telegram's servers know how), photos and sounds stay as they
came, thumbnails of inline results are not shown, and only the updates that `people` and `groups`
cause are ever sent.
"""

from bot.demo.bot_api.errors import ApiError
from bot.demo.bot_api.fields import Args

PARAMETERS = (
    "business_connection_id",
    "direct_messages_topic_id",
    "ephemeral_message_parameters",
    "suggested_post_parameters",
    "message_effect_id",
    "allow_paid_broadcast",
    "inline_message_id",
    "rich_message",
    "cover",
)
"""Parameters of the methods that send and edit."""

REPLY_PARAMETERS = (
    "ephemeral_message_id",
    "quote",
    "checklist_task_id",
    "poll_option_id",
)
BUTTON_ACTIONS = ("login_url", "callback_game", "pay")


def not_modelled(what: str) -> ApiError:
    return ApiError(501, f"{what} is not modelled by the demo server: add it to bot/demo/bot_api")


def refuse_unmodelled(args: Args) -> None:
    """Raise ApiError 501 if the request asks for anything in the lists above."""
    for name in PARAMETERS:
        if args.values.get(name):
            raise not_modelled(f"{name} of {args.method}")
    for name in REPLY_PARAMETERS:
        if name in (args.find_object("reply_parameters") or {}):
            raise not_modelled(f"{name} of reply_parameters")

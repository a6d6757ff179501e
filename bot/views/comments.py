"""The dialogs in which a comment is written."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import COMMENT_LIMIT, Call, Comment
from bot.views import parties
from bot.views.dialogs import text_limit, too_long
from bot.views.formats import brief, cut, hour_minute, quoted


def ask_comment(call: Call, zone: ZoneInfo) -> str:
    """Asks for a comment; the present one, if any, stands ready to be copied."""
    lines = [_title(call, zone)]
    if call.comment:
        lines += ["", _("Now it says (tap to copy):"), _copied(call.comment.text)]
    lines += ["", text_limit()]
    return "\n".join(lines)


def conflict(theirs: Comment | None, mine: str) -> str:
    """Shows both texts when a colleague has changed the comment meanwhile; asks which stays."""
    if theirs:
        them = _("Meanwhile {author} wrote:").format(author=brief(theirs.author))
        lines = [them, _copied(theirs.text)]
    else:
        lines = [_("Meanwhile a colleague deleted the comment.")]
    lines += ["", _("Your text:"), _copied(mine), "", _("Which one stays?")]
    return "\n".join(lines)


def ask_to_add(call: Call, joined: str, zone: ZoneInfo) -> str:
    """Answers a text sent after the comment was saved: it is not lost, and not added by itself."""
    return _ask_to_change(
        _("This text came after the comment was saved. Add it?"), call, joined, zone
    )


def ask_to_replace(call: Call, text: str, zone: ZoneInfo) -> str:
    """Answers the editing of a message in Telegram after the comment was saved."""
    return _ask_to_change(
        _("You have edited a message. Change the comment too?"), call, text, zone
    )


def _ask_to_change(question: str, call: Call, text: str, zone: ZoneInfo) -> str:
    lines = [_title(call, zone), question, ""]
    lines += [too_long(text)] if len(text) > COMMENT_LIMIT else [_("It will say:"), _copied(text)]
    return "\n".join(lines)


def saved() -> str:
    return _("Saved")


def restored() -> str:
    return _("The comment is back")


def too_late_to_restore() -> str:
    return _("It can no longer be brought back.")


def _title(call: Call, zone: ZoneInfo) -> str:
    title = _("Comment on the call at {time}, {client}").format(
        time=hour_minute(call.started_at, zone),
        client=quoted(cut(parties.client_name(call), 60)),
    )
    return f"<b>{title}</b>"


def _copied(text: str) -> str:
    """A comment's text, ready to be copied by a tap."""
    return f"<code>{quoted(cut(text, COMMENT_LIMIT))}</code>"

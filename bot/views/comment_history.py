"""What a call's comment was before: who changed it, when, and how."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import COMMENT_LIMIT, Call, CommentChange
from bot.views import parties
from bot.views.formats import brief, cut, quoted, when

SHOWN = 8
"""So many changes, each with two texts, fit a message."""


def comment_history(
    call: Call, changes: Sequence[CommentChange], *, now: int, zone: ZoneInfo
) -> str:
    client = quoted(cut(parties.client_title(call), 100))
    lines = ["📜 <b>" + _("Changes of the comment") + "</b>", client]
    if call.comment_changes > len(changes):
        lines.append(_("The latest {count} are shown.").format(count=len(changes)))
    for change in changes:
        if change.new is None:
            words = _("{time}, {who} deleted:")
        elif change.old is None:
            words = _("{time}, {who} wrote:")
        else:
            words = _("{time}, {who} changed:")
        time = when(change.at, now=now, zone=zone)
        lines += ["", words.format(time=time, who=brief(change.author, 64))]
        if change.old is not None:
            lines.append(f"<s>{_text(change.old)}</s>")
        if change.new is not None:
            lines.append(_text(change.new))
    return "\n".join(lines)


def _text(text: str) -> str:
    return quoted(cut(text, COMMENT_LIMIT))

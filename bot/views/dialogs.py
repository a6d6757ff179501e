"""What dialogs say, whatever they ask about: what is wrong with an answer, that they are over."""

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.calls import COMMENT_LIMIT
from bot.views.formats import brief, quoted


def text_limit() -> str:
    return _("Send the text, up to {limit} characters.").format(limit=COMMENT_LIMIT)


def text_expected() -> str:
    """Answers a picture, a sticker and the like."""
    return _("I take text only here: no pictures, stickers or voice.") + " " + text_limit()


def not_a_text() -> str:
    """The same, where a time, hours, a name or extensions are asked for."""
    return _("I expect a text here. Send it, or leave with /cancel.")


def empty_text() -> str:
    return _("There is no text in this.") + " " + text_limit()


def too_long(text: str) -> str:
    """Says by how much a text is too long; shows the beginning that fits, ready to be copied."""
    over = len(text) - COMMENT_LIMIT
    words = ngettext(
        "Too long by {count} character. This beginning fits:",
        "Too long by {count} characters. This beginning fits:",
        over,
    ).format(count=over)
    beginning = quoted(text[:COMMENT_LIMIT])
    return f"{words}\n<pre>{beginning}</pre>\n" + _("Save it like this, or send a shorter text.")


def not_understood(piece: str) -> str:
    """Answers a typed time, date or hours, of which `piece` cannot be read."""
    return _("I do not understand “{piece}”.").format(piece=brief(piece))


def in_own_chat() -> str:
    return _("Let's continue in your chat with me")


def cancelled() -> str:
    return _("Cancelled, nothing was changed.")


def is_over() -> str:
    return _("This question is no longer open; nothing was changed.")


def was_left() -> str:
    """Answers a text that was typed after its question was left for another screen."""
    return _(
        "This was not saved: you had left the question for another screen. "
        "Press its button once more (for a comment, 💬 on the card) and send the text again."
    )


def edited() -> str:
    """Answers the editing of a message in Telegram, which we have read already."""
    return _(
        "You have edited a message; that changes nothing I have saved. "
        "To change a comment, press ✏️ on the call's card; send anything else again."
    )

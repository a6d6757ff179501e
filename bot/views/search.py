"""Looking for calls: what is asked, what is told of what cannot be looked for."""

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.people import Scope
from bot.domain.search import MOST_SIGNS, Found, Unclear
from bot.views.formats import quoted


def ask(bot: str | None) -> str:
    """`bot`: its name without the @ if calls can be found from within any chat."""
    told = (
        "<b>" + _("Search") + "</b>\n" + _("Send me part of what you remember:") + "\n" + _kinds()
    )
    if bot:
        told += "\n\n" + _(
            "To share a call in another chat, without the client's number, type @{bot} there, "
            "and after a space what you look for."
        ).format(bot=bot)
    return told


def title(query: str) -> str:
    """Of the list of what was found. Quoted."""
    return _("Search: {query}").format(query=quoted(query))


def note(found: Found | None) -> str:
    """What is to be known of what was found, if anything."""
    if found is None or not found.is_alike or not found:
        return ""
    return "<i>" + _("Not found as it is written. Alike:") + "</i>"


def nothing(scope: Scope) -> str:
    """That a search has found no calls, and what it looks at."""
    told = _("There are no such calls.")
    if not scope.is_all:
        told = _("There are no such calls among those of your extensions.")
    return "\n".join(
        [
            told,
            "",
            _("I look for:"),
            _kinds(),
            "",
            _("/today – today's calls, /missed – clients not called back, /help – all I can do."),
        ]
    )


def unclear(why: Unclear) -> str:
    """Why nothing can be looked for."""
    match why:
        case Unclear.TOO_LONG:
            most = ngettext(
                "This is too long to look for: {count} character at most.",
                "This is too long to look for: {count} characters at most.",
                MOST_SIGNS,
            ).format(count=MOST_SIGNS)
            return most + " " + _("To comment on a call, press 💬 on its card.")
        case Unclear.TOO_SHORT:
            return _("Too short: send three digits of a number or two letters at least.")
        case Unclear.ONLY_SIGNS:
            return _("I can look for letters and digits only.") + "\n" + _kinds()


def _kinds() -> str:
    return "\n".join(
        f"• {one}"
        for one in (
            _("a client's number, or three digits of it"),
            _("the name of a client or a colleague"),
            _("a word of a comment"),
        )
    )

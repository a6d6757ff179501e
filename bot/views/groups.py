"""Group chats that hear of lost calls: connecting one, choosing what it hears of."""

from collections.abc import Sequence

from aiogram.utils.i18n import gettext as _

from bot.views.formats import brief


def connected(places: Sequence[str]) -> str:
    """Tells a group what it will get; `places`: the names of lines and queues, none for all."""
    if places:
        heard = _("Only these lines and queues: {places}").format(
            places=", ".join(brief(place, 40) for place in places)
        )
    else:
        heard = _("All lines and queues")
    return "\n".join(
        [
            "<b>" + _("Missed calls will be announced here") + "</b>",
            heard,
            "",
            _(
                "Everybody in this chat sees the clients' numbers; the buttons are for "
                "employees only."
            ),
        ]
    )


def disconnected() -> str:
    return _("Missed calls are no longer announced here. To begin again: /connect")


def back() -> str:
    """Greets a group that was connected before the bot was removed from it."""
    return _("I am back in this group. To have missed calls announced here again: /connect")


def only_administrators() -> str:
    return _("Only an administrator of the bot can do this.")


def not_in_the_name_of_the_group() -> str:
    return _(
        "You write in the name of the group, so I cannot see who you are. "
        "Switch off “Remain anonymous” and send /connect again."
    )


def how_to_connect() -> str:
    return _(
        "Add me to a group, and write /connect there, or in one of its topics. "
        "Then missed calls will be announced there too."
    )


def sent_to_own_chat() -> str:
    return _("Sent to your chat with me")


def start_me_first() -> str:
    return _("First open your chat with me and press START")


def lost(title: str) -> str:
    """Tells the administrators that a group cannot be written to."""
    return _(
        "⚠️ I can no longer write to the group “{title}”, missed calls are not announced there. "
        "To connect it again: /connect there."
    ).format(title=brief(title))

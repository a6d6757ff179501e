"""A recording in the chat: what it is called there, and that it is coming."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Call
from bot.domain.hours import local_date, local_time
from bot.views import parties
from bot.views.formats import cut, day, hour_minute

_TITLE_WIDTH = 40


def title(call: Call, zone: ZoneInfo) -> str:
    """Plain text for the player: who, and when it began."""
    client = cut(parties.client_name(call), _TITLE_WIDTH)
    on = day(local_date(call.started_at, zone))
    return f"{client}, {on}, {hour_minute(call.started_at, zone)}"


def filename(call: Call, zone: ZoneInfo) -> str:
    """Without the suffix; sorts by time, and no outsider's word in it."""
    client = call.client.removeprefix("+") if call.client else str(call.id)
    return f"{local_time(call.started_at, zone):%Y-%m-%d_%H-%M}_{client}"


def on_its_way() -> str:
    return _("The recording is on its way.")


def in_line() -> str:
    return _("The recording waits for its turn and will come here by itself.")

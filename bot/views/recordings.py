"""What a recording is called in the chat."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.models import Call
from bot.views import parties
from bot.views.formats import cut, hour_minute, local, short_day


def title(call: Call, zone: ZoneInfo) -> str:
    """Plain text."""
    day, time = short_day(local(call.started_at, zone).date()), hour_minute(call.started_at, zone)
    return _("Call {day}, {time}").format(day=day, time=time)


def performer(call: Call) -> str:
    """Plain text."""
    return cut(parties.client_title(call), 64)

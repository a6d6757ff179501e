"""A recording in the chat: what it is called there, and that it is coming."""

from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Call
from bot.domain.hours import local_date, local_time
from bot.views import parties
from bot.views.formats import cut, day, duration, hour_minute, quoted

_TITLE_WIDTH = 40
_NAME_WIDTH = 64


def title(call: Call, zone: ZoneInfo) -> str:
    """Plain text for the player: who, and when it began."""
    client = cut(parties.client_name(call), _TITLE_WIDTH)
    on = day(local_date(call.started_at, zone))
    return f"{client}, {on}, {hour_minute(call.started_at, zone)}"


def caption(call: Call, zone: ZoneInfo, *, part: int, parts: int) -> str:
    """HTML: who with whom, when, how long they talked; which part it is, if there are several."""
    names = [parties.caller_name(call), parties.callee_name(call)]
    who = " → ".join(cut(name, _NAME_WIDTH) for name in names)
    on = day(local_date(call.started_at, zone))
    facts = [f"{on}, {hour_minute(call.started_at, zone)}", duration(call.talk)]
    if parts > 1:
        facts.append(f"{part}/{parts}")
    return f"{quoted(who)}\n{' · '.join(facts)}"


def filename(call: Call, zone: ZoneInfo) -> str:
    """Without the suffix; sorts by time, and no outsider's word in it."""
    client = call.client.removeprefix("+") if call.client else str(call.id)
    return f"{local_time(call.started_at, zone):%Y-%m-%d_%H-%M}_{client}"


def on_its_way() -> str:
    return _("The recording is on its way.")


def in_line() -> str:
    return _("The recording waits for its turn and will come here by itself.")

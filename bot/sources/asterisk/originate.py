"""Beginning calls over AMI (Originate): an extension is rung, then connected with a number.

As FreePBX's own user panel does it: `Local/101@originate-skipvm` rings the telephone of 101 and
never its voicemail, which would answer in its place; once it is picked up the number is dialled in
`from-internal`, as if 101 had dialled it. Asterisk answers at once that it will, and tells what
became of the extension by an event, OriginateResponse. Both have the ActionID of what they answer.

The uniqueid of the first channel, and so the id of the call, is one that we choose (ChannelId): it
is known before anything rings, and whatever becomes of it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.config.sources import AmiSettings, AsteriskSettings
from bot.domain.errors import PhoneError, SourceAuthError, SourceError, UnsureError
from bot.domain.phones import NumberPlan
from bot.sources.asterisk.ami import AmiConnection
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.http_api import reason_of

RING_SECONDS = 30
"""How long the extension is rung."""

HEARS = frozenset({"OriginateResponse", "DialEnd"})
"""The events that tell what became of it; both are of the class `call`."""

_SLACK_SECONDS = 10

_END_SECONDS = 1.0
"""For which a DialEnd is waited for that the OriginateResponse has overtaken."""

_BUSY = "5"
_IN_VAIN = frozenset({"1", "2", "3"})
"""Reasons of an OriginateResponse: it was hung up, or rang until the time was over."""

_NEEDED = "originate"
_LISTING = "list-of-commands"


@dataclass(frozen=True, slots=True)
class Manner:
    """How an Asterisk rings an extension, {extension}, and then dials a number, {number}.

    `caller` is whom the telephone shows; `needs`: what the user needs for it.
    """

    channel: str
    context: str
    caller: str
    needs: str
    variable: str = ""


class Originating:
    """The calls that are begun over the connection of one Asterisk."""

    def __init__(
        self, manner: Manner, numbers: NumberPlan, is_extension: Callable[[str], bool]
    ) -> None:
        self._manner = manner
        self._numbers = numbers
        self._is_extension = is_extension
        self._connection: AmiConnection | None = None
        self._is_permitted = True
        self._answers: dict[str, asyncio.Future[Packet]] = {}
        self._outcomes: dict[str, asyncio.Future[Packet]] = {}
        self._ends: dict[str, asyncio.Future[Packet]] = {}
        """How dialling the extension ended, by DialEnd: of a Local channel no reason tells.

        Now the one comes first, now the other: Asterisk sends both in the same millisecond.
        """

    def connected(self, connection: AmiConnection) -> None:
        self._connection = connection
        self._is_permitted = True
        connection.send("ListCommands", ActionID=_LISTING)

    def lost(self) -> None:
        """The connection is gone, and what was to come over it does not come any more."""
        self._connection = None
        for waiting in (self._answers, self._outcomes):
            for future in waiting.values():
                if not future.done():
                    future.set_exception(UnsureError("the connection to Asterisk broke"))
                    future.exception()  # whoever waits hears of it; nobody may
            waiting.clear()
        self._ends.clear()

    def hear(self, packet: Packet) -> None:
        """Take a packet that came over the connection, if it answers something of ours."""
        action, event = packet.get("actionid", ""), packet.get("event", "").lower()
        if event == "dialend":
            _settle(self._ends.get(packet.get("destuniqueid", "")), packet)
        elif event == "originateresponse":
            _settle(self._outcomes.get(action), packet)
        elif "response" in packet and "event" not in packet:
            if action == _LISTING:
                is_list = packet["response"].lower() == "success"
                self._is_permitted = not is_list or _NEEDED in packet
            _settle(self._answers.pop(action, None), packet)

    def can_ring(self, extension: str) -> bool:
        return self._is_permitted and self._is_extension(extension)

    async def dial(self, extension: str, number: str, ref: str) -> str:
        connection = self._connection
        if connection is None:
            raise SourceError("Asterisk is not connected now")
        if not self.can_ring(extension):
            raise SourceError(f"{extension} is no extension here")
        dialled = self._numbers.dialled(number)

        def filled(template: str) -> str:
            return template.replace("{extension}", extension).replace("{number}", dialled)

        variable = {"Variable": filled(self._manner.variable)} if self._manner.variable else {}
        loop = asyncio.get_running_loop()
        self._answers[ref] = answering = loop.create_future()
        self._outcomes[ref] = loop.create_future()
        self._ends[ref] = loop.create_future()
        connection.send(
            "Originate",
            ActionID=ref,
            ChannelId=ref,
            Channel=filled(self._manner.channel),
            Context=self._manner.context,
            Exten=dialled,
            Priority="1",
            CallerID=filled(self._manner.caller),
            Timeout=str(RING_SECONDS * 1000),
            Async="true",
            **variable,
        )
        try:
            answer = await answering
        except BaseException:
            self._answers.pop(ref, None)
            self._forget(ref)
            raise
        if answer.get("response", "").lower() != "success":
            self._forget(ref)
            raise _refusal(answer.get("message", ""), self._manner.needs)
        return ref

    async def picked_up(self, ref: str) -> None:
        outcome, end = self._outcomes.get(ref), self._ends.get(ref)
        if outcome is None or end is None:
            raise UnsureError("nothing is known of this call")
        try:
            async with asyncio.timeout(RING_SECONDS + _SLACK_SECONDS):
                told = await outcome
            if told.get("response", "").lower() == "success":
                return
            reason = told.get("reason", "")
            is_busy = reason == _BUSY or await _dial_status(end) == "BUSY"
        except TimeoutError:
            raise UnsureError("Asterisk does not tell whether it was picked up") from None
        finally:
            self._forget(ref)
        is_off = not is_busy and reason not in _IN_VAIN
        raise PhoneError("it was not picked up", is_busy=is_busy, is_off=is_off)

    def _forget(self, ref: str) -> None:
        self._outcomes.pop(ref, None)
        self._ends.pop(ref, None)


def create_originating(settings: AsteriskSettings) -> Originating:
    manner = Manner(
        channel=settings.dial_channel,
        context=settings.dial_context,
        caller='"Dzvinok" <{extension}>',
        needs=settings.originates_by,
    )
    return Originating(manner, settings.number_plan, DialPlan(settings).is_extension)


async def check_permission(connection: AmiConnection, settings: AmiSettings) -> str | None:
    """What keeps the user from beginning calls, and what to do; None: nothing does."""
    listing = await connection.ask("ListCommands")
    if listing.get("response", "").lower() != "success" or _NEEDED in listing:
        return None
    return f"cannot call clients back (☎️): that needs {settings.originates_by}"


async def _dial_status(end: "asyncio.Future[Packet]") -> str:
    """Of the DialEnd; empty if none comes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            return (await end).get("dialstatus", "")
    return ""


def _settle(future: asyncio.Future[Packet] | None, packet: Packet) -> None:
    if future is not None and not future.done():
        future.set_result(packet)


def _refusal(message: str, needs: str) -> SourceError:
    said = f"Asterisk says: {reason_of(message) or 'no reason given'}"
    if "permission" in message.lower():
        return SourceAuthError(f"{said}; that needs {needs}")
    return SourceError(said)

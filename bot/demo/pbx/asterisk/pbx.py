"""An Asterisk that is listened to over AMI, and writes its history to `Master.csv`."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.page.sources import Source, Words
from bot.demo.pbx.asterisk.ami_server import Action, AmiServer, Said
from bot.demo.pbx.asterisk.cdr_csv import row
from bot.demo.pbx.asterisk.channels import Asterisk, Leg, as_bytes
from bot.demo.pbx.company import LINE, OPERATORS
from bot.demo.pbx.shop_calls import ShopCall
from bot.domain.clock import Clock

_FAILURES = {
    "no_answer": ("NOANSWER", 0, "NO ANSWER"),
    "rejected_by_subscriber": ("BUSY", 17, "BUSY"),
    "unreachable": ("CHANUNAVAIL", 20, "FAILED"),
}
"""How a call ends that nobody takes: its DialStatus, the Q.850 cause, the word of the CDR."""

_GIVEN_UP = ("CANCEL", 0, "NO ANSWER")

Originate = Callable[[str, str, str, str], None]
"""Told the extension to ring, the number to call then, the id of the action and, if one was
chosen, of the call."""


class AsteriskPbx:
    """Is a ShopPbx, and begins calls when it is asked to (Originate)."""

    about = Source(
        "asterisk",
        name=Words("Asterisk, FreePBX", "Asterisk, FreePBX"),
        how=Words(
            "Бот слухає її наживо через AMI, а пропущене дочитує з Master.csv.",
            "The bot listens to it live over AMI, and reads what it missed in Master.csv.",
        ),
        takes=Words(
            "користувача в manager.conf і чотири рядки в .env",
            "a user in manager.conf and four lines in .env",
        ),
        page=Words("pbx/asterisk.md", "pbx/asterisk.md"),
    )

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        """`directory` is where `Master.csv` is kept."""
        self.is_silent = False
        self._clock = clock
        self._csv = directory.resolve() / "Master.csv"
        self._unwritten: list[bytes] = []
        self._asterisk = Asterisk()
        self._legs: dict[int, list[Leg]] = {}
        self._server = _Server(username="dzvinok", secret=secrets.token_urlsafe(12))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._csv.touch()
        async with self._server.running():
            yield

    def settings(self) -> dict[str, object]:
        return {
            "kind": "asterisk",
            "timezone": "UTC",
            "host": "127.0.0.1",
            "port": self._server.port,
            "username": self._server.username,
            "secret": self._server.secret,
            "master_csv": str(self._csv),
        }

    async def turn_silence(self) -> None:
        self.is_silent = not self.is_silent
        if self.is_silent:
            await self._server.cut()
        else:
            self._write_history()
            await self._server.listen()

    def on_originate(self, originate: Originate) -> None:
        """Have this begin the calls that are asked for; until then none is."""
        self._server.originate = originate

    async def ring_own(self, call: ShopCall) -> None:
        """Ring the extension, before the client is called."""
        pbx = self._wake()
        first, second = pbx.local(f"{call.extension}@from-internal", ref=call.ref or "")
        pbx.begin(None, first, f"{call.extension}@from-internal")
        phone = pbx.dial(second, f"PJSIP/{call.extension}")
        self._legs[call.number] = [first, second, phone]
        await self._tell()

    async def take_own(self, call: ShopCall, action_id: str) -> None:
        """The extension is answered; whoever asked for the call with that action hears of it."""
        pbx = self._wake()
        first, second, phone = self._legs[call.number]
        pbx.talk(second, phone, f"own-{call.number}")
        pbx.answer(None, first)
        first.exten = call.national_number
        answer = {"actionid": action_id, "response": "Success", "reason": "4"}
        pbx.say("OriginateResponse", answer, first.packet())
        await self._tell()

    async def begin(self, call: ShopCall) -> None:
        pbx, number = self._wake(), call.national_number
        own: list[Leg] = []
        if call.is_incoming:
            caller = pbx.client(number, LINE)
            called = pbx.dial(caller, f"PJSIP/{call.extension}")
        else:
            own = self._legs.get(call.number, [])
            caller = own[0] if own else pbx.phone(call.extension, number)
            called = pbx.dial(caller, "PJSIP/trunk", f"{number}@trunk")
        self._legs[call.number] = [caller, called, *own[1:]]
        await self._tell()

    async def answer(self, call: ShopCall) -> None:
        pbx, (caller, called, *own) = self._wake(), self._legs[call.number]
        pbx.answer(caller, called)
        if not own:
            pbx.up(caller)
        pbx.bridge(f"talk-{call.number}", called, caller)
        await self._tell()

    async def end(self, call: ShopCall) -> None:
        pbx, (caller, called, *own) = self._wake(), self._legs.pop(call.number)
        status, cause, word = _failure(call)
        if call.answered_at:
            word = "ANSWERED"
            first, second = (caller, called) if call.ended_by == "caller" else (called, caller)
            pbx.hang_up(first, second, *own)
        else:
            pbx.end_dial(caller, called, status)
            if status == "CANCEL":
                pbx.hang_up(caller, called, *own)
            else:
                pbx.gone(called, caller, *own, cause=cause)
        self._unwritten.append(_cdr(call, caller, called, word))
        await self._tell()
        if not self.is_silent:
            self._write_history()

    async def settle(self, call: ShopCall) -> None:
        """It knows no more than it has told."""

    def _wake(self) -> Asterisk:
        self._asterisk.now = self._clock()
        return self._asterisk

    async def _tell(self) -> None:
        """Say what has happened, and which channels there are now."""
        pbx = self._asterisk
        packets = [as_bytes(packet) for _, packet in pbx.events]
        pbx.events.clear()
        pbx.bridges = {name: legs for name, legs in pbx.bridges.items() if legs}
        self._server.channels = [
            as_bytes(pbx.listed(leg, "AppDial" if place else "Dial"))
            for legs in self._legs.values()
            for place, leg in enumerate(legs)
        ]
        await self._server.say(*packets)

    def _write_history(self) -> None:
        with self._csv.open("ab") as file:
            file.write(b"".join(self._unwritten))
        self._unwritten.clear()


class _Server(AmiServer):
    originate: Originate | None = None

    def _answer(self, name: str, action: Action) -> bytes:
        if name != "originate" or not self._listeners or self.originate is None:
            return super()._answer(name, action)
        said = Said(action.get("actionid", ""))
        extension = action.get("channel", "").partition("/")[2].partition("@")[0]
        if extension not in OPERATORS or not action.get("exten"):
            return said.error("Extension does not exist.")
        ids = action.get("actionid", ""), action.get("channelid", "")
        self.originate(extension, action["exten"], *ids)
        return said.success("Message: Originate successfully queued")


def _failure(call: ShopCall) -> tuple[str, int, str]:
    if call.is_busy:
        return _FAILURES["rejected_by_subscriber"]
    return _FAILURES.get(call.failure, _GIVEN_UP)


def _cdr(call: ShopCall, caller: Leg, called: Leg, disposition: str) -> bytes:
    number = call.national_number
    dialled = f"PJSIP/{call.extension},20" if call.is_incoming else f"PJSIP/{number}@trunk,60"
    return row(
        src=number if call.is_incoming else call.extension,
        dst=LINE if call.is_incoming else number,
        context=caller.context,
        channel=caller.name,
        dstchannel=called.name,
        data=dialled,
        start=_utc(call.started_at),
        answer=_utc(call.answered_at) if call.answered_at else "",
        end=_utc(call.ended_at),
        duration=call.ended_at - call.started_at,
        disposition=disposition,
        extra=(caller.uniqueid, ""),
    )


def _utc(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")

"""SIP telephones of the laboratory: they ring, answer, refuse, call, hold and transfer.

They speak UDP on loopback and send no sound. A telephone rings by itself when it is called, unless
it `refuses`, and agrees with whatever it is asked within a call; the rest a play tells it.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from typing import Self
from urllib.parse import quote

from tests.lab.messages import Message, answer_to, new_tag, read, sound, tag_of, write

BETWEEN_DIGITS = 0.25
PATIENCE = 20.0
"""Seconds in which anything that a play waits for has happened."""

BUSY, DECLINED, TERMINATED, MOVED = 486, 603, 487, 302

_WORDS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    302: "Moved Temporarily",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    503: "Service Unavailable",
    603: "Decline",
}
_PORT = 5060
_sound_ports = itertools.count(40000, 2)


class SipCall:
    """One call as its telephone knows it; times are Unix seconds, of our clock.

    `number` is the other side's: dialled, or shown when it rang; `shown` is ours. `code`: the last
    answer to the invitation. `by_us`: whether we ended it, None while it goes on.
    """

    def __init__(self, phone: "Telephone", number: str, *, invitation: Message | None) -> None:
        self.phone = phone
        self.number = number
        self.shown = phone.shown
        self.is_incoming = invitation is not None
        self.began = time.time()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.code = 0
        self.by_us: bool | None = None
        self.was_held = False
        self.dialled = number if invitation is None else invitation.dialled
        self._invitation = invitation
        self._answered, self._over = asyncio.Event(), asyncio.Event()
        self._notified = asyncio.Event()
        self._cseq = 1
        if invitation is not None:
            self.id = invitation.first("call-id")
            self._ours = f"{invitation.first('to')};tag={new_tag()}"
            self._theirs = invitation.first("from")
            self._target = invitation.target
            self._seen = invitation.cseq[0]
        else:
            self.id = f"{new_tag()}@{phone.host}"
            self._ours = self._theirs = self._target = ""
            self._seen = 0
            self._branch = new_tag()

    # what a person does

    def answer(self) -> None:
        assert self._invitation is not None
        self._reply(self._invitation, 200, body=self._sound())
        self.code = 200
        self._note_answer()

    def refuse(self, code: int = DECLINED, *, to: str = "") -> None:
        """Refuse it, or send it on (`MOVED`) to the number."""
        assert self._invitation is not None
        contact = f"sip:{to}@{self.phone.pbx}" if to else ""
        self._reply(self._invitation, code, contact=contact)
        self._note_end(by_us=True, code=code)

    async def hang_up(self) -> None:
        """End it: refuse, give up or say goodbye, whichever it is by now."""
        if self._over.is_set():
            return
        if self.answered_at is not None:
            self._request("BYE")
            self._note_end(by_us=True)
        elif self.is_incoming:
            self.refuse()
        else:
            self.by_us = True
            self.phone.send(self._invite("CANCEL"))
            await self.is_over()

    def hold(self) -> None:
        self.was_held = True
        self._request("INVITE", self._sound("sendonly"), "application/sdp")

    def take_back(self) -> None:
        self._request("INVITE", self._sound(), "application/sdp")

    async def press(self, digits: str) -> None:
        for digit in digits:
            self._request("INFO", f"Signal={digit}\r\nDuration=160\r\n", "application/dtmf-relay")
            await asyncio.sleep(BETWEEN_DIGITS)

    async def transfer(self, number: str) -> None:
        """Give the other side to the number, unasked, and leave."""
        await self._refer(f"<sip:{number}@{self.phone.pbx}>")

    async def transfer_to(self, other: "SipCall") -> None:
        """Connect both others of our two calls, and leave."""
        replaced = f"{other.id};to-tag={tag_of(other._theirs)};from-tag={tag_of(other._ours)}"
        await self._refer(f"<sip:{other.number}@{self.phone.pbx}?Replaces={quote(replaced)}>")
        if other.answered_at is not None:  # else Asterisk ends it, and to give up would be a race
            await other.hang_up()

    def cut_off(self) -> None:
        """Note that Asterisk is gone, unless it has said goodbye."""
        self._note_end(by_us=False)

    # what a play waits for

    async def is_answered(self, seconds: float = PATIENCE) -> None:
        await self._first(self._answered, seconds, "answered")

    async def is_over(self, seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            await self._over.wait()

    async def _first(self, event: asyncio.Event, seconds: float, what: str) -> None:
        waits = [asyncio.ensure_future(one.wait()) for one in (event, self._over)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        assert event.is_set(), f"{self.phone.number} – {self.number}: not {what}, {self.code}"

    # the wire

    def invite(self, name: str | None, *, is_hidden: bool) -> None:
        phone = self.phone
        shown = f'"{name}" ' if name else ""
        address = f"sip:{self.shown}@{phone.host}"
        headers = []
        if is_hidden:
            shown, address = '"Anonymous" ', "sip:anonymous@anonymous.invalid"
            headers = [("Privacy", "id")]
        self._ours = f"{shown}<{address}>;tag={new_tag()}"
        self._target = f"sip:{self.number}@{phone.pbx}"
        self._theirs = f"<{self._target}>"
        phone.send(self._invite("INVITE", headers, self._sound()))

    def on_request(self, request: Message) -> None:
        """A request within this call."""
        number, method = request.cseq
        if method == "ACK":
            return
        if method == "CANCEL":
            self._reply(request, 200)
            if self.answered_at is None and not self._over.is_set():
                assert self._invitation is not None
                self._reply(self._invitation, TERMINATED)
                self._note_end(by_us=False, code=TERMINATED)
        elif method == "INVITE":
            if number > self._seen:
                self._seen = number
                self._reply(request, 200, body=self._sound())
        else:
            self._reply(request, 200)
            if method == "BYE":
                self._note_end(by_us=False)
            elif method == "NOTIFY" and re.match(r"SIP/2.0 [2-6]", request.body):
                self._notified.set()

    def on_answer(self, answer: Message) -> None:
        number, method = answer.cseq
        if method != "INVITE" or answer.code < 180:
            return
        is_first = number == 1 and not self.is_incoming
        if answer.code < 300:
            self._theirs = answer.first("to")
            self._target = answer.target or self._target
            if answer.code >= 200:
                self._acknowledge(number)
        else:
            if is_first:
                self._theirs = answer.first("to")
            self.phone.send(self._message("ACK", number, self._branch, []))
        if not is_first:
            return
        self.code = answer.code
        if 200 <= answer.code < 300 and self.by_us is None:
            self._note_answer()
        elif answer.code >= 200:
            self._note_end(by_us=bool(self.by_us), code=answer.code)

    def ring(self) -> None:
        assert self._invitation is not None
        self._reply(self._invitation, 100)
        if self.phone.refuses:
            self.refuse(self.phone.refuses, to=self.phone.forwards_to)
        elif self.phone.has_early_sound:
            self._reply(self._invitation, 183, body=self._sound())
        else:
            self._reply(self._invitation, 180)

    async def _refer(self, to: str) -> None:
        ours = f"<sip:{self.phone.number}@{self.phone.host}>"
        self._notified.clear()
        self._request("REFER", headers=[("Refer-To", to), ("Referred-By", ours)])
        await self._first(self._notified, PATIENCE, "transferred")
        await self.hang_up()

    def _note_answer(self) -> None:
        self.answered_at = time.time()
        self._answered.set()

    def _note_end(self, *, by_us: bool, code: int = 0) -> None:
        if not self._over.is_set():
            self.by_us = by_us
            self.code = code or self.code
            self.ended_at = time.time()
            self._over.set()

    def _sound(self, direction: str = "sendrecv") -> str:
        return sound(self.phone.host, next(_sound_ports), direction)

    def _reply(self, request: Message, code: int, *, contact: str = "", body: str = "") -> None:
        contact = contact or self.phone.address
        to = "" if code == 100 or request is not self._invitation else self._ours
        self.phone.send(answer_to(request, code, _WORDS[code], to=to, contact=contact, body=body))

    def _acknowledge(self, number: int) -> None:
        self.phone.send(self._message("ACK", number, new_tag(), []))

    def _invite(
        self, method: str, headers: list[tuple[str, str]] | None = None, body: str = ""
    ) -> bytes:
        return self._message(method, 1, self._branch, headers or [], body, "application/sdp")

    def _request(
        self,
        method: str,
        body: str = "",
        kind: str = "",
        headers: list[tuple[str, str]] | None = None,
    ) -> None:
        self._cseq += 1
        self._branch = new_tag()
        self.phone.send(self._message(method, self._cseq, self._branch, headers or [], body, kind))

    def _message(
        self,
        method: str,
        number: int,
        branch: str,
        headers: list[tuple[str, str]],
        body: str = "",
        kind: str = "",
    ) -> bytes:
        host = self.phone.host
        return write(
            f"{method} {self._target} SIP/2.0",
            [
                ("Via", f"SIP/2.0/UDP {host}:{_PORT};rport;branch=z9hG4bK{branch}"),
                ("Max-Forwards", "70"),
                ("From", self._ours),
                ("To", self._theirs),
                ("Call-ID", self.id),
                ("CSeq", f"{number} {method}"),
                ("Contact", f"<{self.phone.address}>"),
                *headers,
            ],
            body,
            kind,
        )


class Telephone(asyncio.DatagramProtocol):
    """A telephone, or (`provider`) all those outside the company: then `shown` is who calls.

    `refuses`: the code with which it refuses every call at once, 0: it rings. `has_early_sound`:
    whoever calls hears an announcement instead of ringing.
    """

    def __init__(self, number: str, host: str, pbx: str) -> None:
        self.number = self.shown = number
        self.host, self.pbx = host, pbx
        self.address = f"sip:{number}@{host}:{_PORT}"
        self.refuses = 0
        self.forwards_to = ""
        self.has_early_sound = False
        self._calls: dict[str, SipCall] = {}
        self._ringing: list[tuple[str, SipCall]] = []
        self._came = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(self.host, _PORT)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def call(
        self, number: str, *, shown: str = "", name: str | None = None, is_hidden: bool = False
    ) -> SipCall:
        self.shown = shown or self.number
        call = SipCall(self, number, invitation=None)
        self._calls[call.id] = call
        call.invite(name, is_hidden=is_hidden)
        return call

    async def rings(self, number: str = "", *, seconds: float = PATIENCE) -> SipCall:
        """The next call that rings here; if a number is given, one that it calls, or is called."""
        found: list[SipCall] = []

        def look() -> bool:
            for place, (dialled, call) in enumerate(self._ringing):
                if not number or number in (dialled, call.number):
                    found.append(call)
                    del self._ringing[place]
                    return True
            return False

        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(look)
        return found[0]

    def forget(self) -> None:
        """Forget whatever has rung here unheard."""
        self._ringing.clear()

    def send(self, data: bytes) -> None:
        self._transport.sendto(data, (self.pbx, _PORT))

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        del addr
        message = read(data)
        call = self._calls.get(message.first("call-id"))
        if message.code:
            if call is not None:
                call.on_answer(message)
        elif call is not None:
            call.on_request(message)
        elif message.method == "INVITE":
            self._ring(message)
        elif message.method != "ACK":
            known = 200 if message.method in {"OPTIONS", "NOTIFY"} else 481
            self.send(answer_to(message, known, "OK" if known == 200 else "No Such Call"))

    def _ring(self, invitation: Message) -> None:
        caller = invitation.first("from")
        call = SipCall(self, caller.partition("sip:")[2].partition("@")[0], invitation=invitation)
        self._calls[call.id] = call
        call.ring()
        self._ringing.append((invitation.dialled, call))
        self._run(self._tell)

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await work()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        async with self._came:
            self._came.notify_all()

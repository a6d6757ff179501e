"""MikoPBX begins calls over the manager interface (AMI) of its Asterisk: its REST API cannot.

As its documents ("AMI / AJAM", Originate) and its own code (`Util::amiOriginate`, mikopbx/Core,
April 2026) do it: `Local/101@internal-originate` rings the telephones of 101, and once one of them
is picked up `all_peers` dials the number from it. `pt1c_cid` is the number; telephones show it.

The history has the call only when it is over. So what is heard of it here is told too: that the
client is being called, and that they answered. Nothing else is listened to.

The id of the call, its `linkedid` in the history, is one that we choose, in the form of its own:
`mikopbx-`, a moment, a number. MikoPBX counts on it (`ActionCelAnswer`, `DeleteRecordAction`).
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from zlib import crc32

from bot.config.sources import MikopbxSettings
from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import Clock
from bot.domain.errors import SourceError
from bot.sources.asterisk.ami import AmiConnection, open_ami
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.originate import HEARS, Manner, Originating, check_permission
from bot.sources.base import Batch
from bot.sources.recent import Recent


class MikopbxAmi:
    """Is a Feed of the calls that were begun over it, and begins them."""

    name = "ami"

    def __init__(self, source: str, settings: MikopbxSettings, *, clock: Clock) -> None:
        self._source = source
        self._settings = settings
        self._numbers = settings.number_plan
        self._extension = re.compile(settings.extension_pattern)
        self._clock = clock
        manner = Manner(
            channel="Local/{extension}@internal-originate",
            context="all_peers",
            caller="<{extension}>",
            variable="pt1c_cid={number}",
            needs=settings.originates_by,
        )
        self._originating = Originating(manner, self._numbers, self._is_extension)
        self._ids: Recent[str] = Recent()
        self._begun: Recent[CallFacts] = Recent()

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        del cursor  # nothing is said twice
        connection = await self._connect()
        try:
            self._originating.connected(connection)
            yield Batch()
            while True:
                told = []
                for _, packet in await connection.read():
                    self._originating.hear(packet)
                    if (facts := self._heard(packet)) is not None:
                        told.append(facts)
                if told:
                    yield Batch(told)
        finally:
            connection.close()
            self._originating.lost()

    async def check(self) -> str:
        """What was found, in a line. Raises SourceError with what is wrong and what to do."""
        connection = await self._connect()
        try:
            barred = await check_permission(connection, self._settings)
        except TimeoutError:
            raise SourceError("the AMI does not answer after the login") from None
        finally:
            connection.close()
        found = f"{connection.version}, logged in as {self._settings.username}"
        return f"{found}; {barred}" if barred else found

    def can_ring(self, extension: str) -> bool:
        return self._originating.can_ring(extension)

    async def dial(self, extension: str, number: str, ref: str) -> str:
        call_id = f"mikopbx-{self._clock()}.{crc32(ref.encode())}"
        self._ids.note(ref, call_id)
        self._begun.note(call_id, self._facts(call_id, extension, number))
        return await self._originating.dial(extension, number, call_id)

    async def picked_up(self, ref: str) -> None:
        await self._originating.picked_up(self._ids.find(ref) or ref)

    def _facts(self, call_id: str, extension: str, number: str) -> CallFacts:
        return CallFacts(
            source=self._source,
            external_id=call_id,
            direction=Direction.OUT,
            status=Status.RINGING,
            started_at=self._clock(),
            numbers=self._numbers,
            caller=Party(None, extension),
            callee=Party(None, number),
            extension=extension,
            by_arrival=frozenset({"started_at", "answered_at"}),
        )

    def _heard(self, packet: Packet) -> CallFacts | None:
        """What an event says of a call of ours: the client is called, or has answered."""
        is_end = packet.get("event", "").lower() == "dialend"
        call_id = packet.get("destlinkedid" if is_end else "actionid", "")
        facts = self._begun.find(call_id)
        if facts is None or facts.status is Status.ANSWERED:
            return None
        if not is_end:
            if packet.get("response", "").lower() != "success" or "event" not in packet:
                return None
            facts = replace(facts, started_at=self._clock())
        elif packet.get("dialstatus") != "ANSWER" or _is_own_phone(packet, call_id):
            return None
        else:
            facts = replace(facts, status=Status.ANSWERED, answered_at=self._clock())
        self._begun.note(call_id, facts)
        return facts

    def _is_extension(self, number: str) -> bool:
        return number.isprintable() and self._extension.search(number) is not None

    async def _connect(self) -> AmiConnection:
        return await open_ami(
            self._settings,
            setting=f"SOURCES__{self._source.upper()}",
            clock=self._clock,
            wanted=HEARS,
            classes="call",
        )


def _is_own_phone(packet: Packet, call_id: str) -> bool:
    """Whether it is of the Local channel, or of a telephone that its second half has dialled."""
    return packet.get("destuniqueid") == call_id or packet.get("uniqueid") == f"{call_id};2"

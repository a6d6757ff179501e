"""The manager interface (AMI) of an Asterisk as a feed.

Over AMI a call is told as it happens: it rings, somebody is being connected, it is answered, it is
over. What was said while nobody listened is not said again: of a call that went on meanwhile only
what is certain is told (`ami_breaks.py`), the rest is up to the history.
"""

import re
from collections.abc import AsyncGenerator

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts
from bot.domain.clock import Clock
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.asterisk.ami import EVENT_CLASSES, AmiConnection, moment, open_ami
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_hearing import Hearing
from bot.sources.asterisk.originate import check_permission, create_originating
from bot.sources.base import Batch
from bot.sources.http_api import reason_of

_READ_CLASSES = re.compile(r"read perm:\s*(\S+)", re.IGNORECASE)


class AmiFeed:
    """What Asterisk says over AMI. Is a Feed; the calls outlive its connections.

    `originating` begins calls over the connection there is.
    """

    name = "ami"

    def __init__(self, source: str, settings: AsteriskSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._setting = f"SOURCES__{source.upper()}"
        self._clock = clock
        self._calls = AmiCalls(source, settings)
        self.originating = create_originating(settings)
        self._owed: list[CallFacts] = []
        self._is_deaf = False

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        del cursor  # nothing is said twice
        connection = await self._connect()
        hearing = Hearing(moment(self._clock))
        try:
            connection.send("CoreShowChannels")
            self.originating.connected(connection)
            if not self._is_deaf:
                yield Batch(self._owed)
                self._owed = []
            while True:
                for came, packet in await connection.read():
                    self.originating.hear(packet)
                    if not hearing.takes(packet, came):
                        self._calls.hear(packet, came)
                now = moment(self._clock)
                self._calls.tick(now)
                self._listen(connection, hearing, now)
                self._owed += self._calls.statements()
                if self._owed and not self._is_deaf:
                    yield Batch(self._owed)  # if it could not be kept, we do not come back
                    self._owed = []
        finally:
            connection.close()
            self.originating.lost()
            self._calls.lose(moment(self._clock))

    def _listen(self, connection: AmiConnection, hearing: Hearing, now: float) -> None:
        """Raises SourceAuthError if calls are kept from us; then we are no longer sure of any
        connection that tells nothing.
        """
        if hearing.is_proven:
            self._is_deaf = False
        elif hearing.asks_again(now):
            connection.send("CoreShowChannels")
        elif hearing.is_deaf(now):
            self._is_deaf = True
            raise SourceAuthError(
                f"there are calls, and the user {self._settings.username} is not told of them: it"
                f" needs read={EVENT_CLASSES} in manager.conf, and no eventfilter that hides them"
            )

    async def check(self) -> str:
        """What was found, in a line. Raises SourceError with what is wrong and what to do."""
        connection = await self._connect()
        try:
            return await self._look_around(connection)
        except TimeoutError:
            raise SourceError("Asterisk does not answer after the login") from None
        finally:
            connection.close()

    async def _look_around(self, connection: AmiConnection) -> str:
        user = self._settings.username
        listing = await connection.ask("CoreShowChannels")
        if listing.get("response", "").lower() != "success":
            raise SourceAuthError(
                f"the user {user} may not list calls ({reason_of(listing.get('message', ''))}):"
                " add write=system to it in manager.conf"
            )
        barred = await check_permission(connection, self._settings)
        shown = await connection.ask("Command", Command=f"manager show user {user}")
        classes = _READ_CLASSES.search(shown.get("output", ""))
        found = f"{connection.version}, logged in as {user}"
        found = f"{found}; {barred}" if barred else found
        if classes is None:
            return f"{found}; if no call comes, its read= in manager.conf lacks `call`"
        may = set(classes[1].lower().split(","))
        missing = [one for one in EVENT_CLASSES.split(",") if not {one, "all"} & may]
        if {"system", "call"} & set(missing):
            raise SourceAuthError(
                f"the user {user} does not hear {', '.join(missing)}: it needs"
                f" read={EVENT_CLASSES} in manager.conf"
            )
        return f"{found}, does not hear {', '.join(missing)}" if missing else found

    async def _connect(self) -> AmiConnection:
        return await open_ami(
            self._settings,
            setting=self._setting,
            clock=self._clock,
            wanted=self._calls.events,
        )

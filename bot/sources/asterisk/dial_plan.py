"""The names in an Asterisk: which number is an extension of ours, which context is a trunk's.

A channel is named `technology/peer-number`; what a Dial calls is a list `technology/peer&…` with
the options behind a comma. A peer is somebody's telephone, or a trunk: a way to the outside. Which
is which, and in which contexts of the dial plan outside calls enter, differs from one Asterisk to
the next: the source's EXTENSION_PATTERN and TRUNK_CONTEXTS say it.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from bot.config.sources import AsteriskSettings
from bot.sources.asterisk.cdr import Cdr
from bot.sources.base import TEXT_LIMIT

PORT_TECHNOLOGIES = frozenset({"DAHDI", "Zap", "Dongle", "Quectel", "Khomp", "mISDN"})
"""Technologies whose channels are named by the number of a port, which is no extension."""

PEER_TECHNOLOGIES = frozenset({"PJSIP", "SIP", "SCCP", "Skinny", "IAX2", "UNISTIM", "USTM"})
"""Technologies whose channels are named by a telephone or a trunk."""

_PEER = re.compile(r"[\w.+-]{1,64}")
_OUTSIDE_NUMBER = re.compile(r"^\+?\d{3,}$", re.ASCII)
_OUTWARD_CONTEXT = re.compile(r"(macro-)?dialout-|outrt-|outbound-allroutes|bad-outrt", re.ASCII)
"""FreePBX's contexts that only calls of ours pass."""

_LOCAL_PREFIX = re.compile(r"^[A-Z]{2,4}-", re.ASCII)
"""What FreePBX puts before an extension: `FMPR-101` of find-me-follow-me."""


class DialPlan:
    """Tells the extensions, outside numbers and trunks of one Asterisk."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._pattern = re.compile(settings.extension_pattern)
        contexts = [part.strip() for part in settings.trunk_contexts.split(",") if part.strip()]
        self._trunks = frozenset(contexts)
        self._trunk_prefixes = tuple(f"{context}-" for context in contexts)
        # Kept, since a log repeats its numbers.
        self.is_extension: Callable[[str], bool] = lru_cache(maxsize=1024)(self._is_extension)
        self.is_outside: Callable[[str], bool] = lru_cache(maxsize=1024)(self._is_outside)

    def is_trunk(self, context: str) -> bool:
        """FreePBX may add the trunk's name to the context: `from-trunk-sip-kyivstar`."""
        return context in self._trunks or context.startswith(self._trunk_prefixes)

    def is_outward(self, context: str) -> bool:
        """Whether only calls from inside pass the context."""
        return _OUTWARD_CONTEXT.match(context) is not None

    def channel_extension(self, channel: str) -> str | None:
        """The extension that a channel is named by: `PJSIP/101-0000001a`, `Local/101@…;1`."""
        technology, _, rest = channel.partition("/")
        if technology in PORT_TECHNOLOGIES:
            return None
        if technology == "Local":
            return self._if_extension(_LOCAL_PREFIX.sub("", rest.partition("@")[0]))
        return self._if_extension(rest.rpartition("-")[0])

    def channel_peer(self, channel: str) -> str | None:
        """The name of whatever telephone or trunk a channel is of: `PJSIP/reception-0000001a`."""
        technology, _, rest = channel.partition("/")
        name = rest.rpartition("-")[0]
        return (
            None if technology in {*PORT_TECHNOLOGIES, "Local"} or not _is_number(name) else name
        )

    def dialled_extensions(self, cdr: Cdr) -> list[str]:
        """Extensions in the dial string: `IAX2/world/101,8`, `PJSIP/101&PJSIP/102,20`.

        Who is dialled by the name of a peer alone, `PJSIP/olena`, is a telephone whatever the name
        is: by way of a trunk a number would be.
        """
        if cdr.app != "Dial":
            return []
        dialled = (self.dialled_extension(peer) for peer in cdr.arguments()[0].split("&"))
        return [extension for extension in dialled if extension]

    def dialled_extension(self, peer: str) -> str | None:
        """The extension that one part of a dial string calls."""
        technology, _, rest = peer.strip().partition("/")
        if technology in PORT_TECHNOLOGIES:
            return None
        for part in reversed(rest.split("/")):
            user = part.removeprefix("sip:").removeprefix("sips:").partition("@")[0]
            extension = self._if_extension(_LOCAL_PREFIX.sub("", user))
            if extension:
                return extension
        return rest if technology in PEER_TECHNOLOGIES and _PEER.fullmatch(rest) else None

    def _if_extension(self, text: str) -> str | None:
        return text if self.is_extension(text) else None

    def _is_extension(self, number: str) -> bool:
        """Whether the number is one of ours."""
        return _is_number(number) and self._pattern.search(number) is not None

    def _is_outside(self, number: str) -> bool:
        """Whether the number is a telephone's outside the company."""
        return (
            _is_number(number)
            and not self.is_extension(number)
            and _OUTSIDE_NUMBER.match(number) is not None
        )


def _is_number(text: str) -> bool:
    return bool(text) and len(text) <= TEXT_LIMIT and text.isprintable()

"""A PBX with a certificate of its own: it is known by the fingerprint, and nobody else is taken.

A PBX in the office often has a certificate that it signed itself, for another name or none. So its
name and its issuer prove nothing; that it is this very certificate does. It is looked at before a
byte of a request is sent.
"""

import hashlib
import ssl
from collections.abc import Iterable

import httpx

from bot.config.sources import MikopbxSettings, SourceSettings
from bot.sources.http_api import LIMITS


def pinned_transports(
    sources: Iterable[SourceSettings],
) -> dict[str, httpx.AsyncBaseTransport]:
    """By origin, as httpx wants its mounts; those of one client, which closes them."""
    return {
        chosen.origin: httpx.AsyncHTTPTransport(
            verify=create_context(chosen.fingerprint), limits=LIMITS, trust_env=False
        )
        for chosen in sources
        if isinstance(chosen, MikopbxSettings) and chosen.fingerprint
    }


def create_context(fingerprint: str) -> ssl.SSLContext:
    """One that takes only the certificate of this SHA-256, in hexadecimal."""
    expected = fingerprint.replace(":", "").lower()

    class PinnedConnection(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            shown = hashlib.sha256(self.getpeercert(binary_form=True) or b"").hexdigest()
            if shown != expected:
                told = f"not the certificate of FINGERPRINT but {shown}"
                raise ssl.SSLCertVerificationError(1, told)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the fingerprint says more
    context.sslobject_class = PinnedConnection
    return context

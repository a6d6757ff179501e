"""The body of a request: whole, unpacked and within the limit, or one line why not.

The server leaves unpacking to us: what cannot be unpacked is then a refusal with a reason, and a
body that is small only as long as it is packed is not unpacked further than the limit.
"""

import zlib

from aiohttp import web

MAX_BODY_BYTES = 1024 * 1024

_GZIP, _ZLIB, _BARE = 31, 15, -15
"""What zlib is to expect: a header of gzip, its own, or none, as some call `deflate`."""


async def read_body(request: web.Request) -> bytes:
    """Raises HTTPBadRequest, HTTPRequestEntityTooLarge or HTTPUnsupportedMediaType."""
    packing = ", ".join(request.headers.getall("Content-Encoding", [])).strip().lower()
    try:
        body = await request.read()
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="the body of the request cannot be read") from error
    match packing:
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _unpacked(body, _GZIP, packing)
        case "deflate":
            return _unpacked(body, _ZLIB if body[:1] and body[0] & 15 == 8 else _BARE, packing)
    raise web.HTTPUnsupportedMediaType(
        text="Content-Encoding: expected gzip or deflate, or a body that is not compressed"
    )


def _unpacked(body: bytes, kind: int, packing: str) -> bytes:
    whole = b""
    while True:  # a gzip may have several members, one after another
        unpacking = zlib.decompressobj(kind)
        try:
            whole += unpacking.decompress(body, MAX_BODY_BYTES + 1 - len(whole))
        except zlib.error as error:
            raise web.HTTPBadRequest(text=f"the body is not {packing}, or is broken") from error
        if len(whole) > MAX_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES)
        body = unpacking.unused_data
        if not unpacking.eof or (body and kind != _GZIP):
            raise web.HTTPBadRequest(text=f"the body is not one whole {packing}")
        if not body:
            return whole

"""Files of messages as a browser may have them: shown in place, in parts, or only saved."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from bot.demo.bot_api.files import File, picture_type

SHOWN_TYPES = re.compile(r"image/(png|jpeg|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+", re.ASCII)
"""What a browser may show in place; the rest is only for saving."""


def media_response(request: web.Request, file: File, headers: Mapping[str, str]) -> web.Response:
    """The file with the page's headers; what it says of itself cannot make a browser run it."""
    kind = picture_type(file.content) or file.mime_type or ""
    safe = {**headers, "Content-Security-Policy": "sandbox; default-src 'none'"}
    if not SHOWN_TYPES.fullmatch(kind):
        kind = "application/octet-stream"
        name = quote(file.name or f"file_{file.number}", safe="")
        safe["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return _part(request, file, safe | {"Content-Type": kind, "Accept-Ranges": "bytes"})


def _part(request: web.Request, file: File, headers: dict[str, str]) -> web.Response:
    """The whole file, or the part a player asks for when somebody moves along the recording."""
    total = len(file.content)
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(0, None)
    start, stop, _ = wanted.indices(total)
    if (start, stop) == (0, total) and "Range" not in request.headers:
        return web.Response(body=file.content, headers=headers)
    if start >= stop:
        unsatisfied = headers | {"Content-Range": f"bytes */{total}"}
        return web.Response(status=416, headers=unsatisfied)
    headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{total}"}
    return web.Response(status=206, body=file.content[start:stop], headers=headers)

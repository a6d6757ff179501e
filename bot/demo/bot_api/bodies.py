"""Parameters out of an HTTP body: urlencoded, JSON or multipart, whole or in chunks."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, StreamReader
from aiohttp.helpers import parse_mimetype

from bot.demo.bot_api.errors import ApiError, bad_request
from bot.demo.bot_api.fields import Upload
from bot.demo.bot_api.files import MAX_UPLOAD

CHUNK = 64 * 1024
# Room for the fields beside the largest file.
MAX_BODY = MAX_UPLOAD + 1024 * 1024


async def read_body(
    headers: Mapping[str, str], content: StreamReader
) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Values by name, and files by the name of their part.

    Raises ApiError 400 for a broken body and 413 for one too large.
    """
    if int(headers.get("Content-Length") or 0) > MAX_BODY:
        raise ApiError(413)
    kind = parse_mimetype(headers.get("Content-Type", ""))
    if kind.type == "multipart":
        return await _read_multipart(MultipartReader(headers, content))
    raw = await _read_all(content.readany, limit=MAX_BODY)
    if not raw:
        return {}, {}
    if (kind.type, kind.subtype) == ("application", "json"):
        try:
            values = json.loads(raw)
        except ValueError:
            raise bad_request("can't parse JSON object in the request body") from None
        if not isinstance(values, dict):
            raise bad_request("the request body must be a JSON object")
        return values, {}
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs), {}


async def _read_multipart(
    reader: MultipartReader,
) -> tuple[dict[str, Any], dict[str, Upload]]:
    values: dict[str, Any] = {}
    uploads: dict[str, Upload] = {}
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise bad_request("can't parse multipart/form-data body")
        content = await _read_all(lambda part=part: part.read_chunk(CHUNK), limit=MAX_UPLOAD)
        if part.filename is None:
            values[part.name] = part.decode(content).decode("utf-8", "replace")
        else:
            mime_type = part.headers.get("Content-Type")
            uploads[part.name] = Upload(part.filename, part.decode(content), mime_type)
    return values, uploads


async def _read_all(read: Any, *, limit: int) -> bytes:
    whole = bytearray()
    while chunk := await read():
        whole += chunk
        if len(whole) > limit:
            raise ApiError(413)
    return bytes(whole)

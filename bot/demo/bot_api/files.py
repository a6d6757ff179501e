"""Files: what was uploaded, the ids by which bots name it, and download links that expire."""

import base64
import binascii
import hashlib
import mimetypes
import struct
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.fields import JsonObject, Upload

MAX_DOWNLOAD = 20 * 1024 * 1024
MAX_UPLOAD = 50 * 1024 * 1024
MAX_PHOTO = 10 * 1024 * 1024
LINK_LIFETIME = 3600
FOLDERS = {
    "photo": "photos",
    "document": "documents",
    "audio": "music",
    "voice": "voice",
    "video": "videos",
    "video_note": "video_notes",
    "animation": "animations",
    "sticker": "stickers",
}
SUFFIXES = {"photo": ".jpg", "voice": ".oga", "sticker": ".webp", "video_note": ".mp4"}


@dataclass(frozen=True)
class File:
    """An uploaded file; width and height are of a photo, in pixels."""

    number: int
    kind: str
    content: bytes
    size: int
    name: str | None
    mime_type: str | None
    width: int = 0
    height: int = 0

    @property
    def unique_id(self) -> str:
        return "AgAD" + _encoded(f"{self.number}:{self.kind}")

    def id_for(self, bot_id: int) -> str:
        """Each bot knows a file by an identifier of its own."""
        return "BQAC" + _encoded(f"{bot_id}:{self.number}:{self.kind}")

    def as_json(self, bot_id: int) -> JsonObject:
        return {
            "file_id": self.id_for(bot_id),
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        }


class FileStore:
    """All files of the server; `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._files: dict[int, File] = {}
        self._links: dict[str, tuple[int, File, float]] = {}

    def add(self, upload: Upload, kind: str, *, size: int | None = None) -> File:
        """Keep a file; `size` in bytes stands in for a file too large to be really carried about.

        Raises ApiError 400 for an empty file, and for what is no photo or too large a photo.
        """
        if not upload.content and not size:
            raise bad_request("file must be non-empty")
        width = height = 0
        if kind == "photo":
            if len(upload.content) > MAX_PHOTO:
                raise bad_request(
                    f"file of size {len(upload.content)} bytes is too big for a photo; "
                    f"the maximum size is {MAX_PHOTO} bytes"
                )
            width, height = _picture_size(upload.content)
        guessed = mimetypes.guess_type(upload.name)[0] if upload.name else None
        number = len(self._files) + 1
        file = File(
            number=number,
            kind=kind,
            content=upload.content,
            size=size or len(upload.content),
            name=upload.name or None,
            mime_type=guessed or upload.mime_type,
            width=width,
            height=height,
        )
        self._files[number] = file
        return file

    def find(self, bot_id: int, file_id: str) -> File | None:
        """The file of that id, if this bot was given the id."""
        try:
            owner, number, _ = _decoded(file_id.removeprefix("BQAC")).split(":")
        except (ValueError, binascii.Error):
            return None
        return self._files.get(int(number)) if int(owner) == bot_id else None

    def link(self, bot_id: int, file: File) -> str:
        """The file_path under /file/bot<token>/, good for an hour."""
        suffix = SUFFIXES.get(file.kind) or mimetypes.guess_extension(file.mime_type or "") or ""
        path = f"{FOLDERS[file.kind]}/file_{file.number}{suffix}"
        self._links[path] = (bot_id, file, self._clock() + LINK_LIFETIME)
        return path

    def download(self, bot_id: int, path: str) -> File | None:
        """The file behind a link of this bot, until the link expires."""
        owner, file, expires = self._links.get(path, (0, None, 0.0))
        return file if owner == bot_id and self._clock() < expires else None

    def clear(self) -> None:
        self._files.clear()
        self._links.clear()


def tiny_picture() -> bytes:
    """A real PNG of one pixel, for those who send a photo and do not care which."""
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )


def _encoded(plain: str) -> str:
    digest = hashlib.sha256(plain.encode()).hexdigest()[:8]
    return base64.urlsafe_b64encode(f"{digest}{plain}".encode()).decode().rstrip("=")


def _decoded(encoded: str) -> str:
    padded = encoded + "=" * (-len(encoded) % 4)
    whole = base64.urlsafe_b64decode(padded).decode()
    digest, plain = whole[:8], whole[8:]
    if hashlib.sha256(plain.encode()).hexdigest()[:8] != digest:
        raise ValueError(encoded)
    return plain


def picture_type(content: bytes) -> str | None:
    """The MIME type of a PNG, JPEG, GIF or WebP, by its first bytes; None for all else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _picture_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels; what is no picture is no photo for Telegram."""
    match picture_type(content):
        case "image/png" if len(content) >= 24:
            width, height = struct.unpack(">II", content[16:24])
            return int(width), int(height)
        case "image/gif" if len(content) >= 10:
            width, height = struct.unpack("<HH", content[6:10])
            return int(width), int(height)
        case "image/jpeg":
            return _jpeg_size(content)
        case "image/webp":
            return 512, 512
    raise bad_request("IMAGE_PROCESS_FAILED")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(content) and content[position] == 0xFF:
        marker, length = (
            content[position + 1],
            int.from_bytes(content[position + 2 : position + 4]),
        )
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return int(width), int(height)
        position += 2 + length
    raise bad_request("IMAGE_PROCESS_FAILED")

"""Recordings in a folder of this machine, where RECORDINGS_URL says file:///….

The names of files come from the PBX, and partly from whoever called. So a file is opened only if
it lies in the folder whatever links lead there, step by step, and only if it is a plain file.
"""

import os
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from bot.config.values import folder_of_url
from bot.domain.errors import (
    RecordingDeniedError,
    RecordingError,
    RecordingGoneError,
    RecordingPlaceError,
    RecordingTooLargeError,
)

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def is_in_folder(address: str, folder: str) -> bool:
    """Whether the address names something below the folder; nothing is below ""."""
    path = folder_of_url(address)
    steps = Path(path).parts
    return bool(folder and path) and ".." not in steps and Path(folder) in Path(path).parents


def open_recording(address: str, folder: str, *, max_bytes: int) -> BinaryIO:
    """The file. Raises RecordingError if there is none, or it may not be had."""
    if not is_in_folder(address, folder):
        raise RecordingPlaceError("it is not in the folder of RECORDINGS_URL")
    try:
        root = os.path.realpath(folder)
        real = os.path.realpath(folder_of_url(address))
        if os.path.commonpath([root, real]) != root or real == root:
            raise RecordingPlaceError("a link leads out of the folder of RECORDINGS_URL")
        return _open_below(root, Path(real).relative_to(root).parts, max_bytes)
    except (FileNotFoundError, NotADirectoryError):
        raise RecordingGoneError("no such file") from None
    except PermissionError:
        raise RecordingDeniedError("this user may not read it") from None
    except (OSError, ValueError) as error:  # a name too long, or with a zero byte; a loop of links
        raise RecordingError(type(error).__name__) from error


def _open_below(root: str, steps: tuple[str, ...], max_bytes: int) -> BinaryIO:
    """The file, if no step to it became a link meanwhile."""
    *folders, name = steps
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in folders:
            inner = os.open(step, _STEP | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = inner
        number = os.open(name, _STEP | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    status = os.fstat(number)
    if S_ISREG(status.st_mode) and status.st_size <= max_bytes:
        return os.fdopen(number, "rb")
    os.close(number)
    if S_ISREG(status.st_mode):
        raise RecordingTooLargeError("too large")
    raise RecordingPlaceError("not a plain file")

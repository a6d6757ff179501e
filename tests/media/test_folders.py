"""Recordings in a folder of this machine: those in it, and nothing else by whatever name."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.config.settings import Settings
from bot.config.sources import AsteriskSettings, FreeSwitchSettings
from bot.domain.errors import (
    RecordingDeniedError,
    RecordingError,
    RecordingGoneError,
    RecordingPlaceError,
    RecordingTooLargeError,
)
from bot.media.folders import open_recording
from bot.media.origins import can_be_heard
from tests.support.recordings import call_with_recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder, with a recording in it and secrets around it."""
    inner = tmp_path / "monitor" / "2026" / "11"
    inner.mkdir(parents=True)
    (inner / "1.wav").write_bytes(b"sound")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "monitor-of-others").mkdir()
    (tmp_path / "monitor-of-others" / "1.wav").write_bytes(b"secret")
    return tmp_path / "monitor"


def content(folder: Path, address: str, max_bytes: int = 100) -> bytes:
    with open_recording(address, str(folder), max_bytes=max_bytes) as file:
        return file.read()


def test_a_file_of_the_folder_is_opened(folder: Path) -> None:
    assert content(folder, f"file://{folder}/2026/11/1.wav") == b"sound"
    (folder / "Ганна & 1.wav").write_bytes(b"other")
    assert content(folder, f"file://{folder}/{quote('Ганна & 1.wav')}") == b"other"


@pytest.mark.parametrize(
    "rest",
    [
        "/../secret",
        "/2026/../../secret",
        "/%2e%2e/secret",
        "/2026/%2E%2E%2F%2E%2E%2Fsecret",
        "-of-others/1.wav",
        "",
        "/",
        "/.",
    ],
)
def test_a_way_out_of_the_folder_is_refused(folder: Path, rest: str) -> None:
    with pytest.raises(RecordingPlaceError):
        content(folder, f"file://{folder}{rest}")


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "file://localhost/etc/passwd", "file:/etc/passwd", "/etc/passwd", ""],
)
def test_another_place_is_refused(folder: Path, address: str) -> None:
    with pytest.raises(RecordingPlaceError):
        content(folder, address)
    with pytest.raises(RecordingPlaceError):
        content(Path(), f"file://{folder}/2026/11/1.wav")  # no folder is in the settings


def test_links_that_lead_out_are_refused_and_others_followed(folder: Path) -> None:
    (folder / "out.wav").symlink_to(folder.parent / "secret")
    (folder / "outside").symlink_to(folder.parent / "monitor-of-others")
    (folder / "in.wav").symlink_to(folder / "2026" / "11" / "1.wav")
    (folder / "year").symlink_to("2026")
    for name in ("out.wav", "outside/1.wav"):
        with pytest.raises(RecordingPlaceError):
            content(folder, f"file://{folder}/{name}")
    for name in ("in.wav", "year/11/1.wav"):
        assert content(folder, f"file://{folder}/{name}") == b"sound"
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    assert content(linked, f"file://{linked}/2026/11/1.wav") == b"sound"


def test_what_is_no_plain_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe.wav")
    for name in ("pipe.wav", "2026"):
        with pytest.raises(RecordingPlaceError):
            content(folder, f"file://{folder}/{name}")
    (folder / "loop.wav").symlink_to("loop.wav")
    for name in ("loop.wav", "a%00b.wav", "a" * 300 + ".wav"):
        with pytest.raises(RecordingError):
            content(folder, f"file://{folder}/{name}")


def test_what_is_gone_kept_from_us_or_too_large_is_told_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("2026/11/2.wav", "2027/1.wav", "2026/11/1.wav/1.wav"):
        with pytest.raises(RecordingGoneError):
            content(folder, f"file://{folder}/{name}")
    with pytest.raises(RecordingTooLargeError):
        content(folder, f"file://{folder}/2026/11/1.wav", max_bytes=4)

    def refuse(*_args: object, **_kwargs: object) -> int:  # root may read all
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RecordingDeniedError):
        content(folder, f"file://{folder}/2026/11/1.wav")


def test_no_file_stays_open(folder: Path) -> None:
    (folder / "out.wav").symlink_to(folder.parent / "secret")
    before = sorted(os.listdir("/proc/self/fd"))
    for name in ("out.wav", "2026/11", "2026/11/9.wav", "9/9", "2026/11/1.wav"):
        for max_bytes in (0, 100):
            try:
                content(folder, f"file://{folder}/{name}", max_bytes)
            except RecordingError:
                continue
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kind", [AsteriskSettings, FreeSwitchSettings])
def test_what_is_in_the_folder_of_its_source_can_be_heard(
    kind: type[AsteriskSettings | FreeSwitchSettings],
) -> None:
    name = "asterisk" if kind is AsteriskSettings else "freeswitch"
    url = "file:///var/spool/asterisk/monitor/"
    source = kind.model_validate({"kind": name, "recordings_url": url})
    other = kind.model_validate({"kind": name, "recordings_url": "https://pbx.example.com/m"})
    chosen = Settings(_env_file=None, sources={"office": source, "web": other})
    for address, name, is_heard in (
        (f"{url}2026/1.wav", "office", True),
        ("file:///var/spool/asterisk/monitors/1.wav", "office", False),
        ("file:///etc/passwd", "office", False),
        (f"{url}../1.wav", "office", False),
        ("https://pbx.example.com/m/1.wav", "office", False),
        (f"{url}2026/1.wav", "web", False),
        (f"{url}2026/1.wav", "gone", False),
        ("https://pbx.example.com/m/1.wav", "web", True),
        ("https://pbx.example.com:8443/m/1.wav", "web", False),
    ):
        assert can_be_heard(call_with_recording(address, name), chosen) == is_heard, address

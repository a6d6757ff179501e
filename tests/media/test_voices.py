"""Voice messages: made of whatever a PBX writes, and of nothing that only seems to be a sound."""

import asyncio
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from bot.demo.pbx.sounds import recording
from bot.domain.errors import (
    RecordingBrokenError,
    RecordingNotSoundError,
    RecordingPageError,
    RecordingTooLargeError,
)
from bot.media import opus, voices
from bot.media.kinds import BEGINNING_BYTES, kind_of
from bot.media.voices import Converter
from tests.support.sounds import WAV, changed_program, encoded, film, hear, is_voice_of

GSM, GSM_WAV = recording(5, "gsm"), recording(4, "wav")


async def converted(content: bytes, name: str = "1.wav") -> list[bytes]:
    """The parts that a recording of this content becomes."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return await parts_of(file, kind_of(content[:BEGINNING_BYTES], name))


async def parts_of(file: IO[bytes], kind: str) -> list[bytes]:
    async with Converter().voices(file, kind) as made:
        return [b"".join([chunk async for chunk in one.read()]) for one in made]


FORMATS = {
    "plain WAV": WAV,
    "A-law WAV": encoded(WAV, "wav", "pcm_alaw"),
    "mu-law WAV": encoded(WAV, "wav", "pcm_mulaw"),
    "IMA ADPCM WAV": encoded(WAV, "wav", "adpcm_ima_wav"),
    "G.726 WAV": encoded(WAV, "wav", "adpcm_g726"),
    "stereo WAV": encoded(WAV, "wav", "pcm_s16le", layout="stereo"),
    "WAV of music": encoded(WAV, "wav", "pcm_s16le", rate=48000),
    "MP3": encoded(WAV, "mp3", "libmp3lame"),
    "OGG of Opus": encoded(WAV, "ogg", "libopus"),
    "OGG of Vorbis": encoded(WAV, "ogg", "vorbis", layout="stereo"),
    "FLAC": encoded(WAV, "flac", "flac"),
    "M4A": encoded(WAV, "mp4", "aac"),
    "AAC": encoded(WAV, "adts", "aac"),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_what_a_pbx_writes_becomes_a_voice_message(name: str) -> None:
    [voice] = await converted(FORMATS[name])
    assert is_voice_of(voice, FORMATS[name])


async def test_gsm_becomes_a_voice_message_in_a_wav_and_without() -> None:
    assert hear(GSM_WAV).codec == "gsm_ms"
    [voice] = await converted(GSM_WAV)
    assert is_voice_of(voice, GSM_WAV)
    [raw] = await converted(GSM, "out-0671234567.GSM")
    assert is_voice_of(raw, GSM_WAV)
    with pytest.raises(RecordingNotSoundError):
        await converted(GSM, "out-0671234567.wav")


async def test_the_end_of_a_recording_may_be_missing() -> None:
    for name in ("plain WAV", "MP3", "A-law WAV"):
        cut = FORMATS[name][: len(FORMATS[name]) // 2]
        [voice] = await converted(cut)
        assert 0.2 < hear(voice).seconds < hear(WAV).seconds


async def test_an_unfinished_wav_whose_header_tells_no_length_is_heard() -> None:
    endless = WAV[:4] + b"\xff" * 4 + WAV[8:40] + b"\xff" * 4 + WAV[44:]
    empty = WAV[:4] + b"\0" * 4 + WAV[8:40] + b"\0" * 4 + WAV[44:]
    for content in (endless, empty):
        [voice] = await converted(content)
        assert is_voice_of(voice, WAV)


PAGES = (
    b"<!DOCTYPE html><html>Log in</html>",
    b"\xef\xbb\xbf\r\n <html>",
    b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
)


@pytest.mark.parametrize("content", PAGES)
async def test_a_web_page_is_told_from_a_sound(content: bytes) -> None:
    for name in ("1.wav", "1.gsm"):
        with pytest.raises(RecordingPageError):
            await converted(content, name)


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff", b"PK\3\4", b'{"error": 1}', b"\x1f\x8b"])
async def test_what_is_no_sound_is_told_so(content: bytes) -> None:
    for name in ("1.wav", "1.gsm"):
        with pytest.raises(RecordingNotSoundError):
            await converted(content, name)


def noise(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def wav(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def wav_of(
    tag: int, channels: int, rate: int, align: int, bits: int, *, seconds: int = 6
) -> bytes:
    """A WAV that says this of the noise in it."""
    said = struct.pack("<HHIIHH", tag, channels, rate, rate * 2, align, bits)
    return wav((b"fmt ", said), (b"data", noise(16_000 * seconds)))


BROKEN = {
    "RIFF and noise": b"RIFF\x10\0\0\0WAVE" + noise(100_000),
    "RIFF and nothing": b"RIFF\x10\0\0\0WAVE",
    "no data": WAV[:44],
    "no channels": wav_of(1, 0, 8000, 2, 16),
    "a codec we do not know": wav_of(0x0270, 1, 44100, 0x180, 0),
    "OGG and noise": b"OggS" + noise(100_000),
    "MP4 and noise": b"\0\0\0\x18ftypM4A " + noise(100_000),
    "MP4 with a huge table": b"\0\0\0\x10ftypM4A \0\0\0\0"
    + b"\0\0\0\x40moov\0\0\0\x38trak\0\0\0\x30stsz\0\0\0\0\0\0\0\0\xff\xff\xff\xf0"
    + b"\0" * 28,
    "FLAC and noise": b"fLaC" + noise(100_000),
    "AMR and noise": b"#!AMR\n" + b"\xff" * 1000,
    "ID3 alone": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + noise(1000),
    "a list of other files": b"ID3\4\0\0\0\0\0\0#EXTM3U\nfile:///etc/passwd\n",
    "a film without a sound": film(),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_only_begins_like_a_sound_is_told_so(name: str) -> None:
    with pytest.raises(RecordingBrokenError):
        await converted(BROKEN[name])


async def test_no_header_harms_anybody() -> None:
    """Headers that lie: some of it may be heard, or nothing; it ends, and in words."""
    chance = random.Random(15)
    for original in (WAV, GSM_WAV, FORMATS["MP3"], FORMATS["OGG of Opus"], FORMATS["M4A"]):
        for _ in range(4):
            content = bytearray(original)
            for _ in range(12):
                content[chance.randrange(12, 200)] = chance.randrange(256)
            with suppress(RecordingBrokenError, RecordingTooLargeError):
                for voice in await converted(bytes(content)):
                    assert hear(voice).codec == "opus"


# Long ones


def silence(path: Path, hours: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        for _ in range(round(hours * 60)):
            file.writeframes(b"\x80" * 8000 * 60)


def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **constants: int) -> None:
    monkeypatch.setattr(voices, "_PROGRAM", changed_program(tmp_path, **constants))


async def test_a_long_one_is_split_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(tmp_path, monkeypatch, PART_SECONDS=25)
    silence(tmp_path / "1.wav", hours=1 / 60)
    with open(tmp_path / "1.wav", "rb") as file:  # noqa: ASYNC230 - a small file
        parts = await parts_of(file, "wav")
    assert [round(hear(part).seconds) for part in parts] == [25, 25, 10]


async def test_a_part_is_no_larger_than_telegram_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(tmp_path, monkeypatch, PART_BYTES=10_000)
    parts = await converted(wav_of(1, 1, 8000, 2, 16, seconds=20))
    assert len(parts) > 2
    assert max(map(len, parts)) < 10_000 + 4_000  # a second more, and the end
    assert sum(hear(one).seconds for one in parts) == pytest.approx(20, abs=0.1)


async def test_what_is_longer_than_any_call_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(tmp_path, monkeypatch, LONGEST=30)
    silence(tmp_path / "1.wav", hours=1 / 60)
    with (
        open(tmp_path / "1.wav", "rb") as file,  # noqa: ASYNC230 - a small file
        pytest.raises(RecordingTooLargeError),
    ):
        await parts_of(file, "wav")


MEASURED = """
import resource, subprocess, sys
subprocess.run((sys.executable, "-I", *sys.argv[1:]), close_fds=False, check=True,
               stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Tells the peak of the program's memory in KiB; measured from here it would have that of ours."""


@pytest.mark.long
def test_an_hour_takes_no_more_memory_than_a_second(tmp_path: Path) -> None:
    """Ten hours of silence are the same; an hour tells it sooner."""
    peaks = {}
    for hours in (1 / 60, 1.0):
        silence(tmp_path / "1.wav", hours)
        with open(tmp_path / "1.wav", "rb") as source, tempfile.TemporaryFile() as target:
            files = (source.fileno(), target.fileno())
            told = subprocess.run(
                (sys.executable, "-I", "-c", MEASURED, opus.__file__, *map(str, files), "wav"),
                pass_fds=files,
                capture_output=True,
                check=True,
            )
        peaks[hours] = int(told.stdout) // 1024
    assert peaks[1.0] < 90
    assert peaks[1.0] - peaks[1 / 60] < 8


# What ends the program


async def killed(number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "opus.py"
    program.write_text(f"import os; os.kill(os.getpid(), {number})", encoding="utf-8")
    monkeypatch.setattr(voices, "_PROGRAM", program)
    with pytest.raises(RecordingBrokenError):
        await converted(WAV)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
async def test_a_crash_of_the_decoder_is_told_and_harms_nobody(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await killed(number, monkeypatch, tmp_path)
    monkeypatch.undo()
    assert await converted(WAV)


async def test_whoever_is_not_waited_for_any_more_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, told = tmp_path / "opus.py", tmp_path / "pid"
    os.mkfifo(told)
    program.write_text(
        f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)",
        encoding="utf-8",
    )
    monkeypatch.setattr(voices, "_PROGRAM", program)
    conversion = asyncio.ensure_future(converted(WAV))
    pid = int(await asyncio.to_thread(told.read_text))
    conversion.cancel()
    with pytest.raises(asyncio.CancelledError):
        await conversion
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_bot_that_is_killed_leaves_no_program_behind(tmp_path: Path) -> None:
    silence(tmp_path / "1.wav", hours=4)
    with open(tmp_path / "1.wav", "rb") as source, tempfile.TemporaryFile() as target:
        files = (source.fileno(), target.fileno())
        with subprocess.Popen(
            (sys.executable, "-I", "-c", FORKING, opus.__file__, *map(str, files), "wav"),
            pass_fds=files,
            stdout=subprocess.PIPE,
        ) as bot:
            assert bot.stdout is not None
            pid = int(bot.stdout.readline())
            until(lambda: os.fstat(target.fileno()).st_size > 0)
            assert is_running(pid)
            bot.kill()
        until(lambda: not is_running(pid))
    assert os.listdir(tmp_path) == ["1.wav"]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


FORKING = """
import subprocess, sys
program = subprocess.Popen((sys.executable, "-I", *sys.argv[1:]), close_fds=False,
                           stdout=subprocess.DEVNULL)
print(program.pid, flush=True)
program.wait()
"""


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_memory_that_is_asked_for_in_vain_ends_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the libraries alone over the limit, whatever is asked for next is refused."""
    little = replace(voices.LIMITS, memory=resource.getpagesize())
    monkeypatch.setattr(voices, "LIMITS", little)
    with pytest.raises(RecordingBrokenError):
        await converted(WAV)


async def test_a_few_are_converted_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, began, go = tmp_path / "opus.py", tmp_path / "began", tmp_path / "go"
    os.mkfifo(go)
    program.write_text(
        f"import os; open({str(began)!r}, 'a').write('.'); open({str(go)!r}).read()",
        encoding="utf-8",
    )
    monkeypatch.setattr(voices, "_PROGRAM", program)
    converter = Converter()

    async def convert() -> None:
        with tempfile.TemporaryFile() as file, pytest.raises(RecordingBrokenError):
            async with converter.voices(file, "wav"):
                pass

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for _ in range(voices.AT_ONCE + 2):
            tasks.create_task(convert())
        while not began.exists() or len(began.read_text()) < voices.AT_ONCE:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
        assert len(began.read_text()) == voices.AT_ONCE
        for count in (2, 4):
            while len(began.read_text()) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.to_thread(go.write_text, "")

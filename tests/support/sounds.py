"""Sounds under test: files of many formats, made of a tune, and what can be heard in a voice."""

import io
import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
from av import AudioFrame, AudioResampler, AudioStream, VideoFrame

from bot.demo.pbx.sounds import tune
from bot.media import opus

_LOUD = 500

_OPTIONS = {"strict": "experimental"}
"""FFmpeg calls its own encoder of Vorbis so."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a player makes of a file; `hertz`: how often it swings, on the whole."""

    container: str
    codec: str
    channels: int
    seconds: float
    hertz: float


def hear(content: bytes, kind: str | None = None) -> Heard:
    """`kind`: of a file that does not tell, what FFmpeg calls its container."""
    with av.open(io.BytesIO(content), "r", format=kind) as file:
        [stream] = file.streams.audio
        resampler = AudioResampler("s16", "mono", 8000)
        samples: list[int] = []
        frames: list[AudioFrame | None] = []
        for packet in file.demux(stream):
            with suppress(av.FFmpegError):  # a byte at the end, to make it even
                frames += packet.decode()
        for frame in [*frames, None]:
            for one in resampler.resample(frame):
                data = memoryview(bytes(one.planes[0])[: one.samples * 2]).cast("h")
                samples.extend(data)
        loud = [one for one in samples if abs(one) > _LOUD]
        swings = sum((a < 0) != (b < 0) for a, b in itertools.pairwise(loud))
        seconds = len(samples) / 8000
        return Heard(
            file.format.name,
            stream.codec_context.name,
            stream.codec_context.channels,
            seconds,
            swings / 2 / seconds,
        )


def is_voice_of(voice: bytes, recording: bytes) -> bool:
    """Whether it is a voice message in which the recording is heard, whole."""
    one, other = hear(voice), hear(recording)
    return (
        (one.container, one.codec, one.channels) == ("ogg", "opus", 1)
        and abs(one.seconds - other.seconds) < 0.15
        and abs(one.hertz - other.hertz) < other.hertz * 0.1
    )


def encoded(
    wav: bytes, container: str, codec: str, *, rate: int = 8000, layout: str = "mono"
) -> bytes:
    """The same sound in another format."""
    content = io.BytesIO()
    with (
        av.open(io.BytesIO(wav), "r") as source,
        av.open(content, "w", format=container) as target,
    ):
        stream = cast("AudioStream", target.add_stream(codec, rate, options=_OPTIONS))
        stream.layout = layout
        frames: list[AudioFrame | None] = [*source.decode(audio=0), None]
        for frame in frames:
            target.mux(stream.encode(frame))
    return content.getvalue()


def changed_program(directory: Path, **constants: float) -> Path:
    """The program that makes voice messages, with other constants."""
    text = Path(opus.__file__).read_text(encoding="utf-8")
    for name, value in constants.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{name} = "))
        text = text.replace(before, f"{name} = {value}")
    program = directory / "opus.py"
    program.write_text(text, encoding="utf-8")
    return program


def film() -> bytes:
    """A moving picture without a sound."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as target:
        stream = target.add_stream("mpeg4", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frames: list[VideoFrame | None] = [VideoFrame(64, 64, "yuv420p") for _ in range(25)]
        for frame in [*frames, None]:
            target.mux(stream.encode(frame))
    return content.getvalue()


WAV = tune(1)

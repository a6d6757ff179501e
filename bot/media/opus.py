"""Makes voice messages of a recording: Opus in OGG, one or, of a long one, several.

A program of its own, run for each recording by voices.py, within its limits: what it reads comes
from outside, and a decoder that is fooled must not take the bot with it, nor hold up its loop. It
imports nothing of ours and knows nothing of them but what it is given:

    opus.py INPUT OUTPUT FORMAT

the numbers of two open files, and what kind of sound the first is. The parts are written one after
another; a line on the standard output says how they end: {"parts": [[bytes, milliseconds], …]}, or
{"failed": why}. No line: it crashed, or went over one of its limits.

Kinds of sound are named and never guessed, and decoders are those of a short list: some of
FFmpeg's read other files, or ask the network, if what they are given says so.
"""

import json
import os
import sys
from collections.abc import Iterator
from fractions import Fraction

import av
from av import AudioFrame, AudioResampler, AudioStream
from av.container import InputContainer, OutputContainer

FORMATS = frozenset({"wav", "mp3", "ogg", "flac", "mov", "aac", "amr", "gsm"})
"""What INPUT may be, in FFmpeg's words."""

LONGEST = 12 * 3600
"""Seconds of sound, as long as a call may be."""

PART_SECONDS = 4 * 3600
PART_BYTES = 45_000_000
"""How long and how large a part becomes, whichever comes first; Telegram takes 50 MB."""

_CODECS = frozenset(
    {
        *("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_u8"),
        *("pcm_alaw", "pcm_mulaw", "gsm", "gsm_ms", "adpcm_ima_wav", "adpcm_ms", "g726", "g726le"),
        *("g722", "mp3", "mp3float", "mp2", "vorbis", "opus", "libopus", "speex", "libspeex"),
        *("flac", "aac", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb"),
    }
)

_NARROW, _WIDE = 8000, 16000
_BIT_RATES = {_NARROW: 16_000, _WIDE: 24_000}
_OPTIONS = {
    "application": "voip",
    "vbr": "on",
    "frame_duration": "60",
    "compression_level": "5",  # 10 takes a third longer, and nobody hears it over a telephone
}
_BAD_IN_A_ROW = 50
"""Packets that cannot be decoded, one after another, before the rest is given up."""


class _TooLongError(Exception):
    pass


class _Parts:
    """The voice messages, written one after another; in vain, once the bot has ended."""

    def __init__(self, file: int, rate: int) -> None:
        self.told: list[tuple[int, int]] = []
        self._file = file
        self._rate = rate
        self._all = 0
        self._bot = os.getppid()
        self._begin()

    def add(self, frame: AudioFrame) -> None:
        frame.pts, frame.time_base = self._samples, Fraction(1, self._rate)
        self._samples += frame.samples
        self._all += frame.samples
        if self._all > LONGEST * self._rate:
            raise _TooLongError
        self._container.mux(self._stream.encode(frame))
        if self._samples >= PART_SECONDS * self._rate or self._bytes >= PART_BYTES:
            self._end()
            self._begin()

    def end(self) -> None:
        if self._samples:
            self._end()

    def write(self, data: bytes) -> int:
        """What the container writes to, about once for each second of sound."""
        if os.getppid() != self._bot:
            os._exit(1)
        os.write(self._file, data)
        self._bytes += len(data)
        return len(data)

    def _begin(self) -> None:
        self._samples = self._bytes = 0
        self._container: OutputContainer = av.open(self, "w", format="ogg")
        self._stream: AudioStream = self._container.add_stream(
            "libopus", self._rate, options=_OPTIONS
        )
        self._stream.layout = "mono"
        self._stream.bit_rate = _BIT_RATES[self._rate]

    def _end(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self.told.append((self._bytes, self._samples * 1000 // self._rate))


def convert(source: int, target: int, kind: str) -> dict[str, object]:
    """Write the parts; what is to be told of them."""
    try:
        with (
            os.fdopen(source, "rb", closefd=False) as file,
            av.open(
                file, "r", format=kind, options={"codec_whitelist": ",".join(_CODECS)}
            ) as sound,
        ):
            stream = next(iter(sound.streams.audio), None)
            if stream is None or stream.codec_context.name not in _CODECS:
                return {"failed": "not a sound we know"}
            stream.codec_context.thread_count = 1
            rate = _NARROW if (stream.rate or 0) <= _NARROW else _WIDE
            parts = _Parts(target, rate)
            resampler = AudioResampler("s16", "mono", rate)
            for frame in _frames(sound, stream):
                frame.pts = None
                try:
                    ready = resampler.resample(frame)
                except ValueError:  # it goes on at another rate
                    ready = resampler.resample(None)
                    resampler = AudioResampler("s16", "mono", rate)
                    ready += resampler.resample(frame)
                for one in ready:
                    parts.add(one)
            for one in resampler.resample(None):
                parts.add(one)
            parts.end()
    except _TooLongError:
        return {"failed": "too long"}
    except (av.FFmpegError, MemoryError, ValueError) as error:
        return {"failed": type(error).__name__}
    return {"parts": parts.told} if parts.told else {"failed": "empty"}


def _frames(sound: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """What can be decoded: a broken piece is passed over, as players do; a cut end is an end."""
    bad = 0
    packets = sound.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
            bad = 0
        except av.FFmpegError:
            bad += 1
            if bad >= _BAD_IN_A_ROW:
                return


def main() -> None:
    source, target, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if kind not in FORMATS:
        raise SystemExit(2)
    av.logging.set_level(av.logging.PANIC)
    os.lseek(source, 0, os.SEEK_SET)
    print(json.dumps(convert(source, target, kind)), flush=True)  # noqa: T201
    os._exit(0)


if __name__ == "__main__":
    main()

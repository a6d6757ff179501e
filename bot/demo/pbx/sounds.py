"""The recordings of the demo: a short tune for each call, made when it is asked for.

They come in the formats that PBXs write. GSM is not made, there is no encoder of it in PyAV: all
calls with a recording in it have the same tune, which lies here as a file.
"""

import asyncio
import io
import math
import struct
import wave
from pathlib import Path

from aiohttp import web

_RATE = 8000
_NOTES = (262, 294, 330, 392, 440, 523)
_NOTE_SECONDS = 0.22
_LOUDNESS = 9000

_SUFFIXES = ("wav", "mp3", "wav", "ogg", "wav", "gsm")
_WAVS = ("plain", "gsm", "alaw")
_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "gsm": "audio/x-gsm"}
_ENCODERS = {"mp3": ("mp3", "libmp3lame"), "ogg": ("ogg", "libopus"), "alaw": ("wav", "pcm_alaw")}
"""The container and the codec, as FFmpeg calls them."""


def mount(app: web.Application) -> None:
    """Add GET /recordings/<number>.<suffix> to the application."""
    app.router.add_get(r"/recordings/{number:\d{1,12}}.{suffix:wav|mp3|ogg|gsm}", _answer)


def address(origin: str, number: int) -> str:
    """Each number has a format of its own: six in a row are in all of them."""
    return f"{origin}/recordings/{number}.{_SUFFIXES[number % len(_SUFFIXES)]}"


def recording(number: int, suffix: str) -> bytes:
    """The file of this suffix; a .wav is plain, A-law or GSM, by its number."""
    what = _WAVS[number % len(_WAVS)] if suffix == "wav" else suffix
    match what:
        case "plain":
            return tune(number)
        case "gsm":
            name = "tune.gsm" if suffix == "gsm" else "tune_gsm.wav"
            return Path(__file__).with_name(name).read_bytes()
    return _encoded(tune(number), *_ENCODERS[what])


def tune(number: int) -> bytes:
    """A WAV file of a second or two, always the same for a number."""
    notes = [_NOTES[(number // 6**place + place) % len(_NOTES)] for place in range(4 + number % 4)]
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(b"".join(map(_samples, notes)))
    return content.getvalue()


def _samples(note: int) -> bytes:
    """One note, in Hz, as 16-bit samples."""
    count = int(_RATE * _NOTE_SECONDS)
    return b"".join(
        struct.pack(
            "<h",
            int(
                _LOUDNESS
                * math.sin(2 * math.pi * note * i / _RATE)
                * math.sin(math.pi * i / count)
            ),
        )
        for i in range(count)
    )


def _encoded(sound: bytes, container: str, codec: str) -> bytes:
    import av  # large, and most of the demo does without

    content = io.BytesIO()
    with av.open(io.BytesIO(sound), "r") as source, av.open(content, "w", container) as target:
        stream = target.add_stream(codec, _RATE)
        assert isinstance(stream, av.AudioStream)  # noqa: S101 - as all these codecs are
        stream.layout = "mono"
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return content.getvalue()


async def _answer(request: web.Request) -> web.Response:
    number, suffix = int(request.match_info["number"]), request.match_info["suffix"]
    body = await asyncio.to_thread(recording, number, suffix)
    return web.Response(body=body, content_type=_TYPES[suffix])

"""The recordings of the demo: a short tune for each call, made when it is asked for."""

import io
import math
import struct
import wave

from aiohttp import web

_RATE = 8000
_NOTES = (262, 294, 330, 392, 440, 523)
_NOTE_SECONDS = 0.22
_LOUDNESS = 9000


def mount(app: web.Application) -> None:
    """Add GET /recordings/<number>.wav to the application."""
    app.router.add_get(r"/recordings/{number:\d{1,12}}.wav", _answer)


def address(origin: str, number: int) -> str:
    return f"{origin}/recordings/{number}.wav"


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


async def _answer(request: web.Request) -> web.Response:
    return web.Response(body=tune(int(request.match_info["number"])), content_type="audio/wav")

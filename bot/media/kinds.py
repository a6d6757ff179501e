"""What kind of sound a recording is: by how it begins, whatever its address or its host says."""

from bot.domain.errors import RecordingNotSoundError, RecordingPageError

BEGINNING_BYTES = 64
"""How many first bytes `kind_of` looks at."""

_MARKS = {
    b"ID3": "mp3",
    b"OggS": "ogg",
    b"fLaC": "flac",
    b"#!AMR": "amr",
}


def kind_of(beginning: bytes, name: str) -> str:
    """FFmpeg's word for what begins so; only of raw GSM 06.10 the name of the file tells more.

    Raises RecordingPageError for a web page, RecordingNotSoundError for what is no sound we know.
    """
    for mark, kind in _MARKS.items():
        if beginning.startswith(mark):
            return kind
    if beginning[:4] in {b"RIFF", b"RF64"} and beginning[8:12] == b"WAVE":
        return "wav"
    if beginning[4:8] == b"ftyp":
        return "mov"
    if len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] & 0xE0 == 0xE0:
        return "mp3" if beginning[1] & 0x06 else "aac"
    if name.lower().endswith(".gsm") and beginning[:1] and beginning[0] >> 4 == 0xD:
        return "gsm"
    if beginning.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise RecordingPageError("a page, not a sound")
    raise RecordingNotSoundError("not a sound")

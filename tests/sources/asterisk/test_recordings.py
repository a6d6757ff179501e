"""Recordings in a folder of this machine: every feed of an Asterisk tells of them after a talk."""

from pathlib import Path

import pytest

from bot.config.settings import Settings
from bot.config.sources import AsteriskSettings
from bot.domain.calls import Status
from bot.domain.errors import SourceHintError
from bot.media.origins import can_be_heard
from bot.sources.asterisk.source import AsteriskSource, create_asterisk
from tests.support.asterisk_history import reading
from tests.support.master_csv import linked, row
from tests.support.recordings import call_with_recording

NOW = 1_795_700_000
BEGAN = "2026-11-24 10:00:00"


def talk(uniqueid: str, disposition: str = "ANSWERED") -> bytes:
    answer = BEGAN if disposition == "ANSWERED" else ""
    return row(
        start=BEGAN,
        answer=answer,
        end="2026-11-24 10:01:00",
        disposition=disposition,
        extra=linked(uniqueid, uniqueid),
    )


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        ("1795500000.12.wav", True),
        ("1795500000.12.GSM", True),
        ("2026/11/24/in-0445550101-0671234567-20261124-120000-1795500000.12.mp3", True),
        ("2026/11/24/q-500-Ганна&<b>-20261124-120000-1795500000.12.wav", True),
        ("2026/11/23/1795500000.12.wav", False),
        ("1795500000.123.wav", False),
        ("11795500000.12.wav", False),
        ("1795500000.12-0671234567.wav", False),
        ("1795500000.12.txt", False),
        ("1795500000.12", False),
    ],
)
async def test_a_talk_has_the_recording_whose_name_ends_with_its_id(
    tmp_path: Path, name: str, is_found: bool
) -> None:
    folder = tmp_path / "monitor"
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"RIFF")
    settings = AsteriskSettings(
        kind="asterisk",
        timezone="UTC",
        master_csv=str(tmp_path / "Master.csv"),
        recordings_url=f"file://{folder}",
    )
    (tmp_path / "Master.csv").write_bytes(
        talk("1795500000.12") + talk("1795500001.1", "NO ANSWER")
    )
    source = create_asterisk("office", settings, clock=lambda: NOW)
    assert isinstance(source, AsteriskSource)
    [feed] = source.feeds
    assert feed.name == "history"
    async with reading(feed) as read:
        await read.until(lambda read: len(read.facts) == 2)
    urls = {facts.status: facts.recording_url for facts in read.facts}
    chosen = Settings(_env_file=None, sources={"office": settings})
    assert can_be_heard(call_with_recording(urls[Status.ANSWERED]), chosen) == is_found
    assert (urls[Status.ANSWERED] is not None) == is_found
    assert set(urls.values()) <= {urls[Status.ANSWERED], None}


async def test_a_folder_that_is_not_there_loses_no_call(tmp_path: Path) -> None:
    settings = AsteriskSettings(
        kind="asterisk",
        timezone="UTC",
        master_csv=str(tmp_path / "Master.csv"),
        recordings_url=f"file://{tmp_path}/gone",
    )
    (tmp_path / "Master.csv").write_bytes(talk("1795500000.12"))
    source = create_asterisk("office", settings, clock=lambda: NOW)
    assert isinstance(source, AsteriskSource)
    with pytest.raises(SourceHintError, match="RECORDINGS_URL is a folder that is not there"):
        await source.check()
    async with reading(source.feeds[0]) as read:
        await read.until(lambda read: len(read.facts) == 1)
    assert read.facts[0].recording_url is None
    (tmp_path / "gone").mkdir()
    assert "not there" not in await source.check()

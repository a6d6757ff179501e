"""The recordings of the demo: in the formats that PBXs write, each of them a real sound."""

import httpx
from aiohttp import web

from bot.demo.pbx.sounds import address, mount, recording
from bot.media.kinds import BEGINNING_BYTES, kind_of
from tests.support.plain_http import plain_http
from tests.support.sounds import hear


async def test_six_in_a_row_are_in_all_formats_and_can_be_heard() -> None:
    app = web.Application()
    mount(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found = []
    try:
        async with plain_http() as http:
            for number in range(60, 66):
                url = address(f"http://127.0.0.1:{runner.addresses[0][1]}", number)
                answer = await http.get(url)
                kind = kind_of(answer.content[:BEGINNING_BYTES], httpx.URL(url).path)
                heard = hear(answer.content, kind)
                assert 0.5 < heard.seconds < 3
                found.append((kind, heard.codec))
            gone = await http.get(url.replace(".gsm", ".exe"))
            assert gone.status_code == 404
    finally:
        await runner.cleanup()
    assert found == [
        ("wav", "pcm_s16le"),
        ("mp3", "mp3float"),
        ("wav", "pcm_alaw"),
        ("ogg", "opus"),
        ("wav", "gsm_ms"),
        ("gsm", "gsm"),
    ]


def test_a_number_always_sounds_the_same() -> None:
    assert recording(7, "mp3") == recording(7, "mp3")
    assert recording(7, "mp3") != recording(13, "mp3")

"""What people do on the page, what the panel is ordered, and the files of the page."""

import asyncio
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import aiohttp

from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.chats import Person
from bot.demo.page.server import STATIC, STATIC_TYPES, DemoPage
from tests.support.demo_page import FakePanel, Site
from tests.support.telegram import TOKEN


async def test_start_brings_the_payload_once_or_that_of_a_link(site: Site) -> None:
    assert (await site.post("/start", {"as": 8}))[0] == 200
    assert site.ivan.last().text == "/start abc_1"
    await site.post("/start", {"as": 8})
    assert site.ivan.last().text == "/start"
    await site.post("/start", {"as": 7, "payload": "Link-1"})
    assert site.olena.last().text == "/start Link-1"
    assert (await site.post("/start", {"as": 7, "payload": "a b"}))[0] == 400


async def test_people_write_to_the_group_they_are_in(site: Site) -> None:
    body = {"as": 7, "chat": -100, "text": "/log@dzvinok_bot"}
    assert (await site.post("/send", body))[0] == 200
    assert site.group.last().text == "/log@dzvinok_bot"


async def test_the_panel_acts_and_its_labels_follow(site: Site) -> None:
    async with site.events(after=(await site.state())["position"]) as stream:
        assert (await site.post("/panel", {"key": "missed"}))[0] == 200
        told = await stream.next()
    assert (told["kind"], told["actions"][0]["uk"]) == ("panel", "Пропущено 1")
    assert await site.post("/panel", {"key": "429"}) == (
        200,
        {"ok": False, "error": "Telegram is busy already"},
    )
    assert (await site.post("/panel", {"key": "other"}))[0] == 404
    assert site.panel.done == ["missed"]


async def test_the_sources_are_as_the_bot_knows_them_and_calls_come_through_the_chosen_one(
    site: Site,
) -> None:
    _, body = await site.get("/sources")
    shop, live = json.loads(body)
    assert (shop["is_chosen"], live["is_chosen"]) == (True, False)
    assert (shop["feeds"], shop["last_call"], live["last_call"]) == ([], None, 1_795_400_060)
    [feed] = live["feeds"]
    assert (feed["connected_at"], feed["error"]) == (1_795_400_000, None)
    async with site.events(after=(await site.state())["position"]) as stream:
        assert (await site.post("/through", {"key": "live"}))[0] == 200
        assert (await stream.next())["kind"] == "panel"
    assert site.sources.chosen == "live"
    assert (await site.post("/through", {"key": "other"}))[0] == 404


async def test_only_the_pages_of_the_sources_are_read(site: Site) -> None:
    for page in ("pbx/binotel.md", "pbx/binotel.uk.md"):
        response, body = await site.get(f"/docs/{page}")
        assert (response.status, response.content_type) == (200, "text/plain")
        assert "# Binotel" in body.decode()
    for page in ("pbx/zadarma.md", "../README.md", "%2e%2e/README.md"):
        assert (await site.get(f"/docs/{page}"))[0].status == 404


async def test_stopping_does_not_wait_for_those_who_listen() -> None:
    server = BotApiServer()
    server.register_bot(TOKEN)
    page = DemoPage(server, [Person(server.user(7), "", "")], panel=FakePanel())
    async with aiohttp.ClientSession() as http:
        async with asyncio.timeout(0.9), server.running(mount=page.mount):
            response = await http.get(server.url + "/events")
        assert (await response.content.read()).startswith(b"retry")


def test_the_scripts_import_each_other_in_no_circle() -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
    arrows = {name: re.findall(r'from "\./([\w-]+\.js)"', text) for name, text in scripts.items()}
    assert set(sum(arrows.values(), ["chat.js"])) == set(scripts), "each is used, and is there"
    TopologicalSorter(arrows).prepare()


async def test_every_file_of_the_page_is_served(site: Site) -> None:
    names = {path.name for path in STATIC.iterdir()} - {"index.html"}
    for path in ("", *names):
        response, body = await site.get(f"/{path}")
        assert (response.status, bool(body)) == (200, True), path
        assert response.content_type == STATIC_TYPES[Path(path or "index.html").suffix]

"""The page in a real browser, with a bot that does what the test says."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest
from PIL import Image

from bot.demo.bot_api.fields import Upload
from bot.demo.bot_api.files import tiny_picture
from bot.demo.pbx.sounds import recording
from tests.support.browser import chromium, faint_words, last_message, row_of, watched
from tests.support.demo_page import KEYS, XSS, Site

if TYPE_CHECKING:
    from playwright.async_api import Page, ViewportSize

PHONE: "ViewportSize" = {"width": 390, "height": 844}
DESKTOP: "ViewportSize" = {"width": 1280, "height": 800}


@asynccontextmanager
async def opened(site: Site, **options: Any) -> AsyncIterator["Page"]:
    """The page in English, with the chat of Olena."""
    async with (
        chromium() as browser,
        watched(await browser.new_page(locale="en-GB", **options)) as page,
    ):
        await page.goto(site.server.url)
        await page.locator("#text").wait_for()
        yield page


async def test_what_the_bot_writes_is_drawn_as_telegram_draws_it(site: Site) -> None:
    async with opened(site) as page:
        html = (
            f"👨‍👩‍👧 <b>bold <i>both</i></b> <code>{XSS.replace('<', '&lt;')}</code> <s>old</s> "
            '<tg-spoiler>hidden</tg-spoiler> <a href="https://example.com/">link</a> /log'
        )
        await site.say("sendMessage", chat_id=7, text=html, parse_mode="HTML")
        body = last_message(page).locator(".body")
        await body.wait_for()
        assert await body.locator("strong em").text_content() == "both"
        assert await body.locator("code").text_content() == XSS
        assert await body.locator("s").text_content() == "old"
        assert await page.locator("img").count() == 0
        spoiler = body.get_by_role("button", name="hidden text")
        await spoiler.press("Enter")
        assert await body.locator(".spoiler.open").text_content() == "hidden"
        await body.get_by_role("link").click()
        assert await page.get_by_role("dialog").get_by_role("link").get_attribute("href") == (
            "https://example.com/"
        )
        await page.get_by_role("button", name="Cancel").click()
        await body.get_by_role("button", name="/log").click()
        await page.locator(".own .body", has_text="/log").wait_for()


async def test_the_bot_is_told_the_language_of_the_page_at_first_and_when_it_changes(
    site: Site,
) -> None:
    def languages(state: Any) -> set[str]:
        return {person["language"] for person in state["people"]}

    assert languages(await site.state()) == {"uk", "en"}
    async with chromium() as browser, watched(await browser.new_page(locale="en-GB")) as page:
        async with page.expect_response("**/language"):
            await page.goto(site.server.url)
        assert languages(await site.state()) == {"en"}
        async with page.expect_response("**/language"):
            await page.locator("#language").click()
        assert languages(await site.state()) == {"uk"}


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_a_tall_picture_is_shown_whole(site: Site, size: "ViewportSize") -> None:
    """As in Telegram: smaller, and nothing of it is cut."""
    png = io.BytesIO()
    Image.new("RGB", (1170, 1550)).save(png, format="PNG")
    async with opened(site, viewport=size) as page:
        assert await site.upload(png.getvalue(), "a.png", "image/png") == 200
        picture = page.locator(".photo img").last
        await picture.wait_for()
        box, seen = await picture.bounding_box(), await page.locator("#feed").bounding_box()
        assert box
        assert seen
        assert 250 < box["width"] < 400
        assert abs(box["height"] / box["width"] - 1550 / 1170) < 0.01
        assert box["height"] < seen["height"]


async def test_an_address_that_would_run_is_no_link(site: Site) -> None:
    async with opened(site) as page:
        safe = '<a href="https://example.com/">safe</a>'
        await site.say("sendMessage", chat_id=7, text=safe, parse_mode="HTML")
        evil = [{"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(1)"}]
        sent = await site.say("sendMessage", chat_id=7, text="evil", entities=evil)
        await page.locator(".body", has_text="evil").wait_for()
        assert await page.locator(".body a").all_text_contents() == ["safe"]
        await site.say("deleteMessage", chat_id=7, message_id=sent["message_id"])
        await page.locator(".body", has_text="evil").wait_for(state="detached")


async def test_a_pressed_button_turns_until_it_is_answered_and_its_message_changes_in_place(
    site: Site,
) -> None:
    async with opened(site) as page:
        edit: dict[str, Any] = {"chat_id": 7, "text": "Screen", "reply_markup": KEYS}
        sent = await site.say("sendMessage", **edit)
        await site.say("sendMessage", chat_id=7, text="Below")
        edit["message_id"] = sent["message_id"]
        key = page.get_by_role("button", name="Далі")
        for show_alert in (False, True):
            async with site.server.subscribe() as events:
                await key.click()
                pressed = await events.get()
            assert pressed.query is not None
            await page.locator(".key[aria-busy]").wait_for()
            await site.say(
                "answerCallbackQuery",
                callback_query_id=pressed.query.id,
                text=f"Said {XSS}",
                show_alert=show_alert,
            )
            if show_alert:
                await page.get_by_role("dialog").get_by_text(f"Said {XSS}").wait_for()
                await page.keyboard.press("Enter")
                await page.get_by_role("dialog").wait_for(state="detached")
            else:
                await page.locator("#toast.shown", has_text=f"Said {XSS}").wait_for()
            assert await page.locator(".key[aria-busy]").count() == 0
        await key.focus()
        await site.say("editMessageText", **edit | {"text": "Changed"})
        await page.locator(".message").first.get_by_text("Changed").wait_for()
        assert await page.evaluate("document.activeElement.textContent") == "Далі"
        assert await page.locator(".message").count() == 2
        await site.say("deleteMessage", chat_id=7, message_id=sent["message_id"])
        await page.locator(".bubble", has_text="Changed").wait_for(state="detached")


async def test_the_open_command_menu_stays_open_when_the_bot_changes_it(site: Site) -> None:
    async with opened(site) as page:
        commands = [{"command": "log", "description": "Log"}]
        await site.say("setMyCommands", commands=commands)
        await page.get_by_role("button", name="Bot commands").click()
        await page.get_by_role("option", name="/log").wait_for()
        commands.append({"command": "today", "description": "Today"})
        await site.say("setMyCommands", commands=commands)
        await page.get_by_role("option", name="/today").wait_for()
        await page.get_by_role("textbox").press("Escape")
        await page.locator("#commands").wait_for(state="hidden")


async def test_people_reply_are_asked_see_typing_and_send_files(site: Site) -> None:
    async with opened(site) as page:
        await site.say("sendMessage", chat_id=7, text="A question")
        await page.locator(".message", has_text="A question").dblclick()
        await page.get_by_role("textbox").fill("answer\nof two lines")
        await page.get_by_role("textbox").press("Enter")
        await page.locator(".own .quote", has_text="A question").wait_for()
        asked = {"force_reply": True, "input_field_placeholder": "Your name"}
        await site.say("sendMessage", chat_id=7, text="Who?", reply_markup=asked)
        await page.get_by_placeholder("Your name").fill("Olena")
        await page.keyboard.press("Enter")
        await page.locator(".own .quote", has_text="Who?").wait_for()
        await site.say("sendChatAction", chat_id=7, action="typing")
        await page.locator("#head-line", has_text="typing").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": tiny_picture()}
        )
        await page.locator(".own .photo img").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "Журнал.csv", "mimeType": "text/csv", "buffer": b"1;2"}
        )
        await page.locator(".own .file b", has_text="Журнал.csv").wait_for()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
async def test_a_visitor_sees_how_each_pbx_is_and_chooses_one(
    site: Site, viewport: "ViewportSize"
) -> None:
    async with opened(site, viewport=viewport, timezone_id="UTC") as page:
        if viewport is PHONE:
            await page.get_by_role("button", name="Phone system").click()
        assert not await page.locator("#sources").is_visible()
        await page.locator("summary", has_text="Through: PBX shop").click()
        live = page.locator("#sources li", has_text="PBX live")
        await live.get_by_text("connected since 02:13 · last call 02:14").wait_for()
        link = live.get_by_role("link", name="How to connect it")
        assert await link.get_attribute("href") == "/docs/pbx/binotel.md"
        site.sources.error = "nobody listens"
        await live.get_by_role("radio").check()
        await page.locator("summary", has_text="Through: PBX live").wait_for()
        await live.locator(".broken", has_text="no answer since 02:13").wait_for()
        await live.locator("code", has_text="nobody listens").wait_for()
        assert await faint_words(page) == []
        assert await page.locator(":focus").get_attribute("data-source") == "live"


STYLED = [
    {"text": style, "callback_data": style, "style": style} for style in ("danger", "success")
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_word_stands_out_from_what_is_behind_it(
    site: Site, scheme: Literal["light", "dark"]
) -> None:
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Log"}])
    html = (
        '<code>code</code> <a href="https://example.com/">link</a> <blockquote>said</blockquote>'
    )
    keys = {"inline_keyboard": [*KEYS["inline_keyboard"], STYLED]}
    await site.say("sendMessage", chat_id=7, text=html, parse_mode="HTML", reply_markup=keys)
    await site.post("/send", {"as": 7, "chat": 7, "text": "/log", "reply_to": 1})
    await site.post("/start", {"as": 8})
    await site.say("sendMessage", chat_id=8, text="Unread")
    async with opened(site, color_scheme=scheme, reduced_motion="reduce") as page:
        await page.get_by_role("button", name="Bot commands").click()
        await page.get_by_role("option", name="/log").wait_for()
        assert await faint_words(page) == []
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_role("button", name="Phone system").click()
        assert await faint_words(page) == []
        await page.keyboard.press("Escape")
        await row_of(page, "Іван").click()
        await page.get_by_role("button", name="Bot commands").wait_for()
        assert await faint_words(page) == []


async def test_the_keyboard_alone_is_enough(site: Site) -> None:
    quoted = "<blockquote expandable>" + "line\n" * 9 + "</blockquote>"
    await site.say(
        "sendMessage", chat_id=7, text=f"<code>18:30</code> {quoted}", parse_mode="HTML"
    )
    async with opened(site, viewport=PHONE) as page:
        await page.get_by_role("button", name="18:30").press("Enter")
        await page.locator("#toast.shown").wait_for()
        await page.locator("blockquote.long").press(" ")
        assert await page.locator("blockquote.open").get_attribute("aria-expanded") == "true"

        # what the panel covers is out of reach until it is closed, and the way back is known
        await page.get_by_role("button", name="Phone system").press("Enter")
        focused = page.locator(":focus")
        assert await focused.text_content() == "Missed"
        for _ in range(2):
            await page.keyboard.press("Shift+Tab")
        assert await page.locator("#people :focus, #chat :focus").count() == 0
        await page.keyboard.press("Escape")
        assert await focused.get_attribute("aria-label") == "Phone system"

        await page.get_by_role("button", name="More").press("Enter")
        assert await focused.text_content() == "Block the bot"
        await page.keyboard.press("Escape")
        assert await focused.get_attribute("aria-label") == "More"


async def test_nothing_lies_over_what_is_to_be_pressed(site: Site) -> None:
    for _ in range(30):
        await site.say("sendMessage", chat_id=7, text="A message")
    keys = {"keyboard": [[{"text": "Yes"}], [{"text": "No"}]]}
    await site.say("sendMessage", chat_id=7, text="?", reply_markup=keys)
    async with opened(site, viewport=PHONE) as page:
        await page.locator("#text").fill("Five\nlines\nof\na\ntext")
        await page.locator("#feed").evaluate("feed => { feed.scrollTop = 0; }")
        await page.get_by_role("button", name="To the newest").wait_for()
        down = await page.locator("#down").bounding_box()
        composer = await page.locator("#composer").bounding_box()
        assert down
        assert composer
        assert down["y"] + down["height"] < composer["y"]
        await page.get_by_role("button", name="To the newest").click()
        await page.locator("#down").wait_for(state="hidden")

        # what was said to one person is not said to another, and a notice leads out of the panel
        await page.locator("#text").fill("")
        await page.locator(".row", has_text="Іван").click()
        await page.get_by_role("button", name="START").click()
        await page.locator(".own").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "empty", "mimeType": "text/plain", "buffer": b""}
        )
        await page.locator("#toast.shown").wait_for()
        await page.get_by_role("button", name="Phone system").click()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(page.locator(".notice").click())
            tasks.create_task(site.say("sendMessage", chat_id=7, text="New"))
        await page.locator(".bubble", has_text="New").wait_for()
        assert await page.locator("#panel.open, #toast.shown").count() == 0


@pytest.mark.long
async def test_thousands_of_messages_and_two_tabs_are_no_burden(site: Site) -> None:
    async with chromium() as browser:
        context = await browser.new_context(locale="en-GB", viewport=DESKTOP)
        async with (
            watched(await context.new_page()) as other,
            watched(await context.new_page()) as page,
        ):
            await other.goto(site.server.url)
            await row_of(other, "Іван").click()
            await page.goto(site.server.url)
            await row_of(page, "Коваленко").click()
            for number in range(3000):
                await site.say(
                    "sendMessage", chat_id=7, text=f"Message {number}", reply_markup=KEYS
                )
                await asyncio.sleep(0)  # the page is told of each
            async with asyncio.timeout(30):
                await last_message(page).locator(".body", has_text="Message 2999").wait_for()
            few = "() => document.querySelectorAll('.message').length <= 240"
            await page.wait_for_function(few)
            shown = await page.locator(".message").count()
            await page.wait_for_function("() => document.querySelector('#down').hidden")
            await page.locator("#earlier").click()
            assert await page.locator(".message").count() > shown

            await other.wait_for_function("() => !document.querySelector('.badge:not([hidden])')")
            assert not (await other.title()).startswith("(")


AWAY_AT_ONCE = """row => {
  const away = (_, watching) => { watching.disconnect(); row.click(); };
  new MutationObserver(away).observe(document.querySelector("#messages"), { childList: true });
}"""


async def test_what_was_seen_is_read_however_soon_one_looks_away(site: Site) -> None:
    async with opened(site, viewport=DESKTOP) as page:
        olena, ivan = row_of(page, "Коваленко"), row_of(page, "Іван")
        await olena.click()
        await ivan.evaluate(AWAY_AT_ONCE)
        await site.say("sendMessage", chat_id=7, text="Seen")
        await page.locator(".row[aria-current]", has_text="Іван").wait_for()
        assert not await olena.locator(".badge").is_visible()


async def test_a_voice_message_is_drawn_as_it_sounds_and_plays(site: Site) -> None:
    async with opened(site, viewport=PHONE) as page:
        voice = Upload("1.ogg", recording(3, "ogg"), "audio/ogg")
        await site.say("sendVoice", {"voice": voice}, chat_id=7, duration=1, caption="1/3")
        player = last_message(page).locator(".file")
        await player.locator(".drawn .wave i").first.wait_for()
        heights = await player.locator(".wave i").evaluate_all(
            "bars => bars.map((bar) => bar.offsetHeight)"
        )
        assert len(heights) > 20
        assert max(heights) > 2 * min(heights)
        await player.get_by_role("slider").fill("500")
        heard = player.locator(".wave .heard")
        await heard.nth(len(heights) // 2 - 2).wait_for()
        assert await heard.count() < len(heights) * 0.7
        await player.get_by_role("button").click()
        await heard.nth(len(heights) - 1).wait_for()  # it was played to its end
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert await last_message(page).locator(".body").text_content() == "1/3"

"""Inline mode on the page: what it asks and sends, over HTTP and in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.support.browser import chromium, faint_words, last_message, row_of, watched
from tests.support.demo_page import XSS, Site
from tests.support.inline_bot import Answer, answering, found

if TYPE_CHECKING:
    from playwright.async_api import Page, ViewportSize

PHONE: "ViewportSize" = {"width": 390, "height": 844}
DESKTOP: "ViewportSize" = {"width": 1280, "height": 800}
CARD = {"inline_keyboard": [[{"text": "Card", "url": "https://t.me/dzvinok_bot?start=call_5"}]]}
SIGN_IN = {"text": "Sign in", "start_parameter": "inline"}


def calls(_query: dict[str, Any]) -> dict[str, Any]:
    """Three calls, for one's own eyes."""
    long = "067 123 45 67 called at noon and waited for two minutes, nobody answered " * 3
    results = [found(1, description=long, reply_markup=CARD), found(2, title=XSS), found(3)]
    return {"results": results, "cache_time": 0, "is_personal": True}


# What the page asks the server


async def ask(site: Site, **more: Any) -> Any:
    status, body = await site.post(
        "/ask", {"as": 7, "chat": 7, "text": "067", "offset": "", **more}
    )
    assert status == 200, body
    return body


async def test_the_page_is_told_what_people_see_of_an_answer(site: Site) -> None:
    assert (await site.state())["bot"]["is_inline"] is True

    def answer(query: dict[str, Any]) -> dict[str, Any]:
        return {**calls(query), "next_offset": "3", "button": SIGN_IN}

    async with answering(site.server.url, answer) as queries:
        body = await ask(site)
        assert body["results"][1] == {"id": "2", "title": XSS}
        assert set(body["results"][0]) == {"id", "title", "description"}
        assert (body["next_offset"], body["button"]) == ("3", SIGN_IN)
        await ask(site, chat=-100, text="", offset="3")
    assert [(one["query"], one["offset"], one["chat_type"]) for one in queries] == [
        ("067", "", "sender"),
        ("", "3", "supergroup"),
    ]


async def test_a_choice_is_sent_where_it_was_typed_by_whom_it_was_typed(site: Site) -> None:
    asked = await site.say("sendMessage", chat_id=7, text="?")
    async with answering(site.server.url, calls):
        query = (await ask(site))["query"]
        choice = {"as": 7, "chat": 7, "query": query, "result": "1"}
        for wrong in ({"as": 8, "chat": 8}, {"chat": -100}, {"query": "5"}):
            assert (await site.post("/choose", choice | wrong))[0] == 404
        status, body = await site.post("/choose", choice | {"result": "9"})
        assert (status, body["ok"]) == (200, False)
        assert len(site.olena.messages()) == 1
        await site.post("/choose", choice | {"reply_to": asked["message_id"]})
        sent = (await site.chat(7))["messages"][-1]
        assert (sent["text"], sent["via_bot"]["username"]) == ("Call 1", "dzvinok_bot")
        assert sent["reply_to_message"]["message_id"] == asked["message_id"]
        query = (await ask(site, chat=-100))["query"]
        choice = {"as": 7, "chat": -100, "query": query, "result": "3"}
        site.group.add(site.ivan)
        assert (await site.post("/choose", choice | {"as": 8}))[0] == 404, "another's results"
        await site.post("/choose", choice)
    assert site.group.last().text == "Call 3"


async def test_a_bot_that_is_silent_has_found_nothing(site: Site) -> None:
    site.server.telegram.inline.lifetime = 0.01
    body = await ask(site)
    assert (body["results"], body["button"], body["next_offset"]) == ([], None, "")


async def test_what_cannot_be_asked_is_refused(site: Site) -> None:
    body = {"as": 7, "chat": 7, "text": "067", "offset": ""}
    for wrong in ({"text": "x" * 257}, {"text": None}, {"offset": "x" * 65}):
        assert (await site.post("/ask", body | wrong))[0] == 400
    await site.olena.block()
    assert not (await site.post("/ask", body))[1]["ok"]
    site.bot.is_inline = False
    status, answer = await site.post("/ask", body | {"chat": -100})
    assert (status, answer["ok"]) == (200, False)
    assert "no inline mode" in answer["error"]


# In a browser


@asynccontextmanager
async def opened(
    site: Site, answer: Answer = calls, **options: Any
) -> AsyncIterator[tuple["Page", list[dict[str, Any]]]]:
    """The page in English with the chat of Olena, and what the bot has been asked."""
    async with (
        chromium() as browser,
        watched(await browser.new_page(locale="en-GB", **options)) as page,
        answering(site.server.url, answer) as queries,
    ):
        await page.goto(site.server.url)
        await page.locator("#text").wait_for()
        yield page, queries


async def test_what_is_found_is_listed_and_a_click_sends_it(site: Site) -> None:
    async with opened(site) as (page, queries):
        await page.locator("#text").fill("@Dzvinok_bot 067")
        results = page.get_by_role("listbox", name="What the bot found").get_by_role("option")
        await results.first.wait_for()
        assert await results.locator("b").all_text_contents() == ["Call 1", XSS, "Call 3"]
        assert await page.locator("img").count() == 0
        assert await results.first.get_attribute("aria-selected") == "true"
        described = results.first.locator("div span")
        line = await described.evaluate("one => parseFloat(getComputedStyle(one).lineHeight)")
        shown, whole = await described.evaluate("one => [one.offsetHeight, one.scrollHeight]")
        assert shown < 2.5 * line < whole, "two lines of it, the rest is cut"
        await results.first.click()
        sent = last_message(page)
        await sent.locator(".body strong", has_text="Call 1").wait_for()
        assert await sent.evaluate("one => one.classList.contains('own')")
        assert await sent.locator(".who").text_content() == "via @dzvinok_bot"
        assert await page.locator("#text").input_value() == ""
        assert not await page.locator("#inline").is_visible()
        assert [query["query"] for query in queries] == ["067"]

        # who has written it is asked for a call as by any link to the bot
        await sent.get_by_role("button", name="Card").click()
        await last_message(page).locator(".body", has_text="/start call_5").wait_for()

        # and a press on the name of the bot begins another
        await page.get_by_role("button", name="via @dzvinok_bot").click()
        await results.first.wait_for()
        assert await page.locator("#text").input_value() == "@dzvinok_bot "
        assert queries[-1]["query"] == ""


async def test_only_the_name_of_the_bot_and_a_space_ask_it_and_not_at_every_key(
    site: Site,
) -> None:
    typing = """text => {
      for (const typed of ["@dzvinok_bot", "@dzvinok_bot ", "@dzvinok_bot 0", "@dzvinok_bot 06"]) {
        text.value = typed;
        text.dispatchEvent(new Event("input"));
      }
    }"""
    async with opened(site) as (page, queries):
        for typed in (
            "@dzvinok_bot",
            "@other_bot 067",
            "to @dzvinok_bot 067",
            "@dzvinok_bot " + "x" * 257,
        ):
            await page.locator("#text").fill(typed)
        await page.locator("#text").evaluate(typing)
        await page.locator("#inline .result").first.wait_for()
        assert [query["query"] for query in queries] == ["06"]
        async with page.expect_response("**/ask"):
            await page.locator("#text").fill("@dzvinok_bot ")
        assert [query["query"] for query in queries] == ["06", ""]


async def test_the_keyboard_alone_chooses(site: Site) -> None:
    def answer(query: dict[str, Any]) -> dict[str, Any]:
        return {**calls(query), "button": SIGN_IN}

    async with opened(site, answer) as (page, queries):
        text, box = page.locator("#text"), page.locator("#inline")
        chosen = box.locator("[aria-selected=true]")
        await text.fill("@dzvinok_bot 067")
        await box.wait_for()
        assert await chosen.locator("b").text_content() == "Call 1"
        assert await box.locator("li").first.text_content() == "Sign in"
        await page.locator("#spoken", has_text="found: 3").wait_for(state="attached")
        await text.press("Escape")
        await box.wait_for(state="hidden")
        assert await text.input_value() == "@dzvinok_bot 067"
        await text.press("End")
        await text.press("8")
        await box.wait_for()
        await text.fill("")
        await box.wait_for(state="hidden")

        await text.fill("@dzvinok_bot 06")
        await box.wait_for()
        await text.press("ArrowUp")
        assert await chosen.text_content() == "Sign in"
        await text.press("ArrowUp")
        assert await chosen.locator("b").text_content() == "Call 3"
        # a change of the chat itself leaves the list and the choice as they are
        await site.say("setMyCommands", commands=[{"command": "log", "description": "Log"}])
        await page.get_by_role("button", name="Bot commands").wait_for()
        assert await text.get_attribute("aria-activedescendant") == "result-2"
        await text.press("Enter")
        await last_message(page).locator(".body", has_text="Call 3").wait_for()
        assert await page.evaluate("document.activeElement.id") == "text"
        assert queries[-1]["query"] == "06"

        # with nothing found a text is a text
        site.bot.is_inline = False
        await page.reload()
        await text.fill("@dzvinok_bot 1")
        await text.press("Enter")
        await last_message(page).locator(".body", has_text="@dzvinok_bot 1").wait_for()


async def test_nobody_waits_for_a_silent_bot(site: Site) -> None:
    site.server.telegram.inline.lifetime = 600

    def answer(query: dict[str, Any]) -> dict[str, Any] | None:
        return calls(query) if query["query"] == "067" else None

    async with opened(site, answer) as (page, queries):
        text, box = page.locator("#text"), page.locator("#inline")
        await text.fill("@dzvinok_bot 067")
        await box.wait_for()
        # what is listed is no answer to what is typed now
        await text.press("End")
        await text.press("1")
        await text.press("Enter")
        for number in range(8):  # more than a browser has connections
            async with page.expect_request("**/ask"):
                await text.fill(f"@dzvinok_bot {number}")
        await text.press("Escape")
        await box.wait_for(state="hidden")
        await text.fill("Something else")
        await text.press("Enter")
        await last_message(page).locator(".body", has_text="Something else").wait_for()
        assert [message.text for message in site.olena.messages()] == ["Something else"]
        assert await page.locator("#toast.shown").count() == 0
        assert [query["query"] for query in queries][-8:] == [str(number) for number in range(8)]


async def test_a_button_under_a_call_in_a_group_is_for_whoever_presses_it(site: Site) -> None:
    async with opened(site, viewport=DESKTOP) as (page, _):
        await row_of(page, "Відділ").click()
        await page.locator("#text").fill("@dzvinok_bot 067")
        await page.locator("#inline .result").first.click()
        await page.get_by_role("button", name="Card").click()
        await page.get_by_role("dialog").get_by_role("button", name="Іван").click()
        await last_message(page).locator(".body", has_text="/start call_5").wait_for()
        assert site.ivan.last().text == "/start call_5"


def pages(query: dict[str, Any]) -> dict[str, Any]:
    """Fifty calls, twenty at once."""
    start = int(query["offset"] or 0)
    numbers = range(start + 1, min(start + 20, 50) + 1)
    more = {"next_offset": str(start + 20)} if start + 20 < 50 else {}
    results = [found(number, description="067 123 45 67") for number in numbers]
    return {"results": results, "cache_time": 0, **more}


async def test_more_comes_as_one_scrolls(site: Site) -> None:
    async with opened(site, pages, viewport=PHONE) as (page, queries):
        await page.locator("#text").fill("@dzvinok_bot 067")
        results = page.locator("#inline .result")
        await results.nth(19).wait_for()
        assert [query["offset"] for query in queries] == [""]
        for count in (40, 50):
            await page.locator("#inline").evaluate("box => { box.scrollTop = box.scrollHeight; }")
            await results.nth(count - 1).wait_for()
        await page.locator("#inline").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        await results.nth(49).click()
        await last_message(page).locator(".body", has_text="Call 50").wait_for()
        assert [query["offset"] for query in queries] == ["", "20", "40"]


async def test_the_button_leads_from_a_group_to_the_bot(site: Site) -> None:
    site.group.add(site.ivan)

    def answer(query: dict[str, Any]) -> dict[str, Any]:
        known = query["from"]["id"] == 7
        return calls(query) if known else {"button": SIGN_IN, "cache_time": 0, "is_personal": True}

    async with opened(site, answer, viewport=DESKTOP) as (page, queries):
        await row_of(page, "Відділ").click()
        await page.locator("#text").fill("@dzvinok_bot 067")
        await page.locator("#inline .result").first.wait_for()
        # another is at the keyboard: what was found for the first is not for the second
        await page.locator("#actor").select_option("8")
        await page.locator("#inline").wait_for(state="hidden")
        await page.locator("#text").press("End")
        await page.locator("#text").press("1")
        await page.get_by_role("option", name="Sign in").click()
        await last_message(page).locator(".body", has_text="/start inline").wait_for()
        assert site.ivan.last().text == "/start inline"
        assert [query["from"]["id"] for query in queries] == [7, 8]
        assert {query["chat_type"] for query in queries} == {"supergroup"}

        # Olena's message in the group, as Ivan sees it
        await row_of(page, "Відділ").click()
        await page.locator("#actor").select_option("7")
        await page.locator("#text").fill("@dzvinok_bot 06")
        await page.locator("#inline .result").last.click()
        await last_message(page).locator(".body", has_text="Call 3").wait_for()
        await page.locator("#actor").select_option("8")
        assert await last_message(page).locator(".who").text_content() == (
            f"{XSS} Коваленко via @dzvinok_bot"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_is_found_can_be_read_on_a_phone_and_on_a_screen(
    site: Site, scheme: Literal["light", "dark"]
) -> None:
    def answer(query: dict[str, Any]) -> dict[str, Any]:
        return {**calls(query), "button": SIGN_IN}

    async with opened(site, answer, color_scheme=scheme, reduced_motion="reduce") as (page, _):
        for viewport in (PHONE, DESKTOP):
            await page.set_viewport_size(viewport)
            await page.locator("#text").fill("@dzvinok_bot 067")
            results = page.locator("#inline .result")
            await results.first.wait_for()
            assert await faint_words(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            box = await page.locator("#inline").bounding_box()
            foot = await page.locator("#composer").bounding_box()
            assert box
            assert foot
            assert abs(box["y"] + box["height"] - foot["y"]) < 3, "it stands on the text"
            await results.first.click()
            await last_message(page).locator(".via").wait_for()
            await page.locator("#text").fill("")
            assert await faint_words(page) == []

"""`uv run python -m tests.pictures`: takes the README's pictures anew, of a demo started for them.

It needs a font with emoji, and hours in which the demo's shop is open: else say
`faketime '14:30' uv run python -m tests.pictures`.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.demo import Options, demonstrate
from tests.support.browser import chromium

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

DOCS = Path(__file__).parents[1] / "docs"
HEIGHT = 880
FLAT = "document.documentElement.style.setProperty('--paper-1', 'var(--paper-2)')"
"""A plain ground makes smaller files."""
OPTIONS = Options(
    port=0, opens_browser=False, seed=1, calls=2000, speed=2, is_quiet=True, data=None
)


async def main() -> None:
    async with demo() as url, chromium() as browser:
        await picture_log(browser, url)
        await picture_alert(browser, url)
        await picture_search(browser, url)


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    said = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as life:
        running = life.create_task(demonstrate(OPTIONS, say=said.set_result))
        yield str(await said).split()[4]
        running.cancel()


async def opened(browser: "Browser", url: str, *, width: int, height: int) -> "Page":
    page = await browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="light",
        locale="uk-UA",
        reduced_motion="reduce",
    )
    await page.goto(url)
    await page.evaluate(FLAT)
    return page


async def picture_log(browser: "Browser", url: str) -> None:
    """The log and a card of it, side by side on two phones."""
    page = await opened(browser, url, width=390, height=HEIGHT)
    await page.get_by_role("button", name="ПОЧАТИ").click()
    await page.locator(".bubble", has_text="Вітаю").wait_for()
    log = await answer(page, "/log", "Журнал дзвінків")
    phones = [await page.screenshot()]
    words = await log.locator(".body").inner_text()
    row = words[: words.index("💬")].rpartition(". ")[0].rpartition("\n")[2]
    await log.get_by_role("button", name=row, exact=True).click()
    await log.locator(".body", has_text="Початок дзвінка").wait_for()
    phones.append(await page.screenshot())
    await page.close()
    await side_by_side(browser, phones, DOCS / "log.png")


async def picture_search(browser: "Browser", url: str) -> None:
    """What a surname finds, the statistics and their picture, side by side on three phones."""
    page = await opened(browser, url, width=390, height=HEIGHT)
    phones = []
    for text, words in (("мельник", "Пошук: мельник"), ("/stats", "Статистика")):
        told = await answer(page, text, words)
        await told.evaluate("one => one.previousElementSibling.scrollIntoView()")
        phones.append(await page.screenshot())
    count = await page.locator(".message").count()
    await told.get_by_role("button", name="🖼").click()
    await page.locator(".message").nth(count).locator("img").wait_for()
    phones.append(await page.screenshot())
    await page.close()
    await side_by_side(browser, phones, DOCS / "search.png")


async def answer(page: "Page", text: str, words: str) -> "Locator":
    """Send a text; the message, which has these words, that answers it."""
    await page.get_by_role("textbox").fill(text)
    await page.get_by_role("button", name="Надіслати").click()
    found = page.locator(".message").last
    await found.locator(".body", has_text=words).wait_for()
    return found


async def side_by_side(browser: "Browser", pictures: list[bytes], path: Path) -> None:
    page = await browser.new_page(viewport={"width": 406 * len(pictures) - 16, "height": HEIGHT})
    shown = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in pictures
    )
    await page.set_content(f'<body style="margin:0; display:flex; gap:16px">{shown}')
    await page.screenshot(path=path)
    await page.close()


async def picture_alert(browser: "Browser", url: str) -> None:
    """The supervisor takes a client just lost; the others have it unread."""
    page = await opened(browser, url, width=1100, height=760)
    await page.locator(".row", has_text="Софія").click()
    for action in ("missed", "again", "hidden"):
        count = await page.locator(".message").count()
        await page.locator(f"[data-action={action}]").click()
        if action != "again":
            await page.locator(".message").nth(count).wait_for()
    await page.locator(".body", has_text="×2").wait_for()
    await page.locator(".message", has_text="×2").get_by_role("button", name="🙋").last.click()
    await page.locator(".body", has_text="Взято").wait_for()
    await page.mouse.move(0, 0)
    await page.screenshot(path=DOCS / "alert.png")
    await page.close()


if __name__ == "__main__":
    asyncio.run(main())

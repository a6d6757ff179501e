"""A browser for the tests of the demo's page: Chromium without a window."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a computer without a browser may do without the library too
    from playwright.async_api import Browser, Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

FAINT = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((v, at) => v * a + below[at] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const grounds = (element) => {
    if (!element) return [[255, 255, 255]];
    const style = getComputedStyle(element);
    const stops = style.backgroundImage.match(/rgba?\\([^)]*\\)/g) ?? [style.backgroundColor];
    const below = grounds(element.parentElement);
    return stops.flatMap((stop) => below.map((ground) => over(numbers(stop), ground)));
  };
  const faint = [];
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
    const isShown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const colour = numbers(getComputedStyle(element).color);
    if (!/[\\p{L}\\p{N}]/u.test(words) || !isShown || colour[3] === 0) continue;
    if (element.closest(".hidden, :disabled")) continue;
    const worst = Math.min(...grounds(element).map((g) => contrast(over(colour, g), g)));
    if (worst < 4.5) faint.push(`${words.slice(0, 30)}: ${worst.toFixed(2)}`);
  }
  return faint;
}"""


async def faint_words(page: "Page") -> list[str]:
    """What is shown with less contrast than WCAG 2 AA asks of ordinary text (4.5)."""
    faint: list[str] = await page.evaluate(FAINT)
    return faint


@asynccontextmanager
async def watched(page: "Page") -> AsyncIterator["Page"]:
    """A page that must do all without a word in the console and without an uncaught error."""
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_default_timeout(60_000)
    yield page
    await page.close()
    assert problems == []


def last_message(page: "Page") -> "Locator":
    return page.locator(".message").last


def row_of(page: "Page", name: str) -> "Locator":
    """The chat of that person in the list beside the open one."""
    return page.locator(".row", has=page.locator("b", has_text=name))


@asynccontextmanager
async def chromium() -> AsyncIterator["Browser"]:
    """A browser; the test is skipped where there is no Chromium, but in CI it fails."""
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        _missing("Playwright is not installed")
    if not CHROMIUM.exists():  # noqa: ASYNC240 - nothing else runs yet
        _missing(f"there is no {CHROMIUM}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(OPTIONS), headless=True
        )
        try:
            yield browser
        finally:
            await browser.close()


def _missing(reason: str) -> None:
    words = f"THE DEMO'S PAGE WAS NOT TRIED IN A BROWSER: {reason}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)

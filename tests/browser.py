"""A browser for the tests of the demo's page: Chromium without a window."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a computer without a browser may do without the library too
    from playwright.async_api import Browser

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


@asynccontextmanager
async def chromium() -> AsyncIterator["Browser"]:
    """Skips the test where there is no Chromium, but in CI fails it."""
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

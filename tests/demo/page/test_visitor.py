"""A visitor of the demo tries the real bot in a real browser."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.app import serve
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.chats import Person
from bot.demo.page.panel import Action
from bot.demo.page.server import DemoPage
from bot.domain.people import Role
from storage.database import open_database
from storage.invites import InviteRepo
from tests.support.browser import chromium, last_message, row_of, watched
from tests.support.plain_http import plain_http
from tests.support.running import (
    ACCOUNTANT,
    ADMIN,
    HOOK_TOKEN,
    IVAN,
    OLENA,
    SUPERVISOR,
    settings_for,
)
from tests.support.telegram import TOKEN, Clock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Calls:
    """A panel that posts calls to the real bot's hook."""

    http: httpx.AsyncClient
    url: str = ""
    count: int = 0

    def actions(self) -> Sequence[Action]:
        return [Action("missed", "Клієнт дзвонить, пропущено", "A client calls, missed", "call")]

    async def act(self, key: str) -> None:
        assert key == "missed"
        await self.post(ago=30)

    async def post(self, *, ago: int) -> None:
        self.count += 1
        ended = NOON - timedelta(seconds=ago)
        call = {
            "id": f"call-{self.count}",
            "direction": "in",
            "status": "missed",
            "caller": {
                "number": f"06712345{self.count:02}",
                "name": f"Клієнт <b>{self.count}</b>",
            },
            "callee": {"number": "101"},
            "line": "0445550101",
            "rang": ["101"],
            "started_at": (ended - timedelta(seconds=17)).isoformat(),
            "ended_at": ended.isoformat(),
            "ended_by": "caller",
        }
        answer = await self.http.post(f"{self.url}/hooks/office/{HOOK_TOKEN}", json=call)
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def demo_office(directory: Path) -> AsyncIterator[str]:
    """The bot with twelve old calls of today, five people who have not pressed START; the page."""
    clock = Clock(NOON.timestamp())
    server = BotApiServer(clock=clock)
    bot = server.register_bot(TOKEN, username="dzvinok_bot", name="Dzvinok")
    staff: list[tuple[int, str, str, Role | None, tuple[str, ...]]] = [
        (ADMIN, "Ганна", "Адміністратор", None, ()),
        (SUPERVISOR, "Марія", "Керівник", Role.SUPERVISOR, ()),
        (OLENA, "Олена", "Оператор 101", Role.OPERATOR, ("101",)),
        (IVAN, "Іван", "Оператор 102", Role.OPERATOR, ("102",)),
        (ACCOUNTANT, "Софія", "Бухгалтер", Role.ACCOUNTANT, ()),
    ]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(plain_http())
        panel = Calls(http)
        people: list[Person] = []
        async with open_database(directory / "dzvinok.db") as database:
            for number, name, role_name, role, extensions in staff:
                payload = role and await InviteRepo(database).add(
                    role, extensions=extensions, name=name, now=int(clock())
                )
                user = server.user(number, name, language_code="uk")
                people.append(Person(user, role_name, role_name, payload or ""))
        group = server.group(-1001, "Відділ продажів", owner=people[0].user)
        group.add(bot)
        page = DemoPage(server, people, panel=panel, group=group)
        await stack.enter_async_context(server.running(mount=page.mount))
        settings = settings_for(directory, server)
        panel.url = await stack.enter_async_context(
            serve(settings, clock=lambda: int(clock()), steady=clock)
        )
        for index in range(12):
            await panel.post(ago=7200 + index * 60)
        yield server.url
    assert server.violations == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
async def test_a_shop_owner_tries_the_bot_in_a_browser(
    tmp_path: Path, width: int, height: int
) -> None:
    is_phone = width < 720
    async with (
        chromium() as browser,
        demo_office(tmp_path) as url,
        watched(
            await browser.new_page(
                viewport={"width": width, "height": height},
                locale="uk-UA",
                timezone_id="Europe/Kyiv",
                has_touch=is_phone,
                color_scheme="dark" if is_phone else "light",
            )
        ) as page,
    ):
        await page.goto(url)
        await page.locator("#about", has_text="замовте дзвінок на телефонній станції").wait_for()
        for name in ("Олена", "Марія"):
            await row_of(page, name).click()
            await page.get_by_role("button", name="ПОЧАТИ").click()
            await page.locator(".bubble", has_text="Вітаю!").wait_for()

        # today's calls by the menu, the next page, a card
        await page.get_by_role("button", name="Команди бота").click()
        await page.get_by_role("option", name="/today").click()
        await page.locator(".bubble", has_text="Усього 12").wait_for()
        await last_message(page).get_by_role("button", name="▶️").click()
        await last_message(page).get_by_role("button", name="2/2").wait_for()
        assert await page.locator("[aria-busy]").count() == 0, "answered: nothing turns"
        await last_message(page).get_by_role("button", name="1", exact=True).click()
        await last_message(page).locator(".body", has_text="Коментаря ще немає").wait_for()

        # a comment, with what must stay text
        await last_message(page).get_by_role("button", name="Коментар").click()
        await page.locator(".bubble", has_text="Надішліть текст").wait_for()
        await page.get_by_role("textbox").fill("Передзвонити <b>завтра</b>")
        await page.get_by_role("textbox").press("Enter")
        saved = "Передзвонити <b>завтра</b>"
        await page.locator(".message:not(.own) .body", has_text=saved).wait_for()
        assert await page.locator(".body b").count() == 0, "bold is strong, and never raw"

        # a call is missed while Olena's chat is open: Maria has it unread
        supervisor = row_of(page, "Марія")
        await row_of(page, "Олена").click()
        if is_phone:
            await page.get_by_role("button", name="Телефонна станція").click()
        async with asyncio.TaskGroup() as tasks:  # a notice goes in seconds: look out for it first
            tasks.create_task(page.locator(".notice", has_text="Марія").wait_for())
            await page.get_by_role("button", name="Клієнт дзвонить, пропущено").click()
        await last_message(page).locator("strong", has_text="Пропущений дзвінок").wait_for()
        await supervisor.locator(".badge", has_text="1").wait_for()
        assert (await page.title()).startswith("(1) ")
        if is_phone:
            await page.get_by_role("button", name="Закрити", exact=True).click()
        await supervisor.click()
        await page.get_by_text("Непрочитані повідомлення").wait_for()
        await last_message(page).locator("strong", has_text="Пропущений дзвінок").wait_for()
        assert not await supervisor.locator(".badge").is_visible()
        assert await page.evaluate("document.body.scrollWidth <= innerWidth"), "nothing sticks out"

        # English, the other theme, and what was read stays read
        await page.get_by_role("button", name="English").click()
        await page.get_by_role("button", name="Light or dark theme").click()
        await page.reload()
        await row_of(page, "Марія").wait_for()
        assert await page.get_by_role("textbox").get_attribute("placeholder") == "Message"
        assert await page.locator(".badge:visible").count() == 0

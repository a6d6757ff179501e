"""A bot of a few lines that answers inline queries over HTTP with what a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from tests.support.telegram import TOKEN

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]
"""What is said to an InlineQuery: parameters of answerInlineQuery, but the id; None: nothing."""


def found(number: int, **more: Any) -> dict[str, Any]:
    """A result of the type article, which sends "Call <number>" in bold."""
    content = {"message_text": f"<b>Call {number}</b>", "parse_mode": "HTML"}
    given = {"type": "article", "id": str(number), "title": f"Call {number}"}
    return {**given, "input_message_content": content, **more}


@asynccontextmanager
async def answering(url: str, answer: Answer) -> AsyncIterator[list[dict[str, Any]]]:
    """Answer all inline queries until the end of the block; the queries so far, oldest first."""
    queries: list[dict[str, Any]] = []

    async def call(session: aiohttp.ClientSession, method: str, params: dict[str, Any]) -> Any:
        async with session.post(f"{url}/bot{TOKEN}/{method}", json=params) as response:
            body = await response.json()
        assert body["ok"], body
        return body["result"]

    async def work() -> None:
        offset = 0
        async with aiohttp.ClientSession() as session:
            while True:
                for update in await call(session, "getUpdates", {"offset": offset, "timeout": 50}):
                    offset = update["update_id"] + 1
                    if query := update.get("inline_query"):
                        queries.append(query)
                        if (said := answer(query)) is not None:
                            params = {"inline_query_id": query["id"], "results": [], **said}
                            await call(session, "answerInlineQuery", params)

    working = asyncio.get_running_loop().create_task(work())
    try:
        yield queries
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working

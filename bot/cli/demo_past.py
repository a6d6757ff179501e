"""The past of the demo's company: calls, colleagues, comments, what people did. All invented."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.config.settings import Settings
from bot.demo.deeds import DEEDS
from bot.demo.pbx.company import CLIENTS, PEOPLE
from bot.demo.pbx.history import REMARKS, history
from bot.domain.audit import By
from bot.domain.clock import system_clock
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING, Role
from bot.repositories import create_repositories
from storage.database import open_database, remove_database

_BATCH = 10_000
"""Calls of the past written in one transaction."""

_REMARKS = 150
"""About so many comments stand on the calls of the past."""

_REMARK_AFTER = 240
"""Seconds from the end of a call to the comment on it."""

_HIRED_AGO = 10 * 86400
"""Seconds since the colleagues were invited, and came."""


@dataclass(frozen=True, slots=True)
class Past:
    """`is_new`: it was written now. `invites`: of colleagues not yet in, by Telegram id."""

    is_new: bool
    invites: dict[int, str]


async def write_past(
    settings: Settings,
    *,
    calls: int,
    seed: int,
    say: Callable[[str], None],
    stop: asyncio.Event,
) -> Past:
    """Write the database, if it is empty, and invites; `stop` cuts this short.

    What a kept database holds stays as it is, with all that its visitor has changed.
    """
    hired_at, path = system_clock() - _HIRED_AGO, settings.database_path
    is_new = not path.stat().st_size
    if is_new:
        part = path.with_name(path.name + ".part")
        remove_database(part)  # of a start that was cut short
        await _write_history(part, settings, calls=calls, seed=seed, say=say, stop=stop)
        if stop.is_set():
            return Past(is_new=True, invites={})
        part.replace(path)  # under its name only when it is whole
    async with open_database(path) as database:
        repositories = create_repositories(database, settings)
        invites = {
            one.tg_id: await repositories.invites.add(
                Role(one.role),
                extensions=[one.extension] if one.extension else [],
                name=one.name,
                now=hired_at,
            )
            for one in PEOPLE[1:]
            if await repositories.employees.find(one.tg_id) is None
        }
        for one in PEOPLE[1:]:  # in before the visitor, who would be told of each
            if one.tg_id in invites:
                await repositories.invites.accept(
                    invites[one.tg_id],
                    tg_id=one.tg_id,
                    name=one.name,
                    language=settings.language,
                    page_size=settings.page_size,
                    now=hired_at,
                )
        return Past(is_new=is_new, invites=invites)


async def _write_history(
    path: Path,
    settings: Settings,
    *,
    calls: int,
    seed: int,
    say: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    now = system_clock()
    async with open_database(path) as database:
        repositories = create_repositories(database, settings)
        past = history(
            calls=calls,
            seed=seed,
            now=now,
            zone=settings.zone,
            origin=settings.bot_api_url,
        )
        written = 0
        while not stop.is_set() and (batch := list(itertools.islice(past, _BATCH))):
            await repositories.calls.record(batch, now=now)
            written += len(batch)
            if calls > _BATCH:
                say(f"{written} of {calls} calls of the past")
        for number, name in CLIENTS:
            await repositories.contacts.set_name(number, name, now=now)


async def write_remarks(settings: Settings) -> None:
    """Comments of the operators on some of their calls, the latest ones among them."""
    async with open_database(settings.database_path) as database:
        repositories = create_repositories(database, settings)
        by = {one.extension: one.tg_id for one in PEOPLE if one.extension}
        page = await repositories.journal.page(
            EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=24
        )
        newest = max((call.id for call in page.calls), default=0)
        spread = range(1, newest + 1, max(1, newest // _REMARKS))
        for call_id in sorted({*spread, *(call.id for call in page.calls[::3])}):
            call = await repositories.journal.get(call_id, EVERYTHING)
            remark = REMARKS[call.id % len(REMARKS)]
            author = await repositories.employees.find(by[remark.extension])
            if author and remark.extension in {*call.rang, call.extension}:
                await repositories.comments.set(
                    call.id,
                    remark.text,
                    author=author,
                    on_top_of=0,
                    now=call.started_at + (call.wait or 0) + (call.talk or 0) + _REMARK_AFTER,
                )


async def write_deeds(settings: Settings) -> None:
    """What people did in the days before, for the audit alone: nothing has changed by it."""
    now = system_clock()
    async with open_database(settings.database_path) as database:
        repositories = create_repositories(database, settings)
        known = [await repositories.employees.find(one.tg_id) for one in PEOPLE]
        ids = {one.tg_id: one.id for one in known if one}
        page = await repositories.journal.page(
            EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=len(DEEDS)
        )
        calls = iter(call for call in page.calls if call.client)
        for deed in DEEDS:
            call = next(calls, None) if deed.is_of_a_call else None
            await repositories.audit.note(
                deed.kind,
                By(ids.get(deed.who), now - deed.ago * 60),
                call=call.id if call else None,
                number=call.client if call else deed.number,
                other=ids.get(deed.other),
                count=deed.count,
                detail=deed.detail,
            )

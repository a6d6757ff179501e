"""What goes on while the database comes and goes: people and PBXs do again what was refused."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.presses import CallbackQuery
from tests.support.crash_load import has_button, has_text
from tests.support.crashing import EVERYBODY, PHONES, answered_call, lost_call, number_in
from tests.support.replicated import Company

REFUSED = ("Щось пішло не так", "Це не збережено")
PATIENCE = 30.0
"""After which a person presses again by themselves; Telegram forgets a press in about that."""

_PAUSE = 0.3


class RefusedError(Exception):
    """The bot said that it could not, or nothing."""


@dataclass
class Deeds:
    """`saved`: the comments that the bot has shown as saved; `written`: all that were sent."""

    written: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    refused: int = 0


async def pbx(company: Company, name: int) -> None:
    """Post answered calls until it is over."""
    extensions = cycle(sorted(PHONES))
    for turn in count():
        if company.over.is_set():
            return
        call = answered_call(f"pbx{name}-{turn}", company.number(), next(extensions))
        await company.post([call])
        company.note(call)
        await asyncio.sleep(0.05)  # the pace of the load, nothing waits


async def caller(company: Company, every: float) -> None:
    """Lose a call now and then."""
    extensions = cycle(sorted(PHONES))
    while not company.over.is_set():
        number = company.number()
        call = lost_call(f"lost-{number}", number, [next(extensions)])
        await company.post([call])
        company.note(call)
        await asyncio.sleep(every)  # the pace of the load, nothing waits


async def writer(company: Company, tg_id: int, deeds: Deeds) -> None:
    """Comment on the newest call of one's own, over and over."""
    user = company.people[tg_id]
    [extension] = EVERYBODY[tg_id][1]
    first = answered_call(f"first-{tg_id}", company.number(), extension)
    await company.post([first])
    company.note(first)
    for turn in count():
        if company.over.is_set():
            return
        try:
            await _comment(company, user, f"Коментар {tg_id}-{turn}", deeds)
        except (RefusedError, LookupError):  # the button may be gone by then
            deeds.refused += 1
            await asyncio.sleep(_PAUSE)


async def _comment(company: Company, user: User, text: str, deeds: Deeds) -> None:
    asked = await user.send("/log")
    screen = await _shown(company, user, asked, has_text("Журнал дзвінків", after=asked))
    await _press(company, user, screen, "1", ("💬", "✏️"))
    card = user.current(screen)
    assert card is not None
    await _press(company, user, card, "💬" if has_button("💬")(card) else "✏️", ("✖️",))
    deeds.written.append(text)
    sent = await user.send(text)
    await _shown(company, user, sent, has_text(text, after=sent))
    deeds.saved.append(text)


async def taker(company: Company, tg_id: int, deeds: Deeds) -> None:
    """Take every client one is told of."""
    user, pressed = company.people[tg_id], set[int]()

    def offered() -> Message | None:
        alerts = (one for one in user.messages() if "Пропущений дзвінок" in one.text)
        free = (one for one in alerts if one.id not in pressed)
        return next(filter(has_button("🙋"), free), None)

    while not company.over.is_set():
        if alert := offered():
            try:
                await _answered(company, await user.click(alert, "🙋"))
                company.taken.add(number_in(alert.text))
                pressed.add(alert.id)
                continue
            except RefusedError:
                deeds.refused += 1
        await asyncio.sleep(_PAUSE)


async def _press(
    company: Company, user: User, message: Message, label: str, labels: tuple[str, ...]
) -> None:
    """Press a button; the message shows one of these then. Raises RefusedError."""
    query = await user.click(message, label)

    def is_shown() -> bool:
        current = user.current(message)
        return current is not None and any(has_button(one)(current) for one in labels)

    await _until(company, is_shown, lambda: _is_refused(query))


async def _answered(company: Company, query: CallbackQuery) -> None:
    await _until(company, lambda: query.answer is not None, lambda: _is_refused(query))


async def _shown(
    company: Company, user: User, sent: Message, is_it: Callable[[Message], bool]
) -> Message:
    """The message the bot answers with. Raises RefusedError."""

    def newer() -> list[Message]:
        return [one for one in user.messages() if one.is_from_bot and one.id > sent.id]

    await _until(
        company,
        lambda: any(map(is_it, newer())),
        lambda: any(_is_refusal(one.text) for one in newer()),
    )
    return next(filter(is_it, newer()))


async def _until(
    company: Company, is_done: Callable[[], bool], is_refused: Callable[[], bool]
) -> None:
    with suppress(TimeoutError):
        await company.telegram.wait_until(lambda: is_refused() or is_done(), PATIENCE)
    if is_refused() or not is_done():
        raise RefusedError


def _is_refused(query: CallbackQuery) -> bool:
    return query.answer is not None and _is_refusal(query.answer.text)


def _is_refusal(text: str) -> bool:
    return any(words in text for words in REFUSED)


def check_deeds(company: Company, deeds: Deeds) -> None:
    """What people were told is done is done, once; nothing else is but what they asked for."""
    history = Counter(row["new"] for row in company.rows("SELECT new FROM comment_changes"))
    assert history.keys() >= set(deeds.saved)
    assert history.keys() <= set(deeds.written)
    assert all(times == 1 for times in history.values())
    rows = company.rows(
        "SELECT k.client, count(*) AS times FROM case_events AS v JOIN cases AS k "
        "ON k.id = v.case_id WHERE v.kind = 'taken' GROUP BY k.client"
    )
    assert {row["client"].removeprefix("+38") for row in rows} >= company.taken
    assert all(row["times"] == 1 for row in rows)

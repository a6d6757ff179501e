"""What goes on while the bot is killed: calls, comments, pages, clients taken; and the deaths."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from tests.support.crashing import (
    EVERYBODY,
    PATIENCE,
    PETRO,
    Office,
    answered_call,
    begun,
    lost_call,
    number_in,
)
from tests.support.processes import free_port
from tests.support.running import ADMIN, IVAN, OLENA, SUPERVISOR

CLIENTS = 4
OWING = (0,)
"""Who posts recent lost calls: with more than five within a minute a chat would get lists."""
LONG = 10 * PATIENCE
"""For an alert that may be taken: in a minute of many, chats get lists."""
WRITERS = (OLENA, IVAN)
STORM = (SUPERVISOR, PETRO)
RUNG = ((), ("101", "104"), ("102", "105"), ("103",), ("101",), ("102",))


async def pbx(office: Office, name: int) -> None:
    """Post all kinds of calls until it is over; one recent lost call or so in each life."""
    told_in = 0
    for turn in itertools.count():
        if office.over.is_set():
            return
        call_id, random = f"pbx{name}-{turn}", office.random
        rang = random.choice(RUNG)
        is_owed = told_in < office.life and name in OWING
        told_in = office.life
        if is_owed:
            call = lost_call(call_id, office.number(), rang)
            await office.tell(*random.choice([(call,), (begun(call), call)]))
        elif random.random() < 0.3:
            batch = [
                lost_call(f"{call_id}-{place}", office.number(), rang, ago=2 * 86400)
                for place in range(random.randint(2, 5))
            ]
            await office.post(batch)
            for call in batch:
                office.note(call)
        else:
            call = answered_call(call_id, office.number(), random.choice(["101", "102", "105"]))
            await office.tell(*random.choice([(call,), (begun(call), call)]))
        await asyncio.sleep(random.uniform(0, 0.02))  # the pace of the load, nothing waits


async def writer(office: Office, tg_id: int) -> None:
    """Comment on the newest call of one's own, over and over; each is seen saved."""
    user = office.people[tg_id]
    [extension] = EVERYBODY[tg_id][1]
    await office.tell(answered_call(f"first-{tg_id}", office.number(), extension))
    for turn in itertools.count():
        if office.over.is_set():
            return
        asked = await user.send("/log")
        screen = await user.wait_for(has_text("Журнал дзвінків", after=asked), PATIENCE)
        await user.click(screen, "1")
        await shows(office, user, screen, ("💬", "✏️"))
        card = user.current(screen)
        assert card is not None
        await user.click(card, "💬" if has_button("💬")(card) else "✏️")
        await shows(office, user, screen, ("✖️",))
        text = f"Коментар {tg_id}-{turn}\nпередзвонити"
        office.written.append(text)
        sent = await user.send(text)
        await user.wait_for(has_text(text, after=sent), PATIENCE)


async def reader(office: Office, tg_id: int) -> None:
    """Turn the pages of the log, to and fro."""
    user = office.people[tg_id]
    while not office.over.is_set():
        asked = await user.send("/log")
        screen = await user.wait_for(has_text("Журнал дзвінків", after=asked), PATIENCE)
        for label in ("▶️", "▶️", "◀️", "🔴", "🔄"):
            current = user.current(screen)
            if current is not None and has_button(label)(current):
                query = await user.click(current, label)
                await query.answered(PATIENCE)


async def taker(office: Office, tg_id: int, is_over: asyncio.Event) -> None:
    """Take every client one is told of until it is over; each is answered."""
    user, pressed = office.people[tg_id], set[int]()

    def offered() -> Message | None:
        alerts = (one for one in user.messages() if "Пропущений дзвінок" in one.text)
        free = (one for one in alerts if one.id not in pressed)
        return next(filter(has_button("🙋"), free), None)

    while True:
        await office.telegram.wait_until(lambda: is_over.is_set() or offered() is not None, LONG)
        alert = offered()
        if alert is None:
            return
        pressed.add(alert.id)
        answer = await (await user.click(alert, "🙋")).answered(PATIENCE)
        assert answer.text == "Клієнт ваш", answer
        office.taken.add(number_in(alert.text))


async def shows(office: Office, user: User, message: Message, labels: tuple[str, ...]) -> None:
    def is_shown() -> bool:
        current = user.current(message)
        return current is not None and any(has_button(label)(current) for label in labels)

    await office.telegram.wait_until(is_shown, PATIENCE)


def has_button(label: str, *, after: Message | None = None) -> Callable[[Message], bool]:
    return lambda message: (
        message.id > (after.id if after else 0)
        and any(text.startswith(label) for row in message.buttons for text in row)
    )


def has_text(text: str, *, after: Message) -> Callable[[Message], bool]:
    return lambda message: message.id > after.id and text in message.text


# The moments of death


async def in_the_middle_of_an_alert(office: Office) -> None:
    """Telegram has accepted it, the bot has not heard so: the one moment that makes a double."""
    await in_the_middle_of_the_calls(office)
    slow = office.telegram.faults.add("sendMessage", "slow", chat_id=ADMIN, seconds=30, times=9)
    heard = len(office.alerts(ADMIN))
    await office.tell(lost_call(f"deadly-{office.life}", office.number(), ["101"]))
    await office.telegram.wait_until(lambda: len(office.alerts(ADMIN)) > heard, PATIENCE)
    office.telegram.faults.remove(slow)


async def in_the_middle_of_the_calls(office: Office) -> None:
    enough = office.accepted + office.random.randint(60, 120)
    await office.telegram.wait_until(lambda: office.accepted >= enough, PATIENCE)
    await asyncio.sleep(office.random.uniform(0, 0.05))  # the moment is meant to be any


async def in_the_middle_of_a_comment(office: Office) -> None:
    enough = len(office.written) + 4
    await office.telegram.wait_until(lambda: len(office.written) >= enough, PATIENCE)
    await asyncio.sleep(office.random.uniform(0, 0.02))  # the moment is meant to be any


DEATHS = (
    in_the_middle_of_a_comment,
    in_the_middle_of_an_alert,
    in_the_middle_of_the_calls,
)


Death = Callable[[Office], Awaitable[None]]


async def survive(office: Office, mode: str, deaths: Sequence[Death]) -> None:
    """Live one life until each death, and a last one until all that is owed was done."""
    if mode == "webhook":
        port = str(free_port())
        office.settings |= {
            "UPDATES": "webhook",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "WEBHOOK_SECRET": "secret-of-the-webhook",
            "HTTP_PORT": port,
        }
    for person in STORM:
        office.telegram.faults.add("sendMessage", "flood", chat_id=person, times=4)
    async with asyncio.TaskGroup() as tasks:
        load = [tasks.create_task(pbx(office, name)) for name in range(CLIENTS)]
        load += [tasks.create_task(writer(office, person)) for person in WRITERS]
        load += [tasks.create_task(reader(office, ADMIN))]
        all_taken = asyncio.Event()
        taking = tasks.create_task(taker(office, ADMIN, all_taken))
        for death in deaths:
            async with office.alive() as bot:
                await death(office)
                await office.kill(bot)
        async with office.alive() as bot:
            enough = office.accepted + 60
            await office.telegram.wait_until(lambda: office.accepted >= enough, PATIENCE)
            office.over.set()
            office.telegram.telegram.changes.notify()
            await asyncio.gather(*load)
            # Who turns pages without a pause may be told late; of each life one by now.
            await office.telegram.wait_until(lambda: len(office.taken) >= office.life, PATIENCE)
            all_taken.set()
            office.telegram.telegram.changes.notify()
            await taking
            await office.telegram.wait_until(office.is_settled, PATIENCE)
            await nothing_is_owed(office)
            assert await bot.stop() == 0


async def nothing_is_owed(office: Office) -> None:
    async with asyncio.timeout(PATIENCE):
        while office.rows("SELECT 1 FROM outbox WHERE state = 'pending' LIMIT 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

"""Calling back in the tests: PBXs that do it, and the message that tells how it goes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.ami_events import Asterisk, Leg
from tests.support.lost_calls import NOW
from tests.support.running import HOOK_TOKEN, Office, running_office
from tests.support.telegram import Clock
from tests.support.zadarma_events import event, signature_of
from tests.support.zadarma_server import KEY, SECRET, ZadarmaServer, zadarma_server

CALLBACK = "/v1/request/callback/"


@asynccontextmanager
async def zadarma_office(
    tmp_path: Path, **changes: Any
) -> AsyncIterator[tuple[Office, ZadarmaServer, Clock]]:
    clock = Clock(NOW)
    async with zadarma_server(clock) as server:
        source = {"kind": "zadarma", "key": KEY, "secret": SECRET, "token": HOOK_TOKEN}
        sources = {"office": source | {"api_url": server.url} | changes}
        async with running_office(tmp_path, clock=clock, sources=sources) as office:
            yield office, server, clock


async def post(office: Office, posted: Mapping[str, str]) -> None:
    answer = await office.http.post(
        f"{office.url}/hooks/office/{HOOK_TOKEN}",
        data=dict(posted),
        headers={"Signature": signature_of(posted)},
    )
    assert answer.status_code == 200


async def lose(office: Office, clock: Clock, call_id: str = "in_1", **said: str) -> None:
    """A client calls 101, and nobody answers."""
    common = {"pbx_call_id": call_id, **said}
    begun = clock.now
    await post(office, event("NOTIFY_START", begun) | common)
    await post(office, event("NOTIFY_INTERNAL", begun, internal="101") | common)
    clock.advance(20)
    end = event("NOTIFY_END", begun, internal="101", duration="0", disposition="cancel")
    await post(office, end | common)
    clock.advance(10)


def asked(server: ZadarmaServer) -> list[dict[str, str]]:
    return [params for path, params in server.asked if path == CALLBACK]


def tells_of_call(message: Message) -> bool:
    """Whether it tells how a call goes that was begun in chat."""
    return message.is_from_bot and message.text.startswith("☎️") and "З телефону" in message.text


async def progress_of(user: User, words: str, *, seconds: float = 5) -> Message:
    """The message that tells how their call goes, once it says this."""
    return await user.wait_for(
        lambda one: tells_of_call(one) and words in one.text, timeout=seconds
    )


def said_of_calls(telegram: BotApiServer, user: User) -> list[str]:
    """What the messages that tell how calls go have said to the person, in order."""
    said = [
        (one.at, str(one.params["text"]).partition("\n\n"))
        for method in ("sendMessage", "editMessageText")
        for one in telegram.calls(method, chat_id=user.id)
        if one.is_ok
    ]
    return [
        state.partition("\n")[0] for _, (head, _, state) in sorted(said) if "З телефону" in head
    ]


def begin_call_back(pbx: Asterisk, ref: str, extension: str) -> tuple[Leg, Leg, Leg]:
    """The own telephone rings: both halves of the Local channel, and the telephone."""
    name = f"Local/{extension}@originate-skipvm-0000000a"
    first = Leg(f"{name};1", ref, ref, number=extension, exten=extension)
    second = Leg(f"{name};2", f"{ref};2", ref, number=extension, exten=extension, state=4)
    for half in (first, second):
        pbx.say("Newchannel", half.packet())
    pbx.say("LocalBridge", first.packet("localone"), second.packet("localtwo"))
    pbx.begin(None, first, f"{extension}@originate-skipvm")
    return first, second, pbx.dial(second, f"PJSIP/{extension}")

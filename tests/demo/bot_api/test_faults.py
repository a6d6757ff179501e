"""Trouble made to order: faults of methods, lost answers, and the flood limits."""

import aiohttp
import pytest

from bot.demo.bot_api.faults import FaultKind
from bot.demo.bot_api.people import User
from tests.support.telegram import Api, Clock

HELLO = {"chat_id": 7, "text": "x"}


async def test_a_flood_fault_names_the_seconds(api: Api, user: User) -> None:
    api.server.faults.add("sendMessage", FaultKind.FLOOD, retry_after=7)
    status, body = await api.call("sendMessage", HELLO)
    assert status == 429
    assert body == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    }
    await api.result("sendMessage", HELLO)
    assert len(user.messages()) == 1


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("bad_request", (400, "Bad Request: chat not found")),
        ("forbidden", (403, "Forbidden: bot was blocked by the user")),
        ("server_error", (500, "Internal Server Error")),
    ],
)
async def test_ordered_refusals(api: Api, user: User, kind: str, refusal: tuple[int, str]) -> None:
    api.server.faults.add("*", kind, times=2)
    assert await api.refused("sendMessage", HELLO) == refusal
    assert await api.refused("getMe") == refusal
    await api.result("sendMessage", HELLO)
    assert len(user.messages()) == 1


async def test_a_fault_may_be_of_one_chat_and_in_words_of_ones_own(api: Api, user: User) -> None:
    api.server.user(8, is_started=True)
    fault = api.server.faults.add(
        "sendMessage", "bad_request", chat_id=8, times=None, description="CHAT_RESTRICTED"
    )
    await api.result("sendMessage", HELLO)
    for _ in range(2):
        refusal = await api.refused("sendMessage", {"chat_id": 8, "text": "x"})
        assert refusal == (400, "Bad Request: CHAT_RESTRICTED")
    api.server.faults.remove(fault)
    await api.result("sendMessage", {"chat_id": 8, "text": "x"})
    assert len(user.messages()) == 1


async def test_a_dropped_request_did_nothing_and_a_lost_answer_did_all(
    api: Api, user: User
) -> None:
    api.server.faults.add("sendMessage", FaultKind.DROP)
    api.server.faults.add("sendMessage", FaultKind.LOSE_ANSWER)
    for shown in (0, 1):
        with pytest.raises(aiohttp.ClientError):
            await api.call("sendMessage", HELLO)
        assert len(user.messages()) == shown
    assert [call.status for call in api.server.calls("sendMessage")] == [0, 0]


async def test_a_slow_answer_comes_after_the_action(api: Api, user: User) -> None:
    api.server.faults.add("sendMessage", FaultKind.SLOW, seconds=5)
    timeout = aiohttp.ClientTimeout(total=0.1)
    with pytest.raises(TimeoutError):
        await api.session.post(api.url("sendMessage"), data=HELLO, timeout=timeout)
    assert len(user.messages()) == 1


async def test_flood_limit_of_a_chat(api: Api, user: User, clock: Clock) -> None:
    api.server.limits.turn_on(per_chat=1, burst=2)
    await api.result("sendMessage", HELLO)
    await api.result("sendMessage", HELLO)
    assert await api.refused("sendMessage", HELLO) == (
        429,
        "Too Many Requests: retry after 1",
    )
    clock.advance(1)
    await api.result("sendMessage", HELLO)
    assert (await api.refused("sendMessage", HELLO))[0] == 429
    api.server.limits.turn_off()
    await api.result("sendMessage", HELLO)
    assert len(user.messages()) == 4


async def test_flood_limit_over_all_chats(api: Api, clock: Clock) -> None:
    api.server.limits.turn_on(overall=3)
    for number in range(1, 6):
        api.server.user(number, is_started=True)
    outcomes = [await api.call("sendMessage", {"chat_id": n, "text": "x"}) for n in range(1, 5)]
    assert [status for status, _ in outcomes] == [200, 200, 200, 429]
    clock.advance(1)
    await api.result("sendMessage", {"chat_id": 4, "text": "x"})


async def test_flood_limit_of_a_group(api: Api, user: User, clock: Clock) -> None:
    group = api.server.group(-1001, "Team")
    group.add(user.bot)
    api.server.limits.turn_on(per_chat=1, burst=100, per_group=2)
    params = {"chat_id": -1001, "text": "x"}
    await api.result("sendMessage", params)
    clock.advance(20)
    await api.result("sendMessage", params)
    assert await api.refused("sendMessage", params) == (429, "Too Many Requests: retry after 40")
    clock.advance(40)
    await api.result("sendMessage", params)


async def test_a_misspelt_method_is_noticed(api: Api) -> None:
    with pytest.raises(ValueError, match="Bot API has no method sendMesage"):
        api.server.faults.add("sendMesage", FaultKind.DROP)
    with pytest.raises(ValueError, match="Bot API has no method sendMesage"):
        api.server.calls("sendMesage")


async def test_edits_and_failed_sends_are_not_counted(api: Api, user: User) -> None:
    api.server.limits.turn_on(burst=1)
    assert (await api.refused("sendMessage", {"chat_id": 7, "text": ""}))[0] == 400
    sent = await api.result("sendMessage", HELLO)
    await api.result("editMessageText", {**HELLO, "message_id": sent["message_id"], "text": "y"})
    assert user.last().text == "y"

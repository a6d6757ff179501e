"""When a chat may be written to, as the messages of screens and of the Alerter come and go."""

import itertools

import pytest

from bot.delivery.pace import BY_SCREENS, IN_CHAT, Pace

CHAT, OTHER = 1001, 1002


class Clock:
    """A monotonic clock that stands until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


@pytest.mark.parametrize("every", [0.1, 0.5, 1.0, IN_CHAT - 0.01])
def test_who_presses_on_and_on_is_alerted_all_the_same(
    clock: Clock, pace: Pace, every: float
) -> None:
    for press in itertools.count():
        clock.now = 100 + press * every
        if press and CHAT not in pace.closed_chats():
            break
        pace.count_message(CHAT)
    assert BY_SCREENS <= clock.now - 100 < BY_SCREENS + every


async def test_an_alert_then_has_the_chat_to_itself_and_the_wait_begins_anew(
    clock: Clock, pace: Pace
) -> None:
    for tenth in range(40):
        clock.now = 100 + tenth / 10
        pace.count_message(CHAT)
    assert CHAT not in pace.closed_chats()
    await pace.wait_for_turn(CHAT)
    pace.count_message(CHAT)  # the alert itself
    assert pace.closed_chats()[CHAT] == pytest.approx(clock.now + IN_CHAT, abs=0.1)
    clock.now += IN_CHAT + 0.2
    pace.count_message(CHAT)
    assert pace.closed_chats() == {CHAT: clock.now + IN_CHAT}


def test_who_presses_now_and_then_closes_the_chat_each_time(clock: Clock, pace: Pace) -> None:
    for press in range(10):
        clock.now = 100 + press * (IN_CHAT + 0.01)
        assert CHAT not in pace.closed_chats()
        pace.count_message(CHAT)
        assert pace.closed_chats() == {CHAT: clock.now + IN_CHAT}
    assert OTHER not in pace.closed_chats()


def test_what_telegram_asks_for_is_waited_for_however_long(clock: Clock, pace: Pace) -> None:
    pace.close_chat(CHAT, 30)
    for second in range(29):
        clock.now = 100 + second
        pace.count_message(CHAT)
        assert pace.closed_chats()[CHAT] == 130

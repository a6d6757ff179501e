"""Each status in the vendor's own words and with a sign of its own."""

import pytest

from bot.domain import signs
from bot.domain.calls import (
    Status,
)
from bot.domain.people import Language
from bot.views import alerts, calls
from bot.views.statuses import status_words
from tests.support.kyiv import KYIV
from tests.support.shown_calls import (
    NOW,
    call,
    card_of,
    case,
    page_of,
)
from tests.support.texts import speaking

STATUSES = {
    Status.ANSWERED: "Дзвонили та дзвінок був прийнятий оператором",
    Status.UNREACHABLE: "Телефонували і телефон абонента вимкнений або недоступний",
    Status.REJECTED_BY_SUBSCRIBER: "Дзвонили та абонент скинув",
    Status.NO_ANSWER: "Дзвонили абоненту і без відповіді",
    Status.CANCELLED_BY_OPERATOR: "Оператор здійснив дзвінок та скинув",
    Status.MISSED: "Пропущений виклик",
    Status.MISSED_CALLED_BACK: "Передзвонили на пропущений дзвінок",
    Status.UNKNOWN_ERROR: "Невідома помилка",
    Status.NETWORK_ERROR: "Спілкувалися і помилка мережі",
    Status.RINGING: "Дзвінок йде в процесі (гудки)",
    Status.CONNECTING_OPERATOR: "Спроба підключення до оператора",
    Status.NO_CHANNELS: "Обрив дзвінка через відсутність вільних каналів",
    Status.MISSED_OFFLINE: "Пропущений дзвінок від абонента в офлайн стані",
}


@pytest.mark.usefixtures("ukrainian")
def test_the_statuses_are_in_the_vendors_own_words() -> None:
    assert {status: status_words(status) for status in Status} == STATUSES


def test_each_status_has_words_and_a_sign_of_its_own() -> None:
    for language in Language:
        with speaking(language):
            assert len({status_words(status) for status in Status}) == 13
    assert len({signs.STATUS[status] for status in Status}) == 13


@pytest.mark.parametrize("status", Status)
@pytest.mark.usefixtures("ukrainian")
def test_list_card_and_alert_show_the_same_sign_of_a_status(status: Status) -> None:
    shown, sign = call(status=status), signs.STATUS[status]
    assert card_of(shown)[0] == f"{sign} <b>{STATUSES[status]}</b>"
    log = calls.whole_log(page_of(shown), calls.log_title(None), filters="", now=NOW, zone=KYIV)
    assert f"\n1. {sign} 17:11 " in log
    assert alerts.lost_call(case(shown), now=NOW, zone=KYIV).startswith(f"{sign} <b>")

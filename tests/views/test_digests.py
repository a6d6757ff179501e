"""A digest in words: what it says of a day, line by line."""

from bot.domain.digests import Digest
from bot.domain.people import Language, Role
from bot.telegram.i18n import create_i18n
from bot.views import digests as views
from tests.support.kyiv import KYIV
from tests.support.screens import BOSS
from tests.support.stored_digests import END, StoredDigests


def words_of(found: Digest, language: str = "uk") -> str:
    i18n = create_i18n(Language.UK)
    with i18n.context(), i18n.use_locale(language):
        return views.digest(found, KYIV)


async def test_the_words_of_a_day(digests: StoredDigests) -> None:
    boss, *_ = await digests.monday()
    text = words_of(await digests.digest(boss))
    assert text.replace("<b>", "").replace("</b>", "").splitlines() == [
        "📊 Пропущені, 23 листопада, до 18:00",
        "Пропущено клієнтів: 7 ↑ (2), гірше",
        "Передзвонили ми: 3 ↑ (1)",
        "Додзвонилися клієнти: 1 ↑ (0)",
        "Закрито вручну: 1 ↑ (0)",
        "Залишилося: 2 ↑ (1), гірше",
        "Ще чекають з попередніх днів: 2",
        "",
        "Передзвонюємо за 10 хв ↓ (20 хв), краще",
        "9 із 10 – за 20 хв або швидше",
        "Вчасно, за 15 хв: 2 із 4",
        "Вчасно: 50% ↑ (тиждень тому 0%), краще",
        "Найгірша година: 10:00–11:00, клієнтів 3",
        "",
        "Хто передзвонив",
        "Олена: 2, за 7 хв, закрито вручну 1",
        "Іван: 1, за 20 хв",
        "",
        "У дужках – той самий день тиждень тому",
    ]
    assert max(map(len, text.splitlines())) <= 46
    english = words_of(await digests.digest(boss), "en")
    assert "Left: <b>2</b> ↑ (1), worse" in english


async def test_a_day_without_lost_calls_is_one_kind_line(digests: StoredDigests) -> None:
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    assert words_of(await digests.digest(boss)).splitlines() == [
        "📊 <b>Пропущені, 23 листопада, до 18:00</b>",
        "Пропущених немає. Чудова робота!",
    ]


async def test_nothing_is_compared_with_a_time_nobody_recorded(digests: StoredDigests) -> None:
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    digests.now = END - 3600
    await digests.lost()
    found = await digests.digest(boss)
    assert found.before is None
    with_words = words_of(found)
    assert "↑" not in with_words
    assert "тиждень" not in with_words

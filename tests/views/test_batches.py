"""What is said of many clients at once in Ukrainian: of one, of twenty-one, of none."""

import pytest

from bot.domain.cases import Batch, BatchKind, BoardPart
from bot.views import batches

TAKE, CLOSE = BatchKind.TAKE, BatchKind.CLOSE


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize(
    ("asked", "title", "means"),
    [
        (1, "Закрити вручну 1 клієнта?", "Цьому клієнту більше ніхто не передзвонить."),
        (2, "Закрити вручну 2 клієнтів?", "Їм більше ніхто не передзвонить."),
        (5, "Закрити вручну 5 клієнтів?", "Їм більше ніхто не передзвонить."),
        (21, "Закрити вручну 21 клієнта?", "Їм більше ніхто не передзвонить."),
    ],
)
def test_one_is_no_they(asked: int, title: str, means: str) -> None:
    batch = Batch(id=1, kind=CLOSE, asked_at=0, asked=asked, of_colleagues=asked, barred=asked)
    first, second, colleagues, barred, *_ = batches.ask_reason(batch, BoardPart()).splitlines()
    assert first == f"✅ <b>{title}</b>"
    assert second.startswith(means)
    assert colleagues == f"Із них узяли колеги: {asked}."
    assert barred == f"Не зачепить тих, кого взяли колеги: {asked}."


@pytest.mark.usefixtures("ukrainian")
def test_when_others_were_faster_nobody_is_said_to_be_taken() -> None:
    none = Batch(id=1, kind=TAKE, asked_at=0, done_at=1, asked=35, left=35)
    assert batches.done(none).startswith("🙋 <b>Нікого не взято</b>\nІз 35 не зачепило 35")
    none = Batch(id=1, kind=CLOSE, asked_at=0, done_at=1, asked=35, left=35)
    assert batches.done(none, "Спам").startswith("✅ <b>Нікого не закрито</b>\nІз 35")
    assert batches.undone(none).startswith("↩️ <b>Нічого не скасовано</b>")

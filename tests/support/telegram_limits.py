"""What Telegram takes, and a phone shows whole; the worst that outsiders write."""

from collections.abc import Iterator

from aiogram.types import InlineKeyboardMarkup

NASTY = '<b>&"' * 200
TOAST = 200
CAPTION = 1024
MARKUP = 10_000
"""Bytes of a keyboard that Telegram takes."""

WIDTHS = {1: 38, 2: 17, 3: 11, 4: 7}
"""Characters of a label that a phone shows, by the buttons in its row."""


def fits(markup: InlineKeyboardMarkup | None) -> None:
    """Telegram takes it."""
    assert markup
    assert sum(len(row) for row in markup.inline_keyboard) <= 100
    assert all(0 < len(row) <= 8 for row in markup.inline_keyboard)
    assert len(markup.model_dump_json(exclude_none=True).encode()) <= MARKUP
    for row in markup.inline_keyboard:
        assert all(len((one.callback_data or "").encode()) <= 64 for one in row)


def too_wide(markup: InlineKeyboardMarkup) -> Iterator[str]:
    """The labels that a phone cuts; n/N of a pager may be."""
    for row in markup.inline_keyboard:
        for button in row:
            if len(button.text) > WIDTHS.get(len(row), 7) and "/" not in button.text:
                yield button.text

"""What a text looks like in Telegram, in either language."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st

from bot.demo.bot_api.formatting.html_parser import parse_html
from bot.demo.bot_api.formatting.text import formatted
from bot.domain.people import Language
from bot.telegram.i18n import create_i18n

I18N = create_i18n(Language.UK)
MAX_LENGTH = 4096


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    with I18N.context(), I18N.use_locale(language.value):
        yield


def length(text: str) -> int:
    """As Telegram counts it: without the tags."""
    return len(formatted(text, parse_mode="HTML"))


def tags(text: str) -> list[str]:
    """The kinds of the entities our own tags make; the text must be one that Telegram takes."""
    assert 0 < length(text) <= MAX_LENGTH
    return [entity.type for entity in parse_html(text)[1]]


languages = st.sampled_from(Language)

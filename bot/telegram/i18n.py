"""The languages: English is the text in the code, the others are catalogues beside it.

The `.po` files are read at the start as they are; nothing has to be compiled or installed.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from aiogram.utils.i18n import I18n
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.domain.people import Language

LOCALES = Path(__file__).parents[1] / "locales"
DOMAIN = "dzvinok"


def create_i18n(default: Language) -> I18n:
    """Make aiogram's I18n from the catalogues as they are, compiled here and now.

    It is no subclass of I18n: aiogram keeps the current one per class, and its gettext asks I18n.
    """
    i18n = I18n(path=LOCALES, default_locale=default.value, domain="compiled")  # has none
    i18n.locales = {
        path.parent.parent.name: _compiled(path)
        for path in sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    }
    return i18n


def language_of(code: str | None, *, default: Language) -> Language:
    """The language for a person whose Telegram is set to `code`, an IETF tag such as uk-UA."""
    spoken = (code or "").split("-")[0].lower()
    return Language(spoken) if spoken in set(Language) else default


@cache
def _compiled(path: Path) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

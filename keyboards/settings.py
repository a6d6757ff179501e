"""The buttons of a person's own settings."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from bot.domain.people import AlertScope, Employee, Language, Role
from keyboards.callbacks import (
    PAGE_SIZES,
    AlertsChoice,
    CompanyMenu,
    CompanyPage,
    DigestMenu,
    LanguageChoice,
    PageSizeChoice,
    QuietMenu,
)

_LANGUAGES = {Language.UK: "Українська", Language.EN: "English"}


def settings(employee: Employee) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    for language, name in _LANGUAGES.items():
        text = _marked(name, is_chosen=language is employee.language)
        builder.button(text=text, callback_data=LanguageChoice(language=language))
    alerts = _alerts(employee)
    for scope, name in alerts.items():
        text = _marked(name, is_chosen=scope is _present(employee))
        builder.button(text=text, callback_data=AlertsChoice(alerts=scope))
    for size in PAGE_SIZES:
        text = _marked(_("Show {count}").format(count=size), is_chosen=size == employee.page_size)
        builder.button(text=text, callback_data=PageSizeChoice(size=size))
    rows = [len(_LANGUAGES), *[1] * len(alerts), len(PAGE_SIZES)]
    if employee.role is not Role.ACCOUNTANT:
        builder.button(text=_("🌙 Quiet hours"), callback_data=QuietMenu())
        builder.button(text=_("📊 Digests"), callback_data=DigestMenu())
        rows.append(2)
    if employee.role is Role.ADMINISTRATOR:
        main = CompanyMenu(page=CompanyPage.MAIN)
        builder.button(text=_("🏢 Company"), callback_data=main)
        rows.append(1)
    builder.adjust(*rows)
    return builder.as_markup()


def _alerts(employee: Employee) -> dict[AlertScope, str]:
    """What a person of this role can choose from: an operator's own calls are all there are."""
    if employee.role is Role.ACCOUNTANT:
        return {}
    if employee.role is Role.OPERATOR:
        return {
            AlertScope.ALL: _("Alert me to missed calls"),
            AlertScope.NONE: _("No alerts"),
        }
    return {
        AlertScope.ALL: _("Alert me to all missed calls"),
        AlertScope.OWN: _("Only to those of my extensions"),
        AlertScope.NONE: _("No alerts"),
    }


def _present(employee: Employee) -> AlertScope:
    if employee.role is Role.OPERATOR and employee.alerts is AlertScope.OWN:
        return AlertScope.ALL
    return employee.alerts


def _marked(text: str, *, is_chosen: bool) -> str:
    return f"{text} ✓" if is_chosen else text

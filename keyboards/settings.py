"""The buttons of a person's own settings."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.people import AlertScope, Employee, Language, Role
from keyboards.buttons import button, choice, column, keyboard
from keyboards.callbacks import (
    PAGE_SIZES,
    AlertsChoice,
    BookPage,
    CompanyMenu,
    CompanyPage,
    DigestMenu,
    LanguageChoice,
    PageSizeChoice,
    QuietMenu,
    RemindList,
)

_LANGUAGES = {Language.UK: "Українська", Language.EN: "English"}


def settings(employee: Employee) -> InlineKeyboardMarkup:
    languages = [
        choice(name, LanguageChoice(language=one), is_chosen=one is employee.language)
        for one, name in _LANGUAGES.items()
    ]
    alerts = [
        choice(name, AlertsChoice(alerts=scope), is_chosen=scope is _present(employee))
        for scope, name in _alerts(employee).items()
    ]
    sizes = [
        choice(
            _("Show {count}").format(count=size),
            PageSizeChoice(size=size),
            is_chosen=size == employee.page_size,
        )
        for size in PAGE_SIZES
    ]
    rows = [languages, *column(alerts), sizes]
    if employee.role is not Role.ACCOUNTANT:
        quiet = button(_("🌙 Quiet hours"), QuietMenu())
        rows.append([quiet, button(_("📊 Digests"), DigestMenu())])
    rows.append([button(_("⏰ Reminders"), RemindList())])
    if employee.role.sees_all:
        rows[-1].append(button(_("👤 Contacts"), BookPage()))
    if employee.role is Role.ADMINISTRATOR:
        rows.append([button(_("🏢 Company"), CompanyMenu(page=CompanyPage.MAIN))])
    return keyboard(*rows)


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

"""A person's own settings."""

from aiogram.utils.i18n import gettext as _

from bot.domain.people import Employee, Role
from bot.views.company import quiet_words
from bot.views.staff import bold, identity


def settings(employee: Employee) -> str:
    lines = [bold(_("Settings")), "", identity(employee), ""]
    lines.append(_("Calls on a page: {count}").format(count=employee.page_size))
    if employee.role is not Role.ACCOUNTANT:
        lines.append(_("Quiet hours: {hours}").format(hours=quiet_words(employee.quiet)))
    lines.append(_("What is chosen now is marked with ✓."))
    return "\n".join(lines)

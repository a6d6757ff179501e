"""A person's own settings."""

from aiogram.utils.i18n import gettext as _

from bot.domain.people import Employee
from bot.views.company import quiet_words
from bot.views.staff import bold, identity


def settings(employee: Employee) -> str:
    return "\n".join(
        [
            bold(_("Settings")),
            "",
            identity(employee),
            "",
            _("Calls on a page: {count}").format(count=employee.page_size),
            _("Quiet hours: {hours}").format(hours=quiet_words(employee.quiet)),
            _("What is chosen now is marked with ✓."),
        ]
    )

"""The message of a digest: its text and, below it, the buttons to the lists behind its numbers."""

from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from bot.domain.people import Employee
from bot.views import digests as views
from keyboards import digests as keyboards
from storage.company import CompanyRepo
from storage.digests import DigestRepo


async def digest_message(
    employee: Employee,
    start: int,
    end: int,
    *,
    digests: DigestRepo,
    company: CompanyRepo,
    zone: ZoneInfo,
) -> tuple[str, InlineKeyboardMarkup | None]:
    """The digest of the span for this person, in the language that is on."""
    target = (await company.escalation()).target_minutes * 60
    digest = await digests.digest(employee, start, end, target=target)
    labels = views.labels(digest, zone)
    markup = keyboards.digest(digest, labels.groups, labels.worst, labels.people)
    return views.digest(digest, zone, scope=employee.scope), markup

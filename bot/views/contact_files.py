"""Files of contacts: what is asked, what is in one, what was taken of it, what is not."""

from collections.abc import Callable, Sequence

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.contact_files import ContactFileError, Fate, FileFault, Report, Verdict
from bot.domain.contacts import NUMBERS_LIMIT
from bot.domain.phones import spaced
from bot.views.formats import brief, quoted

_NAME_WIDTH = 40


def ask_file(megabytes: int) -> str:
    return "\n".join(
        [
            "<b>" + _("Contacts from a file") + "</b>",
            "",
            _(
                "Send me the file, up to {megabytes} MB: a vCard (.vcf) from a phone, Google or "
                "Outlook, or a table (.csv) with names and numbers. First I show what is in it."
            ).format(megabytes=megabytes),
        ]
    )


def ask_kind() -> str:
    return "\n".join(["<b>" + _("All contacts as a file") + "</b>", _("Which one do you need?")])


def reading() -> str:
    return _("⏳ Reading the file…")


def too_large(megabytes: int) -> str:
    return _(
        "The file is over {megabytes} MB: Telegram does not give it to bots. Split it, or take it "
        "on the server with dzvinok import-contacts."
    ).format(megabytes=megabytes)


def send_again() -> str:
    return _("I see the file no more. Send it once more.")


def interrupted() -> str:
    return _("I was interrupted. Send the file once more: what is taken is not taken twice.")


def failed() -> str:
    return _("I could not get the file from Telegram. Send it once more.")


def cancelled() -> str:
    return _("Cancelled, nothing was changed.")


def on_its_way() -> str:
    """A toast."""
    return _("The file is on its way")


def under_way() -> str:
    """A toast."""
    return _("It is under way already")


def sent(count: int) -> str:
    return ngettext("{count} contact", "{count} contacts", count).format(count=count)


def headings() -> list[str]:
    """Of a table: the name, a number, who added the contact, when."""
    return [_("Name"), _("Phone"), _("Who added"), _("When added")]


def filename() -> str:
    return _("contacts")


def refused(error: ContactFileError) -> str:
    """Why nothing of a file can be read, and what to do."""
    match error.fault:
        case FileFault.EMPTY:
            return _("The file is empty.")
        case FileFault.TOO_LARGE:
            return _("The file is larger than Telegram said. Send it once more.")
        case FileFault.ARCHIVE:
            return _("This is an archive, whatever its name. Unpack it and send what is inside.")
        case FileFault.SPREADSHEET:
            return _("This is a workbook. Save it as CSV (File → Save as) and send that.")
        case FileFault.NO_CARDS:
            return _("There is no contact in this vCard.")
        case FileFault.NO_TEXT:
            return _("This is neither a vCard nor a table of text.")
        case FileFault.NO_NUMBERS:
            return _("I see no column with phone numbers here.")
        case FileFault.NO_NAMES:
            return _("There are numbers here, but no column with names.")
        case FileFault.WHICH_NAME:
            columns = ", ".join(brief(one, _NAME_WIDTH) for one in error.columns)
            return _(
                "I cannot tell which column has the names: {columns}. Put a line with headings "
                "first, like: Name; Phone."
            ).format(columns=columns)


def progress(percent: int) -> str:
    """While contacts are taken."""
    return _("⏳ Taking contacts: {percent} %").format(percent=percent)


def preview(report: Report, name: str) -> str:
    """What is in the file, as compared with the book."""
    fates = report.fates
    lines = [f"📥 <b>{brief(name, _NAME_WIDTH)}</b>", _read(report), ""]
    lines += _counted(
        (fates[Fate.NEW], _("New: {count}")),
        (fates[Fate.FILLED], _("Will be completed: {count}")),
        (fates[Fate.SAME], _("Known already: {count}")),
    )
    return "\n".join([*lines, *_troubles(report)])


def done(report: Report, name: str) -> str:
    """What was taken of the file."""
    fates = report.fates
    lines = [f"✅ <b>{brief(name, _NAME_WIDTH)}</b>", _read(report), ""]
    lines += _counted(
        (fates[Fate.NEW], _("Added: {count}")),
        (fates[Fate.FILLED], _("Completed: {count}")),
        (fates[Fate.RENAMED], _("Renamed: {count}")),
        (fates[Fate.SAME], _("Known already: {count}")),
        (report.added, _("Numbers added: {count}")),
    )
    return "\n".join([*lines, *_troubles(report)])


def _read(report: Report) -> str:
    cards = ngettext("{count} contact", "{count} contacts", report.cards)
    numbers = ngettext("{count} number", "{count} numbers", report.numbers)
    return f"{cards.format(count=report.cards)}, {numbers.format(count=report.numbers)}"


def _counted(*lines: tuple[int, str]) -> list[str]:
    return [words.format(count=count) for count, words in lines if count]


def _troubles(report: Report) -> list[str]:
    """What is not taken, and why, with examples."""
    fates = report.fates
    left_out = fates[Fate.NO_NUMBER] + fates[Fate.NO_NAME]
    limit = _("Over {limit} numbers of one contact: {count}")
    groups: tuple[tuple[int, str, Sequence[Verdict], Callable[[Verdict], str]], ...] = (
        (
            fates[Fate.DIFFERS],
            _("Have another name here, which stays: {count}"),
            report.differing,
            _differing,
        ),
        (
            report.conflicts,
            _("Numbers of other contacts, which stay there: {count}"),
            report.in_conflict,
            _conflicting,
        ),
        (
            report.unread,
            _("Not understood as numbers: {count}"),
            report.with_unread,
            _unread,
        ),
        (
            report.over,
            limit.format(limit=NUMBERS_LIMIT, count=report.over),
            report.too_many,
            _over,
        ),
        (left_out, _("Without a number, or a name: {count}"), report.left_out, _place),
    )
    lines = []
    for count, words, examples, line in groups:
        if count:
            lines += ["", words.format(count=count)]
            lines += [f"– {line(one)}" for one in examples]
            if count > len(examples):
                lines.append("…")
    return lines


def _place(verdict: Verdict) -> str:
    card = verdict.card
    words = brief(card.name, _NAME_WIDTH) if card.name else ""
    words = words or (quoted(spaced(card.numbers[0])) if card.numbers else "")
    at = _("line {number}").format(number=card.place)
    return f"{words} ({at})" if words else at


def _differing(verdict: Verdict) -> str:
    card = verdict.card
    return _("{number}: here “{former}”, there “{name}”").format(
        number=quoted(spaced(card.numbers[0])),
        former=brief(verdict.former or "–", _NAME_WIDTH),
        name=brief(card.name or "–", _NAME_WIDTH),
    )


def _conflicting(verdict: Verdict) -> str:
    conflict = verdict.conflicts[0]
    return _("{name}: {number} is of “{owner}”").format(
        name=brief(verdict.card.name or "–", _NAME_WIDTH),
        number=quoted(spaced(conflict.number)),
        owner=brief(conflict.owner or "–", _NAME_WIDTH),
    )


def _unread(verdict: Verdict) -> str:
    return f"{_place(verdict)}: {brief(verdict.card.unread[0], _NAME_WIDTH)}"


def _over(verdict: Verdict) -> str:
    more = ngettext("{count} number", "{count} numbers", len(verdict.over))
    return f"{_place(verdict)}: {more.format(count=len(verdict.over))}"

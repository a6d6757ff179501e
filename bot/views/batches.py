"""Many clients taken, or closed, at once: what is asked, what was done, what was undone."""

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.calls import COMMENT_LIMIT
from bot.domain.cases import BATCH_SECONDS, Batch, BatchKind, BoardPart
from bot.views.board import part_words
from bot.views.formats import brief, span

_TEXT_LIMIT = 200


def ask_taking(batch: Batch, part: BoardPart, *, claim_seconds: int, each_seconds: int) -> str:
    """How many would be taken, what that means, who is left out.

    `claim_seconds`: after how long the new owner is asked about the first, `each_seconds`: about
    each next one.
    """
    title = ngettext("Take {count} client?", "Take {count} clients?", batch.asked)
    lines = [_title("🙋", title, batch.asked), *_part(part)]
    lines.append(
        _(
            "They will be yours. If you do not reach them, you are asked about the first in "
            "{first}, about each next one {each} later."
        ).format(first=span(claim_seconds), each=span(each_seconds))
        if batch.asked > 1
        else _("They will be yours.")
    )
    return "\n".join([*lines, *_barred(batch)])


def ask_reason(batch: Batch, part: BoardPart) -> str:
    """How many would be closed, what that means, who is left out; and why."""
    title = ngettext(
        "Close {count} client by hand?", "Close {count} clients by hand?", batch.asked
    )
    lines = [_title("✅", title, batch.asked), *_part(part)]
    means = (
        _("Nobody will call them back any more. For {time} this can be undone at once.")
        if batch.asked > 1
        else _("Nobody will call this client back any more. For {time} this can be undone.")
    )
    lines.append(means.format(time=span(BATCH_SECONDS)))
    if batch.of_colleagues:
        lines.append(_("In colleagues' hands of them: {count}.").format(count=batch.of_colleagues))
    lines += _barred(batch)
    why = _("Why? Choose, or send a text, up to {limit} characters.").format(limit=COMMENT_LIMIT)
    return "\n".join([*lines, "", why])


def nobody(kind: BatchKind) -> str:
    """A toast: there is nobody to whom it could be done."""
    if kind is BatchKind.TAKE:
        return _("No client is free to take.")
    return _("There is nobody here whom you may close.")


def done(batch: Batch, text: str = "") -> str:
    """How many were taken or closed, and how many were not and why; `text`: why they were."""
    if batch.kind is BatchKind.TAKE:
        taken = ngettext("{count} client is yours", "{count} clients are yours", batch.done)
        lines = [_title("🙋", taken if batch.done else _("Nobody was taken"), batch.done)]
    else:
        closed = ngettext(
            "Closed by hand: {count} client", "Closed by hand: {count} clients", batch.done
        )
        lines = [_title("✅", closed if batch.done else _("Nobody was closed"), batch.done)]
        if text and batch.done:
            lines.append(f"💬 {brief(text, _TEXT_LIMIT)}")
    if batch.left:
        lines.append(
            ngettext(
                "Of {asked}, {count} was left as it is: it has changed meanwhile.",
                "Of {asked}, {count} were left as they are: they have changed meanwhile.",
                batch.left,
            ).format(asked=batch.asked, count=batch.left)
        )
    return "\n".join(lines)


def undone(batch: Batch) -> str:
    """How many are as before, and how many are not."""
    if batch.kind is BatchKind.TAKE:
        words = ngettext(
            "{count} client is free again", "{count} clients are free again", batch.undone
        )
    else:
        words = ngettext(
            "{count} client is open again", "{count} clients are open again", batch.undone
        )
    lines = [_title("↩️", words if batch.undone else _("Nothing was undone"), batch.undone)]
    if batch.kept:
        lines.append(
            ngettext(
                "{count} was left as it is: something has happened since.",
                "{count} were left as they are: something has happened since.",
                batch.kept,
            ).format(count=batch.kept)
        )
    return "\n".join(lines)


def too_late_to_undo() -> str:
    """A toast."""
    return _("It is too late to undo this at once; each client's card still can.")


def _title(sign: str, words: str, count: int) -> str:
    return f"{sign} <b>{words.format(count=count)}</b>"


def _part(part: BoardPart) -> list[str]:
    words = part_words(part)
    return [f"🗂 {words}"] if words else []


def _barred(batch: Batch) -> list[str]:
    if not batch.barred:
        return []
    return [_("Left out, as colleagues have them: {count}.").format(count=batch.barred)]

"""Numbers beside those of an earlier time: an arrow, what it was, whether that is better."""

from aiogram.utils.i18n import gettext as _


def percent(value: int) -> str:
    """85%"""
    return _("{count}%").format(count=value)


def trend(
    now: int,
    before: int | None,
    words: str,
    *,
    is_less_better: bool | None,
    says_same: bool = True,
) -> str:
    """An arrow, the number of an earlier time, and whether that is better; empty if not known."""
    if before is None:
        return ""
    if now == before:
        same = _("the same")
        return f" ({words}), {same}" if says_same else f" ({words})"
    arrow = "↑" if now > before else "↓"
    if is_less_better is None:
        return f" {arrow} ({words})"
    verdict = _("better") if (now < before) is is_less_better else _("worse")
    return f" {arrow} ({words}), {verdict}"

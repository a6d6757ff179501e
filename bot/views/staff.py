"""The staff: the list, a person's card, the dialogs about a person, an invitation."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.people import Employee, EmployeeState, Invite, Role
from bot.views.formats import brief, cut, one_line, quoted, when

_SIGNS = {
    Role.ADMINISTRATOR: "👑",
    Role.SUPERVISOR: "🧭",
    Role.OPERATOR: "☎️",
    Role.ACCOUNTANT: "🧮",
}
_BLOCKED = "🔒"
_UNREACHABLE = "🔇"

_NAME_WIDTH = 28
_EXTENSIONS_WIDTH = 24
_DOUBTS_SHOWN = 10


def role_titles() -> dict[Role, str]:
    """☎️ Оператор"""
    words = {
        Role.ADMINISTRATOR: _("Administrator"),
        Role.SUPERVISOR: _("Supervisor"),
        Role.OPERATOR: _("Operator"),
        Role.ACCOUNTANT: _("Accountant"),
    }
    return {role: f"{_SIGNS[role]} {words[role]}" for role in Role}


def bold(markup: str) -> str:
    """What is already safe in HTML, as a title."""
    return f"<b>{markup}</b>"


def identity(person: Employee) -> str:
    """Who a person is here: name, role, extensions."""
    return "\n".join(
        [
            bold(quoted(_name(person))),
            role_titles()[person.role],
            _extensions(person.extensions),
        ]
    )


def people(shown: Sequence[Employee]) -> str:
    """A page of the staff; a row's number is its button's."""
    rows = [f"{number}. {_row(person)}" for number, person in enumerate(shown, start=1)]
    legend = []
    if any(person.state is EmployeeState.BLOCKED for person in shown):
        legend.append(_BLOCKED + " " + _("has no access"))
    if any(person.unreachable for person in shown):
        legend.append(_UNREACHABLE + " " + _("gets no messages"))
    text = "\n".join([bold(_("Staff")), "", *rows])
    return f"{text}\n\n<i>{', '.join(legend)}</i>" if legend else text


def person(
    shown: Employee, *, is_self: bool, shared: Mapping[str, Sequence[str]] | None = None
) -> str:
    """A person's card; `shared`: the names of those who have an extension too."""
    lines = [identity(shown), *_holders(shared or {})]
    lines += [f"Telegram: <code>{shown.tg_id}</code>", _state(shown)]
    if reason := why_fixed(shown, is_self=is_self):
        lines += ["", f"<i>{reason}</i>"]
    return "\n".join(lines)


def why_fixed(shown: Employee, *, is_self: bool) -> str | None:
    """Why this person's role and access cannot be changed; None if they can. At most 200 long."""
    if shown.in_settings:
        return _(
            "This administrator is named in the server's settings (ADMIN_IDS): "
            "the role and the access cannot be changed here."
        )
    if is_self:
        return _("Only another administrator can change your role and access.")
    return None


def role_question(shown: Employee) -> str:
    return _("Which role should <b>{name}</b> have?").format(name=quoted(_name(shown)))


def extensions_question(shown: Employee) -> str:
    return "\n".join(
        [
            _("Extensions of <b>{name}</b>").format(name=quoted(_name(shown))),
            _extensions(shown.extensions),
            "",
            _("Send all of them, separated by commas: 101, 102. To leave none, send -"),
        ]
    )


def name_question(shown: Employee, *, limit: int) -> str:
    return "\n".join(
        [
            _("A new name for <b>{name}</b>").format(name=quoted(_name(shown))),
            _("Send it, up to {limit} characters.").format(limit=limit),
        ]
    )


def removal_question(shown: Employee) -> str:
    return "\n".join(
        [
            _("Remove <b>{name}</b> from the staff?").format(name=quoted(_name(shown))),
            _("Access ends at once and the extensions become free. Their comments stay."),
        ]
    )


def too_many_extensions(count: int, *, limit: int) -> str:
    given = ngettext("There is {count} extension", "There are {count} extensions", count)
    rest = _("{limit} at most. Send them again.").format(limit=limit)
    return f"{given.format(count=count)}, {rest}"


def extension_too_long(extension: str, *, limit: int) -> str:
    return _("“{extension}” is too long: an extension has up to {limit} characters.").format(
        extension=quoted(cut(extension, 20)), limit=limit
    )


def no_extension_given() -> str:
    return _("I see no extensions here. Send them like this: 101, 102. To leave none, send -")


def no_extension(word: str) -> str:
    return _(
        "“{word}” is not an extension. An extension is what the PBX calls a phone: 101, "
        "000domainc261, sip:olena@pbx. Separate them with commas."
    ).format(word=brief(word, 40))


def extension_doubts(holders: Mapping[str, Sequence[str]], odd: Sequence[str]) -> str:
    """Asks whether extensions are meant that colleagues have already, or that look odd."""
    lines = _holders(holders)
    if odd:
        words = ", ".join(brief(one, 30) for one in odd[:_DOUBTS_SHOWN])
        lines.append(
            _("{extensions}: is that really what the PBX calls a phone?").format(extensions=words)
        )
    if holders:
        lines.append(_("People who share an extension see the same calls."))
    return "\n".join([f"⚠️ {lines[0]}", *lines[1:], "", _("Is that right?")])


def _holders(holders: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each extension that somebody else has too."""
    lines = []
    for extension, names in list(holders.items())[:_DOUBTS_SHOWN]:
        shown = ", ".join(brief(name, 40) for name in names[:3]) + ("…" if names[3:] else "")
        lines.append(
            _("{extension} is also {who}'s").format(extension=brief(extension, 30), who=shown)
        )
    return lines


def name_too_long(length: int, *, limit: int) -> str:
    over = length - limit
    return ngettext(
        "Too long by {count} character. Send a shorter name.",
        "Too long by {count} characters. Send a shorter name.",
        over,
    ).format(count=over)


def invite_role_question() -> str:
    return "\n".join([bold(_("New colleague")), _("What will the role be?")])


def invite_extensions_question(role: Role) -> str:
    lines = [
        bold(_("New colleague")),
        role_titles()[role],
        "",
        _("Send the person's extensions, separated by commas: 101, 102."),
    ]
    if not role.sees_all:
        lines.append(_("The person will see only the calls of these extensions."))
    return "\n".join(lines)


def invite(role: Role, extensions: Sequence[str], *, link: str, days: int) -> str:
    """The link to pass on."""
    lifetime = ngettext(
        "Pass the link on to the person. It works once, within {count} day.",
        "Pass the link on to the person. It works once, within {count} days.",
        days,
    )
    return "\n".join(
        [
            bold(_("Invitation")),
            role_titles()[role],
            _extensions(extensions),
            "",
            lifetime.format(count=days),
            "",
            quoted(link),
        ]
    )


def invites(shown: Sequence[Invite], *, now: int, zone: ZoneInfo) -> str:
    """The invitations nobody has used yet; a row's number is its button's."""
    if not shown:
        return _("There are no open invitations.")
    rows = []
    for number, one in enumerate(shown, start=1):
        parts = [role_titles()[one.role]]
        if one.name:
            parts.append(brief(one.name, 28))
        if one.extensions:
            parts.append(brief(", ".join(one.extensions), _EXTENSIONS_WIDTH))
        until = when(one.expires_at, now=now, zone=zone)
        facts = [_("until {time}").format(time=until), _invited_by(one)]
        rows.append(f"{number}. {' · '.join(parts)}\n    {', '.join(facts)}")
    return "\n".join([bold(_("Open invitations")), _("🗑 makes a link stop working."), "", *rows])


def invite_revoked() -> str:
    return _("The invitation no longer works")


def invite_restored() -> str:
    return _("The invitation works again")


def invite_used() -> str:
    return _("Too late: somebody has used it")


def joined(person: Employee, invitation: Invite, *, is_new: bool) -> str:
    """Tells administrators who has come in, or has got more by an invitation."""
    title = _("A new colleague") if is_new else _("A colleague has used an invitation")
    words = _invited_by(invitation)
    return "\n".join([f"👋 {bold(title)}", identity(person), f"{words[:1].upper()}{words[1:]}"])


def invite_gave(before: Employee, after: Employee) -> str:
    """Tells somebody who was in already what an invitation has added."""
    lines = []
    if after.role is not before.role:
        lines.append(_("Your role is now {role}.").format(role=role_titles()[after.role]))
    added = [one for one in after.extensions if one not in before.extensions]
    if added:
        words = _("Extensions added: {extensions}. Yours stay.")
        lines.append(words.format(extensions=quoted(", ".join(added))))
    return " ".join(lines)


def invite_asks(before: Employee, invitation: Invite) -> str:
    """Asks somebody who is in already whether an invitation should change them."""
    lines = [_("You are already in: {role}.").format(role=role_titles()[before.role])]
    if invitation.role.rank > before.role.rank:
        lines.append(
            _("With this invitation you would be {role}.").format(
                role=role_titles()[invitation.role]
            )
        )
    added = [one for one in invitation.extensions if one not in before.extensions]
    if added:
        words = _("It would give you these extensions: {extensions}.")
        lines.append(words.format(extensions=quoted(", ".join(added))))
    lines += ["", _("It works once. Is it yours, and not a new colleague's?")]
    return "\n".join(lines)


def invite_left() -> str:
    return _("Nothing has changed for you, and the link still works: pass it on.")


def invite_changes_nothing(invitation: Invite) -> str:
    """Tells somebody who was in already that an invitation has nothing for them."""
    return _(
        "You already have access, and this invitation ({role}) adds nothing: nothing has "
        "changed, and the link still works. Your administrator changes roles and extensions."
    ).format(role=role_titles()[invitation.role])


def _invited_by(invitation: Invite) -> str:
    if invitation.by is None:
        return _("invited from the server")
    return _("invited by {who}").format(who=brief(invitation.by, 40))


def role_changed() -> str:
    return _("Role changed")


def blocked() -> str:
    return _("Access closed")


def unblocked() -> str:
    return _("Access opened")


def removed() -> str:
    return _("Removed from the staff")


def _row(shown: Employee) -> str:
    name = quoted(cut(_name(shown), _NAME_WIDTH))
    parts = [f"{_SIGNS[shown.role]} {name}"]
    if shown.extensions:
        parts.append(f"· {quoted(cut(', '.join(shown.extensions), _EXTENSIONS_WIDTH))}")
    if shown.state is EmployeeState.BLOCKED:
        parts.append(_BLOCKED)
    if shown.unreachable:
        parts.append(_UNREACHABLE)
    return " ".join(parts)


def _name(shown: Employee) -> str:
    return one_line(shown.name) or _("No name yet, {tg_id}").format(tg_id=shown.tg_id)


def _extensions(extensions: Sequence[str]) -> str:
    if not extensions:
        return _("No extensions")
    return _("Extensions: {extensions}").format(extensions=quoted(", ".join(extensions)))


def _state(shown: Employee) -> str:
    if shown.state is EmployeeState.BLOCKED:
        return _BLOCKED + " " + _("Access closed")
    if shown.unreachable:
        return _UNREACHABLE + " " + _("Has stopped the bot and gets no messages")
    return _("Access opened")

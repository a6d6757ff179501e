"""One-time invite links: made once, stored as a hash, used once before they expire."""

import hashlib
import json
import secrets
from collections.abc import Sequence

from bot.domain.audit import AuditKind, By
from bot.domain.errors import InviteError, NotFoundError
from bot.domain.outbox import MessageKind
from bot.domain.people import Acceptance, Invite, Language, Role
from storage.audit import note
from storage.clock import MAY_DELETE_SQL
from storage.employees import let_in, set_extensions
from storage.engine.base import Database, Row
from storage.owing import owe_administrators

LIFETIME = 7 * 86400
"""Seconds an invite can be used."""

_USABLE_SQL = "used_at IS NULL AND revoked_at IS NULL AND expires_at >= ?"
"""Whether an invite can still be used; its value is the moment."""


class InviteRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        role: Role,
        *,
        extensions: Sequence[str] = (),
        name: str | None = None,
        by: int | None = None,
        now: int,
    ) -> str:
        """Issue an invite; returns its token, which is kept nowhere and fits a deep link.

        `by`: the id of who makes it, None for the command line.
        """
        token = secrets.token_urlsafe(24)
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM invites WHERE expires_at < ? AND used_at IS NULL "  # noqa: S608
                f"AND {MAY_DELETE_SQL}",
                (now,),
            )
            tx.write(
                "INSERT INTO invites (token_hash, role, extensions, name, created_by, "
                "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    _hash(token),
                    role.value,
                    json.dumps(list(extensions)),
                    name,
                    by,
                    now,
                    now + LIFETIME,
                ),
            )
            detail = _detail(role.value, extensions, name)
            note(tx, AuditKind.INVITED, By(by, now), detail=detail)
        return token

    async def accept(
        self,
        token: str,
        *,
        tg_id: int,
        name: str,
        language: Language,
        page_size: int,
        now: int,
        is_confirmed: bool = False,
    ) -> Acceptance:
        """Make the Telegram account an employee as the invite says, and tell administrators.

        The invite's own name wins over `name`. Nothing is taken away from a person who is already
        in: they get its extensions besides their own, and its role if that may do more, once they
        have confirmed it: the link may be a colleague's. Unless DONE, the invite is not used up.
        Raises InviteError if the token was never issued, was revoked, is used or has expired, or
        if the person is blocked: the reader is not told which.
        """
        async with self._database.transaction() as tx:
            usable = await tx.execute(
                "SELECT id, role, extensions, name, created_by FROM invites "  # noqa: S608 - our own predicate
                f"WHERE token_hash = ? AND {_USABLE_SQL}",
                (_hash(token), now),
            )
            if not usable:
                raise InviteError("not a usable invite")
            [invite] = usable
            role, given = Role(invite["role"]), json.loads(invite["extensions"])
            known = await tx.execute(
                "SELECT id, state, role FROM employees WHERE tg_id = ?", (tg_id,)
            )
            if known and known[0]["state"] == "blocked":
                raise InviteError("the person is blocked")
            is_in = bool(known) and known[0]["state"] == "active"
            kept: list[str] = []
            if is_in:
                rows = await tx.execute(
                    "SELECT extension FROM employee_extensions WHERE employee_id = ? "
                    "ORDER BY extension",
                    (known[0]["id"],),
                )
                kept = [row["extension"] for row in rows]
                present = Role(known[0]["role"])
                if role.rank <= present.rank and set(given) <= set(kept):
                    return Acceptance.NOTHING
                if not is_confirmed:
                    return Acceptance.ASKS
                role = max(role, present, key=lambda one: one.rank)
            [employee] = await tx.execute(
                "INSERT INTO employees (tg_id, name, role, language, page_size, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tg_id) DO UPDATE SET "
                "role = CASE WHEN employees.in_settings = 1 THEN employees.role "
                "ELSE excluded.role END, "
                "name = excluded.name, unreachable_at = NULL RETURNING id",
                (
                    tg_id,
                    name if is_in else invite["name"] or name,
                    role.value,
                    language.value,
                    page_size,
                    now,
                ),
            )
            await let_in(tx, employee["id"])
            await set_extensions(tx, employee["id"], [*kept, *given])
            tx.write(
                "UPDATE invites SET used_at = ?, used_by = ? WHERE id = ?",
                (now, employee["id"], invite["id"]),
            )
            note(
                tx,
                AuditKind.INVITE_USED if is_in else AuditKind.JOINED,
                By(employee["id"], now),
                other=invite["created_by"],
                detail=_detail(role.value, given, None),
            )
            subject = f"{invite['id']} {'more' if is_in else 'new'}"
            owe_administrators(tx, MessageKind.JOINED, subject, but=employee["id"], now=now)
        return Acceptance.DONE

    async def find(self, token: str, *, now: int) -> Invite | None:
        """What a usable token gives; None if it is not usable."""
        rows = await self._select(f"token_hash = ? AND {_USABLE_SQL}", (_hash(token), now))
        return rows[0] if rows else None

    async def get(self, invite_id: int) -> Invite:
        """Raises NotFoundError."""
        for invite in await self._select("i.id = ?", (invite_id,)):
            return invite
        raise NotFoundError(f"invite {invite_id}")

    async def list_open(self, *, now: int) -> list[Invite]:
        """The invites nobody has used yet and that can still be used, the newest first."""
        return await self._select(_USABLE_SQL, (now,))

    async def count_open(self, *, now: int) -> int:
        return await self._database.count(
            f"SELECT count(*) FROM invites WHERE {_USABLE_SQL}",  # noqa: S608
            (now,),
        )

    async def set_revoked(
        self, invite_id: int, *, is_revoked: bool, now: int, by: int | None = None
    ) -> bool:
        """Make an invite's link useless, or usable again. False: it was used meanwhile.

        `by`: the id of who does it.
        """
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT revoked_at FROM invites WHERE id = ?", (invite_id,))
            changed = await tx.execute(
                "UPDATE invites SET revoked_at = ? WHERE id = ? AND used_at IS NULL "
                "RETURNING role, extensions, name",
                (now if is_revoked else None, invite_id),
            )
            was_revoked = any(row["revoked_at"] is not None for row in await asked)
            for row in changed if was_revoked != is_revoked else ():
                kind = AuditKind.INVITE_REVOKED if is_revoked else AuditKind.INVITE_RESTORED
                detail = _detail(row["role"], json.loads(row["extensions"]), row["name"])
                note(tx, kind, By(by, now), detail=detail)
        return bool(changed)

    async def _select(self, where: str, values: Sequence[str | int]) -> list[Invite]:
        rows = await self._database.fetch(
            "SELECT i.*, e.name AS made_by FROM invites AS i "  # noqa: S608 - our own predicates
            f"LEFT JOIN employees AS e ON e.id = i.created_by WHERE {where} "
            "ORDER BY i.created_at DESC, i.id DESC LIMIT 50",
            values,
        )
        return [_invite(row) for row in rows]


def _invite(row: Row) -> Invite:
    return Invite(
        id=row["id"],
        role=Role(row["role"]),
        extensions=tuple(json.loads(row["extensions"])),
        name=row["name"],
        by=row["made_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        guest=row["used_by"],
    )


def _detail(role: str, extensions: Sequence[str], name: str | None) -> dict[str, str | None]:
    return {"role": role, "extensions": ", ".join(extensions), "name": name}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

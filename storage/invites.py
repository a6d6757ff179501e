"""One-time invite links: made once, stored as a hash, used once before they expire."""

import hashlib
import json
import secrets
from collections.abc import Sequence

from bot.domain.errors import InviteError
from bot.domain.people import Language, Role
from storage.database import Database
from storage.employees import let_clients_go, set_extensions

LIFETIME = 7 * 86400
"""Seconds an invite can be used."""


class InviteRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, role: Role, *, extensions: Sequence[str] = (), name: str | None = None, now: int
    ) -> str:
        """Issue an invite; returns its token, which is kept nowhere and fits a deep link."""
        token = secrets.token_urlsafe(24)
        async with self._database.transaction() as tx:
            await tx.execute(
                "DELETE FROM invites WHERE expires_at < ? AND used_at IS NULL", (now,)
            )
            await tx.execute(
                "INSERT INTO invites (token_hash, role, extensions, name, created_at, expires_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    _hash(token),
                    role.value,
                    json.dumps(list(extensions)),
                    name,
                    now,
                    now + LIFETIME,
                ),
            )
        return token

    async def accept(
        self, token: str, *, tg_id: int, name: str, language: Language, page_size: int, now: int
    ) -> None:
        """Make the Telegram account an employee as the invite says.

        The invite's own name wins over `name`. A person who is already in gets the new role and
        extensions, and a blocked one stays blocked. Raises InviteError if the token was never
        issued, is used or has expired: the reader is not told which.
        """
        async with self._database.transaction() as tx:
            used = await tx.execute(
                "UPDATE invites SET used_at = ? WHERE token_hash = ? AND used_at IS NULL "
                "AND expires_at >= ? RETURNING id, role, extensions, name",
                (now, _hash(token), now),
            )
            if not used:
                raise InviteError("not a usable invite")
            [invite] = used
            [employee] = await tx.execute(
                "INSERT INTO employees (tg_id, name, role, language, page_size, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tg_id) DO UPDATE SET "
                "role = CASE WHEN employees.in_settings = 1 THEN employees.role "
                "ELSE excluded.role END, "
                "name = excluded.name, unreachable_at = NULL, state = CASE "
                "WHEN employees.state = 'blocked' THEN 'blocked' ELSE 'active' END "
                "RETURNING id, state, role",
                (
                    tg_id,
                    invite["name"] or name,
                    invite["role"],
                    language.value,
                    page_size,
                    now,
                ),
            )
            if employee["state"] == "blocked":
                raise InviteError("the person is blocked")
            if not Role(employee["role"]).takes_clients:
                await let_clients_go(tx, employee["id"])
            await set_extensions(tx, employee["id"], json.loads(invite["extensions"]))
            await tx.execute(
                "UPDATE invites SET used_by = ? WHERE id = ?", (employee["id"], invite["id"])
            )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

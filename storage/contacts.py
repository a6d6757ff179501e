"""The company's address book: contacts, their names and their numbers.

A contact is one client. So whatever changes who has a number refolds the cases of all the numbers
concerned, in the same transaction (case_refolding.py). A number is of one contact at most. One
that was taken away is kept with the contact it was of, and so is a name that was replaced or
forgotten: what one tap does, another undoes.
"""

from bot.domain.audit import AuditKind, By
from bot.domain.case_rules import DEFAULT_RULES, CaseRules
from bot.domain.contacts import NAMELESS, NUMBERS_LIMIT, Contact, ContactNumber, Joining, Takeover
from bot.domain.errors import NotFoundError
from storage.audit import note, note_change
from storage.case_refolding import CaseRefolding
from storage.contact_rows import CONTACT_SQL, contacts_of, owe_names, refresh_key
from storage.engine.base import Database, Transaction

_CONTACT = f"{CONTACT_SQL} JOIN contact_numbers AS n ON n.contact_id = k.id"
_NUMBERS_OF = "SELECT number FROM contact_numbers WHERE contact_id = ?"


class ContactRepo:
    def __init__(self, database: Database, *, rules: CaseRules = DEFAULT_RULES) -> None:
        self._database = database
        self._rules = rules

    async def find(self, number: str) -> Contact | None:
        """The contact that has the number."""
        rows = await self._database.fetch(
            f"{_CONTACT} WHERE n.number = ? ORDER BY m.id", (number,)
        )
        return next(iter(contacts_of(rows)), None)

    async def get(self, number_id: int) -> Contact:
        """The contact of the number with this id. Raises NotFoundError if it is in none (now)."""
        rows = await self._database.fetch(f"{_CONTACT} WHERE n.id = ? ORDER BY m.id", (number_id,))
        for contact in contacts_of(rows):
            return contact
        raise NotFoundError(f"contact of number {number_id}")

    async def set_name(
        self, number: str, name: str | None, *, now: int, by: int | None = None
    ) -> Contact:
        """Name the client who has the number, or forget the name.

        `by`: the id of who does so; None: the server.
        """
        async with self._database.transaction() as tx:
            contact = await _contact_of(tx, number, by=by, now=now)
            tx.write(
                "UPDATE contacts SET former_name = name, name = ?, version = version + 1 "
                "WHERE id = ? AND coalesce(name, '') <> coalesce(?, '')",
                (name, contact.id, name),
            )
            await refresh_key(tx, contact.id)
            who = By(by, now)
            note_change(tx, AuditKind.CONTACT_NAMED, who, contact.name, name, number=number)
            named = await _contact_of(tx, number, by=by, now=now)
            if named.version != contact.version or named.name != contact.name:
                await owe_names(tx, {one.number for one in named.numbers}, now=now)
        return named

    async def restore_name(
        self, contact: Contact, *, version: int, now: int, by: int | None = None
    ) -> bool:
        """Undo the naming, or forgetting, that made this version. False: there was another since.

        What was undone is forgotten: a second tap is not to bring it back. `by`: who undoes it,
        of whom the audit is told.
        """
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT name FROM contacts WHERE id = ?", (contact.id,))
            undone = await tx.execute(
                "UPDATE contacts SET name = former_name, former_name = NULL, "
                "version = version + 1 WHERE id = ? AND version = ? RETURNING name",
                (contact.id, version),
            )
            if undone:
                [before], number = await asked, contact.numbers[0].number
                old, new, who = before["name"], undone[0]["name"], By(by, now)
                note_change(tx, AuditKind.CONTACT_NAMED, who, old, new, number=number)
                await refresh_key(tx, contact.id)
                numbers = await tx.execute(_NUMBERS_OF, (contact.id,))
                await owe_names(tx, {row["number"] for row in numbers}, now=now)
        return bool(undone)

    async def add_number(
        self,
        client: str,
        number: str,
        *,
        now: int,
        name: str | None = None,
        takeover: Takeover = Takeover.NOTHING,
        by: int | None = None,
    ) -> Joining:
        """Make a number one more of the client who has the number `client`.

        A client without a name takes the one given, or that of the contact taken. What is of
        another contact is added only by a `takeover`; of one with that number only, nothing stays.
        `by`: the id of who wants it.
        """
        async with self._database.transaction() as tx:
            known, other = await _find(tx, client), await _find(tx, number)
            if client == number or (other and known and other.id == known.id):
                return Joining.ITS_ALREADY
            if other and other.is_worth_showing and takeover is Takeover.NOTHING:
                return Joining.ANOTHERS
            is_whole = takeover is Takeover.CONTACT or (
                other is not None and len(other.numbers) == 1
            )
            more = len(other.numbers) if other and is_whole else 1
            if (len(known.numbers) if known else 1) + more > NUMBERS_LIMIT:
                return Joining.TOO_MANY
            contact = known or await _contact_of(tx, client, by=by, now=now)
            concerned = {
                one.number for one in (*contact.numbers, *(other.numbers if other else ()))
            }
            if other and is_whole:
                tx.write(
                    "UPDATE contact_numbers SET contact_id = ?, former_id = NULL "
                    "WHERE contact_id = ?",
                    (contact.id, other.id),
                )
                tx.write("DELETE FROM contacts WHERE id = ?", (other.id,))
            else:
                await _put(tx, number, contact.id)
            name = name or (other.name if other and is_whole else None)
            if name and not contact.name:
                note_change(tx, AuditKind.CONTACT_NAMED, By(by, now), None, name, number=client)
                tx.write(
                    "UPDATE contacts SET name = ?, former_name = NULL, version = version + 1 "
                    "WHERE id = ? AND name IS NULL",
                    (name, contact.id),
                )
                await refresh_key(tx, contact.id)
            detail = {"new": number, "old": other.name if other else None}
            note(tx, AuditKind.NUMBER_JOINED, By(by, now), number=client, detail=detail)
            await self._regroup(tx, {*concerned, number}, now=now)
        return Joining.ADDED

    async def remove_number(
        self, contact: Contact, number_id: int, *, now: int, by: int | None = None
    ) -> bool:
        """Let a number be a client of its own again; `by`: the id of who wants that.

        False: it is none of the contact's any more, or its only one.
        """
        async with self._database.transaction() as tx:
            numbers = {row["number"] for row in await tx.execute(_NUMBERS_OF, (contact.id,))}
            if len(numbers) < 2:
                return False
            gone = await tx.execute(
                "UPDATE contact_numbers SET contact_id = NULL, former_id = contact_id "
                "WHERE id = ? AND contact_id = ? RETURNING number",
                (number_id, contact.id),
            )
            if gone:
                parted, rest = gone[0]["number"], min(numbers - {gone[0]["number"]})
                detail = {"old": parted}
                note(tx, AuditKind.NUMBER_PARTED, By(by, now), number=rest, detail=detail)
                await self._regroup(tx, numbers, now=now)
        return bool(gone)

    async def restore_number(
        self, contact: Contact, number_id: int, *, now: int, by: int | None = None
    ) -> bool:
        """Undo that. False: the number is another's by now, or the contact has too many."""
        async with self._database.transaction() as tx:
            numbers = {row["number"] for row in await tx.execute(_NUMBERS_OF, (contact.id,))}
            if not 0 < len(numbers) < NUMBERS_LIMIT:
                return False
            back = await tx.execute(
                "UPDATE contact_numbers SET contact_id = former_id, former_id = NULL "
                "WHERE id = ? AND contact_id IS NULL AND former_id = ? RETURNING number",
                (number_id, contact.id),
            )
            if back:
                detail = {"new": back[0]["number"]}
                note(tx, AuditKind.NUMBER_JOINED, By(by, now), number=min(numbers), detail=detail)
                await self._regroup(tx, {*numbers, back[0]["number"]}, now=now)
        return bool(back)

    async def _regroup(self, tx: Transaction, numbers: set[str], *, now: int) -> None:
        await CaseRefolding(tx, self._rules, now).regroup(numbers)
        await owe_names(tx, numbers, now=now)


async def _find(tx: Transaction, number: str) -> Contact | None:
    rows = await tx.execute(f"{_CONTACT} WHERE n.number = ? ORDER BY m.id", (number,))
    return next(iter(contacts_of(rows)), None)


async def _contact_of(tx: Transaction, number: str, *, by: int | None, now: int) -> Contact:
    """The contact that has the number; a new one, without a name, if none has."""
    contact = await _find(tx, number)
    if contact:
        return contact
    id_ = await _next_id(tx, "contacts")
    tx.write(
        "INSERT INTO contacts (id, added_at, added_by, sort_key, key_version) "
        "VALUES (?, ?, ?, ?, 0)",
        (id_, now, by, NAMELESS),
    )
    return Contact(id_, None, None, 0, (await _put(tx, number, id_),))


async def _put(tx: Transaction, number: str, contact_id: int) -> ContactNumber:
    [row] = await tx.execute(
        "INSERT INTO contact_numbers (id, number, contact_id) VALUES (?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET contact_id = excluded.contact_id, former_id = NULL "
        "RETURNING id",
        (await _next_id(tx, "contact_numbers"), number, contact_id),
    )
    return ContactNumber(row["id"], number)


async def _next_id(tx: Transaction, of: str) -> int:
    """An id never handed out before, so that an old button can never mean another number."""
    [row] = await tx.execute(
        "UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value", (of,)
    )
    id_: int = row["value"]
    return id_

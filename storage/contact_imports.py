"""The contacts of a file, taken into the book a piece at a time.

Each piece is one transaction: contacts, numbers, the cases of the clients whose numbers come
together, and the edits of open cards. Alerts are edited only at the end, and only the newest
ALERTS_EDITED of them: of a whole address book thousands might be. All others show the new names
with their next edit; lists and cards show them at once.
"""

from collections.abc import Sequence

from bot.domain.case_rules import DEFAULT_RULES, CaseRules
from bot.domain.contact_files import FileContact, PlannedContact, Planning, Seen, Verdict
from bot.domain.contacts import Contact, sort_key
from bot.domain.people import Employee
from storage.case_refolding import CaseRefolding
from storage.contact_rows import CONTACT_SQL, contacts_of
from storage.counters import Ids
from storage.engine.base import Database, Row, Select, Transaction, chunks, marks_sql
from storage.owing import mark_newest_alerts_changed
from storage.owing_cards import owe_cards_of_client
from storage.search_index import write_names

PIECE = 100
"""Cards of one transaction: a running bot waits for it no longer than for a few calls."""

ALERTS_EDITED = 300
"""Alerts that are edited after an import: what Telegram lets the bot send in ten seconds."""

_AT_ONCE = 300


class ContactImports:
    def __init__(self, database: Database, *, rules: CaseRules = DEFAULT_RULES) -> None:
        self._database = database
        self._rules = rules

    def begin(
        self, *, replaces_names: bool = False, by: Employee | None = None
    ) -> "ContactImport":
        """Of one file. `by`: who does it, if a person."""
        return ContactImport(self._database, self._rules, replaces_names, by)


class ContactImport:
    """One file, taken from its beginning to its end."""

    def __init__(
        self, database: Database, rules: CaseRules, replaces_names: bool, by: Employee | None
    ) -> None:
        self._database = database
        self._rules = rules
        self._replaces_names = replaces_names
        self._by = by
        self._seen = Seen()
        self._cases: set[int] = set()
        """Open cases of clients who have another name now."""

    async def compare(self, piece: Sequence[FileContact]) -> list[Verdict]:
        """What would become of these cards, without changing anything."""
        numbers = _numbers(piece)
        if not numbers:
            return [Planning((), self._seen, replaces_names=False).add(card) for card in piece]
        known = _known(await self._database.fetch_each(*_known_selects(numbers)))
        planning = self._planning(known)
        return [planning.add(card) for card in piece]

    async def take(self, piece: Sequence[FileContact], *, now: int) -> list[Verdict]:
        """Take these cards. Returns what has become of them."""
        numbers = _numbers(piece)
        if not numbers:
            return await self.compare(piece)
        async with self._database.transaction() as tx:
            asked = [tx.ask(*select) for select in _known_selects(numbers)]
            known = _known([await rows for rows in asked])
            planning = self._planning(known)
            verdicts = [planning.add(card) for card in piece]
            await self._write(tx, planning.contacts, known, now=now)
        return verdicts

    async def finish(self, *, now: int) -> int:
        """Owe the edits of the newest alerts. Returns how many."""
        if not self._cases:
            return 0
        async with self._database.transaction() as tx:
            return await mark_newest_alerts_changed(tx, self._cases, most=ALERTS_EDITED, now=now)

    def _planning(self, known: Sequence[Contact]) -> Planning:
        worth = (one for one in known if one.is_worth_showing)
        return Planning(worth, self._seen, replaces_names=self._replaces_names)

    async def _write(
        self,
        tx: Transaction,
        planned: Sequence[PlannedContact],
        known: Sequence[Contact],
        *,
        now: int,
    ) -> None:
        changed = [one for one in planned if one.added or one.is_named]
        if not changed:
            return
        new = [one for one in changed if not one.id]
        named = [one for one in changed if one.id and one.is_named]
        added = [(one, number) for one in changed for number in one.added]
        ids, number_ids = Ids(tx, "contacts"), Ids(tx, "contact_numbers")
        for one, id_ in zip(new, await ids.take(len(new)), strict=True):
            one.id = id_
            self._seen.add(id_)
        by = self._by.id if self._by else None
        tx.write_many(
            "INSERT INTO contacts (id, name, added_at, added_by, sort_key, key_version) "
            "VALUES (?, ?, ?, ?, ?, 0)",
            [(one.id, one.name, now, by, sort_key(one.name)) for one in new],
        )
        tx.write_many(
            "UPDATE contacts SET former_name = name, name = ?, version = version + 1, "
            "sort_key = ?, key_version = version + 1 WHERE id = ?",
            [(one.name, sort_key(one.name), one.id) for one in named],
        )
        write_names(tx, [(one.id, one.name) for one in (*new, *named)])
        tx.write_many(
            "INSERT INTO contact_numbers (id, number, contact_id) VALUES (?, ?, ?) "
            "ON CONFLICT (number) DO UPDATE SET contact_id = excluded.contact_id, "
            "former_id = NULL",
            [
                (id_, number, one.id)
                for id_, (one, number) in zip(
                    await number_ids.take(len(added)), added, strict=True
                )
            ],
        )
        taken = {number for _, number in added}
        tx.write_many(
            "DELETE FROM contacts WHERE id = ?",
            [
                (one.id,)
                for one in known
                if not one.is_worth_showing and one.numbers[0].number in taken
            ],
        )
        await self._tell(tx, changed, now=now)

    async def _tell(self, tx: Transaction, changed: Sequence[PlannedContact], *, now: int) -> None:
        """Bring the cases in step, and owe what shows the clients."""
        numbers = sorted({number for one in changed for number in one.numbers})
        asked = [
            tx.ask(
                "SELECT client, max(CASE WHEN state = 'open' THEN id END) AS id FROM cases "  # noqa: S608
                f"WHERE client IN ({marks_sql(some)}) GROUP BY client",
                some,
            )
            for some in chunks(numbers, _AT_ONCE)
        ]
        cases = {row["client"]: row["id"] for rows in asked for row in await rows}
        self._cases |= {id_ for id_ in cases.values() if id_}
        joined = [
            one.numbers
            for one in changed
            if one.added and len(one.numbers) > 1 and not cases.keys().isdisjoint(one.numbers)
        ]
        for some in chunks(joined, _AT_ONCE // 10):
            regrouped = {number for of_one in some for number in of_one}
            await CaseRefolding(tx, self._rules, now).regroup(regrouped)
        await owe_cards_of_client(tx, numbers)


def _numbers(piece: Sequence[FileContact]) -> list[str]:
    return sorted({number for card in piece for number in card.numbers})


def _known(answers: Sequence[Sequence[Row]]) -> list[Contact]:
    return list({one.id: one for rows in answers for one in contacts_of(rows)}.values())


def _known_selects(numbers: Sequence[str]) -> list[Select]:
    """The contacts that have these numbers; one whose numbers are in two chunks comes twice."""
    return [
        (
            f"{CONTACT_SQL} WHERE k.id IN (SELECT n.contact_id FROM contact_numbers AS n "  # noqa: S608
            f"WHERE n.number IN ({marks_sql(some)})) ORDER BY k.id, m.id",
            some,
        )
        for some in chunks(numbers, _AT_ONCE)
    ]

"""The company's address book: names of clients' numbers."""

from storage.database import Database
from storage.owing_cards import owe_cards_of_client


class ContactRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_name(self, number: str, name: str | None) -> None:
        """Name a number (E.164), or forget its name."""
        async with self._database.transaction() as tx:
            if name is None:
                await tx.execute("DELETE FROM contacts WHERE number = ?", (number,))
            else:
                await tx.execute(
                    "INSERT INTO contacts (number, name) VALUES (?, ?) "
                    "ON CONFLICT (number) DO UPDATE SET name = excluded.name",
                    (number, name),
                )
            await owe_cards_of_client(tx, number)

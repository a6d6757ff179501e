"""The ids of calls and of cases: given in order, and never twice, whatever is deleted."""

from storage.engine.base import Transaction


class Ids:
    """The next ids of a counter, for the transaction that asks: nobody else writes meanwhile."""

    def __init__(self, tx: Transaction, name: str) -> None:
        self._tx = tx
        self._name = name
        self._last = tx.ask("SELECT value FROM counters WHERE name = ?", (name,))
        self._taken = 0

    async def take(self, count: int) -> range:
        """So many ids."""
        [row] = await self._last
        first = row["value"] + self._taken + 1
        self._taken += count
        self._tx.write("UPDATE counters SET value = value + ? WHERE name = ?", (count, self._name))
        return range(first, first + count)

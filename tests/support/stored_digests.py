"""Digests of stored calls: a Monday with a little of everything, and the moments it is told at."""

from datetime import datetime

from bot.domain.digests import CaseGroup, Digest
from bot.domain.people import Employee, Role
from storage.digest_times import DigestTimes
from storage.digests import DigestRepo
from storage.engine.base import Database
from tests.support.kyiv import KYIV, at
from tests.support.screens import BOSS, IVAN, OLENA
from tests.support.stored_calls import WINDOW, StoredCalls

TARGET = 900
SIX_PM = 18 * 60


MIDNIGHT, END = at("2026-11-23 00:00"), at("2026-11-23 18:00")
"""A Monday, and its evening."""


class StoredDigests(StoredCalls):
    """Stored calls with the digests of them, by the clocks of Kyiv."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.times = DigestTimes(database, KYIV)
        self._digests = DigestRepo(database, KYIV, window=WINDOW)

    async def person(self, tg_id: int, name: str, role: Role, *extensions: str) -> Employee:
        await self.hire(tg_id, role, *extensions)
        await self.employees.set_name(tg_id, name)
        return await self.employees.get(tg_id)

    async def digest(self, employee: Employee, start: int = MIDNIGHT, end: int = END) -> Digest:
        return await self._digests.digest(employee, start, end, target=TARGET)

    async def listed(
        self, employee: Employee, group: CaseGroup, *, who: int = 0, page: int = 0
    ) -> list[str]:
        """The last two digits of the numbers behind a number."""
        found = await self.cases.list_span(
            employee, MIDNIGHT, END, group, who=who, target=TARGET, page=page, size=50
        )
        assert found.total == len(found.cases)
        return [(case.client or "")[-2:] for case in found.cases]

    async def monday(self) -> tuple[Employee, Employee, Employee]:
        """Seven clients lost on a Monday, each with another end; the week before, two."""
        boss = await self.person(BOSS, "Ганна", Role.SUPERVISOR)
        olena = await self.person(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await self.person(IVAN, "Іван", Role.OPERATOR, "102")
        for number, moment, back, extension in (
            ("01", "09:00", "09:04", "101"),
            ("02", "10:00", "10:10", "101"),
            ("03", "10:10", "10:30", "102"),
            ("04", "10:20", "18:05", "102"),
        ):
            await self.lost_at(
                number, f"2026-11-23 {moment}", rang="102" if number == "04" else ""
            )
            await self.called_back_at(number, f"2026-11-23 {back}", extension)
        await self.lost_at("05", "2026-11-23 11:00")
        self.now = at("2026-11-23 11:05")
        await self.redialled(0, "0501112205")
        await self.lost_at("06", "2026-11-23 12:00")
        self.now = at("2026-11-23 12:10")
        [case_id] = [
            case.id for case in await self.all_cases() if (case.client or "").endswith("06")
        ]
        assert await self.case_closings.close(case_id, olena, "Реклама", now=self.now)
        await self.lost_at("07", "2026-11-23 17:55")
        await self.lost_at("08", "2026-11-22 20:00")
        await self.lost_at("11", "2026-11-16 10:00")
        await self.called_back_at("11", "2026-11-16 10:20", "101")
        await self.lost_at("12", "2026-11-16 11:00")
        await self.lost_at("13", "2026-11-16 19:00")
        self.now = at("2026-11-23 18:10")
        await self.case_deadlines.expire(now=self.now)
        return boss, olena, ivan

    async def lost_at(self, number: str, moment: str, rang: str = "") -> None:
        self.now = at(moment)
        await self.lost(0, f"05011122{number}", rang=(rang or "101",))

    async def called_back_at(self, number: str, moment: str, extension: str) -> None:
        """The talk begins ten seconds later."""
        self.now = at(moment)
        await self.dialled(0, f"05011122{number}", extension=extension)

    async def subjects(self) -> list[str]:
        """When the digests owed were due, in Kyiv, in order."""
        rows = await self.database.fetch("SELECT subject FROM outbox WHERE kind = 'digest'")
        moments = sorted(int(row["subject"].split()[0]) for row in rows)
        return [f"{datetime.fromtimestamp(moment, KYIV):%d.%m %H:%M %z}" for moment in moments]

    async def ticks(self, start: int, end: int, step: int = 3600) -> None:
        for moment in range(start, end, step):
            await self.times.owe_due(now=moment)

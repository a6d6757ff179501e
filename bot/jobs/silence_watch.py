"""Notices that a PBX brings no calls although it usually would (bot/domain/silence.py).

- Only time in which the bot was there counts: after one that nobody looked (the bot was off, the
  clock was set forth) a silence is waited for anew. A restart or a clock set back alone costs
  nothing of what was counted.
- While a PBX does not answer nothing is counted; if the administrators were told that, it is
  waited for anew once it does.
- A silence is told once, and once that calls come again.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from bot.domain.hours import Hours, local_date
from bot.domain.silence import LEAST_SECONDS, Rhythm, learn
from storage.company import CompanyRepo
from storage.silences import Silence, SilenceRepo

LOOK_SECONDS = 60.0
"""How often to look."""

_UNWATCHED_SECONDS = 300
"""After so long since the last look nobody listened, or the clock was set."""


@dataclass(frozen=True, slots=True)
class _Learnt:
    """A rhythm, of which day and of which working hours; from the database at any time."""

    day: date
    hours: Hours
    rhythm: Rhythm | None


class SilenceWatch:
    def __init__(
        self,
        silences: SilenceRepo,
        company: CompanyRepo,
        sources: Collection[str],
        *,
        zone: ZoneInfo,
    ) -> None:
        self._silences = silences
        self._company = company
        self._sources = sources
        self._zone = zone
        self._learnt: dict[str, _Learnt] = {}

    async def look(self, *, now: int) -> int:
        """Count for how long each source is silent. Returns of how many something is told."""
        hours = await self._company.hours()
        known, not_answering = (
            await self._silences.silences(),
            await self._silences.not_answering(),
        )
        silences, gaps = [], {}
        for source in self._sources:
            rhythm = await self._rhythm(source, hours, now)
            silence = _anew_if_unwatched(known.get(source), source, now)
            heard_at = await self._silences.last_heard(source, now=now)
            if heard_at is not None and heard_at > silence.since:
                silence = Silence(source, heard_at, heard_at, 0, is_told=False)
            if source in not_answering:
                silence = replace(silence, counted_until=now)
                if not_answering[source] and not silence.is_told:
                    silence = replace(silence, since=now, missed=0)
            missed = silence.missed
            if rhythm:
                missed += rhythm.missed(silence.counted_until, now)
                if missed >= rhythm.patience and now - silence.since >= LEAST_SECONDS:
                    gaps[source] = rhythm.usual_gap(silence.since, now)
            silences.append(replace(silence, counted_until=now, missed=missed))
        return await self._silences.keep(silences, gaps=gaps, now=now)

    async def forget(self, *, now: int) -> int:
        """Forget what nothing is learnt from any more."""
        await self._silences.forget(self._sources, now=now)
        return 0

    async def _rhythm(self, source: str, hours: Hours, now: int) -> Rhythm | None:
        """Learnt anew once a day, in a thread: it takes some hundredths of a second."""
        today = local_date(now, self._zone)
        learnt = self._learnt.get(source)
        if learnt is None or (learnt.day, learnt.hours) != (today, hours):
            heard = await self._silences.heard(source, now=now)
            rhythm = await asyncio.to_thread(learn, heard, hours, self._zone, now=now)
            learnt = self._learnt[source] = _Learnt(today, hours, rhythm)
        return learnt.rhythm


def _anew_if_unwatched(known: Silence | None, source: str, now: int) -> Silence:
    """The silence as it was when it was last looked at, if that was a moment ago.

    What was told stays told until a call is heard of.
    """
    if known is None:
        return Silence(source, now, now, 0, is_told=False)
    if now - known.counted_until > _UNWATCHED_SECONDS:
        return Silence(source, known.since if known.is_told else now, now, 0, known.is_told)
    return replace(known, since=min(known.since, now), counted_until=min(known.counted_until, now))

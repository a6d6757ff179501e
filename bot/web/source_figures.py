"""The figures of each source for /metrics, as the database has them when it is asked."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.clock import Clock
from bot.telemetry.metrics import Metrics
from storage.calls import CallRepo
from storage.feeds import FeedRepo
from storage.silences import SilenceRepo


@dataclass(frozen=True, slots=True)
class SourceFigures:
    sources: Collection[str]
    calls: CallRepo
    feeds: FeedRepo
    silences: SilenceRepo
    clock: Clock

    async def measure(self, metrics: Metrics) -> None:
        """Raises StorageError."""
        now = self.clock()
        for gauge in (metrics.feed_connected, metrics.feed_behind_seconds):
            gauge.clear()
        for state in await self.feeds.states():
            is_connected = state.failed_at is None and state.connected_at is not None
            metrics.feed_connected.labels(state.source, state.feed).set(is_connected)
            if state.read_until is not None:
                behind = max(0, now - state.read_until)
                metrics.feed_behind_seconds.labels(state.source, state.feed).set(behind)
        silences = await self.silences.silences()
        for source in self.sources:
            silence = silences.get(source)
            metrics.source_silent.labels(source).set(silence is not None and silence.is_told)
            if (at := await self.calls.last_received(source)) is not None:
                metrics.source_last_call_seconds.labels(source).set(max(0, now - at))

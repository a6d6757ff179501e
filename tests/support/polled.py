"""Sources that are asked again and again: what one pass of theirs reads."""

from collections.abc import Iterable
from contextlib import aclosing

from bot.domain.calls import CallFacts
from bot.sources.base import Batch, FeedSource


async def read_once(source: FeedSource, cursor: str | None = None, *, now: int) -> list[Batch]:
    """What its only feed reads from the cursor until it has read all there is `now`."""
    [feed] = source.feeds
    batches = []
    async with aclosing(feed.read(cursor)) as reading:
        async for batch in reading:
            batches.append(batch)
            if batch.read_until == now:
                break
    return batches


def call_ids(batches: Iterable[Batch]) -> list[str]:
    """The ids of the calls that they tell of."""
    readings = (one for batch in batches for one in batch.readings)
    return [one.external_id for one in readings if isinstance(one, CallFacts)]

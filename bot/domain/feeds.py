"""How the feeds of sources are: live connections to PBXs, and what is asked again and again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedState:
    """Unix seconds. A feed either answers since `connected_at`, or does not since `failed_at`.

    `error`: why it did not answer last, even if it does now. `read_until`: up to which moment its
    history is read, if it has one.
    """

    source: str
    feed: str
    connected_at: int | None
    failed_at: int | None
    error: str | None
    read_until: int | None

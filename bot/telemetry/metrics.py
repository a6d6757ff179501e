"""What /metrics tells Prometheus. Labels are names of sources and outcomes, never of people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The figures of one process; a registry of its own, so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.statements = Counter(
            "dzvinok_call_statements",
            "Statements about calls received, by what they did to the log.",
            ["source", "outcome"],
            registry=self.registry,
        )
        self.rejects = Counter(
            "dzvinok_rejects",
            "Statements that could not be read.",
            ["source"],
            registry=self.registry,
        )
        self.source_last_call_seconds = Gauge(
            "dzvinok_source_last_call_seconds",
            "Seconds since the newest call of a source was first heard of.",
            ["source"],
            registry=self.registry,
        )
        self.source_silent = Gauge(
            "dzvinok_source_silent",
            "1 while a source is silent for longer than is usual for it, else 0.",
            ["source"],
            registry=self.registry,
        )
        self.feed_connected = Gauge(
            "dzvinok_feed_connected",
            "1 while a connection or a poll of a source answers, else 0.",
            ["source", "feed"],
            registry=self.registry,
        )
        self.feed_behind_seconds = Gauge(
            "dzvinok_feed_behind_seconds",
            "Seconds between now and the moment up to which a history is read.",
            ["source", "feed"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "dzvinok_deliveries",
            "Attempts to send a message the outbox owes, by result.",
            ["result"],
            registry=self.registry,
        )
        self.delivery_seconds = Histogram(
            "dzvinok_delivery_seconds",
            "Seconds from a message being owed to Telegram having accepted it.",
            buckets=(1, 2, 5, 10, 30, 60, 300, 1800, 3600),
            registry=self.registry,
        )
        self.leader = Gauge(
            "dzvinok_leader",
            "1 if this process leads: it sends alerts, runs the jobs and asks PBXs.",
            registry=self.registry,
        )
        self.outbox_pending = Gauge(
            "dzvinok_outbox_pending", "Messages still to send.", registry=self.registry
        )
        self.update_seconds = Histogram(
            "dzvinok_update_seconds",
            "Seconds an update from Telegram took, its requests included.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.update_wait_seconds = Histogram(
            "dzvinok_update_wait_seconds",
            "Seconds an update waited for what the same person did before.",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.updates_in_hand = Gauge(
            "dzvinok_updates_in_hand",
            "Updates from Telegram that wait or are being handled.",
            registry=self.registry,
        )
        self.unreadable_updates = Counter(
            "dzvinok_unreadable_updates",
            "Updates from Telegram that could not be read: skipped, or read in part.",
            ["outcome"],
            registry=self.registry,
        )

    def text(self) -> bytes:
        """All figures in the format Prometheus reads."""
        return generate_latest(self.registry)

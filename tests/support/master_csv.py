"""Rows of an Asterisk's Master.csv, and what the source reads in them."""

import io
from collections.abc import Iterable

from bot.config.sources import AsteriskSettings
from bot.demo.pbx.asterisk.cdr_csv import row as row
from bot.domain.calls import CallFacts
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.master_csv import MasterCsvSource
from bot.sources.base import Reading

NOW = 1_900_000_000
"""Long after all calls of these tests."""


def source(timezone: str = "UTC", **settings: str) -> MasterCsvSource:
    return MasterCsvSource("pbx", AsteriskSettings(kind="asterisk", timezone=timezone, **settings))


def read(*files: bytes, timezone: str = "UTC", **settings: str) -> list[Reading]:
    """What the files say, to a source with these settings."""
    return list(source(timezone, **settings).read_files(map(io.BytesIO, files)))


def merged(statements: Iterable[Reading]) -> dict[str, MergedCall]:
    """The calls that the statements become, by their id."""
    calls: dict[str, MergedCall] = {}
    for facts in statements:
        assert isinstance(facts, CallFacts), facts
        calls[facts.external_id] = merge(calls.get(facts.external_id), facts, now=NOW)
    return calls


def only_call(*rows: bytes, timezone: str = "UTC", **settings: str) -> CallFacts:
    """The one statement that the files make."""
    [facts] = read(*rows, timezone=timezone, **settings)
    assert isinstance(facts, CallFacts), facts
    return facts


def linked(uniqueid: str, linkedid: str, sequence: int = 1) -> tuple[str, ...]:
    """The optional columns of an Asterisk that writes all of them."""
    return uniqueid, "", "", linkedid, str(sequence)

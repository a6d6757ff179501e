"""Calls written as Dzvinok's own call JSON, the way a PBX would post them."""

from datetime import UTC, datetime

from bot.domain.calls import CallFacts, Party


def call_json(facts: CallFacts) -> dict[str, object]:
    """The statement as Dzvinok's own call JSON: reading it gives the same statement again.

    The source, the country and the PBX's own word for the status are not part of it.
    """
    return {
        "id": facts.external_id,
        "direction": facts.direction.value,
        "status": facts.status.value,
        "caller": _party_json(facts.caller),
        "callee": _party_json(facts.callee),
        "line": facts.line,
        "queue": facts.queue,
        "extension": facts.extension,
        "rang": list(facts.rang),
        "started_at": _time_json(facts.started_at),
        "answered_at": _time_json(facts.answered_at),
        "ended_at": _time_json(facts.ended_at),
        "wait_seconds": facts.wait,
        "talk_seconds": facts.talk,
        "ended_by": facts.ended_by and facts.ended_by.value,
        "price": None if facts.price is None else f"{facts.price:f}",
        "currency": facts.currency,
        "recording_url": facts.recording_url,
        "updated_at": _time_json(facts.updated_at),
    }


def _party_json(party: Party) -> dict[str, str]:
    said = {"name": party.name, "number": party.number, "sip": party.sip}
    return {key: value for key, value in said.items() if value is not None}


def _time_json(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()

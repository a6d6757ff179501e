"""The source that reads what any vendor posts, as a mapping file says.

What the file finds becomes Dzvinok's own call JSON, so that every rule about values holds for it
too. Here is what vendors leave to be understood: the direction, which party is whose, which
extension talked, and the end of a call that has only its length.
"""

from dataclasses import dataclass, replace
from typing import Literal

from bot.config.sources import CommonSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Reject, Status
from bot.domain.clock import Clock, system_clock
from bot.sources.base import TEXT_LIMIT, Reading, clean_text, rejected
from bot.sources.mapping.fields import Found, find_fields
from bot.sources.mapping.model import CLIENT, EMPLOYEE, MappingFile
from bot.sources.mapping.moments import of_seconds
from bot.sources.own.call_model import ARRAY_LIMIT
from bot.sources.own.json_calls import JsonCallSource
from bot.sources.posted import decode_text, read_posted
from bot.sources.statuses import fitting_status

_NEEDED = ("id", "started_at")


@dataclass(frozen=True, slots=True)
class Ignored:
    """What was posted is no call, or tells nothing of one; `why` is the condition that holds."""

    why: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """What was made of one call, and where each of its values came from."""

    reading: Reading
    origins: dict[str, str]


class MappingSource:
    """Reads what is posted as a mapping says. Is a QueryHookSource."""

    reads_queries: Literal[True] = True

    def __init__(
        self,
        name: str,
        settings: CommonSettings,
        mapping: MappingFile,
        *,
        clock: Clock = system_clock,
    ) -> None:
        if mapping.timezone is not None:
            settings = settings.model_copy(update={"timezone": mapping.timezone})
        self._name = name
        self._encoding = settings.encoding
        self._mapping = mapping
        self._clock = clock
        self._json = JsonCallSource(name, settings, clock=clock)

    @property
    def name(self) -> str:
        return self._name

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        return [
            item.reading
            for item in self.map_posted(body, content_type)
            if isinstance(item, Mapped)
        ]

    def map_posted(self, body: bytes, content_type: str = "") -> list[Mapped | Ignored]:
        """What one request says, with where it stands there."""
        text = decode_text(body, self._encoding)
        try:
            posted = read_posted(body, content_type, self._encoding)
            calls = self._calls(posted)
        except ValueError as error:
            return [Mapped(rejected(0, [str(error)], text), {})]
        return [self._map(call, posted, place, text) for place, call in enumerate(calls)]

    def _calls(self, posted: object) -> list[object]:
        path = self._mapping.calls
        if path is None:
            calls = posted if isinstance(posted, list) else [posted]
        else:
            calls = path.find(posted, posted)
            if len(calls) == 1 and isinstance(calls[0], list):
                calls = calls[0]
        if len(calls) > ARRAY_LIMIT:
            raise ValueError(f"over {ARRAY_LIMIT} calls at once")
        return list(calls)

    def _map(self, call: object, top: object, place: int, body: str) -> Mapped | Ignored:
        for condition in self._mapping.ignore:
            if condition.holds(call, top):
                return Ignored(condition.written)
        found = find_fields(self._mapping.call, call, top, now=self._clock())
        lacking = [self._lacking(found, name) for name in _NEEDED if name not in found.values]
        if lacking:
            return Mapped(rejected(place, lacking, body), found.origins)
        direction = self._direction(found)
        status = _status(found, direction)
        self._complete(found, direction, status)
        reading = self._json.read_call(_own_call(found, direction, status), place, body)
        if isinstance(reading, Reject):
            return Mapped(reading, found.origins)
        return Mapped(_with_rest(reading, found), found.origins)

    def _lacking(self, found: Found, name: str) -> str:
        if flaw := found.flaws.get(name):
            return f"{name}: {flaw}"
        choices = getattr(self._mapping.call, name)
        looked = ", ".join(one.source.written if one.source else "…" for one in choices)
        return f"{name}: there is nothing at {looked}"

    def _direction(self, found: Found) -> Direction:
        """As said; else a call of an extension of ours goes out, any other one comes in."""
        said = found.text("direction")
        if said in set(Direction):
            return Direction(said)
        if said is not None:
            found.flaws["direction"] = f"expected one of {', '.join(Direction)}"
        found.origins["direction"] = "by which party is an extension"
        if not self._is_extension(found.text("caller_number")):
            return Direction.IN
        is_inside = self._is_extension(found.text("callee_number"))
        return Direction.INTERNAL if is_inside else Direction.OUT

    def _is_extension(self, number: str | None) -> bool:
        return number is not None and bool(self._mapping.extension_pattern.search(number))

    def _complete(self, found: Found, direction: Direction, status: Status) -> None:
        is_in = direction is Direction.IN
        ours, clients = ("callee", "caller") if is_in else ("caller", "callee")
        for part in ("number", "name"):
            found.put(
                f"{clients}_{part}",
                found.values.get(f"client_{part}"),
                found.origins.get(f"client_{part}", ""),
            )
        own_number = found.text(f"{ours}_number")
        if not self._mapping.call.extension and self._is_extension(own_number):
            found.put("extension", own_number, f"{ours}_number")
        extension = found.text("extension")
        line = found.text("line") if is_in else None
        found.put(f"{ours}_number", extension or line, "extension" if extension else "line")
        if is_in and extension and not _may_have_talked(status, found):
            # It was rung, and nobody there talked: seconds of talk are those of a voicemail.
            found.put("rang", [extension], found.origins["extension"])
            del found.values["extension"], found.origins["extension"]


def _may_have_talked(status: Status, found: Found) -> bool:
    if status in {Status.UNKNOWN_ERROR, Status.NETWORK_ERROR}:
        return bool(found.values.get("talk_seconds"))
    return status is Status.ANSWERED


def _status(found: Found, direction: Direction) -> Status:
    said = found.text("status")
    if said in set(Status):
        return fitting_status(Status(said), direction)
    found.flaws["status"] = "is none that the mapping knows"
    found.origins["status"] = "nothing fits"
    return Status.UNKNOWN_ERROR


class AnsweringMappingSource(MappingSource):
    """The same for a vendor that wants to hear something of its own. Is an AnsweringHookSource."""

    def __init__(
        self,
        name: str,
        settings: CommonSettings,
        mapping: MappingFile,
        *,
        answer: str,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(name, settings, mapping, clock=clock)
        self._answer = answer

    @property
    def hook_answer(self) -> str:
        return self._answer


def create_mapping_source(
    name: str, settings: CommonSettings, mapping: MappingFile, *, clock: Clock = system_clock
) -> MappingSource:
    if mapping.answer is None:
        return MappingSource(name, settings, mapping, clock=clock)
    return AnsweringMappingSource(name, settings, mapping, answer=mapping.answer, clock=clock)


_ADOPTED = (
    *("id", "line", "queue", "extension", "rang", "started_at", "answered_at", "ended_at"),
    *("updated_at", "wait_seconds", "talk_seconds", "price", "currency", "recording_url"),
)


def _own_call(found: Found, direction: Direction, status: Status) -> dict[str, object]:
    """Dzvinok's own call JSON."""
    call = {name: found.values.get(name) for name in _ADOPTED}
    for side in ("caller", "callee"):
        call[side] = {
            part: found.values.get(f"{side}_{part}") for part in ("number", "name", "sip")
        }
    ended_by = found.text("ended_by")
    if ended_by in {CLIENT, EMPLOYEE}:
        is_caller = (ended_by == CLIENT) is (direction is Direction.IN)
        ended_by = EndedBy.CALLER if is_caller else EndedBy.CALLEE
    return call | {"direction": direction, "status": status, "ended_by": ended_by}


def _with_rest(facts: CallFacts, found: Found) -> CallFacts:
    """The facts with what Dzvinok's own JSON has no field for."""
    word = found.text("raw_status") or found.words.get("status")
    facts = replace(facts, raw_status=clean_text(word, TEXT_LIMIT) if word else None)
    told = [f"{name}: {flaw}" for name, flaw in found.flaws.items()]
    facts.flaws = tuple(dict.fromkeys([*told, *facts.flaws]))
    total = found.values.get("total_seconds")
    if isinstance(total, float) and facts.ended_at is None:
        facts.ended_at = facts.started_at + round(total)
        found.origins["ended_at"] = "started_at + total_seconds"
    facts.by_arrival = frozenset(found.by_arrival)
    if {"started_at", "ended_at"} <= found.by_arrival:
        lasted = total if isinstance(total, float) else (facts.wait or 0) + (facts.talk or 0)
        facts.started_at -= round(lasted)
        found.values["started_at"] = of_seconds(facts.started_at)
    return facts

"""`dzvinok try-mapping`: the call that a mapping makes of samples, each field and its origin."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.config.sources import MappingSettings
from bot.domain.calls import CallFacts, Reject
from bot.domain.clock import Clock
from bot.domain.errors import StartError
from bot.domain.merging import MergedCall, merge
from bot.sources.mapping.calls import Ignored, Mapped, MappingSource
from bot.sources.mapping.model import load_mapping
from bot.sources.own.json_fields import load_json

_OWN_NAMES = {"id": "external_id", "wait_seconds": "wait", "talk_seconds": "talk"}
_TIMES = {"started_at", "answered_at", "ended_at", "updated_at"}
_SHOWN = (
    *("external_id", "direction", "status", "raw_status", "caller_number", "caller_name"),
    *("caller_sip", "callee_number", "callee_name", "callee_sip", "client", "line", "queue"),
    *("extension", "rang", "started_at", "answered_at", "ended_at", "wait", "talk", "ended_by"),
    *("price", "currency", "recording_url", "updated_at"),
)


def try_mapping(file: str, sample: Path, *, timezone: str, clock: Clock, console: Console) -> bool:
    """Whether every sample could be read. `sample` holds what was posted: one JSON or form, an
    array of JSON, or one in each line; they are told one after another.

    Raises StartError if the mapping or the sample cannot be used.
    """
    try:
        settings = MappingSettings(kind="mapping", file=file, timezone=timezone)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise StartError(f"--timezone: {reason}") from None
    source = MappingSource("sample", settings, load_mapping(file), clock=clock)
    zone = ZoneInfo(timezone)
    calls: dict[str, MergedCall | None] = {}
    statements: dict[str, int] = {}
    is_all_read = True
    for number, body in enumerate(_samples(sample), 1):
        for item in source.map_posted(body.encode()):
            title = f"sample {number}"
            match item:
                case Ignored(why):
                    console.print(Text(f"{title}: ignored, as {why}"))
                case Mapped(CallFacts() as facts, origins):
                    _show_statement(console, title, facts, origins, zone)
                    name = facts.external_id
                    calls[name] = merge(calls.get(name), facts, now=clock())
                    statements[name] = statements.get(name, 0) + 1
                case Mapped(Reject() as reject, _):
                    is_all_read = False
                    console.print(Text(f"{title}: cannot be read"))
                    for reason in reject.errors:
                        console.print(Text(f"  {reason}"))
    for name, call in calls.items():
        if call is not None and statements[name] > 1:
            together = f"the call {name}, of {statements[name]} statements"
            _show(console, together, _values(call), None, zone)
    return is_all_read


def _samples(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StartError(f"{file}: is not in UTF-8") from None
    except OSError as error:
        raise StartError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        whole = load_json(text)
    except ValueError:
        samples = [line for line in text.splitlines() if line.strip()]
        is_one = text.lstrip()[:1] in {"{", "["} and not all(map(_is_json, samples))
        samples = [text] if is_one else samples
    else:
        samples = [text]
        if isinstance(whole, list):
            samples = [json.dumps(one, ensure_ascii=False) for one in whole]
    if not samples:
        raise StartError(f"{file}: is empty; expected what the vendor has posted")
    return samples


def _is_json(line: str) -> bool:
    try:
        load_json(line)
    except ValueError:
        return False
    return True


def _show_statement(
    console: Console, title: str, facts: CallFacts, origins: dict[str, str], zone: ZoneInfo
) -> None:
    origins = {_OWN_NAMES.get(name, name): origin for name, origin in origins.items()}
    origins.setdefault("raw_status", origins.get("status", ""))
    values = {name: getattr(facts, name, None) for name in _SHOWN}
    for side, party in (("caller", facts.caller), ("callee", facts.callee)):
        values |= {f"{side}_{part}": getattr(party, part) for part in ("number", "name", "sip")}
    values["client"] = None
    values["currency"] = facts.currency if facts.price is not None else None
    _show(console, title, values, origins, zone)
    for flaw in facts.flaws:
        console.print(Text(f"  not read: {flaw}"))


def _values(call: MergedCall) -> dict[str, object]:
    return {name: getattr(call, name) for name in _SHOWN}


def _show(
    console: Console,
    title: str,
    values: dict[str, object],
    origins: dict[str, str] | None,
    zone: ZoneInfo,
) -> None:
    table = Table(title=Text(title), title_justify="left", box=None, show_header=False)
    for name, value in values.items():
        if value is not None and value != ():
            said = _moment(value, zone) if name in _TIMES else _plain(value)
            origin = [] if origins is None else [Text(origins.get(name, ""), style="dim")]
            table.add_row(Text(name), Text(said), *origin)
    console.print(table)


def _moment(value: object, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(int(str(value)), zone).isoformat(sep=" ")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

"""What must hold when a bot that was killed again and again has done all it owed."""

import json
from bisect import bisect
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.support.crashing import Alert, Office
from tests.support.processes import assert_discreet
from tests.support.telegram import TOKEN


def check_whole(office: Office) -> None:
    if isinstance(office.database, Path):  # of the file; PostgreSQL's is no file of ours
        assert office.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert office.rows("PRAGMA foreign_key_check") == []
    check_calls(office)
    check_comments(office)
    assert office.telegram.telegram.bots[TOKEN].queue.pending == []
    for log in office.logs:
        assert_discreet(log, numbers=office.numbers)
        assert " ERROR " not in log
        assert "Traceback" not in log


def check_calls(office: Office) -> None:
    """Each call that was answered 200 is there, once, as its pieces together tell it."""
    rows = office.rows("SELECT * FROM calls")
    assert Counter(row["external_id"] for row in rows) == Counter(office.calls.keys())
    extensions: dict[int, set[str]] = {}
    for row in office.rows("SELECT call_id, extension FROM call_extensions"):
        extensions.setdefault(row["call_id"], set()).add(row["extension"])
    for row in rows:
        call = office.calls[row["external_id"]]
        started, ended = (
            int(datetime.fromisoformat(call[name]).timestamp())
            for name in ("started_at", "ended_at")
        )
        talk = ended - started - 5 if call["status"] == "answered" else 0
        assert {name: row[name] for name in ("source", "direction", "status", "line")} == {
            "source": "office",
            "direction": "in",
            "status": call["status"],
            "line": "0445550101",
        }
        assert row["caller_number"] == call["caller"]["number"]
        assert row["client"] == "+38" + call["caller"]["number"]
        assert (row["started_at"], row["ended_at"]) == (started, ended)
        assert (row["wait"], row["talk"]) == (ended - started - talk, talk)
        assert (row["lost"], row["position"]) == (int(talk == 0), started)
        assert (row["extension"], row["price"]) == (call.get("extension"), call.get("price"))
        assert json.loads(row["rang"] or "[]") == sorted(call["rang"])
        assert extensions.get(row["id"], set()) == set(call["rang"])


def check_comments(office: Office) -> None:
    """Every text that was sent is in the history once, and what stands is the newest of it.

    No question waits any more; a text after a saved comment would be offered to it.
    """
    history = office.rows("SELECT * FROM comment_changes ORDER BY call_id, version")
    assert Counter(row["new"] for row in history) == Counter(office.written)
    newest = {row["call_id"]: (row["version"], row["new"]) for row in history}
    standing = office.rows("SELECT * FROM comments")
    assert {row["call_id"]: (row["version"], row["text"]) for row in standing} == newest
    waiting = office.rows("SELECT DISTINCT state FROM fsm WHERE state IS NOT NULL")
    assert [row["state"] for row in waiting] in ([], ["CommentDialog:more"])


def check_alerts(office: Office) -> None:
    """Told to each who must know and nobody else; doubled only where a kill cut the mark off."""
    kills, doubles = len(office.births) - 1, 0
    for person in office.people:
        alerts = office.alerts(person)
        assert {alert.number for alert in alerts} == office.owed.get(person, set())
        lives: list[list[Alert]] = [[] for _ in office.births]
        for alert in alerts:
            lives[bisect(office.births, alert.at) - 1].append(alert)
        for number, told_times in Counter(alert.number for alert in alerts).items():
            doubles += told_times - 1
            told_in = [life for life in lives if any(one.number == number for one in life)]
            assert len(told_in) == told_times, f"{person} was told twice in one life"
            for life in told_in[:-1]:  # the last request may have been a list of several
                last = {one.number for one in life if one.at == life[-1].at}
                assert number in last, f"{number} had been marked as sent: {life}"
        assert len(alerts) - len(office.owed.get(person, ())) <= kills
    assert doubles >= 1, "the kill in the middle of an alert makes one"
    assert {row["state"] for row in office.rows("SELECT state FROM outbox")} == {"sent"}


def check_claims(office: Office, *, at_least: int = 0) -> None:
    """Each client somebody was told is theirs is in their hands, taken once; so many in all."""
    rows = office.rows(
        "SELECT k.client, count(*) AS times, k.owner_id, min(v.employee_id) AS employee_id "
        "FROM case_events AS v JOIN cases AS k ON k.id = v.case_id "
        "WHERE v.kind = 'taken' GROUP BY k.id"
    )
    assert {row["client"].removeprefix("+38") for row in rows} == office.taken
    assert len(rows) >= at_least, "somebody was taken in each life"
    assert all(row["times"] == 1 for row in rows)
    assert all(row["owner_id"] == row["employee_id"] for row in rows)

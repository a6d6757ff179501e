"""Hooks over real HTTP: the right address, what is refused and kept, a full disk."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.calls import Outcome
from tests.support.databases import rows
from tests.support.engines import BOTH_ENGINES
from tests.support.full_disks import largest_file
from tests.support.lost_calls import LOST, NOW, is_alert
from tests.support.running import HOOK_TOKEN, running_office
from tests.support.telegram import RunningClock


@BOTH_ENGINES
async def test_only_the_right_address_is_a_hook(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        for path in (
            "office/wrong-token",
            f"office/{HOOK_TOKEN}x",
            f"office/{HOOK_TOKEN[:-1]}",
            "office/%D0%B9",
            f"shop/{HOOK_TOKEN}",
            f"pbx/{HOOK_TOKEN}",  # it has no token: its hook is closed
            "pbx/None",
        ):
            answer = await office.http.post(f"{office.url}/hooks/{path}", json=LOST)
            assert answer.status_code == 404, path
        answer = await office.http.get(f"{office.url}/hooks/office/{HOOK_TOKEN}")
        assert answer.status_code == 405
        answer = await office.http.post(f"{office.url}/telegram", json={})
        assert answer.status_code == 404
        assert rows(office.settings.database, "SELECT * FROM calls") == []


@BOTH_ENGINES
async def test_a_body_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        padding = " " * (1024 * 1024 - len(json.dumps(LOST)))
        answer = await office.http.post(hook, content=json.dumps(LOST) + padding)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        answer = await office.http.post(hook, content=json.dumps(LOST) + padding + " ")
        assert answer.status_code == 413


@BOTH_ENGINES
async def test_what_cannot_be_read_is_refused_and_kept(tmp_path: Path) -> None:
    bodies = [b"{broken", b"", b"\xff", b"42", b"null", b"[" * 100_000, b'[{"id": "a"}]']
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        reasons = []
        for body in bodies:
            answer = await office.http.post(
                f"{office.url}/hooks/office/{HOOK_TOKEN}", content=body
            )
            assert answer.status_code == 422
            [reject] = answer.json()["rejected"]
            assert reject["index"] == 0
            reasons.append("; ".join(reject["errors"]))
        kept = rows(office.settings.database, "SELECT source, reason FROM rejects")
        assert kept == [("office", reason) for reason in reasons]
        await admin.wait_for(lambda message: "«office»" in message.text)
        await office.stop()
        told = [message for message in admin.replies() if "«office»" in message.text]
        assert len(told) == 1, "an administrator is told once"


@BOTH_ENGINES
async def test_the_good_calls_of_an_array_are_taken(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        bad = LOST | {"id": "a2", "status": "nonsense"}
        answer = await office.post(LOST, bad, LOST | {"id": "a3"}, LOST)
        assert {name: answer[name] for name in ("accepted", "updated", "unchanged")} == {
            "accepted": 2,
            "updated": 0,
            "unchanged": 1,
        }
        assert [item["index"] for item in answer["rejected"]] == [1]


@BOTH_ENGINES
async def test_the_answer_says_what_became_of_the_call(tmp_path: Path) -> None:
    """Each statement changes the call or does not, and what was said already never does."""
    talk: dict[str, object] = {
        "status": "answered",
        "extension": "101",
        "answered_at": "2026-09-21T14:12:05Z",
    }
    told: list[tuple[dict[str, object], str]] = [
        ({}, "accepted"),
        ({"status": "no_answer", "wait_seconds": 20}, "updated"),
        ({}, "unchanged"),
        ({"queue": "sales"}, "updated"),
        ({"status": "ringing", "queue": "support", "rang": ["102"]}, "updated"),
        ({"status": "ringing", "queue": "support", "rang": ["102"]}, "unchanged"),
        (talk | {"updated_at": "2026-09-21T14:13:00Z"}, "updated"),
        ({}, "unchanged"),
        ({"updated_at": "2026-09-21T14:12:59Z"}, "unchanged"),
        ({"updated_at": "2026-09-21T14:14:00Z"}, "updated"),
        ({"updated_at": "2026-09-21T14:15:00Z"}, "unchanged"),
        (talk | {"updated_at": "2026-09-21T14:13:00Z"}, "unchanged"),
    ]
    async with running_office(tmp_path) as office:
        states = []
        for changes, became in told:
            answer = await office.post(LOST | changes)
            assert [name for name in Outcome if answer[name]] == [became], changes
            states += rows(office.settings.database, "SELECT status, queue, lost, wait FROM calls")
        assert [now != before for before, now in itertools.pairwise(states)] == [
            became == "updated" and "rang" not in changes for changes, became in told[1:]
        ]
        assert states[-1] == ("missed", "sales", 1, 17)


@BOTH_ENGINES
async def test_at_most_a_thousand_calls_at_once(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        calls = [LOST | {"id": str(number)} for number in range(1001)]
        answer = await office.http.post(hook, json=calls)
        assert answer.status_code == 422
        assert answer.json()["accepted"] == 0
        assert rows(office.settings.database, "SELECT count(*) FROM calls") == [(0,)]
        answer = await office.http.post(hook, json=calls[:1000])
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1000)


async def test_a_full_disk_is_503_and_the_same_post_is_taken_later(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        await office.post(LOST)
        await admin.wait_for(is_alert)
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        path = office.settings.database_path
        big = [LOST | {"id": f"b{number}", "queue": "q" * 90} for number in range(1000)]
        with largest_file(path.with_name(path.name + "-wal").stat().st_size):
            answer = await office.http.post(hook, json=big)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            assert (await office.http.get(f"{office.url}/healthz")).status_code == 200
            assert rows(path, "SELECT count(*) FROM calls") == [(1,)]
        answer = await office.http.post(hook, json=big)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1000)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@BOTH_ENGINES
async def test_a_bad_optional_field_loses_no_call_and_no_alert(tmp_path: Path) -> None:
    flawed = LOST | {
        "talk_seconds": -5,
        "wait_seconds": 14.7,
        "recording_url": "C:\\calls\\1.wav",
        "price": "NaN",
        "ended_by": "client",
        "rang": "101,102",
    }
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        answer = await office.http.post(hook, json=flawed)
        assert answer.status_code == 200
        assert answer.json() == {"accepted": 1, "updated": 0, "unchanged": 0, "rejected": []}
        await admin.wait_for(is_alert)
        flaws = rows(office.settings.database, "SELECT flaw FROM flaws WHERE count = 1")
        fields = sorted(flaw.partition(":")[0] for (flaw,) in flaws)
        assert fields == sorted(flawed.keys() - LOST.keys() | {"rang"})
        assert rows(office.settings.database, "SELECT * FROM rejects") == []
        await office.stop()


@BOTH_ENGINES
async def test_times_hours_off_are_told_with_the_setting_that_mends_them(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path, clock=RunningClock(NOW)) as office:
        admin = await office.administrator()
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        for number in range(5):
            # UTC, and does not say so: it is read as the source's local time.
            ended = datetime.fromtimestamp(NOW - number, UTC).strftime("%Y-%m-%d %H:%M:%S")
            call = LOST | {"id": f"t{number}", "started_at": ended, "ended_at": ended}
            await office.http.post(hook, json=call)
        message = await admin.wait_for(lambda message: "TIMEZONE" in message.text)
        assert "SOURCES__OFFICE__TIMEZONE=UTC" in message.text
        assert "запізнюються на 2:00" in message.text
        await office.stop()


@BOTH_ENGINES
async def test_health_tells_of_posts_that_bring_nothing_and_of_wrong_tokens(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        hook = f"{office.url}/hooks/office"
        await office.post(LOST)
        await admin.wait_for(is_alert)
        office.clock.advance(600)
        await office.post(LOST)
        for source in ("office", "pbx", "nobody"):
            answer = await office.http.post(f"{office.url}/hooks/{source}/wrong", json=LOST)
            assert answer.status_code == 404
        await office.http.post(f"{hook}/wrong", json=LOST)
        shown = (await office.ask(admin, "/health")).text
        assert "вебхук: останній запит" in shown
        assert shown.count("Відхилено запитів") == 1
        assert "Відхилено запитів: 2" in shown

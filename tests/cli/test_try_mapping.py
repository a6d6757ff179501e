"""`dzvinok try-mapping`: what a mapping makes of samples, before anything is set up."""

import json
from pathlib import Path

import pytest

from tests.support.places import DATA
from tests.support.terminals import Output, Terminal

VENDORS = DATA / "vendors"


def table(out: str) -> dict[str, str]:
    """The rows, by field; those of a later table win."""
    rows = (line.split(None, 1) for line in out.splitlines() if line.startswith(" "))
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def tried(terminal: Terminal, mapping: object, text: str, *more: object) -> Output:
    sample = terminal.directory / "sample"
    sample.write_text(text, encoding="utf-8")
    return terminal.run("try-mapping", mapping, sample, *more, BOT_TOKEN=None, COLUMNS="200")


def test_each_field_is_shown_with_where_it_came_from(terminal: Terminal) -> None:
    text = (VENDORS / "yeastar.jsonl").read_text(encoding="utf-8")
    done = tried(terminal, "yeastar", text)
    assert (done.code, done.err) == (0, "")
    shown = table(done.out)
    assert shown["status"].split(None, 1) == ["answered", "msg.status: ANSWERED"]
    assert shown["caller_number"].split() == ["0671234567", "msg.call_from"]
    assert shown["started_at"].startswith("2026-11-22 10:00:00+02:00")
    assert shown["ended_at"].endswith("started_at + total_seconds")
    there = table(tried(terminal, "yeastar", text, "--timezone", "UTC").out)
    assert there["started_at"].startswith("2026-11-22 10:00:00+00:00")


def test_several_samples_are_the_life_of_a_call(terminal: Terminal) -> None:
    text = (VENDORS / "streamtelecom.jsonl").read_text(encoding="utf-8")
    array = json.dumps([json.loads(line) for line in text.splitlines()])
    lines = tried(terminal, "streamtelecom", text)
    assert lines.code == 0
    assert "the call s1, of 5 statements" in lines.out
    shown = table(lines.out.partition("statements")[2])
    assert (shown["status"], shown["wait"], shown["talk"]) == ("answered", "10", "30")
    assert tried(terminal, "streamtelecom", array).out == lines.out


def test_a_form_and_json_of_many_lines_are_samples(terminal: Terminal) -> None:
    mapping = terminal.directory / "own.toml"
    mapping.write_text("[call]\nid = 'id'\nstatus = 's'\nstarted_at = 'at'", encoding="utf-8")
    for text in (
        "id=1&s=answered&at=1795334400",
        '{\n  "id": 1,\n  "s": "answered",\n  "at": 1795334400\n}',
    ):
        done = tried(terminal, mapping, text)
        assert done.code == 0, done.out
        assert table(done.out)["started_at"].startswith("2026-11-22 10:00:00")


def test_what_is_ignored_or_cannot_be_read_is_told(terminal: Terminal) -> None:
    done = tried(terminal, "yeastar", '{"type": 30011}\n{"type": 30012, "msg": {}}')
    assert done.code == 1
    assert done.out.splitlines() == [
        "sample 1: ignored, as type != 30012",
        "sample 2: cannot be read",
        "  id: there is nothing at msg.call_id",
        "  started_at: there is nothing at msg.time_start",
    ]


def test_a_field_that_was_not_read_is_told(terminal: Terminal) -> None:
    [line] = (VENDORS / "yeastar.jsonl").read_text(encoding="utf-8").splitlines()
    done = tried(terminal, "yeastar", line.replace("ANSWERED", "NEWER"))
    assert done.code == 0
    assert "  not read: status: is none that the mapping knows" in done.out.splitlines()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nothing", "sample"), "nothing: no such file, and none of those shipped"),
        (("bad.toml", "sample"), "bad.toml: line 2, call.id[1]: expected a path"),
        (("yeastar", "nothing"), "nothing: cannot be read: No such file"),
        (("yeastar", "empty"), "empty: is empty"),
        (("yeastar", "sample", "--timezone", "Kyiv"), "--timezone: no such time zone"),
    ],
)
def test_what_cannot_be_tried_is_one_line(
    terminal: Terminal, words: tuple[str, ...], error: str
) -> None:
    for name, text in (("bad.toml", "[call]\nid = 5"), ("sample", "{}"), ("empty", "\n")):
        Path(terminal.directory / name).write_text(text, encoding="utf-8")
    done = terminal.run("try-mapping", *words)
    assert (done.code, done.out) == (1, "")
    [line] = done.err.splitlines()
    assert line.startswith(f"dzvinok: {error}")

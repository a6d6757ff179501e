"""What the documents name exists: files, settings, commands, addresses, figures."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from bot.__main__ import app
from bot.config.settings import Settings
from bot.domain.people import Language, Role
from bot.telegram.i18n import create_i18n
from bot.telemetry.metrics import Metrics
from bot.views.start import commands
from tests.support.documents import (
    blocks,
    broken_links,
    command_lines,
    documents,
    is_there,
    paths,
    patterns,
    settings,
    spans,
)
from tests.support.places import ROOT

README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
OPERATING = ROOT / "docs" / "operating.md"

NO_SETTINGS = {"DZVINOK_LAB", "ROOMS_TABLE", "TMPDIR", "UTC"}
"""Names in capitals in backticks that are something else."""

COMMON = {"--help", "--version"}


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_document = pytest.mark.parametrize("document", documents(), ids=name)


# Links and files


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    assert broken_links(document, read(document)) == []


@each_document
def test_every_path_is_there(document: Path) -> None:
    assert {path for path in paths(read(document)) if not is_there(path)} == set()


def test_every_document_is_linked_from_another() -> None:
    targets = {
        (document.parent / target.partition("#")[0]).resolve()
        for document in documents()
        for target in re.findall(r"\]\(([^)]+)\)", read(document))
    }
    assert set(documents()) - targets - {README} == set()


def test_a_broken_link_and_a_wrong_path_would_be_noticed() -> None:
    text = "[a](docs/nothing.md) [b](docs/groups.md#no-such) [c](docs/groups.md) [d](#no-such)"
    assert broken_links(README, text) == ["docs/nothing.md", "docs/groups.md#no-such", "#no-such"]
    text = "`bot/nothing.py` `bot/app.py` `bot/<x>/y.py`\n```\n--> bot/web bot/no/where\n```\n"
    assert {path for path in paths(text) if not is_there(path)} == {
        "bot/nothing.py",
        "bot/no/where",
    }


# Settings, commands, addresses, figures


def known_settings() -> set[str]:
    return {field.upper() for field in Settings.model_fields}


def source_settings() -> set[str]:
    """The settings of all kinds of sources, as their union in the settings says."""
    _, source = get_args(Settings.model_fields["sources"].annotation)
    kinds = get_args(get_args(source)[0])
    return {field.upper() for kind in kinds for field in kind.model_fields}


def test_sources_have_settings() -> None:
    assert {"KIND", "TOKEN", "TRUNK_CONTEXTS"} <= source_settings()


def unknown_settings(text: str) -> set[str]:
    known = known_settings() | source_settings() | NO_SETTINGS
    return {
        one
        for one in settings(text)
        if one not in known
        and not (one.startswith("SOURCES__") and one.split("__")[-1] in source_settings())
    }


@each_document
def test_every_setting_exists(document: Path) -> None:
    assert unknown_settings(read(document)) == set()


def test_a_setting_that_does_not_exist_would_be_noticed() -> None:
    text = "`TIMEZONE=UTC` `PAGES` `SOURCES__PBX__COLOUR`\n```\nBOT_TOKEN=1\nHTTP_DOOR=1\n```\n"
    assert unknown_settings(text) == {"PAGES", "SOURCES__PBX__COLOUR", "HTTP_DOOR"}


def program() -> TyperGroup:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def wrong_calls(text: str) -> list[list[str]]:
    """The calls of the program that name a command or an option it does not have."""
    known = {
        command: {option for one in found.params for option in one.opts} | COMMON
        for command, found in program().commands.items()
    }
    return [
        words
        for words in command_lines(text)
        if words[0] not in known
        or {word for word in words if word.startswith("--")} - known[words[0]]
    ]


@each_document
def test_every_command_and_option_exists(document: Path) -> None:
    assert wrong_calls(read(document)) == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    text = (
        "`dzvinok run` `uv run dzvinok restore x`\n```\n.venv/bin/dzvinok invite --rank 1\n```\n"
    )
    assert wrong_calls(text) == [["restore", "x"], ["invite", "--rank", "1"]]


def test_every_command_is_described() -> None:
    described = {words[0] for words in command_lines(read(OPERATING))}
    assert described == set(program().commands)


@each_document
def test_every_word_with_a_slash_is_a_command_of_the_chat_or_an_address(document: Path) -> None:
    with create_i18n(Language.UK).context():
        of_chat = {f"/{command}" for role in (*Role, None) for command, _ in commands(role)}
    addresses = set(re.findall(r'"(/[a-z]+)', read(ROOT / "bot" / "web" / "server.py")))
    assert {"/hooks", "/healthz", "/telegram"} <= addresses
    named = {span.rstrip("/") for span in spans(read(document)) if re.fullmatch("/[a-z]+/?", span)}
    of_botfather = {"/setinline", "/setinlinefeedback"}
    assert named - of_chat - of_botfather - addresses == set()


def test_every_figure_is_described() -> None:
    named = {span for span in spans(read(OPERATING)) if span.startswith("dzvinok_")}
    metrics = Metrics().registry.collect()
    assert named == {f"{one.name}{'_total' * (one.type == 'counter')}" for one in metrics}


# What contributors are told


def section(text: str, title: str) -> str:
    _, _, rest = text.partition(f"\n## {title}\n")
    assert rest, title
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "count"), [("Add a PBX in six steps", 6), ("Add a screen in five", 5)]
)
def test_the_steps_are_as_many_as_promised(title: str, count: int) -> None:
    steps = re.findall(r"^(\d)\. \*\*", section(read(CONTRIBUTING), title), re.MULTILINE)
    assert steps == [str(number) for number in range(1, count + 1)]


def test_a_file_of_a_new_pbx_has_a_room_where_its_neighbours_are() -> None:
    of_vendor = patterns(read(CONTRIBUTING), "<vendor>")
    assert len(of_vendor) >= 5
    for pattern in of_vendor:
        assert (ROOT / pattern.replace("<vendor>", "asterisk")).parent.is_dir(), pattern


def test_a_file_of_a_new_screen_is_like_that_of_the_example() -> None:
    of_screen = patterns(section(read(CONTRIBUTING), "Add a screen in five"), "<screen>")
    assert len(of_screen) >= 4
    for pattern in of_screen:
        assert is_there(pattern.replace("<screen>", "settings")), pattern


def path_of(room: str) -> str:
    if room == "-":
        return room
    path = room.replace(".", "/")
    return path if (ROOT / path).is_dir() else f"{path}.py"


def test_the_table_of_rooms_is_that_of_the_wiring_tests() -> None:
    wiring = ast.parse(read(ROOT / "tests" / "test_wiring.py"))
    [table] = (
        ast.literal_eval(node.value)
        for node in wiring.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROOMS_TABLE"
    )
    rooms = (row.replace("|", " ").split() for row in table.strip().splitlines())
    expected = [(path_of(room), [path_of(one) for one in imports]) for room, *imports in rooms]
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (.+) \|$", read(CONTRIBUTING), re.MULTILINE)
    told = [(room, re.findall("`([^`]+)`", imports) or ["-"]) for room, imports in rows]
    assert told == expected


# The same commands everywhere


def test_the_set_up_lines_are_those_promised() -> None:
    lines = "\n".join(blocks(read(README))).splitlines()
    assert "pip install uv && uv run dzvinok demo" in lines
    assert "pip install uv && uv run pytest" in lines


def test_the_four_commands_are_the_same_everywhere() -> None:
    told = blocks(section(read(CONTRIBUTING), "Set up"))[0].splitlines()
    hooks = re.findall(r"^ +entry: (.+)$", read(ROOT / ".pre-commit-config.yaml"), re.MULTILINE)
    assert len(told) == 4
    assert hooks == told
    ci = read(ROOT / ".ci" / "run")
    assert [line for line in told if line not in ci] == []

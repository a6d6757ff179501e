"""Who imports whom: the table of rooms, no circles, nothing mocked."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.source_code import PACKAGES, python_files, tree_of

# Imports

ROOMS_TABLE = """
bot.domain    | -
bot.config    | bot.domain
bot.telemetry | bot.domain
bot.views     | bot.domain
keyboards     | bot.domain
bot.sources   | bot.domain bot.config
bot.media     | bot.domain bot.config
storage       | bot.domain
bot.jobs      | bot.domain storage
bot.intake    | bot.domain bot.config bot.telemetry bot.sources.base storage
bot.dialling  | bot.domain bot.sources.base storage
bot.delivery  | bot.domain bot.telemetry bot.media bot.telegram.background bot.telegram.errors \
                bot.views keyboards storage
bot.telegram  | bot.domain bot.telemetry bot.views storage
bot.web       | bot.domain bot.config bot.telemetry bot.sources.base bot.intake storage
handlers      | bot.domain bot.config bot.media bot.dialling bot.delivery.digests \
                bot.delivery.cards bot.delivery.exports bot.delivery.sent_files \
                bot.delivery.statistics bot.telegram bot.views keyboards storage
bot.demo      | bot.domain bot.sources.base
bot.exporting | bot.domain bot.media storage
bot.repositories | bot.config storage
bot.parts     | bot handlers keyboards storage
bot.app       | bot handlers keyboards storage
bot.cli       | bot handlers keyboards storage
bot.__main__  | bot handlers keyboards storage
"""
"""Each room | what it may import besides itself; CONTRIBUTING has the same rows in the same order.

Data walks one way: from sources through intake and storage to delivery; `domain` is under all.
"""


def rooms_of(table: str) -> dict[str, set[str]]:
    """What each room may import besides itself, by the names of modules."""
    rows = (row.split("|") for row in table.strip().splitlines())
    return {room.strip(): set(imports.split()) - {"-"} for room, imports in rows}


ROOMS = rooms_of(ROOMS_TABLE)

COMPOSERS = {
    "bot.exporting",
    "bot.repositories",
    "bot.parts",
    "bot.app",
    "bot.cli",
    "bot.__main__",
}
"""What puts the others together: nothing else imports these."""

ONLY_IN = {
    "av": {"bot.media.opus", "bot.demo.pbx.sounds"},
    "matplotlib": {"bot.media.drawing"},
    "PIL": {"bot.media.drawing"},
    "apscheduler": {"bot.jobs.timer"},
    "xlsxwriter": {"bot.media.call_workbooks"},
    "aiosqlite": {
        *("storage.engine.sqlite", "storage.engine.sqlite_files", "storage.engine.sqlite_tables"),
    },
    "psycopg": {
        *("storage.engine.postgres", "storage.engine.postgres_connections"),
        *("storage.engine.postgres_lease", "storage.engine.postgres_locks"),
        *("storage.engine.postgres_schema", "storage.engine.postgres_server"),
        *("storage.engine.postgres_pool", "storage.engine.postgres_tables"),
    },
    "sqlite3": {
        *("storage.engine.sqlite", "storage.engine.sqlite_files", "storage.engine.sqlite_tables"),
    },
    "prometheus_client": {"bot.telemetry.metrics"},
}
"""Libraries that one file keeps from all others."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


@cache
def imports_of(path: Path) -> frozenset[str]:
    """All modules a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            package = node.module or ""
            names = {f"{package}.{alias.name}" for alias in node.names}
            modules = {name for name in names if is_module(name)}
            found |= modules or {package}
    return frozenset(found)


def is_within(module: str, packages: tuple[str, ...] | set[str]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def room_of(module: str) -> str:
    """The room a module stands in: the longest name of the table that fits."""
    room = max((one for one in ROOMS if is_within(module, {one})), key=len, default="")
    assert room, f"{module} has no room in the table"
    return room


def breaches(module: str, imported: Iterable[str]) -> set[str]:
    """The imports of a module that its room forbids."""
    room = room_of(module)
    ours = {name for name in imported if is_within(name, (*PACKAGES, "tests"))}
    wrong = {name for name in ours if not is_within(name, {room, *ROOMS[room]})}
    if room not in COMPOSERS:
        wrong |= {name for name in ours if is_within(name, COMPOSERS)}
    if not is_within(module, {"bot.demo", "bot.cli.demo", "bot.cli.demo_past"}):
        wrong |= {name for name in ours if is_within(name, {"bot.demo"})}
    for name, owners in ONLY_IN.items():
        wrong |= {one for one in imported if is_within(one, {name}) and module not in owners}
    return wrong


def test_imports_point_inward() -> None:
    found = {}
    for path in python_files(*PACKAGES):
        module = module_of(path)
        if path.name != "__init__.py" or module == "handlers":
            found[module] = breaches(module, imports_of(path))
        else:
            assert path.read_text(encoding="utf-8") == "", f"{path} must run nothing"
    assert {module: wrong for module, wrong in found.items() if wrong} == {}
    assert {room_of(module) for module in found} == set(ROOMS)
    assert len(found) > 100


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("handlers.calls", "bot.sources.base"),
        ("handlers.calls", "bot.app"),
        ("bot.views.calls", "storage.journal"),
        ("bot.views.calls", "keyboards.calls"),
        ("keyboards.calls", "bot.views.calls"),
        ("storage.calls", "bot.config.settings"),
        ("storage.calls", "bot.views.calls"),
        ("bot.domain.calls", "bot.config.settings"),
        ("bot.sources.own.json_calls", "storage.calls"),
        ("bot.jobs.jobs", "bot.delivery.alerter"),
        ("bot.delivery.alerter", "handlers.calls"),
        ("bot.app", "bot.demo.bot_api.server"),
        ("bot.cli.check", "bot.demo.bot_api.server"),
        ("bot.web.server", "tests.support.running"),
        ("bot.jobs.jobs", "apscheduler.schedulers.asyncio"),
    ],
)
def test_an_import_that_points_outward_would_be_noticed(module: str, imported: str) -> None:
    assert breaches(module, {imported, "json"}) == {imported}


def imports_among_ours() -> dict[str, set[str]]:
    return {
        module_of(path): {name for name in imports_of(path) if is_module(name)}
        for path in python_files(*PACKAGES)
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(imports_among_ours()).prepare()


def test_no_rooms_import_each_other_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module, imported in imports_among_ours().items():
        if module not in PACKAGES:
            arrows[room_of(module)] |= {room_of(name) for name in imported if name not in PACKAGES}
    TopologicalSorter({room: to - {room} for room, to in arrows.items()}).prepare()


def test_a_circle_would_be_noticed() -> None:
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


def test_the_inner_rooms_do_not_know_telegram() -> None:
    free = {"bot.domain", "bot.config", "bot.sources", "storage", "bot.intake", "bot.jobs"}
    for path in python_files(*PACKAGES):
        if is_within(module_of(path), free) and path.name != "fsm.py":
            assert not any(is_within(name, {"aiogram"}) for name in imports_of(path)), path


def test_no_import_is_for_types_only() -> None:
    """Such an import means a cycle, and a cycle means a wrong layer."""
    for path in python_files(*PACKAGES):
        assert "TYPE_CHECKING" not in path.read_text(encoding="utf-8"), path


def test_help_does_not_wait_for_aiogram() -> None:
    program = "import sys, bot.__main__; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


CDR = "bot.sources.asterisk.cdr_database"
"""Asks the database of a PBX, not ours."""

SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|PRAGMA|WITH)\s+\w")
DATABASE_FILE = re.compile(r"\bsqlite|\bpragma\b|-wal\b|-shm\b|\bf(cntl|lock)\b", re.IGNORECASE)
"""What only storage/ knows: which database it is, what lies beside its file, how it is locked."""


def sql_of(tree: ast.Module) -> list[str]:
    """The string literals that hold SQL, those inside f-strings too."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text, str) and SQL.search(text)]


def test_no_sql_stands_outside_storage() -> None:
    for path in python_files(*PACKAGES):
        sql = sql_of(tree_of(path))
        assert bool(sql) <= is_within(module_of(path), {"storage", CDR}), f"{path}: {sql}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT count(*) AS n FROM calls",
        "INSERT INTO fsm (key, data) VALUES (?, ?)",
        "UPDATE cases SET state = 'void' WHERE id = ?",
        "DELETE FROM rejects",
        "PRAGMA user_version",
        "WITH latest AS (SELECT line FROM calls) SELECT line FROM latest",
    ],
)
def test_planted_sql_would_be_noticed(sql: str) -> None:
    assert sql_of(ast.parse(f"async def rows(database):\n    await database.fetch({sql!r})"))
    assert sql_of(ast.parse(f'text = f"{sql} LIMIT {{size}}"'))


def test_only_storage_knows_the_file_of_the_database() -> None:
    for path in python_files(*PACKAGES):
        if not is_within(module_of(path), {"storage"}):
            told = DATABASE_FILE.search(path.read_text(encoding="utf-8"))
            assert told is None, f"{path}: {told}"


@pytest.mark.parametrize(
    "line",
    [
        "from sqlite3 import Row",
        'path.with_name(f"{path.name}-wal")',
        'await database.fetch("pragma page_count")',
        "import fcntl",
        "# SQLite keeps the rest beside it",
    ],
)
def test_planted_knowledge_of_the_file_would_be_noticed(line: str) -> None:
    assert DATABASE_FILE.search(line)


def test_nothing_is_mocked() -> None:
    for path in python_files(*PACKAGES, "tests"):
        wrong = {name for name in imports_of(path) if name.split(".")[0] in {"unittest", "mock"}}
        assert not wrong, path


def test_no_test_imports_another_test() -> None:
    """What tests share stands in tests/support, or is a fixture of a conftest."""
    for path in python_files("tests"):
        parts = {part for name in imports_of(path) for part in name.split(".")}
        wrong = {part for part in parts if part == "conftest" or part.startswith("test_")}
        assert not wrong, path

"""What holds for the whole repository: who imports whom, what reaches what, what is complete."""

import ast
import inspect
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import httpx
import pytest
from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData, CallbackQueryFilter
from aiogram.types import CallbackQuery, User
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from pydantic import BaseModel

from bot.app import create_dispatcher, create_repositories
from bot.config.settings import Settings
from bot.config.sources import AsteriskSource, WebhookSource
from bot.domain.errors import StartError
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import Employee, Language, Role
from bot.media.recordings import Recordings
from bot.telegram.i18n import DOMAIN, LOCALES, create_i18n
from bot.telegram.middlewares import InFlight
from bot.telemetry.metrics import Metrics
from bot.views.start import commands
from handlers.dialogs import InDialog
from keyboards import callbacks
from storage.database import MIGRATIONS, open_database
from tests.support.places import ROOT

PACKAGES = ("bot", "handlers", "keyboards", "storage")
IGNORED = {".git", ".venv", "__pycache__", "uv.lock", "build", "dist"}


def python_files(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# Imports

ROOMS = {
    "bot.domain": "",
    "bot.config": "bot.domain",
    "bot.telemetry": "bot.domain",
    "bot.views": "bot.domain",
    "keyboards": "bot.domain",
    "bot.sources": "bot.domain bot.config",
    "bot.media": "bot.domain bot.config",
    "storage": "bot.domain",
    "bot.jobs": "bot.domain storage",
    "bot.intake": "bot.domain bot.config bot.telemetry bot.sources.base storage",
    "bot.delivery": "bot.domain bot.telemetry bot.views keyboards storage",
    "bot.telegram": "bot.domain bot.telemetry bot.views storage",
    "bot.web": "bot.domain bot.config bot.telemetry bot.sources.base bot.intake storage",
    "handlers": "bot.domain bot.config bot.media bot.telegram bot.views bot.delivery.digests "
    "keyboards storage",
    "bot.demo": "bot.domain bot.sources.base",
    "bot.app": "bot handlers keyboards storage",
    "bot.cli": "bot handlers keyboards storage",
    "bot.__main__": "bot handlers keyboards storage",
}
"""Each room, and what it may import besides itself. Data walks one way: from sources through
intake and storage to delivery; `domain` is under all of them."""

COMPOSERS = {"bot.app", "bot.cli", "bot.__main__"}
"""What puts the others together: nothing else imports these."""

ONLY_IN = {
    "apscheduler": {"bot.jobs.timer"},
    "aiosqlite": {"storage.database"},
    "sqlite3": {"storage.database"},
    "prometheus_client": {"bot.telemetry.metrics"},
}
"""Libraries that one file keeps from all others."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def imports_of(path: Path) -> set[str]:
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
    return found


def is_within(module: str, packages: tuple[str, ...] | set[str]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def room_of(module: str) -> str:
    """The room a module stands in: the longest name of the table that fits."""
    room = max((one for one in ROOMS if is_within(module, {one})), key=len, default="")
    assert room, f"{module} has no room in the table"
    return room


def breaches(module: str, imported: set[str]) -> set[str]:
    """The imports of a module that its room forbids."""
    room = room_of(module)
    ours = {name for name in imported if is_within(name, (*PACKAGES, "tests"))}
    wrong = {name for name in ours if not is_within(name, {room, *ROOMS[room].split()})}
    if room not in COMPOSERS:
        wrong |= {name for name in ours if is_within(name, COMPOSERS)}
    if not is_within(module, {"bot.demo", "bot.cli.demo"}):
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
        ("bot.web.server", "tests.support.people"),
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


def test_nothing_is_mocked() -> None:
    for path in python_files(*PACKAGES, "tests"):
        wrong = {name for name in imports_of(path) if name.split(".")[0] in {"unittest", "mock"}}
        assert not wrong, path


# Handlers


@pytest.fixture
async def dispatcher(tmp_path: Path) -> AsyncIterator[Dispatcher]:
    chosen = Settings(_env_file=None, database_path=tmp_path / "dzvinok.db")
    async with open_database(chosen.database_path) as database:
        yield create_dispatcher(
            settings=chosen,
            database=database,
            repositories=create_repositories(database, chosen),
            i18n=create_i18n(chosen.language),
            clock=lambda: 0,
            in_flight=InFlight(Metrics()),
            wake=lambda: None,
            recordings=Recordings(httpx.AsyncClient(), chosen),
        )


def all_handlers(router: Router) -> Iterator[tuple[str, HandlerObject]]:
    """Every handler with the kind of event it is for."""
    for kind, observer in router.observers.items():
        yield from ((kind, handler) for handler in observer.handlers if kind != "update")
    for inner in router.sub_routers:
        yield from all_handlers(inner)


def filters_of(handler: HandlerObject, kind: type[Any]) -> list[Any]:
    return [one.callback for one in handler.filters or () if isinstance(one.callback, kind)]


FROM_AIOGRAM = {
    *("bot", "bots", "dispatcher", "state", "raw_state", "fsm_storage"),
    *("event_update", "event_from_user", "event_chat", "event_context", "event_router"),
}
FROM_MIDDLEWARES = {"employee", "i18n"}


async def test_every_parameter_of_every_handler_is_provided(dispatcher: Dispatcher) -> None:
    count = 0
    for kind, handler in all_handlers(dispatcher):
        count += 1
        function = handler.callback
        first, *rest = inspect.signature(function, eval_str=True).parameters.values()
        assert first.name in {"message", "query", "event"}, function
        given = {*dispatcher.workflow_data, *FROM_AIOGRAM}
        # An error may come from before the middlewares: their names need a default there.
        needed = rest if kind != "error" else [one for one in rest if one.default is one.empty]
        if kind != "error":
            given |= FROM_MIDDLEWARES
        given |= {"command"} if filters_of(handler, Command) else set()
        [data] = filters_of(handler, CallbackQueryFilter) or [None]
        given |= {"callback_data"} if data else set()
        given |= {"dialog"} if filters_of(handler, InDialog) else set()
        assert {one.name for one in needed} <= given, function
        for one in rest:
            if one.name == "callback_data":
                assert data is not None
                kinds = get_args(one.annotation) or (one.annotation,)
                assert data.callback_data in kinds, function
            elif one.name in dispatcher.workflow_data and inspect.isclass(one.annotation):
                value = dispatcher.workflow_data[one.name]
                assert isinstance(value, one.annotation), (function, one.name)
    assert count > 50


async def test_only_a_filtered_handler_may_take_the_employee_for_granted(
    dispatcher: Dispatcher,
) -> None:
    """Where no HasRole stands, a stranger comes in too: `employee` may be None."""

    def check(router: Router) -> None:
        for observer in router.observers.values():
            roles = [one for one in observer._handler.filters or () if is_role(one.callback)]
            for handler in observer.handlers:
                own = [one for one in handler.filters or () if is_role(one.callback)]
                wanted = inspect.signature(handler.callback, eval_str=True).parameters
                if "employee" in wanted and not roles and not own:
                    assert NoneType in get_args(wanted["employee"].annotation), handler.callback
                elif "employee" in wanted:
                    assert wanted["employee"].annotation is Employee, handler.callback
        for inner in router.sub_routers:
            check(inner)

    def is_role(value: object) -> bool:
        return type(value).__name__ == "HasRole"

    check(dispatcher)


async def test_every_command_offered_has_a_handler(dispatcher: Dispatcher) -> None:
    known = {
        name
        for kind, handler in all_handlers(dispatcher)
        if kind == "message"
        for one in filters_of(handler, Command)
        for name in one.commands
    }
    with create_i18n(Language.UK).context():
        offered = {name for role in (*Role, None) for name, _ in commands(role)}
    assert offered == known


# Buttons

KINDS = [
    kind
    for kind in vars(callbacks).values()
    if inspect.isclass(kind) and issubclass(kind, CallbackData) and kind is not CallbackData
]
EXTREMES = {
    "id": 999_999_999,
    "case": 999_999_999,
    "call": 999_999_999,
    "client_of": 999_999_999,
    "employee": 999_999_999,
    "position": LIVE_POSITION + (1 << 31),
    "version": 99_999,
    "day": 800_000,
    "month": 25_200,
    "page": 999,
    "lost": 1,
    "size": 10,
    "number": 9,
    "minutes": 120,
    "group": 999_999_999,
    "code": (1 << 32) - 1,
    "start": 23,
    "end": 23,
    "since": 71_582_788,
    "until": 71_582_788,
    "who": 999_999_999,
}


def values_of(annotation: Any) -> list[Any]:
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return list(annotation)
    if annotation is bool:
        return [False, True]
    if get_origin(annotation) is UnionType:  # of an enumeration and None
        [kind] = (one for one in get_args(annotation) if one is not NoneType)
        return [*values_of(kind), None]
    return []


def instances(kind: type[CallbackData]) -> list[CallbackData]:
    """One for every combination of its choices, each number as large as it can be."""
    found: list[dict[str, Any]] = [{}]
    for name, field in kind.model_fields.items():
        options = values_of(field.annotation)
        options = options or [EXTREMES[name]]
        found = [{**values, name: option} for values in found for option in options]
    return [kind(**values) for values in found]


def test_the_extremes_of_the_table_are_real() -> None:
    assert datetime.fromtimestamp(EXTREMES["position"] - LIVE_POSITION, UTC).year == 2038
    assert date.fromordinal(EXTREMES["day"]).year > 2100
    assert EXTREMES["month"] == 12 * 2100
    assert datetime.fromtimestamp(60 * EXTREMES["until"], UTC).year == 2106


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_callback_data_fits(kind: type[CallbackData]) -> None:
    for one in instances(kind):
        packed = one.pack()
        assert len(packed.encode()) <= 64, packed
        assert kind.unpack(packed) == one


def test_prefixes_are_unique() -> None:
    prefixes = [kind.__prefix__ for kind in KINDS]
    assert sorted(set(prefixes)) == sorted(prefixes)
    assert len(KINDS) > 15


def test_all_callback_data_is_defined_in_one_place() -> None:
    ours = {kind for kind in CallbackData.__subclasses__() if is_within(kind.__module__, PACKAGES)}
    assert ours == set(KINDS)


def test_every_kind_of_button_is_on_some_keyboard() -> None:
    used = {
        node.id
        for path in python_files("keyboards")
        if path.name != "callbacks.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name)
    }
    assert {kind.__name__ for kind in KINDS} - used == set()


def test_keyboards_make_callback_data_only_of_its_kinds() -> None:
    for path in python_files("keyboards", "handlers"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.keyword) and node.arg == "callback_data":
                assert not isinstance(node.value, ast.Constant | ast.JoinedStr), path


@pytest.mark.parametrize("kind", KINDS)
async def test_every_button_reaches_a_handler(
    dispatcher: Dispatcher, kind: type[CallbackData]
) -> None:
    filters = [
        one
        for event, handler in all_handlers(dispatcher)
        if event == "callback_query"
        for one in filters_of(handler, CallbackQueryFilter)
    ]
    person = User(id=1, is_bot=False, first_name="Олена")
    for pressed in instances(kind):
        query = CallbackQuery(id="1", from_user=person, chat_instance="1", data=pressed.pack())
        assert any([await one(query) for one in filters]), pressed


# Words

PO = LOCALES / "uk" / "LC_MESSAGES" / f"{DOMAIN}.po"
PLACES = re.compile(r"{(\w*)}")


def said_in_code() -> dict[str, set[str]]:
    """Every text of the code with the files it stands in; plural ones by their singular."""
    found: dict[str, set[str]] = {}
    for top in PACKAGES:
        for file, _line, message, *_rest in extract_from_dir(
            ROOT / top,
            method_map=[("**.py", "python")],
            keywords={"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None},
        ):
            text = message if isinstance(message, str) else message[0]
            found.setdefault(str(text), set()).add(f"{top}/{file}")
    return found


def test_every_text_has_its_ukrainian_words_and_no_words_are_left_over() -> None:
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="uk", domain=DOMAIN)
    translated = {one.id if isinstance(one.id, str) else one.id[0]: one for one in catalogue}
    translated.pop("", None)
    code = said_in_code()
    assert set(code) - set(translated) == set()
    assert set(translated) - set(code) == set()
    assert len(code) > 100
    assert catalogue.num_plurals == 3
    assert not catalogue.obsolete
    for one in translated.values():
        originals = [one.id] if isinstance(one.id, str) else list(one.id)
        words = [one.string] if isinstance(one.string, str) else list(one.string or ())
        assert not one.fuzzy, one.id
        assert len(words) == (1 if isinstance(one.id, str) else 3), one.id
        for each in words:
            assert each.strip(), one.id
            assert set(PLACES.findall(each)) == set(PLACES.findall(originals[-1])), one.id
            assert each[:1].isspace() == originals[0][:1].isspace(), one.id
            assert re.findall(r"</?\w+>", each) == re.findall(r"</?\w+>", originals[0]), one.id


def test_there_is_a_catalogue_for_every_language_but_the_codes_own() -> None:
    assert {path.name for path in LOCALES.iterdir()} | {"en"} == set(Language)


def test_texts_stand_where_the_catalogue_can_find_them() -> None:
    """As literals, and not inside f-strings: there Babel sees none before Python 3.12."""
    for path in python_files(*PACKAGES):
        tree = tree_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                hidden = [one for one in ast.walk(node) if is_text(one)]
                assert not hidden, f"{path}:{node.lineno}"
            elif is_text(node):
                assert isinstance(node, ast.Call)
                literals = node.args[:2] if name_of(node) == "ngettext" else node.args
                assert all(isinstance(one, ast.Constant) for one in literals), (
                    f"{path}:{node.lineno}"
                )


def test_words_for_people_stand_only_in_views_and_keyboards() -> None:
    assert all(
        file.startswith(("bot/views/", "keyboards/"))
        for files in said_in_code().values()
        for file in files
    )


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node) in {"_", "gettext", "ngettext"}


def name_of(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


# Settings

ENV_EXAMPLE = ROOT / ".env.example"


def example_lines(*, is_source: bool) -> list[str]:
    """NAME=value of the example; those of sources stand there as comments."""
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    wanted = r"# (SOURCES__\w+=.*)" if is_source else r"(\w+=.*)"
    return [match[1] for line in lines if (match := re.fullmatch(wanted, line))]


def test_the_example_of_settings_names_each_once_and_no_other() -> None:
    names = [line.partition("=")[0] for line in example_lines(is_source=False)]
    fields = {name.upper() for name in Settings.model_fields} - {"SOURCES"}
    assert sorted(names) == sorted(fields)


def test_the_example_of_settings_names_all_of_every_source() -> None:
    kinds: dict[str, type[BaseModel]] = {"webhook": WebhookSource, "asterisk": AsteriskSource}
    named = {
        line.partition("=")[0].split("__")[2].lower() for line in example_lines(is_source=True)
    }
    assert named == {name for kind in kinds.values() for name in kind.model_fields}
    chosen = {line for line in example_lines(is_source=True) if "__KIND=" in line}
    assert {line.partition("=")[2] for line in chosen} == set(kinds)


def test_every_setting_of_the_example_is_explained() -> None:
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.fullmatch(r"\w+=.*", line):
            assert before, f"{line}: nothing explains it"


def test_the_example_of_settings_is_what_holds_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.lower() in Settings.model_fields or name.startswith("SOURCES__"):
            monkeypatch.delenv(name)
    assert Settings(_env_file=ENV_EXAMPLE) == Settings(_env_file=None)
    whole = tmp_path / "whole.env"
    whole.write_text(
        "\n".join(example_lines(is_source=False) + example_lines(is_source=True)), encoding="utf-8"
    )
    assert len(Settings(_env_file=whole).sources) == 2


# Migrations

SCRIPTS = sorted(MIGRATIONS.glob("*.sql"))


def schema(path: Path) -> tuple[int, list[tuple[Any, ...]]]:
    connection = sqlite3.connect(path)
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        sql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
        return version, connection.execute(sql).fetchall()
    finally:
        connection.close()


async def migrate(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations):
        pass


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Our migrations, to be added to."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    return tmp_path / "migrations"


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [int(path.name.partition("_")[0]) for path in SCRIPTS]
    assert numbers == list(range(1, len(SCRIPTS) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", path.name) for path in SCRIPTS)


async def test_every_migration_applies_to_the_schema_before_it(
    tmp_path: Path, migrations: Path
) -> None:
    path, some = tmp_path / "step.db", tmp_path / "some"
    some.mkdir()
    extra = migrations / f"{len(SCRIPTS) + 1:04}_extra.sql"
    extra.write_text("ALTER TABLE calls ADD COLUMN mood TEXT;\nCREATE TABLE x (a INTEGER);\n")
    for number, script in enumerate([*SCRIPTS, extra], start=1):
        shutil.copy(script, some)
        await migrate(path, some)
        assert schema(path)[0] == number
        await migrate(path, some)  # again changes nothing
    await migrate(tmp_path / "fresh.db", migrations)
    assert schema(path) == schema(tmp_path / "fresh.db")


@pytest.mark.parametrize("is_fresh", [True, False])
async def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, migrations: Path, is_fresh: bool
) -> None:
    path = tmp_path / "dzvinok.db"
    await migrate(path, migrations)
    before = schema(path)
    broken = f"{len(SCRIPTS) + 1:04}_broken.sql"
    script = "CREATE TABLE half (a INTEGER);\nDROP TABLE fsm;\nINSERT INTO nowhere VALUES (1);\n"
    (migrations / broken).write_text(script)
    target = tmp_path / "fresh.db" if is_fresh else path
    with pytest.raises(StartError, match="nowhere"):
        await migrate(target, migrations)
    assert schema(target) == before
    (migrations / broken).unlink()
    await migrate(target, migrations)
    assert schema(target) == before


async def test_a_first_migration_that_fails_leaves_an_empty_file(tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    (only / "0001_broken.sql").write_text("CREATE TABLE half (a INTEGER);\nSELECT nothing;\n")
    with pytest.raises(StartError, match="nothing"):
        await migrate(tmp_path / "dzvinok.db", only)
    assert schema(tmp_path / "dzvinok.db") == (0, [])


async def test_a_newer_database_is_refused_and_left_alone(
    tmp_path: Path, migrations: Path
) -> None:
    path = tmp_path / "dzvinok.db"
    (migrations / f"{len(SCRIPTS) + 1:04}_newer.sql").write_text("CREATE TABLE x (a INTEGER);\n")
    await migrate(path, migrations)
    before = schema(path)
    with pytest.raises(StartError, match="newer"):
        await migrate(path, MIGRATIONS)
    assert schema(path) == before


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dzvinok.db"
    path.write_text("Це не база даних. " * 100)
    with pytest.raises(StartError, match="DATABASE_PATH"):
        await migrate(path, MIGRATIONS)


def test_every_statement_of_a_migration_ends() -> None:
    """What stands after the last semicolon would be left out in silence."""
    for script in SCRIPTS:
        lines = script.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if line.strip() and not line.startswith("--")]
        assert code[-1].endswith(";"), script


# The repository

REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "registry" + ".npm", "index" + "-url"]


def repository_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        is_ours = not IGNORED & set(parts) and not any(part.endswith("_cache") for part in parts)
        if is_ours and parts[0] not in {".hypothesis", "data"} and path.is_file():
            yield path


def test_no_file_names_a_package_registry() -> None:
    for path in repository_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found = [name for name in REGISTRIES if name in text]
        assert not found, path


def test_no_lock_file_and_no_compiled_catalogue_is_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"uv.lock", "*.mo", ".env", ".venv/"} <= set(ignored)
    assert [path for path in repository_files() if path.suffix == ".mo"] == []

"""What stands in `deploy/` fits the program and the documents."""

import re
import tomllib
from configparser import ConfigParser

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.config.settings import Settings
from bot.intake.bodies import MAX_BODY_BYTES
from bot.web.server import TELEGRAM_PATH
from tests.support.documents import blocks
from tests.support.places import ROOT

DEPLOY = ROOT / "deploy"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PINS = (DEPLOY / "requirements.txt").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

EXTRAS = {one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra}
"""What an install on a server and the image have too: PostgreSQL's driver."""

PIN = re.compile(
    r"^([\w.-]+)==([\w.!+]+)(?: ; [^\\]+)? \\\n((?:    --hash=sha256:\w{64}.*\n)+)", re.M
)


def pinned() -> dict[str, str]:
    return {canonicalize_name(name): version for name, version, _ in PIN.findall(PINS)}


def wrong_pins(dependencies: list[str], pins: dict[str, str]) -> list[str]:
    """The dependencies that are pinned nowhere, or outside their bounds."""
    needed = [Requirement(one) for one in dependencies]
    return [
        str(one)
        for one in needed
        if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"))
    ]


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    assert wrong_pins([*PROJECT["project"]["dependencies"], *EXTRAS], pinned()) == []


def test_a_wrong_pin_would_be_noticed() -> None:
    pins = {"aiogram": "3.31.0", "babel": "3.0"}
    assert wrong_pins(["aiogram>=3.31,<3.32", "babel>=2.18,<3", "rich>=14"], pins) == [
        "babel<3,>=2.18",
        "rich>=14",
    ]


def test_every_pin_has_its_hashes_and_none_an_address() -> None:
    lines = [line for line in PINS.splitlines() if not line.lstrip().startswith("#")]
    pins = [line for line in lines if not line.startswith(" ")]
    assert len(pins) == len(PIN.findall(PINS))
    assert len(set(pins)) == len(pins)
    # A package has several versions only where each is for Pythons of its own.
    whole = [name for name, _, _ in PIN.findall(PINS) if f"\n{name}==" in PINS]
    several = {name for name in whole if whole.count(name) > 1}
    assert all(" ; python_full_version " in pin for pin in pins if pin.split("==")[0] in several)
    assert all(re.match(r"    --hash=|[\w.-]+==", line) for line in lines)
    assert "://" not in PINS


def test_no_test_tool_is_pinned() -> None:
    tools = [Requirement(one).name for one in {*PROJECT["dependency-groups"]["dev"]} - EXTRAS]
    assert set(map(canonicalize_name, tools)) & set(pinned()) == set()


def test_the_command_that_refreshes_the_pins_is_the_one_that_made_them() -> None:
    [made_by] = re.findall(r"^# +(uv export .+)$", PINS, re.MULTILINE)
    [told] = re.findall(r"^(uv export .+)$", CONTRIBUTING, re.MULTILINE)
    assert set(made_by.split()) == set(told.split()) - {"--quiet", "--upgrade"}


def test_the_unit_fits_the_lines_of_the_readme() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys are not lower-cased
    unit.read(DEPLOY / "dzvinok.service", encoding="utf-8")
    service = unit["Service"]
    home, user = service["WorkingDirectory"], service["User"]
    lines = "\n".join(blocks(README))
    assert re.search(rf"^git clone .+ {home} && cd {home}$", lines, re.MULTILINE)
    assert re.search(rf"^useradd .* {user}$", lines, re.MULTILINE)
    assert f"install -d -o {user} -g {user} -m 700 data\n" in lines
    assert service["ExecStart"] == f"{home}/.venv/bin/dzvinok run"
    database = Settings.model_fields["database_path"].default
    assert service["ReadWritePaths"] == f"{home}/{database.parent}"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"


def test_the_image_holds_the_whole_program() -> None:
    steps = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", steps, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    assert all((ROOT / source).exists() for source in copied)
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied <= {line.removeprefix("!") for line in let_in if line.startswith("!")}


@pytest.mark.parametrize(
    ("compose", "said"),
    [
        ("compose.yaml", {"DATABASE_PATH", "HTTP_HOST", "HTTP_PORT"}),
        ("compose.replicas.yaml", {"DATABASE_URL", "HTTP_HOST", "HTTP_PORT", "UPDATES"}),
    ],
)
def test_the_containers_settings_exist(compose: str, said: set[str]) -> None:
    text = (DEPLOY / compose).read_text(encoding="utf-8")
    [block] = re.findall(r"^( +)environment:\n\1  # In the (?:.*\n)((?:\1  .+\n)+)", text, re.M)
    named = set(re.findall(r"^ +([A-Z_]+):", block[1], re.MULTILINE))
    assert named == said <= {name.upper() for name in Settings.model_fields}
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert named - set(re.findall(r"\b([A-Z_]+)=", image)) <= {"DATABASE_URL", "UPDATES"}


def test_exports_are_written_to_the_disk_and_not_to_memory() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    [folder] = re.findall(r"\bTMPDIR=(\S+)", image)
    unit = (DEPLOY / "dzvinok.service").read_text(encoding="utf-8")
    assert f"\nEnvironment=TMPDIR={folder}\n" in unit
    for compose in ("compose.yaml", "compose.replicas.yaml"):
        text = (DEPLOY / compose).read_text(encoding="utf-8")
        [volume] = re.findall(rf"^ +- (\w+):{folder}$", text, re.MULTILINE)
        assert f"\n  {volume}:\n" in text.partition("\nvolumes:\n")[2]
        assert re.findall(r"tmpfs: (.+)$", text, re.MULTILINE) == ["/tmp"] != [folder]


@pytest.mark.parametrize("proxy", ["nginx.conf", "Caddyfile"])
def test_the_proxies_pass_on_what_is_for_the_outside_and_no_more(proxy: str) -> None:
    text = (DEPLOY / proxy).read_text(encoding="utf-8")
    passed = re.findall(r"location (?:= )?(/\w+)/? \{ proxy_pass", text) or re.findall(
        r"(/\w+)", re.findall(r"@outside path (.+)", text)[0]
    )
    assert set(passed) == {"/hooks", TELEGRAM_PATH, "/healthz"}
    ports = re.findall(r"10\.0\.0\.1\d:(\d+)", text)
    assert ports == [str(Settings.model_fields["http_port"].default)] * 3


def test_the_replicas_in_containers_are_those_the_proxy_knows() -> None:
    compose = (DEPLOY / "compose.replicas.yaml").read_text(encoding="utf-8")
    replicas = re.findall(r"^  (\w+): \*replica$", compose, re.MULTILINE)
    [port] = re.findall(r'HTTP_PORT: "(\d+)"', compose)
    [passed] = re.findall(r"REPLICAS: (.+)$", compose, re.MULTILINE)
    assert passed.split() == [f"{name}:{port}" for name in replicas]
    proxy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    [block] = re.findall(r"^  caddy:\n((?:    .*\n)+)", compose, re.MULTILINE)
    for name in re.findall(r"\{\$([A-Z_]+):", proxy):
        assert f"      {name}: " in block


def test_nginx_takes_as_much_as_the_server_behind_it() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    [mebibytes] = re.findall(r"client_max_body_size (\d+)m;", text)
    assert int(mebibytes) * 2**20 == MAX_BODY_BYTES

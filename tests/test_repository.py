"""What the repository holds and what it must not."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

IGNORED = {".git", ".venv", "__pycache__", "uv.lock", "build", "dist"}


REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "registry" + ".npm", "index" + "-url"]


def repository_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        is_ours = not IGNORED & set(parts) and not any(part.endswith("_cache") for part in parts)
        if is_ours and parts[0] not in {".hypothesis", "data"} and path.is_file():
            yield path


def test_no_file_names_a_package_registry() -> None:
    files = list(repository_files())
    assert {ROOT / "pyproject.toml", ROOT / "README.md", Path(__file__)} <= set(files)
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        found = [name for name in REGISTRIES if name in text]
        assert not found, path


def test_no_lock_file_and_no_compiled_catalogue_is_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"uv.lock", "*.mo", ".env", ".venv/"} <= set(ignored)
    assert [path for path in repository_files() if path.suffix == ".mo"] == []

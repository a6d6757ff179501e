"""The source of the program, for tests that read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

PACKAGES = ("bot", "handlers", "keyboards", "storage")


def python_files(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))

""".env.example names every setting, explains it, and is what holds without it."""

import os
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from bot.config.settings import Settings
from bot.config.sources import SourceSettings
from tests.support.places import ROOT

ENV_EXAMPLE = ROOT / ".env.example"


def example_lines(*, is_source: bool) -> list[str]:
    """NAME=value of the example; those of sources stand there as comments."""
    lines = ENV_EXAMPLE.read_text(encoding="utf-8").splitlines()
    wanted = r"# (SOURCES__\w+=.*)" if is_source else r"(\w+=.*)"
    return [match[1] for line in lines if (match := re.fullmatch(wanted, line))]


def source_kinds() -> dict[str, type[BaseModel]]:
    """The settings of each kind of source, as their union says."""
    [kind_of, *_] = get_args(SourceSettings)
    return {get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(kind_of)}


def test_the_example_of_settings_names_each_once_and_no_other() -> None:
    names = [line.partition("=")[0] for line in example_lines(is_source=False)]
    fields = {name.upper() for name in Settings.model_fields} - {"SOURCES"}
    assert sorted(names) == sorted(fields)


def test_the_example_of_settings_names_all_of_every_source() -> None:
    kinds = source_kinds()
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
    kinds = {source.kind for source in Settings(_env_file=whole).sources.values()}
    assert kinds == set(source_kinds())

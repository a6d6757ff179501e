"""The documents of the repository, and what they name: links, files, settings, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

_FENCE = re.compile(r"^ *```.*?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_PATH = re.compile(r"\.?\w[\w./-]*")
_PATH_IN_BLOCK = re.compile(r"(?<![\w/.<-])(?:bot|handlers|keyboards|storage|deploy)/[\w/.-]*\w")
_AT_THE_TOP = (".md", ".toml", ".yaml")
"""Endings of files that are ours even if nothing of their name is there any more."""
_SETTING = re.compile(r"([A-Z][A-Z0-9_]+)(=.*)?")
_SETTING_IN_BLOCK = re.compile(r"(?:^|\\n|')([A-Z][A-Z0-9_]+)=", re.MULTILINE)
_CALL = re.compile(r"(?:^|[ /])dzvinok +([a-z].*)")


def documents() -> list[Path]:
    """The documents people read; the changelog is not among them, since it tells of the past."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[str]:
    """The text between each pair of fences."""
    return _FENCE.findall(text)


def spans(text: str) -> list[str]:
    """The text in each pair of single backticks, on one line."""
    return [" ".join(span.split()) for span in _INLINE.findall(_FENCE.sub("", text))]


def broken_links(document: Path, text: str) -> list[str]:
    """The relative links of a document that lead to no file or to no heading."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        place, _, anchor = target.partition("#")
        file = (document.parent / place).resolve() if place else document
        if "://" in target:
            continue
        is_file = file.is_file() and file.is_relative_to(ROOT)
        if not is_file or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
            broken.append(target)
    return broken


def paths(text: str) -> set[str]:
    """Everything that looks like a path of this repository, in backticks and between fences.

    A pattern like `bot/sources/<vendor>/calls.py` is not among them.
    """
    tops = {path.name for path in ROOT.iterdir()}
    in_spans = {
        span
        for span in spans(text)
        if _PATH.fullmatch(span) and (span.split("/")[0] in tops or span.endswith(_AT_THE_TOP))
    }
    return in_spans | {path for block in blocks(text) for path in _PATH_IN_BLOCK.findall(block)}


def is_there(path: str) -> bool:
    """Whether a path names a file or a folder; a module may be named without its `.py`."""
    return (ROOT / path).exists() or (ROOT / f"{path}.py").is_file()


def patterns(text: str, hole: str) -> set[str]:
    """The paths in backticks that have a hole to fill, like `<vendor>`."""
    return {span for span in spans(text) if hole in span and ("/" in span or "." in span)}


def settings(text: str) -> set[str]:
    """The names in capitals that stand alone in backticks or are given a value."""
    alone = {match[1] for span in spans(text) if (match := _SETTING.fullmatch(span))}
    return alone | {name for block in blocks(text) for name in _SETTING_IN_BLOCK.findall(block)}


def command_lines(text: str) -> Iterator[list[str]]:
    """The words that follow `dzvinok` wherever the program is called."""
    for line in [*spans(text), *(line for block in blocks(text) for line in block.splitlines())]:
        for words in _CALL.findall(line.partition("  #")[0]):
            yield words.split()


def _anchors(text: str) -> set[str]:
    titles = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

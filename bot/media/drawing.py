"""Draws the picture of statistics: a PNG of the load by hour, the heat map, the time to call back.

A program of its own, run for each picture by charts.py with `python -I` and this file, so that
neither the loop nor the memory of the bot bears Matplotlib. It imports nothing of ours, reads JSON
(charts.py says what) and writes the PNG, or nothing if it fails.

It is read on a phone, where the picture is about 390 points wide, in a light or a dark chat: so it
has a card of its own to stand on, few and large words, and tells what was lost by hatching too.
"""

import io
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

MEMORY = 1536 * 2**20
"""Address space in bytes, most of which are libraries and never touched."""

SECONDS = 60
"""How long it may take, and compute."""

_WIDTH, _HEIGHT, _DPI = 1080, 1640, 150
_CARD, _INK, _QUIET, _GRID = "#f6f7f9", "#1c2733", "#53616f", "#d9dee4"
_CALLS, _LOST = "#2f6ea5", "#d55e00"
"""Blue and vermilion of Okabe and Ito: told apart by those who see fewer colours."""

_EMPTY = "#e9edf1"
_HOURS = range(24)


def draw(asked: dict[str, Any]) -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 14,
            "text.color": _INK,
            "xtick.color": _QUIET,
            "ytick.color": _QUIET,
            "axes.edgecolor": _GRID,
            "hatch.linewidth": 1.6,
            "text.parse_math": False,
        }
    )
    figure = plt.figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor=_CARD)
    figure.text(0.06, 0.966, asked["title"], size=21, weight="bold")
    figure.text(0.06, 0.944, asked["subtitle"], size=14, color=_QUIET)
    _draw_hours(figure.add_axes((0.1, 0.645, 0.85, 0.2)), asked)
    _draw_week(figure.add_axes((0.1, 0.345, 0.85, 0.205)), asked)
    _draw_back(figure.add_axes((0.22, 0.04, 0.69, 0.2)), asked)
    png = io.BytesIO()
    figure.savefig(png, format="png", facecolor=_CARD)
    return _with_fewer_colours(png)


def _draw_hours(axes: Any, asked: dict[str, Any]) -> None:
    """Bars of the calls of each hour; those lost stand on top, hatched."""
    calls = [one[0] for one in asked["hours"]]
    lost = [one[1] for one in asked["hours"]]
    rest = [every - gone for every, gone in zip(calls, lost, strict=True)]
    _head(axes, asked["words"]["hours"], 1.27)
    axes.bar(_HOURS, rest, width=0.8, color=_CALLS, label=asked["words"]["calls"])
    axes.bar(
        _HOURS,
        lost,
        width=0.8,
        bottom=rest,
        color=_LOST,
        edgecolor="white",
        linewidth=0,
        hatch="///",
        label=asked["words"]["lost"],
    )
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2,
        frameon=False,
        fontsize=13,
        handlelength=1.3,
        columnspacing=1.2,
        borderpad=0,
        labelcolor=_QUIET,
    )
    _plain(axes)
    axes.yaxis.grid(visible=True, color=_GRID, linewidth=1)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.set_ylim(0, max(1, *calls) * 1.05)
    _name_hours(axes)


def _draw_week(axes: Any, asked: dict[str, Any]) -> None:
    """A square for each hour of each weekday, the darker the more calls; empty ones are grey."""
    from matplotlib import colormaps

    week = asked["week"]
    most = max(1, *(calls for day in week for calls in day))
    _head(axes, asked["words"]["heat"], 1.06)
    shades = colormaps["YlGnBu"]
    for row, day in enumerate(week):
        for hour, calls in enumerate(day):
            colour = shades(0.12 + 0.83 * calls / most) if calls else _EMPTY
            axes.barh(row, 0.9, left=hour - 0.45, height=0.86, color=colour)
    _plain(axes)
    axes.set_ylim(6.6, -0.6)
    axes.set_yticks(range(7), asked["words"]["weekdays"])
    _name_hours(axes)


def _draw_back(axes: Any, asked: dict[str, Any]) -> None:
    """A bar for each span of time, with the number of clients at its end."""
    counts = asked["back"]
    _head(axes, asked["words"]["back"], 1.06, left=-0.232)
    _plain(axes)
    axes.set_xticks([])
    if not sum(counts):
        axes.set_yticks([])
        axes.text(0, 0.85, asked["words"]["nothing"], transform=axes.transAxes, color=_QUIET)
        return
    axes.barh(range(len(counts)), counts, height=0.66, color=_CALLS)
    for row, count in enumerate(counts):
        axes.text(count + max(counts) * 0.015, row, str(count), va="center", size=14)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlim(0, max(counts) * 1.12)
    axes.set_yticks(range(len(counts)), asked["words"]["within"])


def _head(axes: Any, words: str, height: float, *, left: float = -0.047) -> None:
    axes.text(left, height, words, transform=axes.transAxes, size=16, weight="bold")


def _plain(axes: Any) -> None:
    axes.set_facecolor(_CARD)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=7, labelsize=13.5)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name_hours(axes: Any) -> None:
    axes.set_xlim(-0.6, 23.6)
    axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])


def _with_fewer_colours(png: io.BytesIO) -> bytes:
    """The same of 128 colours, which is a third of the bytes."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(png) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
            small, format="PNG", optimize=True
        )
    return small.getvalue()


def _limit_ourselves() -> None:
    with suppress(OSError):
        os.nice(10)
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        # Some systems know no such limit, and some do not let us set it.
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (limit, limit))
    signal.alarm(SECONDS)  # the bot may be gone


def main() -> None:
    _limit_ourselves()
    png = draw(json.load(sys.stdin))
    sys.stdout.buffer.write(png)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""Draws the picture of statistics: a PNG of the load by hour, the heat map, the time to call back.

A program of its own, run for each picture by charts.py, so that neither the loop nor the memory of
the bot bears Matplotlib. It imports nothing of ours, reads JSON (charts.py says what) and writes
the PNG, or nothing if it fails.

It is read on a phone, where the picture is at most 390 points wide, in a light or a dark chat. So
it is drawn in those points: a card of its own to stand on, few and large words, no taller than a
chat shows at that width, and what was lost is told by hatching too.
"""

import io
import json
import os
import sys
from typing import Any

_WIDTH, _MARGIN, _LEFT = 390, 14, 42
"""Points; `_LEFT`: where the charts by hours begin, unless their numbers are longer."""

_DOTS = 3
"""Of the picture in a point of the phone."""

_HEAD, _LABEL = 15.5, 14
"""The sizes of letters; no label is smaller."""

_CARD, _INK, _QUIET, _GRID = "#f6f7f9", "#1c2733", "#46535f", "#d5dbe1"
_CALLS, _LOST = "#2f6ea5", "#d55e00"
"""Blue and vermilion of Okabe and Ito: told apart by those who see fewer colours."""

_EMPTY = "#e6eaef"
_HOURS = range(24)
_TITLE_LINES = 2
_LINE, _HEADING, _TICKS, _GAP = 21, 28, 24, 12
"""Heights: of a line of the title, of a heading, of the names below a chart, between charts."""

_HOURS_TALL, _WEEK_TALL, _BACK_TALL = 92, 7 * 16, 78


def draw(asked: dict[str, Any]) -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": _LABEL,
            "text.color": _INK,
            "xtick.color": _QUIET,
            "ytick.color": _QUIET,
            "hatch.linewidth": 1.2,
            "text.parse_math": False,
        }
    )
    figure = plt.figure(figsize=(_WIDTH / 72, 1), dpi=72 * _DOTS, facecolor=_CARD)
    title = _wrapped(figure, asked["words"]["title"])
    charts = (
        (_draw_hours, _HOURS_TALL, asked["words"]["hours"]),
        (_draw_week, _WEEK_TALL, asked["words"]["heat"]),
        (_draw_back, _BACK_TALL if sum(asked["back"]) else 0, asked["words"]["back"]),
    )
    top = _MARGIN + _LINE * len(title) + _GAP - 2
    tall = top + sum(_HEADING + one + _TICKS for _, one, _ in charts) + _GAP * 2 + _MARGIN / 2
    figure.set_size_inches(_WIDTH / 72, tall / 72)
    for number, line in enumerate(title):
        _write(figure, line, _MARGIN + _LINE * number, weight="bold")
    left = _left_of_numbers(figure, asked)
    for drawn, height, words in charts:
        _write(figure, words, top, weight="bold")
        drawn(figure, top, left, asked)
        top += _HEADING + height + _TICKS + _GAP
    png = io.BytesIO()
    figure.savefig(png, format="png", facecolor=_CARD)
    return _with_fewer_colours(png)


def _left_of_numbers(figure: Any, asked: dict[str, Any]) -> float:
    """Where the charts by hours begin, so that the numbers beside the bars are whole."""
    most = _write(figure, str(max(one[0] for one in asked["hours"])), 0, size=_LABEL)
    wide = float(most.get_window_extent().width) / _DOTS
    most.remove()
    return max(_LEFT, 8 + wide + 5)


def _draw_hours(figure: Any, top: float, left: float, asked: dict[str, Any]) -> None:
    """Bars of the calls of each hour; those lost stand on top, hatched."""
    axes = _axes(figure, top + _HEADING, _HOURS_TALL, left)
    calls = [one[0] for one in asked["hours"]]
    lost = [one[1] for one in asked["hours"]]
    rest = [every - gone for every, gone in zip(calls, lost, strict=True)]
    axes.bar(_HOURS, rest, width=0.8, color=_CALLS, label=asked["words"]["calls"])
    axes.bar(
        _HOURS,
        lost,
        width=0.8,
        bottom=rest,
        color=_LOST,
        edgecolor="white",
        linewidth=0,
        hatch="////",
        label=asked["words"]["lost"],
    )
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1 + 13 / _HOURS_TALL),
        ncols=2,
        frameon=False,
        fontsize=_LABEL,
        handlelength=1.1,
        handletextpad=0.4,
        columnspacing=1,
        borderpad=0,
        borderaxespad=0,
        labelcolor=_QUIET,
    )
    axes.yaxis.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    axes.set_ylim(0, max(1, *calls) * 1.05)
    _name_hours(axes)


def _draw_week(figure: Any, top: float, left: float, asked: dict[str, Any]) -> None:
    """A square for each hour of each weekday, the darker the more calls; empty ones are grey."""
    from matplotlib import colormaps

    axes = _axes(figure, top + _HEADING, _WEEK_TALL, left)
    week = asked["week"]
    most = max(calls for day in week for calls in day)
    shades = colormaps["YlGnBu"]

    def shade(calls: int) -> Any:
        return shades(0.12 + 0.83 * calls / most) if calls else _EMPTY

    for row, day in enumerate(week):
        axes.barh(
            [row] * 24,
            [0.9] * 24,
            left=[hour - 0.45 for hour in _HOURS],
            height=0.86,
            color=[shade(calls) for calls in day],
        )
    axes.set_ylim(6.5, -0.5)
    axes.set_yticks(range(7), asked["words"]["weekdays"])
    _name_hours(axes)
    if most > 1:
        _draw_scale(
            figure, top, [shade(round(1 + part * (most - 1) / 3)) for part in range(4)], most
        )


def _draw_scale(figure: Any, top: float, colours: list[Any], most: int) -> None:
    """Beside a heading: from the colour of one call to that of most."""
    from matplotlib.patches import Rectangle

    wide, tall = figure.get_size_inches() * 72
    right = _WIDTH - _MARGIN
    shown = _write(figure, str(most), top + 1, right=right, color=_QUIET, size=_LABEL)
    right -= shown.get_window_extent().width / _DOTS + 5
    for colour in reversed(colours):
        right -= 13
        place = (right / wide, 1 - (top + 14) / tall)
        figure.add_artist(Rectangle(place, 12 / wide, 12 / tall, color=colour, linewidth=0))
    _write(figure, "1", top + 1, right=right - 4, color=_QUIET, size=_LABEL)


def _draw_back(figure: Any, top: float, _left: float, asked: dict[str, Any]) -> None:
    """A bar for each span of time, with the number of clients on it."""
    counts = asked["back"]
    if not sum(counts):
        _write(figure, asked["words"]["nothing"], top + _HEADING, color=_QUIET, size=_LABEL)
        return
    axes = _axes(figure, top + _HEADING, _BACK_TALL, _MARGIN)
    places = range(len(counts))
    axes.bar(places, counts, width=0.66, color=_CALLS)
    for place, count in enumerate(counts):
        axes.annotate(
            str(count),
            (place, count),
            (0, 3),
            textcoords="offset points",
            ha="center",
            size=_LABEL,
        )
    axes.set_xlim(-0.5, len(counts) - 0.5)
    axes.set_ylim(0, max(counts) * _BACK_TALL / (_BACK_TALL - 18))
    axes.set_yticks([])
    axes.set_xticks(places, asked["words"]["within"])


def _axes(figure: Any, top: float, height: float, left: float) -> Any:
    """A plain chart, so many points from the top and the left, as wide as the card."""
    wide, tall = figure.get_size_inches() * 72
    axes = figure.add_axes(
        (left / wide, 1 - (top + height) / tall, (wide - left - _MARGIN) / wide, height / tall)
    )
    axes.set_facecolor(_CARD)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=5, labelsize=_LABEL)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _name_hours(axes: Any) -> None:
    axes.set_xlim(-0.6, 23.6)
    axes.set_xticks(range(0, 24, 4), [f"{hour}:00" for hour in range(0, 24, 4)])


def _write(figure: Any, words: str, top: float, *, right: float | None = None, **look: Any) -> Any:
    """Words at a margin, so many points from the top; `right`: where they end."""
    wide, tall = figure.get_size_inches() * 72
    x, side = (_MARGIN, "left") if right is None else (right, "right")
    return figure.text(
        x / wide, 1 - top / tall, words, ha=side, va="top", **{"size": _HEAD, **look}
    )


def _wrapped(figure: Any, words: str) -> list[str]:
    """The title in as few lines as hold it; what more than _TITLE_LINES do not is cut."""
    shown = _write(figure, "", 0, weight="bold")

    def fits(line: str) -> bool:
        shown.set_text(line)
        return bool(shown.get_window_extent().width <= (_WIDTH - 2 * _MARGIN) * _DOTS)

    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and fits(longer):
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _TITLE_LINES:
        lines[_TITLE_LINES - 1 :] = [" ".join(lines[_TITLE_LINES - 1 :])]
    for number, line in enumerate(lines):
        if not fits(line):
            end = max((n for n in range(len(line)) if fits(line[:n].rstrip() + "…")), default=0)
            lines[number] = line[:end].rstrip() + "…"
    shown.remove()
    return lines


def _with_fewer_colours(png: io.BytesIO) -> bytes:
    """The same of 128 colours, which is a third of the bytes."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(png) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
            small, format="PNG", optimize=True
        )
    return small.getvalue()


def main() -> None:
    png = draw(json.load(sys.stdin))
    sys.stdout.buffer.write(png)
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

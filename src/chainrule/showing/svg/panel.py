"""A panel as SVG: its title, its legend, its axes, and the marks inside."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import Heat, Text
from chainrule.explaining.pictures.picture import Panel
from chainrule.showing import ticks
from chainrule.showing.colours import LIGHT, hexadecimal, shade
from chainrule.showing.series import settled
from chainrule.showing.svg.diagrams import arrow, box
from chainrule.showing.svg.frame import (
    LABEL,
    Scale,
    are_whole,
    below,
    drawn_grid,
    span,
    ticks_along,
    ticks_of,
)
from chainrule.showing.svg.marks import DRAW, named, sample
from chainrule.showing.svg.text import LARGE, NORMAL, SMALL, fitted, lines, number, tag, width, words, wrapped

DRAWN: dict[type, Any] = {**DRAW, Box: box, Arrow: arrow}
ROW = 18.0  # pixels of a row of the legend
USUAL = (410.0, 290.0)  # the size of a panel: two stand on a page, and one is read on a telephone
EDGE = 6.0  # around a diagram
YTEXT = 130.0  # the widest text of a tick of the y axis
BAR = 12.0  # the width of a bar of colours


def is_diagram(panel: Panel) -> bool:
    """Say whether a panel has no axes: its units are then pixels, or it is a picture alone."""
    return panel.x.scale == panel.y.scale == "none"


def size_of(panel: Panel) -> tuple[float, float]:
    """Return how large a panel is by itself."""
    if panel.size is not None:
        return panel.size
    if is_diagram(panel) and any(isinstance(mark, Box | Arrow) for mark in panel.marks):
        (x0, x1), (y0, y1) = bounds(panel)
        top = heights(panel, settled(panel.marks), x1 - x0)
        return x1 - x0, y1 - y0 + sum(top)
    return USUAL


def bounds(panel: Panel) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return what a diagram spans, with an edge around; texts beside arrows and alone have their width."""
    found = []
    for which, axis in (("x", panel.x), ("y", panel.y)):
        if axis.limits is not None:
            found.append(axis.limits)
            continue
        low, high = span(panel.marks, axis, which)
        room = (high - low) * (0.04 / 1.08)  # what `span` leaves around
        found.append((low + room - EDGE, high - room + EDGE))
    return found[0], found[1]


def heights(panel: Panel, marks: list[Any], wide: float) -> tuple[float, float]:
    """Return how high the title and the legend of a panel are."""
    title = len(wrapped(panel.title, wide, NORMAL + 1, True)) * 18.0 if panel.title else 0.0
    rows = len(legend_rows(marks, wide)) if panel.legend else 0
    return title + (4.0 if title else 0.0), rows * ROW


def legend_rows(marks: list[Any], wide: float) -> list[list[tuple[Any, str, float]]]:
    """Return the rows of a legend: marks, their names and where they begin."""
    rows: list[list[tuple[Any, str, float]]] = []
    x = wide + 1
    for mark in named(marks):
        name = fitted(mark.name, wide - 26, SMALL)
        room = 24 + width(name, SMALL) + 14
        if x + room - 14 > wide:
            rows.append([])
            x = 0.0
        rows[-1].append((mark, name, x))
        x += room
    return rows


@dataclass(frozen=True)
class Room:
    """Where the marks of a panel lie, in pixels."""

    left: float
    right: float
    top: float
    bottom: float


def panel(given: Panel, wide: float, high: float) -> str:
    """Write a panel that is so wide and so high."""
    marks = settled(given.marks)
    title, legend = heights(given, marks, wide)
    parts = []
    if given.title:
        rows = wrapped(given.title, wide, NORMAL + 1, True)
        if is_diagram(given):
            parts.append(lines(rows, wide / 2, 13, NORMAL + 1, bold=True, anchor="middle"))
        else:
            parts.append(lines(rows, 0, 13, NORMAL + 1, bold=True))
    for i, row in enumerate(legend_rows(marks, wide) if given.legend else []):
        y = title + i * ROW + 9
        for mark, name, x in row:
            parts += [sample(mark, x + 1, y), words(name, x + 24, y + 4, SMALL)]
    bare = is_diagram(given)
    draw = _diagram if bare else _axes
    return "".join(parts) + draw(given, marks, wide, high, title + legend)


def _diagram(given: Panel, marks: list[Any], wide: float, high: float, top: float) -> str:
    """Write marks without axes, as large as fits."""
    boxes = any(isinstance(mark, Box | Arrow) for mark in marks)
    (x0, x1), (y0, y1) = bounds(given) if boxes else (span(marks, given.x, "x"), span(marks, given.y, "y"))
    width_, height = wide, high - top
    if given.equal or boxes:
        unit = min(width_ / (x1 - x0), height / (y1 - y0))
        width_, height = unit * (x1 - x0), unit * (y1 - y0)
    left = (wide - width_) / 2
    room = Room(left, left + width_, top, top + height)
    across, up = _scales(given, (x0, x1), (y0, y1), room)
    return _clipped(marks, across, up, room)


def _scales(given: Panel, x: tuple[float, float], y: tuple[float, float], room: Room) -> tuple[Scale, Scale]:
    """Return the scales within a room, whose own corner is the origin of what is drawn in it."""
    w, h = room.right - room.left, room.bottom - room.top
    a, b = (w, 0.0) if given.x.reversed else (0.0, w)
    c, d = (0.0, h) if given.y.reversed else (h, 0.0)
    return Scale(*x, a, b, given.x.scale == "log"), Scale(*y, c, d, given.y.scale == "log")


def _clipped(marks: list[Any], across: Scale, up: Scale, room: Room) -> str:
    maps = [mark for mark in marks if isinstance(mark, Heat)]
    drawn = ""
    for over, several in groupby(marks, lambda mark: any(_lies_on(mark, each) for each in maps)):
        part = "".join(DRAWN[type(mark)](mark, across, up) for mark in several)
        drawn += _on_colours(part) if over else part
    wide, high = room.right - room.left, room.bottom - room.top
    return tag("svg", drawn, x=room.left, y=room.top, width=wide, height=high)


def _lies_on(mark: Any, heat: Heat) -> bool:
    """Say whether a mark stands on a map of colours; texts may stand beside one."""
    if not isinstance(mark, Text):
        return True
    places = ((mark.x, heat.x), (mark.y, heat.y))
    return all(min(ends) <= at <= max(ends) for at, ends in places)  # type: ignore[arg-type]


def _on_colours(drawn: str) -> str:
    """Give what stands on a map of colours the colours of light pages: the map is the same on dark ones."""
    roles = [role for role in LIGHT if f"--{role})" in drawn]
    said = [f"--{role}-said:{LIGHT[role]}" for role in roles if f"--{role}-said" in drawn]
    style = ";".join([*(f"--{role}:{LIGHT[role]}" for role in roles), *said])
    return tag("g", drawn, style=style) if style else drawn


def _axes(given: Panel, marks: list[Any], wide: float, high: float, top: float) -> str:
    x, y = span(marks, given.x, "x"), span(marks, given.y, "y")
    heats = [mark for mark in marks if isinstance(mark, Heat) and mark.bar and mark.palette != "classes"]
    bar = _bar_width(heats[0]) if heats else 0.0
    if given.y.label:
        top += LABEL
    top += 4.0
    low = high - (LABEL if given.x.label else 0.0) - 2.0
    on_y = ticks_of(given.y, *y, max(2, int((low - 16.0 - top) / 36)), are_whole(marks, "y"))
    said = [fitted(text, YTEXT, SMALL) for _, text in on_y]
    left = max([width(text, SMALL) for text in said], default=-6.0) + 8.0
    right = wide - bar - 8.0
    on_x = ticks_along(given.x, *x, right - left, are_whole(marks, "x"))
    under = below(on_x, right - left, Scale(*x, left, right, given.x.scale == "log"))
    bottom = low - under.height
    if given.equal and x[1] > x[0] and y[1] > y[0]:
        unit = min((right - left) / (x[1] - x[0]), (bottom - top) / (y[1] - y[0]))
        spare = (right - left) - unit * (x[1] - x[0])
        left, right = left + spare / 2, right - spare / 2
        bottom = top + unit * (y[1] - y[0])
    room = Room(left, right, top, bottom)
    across, up = _scales(given, x, y, room)
    # The grid and the texts stand outside of the clipped room: the same scales, shifted.
    out_x = Scale(across.low, across.high, across.start + left, across.end + left, across.log)
    out_y = Scale(up.low, up.high, up.start + top, up.end + top, up.log)
    parts = []
    if given.y.label:
        parts.append(words(fitted(given.y.label, wide, SMALL), 0.0, top - 9.0, SMALL, "start", "muted"))
    parts.append(drawn_grid(on_y, out_y, left, right, said))
    parts.append(_clipped(marks, across, up, room))
    if given.x.scale != "none":
        parts.append(
            tag(
                "path",
                d=f"M{number(left)} {number(bottom)}H{number(right)}",
                stroke="var(--muted)",
                stroke_width=1,
            )
        )
    parts.append(under.drawn(out_x, bottom))
    if given.x.label:
        place = bottom + under.height + 13.0
        label = fitted(given.x.label, wide, SMALL)
        parts.append(words(label, (left + right) / 2, place, SMALL, "middle", "muted"))
    if heats:
        parts.append(_bar(heats[0], right + 10.0, top, bottom))
    return "".join(parts)


def _bar_ticks(mark: Heat, most: int) -> ticks.Ticks:
    low, high = mark.limits  # type: ignore[misc]
    return ticks.linear(low, high, most)


def _bar_width(mark: Heat) -> float:
    return 10.0 + BAR + 5.0 + max((width(text, SMALL) for _, text in _bar_ticks(mark, 5)), default=0.0)


def _bar(mark: Heat, x: float, top: float, bottom: float) -> str:
    """Write a bar that says which colour is which number."""
    low, high = mark.limits  # type: ignore[misc]
    steps = 32
    along = np.linspace(1.0, 0.0, steps)
    shades = shade(along * high + (1 - along) * low, mark.palette, (low, high), mark.faint)
    each = (bottom - top) / steps
    drawn = [
        tag("rect", x=x, y=top + i * each, width=BAR, height=each + 0.4, fill=hexadecimal(colour))
        for i, colour in enumerate(shades)
    ]
    scale = Scale(low, high, bottom, top)
    said = [
        words(text, x + BAR + 4, scale.at(value) + 4, SMALL, "start", "muted")
        for value, text in _bar_ticks(mark, 5)
    ]
    if mark.label:
        said.append(words(fitted(mark.label, 90, SMALL), x + BAR + 4, top - 9.0, SMALL, "end", "muted"))
    return "".join(drawn + said)


def natural(given: Panel, most: float) -> tuple[float, float]:
    """Return how large a panel is drawn where there is so much width: diagrams shrink, charts are drawn anew."""
    wide, high = size_of(given)
    if wide <= most:
        return wide, high
    if is_diagram(given) or given.equal:
        return most, high * most / wide
    return most, max(min(high, most * 0.8), 180.0)


__all__ = ["LARGE", "is_diagram", "natural", "panel"]

"""Marks as SVG: each is one path where it can be, so that a thousand points are a few thousand bytes."""

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import numpy as np

from chainrule.explaining.pictures.marks import (
    Band,
    Bars,
    Contours,
    Heat,
    Line,
    Patches,
    Points,
    Rule,
    Spans,
    Text,
)
from chainrule.showing.colours import hexadecimal, readable_on, shade
from chainrule.showing.svg.frame import Scale
from chainrule.showing.svg.image import address
from chainrule.showing.svg.text import SIZES, SMALL, fitted, lines, number, tag, width, words
from chainrule.shown import visible

DASHES: dict[str, str | None] = {
    "": None,
    "dashed": "6 3.5",
    "dotted": "1.5 3",
    "dashdot": "7 3 1.5 3",
    "long": "11 4",
}
CELLS = 48  # of a map, that are rectangles each; above it is an image
HALO: dict[str, Any] = {  # around texts that stand on lines
    "stroke": "var(--paper)", "stroke_width": 3, "paint_order": "stroke", "stroke_linejoin": "round",
}  # fmt: skip
Draw = Callable[[Any, Scale, Scale], str]


def paint(colour: str) -> str:
    """Return a role as SVG has it."""
    return f"var(--{colour})"


def moves(x: np.ndarray, y: np.ndarray) -> str:
    """Return the path through points, which begins anew behind what is no number."""
    path, pen = [], "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if a != a or b != b:
            pen = "M"
            continue
        path.append(f"{pen}{number(a)} {number(b)}")
        pen = "L" if pen == "M" else " "
    return "".join(path).replace("L ", "L")


def placed(x: Any, y: Any, across: Scale, up: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Return where points lie in pixels; those that lie nowhere are NaN in both."""
    a, b = np.atleast_1d(across.at(np.asarray(x))), np.atleast_1d(up.at(np.asarray(y)))
    lost = np.isnan(a) | np.isnan(b)
    return np.where(lost, np.nan, a), np.where(lost, np.nan, b)


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out what nobody sees: of many points above a pixel the first, lowest, highest and last stay."""
    if len(x) < 1500 or np.isnan(x).any() or np.isnan(y).any() or (np.diff(x) < 0).any():
        return x, y
    column = np.floor(x).astype(int)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(x))
    kept = {
        i
        for a, b in zip(starts, ends, strict=True)
        for i in (a, a + y[a:b].argmin(), a + y[a:b].argmax(), b - 1)
    }
    chosen = sorted(kept)
    return x[chosen], y[chosen]


def shapes(marker: str, size: float) -> str:
    """Return a marker as a path from its middle."""
    r = size / 2
    t, d = r * 1.15, r * 1.3
    return {
        "^": f"m0 {number(-t)}l{number(t)} {number(2 * t)}h{number(-2 * t)}z",
        "d": f"m0 {number(-d)}l{number(d)} {number(d)}l{number(-d)} {number(d)}l{number(-d)} {number(-d)}z",
        "x": f"m{number(-r)} {number(-r)}l{number(2 * r)} {number(2 * r)}m0 {number(-2 * r)}l{number(-2 * r)} "
        f"{number(2 * r)}",
        "+": f"m{number(-t)} 0h{number(2 * t)}m{number(-t)} {number(-t)}v{number(2 * t)}",
    }[marker]


def markers(x: np.ndarray, y: np.ndarray, marker: str, size: float, colour: str) -> str:
    """Write markers, all of them one path, with an edge in the colour of the ground."""
    seen = [(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True) if a == a and b == b]
    if not seen:
        return ""
    edge, wide = paint("paper"), size if marker == "o" else size * 0.88
    if marker in ("o", "s"):  # a dot is a line of no length with an end
        path = "".join(f"M{number(a)} {number(b)}h0" for a, b in seen)
        look = {"d": path, "stroke_linecap": "round" if marker == "o" else "square", "fill": "none"}
        under = tag("path", **look, stroke=edge, stroke_width=float(wide + 1.8))
        return under + tag("path", **look, stroke=colour, stroke_width=float(wide))
    shape = shapes(marker, size)
    path = "".join(f"M{number(a)} {number(b)}{shape}" for a, b in seen)
    if marker in ("x", "+"):
        under = tag("path", d=path, stroke=edge, stroke_width=3.6, fill="none")
        return under + tag("path", d=path, stroke=colour, stroke_width=1.8, fill="none")
    return tag("path", d=path, fill=colour, stroke=edge, stroke_width=0.8)


def line(mark: Line, across: Scale, up: Scale) -> str:
    """Write a line, and what stands at its points."""
    x, y = thinned(*placed(mark.x, mark.y, across, up))
    drawn = tag(
        "path", d=moves(x, y) or "M0 0", fill="none", stroke=paint(mark.colour), stroke_width=float(mark.width),
        stroke_dasharray=DASHES[mark.dash], stroke_linejoin="round",
        stroke_linecap="round" if mark.dash == "" else None,
    )  # fmt: skip
    return drawn + (markers(x, y, mark.marker, 6.0, paint(mark.colour)) if mark.marker else "")


def points(mark: Points, across: Scale, up: Scale) -> str:
    """Write points, and what stands beside each: at its right, or at its left where the panel ends."""
    x, y = placed(mark.x, mark.y, across, up)
    said = []
    right = max(across.start, across.end)
    for text, a, b in zip(mark.texts, x.tolist(), y.tolist(), strict=False):
        if a == a and text:
            beyond = a + mark.size / 2 + 4 + width(text, SMALL) > right
            side, gap = ("end", -1) if beyond else ("start", 1)
            said.append(words(text, a + gap * (mark.size / 2 + 4), b + 4, SMALL, side, "ink", **HALO))
    return markers(x, y, mark.marker, float(mark.size), paint(mark.colour)) + "".join(said)


def bars(mark: Bars, across: Scale, up: Scale) -> str:
    """Write bars, and what stands at the end of each."""
    along, out = (up, across) if mark.horizontal else (across, up)
    half = mark.width / 2
    base = out.at(max(mark.base, out.low) if out.log else mark.base)
    by_colour: dict[str, list[str]] = {}
    said = []
    for i, (place, height) in enumerate(zip(np.asarray(mark.places), np.asarray(mark.heights), strict=True)):
        a, b, c = along.at(place - half), along.at(place + half), out.at(height)
        if not np.isfinite([a, b, c]).all():
            continue
        colour = mark.colours[i] if mark.colours and mark.colours[i] else mark.colour
        ends = (base, a, c, b) if mark.horizontal else (a, base, b, c)
        by_colour.setdefault(colour, []).append(
            f"M{number(ends[0])} {number(ends[1])}H{number(ends[2])}V{number(ends[3])}H{number(ends[0])}z"
        )
        if mark.texts:
            sign = 1 if c > base or (c == base and mark.horizontal) else -1  # that of 0 stands on the line
            at = (
                (c + 4 * sign, (a + b) / 2 + 4)
                if mark.horizontal
                else ((a + b) / 2, c + (12 if sign > 0 else -4))
            )
            anchor = ("start" if sign > 0 else "end") if mark.horizontal else "middle"
            said.append(words(mark.texts[i], *at, SMALL, anchor, "ink"))
    drawn = [tag("path", d="".join(p), fill=paint(c), fill_opacity=".9") for c, p in by_colour.items()]
    return "".join(drawn + said)


def spans(mark: Spans, across: Scale, up: Scale) -> str:
    """Write error bars: a line each, with ends."""
    path = []
    for place, low, high in zip(mark.places, mark.low, mark.high, strict=True):  # type: ignore[arg-type]
        along, out = (up, across) if mark.horizontal else (across, up)
        at, a, b = along.at(place), out.at(low), out.at(high)
        if np.isfinite([at, a, b]).all():
            p, q, r, s = number(at), number(a), number(b), number(at - 3)
            path.append(
                f"M{q} {p}H{r}M{q} {s}v6M{r} {s}v6"
                if mark.horizontal
                else f"M{p} {q}V{r}M{s} {q}h6M{s} {r}h6"
            )
    return tag("path", d="".join(path) or "M0 0", stroke=paint(mark.colour), stroke_width=1.25, fill="none")


def band(mark: Band, across: Scale, up: Scale) -> str:
    """Write what lies between two lines, piece by piece where either is not there."""
    low, high = placed(mark.x, mark.low, across, up), placed(mark.x, mark.high, across, up)
    there = ~(np.isnan(low[1]) | np.isnan(high[1]))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(int)))
    path = ""
    for a, b in edges.reshape(-1, 2):
        x = np.concatenate([low[0][a:b], high[0][a:b][::-1]])
        y = np.concatenate([low[1][a:b], high[1][a:b][::-1]])
        path += moves(x, y) + "z"
    return tag("path", d=path or "M0 0", fill=paint(mark.colour), fill_opacity=".2")


def heat(mark: Heat, across: Scale, up: Scale) -> str:
    """Write a map: rectangles where it is small, else an image."""
    values = np.asarray(mark.values)
    colours, there = shade(values, mark.palette, mark.limits, mark.faint), np.isfinite(values)  # type: ignore[arg-type]
    (x0, x1), (y0, y1) = mark.x, mark.y  # type: ignore[misc]
    rows, columns = values.shape
    xs, ys = across.at(np.linspace(x0, x1, columns + 1)), up.at(np.linspace(y0, y1, rows + 1))
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):  # on a log axis that it does not lie on
        return ""
    if values.size > CELLS and mark.texts is None:
        turned = colours[:: 1 if ys[-1] > ys[0] else -1, :: 1 if xs[-1] > xs[0] else -1]
        if not there.all():
            alpha = (255 * there[:: 1 if ys[-1] > ys[0] else -1, :: 1 if xs[-1] > xs[0] else -1]).astype(
                np.uint8
            )
            turned = np.dstack([turned, alpha])
        return tag(
            "image", x=float(min(xs[0], xs[-1])), y=float(min(ys[0], ys[-1])), width=float(abs(xs[-1] - xs[0])),
            height=float(abs(ys[-1] - ys[0])), preserveAspectRatio="none", href=address(turned),
            style="image-rendering:pixelated",
        )  # fmt: skip
    drawn, said = [], []
    for i, j in zip(*np.nonzero(there), strict=True):
        left, top = sorted(xs[j : j + 2])[0], sorted(ys[i : i + 2])[0]
        wide, high = abs(xs[j + 1] - xs[j]), abs(ys[i + 1] - ys[i])
        colour = hexadecimal(colours[i, j])
        drawn.append(
            tag(
                "rect",
                x=float(left),
                y=float(top),
                width=float(wide),
                height=float(high),
                fill=colour,
            )
        )
        if mark.texts is not None and mark.texts[i][j]:
            size = min(13.0, max(8.0, high * 0.42))
            text = fitted(mark.texts[i][j], wide - 2, size)
            ink = readable_on(colours[i, j])
            said.append(words(text, left + wide / 2, top + high / 2 + size * 0.35, size, "middle", ink))
    return tag("g", *drawn, shape_rendering="crispEdges") + "".join(said) if drawn else ""


def patches(mark: Patches, across: Scale, up: Scale) -> str:
    """Write polygons."""
    drawn = []
    for polygon, colour in zip(
        mark.polygons, shade(np.asarray(mark.values), mark.palette, mark.limits), strict=True  # type: ignore[arg-type]
    ):  # fmt: skip
        x, y = placed(np.asarray(polygon)[:, 0], np.asarray(polygon)[:, 1], across, up)
        path = "M" + " ".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + "z"
        drawn.append(f'<path d="{path}" fill="{hexadecimal(colour)}"/>')
    return tag("g", *drawn, stroke="#6b7785", stroke_opacity=".5", stroke_width=0.5) if drawn else ""


def contours(mark: Contours, across: Scale, up: Scale) -> str:
    """Write lines of equal height, those of a level as one path."""
    levels: dict[float, list[np.ndarray]] = {}
    for level, at in mark.lines:
        levels.setdefault(level, []).append(np.asarray(at))
    if not levels:
        return ""
    drawn = []
    limits = (min(levels), max(levels)) if len(levels) > 1 else (min(levels) - 1, max(levels) + 1)
    for level, paths in levels.items():
        colour = (
            hexadecimal(shade(np.array([level]), mark.palette, limits)[0])
            if mark.palette
            else paint(mark.colour)
        )
        pieces = [placed(at[:, 0], at[:, 1], across, up) for at in paths]
        path = "".join(moves(x, y) for x, y in pieces)
        drawn.append(tag("path", d=path, fill="none", stroke=colour, stroke_width=1.1))
        if mark.texts:
            x, y = max(pieces, key=lambda piece: len(piece[0]))
            middle = len(x) // 2
            drawn.append(
                words(f"{level:.3g}", float(x[middle]), float(y[middle]) + 4, SMALL - 1, "middle", "ink")
            )
    return "".join(drawn)


def text(mark: Text, across: Scale, up: Scale) -> str:
    """Write a text, its lines around its height."""
    said = mark.text.split("\n")
    size = SIZES[mark.size]
    y = up.at(mark.y) + size * 0.35 - (len(said) - 1) * size * 1.35 / 2
    return lines(
        said, across.at(mark.x), y, size, anchor=mark.anchor, colour=mark.colour, bold=mark.bold, **HALO
    )


def rule(mark: Rule, across: Scale, up: Scale) -> str:
    """Write a straight line through all of the panel."""
    if mark.x is not None:
        path = f"M{number(across.at(mark.x))} {number(up.start)}V{number(up.end)}"
    else:
        path = f"M{number(across.start)} {number(up.at(mark.y))}H{number(across.end)}"
    return tag(
        "path", d=path, stroke=paint(mark.colour), stroke_width=float(mark.width),
        stroke_dasharray=DASHES[mark.dash], fill="none",
    )  # fmt: skip


def tips(inside: str, tip: str) -> str:
    """Let something say a text where somebody points at it."""
    return tag("g", f"<title>{escape(visible(tip))}</title>", inside) if tip else inside


DRAW: dict[type, Draw] = {
    Line: line, Points: points, Bars: bars, Spans: spans, Band: band, Heat: heat, Patches: patches, Contours: contours,
    Text: text, Rule: rule,
}  # fmt: skip


def sample(mark: Any, x: float, y: float) -> str:
    """Write how a mark looks, for a legend, 18 pixels wide with its middle at y."""
    colour = paint(mark.colour)
    if isinstance(mark, Points):
        return markers(np.array([x + 9]), np.array([y]), mark.marker, min(mark.size, 8.0), colour)
    if isinstance(mark, Bars | Band):
        share = ".2" if isinstance(mark, Band) else ".9"
        return tag("rect", x=x + 3, y=y - 5, width=12, height=10, fill=colour, fill_opacity=share)
    dash = DASHES[getattr(mark, "dash", "")]
    wide = float(getattr(mark, "width", 1.25))
    drawn = tag(
        "path", d=f"M{number(x)} {number(y)}h18", stroke=colour, stroke_width=wide, stroke_dasharray=dash
    )
    if getattr(mark, "marker", ""):
        drawn += markers(np.array([x + 9]), np.array([y]), mark.marker, 6.0, colour)
    return drawn


def named(marks: Iterable[Any]) -> list[Any]:
    """Return the marks that a legend lists, one for each name."""
    found: dict[str, list[Any]] = {}
    for mark in marks:
        if getattr(mark, "name", ""):
            found.setdefault(mark.name, []).append(mark)
    return [next((m for m in same if not isinstance(m, Band)), same[0]) for same in found.values()]

"""Boxes and arrows as SVG."""

from typing import Any

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.showing.colours import hexadecimal, readable_on, shade
from chainrule.showing.svg.frame import Scale
from chainrule.showing.svg.marks import DASHES, HALO, paint, tips
from chainrule.showing.svg.text import NORMAL, SMALL, fitted, number, tag, width, words

KINDS = {  # the role of each kind
    "step": "c8", "leaf": "c3", "parameter": "c2", "result": "c1", "layer": "c1", "neuron": "c8", "note": "faint",
}  # fmt: skip
ROUND, HEAD, DEPTH = 6.0, 6.0, 5.0  # pixels: of corners and bends, of an arrow's head, of a block


def box(mark: Box, across: Scale, up: Scale) -> str:
    """Write a box, and its lines in the middle, smaller where they would not fit."""
    x0, x1 = sorted((across.at(mark.x), across.at(mark.x + mark.width)))
    y0, y1 = sorted((up.at(mark.y), up.at(mark.y + mark.height)))
    role = paint(mark.colour or KINDS[mark.kind])
    ground: dict[str, Any] = {"fill": role, "fill_opacity": ".06" if mark.kind == "note" else ".13"}
    ink = "ink"
    if mark.fill is not None and np.isfinite(mark.fill):
        colour = shade(np.array([mark.fill]), "diverging", (-1.0, 1.0))[0]
        ground, ink = {"fill": hexadecimal(colour)}, readable_on(colour)
    edge = {"stroke": role, "stroke_width": 1.25, "stroke_dasharray": DASHES[mark.dash], **ground}
    wide, high = x1 - x0, y1 - y0
    if mark.shape == "circle":
        place = {"cx": (x0 + x1) / 2, "cy": (y0 + y1) / 2, "rx": wide / 2, "ry": high / 2}
        drawn = tag("ellipse", **place, fill="var(--paper)") + tag("ellipse", **place, **edge)
    else:
        corner = {"box": None, "block": None, "round": min(ROUND, wide / 3, high / 3)}[mark.shape]
        place = {"x": x0, "y": y0, "width": wide, "height": high, "rx": corner}
        drawn = tag("rect", **place, fill="var(--paper)") + tag("rect", **place, **edge)
    if mark.shape == "block":
        d = number(DEPTH)
        top = f"M{number(x0)} {number(y0)}l{d} -{d}h{number(wide)}l-{d} {d}z"
        side = f"M{number(x1)} {number(y0)}l{d} -{d}v{number(high)}l-{d} {d}z"
        drawn += tag("path", d=top + side, stroke=role, stroke_width=1.25, fill=role, fill_opacity=".28")
    return tips(drawn + _inside(mark, (x0 + x1) / 2, (y0 + y1) / 2, wide, high, ink), mark.tip)


def _inside(mark: Box, x: float, y: float, wide: float, high: float, ink: str) -> str:
    if not mark.lines:
        return ""
    room = wide - (4 if mark.shape == "circle" else 8)
    several = len(mark.lines) > 1
    size = min(NORMAL, high / len(mark.lines) / 1.2)
    widest = max(width(text, size, several and i == 0) for i, text in enumerate(mark.lines))
    size = max(min(size, size * room / widest if widest else size), min(size, 9.0))
    step = min(size * 1.3, high / len(mark.lines))
    first = y + size * 0.35 - (len(mark.lines) - 1) * step / 2
    return "".join(
        words(fitted(text, room + 1, size, several and i == 0), x, first + i * step, size, "middle", ink,
              several and i == 0)
        for i, text in enumerate(mark.lines)
    )  # fmt: skip


def arrow(mark: Arrow, across: Scale, up: Scale) -> str:
    """Write an arrow with round bends, and what stands above and below its longest level part."""
    at = np.asarray(mark.points)
    x, y = across.at(at[:, 0]), up.at(at[:, 1])
    way = np.column_stack([x, y])
    way = way[np.concatenate([[True], np.abs(np.diff(way, axis=0)).sum(axis=1) > 1e-6])] if len(way) else way
    if len(way) < 2:
        return ""
    colour = paint(mark.colour)
    end = way[-1].copy()
    direction = (way[-1] - way[-2]) / np.hypot(*(way[-1] - way[-2]))
    drawn = ""
    if mark.head:
        head = HEAD + mark.width
        way[-1] = end - direction * head * 0.8
        across_ = np.array([-direction[1], direction[0]]) * head * 0.42
        tips_ = [end, end - direction * head + across_, end - direction * head - across_]
        drawn = tag("path", d="M" + "L".join(f"{number(a)} {number(b)}" for a, b in tips_) + "z", fill=colour)
    line = tag(
        "path", d=bent(way), fill="none", stroke=colour, stroke_width=float(mark.width),
        stroke_dasharray=DASHES[mark.dash], stroke_linejoin="round",
    )  # fmt: skip
    way[-1] = end
    place = None if mark.label is None else (across.at(mark.label[0]), up.at(mark.label[1]))
    return tips(line + drawn + _beside(mark, way, place), mark.tip)


def bent(way: np.ndarray) -> str:
    """Return a path with round bends."""
    path = f"M{number(way[0, 0])} {number(way[0, 1])}"
    for before, at, after in zip(way, way[1:], way[2:], strict=False):
        into, out = at - before, after - at
        r = min(ROUND, np.hypot(*into) / 2, np.hypot(*out) / 2)
        a, b = at - into / np.hypot(*into) * r, at + out / np.hypot(*out) * r
        path += (
            f"L{number(a[0])} {number(a[1])}Q{number(at[0])} {number(at[1])} {number(b[0])} {number(b[1])}"
        )
    return path + f"L{number(way[-1, 0])} {number(way[-1, 1])}"


def _beside(mark: Arrow, way: np.ndarray, place: tuple[float, float] | None) -> str:
    if not (mark.above or mark.below):
        return ""
    steps = np.diff(way, axis=0)
    level = np.abs(steps[:, 0]) - 2 * np.abs(steps[:, 1])
    part = int(level.argmax()) if (level > 0).any() else int(np.hypot(*steps.T).argmax())
    middle, (dx, dy) = (way[part] + way[part + 1]) / 2, steps[part]
    x, y = place or (float(middle[0]), float(middle[1]))
    if place or abs(dx) >= abs(dy) / 2:
        lift = abs(dy / dx) * max(width(t, SMALL) for t in (mark.above, mark.below)) / 2 if dx else 0.0
        lift = 0.0 if place else min(lift, 14.0)
        said = [
            (mark.above, x, y - 4 - lift, "middle", "ink"),
            (mark.below, x, y + 12 + lift, "middle", "negative"),
        ]
    else:
        said = [(mark.above, x + 5, y - 2, "start", "ink"), (mark.below, x + 5, y + 11, "start", "negative")]
    return "".join(words(t, a, b, SMALL, anchor, role, **HALO) for t, a, b, anchor, role in said if t)

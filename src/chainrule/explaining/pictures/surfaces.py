"""A surface over a plane, projected: patches from back to front, its edges, and a path on it."""

from math import cos, radians, sin
from typing import Literal

import numpy as np

from chainrule.explaining.pictures.grids import Grid
from chainrule.explaining.pictures.marks import Line, Mark, Patches, Points, Text
from chainrule.explaining.pictures.picture import Axis, Panel

TURN, TILT = radians(-32), radians(28)  # how the plane is turned, and from how high it is seen
HIGH = 0.8  # the highest place, where the plane's sides are 1
EDGES = 17  # of patches in each direction, beyond which a file grows and nothing is seen
NOTHING = 1e-9  # of an axis
CLEAR = 0.01  # above a place, of what covers it
GAP = 0.07  # from an edge to what it is called
ASIDE, BELOW = 0.3, 0.2  # where what the edges are called stands
LETTER = 0.036  # how wide one is that stands beside an edge
SIZE = (420.0, 400.0)


class View:
    """How places of a grid and heights become places on the page.

    Args:
        grid: The plane.
        low: The height that lies on its ground.
        high: The highest.
    """

    def __init__(self, grid: Grid, low: float, high: float) -> None:
        self.grid: Grid = grid
        self.low: float = low
        self.range: float = (high - low) or 1.0

    def __call__(self, x: np.ndarray, y: np.ndarray, heights: np.ndarray) -> np.ndarray:
        """Return places on the page, (n, 2)."""
        (left, right), (front, back) = self.grid.x, self.grid.y
        u = (np.asarray(x) - left) / (right - left) - 0.5
        v = (np.asarray(y) - front) / (back - front) - 0.5
        up = (np.asarray(heights) - self.low) / self.range * HIGH
        far = self.far(u, v)
        return np.stack([u * cos(TURN) - v * sin(TURN), far * sin(TILT) + up * cos(TILT)], axis=-1)

    def covers(self, heights: np.ndarray, x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Say of places whether the surface lies before them, on the way to who looks."""
        grid = self.grid
        square = (grid.square(heights) - self.low) / self.range * HIGH
        up = (np.asarray(at) - self.low) / self.range * HIGH
        found = np.zeros(len(up), bool)
        for nearer in np.linspace(0, 2, 4 * grid.steps)[1:]:
            u = (x - grid.x[0]) / (grid.x[1] - grid.x[0]) - nearer * cos(TILT) * sin(TURN)
            v = (y - grid.y[0]) / (grid.y[1] - grid.y[0]) - nearer * cos(TILT) * cos(TURN)
            inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
            found |= inside & (_between(square, u, v) > up + nearer * sin(TILT) + CLEAR)
        return found

    @staticmethod
    def far(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return how far away places of the unit plane are."""
        return u * sin(TURN) + v * cos(TURN)


def _between(square: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return what lies between the cells of a plane of side 1, linearly; NaN beside what is not finite."""
    last = len(square) - 1
    j, i = (np.clip(share * len(square) - 0.5, 0, last) for share in (u, v))
    left, low = (np.minimum(np.floor(each).astype(int), last - 1) for each in (j, i))
    a, b = j - left, i - low
    below = square[low, left] * (1 - a) + square[low, left + 1] * a
    return below * (1 - b) + (square[low + 1, left] * (1 - a) + square[low + 1, left + 1] * a) * b


def projected(
    grid: Grid,
    heights: np.ndarray,
    names: tuple[str, ...],
    name: str,
    bottom: tuple[np.ndarray, float],
    way: np.ndarray | None,
    along: np.ndarray | None,
) -> Panel:
    """Return a panel with the surface, its lowest place, and a path on it."""
    known = heights[np.isfinite(heights)]
    low, high = min(float(known.min()), bottom[1]), float(known.max())
    view = View(grid, low, high)
    marks: list[Mark] = [
        _patches(grid, heights, view, low, high),
        *_edges(grid, view, names, name, low, high),
    ]
    if way is not None and along is not None:
        begins, ends = np.array([grid.x, grid.y]).T
        places = view(way[:, 0], way[:, 1], along)
        places[((way < begins) | (way > ends)).any(axis=1)] = np.nan
        covered = view.covers(heights, way[:, 0], way[:, 1], along)
        seen = ~covered | np.append(covered[1:] != covered[:-1], False)  # up to the edge of what covers it
        marks.append(Line(places[:, 0], np.where(seen, places[:, 1], np.nan), "descent", "c2", "", 2.25))
        if covered.any():
            behind = np.where(covered, places[:, 1], np.nan)
            marks.append(Line(places[:, 0], behind, "behind the surface", "c2", "dotted", 1.25))
        marks.append(Points(places[:1, 0], places[:1, 1], "start", "c2", "s"))
    at = view(bottom[0][:1], bottom[0][1:], np.array([bottom[1]]))
    (covered,) = view.covers(heights, bottom[0][:1], bottom[0][1:], np.array([bottom[1]]))
    name = "minimum, behind the surface" if covered else "minimum"
    marks.append(Points(at[:, 0], at[:, 1], name, "wrong", "x", 5 if covered else 9))
    page = [view(*np.array([[x], [y], [h]])) for x in grid.x for y in grid.y for h in (low, high)]
    (left, bottom_edge), (right, top) = np.min(page, axis=0)[0], np.max(page, axis=0)[0]
    longest = max(len(f"{value:.3g}") for value in (low, high, *grid.y))
    aside = max(ASIDE, GAP + LETTER * longest)
    across = Axis(scale="none", limits=(left - aside, right + aside))
    return Panel(marks, "Surface", across, Axis(scale="none", limits=(bottom_edge - BELOW, top)), size=SIZE)


def _patches(grid: Grid, heights: np.ndarray, view: View, low: float, high: float) -> Patches:
    """Return the patches, those that are far away first; none where a height is not finite."""
    kept = np.unique(np.linspace(0, grid.steps - 1, min(grid.steps, EDGES)).round().astype(int))
    x, y = np.meshgrid(grid.xs[kept], grid.ys[kept])
    square = grid.square(heights)[np.ix_(kept, kept)]
    on_page = view(x, y, square)
    ring = ((0, 0), (0, 1), (1, 1), (1, 0))
    many = len(kept) - 1
    corners = np.stack([on_page[i : i + many, j : j + many] for i, j in ring], axis=2).reshape(-1, 4, 2)
    levels = np.mean([square[i : i + many, j : j + many] for i, j in ring], axis=0).ravel()
    u, v = np.meshgrid(np.linspace(0, 1, many), np.linspace(0, 1, many))
    order = np.argsort(-view.far(u, v).ravel(), kind="stable")
    order = order[np.isfinite(levels[order])]
    return Patches(list(corners[order]), levels[order], limits=(low, high) if high > low else None)


def _edges(grid: Grid, view: View, names: tuple[str, ...], name: str, low: float, high: float) -> list[Mark]:
    """Return the edges in front and that of the height, with what they are called and where they begin and end."""
    (left, right), (front, back) = grid.x, grid.y
    corners = {
        names[0]: ((left, front, low), (right, front, low), (left, right), (0.0, -1.0)),
        names[1]: ((right, front, low), (right, back, low), (front, back), (1.0, -0.45)),
        name: ((left, front, low), (left, front, high), (low, high), (-1.0, 0.0)),
    }
    marks: list[Mark] = []
    for called, (begin, end, ends, aside) in corners.items():
        line = np.concatenate([view(*np.array([p]).T) for p in (begin, end)])
        marks.append(Line(line[:, 0], line[:, 1], "", "muted", "", 1))
        away = np.array(aside) * GAP
        anchor: Literal["start", "middle", "end"] = (
            "middle" if aside[0] == 0 else "start" if aside[0] > 0 else "end"
        )
        middle = line.mean(axis=0) + 1.9 * away
        marks.append(Text(float(middle[0]), float(middle[1]), called, anchor, bold=True))
        for place, value in zip(line, ends, strict=True):
            at = place + away
            said = f"{0.0 if abs(value) < NOTHING * (ends[1] - ends[0]) else value:.3g}"
            marks.append(Text(float(at[0]), float(at[1]), said, anchor, "small", "muted"))
    return marks

"""What each neuron of a network makes of a plane: a map of it, its half-plane, or its curve."""

from typing import Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.explaining.pictures.diagrams import Arrow
from chainrule.explaining.pictures.examples import Truth
from chainrule.explaining.pictures.grids import Grid, around, grid_of, middles
from chainrule.explaining.pictures.marks import Contours, Heat, Line, Mark
from chainrule.explaining.pictures.picture import Axis, Panel
from chainrule.explaining.pictures.planes import Plane
from chainrule.train.network import Network

MOST_MAPS = 32  # neurons, the first of each layer
MOST_LINES = 12
MOST_CURVES = 8  # in a panel
SMALL = (150.0, 150.0)
COARSE = 48  # cells of a small map, from left to right
ARROW = 0.06  # of the map's width
PLACES = 300


def hidden_parts(model: Any, rows: Any) -> list[tuple[int, np.ndarray | None, np.ndarray]]:
    """Return of each hidden layer its number, the sums z of its neurons if any, and their values, (rows, units)."""
    if not isinstance(model, Network):
        inner = getattr(model, "network_", None)
        other = " Give the network of this estimator: estimator.network_." if inner is not None else ""
        raise DataError(f"Neurons are those of a network; found {short(model)}.{other}")
    found = model.activations(rows)
    layers = [name for name in found if name.startswith("A") and name[1:].isdigit() and found[name].ndim == 2]
    parts = [(int(name[1:]), found.get(f"Z{name[1:]}"), found[name]) for name in layers[:-1]]
    if not parts:
        raise DataError(
            "This network has no hidden layer of neurons: there is nothing between its inputs and outputs."
        )
    return parts


def maps_of_neurons(model: Any, where: Plane, truth: Truth | None, steps: int) -> list[Panel]:
    """Return a small map for each hidden neuron: its value, and a line where its sum is 0."""
    grid = grid_of(where.seen, min(steps, COARSE))
    parts = hidden_parts(model, where.rows(grid.points))
    each = max(1, MOST_MAPS // len(parts))
    panels = []
    for number, sums, values in parts:
        units = values.shape[1]
        for j in range(min(units, each)):
            marks: list[Mark] = [Heat(grid.square(values[:, j]), grid.x, grid.y, "diverging", bar=False)]
            if sums is not None:
                marks.append(Contours(grid.contours(sums[:, j], [0.0]), colour="ink"))
            rest = f" of {units}" if j == each - 1 and units > each else ""
            hidden = Axis(scale="none", limits=grid.x), Axis(scale="none", limits=grid.y)
            panels.append(Panel(marks, f"A{number}[{j}]{rest}", *hidden, legend=False, size=SMALL))
    return panels


def half_planes(model: Any, where: Plane, grid: Grid) -> list[Mark]:
    """Return where the sum of each neuron of the first hidden layer is 0, and an arrow to where it is active."""
    _, sums, _ = hidden_parts(model, where.rows(grid.points))[0]
    if sums is None:
        raise DataError("The first hidden layer of this network has no sums z: it is no layer of neurons.")
    marks: list[Mark] = []
    for z in sums.T[:MOST_LINES]:
        pieces = [points for _, points in grid.contours(z, [0.0])]
        if not pieces:
            continue
        longest = max(pieces, key=len)
        name = "z = 0 (arrow: z > 0)" if not marks else ""
        marks += [
            Line(points[:, 0], points[:, 1], name if k == 0 else "", "ink", "dashed", 1.25)
            for k, points in enumerate(pieces)
        ]
        marks.append(Arrow(_uphill(z, grid, longest[len(longest) // 5]), colour="ink"))
    return marks


def _uphill(z: np.ndarray, grid: Grid, start: np.ndarray) -> np.ndarray:
    """Return a short arrow from a place to where z grows, at a right angle to its line on the page."""
    size = np.array([grid.x[1] - grid.x[0], grid.y[1] - grid.y[0]])
    by_y, by_x = np.gradient(grid.square(z), grid.ys, grid.xs)
    column = int(np.abs(grid.xs - start[0]).argmin())
    row = int(np.abs(grid.ys - start[1]).argmin())
    slope = np.array([by_x[row, column], by_y[row, column]]) * size  # on a page as wide as high
    return np.array([start, start + ARROW * size * slope / max(float(np.hypot(*slope)), 1e-300)])


def curves_of_neurons(model: Any, where: Plane) -> list[Panel]:
    """Return a panel for each hidden layer: the value of each neuron along one column."""
    low, high = around(where.seen[:, 0])
    x = middles((low, high), PLACES)
    panels = []
    for number, _, values in hidden_parts(model, where.rows(x[:, None])):
        shown = values.T[:MOST_CURVES]
        title = f"A{number}: hidden layer {number}"
        if len(shown) < values.shape[1]:
            title += f", {len(shown)} of {values.shape[1]} neurons"
        lines = [Line(x, each, f"A{number}[{j}]") for j, each in enumerate(shown)]
        panels.append(Panel(lines, title, Axis(where.names[0], limits=(low, high)), Axis("activation")))
    return panels

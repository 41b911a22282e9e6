"""Encodings: numbers of a table as what a network learns from easily."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.node import Node
from chainrule.nn.layers.base import Layer, Scope, width_of
from chainrule.shown import counted

__all__ = ["PiecewiseLinearEncoding"]


@dataclass(frozen=True, repr=False, eq=False)
class PiecewiseLinearEncoding(Layer):
    """Numbers, and beside them how far each has come through each of its bins (Gorishniy et al. 2022).

    A bin from a to b gives ``clip((x - a) / (b - a), 0, 1)``: 0 before it, 1 behind it, and straight between. What a
    network makes of these is a curve with a corner at each edge, steps too; of x alone it would have to bend one first.
    The edges are kept beside the parameters, as statistics that nothing moves.

    Takes x of shape (batch, ..., features) and gives (batch, ..., features + bins): x first, then the bins of the first
    column, of the second, and so on.

    Args:
        edges: For each column the edges of its bins in order, one more than it has bins; nothing for a column that has
            none. :func:`bin_edges` finds them in a table.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If edges are no rows of numbers, each larger than the one before.

    >>> network = cr.Network([cr.PiecewiseLinearEncoding(((0, 1, 3), ()))], input_shape=2)
    >>> network.predict([[0.5, 7.0], [2.0, 8.0], [9.0, 9.0]])
    array([[0.5, 7. , 0.5, 0. ],
           [2. , 8. , 1. , 0.5],
           [9. , 9. , 1. , 1. ]], dtype=float32)
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> cr.PiecewiseLinearEncoding(cr.bin_edges(X, 24))(cr.input("x", ("batch", 2))).shape
    (batch, 50)
    """

    edges: tuple[tuple[float, ...], ...]
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        rows = [_row(number, row) for number, row in enumerate(_listed("edges", self.edges))]
        bins, itself = [np.stack([row[:-1], np.diff(row)]) for row in rows], np.ones((2, len(rows)))
        itself[0] = 0  # x itself stands among the bins, so that all is written in one go
        left, width = np.concatenate([itself, *bins], axis=1)
        each = np.repeat(np.arange(len(rows)), [part.shape[1] for part in bins])
        vars(self).update(
            edges=tuple([tuple(row.tolist()) for row in rows]),
            _left=left,
            _slope=1 / width,
            _columns=np.concatenate([np.arange(len(rows)), each]),
        )

    def __repr__(self) -> str:
        """Write how many there are, and never all edges: this stands in tables and errors."""
        columns = len(self.edges)
        bins = len(vars(self)["_left"]) - columns
        return f"PiecewiseLinearEncoding(<{counted(columns, 'column')}, {counted(bins, 'bin')}>)"

    def _in_graph(self, setting: str) -> Any:
        return tuple(map(len, self.edges)) if setting == "edges" else super()._in_graph(setting)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x, and behind it the bins.

        Args:
            scope: What the edges are kept with.
            x: A node of shape (batch, ..., features).

        Returns:
            A node of shape (batch, ..., features + bins).

        Raises:
            ShapeError: If x has more columns or fewer than there are edges for.

        >>> cr.PiecewiseLinearEncoding(((0, 1, 2),))(cr.input("x", ("batch", 1))).shape  # which calls build
        (batch, 3)
        """
        width = width_of(self, x)
        if width != len(self.edges):
            raise ShapeError(f"{self!r} has edges for {len(self.edges)} columns; found {width}.")
        own = vars(self)
        count = len(own["_left"])
        if count == width:
            return x
        left = scope.parameter("left", (count,), own["_left"], trainable=False)
        slope = scope.parameter("slope", (count,), own["_slope"], trainable=False)
        each = np.take(x, own["_columns"], axis=-1)
        found: Any = np.where(np.arange(count) < width, each, np.clip((each - left) * slope, 0, 1))
        return found


def _listed(what: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise GraphError(
            f"PiecewiseLinearEncoding: {what} must be a row of numbers for each column, such as ((0, 1, 3), ()); "
            f"found {short(given)}."
        )
    return list(given)


def _row(number: int, given: Any) -> np.ndarray:
    """Return the edges of a column, which must lie apart as float32 has them."""
    try:
        row = np.array(_listed("edges", given), np.float64)
        with np.errstate(all="ignore"):
            widths = np.diff(row.astype(np.float32))
            fit = (
                row.ndim == 1 and len(row) != 1 and bool((widths > 0).all() and np.isfinite(1 / widths).all())
            )
            fit = fit and bool(np.isfinite(row.astype(np.float32)).all())
    except (TypeError, ValueError, OverflowError):
        fit = False
    if not fit:
        raise GraphError(
            f"PiecewiseLinearEncoding: the edges of column {number} must be numbers, two or more or none, each larger "
            f"than the one before as float32 has them; found {short(given)}."
        )
    return row

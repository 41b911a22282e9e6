"""Where the bins of numbers lie: quantiles, and a bin of its own for a value that stands in many rows."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, ShapeError, short
from chainrule.graph.shapes import show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["bin_edges"]

LEAST = np.float32(2.0**-100)  # of a bin's width: beyond it 1 / width is no number


@public
def bin_edges(X: "ArrayLike", bins: int) -> tuple[tuple[float, ...], ...]:
    """Return the edges of bins for each column of a table, as :class:`PiecewiseLinearEncoding` takes them.

    The edges are quantiles, so that as many rows lie in each bin (Gorishniy et al. 2022). A value that stands in more
    rows than a bin would have takes an edge, and so do the values beside it: it is told from all others, however near
    they are. The quantiles are those of the other rows: of a column that is nearly always 0 the bins describe the rest.
    Where there are no more values than edges, each is one.

    Args:
        X: Numbers of shape (rows, columns); NaN, where one is missing, is left out.
        bins: How many bins a column has at the most.

    Returns:
        For each column its edges in order, as plain numbers, at most ``bins + 1``; none for a column of which all
        numbers are one of two, or the same: it is a bin already.

    Raises:
        ShapeError: If X is no table.
        DataError: If it holds no numbers, or infinite ones.
        GraphError: If bins is no whole number of at least 1.

    >>> cr.bin_edges([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 0.0], [8.0, 0.0]], 2)
    ((0.0, 2.0, 8.0), ())
    >>> X = np.concatenate([np.zeros(90), np.arange(1, 11)]).reshape(-1, 1)
    >>> cr.bin_edges(X, 4)
    ((0.0, 1.0, 4.0, 7.0, 10.0),)
    """
    try:
        table = np.asarray(X, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"The edges of bins are found among numbers; found {short(X)}.") from None
    if table.ndim != 2:
        raise ShapeError(
            f"The edges of bins are those of a table, (rows, columns); found {show(table.shape)}. "
            "Give a single column an axis: x.reshape(-1, 1)."
        )
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise GraphError(f"bins must be a whole number of at least 1; found {short(bins)}.")
    if np.isinf(table).any():
        raise DataError("The edges of bins are found among finite numbers; found infinite ones.")
    return tuple([_edges(column[~np.isnan(column)], int(bins)) for column in table.T])


def _edges(x: np.ndarray, bins: int) -> tuple[float, ...]:
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= 2:
        return ()
    if len(values) <= bins + 1:
        return _apart(values)
    heavy = np.flatnonzero(counts * bins > len(x))
    beside = np.clip(np.concatenate([heavy - 1, heavy, heavy + 1]), 0, len(values) - 1)
    own = np.unique(np.concatenate([values[beside], values[[0, -1]]]))
    if len(own) > bins + 1:  # no room for those beside them
        own = np.unique(np.concatenate([values[heavy], values[[0, -1]]]))
    rest = np.sort(x[~np.isin(x, values[heavy])])
    found = own
    for wanted in range(bins + 1 - len(own), 0, -1):
        quantiles = rest[np.round(np.linspace(0, len(rest) - 1, wanted + 2)[1:-1]).astype(int)]
        found = np.union1d(own, quantiles)
        if len(found) <= bins + 1:
            break
    return _apart(found)


def _apart(edges: np.ndarray) -> tuple[float, ...]:
    """Return edges without those that lie too near the one before for a bin between them."""
    kept: list[Any] = []
    for edge in edges:
        if not kept or edge - kept[-1] >= LEAST:
            kept.append(edge)
    return tuple(map(float, kept)) if len(kept) > 1 else ()

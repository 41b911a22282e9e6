"""Prediction intervals for numbers by split conformal prediction (Lei et al. 2018).

How far predictions were off is known of rows that the network did not learn from. The ⌈(n + 1) level⌉-th smallest of n
such distances reaches far enough for the level's share of new rows, whatever the network and the distribution, as long
as those are like the ones before.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.labels import in_units
from chainrule.data.target import Target
from chainrule.errors import DataError, FileFormatError, short
from chainrule.models.scores import Coverage
from chainrule.shown import counted

USUAL_LEVEL = 0.9
MOST_KEPT = 1000


@dataclass(frozen=True)
class Distances:
    """How far predictions were off, in the target's units.

    Attributes:
        rows: In how many rows.
        ranks: Which of the sorted distances are kept, from 1; all of few.
        columns: These, of each target column.
    """

    rows: int
    ranks: tuple[int, ...]
    columns: tuple[tuple[float, ...], ...]


def distances(target: Target, truth: np.ndarray, outputs: np.ndarray) -> Distances:
    """Return how far outputs were off: both standardised, shape (rows, columns).

    >>> target = Target("regression", ("price",), mean=(0.0,), std=(10.0,))
    >>> distances(target, np.array([[0.0], [1.0]]), np.array([[0.5], [0.9]])).columns
    ((1.0, 5.0),)
    """
    far = np.sort(np.abs(in_units(target, np.asarray(outputs, float)) - in_units(target, truth)), axis=0)
    kept = min(len(far), MOST_KEPT)
    ranks = -(-np.arange(1, kept + 1) * len(far) // kept)  # the last is the largest
    columns = (tuple(column.tolist()) for column in far[ranks - 1].T)
    return Distances(len(far), tuple(ranks.tolist()), tuple(columns))


def distances_from(data: Any, target: Target) -> Distances | None:
    """Return what a file holds of distances, or None."""
    known: Distances | None = plain.read(Distances | None, data, "measured")
    if known is not None:
        whole = len(known.columns) == target.width and all(
            len(each) == len(known.ranks) for each in known.columns
        )
        if (
            not whole
            or not known.ranks
            or list(known.ranks) != sorted({*known.ranks})
            or known.ranks[-1] != known.rows
        ):
            raise FileFormatError("measured: its ranks and columns do not fit each other.")
    return known


def widths(known: Distances, level: float) -> tuple[float, ...]:
    """Return how far the intervals of a level reach to each side, for each column.

    Raises :class:`~chainrule.errors.DataError` if so few rows know nothing of that level.

    >>> widths(Distances(19, tuple(range(1, 20)), (tuple(map(float, range(19))),)), 0.9)
    (17.0,)
    """
    rank = math.ceil((known.rows + 1) * level - 1e-9)
    if rank > known.rows:
        most = known.rows / (known.rows + 1)
        remedy = (
            f"The largest that they know is interval={math.floor(1000 * most) / 1000:g}."
            if most >= 0.001
            else "Train with more rows."
        )
        raise DataError(
            f"An interval of {level:g} needs {math.ceil(level / (1 - level) - 1e-9):,} rows that the network did not "
            f"learn from, and it was measured on {counted(known.rows, 'row')}.\n{remedy}"
        )
    at = int(np.searchsorted(known.ranks, rank))
    return tuple(column[at] for column in known.columns)


def checked_level(level: float) -> float:
    """Return the share that intervals are to hold; what is none between 0 and 1 is refused."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise DataError(f"interval must be a number between 0 and 1, such as 0.9; found {short(level)}.")
    return float(level)


def with_intervals(
    target: Target, predictions: pd.DataFrame, known: Distances | None, level: float
) -> pd.DataFrame:
    """Return predictions with the ends of their intervals: ``<column>_low`` and ``<column>_high`` after each column."""
    level = checked_level(level)
    if target.task != "regression":
        raise DataError(
            "An interval is one of numbers, and the target holds classes.\nPredict without: how sure the model is of "
            "each class is said by the columns probability_..."
        )
    if known is None:
        raise DataError(
            "How far this model's predictions are off was not measured on rows that it did not learn from.\nTrain it "
            "anew with such rows: test_fraction=0.2."
        )
    made: dict[str, pd.Series] = {}
    for column, width in zip(target.columns, widths(known, level), strict=True):
        low, high = f"{column}_low", f"{column}_high"
        for name in (low, high):
            if name in target.columns:
                raise DataError(
                    f"The end of an interval would be called {name!r}, as a target is. Rename that before training."
                )
        middle = predictions[column]
        made |= {column: middle, low: middle - width, high: middle + width}
    return pd.DataFrame(made)


def coverage(
    target: Target, known: Distances, truth: np.ndarray, outputs: np.ndarray
) -> tuple[Coverage, ...]:
    """Return how many intervals of 90 % hold the truth of rows that had no part in measuring ``known``."""
    try:
        reach = widths(known, USUAL_LEVEL)
    except DataError:  # too few rows
        return ()
    off = np.abs(in_units(target, np.asarray(outputs, float)) - in_units(target, truth))
    held = (off <= reach).mean(axis=0)
    each = zip(target.columns, reach, held.tolist(), strict=True)
    return tuple(Coverage(name, USUAL_LEVEL, width, share, len(off)) for name, width, share in each)


def coverage_by_halves(target: Target, truth: np.ndarray, outputs: np.ndarray) -> tuple[Coverage, ...]:
    """Return how many intervals of 90 % hold the truth, where the rows that judge are those that measure, too.

    Every other row measures for those between them, and the reverse; the intervals of all are as wide in the mean.
    """
    halves = slice(0, None, 2), slice(1, None, 2)
    each = [
        coverage(target, distances(target, truth[one], outputs[one]), truth[other], outputs[other])
        for one, other in (halves, halves[::-1])
    ]
    return tuple(
        replace(
            a,
            width=(a.width + b.width) / 2,
            held=(a.held * a.rows + b.held * b.rows) / len(truth),
            rows=len(truth),
        )
        for a, b in zip(*each, strict=False)
    )

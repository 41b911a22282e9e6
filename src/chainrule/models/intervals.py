"""How far scores can be believed: 95 % intervals by the bootstrap (Efron 1979), for all metrics from the same draws.

The rows are drawn anew, with replacement, a thousand times, and what lies between the 2.5th and the 97.5th percentile
of the scores is the interval. Nearly every metric is a function of sums over rows, so all draws are one product of
matrices; the area under the ROC curve is so to first order (DeLong et al. 1988). Many rows are dealt into groups that
are drawn in their place: a sum of random groups varies as a sum of random rows does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.random import Draws
from chainrule.train import measures
from chainrule.train.measures import Counts, decided
from chainrule.train.metrics import Known, Watched

DRAWS = 1000
GROUPS = 2000
SLOW_DRAWS = 200  # of metrics that nobody can tell the sums of
LEVEL = 0.95

Interval = tuple[float, float]
_COUNTED: dict[Any, Callable[..., np.ndarray]] = {
    measures.precision: Counts.precision,
    measures.recall: Counts.recall,
    measures.f1: Counts.f1,
}


@dataclass(frozen=True)
class Resampled:
    """Rows that were drawn anew: how often each, in every draw.

    Attributes:
        group: In which group each row is, shape (rows,).
        times: How often each group was drawn, shape (draws, groups).
    """

    group: np.ndarray
    times: np.ndarray

    def sums(self, parts: np.ndarray) -> np.ndarray:
        """Return the sums of numbers of each row, shape (rows, parts), in every draw: (draws, parts)."""
        groups = self.times.shape[1]
        if groups == len(parts):
            return np.asarray(self.times @ parts)
        found = np.column_stack([np.bincount(self.group, column, groups) for column in parts.T])
        return np.asarray(self.times @ found)


def resample(rows: int, seed: int = 0) -> Resampled:
    """Draw rows anew; the same seed draws the same.

    >>> resample(3).times.sum(axis=1).tolist() == [3.0] * DRAWS
    True
    """
    groups = min(rows, GROUPS)
    group = np.arange(rows)
    if rows > groups:
        group[Draws(seed, "bootstrap groups").permutation(rows)] = np.arange(rows) % groups
    words = Draws(seed, "bootstrap").words(-(-DRAWS * groups // 2)).view(np.uint32)[: DRAWS * groups]
    drawn = (words.astype(np.uint64) * np.uint64(groups) >> np.uint64(32)).astype(np.int64)
    drawn += np.repeat(np.arange(DRAWS) * groups, groups)
    times = np.bincount(drawn, minlength=DRAWS * groups).reshape(DRAWS, groups)
    return Resampled(group, times.astype(np.float64))


def scores_of_draws(metric: Watched, y: np.ndarray, p: np.ndarray, drawn: Resampled, seed: int) -> np.ndarray:
    """Return a metric of every draw, shape (draws,), NaN where one has none.

    ``y`` and ``p`` are as :mod:`~chainrule.train.measures` take them.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if not isinstance(metric, Known):
            return _one_by_one(metric, y, p, seed)
        if not metric.whole:
            each = np.broadcast_to(np.asarray(metric.formula(y, p), np.float64), len(y))
            total, rows = drawn.sums(np.column_stack([each, np.ones(len(y))])).T
            return np.asarray(total / rows)
        if metric.formula in _COUNTED:
            return _COUNTED[metric.formula](_counts(y, p, drawn, metric.average), metric.average)
        if metric.formula is measures.balanced_accuracy:
            return _counts(y, p, drawn, "macro", cells=True).balanced_accuracy()
        if metric.formula is measures.auc:
            return _areas(y, p, drawn, metric.average)
        if metric.formula in (measures.r2, measures.rmse):
            return _of_errors(metric, y, p, drawn)
    return _one_by_one(metric, y, p, seed)


def interval(values: np.ndarray) -> Interval | None:
    """Return what lies in the middle of the scores of all draws; None where too few have one.

    >>> interval(np.arange(1000.0) // 100)
    (0.0, 9.0)
    """
    values = values[np.isfinite(values)]
    if len(values) < SLOW_DRAWS / 2:
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def without_a_mistake(rows: int) -> Interval:
    """Return the interval of a share of 1, of which all of so many rows are right.

    The bootstrap knows no mistake that it never saw. The share is above 0.025^(1/n) with 97.5 % certainty (Clopper &
    Pearson 1934).

    >>> round(without_a_mistake(30)[0], 3)
    0.884
    """
    return ((1 - LEVEL) / 2) ** (1 / rows), 1.0


def _one_by_one(metric: Watched, y: np.ndarray, p: np.ndarray, seed: int) -> np.ndarray:
    draws = Draws(seed, "bootstrap one by one")
    found = []
    for _ in range(SLOW_DRAWS):
        rows = (draws.uniform(0, len(y), (len(y),))).astype(np.int64)
        if (
            isinstance(metric, Known)
            and metric.lacks
            and metric.lacks(y[rows], p[rows], np.ones(len(y), bool))
        ):
            continue
        found.append(metric(y[rows], p[rows]))
    return np.array(found, np.float64)


def _counts(y: np.ndarray, p: np.ndarray, drawn: Resampled, average: str, cells: bool = False) -> Counts:
    """Count what :func:`~chainrule.train.measures.counts` does, in every draw; of several columns all ``cells``."""
    rows = len(y)
    if cells and y.ndim == 2:
        y, p = y.reshape(-1, 1), p.reshape(-1, 1)
    true, said, many = decided(y, p, average)
    if many:
        true, said = (x[:, None] == np.arange(many) for x in (true, said))
    parts = np.hstack([true & said, said, true]).astype(np.float64)
    parts = parts.reshape(rows, -1, parts.shape[1]).sum(axis=1)
    hits, found, there = np.split(drawn.sums(parts), 3, axis=1)
    return Counts(hits, found, there, classes=bool(many))


def _areas(y: np.ndarray, p: np.ndarray, drawn: Resampled, average: str) -> np.ndarray:
    """Return the area under the ROC curve in every draw, to first order in how often each row was drawn."""
    rows = len(y)
    if y.ndim == 1:
        y = y[:, None] == np.arange(p.shape[1])
        if p.shape[1] == 2 and not average:
            y, p = y[:, 1:], p[:, 1:]
    if average == "micro":
        y, p = y.reshape(-1, 1), p.reshape(-1, 1)
    total = weight = np.zeros(len(drawn.times))
    for yes, outputs in zip((y > 0.5).T, p.T, strict=True):
        if yes.all() or not yes.any():
            continue
        place = _places(yes, outputs)
        parts = np.column_stack([place * yes, yes, place * ~yes, ~yes]).reshape(rows, -1, 4).sum(axis=1)
        of_yes, yeses, of_no, noes = drawn.sums(parts).T
        area = np.clip(of_yes / yeses + of_no / noes - place[yes].mean(), 0.0, 1.0)
        share = yeses if average == "weighted" else np.ones(len(area))
        there = np.isfinite(area)
        total = total + np.where(there, area * share, 0.0)
        weight = weight + share * there
    return total / weight


def _places(yes: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return of each yes the share of noes below it, and of each no that of yeses above it; a tie is half of each."""
    of_yes, of_no = np.sort(outputs[yes]), np.sort(outputs[~yes])
    place = np.empty(len(yes))
    below = np.searchsorted(of_no, outputs[yes], "left") + np.searchsorted(of_no, outputs[yes], "right")
    place[yes] = below / (2 * len(of_no))
    upto = np.searchsorted(of_yes, outputs[~yes], "left") + np.searchsorted(of_yes, outputs[~yes], "right")
    place[~yes] = 1 - upto / (2 * len(of_yes))
    return place


def _of_errors(metric: Known, y: np.ndarray, p: np.ndarray, drawn: Resampled) -> np.ndarray:
    """Return R², or the root of the mean squared error, in every draw: the mean over columns."""
    y = y.astype(np.float64)
    errors = (p - y) ** 2
    y = y - y.mean(axis=0)  # so that squares lose no digits
    rows, *sums = np.split(
        drawn.sums(np.hstack([np.ones((len(y), 1)), errors, y, y**2])),
        [1, 1 + y.shape[1], 1 + 2 * y.shape[1]],
        axis=1,
    )
    squared, total, squares = sums
    if metric.formula is measures.rmse:
        return np.asarray(np.sqrt(squared / rows).mean(axis=1))
    return np.asarray((1 - squared / (squares - total**2 / rows)).mean(axis=1))

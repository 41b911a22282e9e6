"""Measures of all predictions at once: those that are no mean of what each example is worth.

Each takes three arrays and returns a number: the targets ``y``, the outputs ``p``, and a weight ``w`` for each example,
(n,). Classes are numbers from 0, ``y`` of shape (n,), and ``p`` has a probability for each, (n, classes). Anything else
is in columns, ``y`` and ``p`` of shape (n, columns): numbers, or yes where they are above 0.5.

The definitions are those of scikit-learn, to which the tests hold them. Of two classes, and of one column, they speak
of yes, which is class 1; of more classes they are the mean over those that there are ("macro"), each against the rest.
Of several columns what is counted is counted over all cells ("micro"), and what is put in order is in order within a
column, so that is the mean over the columns. ``average`` says otherwise. A share of nothing counts 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Counts:
    """What was found, was predicted and was to be found of each class, or in each column: how much it weighs."""

    hits: np.ndarray
    said: np.ndarray
    true: np.ndarray
    classes: bool

    def share(self, above: np.ndarray, below: np.ndarray, average: str) -> float:
        """Return one count as a share of another, averaged over the classes or columns."""
        each, there = _share(above, below), self.said + self.true > 0
        if average == "micro" or (not average and not self.classes):
            return float(_share(above.sum(), below.sum()))
        if average == "weighted":
            return float(_share(each @ self.true, self.true.sum()))
        if not average and len(each) == 2:
            return float(each[1])
        return float(each[there if self.classes else ...].mean())


def counts(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> Counts:
    """Count what is found. A tie at 0.5 is no, of equal classes the first wins.

    >>> found = counts(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.8], [0.1]]), np.ones(3))
    >>> found.hits, found.said, found.true
    (array([1.]), array([2.]), array([2.]))
    """
    if y.ndim == 2 and not (y.shape[1] == 1 and average):
        yes, found = y > 0.5, p > 0.5
        return Counts(w @ (yes & found), w @ found, w @ yes, classes=False)
    if y.ndim == 2:  # no and yes are two classes
        y, p = (y[:, 0] > 0.5).astype(np.int64), p > [0.5]
        p = np.hstack([~p, p])
    said, many = p.argmax(axis=1), p.shape[1]
    right = said == y
    hits = np.bincount(y[right], w[right], many)
    return Counts(hits, np.bincount(said, w, many), np.bincount(y, w, many), classes=True)


def _share(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=np.asarray(below) > 0)


def precision(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the share of what is predicted that is right.

    >>> precision(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.8], [0.1]]), np.ones(3))
    0.5
    """
    found = counts(y, p, w, average)
    return found.share(found.hits, found.said, average)


def recall(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the share of what is to be found that is found.

    >>> recall(np.array([0, 1, 2]), np.array([[0.9, 0.1, 0.0]] * 3), np.ones(3)).__round__(4)
    0.3333
    """
    found = counts(y, p, w, average)
    return found.share(found.hits, found.true, average)


def f1(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the harmonic mean of precision and recall: 2 · hits / (predicted + to be found).

    >>> f1(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.2], [0.1]]), np.ones(3)).__round__(4)
    0.6667
    """
    found = counts(y, p, w, average)
    return found.share(2 * found.hits, found.said + found.true, average)


def balanced_accuracy(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Return the mean of the recalls of all classes that there are: one answer for all gets 1 / classes.

    >>> balanced_accuracy(np.array([[1.0], [0.0], [0.0]]), np.array([[0.1], [0.2], [0.3]]), np.ones(3))
    0.5
    """
    if y.ndim == 2:  # of several columns all cells, as the others
        w, y, p = np.repeat(w, y.shape[1]), y.reshape(-1, 1), p.reshape(-1, 1)
    found = counts(y, p, w, "macro")
    there = found.true > 0
    return float(np.mean(found.hits[there] / found.true[there])) if there.any() else 0.0


def auc(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the share of pairs of a yes and a no that the outputs put in order; a tie is half in order.

    It is the area under the ROC curve (Mann & Whitney 1947).

    >>> auc(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([[0.1], [0.6], [0.6], [0.9]]), np.ones(4))
    0.875
    """

    def area(yes: np.ndarray, no: np.ndarray) -> float:
        lower = no[-1] - no + np.diff(no, prepend=0) / 2
        return float(np.diff(yes, prepend=0) @ lower / (yes[-1] * no[-1]))

    return _ranked(area, y, p, w, average, both=True)


def average_precision(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the mean of the precisions at all thresholds, each weighed by the recall that it adds.

    >>> average_precision(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.5], [0.5]]), np.ones(3)).__round__(4)
    0.8333
    """

    def area(yes: np.ndarray, no: np.ndarray) -> float:
        return float(np.diff(yes, prepend=0) @ _share(yes, yes + no) / yes[-1])

    return _ranked(area, y, p, w, average, both=False)


def _ranked(
    area: Callable[[np.ndarray, np.ndarray], float],
    y: np.ndarray,
    p: np.ndarray,
    w: np.ndarray,
    average: str,
    both: bool,
) -> float:
    """Return an area below the curve that thresholds make, averaged over the columns or classes that there are.

    It is told what yes and no weigh down to each threshold, of which there must be some of yes, or of ``both``.
    """
    if y.ndim == 1:
        y = np.equal(y[:, None], np.arange(p.shape[1]))
        if p.shape[1] == 2 and not average:
            y, p = y[:, 1:], p[:, 1:]
    if average == "micro":
        w, y, p = np.repeat(w, y.shape[1]), y.reshape(-1, 1), p.reshape(-1, 1)
    areas, shares = [], []
    for yes, outputs in zip((y > 0.5).T, p.T, strict=True):
        order = np.argsort(-outputs, kind="stable")
        falling, heavy, right = outputs[order], w[order], yes[order]
        last = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)
        of_yes, of_no = np.cumsum(heavy * right)[last], np.cumsum(heavy * ~right)[last]
        if of_yes[-1] > 0 and (of_no[-1] > 0 or not both):
            areas.append(area(of_yes, of_no))
            shares.append(of_yes[-1])
    if not areas:
        return 0.0
    return float(np.average(areas, weights=shares if average == "weighted" else None))


def r2(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Return the share of the variance that is explained: ``1 - Σ (p - y)² / Σ (y - mean)²``, the mean over columns.

    >>> r2(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]), np.ones(3))
    0.5
    """
    y, p = y.astype(np.float64), p.astype(np.float64)
    spread = w @ (y - w @ y / w.sum()) ** 2
    return float(np.mean(1 - w @ (p - y) ** 2 / spread))


def rmse(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Return the root of the mean squared error, the mean over columns.

    >>> rmse(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]), np.ones(2)).__round__(4)
    1.4142
    """
    error = p.astype(np.float64) - y
    return float(np.mean(np.sqrt(w @ error**2 / w.sum())))


# --- what they need ---
# Each says of targets and outputs, and of which rows there are that weigh something, why there is no value, or "".


def lacks_both(y: np.ndarray, p: np.ndarray, there: np.ndarray) -> str:
    """Say in which column all answers are alike, so that nothing can be put in order."""
    y = y[there]
    if y.ndim == 1:
        return f"every row is of class {y[0]}" if (y == y[0]).all() else ""
    yes = y > 0.5
    alike = np.flatnonzero(yes.all(axis=0) | ~yes.any(axis=0))
    if not len(alike):
        return ""
    i = alike[0]
    return f"every row{_of_column(i, y)} is {'yes' if yes[0, i] else 'no'} ({y[0, i]:g})"


def lacks_yes(y: np.ndarray, p: np.ndarray, there: np.ndarray) -> str:
    """Say that nothing is to be found."""
    speaks_of_yes = y.ndim == 2 or p.shape[1] == 2
    return "no row is yes" if speaks_of_yes and not (y[there] > 0.5).any() else ""


def lacks_spread(y: np.ndarray, p: np.ndarray, there: np.ndarray) -> str:
    """Say in which column all numbers are equal."""
    y = y[there]
    equal = np.flatnonzero(np.ptp(y, axis=0) == 0)
    return f"every number{_of_column(equal[0], y)} is {y[0, equal[0]]:g}" if len(equal) else ""


def holds_zero(y: np.ndarray, p: np.ndarray, there: np.ndarray) -> str:
    """Say in which row there is a 0, by which nothing can be divided."""
    rows = np.flatnonzero((y == 0).any(axis=1) & there)
    return f"the target of row {rows[0]} is 0" if len(rows) else ""


def _of_column(i: Any, y: np.ndarray) -> str:
    return f" of column {i}" if y.shape[1] > 1 else ""

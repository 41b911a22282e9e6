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
    """What was found, was predicted and was to be found of each class, or in each column: how much it weighs.

    The last axis is that of the classes or columns; axes before it are of samples that are counted side by side.
    """

    hits: np.ndarray
    said: np.ndarray
    true: np.ndarray
    classes: bool

    def precision(self, average: str = "") -> np.ndarray:
        """Return the share of what is predicted that is right."""
        return self._mean(self.hits, self.said, average)

    def recall(self, average: str = "") -> np.ndarray:
        """Return the share of what is to be found that is found."""
        return self._mean(self.hits, self.true, average)

    def f1(self, average: str = "") -> np.ndarray:
        """Return the harmonic mean of both."""
        return self._mean(2 * self.hits, self.said + self.true, average)

    def balanced_accuracy(self) -> np.ndarray:
        """Return the mean of the recalls of all classes that there are."""
        return _mean_of(_share(self.hits, self.true), self.true > 0)

    def _mean(self, above: np.ndarray, below: np.ndarray, average: str) -> np.ndarray:
        """Return one count as a share of another, averaged over the classes or columns."""
        each = _share(above, below)
        if average == "micro" or (not average and not self.classes):
            return _share(above.sum(axis=-1), below.sum(axis=-1))
        if average == "weighted":
            return _share((each * self.true).sum(axis=-1), self.true.sum(axis=-1))
        if not average and each.shape[-1] == 2:
            return each[..., 1]
        return _mean_of(each, self.said + self.true > 0) if self.classes else each.mean(axis=-1)


def counts(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> Counts:
    """Count what is found. A tie at 0.5 is no, of equal classes the first wins.

    >>> found = counts(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.8], [0.1]]), np.ones(3))
    >>> found.hits, found.said, found.true
    (array([1.]), array([2.]), array([2.]))
    """
    true, said, many = decided(y, p, average)
    if not many:
        return Counts(w @ (true & said), w @ said, w @ true, classes=False)
    right = said == true
    hits = np.bincount(true[right], w[right], many)
    return Counts(hits, np.bincount(said, w, many), np.bincount(true, w, many), classes=True)


def decided(y: np.ndarray, p: np.ndarray, average: str = "") -> tuple[np.ndarray, np.ndarray, int]:
    """Return what is right and what is said: yes or no in columns and 0, or the numbers of classes and how many.

    >>> decided(np.array([2, 0]), np.array([[0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]))
    (array([2, 0]), array([2, 1]), 3)
    """
    if y.ndim == 1:
        return y, p.argmax(axis=1), p.shape[1]
    yes, found = y > 0.5, p > 0.5
    if y.shape[1] == 1 and average:  # no and yes are two classes
        return yes[:, 0].astype(np.int64), found[:, 0].astype(np.int64), 2
    return yes, found, 0


def _mean_of(each: np.ndarray, there: np.ndarray) -> np.ndarray:
    return _share((each * there).sum(axis=-1), there.sum(axis=-1))


def _share(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=np.asarray(below) > 0)


def precision(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the share of what is predicted that is right.

    >>> precision(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.8], [0.1]]), np.ones(3))
    0.5
    """
    return float(counts(y, p, w, average).precision(average))


def recall(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the share of what is to be found that is found.

    >>> recall(np.array([0, 1, 2]), np.array([[0.9, 0.1, 0.0]] * 3), np.ones(3)).__round__(4)
    0.3333
    """
    return float(counts(y, p, w, average).recall(average))


def f1(y: np.ndarray, p: np.ndarray, w: np.ndarray, average: str = "") -> float:
    """Return the harmonic mean of precision and recall: 2 · hits / (predicted + to be found).

    >>> f1(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.2], [0.1]]), np.ones(3)).__round__(4)
    0.6667
    """
    return float(counts(y, p, w, average).f1(average))


def balanced_accuracy(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> float:
    """Return the mean of the recalls of all classes that there are: one answer for all gets 1 / classes.

    >>> balanced_accuracy(np.array([[1.0], [0.0], [0.0]]), np.array([[0.1], [0.2], [0.3]]), np.ones(3))
    0.5
    """
    if y.ndim == 2:  # of several columns all cells, as the others
        w, y, p = np.repeat(w, y.shape[1]), y.reshape(-1, 1), p.reshape(-1, 1)
    return float(counts(y, p, w, "macro").balanced_accuracy())


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

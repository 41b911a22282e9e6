"""What curves are drawn of: how many are found and how many taken wrongly at each threshold, as scikit-learn counts.

Its import takes ten times as long as all of these, and ``chainrule train`` draws them for every report.
"""

from collections.abc import Iterator

import numpy as np


def at_thresholds(yes: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how many yes are found and how many no taken for yes from each threshold on, and these, the largest first.

    >>> found, wrong, at = at_thresholds(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> found.tolist(), wrong.tolist(), at.tolist()
    ([1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 1.0, 2.0], [0.8, 0.4, 0.35, 0.1])
    """
    order = np.argsort(-said, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(said[order])), len(said) - 1)
    found = np.cumsum(yes[order], dtype=np.float64)[ends]
    return found, 1 + ends - found, said[order][ends]


def roc_points(yes: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the corners of the ROC curve, shares of no and of yes, and the area under it.

    >>> wrong, found, area = roc_points(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> wrong.tolist(), found.tolist(), area
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0], 0.75)
    """
    found, wrong, _ = at_thresholds(yes, said)
    if len(found) > 2:
        corners = [True, *((np.diff(wrong, 2) != 0) | (np.diff(found, 2) != 0)), True]
        found, wrong = found[corners], wrong[corners]
    of_yes, of_no = np.append(0.0, found) / found[-1], np.append(0.0, wrong) / wrong[-1]
    return of_no, of_yes, float(np.sum(np.diff(of_no) * (of_yes[1:] + of_yes[:-1]) / 2))


def precision_points(
    yes: np.ndarray, said: np.ndarray, corners: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and threshold, from the smallest threshold on; then a point of none, (1, 0).

    ``corners`` leaves out points between others of the same recall.

    >>> precision, recall, at = precision_points(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    >>> precision.round(3).tolist(), recall.tolist(), at.tolist()
    ([0.5, 0.667, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0], [0.1, 0.35, 0.4, 0.8])
    """
    found, wrong, at = at_thresholds(yes, said)
    if corners and len(found) > 2:
        kept = [True, *((np.diff(found[:-1]) != 0) | (np.diff(found[1:]) != 0)), True]
        found, wrong, at = found[kept], wrong[kept], at[kept]
    precision, recall = found / (found + wrong), found / found[-1]
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), at[::-1]


def average_precision(yes: np.ndarray, said: np.ndarray) -> float:
    """Return the mean of the precision over the steps of the recall.

    >>> round(average_precision(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])), 3)
    0.833
    """
    precision, recall, _ = precision_points(yes, said)
    return max(0.0, -float(np.sum(np.diff(recall) * precision[:-1])))


def said_and_true(yes: np.ndarray, said: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean probability and the share of yes in each bin of equal width that has rows.

    >>> said_and_true(np.array([False, False, True, True]), np.array([0.1, 0.3, 0.8, 0.9]), 2)
    (array([0.2 , 0.85]), array([0., 1.]))
    """
    place = np.searchsorted(np.linspace(0.0, 1.0, bins + 1)[1:-1], said)
    rows = np.bincount(place, minlength=bins)
    there = rows > 0
    sums = (np.bincount(place, weights=each, minlength=bins)[there] for each in (said, yes))
    mean, share = (each / rows[there] for each in sums)
    return mean, share


def brier(yes: np.ndarray, said: np.ndarray) -> float:
    """Return the mean squared error of probabilities.

    >>> brier(np.array([False, True]), np.array([0.5, 1.0]))
    0.125
    """
    return float(np.mean((said - yes) ** 2))


def taken_for(true: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """Return how many rows of each class were taken for each, (true, said).

    >>> taken_for(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = np.bincount(np.asarray(true) * classes + np.asarray(said), minlength=classes * classes)
    return cells.reshape(classes, classes)


def errors_of(true: np.ndarray, said: np.ndarray) -> Iterator[float]:
    """Yield the mean absolute error of numbers, and R²: 0 of those that never change, but for 1 where all are right.

    >>> list(errors_of(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 2.5])))
    [0.3333333333333333, 0.75]
    """
    yield float(np.mean(np.abs(true - said)))
    left, spread = float(np.sum((true - said) ** 2)), float(np.sum((true - true.mean()) ** 2))
    yield 1 - left / spread if spread else float(left == 0)

"""What each example weighs: weights of the examples, of their classes, and the product of both."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from chainrule.errors import DataError, LearningWarning, short, warn
from chainrule.graph.shapes import show
from chainrule.train.sequences import at_steps, listed
from chainrule.train.validation import as_numbers, cast, check_finite


def weights(
    sample_weight: Any,
    rows: int,
    steps: int | None,
    own: np.ndarray | None = None,
    counts: np.ndarray | None = None,
    what: str = "sample_weight",
) -> np.ndarray:
    """Return a weight for each row or for each of its ``steps``; ``own`` and ``counts`` as of :func:`at_steps`."""
    sample_weight = listed(sample_weight)
    if steps is not None and (placed := at_steps(sample_weight, steps, own, counts, what)) is not None:
        array = placed
    else:
        array = as_numbers(sample_weight, what)
    if array.ndim == 3 and array.shape[2] == 1 and steps is not None:
        array = array[..., 0]
    if array.ndim == 2 and array.shape[1] == 1 and steps != 1:
        array = array[:, 0]
    if array.shape not in ((rows,), (rows, steps)):
        of_steps = f", or for each of their {steps} steps, {show((rows, steps))}" if steps is not None else ""
        raise DataError(
            f"{what} has shape {show(array.shape)}; expected one weight for each of the {rows} rows{of_steps}."
        )
    check_finite(array, sample_weight, what)
    if (array < 0).any():
        raise DataError(f"{what} is negative in row {int(np.argmax(array < 0))}; weights are at least 0.")
    return cast(array, np.dtype(np.float64), sample_weight, what)


def of_steps(factors: Mapping[str, np.ndarray], counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return weights of rows and of steps as weights of steps, with those of padding 0.

    Args:
        factors: Weights by what the user calls them, (rows,) or (rows, steps).
        counts: Which steps count, (rows, steps).
    """
    if counts.size and not counts.any():
        raise DataError("X holds nothing but padding: there is nothing to learn from.")
    wide = {name: each if each.ndim == 2 else each[:, np.newaxis] for name, each in factors.items()}
    return {name: np.where(counts, each, 0.0) for name, each in wide.items()} or {"padding": counts * 1.0}


FAR_APART = 24  # weights further apart than so many powers of 2 are compared within each batch
TOP = 960  # the power of 2 where the largest of these then lies: there is room for a sum above it


def scaled(factors: Mapping[str, np.ndarray], dtype: np.dtype) -> tuple[np.ndarray, bool]:
    """Return the product of weights without their common scale, which cancels in Σ w·loss / Σ w.

    It is moved by a power of 2, so that no digit changes, and no product overflows on the way.

    Args:
        factors: Weights of the rows by what the user calls them.
        dtype: What the network computes in.

    Returns:
        The weights, the largest near 1, and False; or, where a batch may hold such small ones alone that
        ``dtype`` has no number for them, float64 with the largest near 2^TOP, and True.
    """
    digits, power = np.float64(1), np.int64(0)
    for each in factors.values():
        more, up = np.frexp(each)
        digits, power = digits * more, power + up
    digits, up = np.frexp(digits)
    counts, power = digits > 0, power + up
    if not counts.size:
        return np.zeros(0, dtype), False
    if not counts.any():
        raise DataError(f"{' times '.join(factors)} is zero in every row: none would count.")
    power = power - power[counts].max()
    if power[counts].min() > -FAR_APART:
        return np.ldexp(digits, power).astype(dtype), False
    return np.ldexp(digits, power + TOP), True


def class_weights(
    class_weight: Any, y: np.ndarray, classes: int, counts: np.ndarray | None = None
) -> np.ndarray:
    """Return a weight for each row from a weight for each class, or from "balanced": n / (classes · count).

    Args:
        class_weight: A dict from class to weight, in which a class that is left out weighs 1; or "balanced".
        y: The targets: labels, a column of them, or one-hot rows.
        classes: How many classes the network knows, from 0.
        counts: Where each step of a sequence has a class, (rows, steps): which of them count. The weights are then
            those of the steps.
    """
    if counts is not None and counts.any():
        of_steps = np.zeros(counts.shape)
        of_steps[counts] = class_weights(class_weight, y[counts], classes)
        return of_steps
    if y.ndim == 2 and y.shape[1] > 1:
        labels = y.argmax(axis=1)
        if not np.array_equal(np.eye(y.shape[1], dtype=y.dtype)[labels], y):
            raise DataError("class_weight needs one class for each row; these targets are no labels.")
    elif y.size == len(y):
        labels = y.reshape(len(y))
    else:
        raise DataError(f"class_weight needs one class for each row; y has shape {show(y.shape)}.")
    if not np.array_equal(labels, np.floor(labels)):
        raise DataError("class_weight needs classes, and y holds other numbers. Give sample_weight instead.")
    present, counts = np.unique(labels, return_counts=True)
    if isinstance(class_weight, str) and class_weight.lower() == "balanced":
        return (len(labels) / (len(present) * counts))[np.searchsorted(present, labels)]
    if not isinstance(class_weight, Mapping):
        found = short(class_weight)
        raise DataError(
            f"class_weight is a dict of weights such as {{0: 1, 1: 5}}, or 'balanced'; found {found}."
        )
    known = {*map(float, present), *map(float, range(classes))}
    for c, w in class_weight.items():
        if c not in known:
            raise DataError(
                f"class_weight speaks of class {short(c)}; the classes here are {_listed(sorted(known))}."
            )
        if not isinstance(w, Real) or not 0 <= float(w) < math.inf:
            raise DataError(
                f"class_weight of class {short(c)} must be a number of at least 0; found {short(w)}."
            )
    table = {float(c): float(w) for c, w in class_weight.items()}
    left_out = [c for c in present if float(c) not in table]
    if left_out and {table.get(float(c), 1.0) for c in present} == {1.0}:
        warn(
            f"class_weight={short(dict(class_weight))} changes nothing: class {_listed(left_out)}, which it leaves "
            "out, weighs 1 as well. Give it a weight of its own.",
            LearningWarning,
        )
    return np.array([table.get(float(c), 1.0) for c in labels])


def _listed(values: Sequence[Any] | np.ndarray) -> str:
    return ", ".join(f"{v:g}" for v in values[:5]) + (", ..." if len(values) > 5 else "")


def shares_of(weights: np.ndarray | None) -> Callable[[slice], float]:
    """Return what tells how much rows of a table weigh, by their weights or their number; only ratios mean anything."""
    if weights is None:
        return lambda cut: float(cut.stop - cut.start)
    _, power = np.frexp(weights.max())
    return lambda cut: float(np.ldexp(weights[cut].sum(dtype=np.float64), -power))

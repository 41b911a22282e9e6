"""What is true and what was predicted, as the pictures of scores take them: arrays that fit each other, or words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError, ShapeError, short
from chainrule.shown import counted, cut, in_a_row
from chainrule.train.validation import as_numbers

NAME = 24  # characters of a class
MOST_POINTS = 1500  # that are drawn; numbers are taken of all


@dataclass(frozen=True)
class Question:
    """A question of yes or no, of each row: is it of this class?

    Attributes:
        name: The class, or the label.
        yes: Whether it is, (rows,).
        said: How sure of it the prediction is, (rows,).
    """

    name: str
    yes: np.ndarray
    said: np.ndarray

    @property
    def has_both(self) -> bool:
        """Whether there are rows of both answers; a curve of one alone says nothing."""
        return bool(self.yes.any() and not self.yes.all())


def numbers_of(value: Any, what: str) -> np.ndarray:
    """Return numbers as float64, all of them finite."""
    found = np.asarray(as_numbers(value, what), np.float64)
    wrong = ~np.isfinite(found)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise DataError(f"{what} holds {found[wrong][0]} in row {row}; a picture is of finite numbers.")
    if found.ndim == 0 or not found.size:
        raise DataError(f"{what} has no rows; a picture needs some.")
    return found


def outputs_of(value: Any, what: str) -> np.ndarray:
    """Return numbers as (rows, outputs)."""
    found = numbers_of(value, what)
    if found.ndim > 2:
        raise ShapeError(f"{what} has shape {found.shape}; expected (rows,) or (rows, outputs).")
    return found.reshape(len(found), -1)


def fitting(y: Any, p: Any, what: str = "the predictions") -> tuple[np.ndarray, np.ndarray]:
    """Return what is true and what was predicted, both (rows, outputs)."""
    true, said = outputs_of(y, "y"), outputs_of(p, what)
    if true.shape != said.shape:
        raise ShapeError(f"y has shape {true.shape} and {what} {said.shape}; expected one shape.")
    return true, said


def named(names: Sequence[Any] | None, count: int, what: str, first: str) -> tuple[str, ...]:
    """Return the names of so many things: those that are given, or numbers behind ``first``."""
    if names is None:
        return tuple(f"{first}{i}" for i in range(count))
    if isinstance(names, str) or len(names) != count:
        raise DataError(f"{what} are {count} names here; found {short(names)}.")
    return tuple(name_of(name) for name in names)


def labels_of(value: Any, what: str) -> np.ndarray:
    """Return a label for each row, (rows,)."""
    found = np.asarray(value)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise ShapeError(f"{what} has shape {found.shape}; expected (rows,), one label for each row.")
    if not len(found):
        raise DataError(f"{what} has no rows; a picture needs some.")
    missing = np.array([x is None or x != x for x in found.tolist()])
    if missing.any():
        raise DataError(f"{what} has no value in row {int(missing.argmax())}. Leave such rows out first.")
    return found


def coded(
    classes: Sequence[Any] | None, *columns: tuple[str, Any]
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the names of classes, and of each column of labels the positions among them.

    ``classes`` are the labels in an order of one's own, or names for the whole numbers from 0.
    """
    every = [(what, labels_of(value, what).tolist()) for what, value in columns]
    there = {label for _, labels in every for label in labels}
    if classes is None:
        try:
            known: list[Any] = sorted(there)
        except TypeError:  # words beside numbers
            known = sorted(there, key=str)
    else:
        known = [x.item() if hasattr(x, "item") else x for x in classes]
        if not there <= set(known) and all(isinstance(x, int | float) and 0 <= x < len(known) for x in there):
            known = list(range(len(known)))
    alike = {str(label): label for label in known}
    if len(alike) < len(set(known)):
        one, other = next((x, alike[str(x)]) for x in known if alike[str(x)] != x)
        names = " and ".join(what for what, _ in columns)
        raise DataError(
            f"{names} hold {one!r} and {other!r}, one class in two types. Make them alike: np.array(y, str)."
        )
    places = {label: i for i, label in enumerate(known)}
    codes = []
    for what, labels in every:
        for row, label in enumerate(labels):
            if label not in places:
                told = in_a_row([short(x) for x in classes or known])
                raise DataError(
                    f"{what} holds {short(label)} in row {row}, which is none of the classes {told}."
                )
        codes.append(np.array([places[label] for label in labels]))
    return tuple(name_of(label) for label in (known if classes is None else classes)), codes


def name_of(label: Any) -> str:
    """Return what a class is called on a picture.

    >>> name_of("setosa"), name_of(1.0), name_of(False)
    ('setosa', '1', 'False')
    """
    return cut(f"{label:g}" if isinstance(label, float) else str(label), NAME)


def questions(y: Any, p: Any, classes: Sequence[Any] | None) -> list[Question]:
    """Return the questions of yes or no that predictions answer: one of two classes, else one for each class or label.

    Args:
        y: Labels (rows,); of several yes-or-no labels (rows, labels) of 0 and 1.
        p: The probability of the second class (rows,), or those of every class or label, (rows, classes).
        classes: The names of the classes or labels, or None.
    """
    said, true = outputs_of(p, "p"), np.asarray(y)
    rows, width = said.shape
    if len(true) != rows or true.ndim == 0:
        raise ShapeError(
            f"y has {counted(len(true) if true.ndim else 0, 'row')} and p {rows}; expected as many."
        )
    if true.ndim == 2 and true.shape[1] == width > 1:
        each = outputs_of(y, "y")
        if not np.isin(each, (0, 1)).all():
            raise DataError("y of several labels holds 0 and 1 alone, whether a row has the label.")
        names = named(classes, width, "classes", "label ")
        return [Question(n, t == 1, s) for n, t, s in zip(names, each.T, said.T, strict=True)]
    many = max(width, 2)
    if classes is None and true.dtype.kind in "biu" and true.size and true.min() >= 0 and true.max() < many:
        classes = list(range(many)) if true.dtype.kind != "b" else [False, True]
    names, (codes,) = coded(classes, ("y", y))
    if len(names) != many:
        raise DataError(
            f"p has {counted(width, 'column')}, which are for {many} classes; y knows {len(names)} "
            f"({in_a_row(names)}). Name all of them in their order: classes=[...]."
        )
    if width <= 2:
        return [Question(names[1], codes == 1, said[:, -1])]
    return [Question(n, codes == i, said[:, i]) for i, n in enumerate(names)]


def telling(asked: Sequence[Question]) -> tuple[list[Question], tuple[str, ...]]:
    """Return the questions of which there are rows of both answers, and what is to be said of the others."""
    both = [q for q in asked if q.has_both]
    if not both:
        raise DataError(
            f"All rows of y are of one class: {in_a_row([q.name for q in asked])} is told apart from nothing. "
            "Take rows of both."
        )
    left = [q.name for q in asked if not q.has_both]
    return both, ((f"No curve of {in_a_row(left)}: y has no rows of it, or no others.",) if left else ())


def thinned(count: int, most: int = MOST_POINTS) -> np.ndarray:
    """Return the places of at most so many of ``count`` things, evenly from the first to the last."""
    return (
        np.arange(count) if count <= most else np.unique(np.linspace(0, count - 1, most).round().astype(int))
    )


def counted_in_bins(values: np.ndarray, bins: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return how many numbers lie in each of so many bins of equal width, and the edges of these.

    Numbers too near to each other for so many edges between them are in bins around them that floats can tell apart.
    """
    if values.size and np.ndim(bins) == 0:
        low, high = float(values.min()), float(values.max())
        size = max(abs(low), abs(high))
        if high - low < size * 1e-12 or not np.isfinite(high - low):
            room = max(size * 1e-6, 0.5) if np.isfinite(high - low) else 0.0
            edges = np.linspace(0.0, 1.0, int(bins) + 1)
            edges = (low - room) * (1 - edges) + (high + room) * edges
            return np.histogram(values, edges)
    return np.histogram(values, bins)


def about_thinned(count: int, most: int = MOST_POINTS) -> tuple[str, ...]:
    """Return what is said where not all rows are drawn."""
    return (f"{most:,} of {count:,} rows are drawn; the numbers are of all.",) if count > most else ()

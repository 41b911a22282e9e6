"""What an estimator is to predict: which classes, yes-or-no labels or numbers y holds, and how they become targets."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from chainrule.errors import DataError, short
from chainrule.shown import counted


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is predicted.

    Attributes:
        kind: "classes", of which one is right; "labels", each of which may be; "numbers".
        count: How many there are.
        classes: The classes, sorted; the numbers of the columns of labels; of numbers nothing.
        flat: Whether y has one dimension.
    """

    kind: Literal["classes", "labels", "numbers"]
    count: int
    classes: np.ndarray
    flat: bool = True

    @property
    def units(self) -> int:
        """How many units predict it."""
        return 1 if self.kind == "classes" and self.count == 2 else self.count

    def __str__(self) -> str:
        if self.kind == "classes":
            some = [short(name) for name in self.classes[:3].tolist()] + ["..."] * (self.count > 3)
            return f"{self.count:,} classes ({', '.join(some)})"
        return counted(self.count, "label" if self.kind == "labels" else "column")


def classes_in(y: Any, classes: Any = None) -> tuple[Wanted, np.ndarray]:
    """Return which classes there are, and y as numbers from 0; labels are rows of 0 and 1.

    Args:
        y: A class for each row, or a column for each label.
        classes: All classes there may be, where y need not hold each.
    """
    if hasattr(y, "toarray"):
        y = y.toarray()
    kind = type_of_target(y, raise_unknown=True, input_name="y")
    if kind == "multiclass-multioutput":
        raise DataError(
            "y has several columns of several classes each. A network answers one question, or several of yes or no: "
            "fit one for each column, sklearn.multioutput.MultiOutputClassifier(estimator)."
        )
    if kind == "multilabel-indicator":
        labels = np.asarray(y)
        return Wanted("labels", labels.shape[1], np.arange(labels.shape[1]), flat=False), labels.astype(
            np.int64
        )
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    known = np.unique(y) if classes is None else np.unique(np.asarray(classes))
    if len(known) < 2:
        raise DataError(f"y holds one class only, {short(known[0])}: there is nothing to tell apart.")
    return Wanted("classes", len(known), known), numbered(y, known)


def numbered(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the number of each class of y, or say which is not known."""
    places = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    new = classes[places] != y
    if np.any(new):
        listed = ", ".join(short(name) for name in classes[:10].tolist()) + (
            ", ..." if len(classes) > 10 else ""
        )
        raise DataError(f"y holds the class {short(y[new][0])}, and the classes are {listed}.")
    return places


def numbers_in(y: np.ndarray, classes: Any = None) -> tuple[Wanted, np.ndarray]:
    """Return how many numbers there are for each row, and y with one dimension where that is one."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if y.ndim > 2:
        raise DataError(
            f"y has {y.ndim} dimensions; expected a number for each row, or a column for each of several."
        )
    count = 1 if y.ndim == 1 else y.shape[1]
    return Wanted("numbers", count, np.empty(0), flat=y.ndim == 1), y


def check_first(estimator: Any, y: Any, classes: Any) -> None:
    """Raise where ``partial_fit`` is not told which classes there will be, or is told of others than before."""
    known = getattr(estimator, "classes_", None)
    if known is None and classes is None and np.ndim(y) < 2:
        raise DataError(
            "The first time partial_fit needs to know all classes that there will be, since some rows need not have "
            "them all: partial_fit(X, y, classes=np.unique(all_y))."
        )
    if (
        known is not None
        and classes is not None
        and not np.array_equal(np.unique(np.asarray(classes)), known)
    ):
        raise DataError(f"classes is {short(classes)}, and was {short(known.tolist())} the first time.")

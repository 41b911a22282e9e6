"""Classes as scikit-learn knows them: from labels of any kind to what a network learns, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.multiclass import type_of_target, unique_labels

from chainrule.errors import DataError
from chainrule.shown import in_a_row

FEW = 20  # labels, of which scikit-learn does not wonder that they differ


@dataclass(frozen=True)
class Labels:
    """What the labels of a fit were.

    Attributes:
        kind: "binary", "multiclass" or "multilabel-indicator".
        classes: All there are, sorted.
        sparse: Whether they were a sparse matrix, of which predictions are then one too.
    """

    kind: str
    classes: np.ndarray
    sparse: bool = False

    @property
    def outputs(self) -> int:
        """How many numbers a network puts out for them."""
        return 1 if self.kind == "binary" and len(self.classes) <= 2 else len(self.classes)

    @property
    def activation(self) -> str:
        """What these end in, in scikit-learn's words."""
        return "softmax" if self.kind == "multiclass" else "logistic"

    def encoded(self, y: Any, dtype: np.dtype) -> np.ndarray:
        """Return what a network learns: the numbers of classes ``(n,)``, or ``(n, outputs)`` of 0 and 1."""
        if self.kind == "multilabel-indicator":
            found: np.ndarray = y.toarray() if scipy.sparse.issparse(y) else np.asarray(y)
            return found.astype(bool).astype(dtype)
        numbers = np.searchsorted(self.classes, y)
        if self.kind == "multiclass":
            return numbers.astype(np.int64)
        known = len(self.classes) > 1
        return (numbers == 1 if known else np.zeros(len(numbers), bool)).astype(dtype)[:, None]

    def chosen(self, p: np.ndarray) -> np.ndarray:
        """Return what is chosen, given what a network puts out: as :meth:`encoded` has it, but as whole numbers."""
        return p.argmax(axis=1) if self.kind == "multiclass" else (p > 0.5).astype(np.int64)

    def decoded(self, p: np.ndarray) -> Any:
        """Return the labels that are chosen, given what a network puts out."""
        found = self.chosen(p)
        if self.kind == "multilabel-indicator":
            return scipy.sparse.csr_matrix(found) if self.sparse else found
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(p))
        labels = self.classes.take(found.ravel())
        return scipy.sparse.csr_matrix(labels[:, None]) if self.sparse else labels

    def check_more(self, y: Any, warm_start: Any) -> None:
        """Raise where a fit that goes on is given other classes, in scikit-learn's words.

        Args:
            y: What it is given.
            warm_start: Whether it must have all classes, or some.
        """
        if y.ndim == 1 and self.kind.startswith("multilabel"):
            raise DataError(
                f"y is one label for each row, and in the fits before it had {len(self.classes)} columns of 0 and 1."
            )
        plain = plain_classes(y)
        if plain is not None and np.array_equal(plain, self.classes):
            return
        classes = unique_labels(y) if plain is None else plain
        if warm_start:
            if set(classes) != set(self.classes):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. 'y' has {classes}."
            )
        several = plain is None and type_of_target(y).startswith("multilabel")
        if several and not self.kind.startswith("multilabel"):
            raise ValueError("The object was not fitted with multilabel input.")
        if several and y.shape[1] != len(self.classes):
            raise DataError(
                f"y has {y.shape[1]} labels (columns), and in the fits before it had {len(self.classes)}."
            )

    def check_judges(self, y: Any) -> None:
        """Raise where the labels of rows that are only scored are none of these."""
        if type_of_target(y).startswith("multilabel") != self.kind.startswith("multilabel"):
            raise DataError("y_val and y are not of one kind: only one of them has several labels.")
        if len(unknown := np.setdiff1d(unique_labels(y), self.classes)):
            raise DataError(f"y_val has classes that y has not: {in_a_row([str(each) for each in unknown])}.")

    def named(self, y: np.ndarray) -> Any:
        """Return the labels of what :meth:`encoded` returned."""
        if self.kind == "multiclass":
            return self.classes[y]
        return self.decoded(y) if self.kind != "multilabel-indicator" else y.astype(np.int64)

    def accuracy(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        """Return the share of examples of which all is right; ``y`` is encoded."""
        if len(self.classes) == 1:
            return 1.0
        right = self.chosen(p) == y
        return float(np.average(right.all(axis=1) if right.ndim > 1 else right, weights=weight))


def labels_of(y: Any) -> Labels:
    """Return what the labels of a fit are.

    Raises:
        ValueError: If they are none, in scikit-learn's words.
    """
    plain = plain_classes(y)
    if plain is not None:
        return Labels("multiclass" if len(plain) > 2 else "binary", plain)
    kind = type_of_target(y, input_name="y")
    if "multioutput" in kind:
        raise ValueError("Multioutput target data is not supported with label binarization")
    return Labels(kind, unique_labels(y), scipy.sparse.issparse(y))


def plain_classes(y: Any) -> np.ndarray | None:
    """Return the classes of labels of which scikit-learn would find the same, and warn of nothing; else None.

    It looks at them four times, and at what they might be besides.
    """
    if not (isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "biuU" and len(y)):
        return None
    classes = np.unique(y)
    return classes if len(classes) <= round(0.5 * len(y)) or len(y) <= FEW else None


def are_plainly(classes: Any, known: np.ndarray | None) -> bool:
    """Say whether classes that are given once more are those that are known, and scikit-learn would say nothing.

    >>> are_plainly(range(3), np.arange(3)), are_plainly(range(4), np.arange(3))
    (True, False)
    """
    whole = isinstance(classes, list | tuple) and set(map(type, classes)) == {int}
    if known is None or not (whole or isinstance(classes, range | np.ndarray)):
        return False
    plain = plain_classes(np.asarray(classes))
    return plain is not None and np.array_equal(plain, known)

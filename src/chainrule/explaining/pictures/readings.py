"""What a model says of rows, whatever model it is: the probabilities of classes, or numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, short
from chainrule.explaining.pictures.truths import NAME, named
from chainrule.shown import cut
from chainrule.train.classes import check_gives_classes, gives_labels
from chainrule.train.fit.settings import whole
from chainrule.train.network import Network


@dataclass(frozen=True)
class Reading:
    """What a model says of rows.

    Attributes:
        says: Takes rows, and returns the probabilities of the classes, (rows, classes), or numbers, (rows,).
        names: What the classes are called; () of numbers.
        labels: The classes as y has them, in their order; () of numbers.
    """

    says: Callable[[Any], np.ndarray]
    names: tuple[str, ...] = ()
    labels: tuple[Any, ...] = ()


def read(model: Any, classes: Sequence[Any] | None, output: int | None = None) -> Reading:
    """Return how a network, or an estimator as scikit-learn has them, is read.

    Args:
        model: What predicts.
        classes: What its classes are called; None calls them as they are.
        output: Which of several outputs is meant.

    Raises:
        DataError: If it predicts nothing, or several outputs of which none was chosen.
    """
    if isinstance(model, Network):
        return _of_network(model, classes, output)
    if not callable(getattr(model, "predict", None)):
        raise DataError(
            f"A network or a fitted estimator is expected, something that predicts; found {short(model)}."
        )
    labels = getattr(model, "classes_", None)
    if labels is None:
        return Reading(lambda X: _one_of(np.asarray(model.predict(X), np.float64), output))
    if isinstance(labels, list):
        raise DataError("This estimator predicts several columns of classes; take one for a single column.")
    known = tuple(np.asarray(labels).tolist())
    names = named([str(label) for label in known] if classes is None else classes, len(known), "classes", "")
    if callable(getattr(model, "predict_proba", None)):
        return Reading(lambda X: np.asarray(model.predict_proba(X), np.float64), names, known)
    return Reading(lambda X: _surely(np.asarray(model.predict(X)), known), names, known)


def _of_network(network: Network, classes: Sequence[Any] | None, output: int | None) -> Reading:
    architecture = network.architecture
    try:
        check_gives_classes(architecture, network.loss)
    except GraphError:
        return Reading(lambda X: _one_of(np.asarray(network.predict(X), np.float64), output))
    width = int(architecture.output.shape[-1]) if architecture.output.ndim > 1 else 1
    if gives_labels(architecture, network.loss):
        names = named(classes, width, "classes", "")
        return Reading(lambda X: np.asarray(network.predict(X), np.float64), names, tuple(range(width)))

    def chances(X: Any) -> np.ndarray:
        yes = _one_of(np.asarray(network.predict(X), np.float64), output)
        return np.column_stack([1 - yes, yes])

    return Reading(chances, named(classes, 2, "classes", ""), (0, 1))


def _one_of(found: np.ndarray, output: int | None) -> np.ndarray:
    """Return one output, (rows,)."""
    found = found.reshape(len(found), -1)
    if output is None and found.shape[1] > 1:
        raise DataError(
            f"This model has {found.shape[1]} outputs, and a map shows one: choose it, output=0 for the first."
        )
    return found[:, whole("output", output or 0, 0, found.shape[1])]


def _surely(said: np.ndarray, labels: tuple[Any, ...]) -> np.ndarray:
    """Return predicted labels as probabilities of 0 and 1."""
    return np.array([[float(label == each) for each in labels] for label in said.tolist()])


def names_of_columns(X: Any, count: int) -> tuple[str, ...]:
    """Return what the columns of a table are called, x1 and x2 ... where they have no names."""
    columns = getattr(X, "columns", None)
    if columns is None:
        return tuple(f"x{i + 1}" for i in range(count))
    return tuple(cut(str(name), NAME) for name in columns)

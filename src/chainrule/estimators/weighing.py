"""What the classes weigh: a weight for each of them, or for the no and the yes of each label."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.shown import in_a_row


def weights_of_classes(class_weight: Any, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return a weight for each class, as :func:`sklearn.utils.class_weight.compute_class_weight` has it.

    Args:
        class_weight: A dict from class to weight, in which a class that is left out weighs 1; or "balanced":
            rows / (classes · rows of the class), and 1 for a class that no row is of.
        y: Which of the classes each row is, by number; "balanced" counts them.
        classes: What they are called.

    Raises:
        DataError: If class_weight is neither, a weight is no number of at least 0, or there is no such class.

    >>> weights_of_classes({"b": 3.0}, np.array([0, 1, 1]), np.array(["a", "b"]))
    array([1., 3.])
    >>> weights_of_classes("balanced", np.array([0, 1, 1]), np.array(["a", "b"]))
    array([1.5 , 0.75])
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(y, minlength=len(classes))
        return np.where(counts > 0, len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 1.0)
    if not isinstance(class_weight, Mapping):
        raise DataError(
            f"class_weight is a dict such as {{{short(classes[0])}: 1, {short(classes[-1])}: 5}}, or 'balanced'; "
            f"found {short(class_weight)}."
        )
    known = {name: i for i, name in enumerate(classes.tolist())}
    found = np.ones(len(classes))
    for name, weight in class_weight.items():
        if name not in known:
            classes_here = in_a_row([short(each) for each in known])
            raise DataError(f"class_weight speaks of {short(name)}; the classes are {classes_here}.")
        if not _is_weight(weight):
            raise DataError(
                f"class_weight of {short(name)} must be a number of at least 0; found {short(weight)}."
            )
        found[known[name]] = weight
    return found


def weights_of_labels(class_weight: Any, y: np.ndarray) -> np.ndarray:
    """Return what the no and the yes of each label weigh, ``(2, labels)``.

    Args:
        class_weight: A list of dicts from 0 and 1 to a weight, one for each label; or "balanced", label by label.
        y: Which labels each row has, ``(rows, labels)``.

    Raises:
        DataError: If class_weight is neither, or has another length.

    >>> weights_of_labels([{1: 5.0}, {}], np.array([[0, 1], [1, 1]]))
    array([[1., 1.],
           [5., 1.]])
    """
    labels, both = y.shape[1], np.array([0, 1])
    each: Any = [class_weight] * labels if isinstance(class_weight, str) else class_weight
    if not isinstance(each, list | tuple) or len(each) != labels:
        raise DataError(
            f"There are {labels} labels, so class_weight is 'balanced' or a list of {labels} dicts, such as "
            f"[{{0: 1, 1: 5}}, ...]; found {short(class_weight)}."
        )
    whole = y.astype(np.intp)
    return np.stack([weights_of_classes(one, whole[:, i], both) for i, one in enumerate(each)], axis=1)


def _is_weight(value: Any) -> bool:
    try:
        return 0 <= float(value) < np.inf
    except (TypeError, ValueError):
        return False

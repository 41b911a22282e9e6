"""What scikit-learn's networks minimise, and what their curves of losses say, which is clipped or averaged besides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph.node import Node, cast
from chainrule.graph.primitives.arithmetic import weigh
from chainrule.graph.primitives.indexing import one_hot
from chainrule.nn.losses import categorical_crossentropy

# mypy: disable-error-code="call-overload"


@dataclass(frozen=True)
class Loss:
    """A loss of scikit-learn's: two formulas of ``(y, p)``, which give a number for each example, ``(batch,)``.

    Attributes:
        name: What it is called.
        learned: What is minimised: of this the gradient is taken.
        told: What the curve of losses says of it. L-BFGS compares these numbers.
        numbered: Whether it takes the numbers of classes, and no rows of 0 and 1.
    """

    name: str
    learned: Callable[[Any, Any], Any]
    told: Callable[[Any, Any], Any]
    numbered: bool = False


def _held_off(p: Any) -> Any:
    """Return probabilities that are neither 0 nor 1: by the epsilon of their dtype."""
    eps = float(np.finfo(p.dtype).eps)
    return np.clip(p, eps, 1 - eps)


def _yes_or_no(y: Any, p: Any) -> Any:
    return -np.sum(weigh(y, np.log(p)) + weigh(1 - y, np.log(1 - p)), axis=1)


def _yes_or_no_told(y: Any, p: Any) -> Any:
    p = _held_off(p)
    return -np.sum(np.log(np.where(y > 0, p, 1 - p)), axis=1)


def _one_of_many_told(y: Any, p: Any) -> Any:
    true = one_hot(y, classes=p.shape[-1], dtype=p.dtype.name)
    return -np.log(_held_off(np.sum(true * p, axis=1)))


def _squared(y: Any, p: Any) -> Any:
    return 0.5 * np.sum((p - y) ** 2, axis=1)


def _squared_told(y: Any, p: Any) -> Any:
    return 0.5 * np.mean((p - y) ** 2, axis=1)


def _deviance(y: Any, p: Any) -> Any:
    """Return half the deviance: what p costs above what y itself would (McCullagh & Nelder 1989, section 2.3)."""
    own = weigh(y, np.log(np.where(y > 0, y, 1)))
    return np.sum(own - weigh(y, np.log(p)) - y + p, axis=1)


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("log_loss", categorical_crossentropy, _one_of_many_told, numbered=True),
        Loss("binary_log_loss", _yes_or_no, _yes_or_no_told),
        Loss("squared_error", _squared, _squared_told),
        Loss("poisson", _deviance, _deviance),
    )
}


def mean_of(each: Any, weight: Node | None) -> Any:
    """Return the mean over the batch, or the weighted one."""
    if weight is None:
        return np.mean(each)
    total: Any = np.sum(weight)
    return np.sum(weigh(weight, each)) / np.where(np.equal(total, 0), 1, total)


def mass_of(weight: Node | None, rows: Node, dtype: np.dtype) -> Any:
    """Return what a batch weighs, by which the penalty is divided: never 0."""
    if weight is None:
        return cast(rows, dtype)
    total: Any = np.sum(weight)
    return np.where(np.equal(total, 0), 1, total)

"""What other libraries' methods of a network do, where they have one certain meaning; see :mod:`chainrule.habits`."""

import copy
import sys
from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, DataError, GraphError
from chainrule.friendly import foreign
from chainrule.graph.node import Node
from chainrule.nn import activations
from chainrule.nn.losses import describe_loss
from chainrule.nn.reading import output_kind
from chainrule.train.classes import is_share
from chainrule.train.sequences import numbers_of
from chainrule.train.targets import classifies, loss_of


def outputs(network: Any, X: Any) -> np.ndarray:
    """Return what the network predicts for X, as ``network(X)`` does elsewhere."""
    if isinstance(X, Node):
        raise GraphError(
            "A network is called on arrays, and is no layer. In a network drawn by a function call its layers: "
            "for layer in network.layers: x = layer(x)"
        )
    found: np.ndarray = network.predict(X)
    return found


def cloned(network: Any) -> Any:
    """Answer ``sklearn.base.clone``, which hands a network over: alone it is no estimator, and what to give is said.

    One that an estimator holds is copied; then clone was told that it need not be an estimator, ``safe=False``.
    """
    clone = sys._getframe(2)  # which called what makes this public
    if clone.f_locals.get("safe", False):
        raise ArgumentError(f"A {type(network).__name__} is no estimator. {foreign('Network', 'get_params')}")
    return copy.deepcopy(network)


def count_parameters(network: Any) -> int:
    """Return how many numbers the network has: those it learns, and those it keeps besides."""
    found = network.architecture
    return sum(prod(w.shape) for w in [*found.parameters.values(), *found.statistics.values()])


def probabilities(network: Any, X: Any) -> np.ndarray:
    """Return the probability of each class, as scikit-learn does: a single output becomes (no, yes)."""
    kind = activations.ACTIVATIONS.get(output_kind(network.architecture))
    if kind not in (activations.sigmoid, activations.softmax):
        raise DataError(
            "This network predicts numbers, not the probabilities of classes: they are network.predict(X). For "
            "classes it ends in 'sigmoid' or 'softmax'."
        )
    p: Any = network.predict(X)
    found: Any = [_of_both(each) for each in p] if isinstance(p, list) else _of_both(p)
    return found


def _of_both(p: np.ndarray) -> np.ndarray:
    return np.concatenate([1 - p, p], axis=-1) if p.ndim == 2 and p.shape[-1] == 1 else p


def score(network: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Return scikit-learn's score: the share of rows whose classes are all right, or R² averaged over the outputs."""
    softmax = output_kind(network.architecture) == "softmax"
    if not softmax and not classifies(network.architecture, network.loss):
        found = _scored(network, X, y, "r2", sample_weight)
        if is_share(network.architecture.output) and not {*np.unique(_targets(network, X, y))} - {0, 1}:
            name = describe_loss(loss_of(network.architecture, network.loss))
            raise DataError(
                f"y is 0 or 1, and the loss {name!r} is one of numbers: for the share "
                "that is right write network.evaluate(X, y, metrics='accuracy')['accuracy'], for R² "
                "network.evaluate(X, y, metrics='r2')['r2']."
            )
        return found
    right = _scored(network, X, y, "accuracy", sample_weight)
    if softmax or network.output.shape[-1] == 1:
        return right
    said: Any = network.predict_classes(X)
    if isinstance(said, list):
        raise DataError(
            "score of sequences of different lengths, each step of which has several answers: write "
            "network.evaluate(X, y, metrics='accuracy')['accuracy'], for the share of answers that are right."
        )
    every = (said == _targets(network, X, y)).all(axis=-1)
    return float(np.average(every, weights=sample_weight))


def _targets(network: Any, X: Any, y: Any) -> np.ndarray:
    """Return y with its columns in the order of the outputs."""
    return numbers_of(network._read(X, y, None).y, "y")


def _scored(network: Any, X: Any, y: Any, metric: str, sample_weight: Any) -> float:
    found: float = network.evaluate(X, y, metrics=metric, sample_weight=sample_weight)[metric]
    return found

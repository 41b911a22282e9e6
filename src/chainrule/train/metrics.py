"""Metrics: numbers to watch that are not learned from, as graph, so that every engine computes them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import GraphError, short, unknown_name
from chainrule.friendly import named
from chainrule.graph.node import Node
from chainrule.nn.losses import LOSSES

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload,no-any-return,return-value"


def accuracy(y: Node, p: Node) -> Node:
    """Return 1 for each example whose class is predicted right, else 0: (batch,).

    With one output, or several that are each yes or no, the class is ``p > 0.5`` (a tie at 0.5 is class 0)
    and the outputs are averaged; labels are compared with the largest output.

    >>> from chainrule.graph.node import constant
    >>> accuracy(constant([[1.0], [0.0]]), constant([[0.9], [0.6]])).value
    array([1., 0.])
    """
    if y.dtype.kind in "iu" and y.ndim == p.ndim - 1:
        return np.equal(np.argmax(p, axis=-1), y).astype(p.dtype)
    right = np.equal(p > 0.5, y > 0.5).astype(p.dtype)
    return np.mean(right, axis=tuple(range(1, right.ndim)))


def categorical_accuracy(y: Node, p: Node) -> Node:
    """Return 1 for each example whose largest output is its class, else 0: (batch,)."""
    labels = y if y.dtype.kind in "iu" and y.ndim == p.ndim - 1 else np.argmax(y, axis=-1)
    return np.equal(np.argmax(p, axis=-1), labels).astype(p.dtype)


METRICS: dict[str, Callable[[Node, Node], Node]] = {
    "accuracy": accuracy,
    "acc": accuracy,
    "binary_accuracy": accuracy,
    "categorical_accuracy": categorical_accuracy,
    **LOSSES,
}


def larger_is_better(monitor: str, told: bool | None = None) -> bool:
    """Say whether a recorded value is better when it is larger: accuracies are, costs and losses are not.

    Args:
        monitor: "val_cost", "accuracy" ...
        told: What the user says; about a metric of their own nobody else knows.

    >>> larger_is_better("val_accuracy"), larger_is_better("cost")
    (True, False)
    """
    name = monitor.removeprefix("val_")
    if told is not None:
        return told
    if name not in METRICS and name != "cost":
        raise GraphError(
            f"'{name}' is a metric of your own: say whether more of it is better, "
            f"with monitor='{monitor}', larger_is_better=True or False."
        )
    return METRICS.get(name) in (accuracy, categorical_accuracy)


def resolve(metrics: Any, softmax: bool) -> dict[str, Callable[[Node, Node], Node]]:
    """Return the metrics that the user means, by the name the history lists them under."""
    listed = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics or ()
    found: dict[str, Callable[[Node, Node], Node]] = {}
    for metric in listed:
        if isinstance(metric, str):
            metric = named("metric", metric, METRICS)
            if metric not in METRICS:
                raise unknown_name("metric", metric, METRICS)
            name, function = metric, METRICS[metric]
            if function is accuracy and softmax:
                function = categorical_accuracy
        elif callable(metric) and not isinstance(metric, type):
            name, function = getattr(metric, "__name__", type(metric).__name__), metric
        else:
            raise GraphError(f"A metric is a name or a callable on nodes (y, p); found {short(metric)}.")
        if name == "cost" or name.startswith("val_"):
            raise GraphError(
                f"A metric cannot be called '{name}': that is what the history calls something else."
            )
        if found.setdefault(name, function) is not function:
            raise GraphError(f"Two metrics are called '{name}': the history needs a name for each. Use def.")
    return found

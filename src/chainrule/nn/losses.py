"""Losses: how wrong one prediction is. The cost is their mean over the batch, and is made elsewhere.

Each takes the target ``y`` and the prediction ``p``, arrays or nodes of one shape ``(batch, outputs)``, and
returns ``(batch,)``: several outputs are averaged. Without the last axis each example has one output, and a
single number is one example.

The formulas are the lectures'. Where p is a sigmoid or a softmax of the graph, simplification finds the form that
is right for every z. A probability or a rate of exactly 0 costs nothing where y is 0 too (0 · log(0) counts 0, its
gradient likewise) and is infinitely wrong elsewhere: the loss is infinite, and nothing is clipped to hide it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast, overload

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.numbers import numbers
from chainrule.graph.primitives import arithmetic, identities, indexing
from chainrule.nn.kinds import OfPairs, of_pairs
from chainrule.nn.specs import Above0, Checked, Share, Within01, classes, find, functions, name_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CategoricalCrossentropy", "Huber", "Quantile", "binary_crossentropy", "categorical_crossentropy", "half_mse",
    "huber", "mae", "mse", "poisson", "quantile",
]  # fmt: skip

P = ParamSpec("P")


def _of_each_example(formula: Callable[Concatenate[Any, Any, P], Any]) -> OfPairs[P]:
    """Make a loss of what a single number costs: the numbers of an example are averaged."""

    each = public(formula)

    @wraps(formula)
    def loss(y: Any, p: Any, *settings: P.args, **named: P.kwargs) -> Any:
        return _averaged(each(*_pair(y, p), *settings, **named))

    return cast(OfPairs[P], public(loss))


@_of_each_example
def mse(y: Any, p: Any) -> Any:
    """``(p - y)²``, without a ½: the squared error (Legendre 1805). Its derivative by p is ``2(p - y)``.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.mse([[1.0, 0.0]], [[0.5, 2.0]])
    array([2.125])
    """
    return (p - y) ** 2


@_of_each_example
def half_mse(y: Any, p: Any) -> Any:
    """``½ (p - y)²``: its derivative by p is ``p - y``, as the lectures like it.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.half_mse([[1.0]], [[0.9]]).round(6)
    array([0.005])
    """
    return 0.5 * (p - y) ** 2


@_of_each_example
def mae(y: Any, p: Any) -> Any:
    """``|p - y|``: the absolute error, which outliers sway less (Boscovich 1757). Its derivative at 0 is 0.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.mae([[1.0, 0.0]], [[0.5, 2.0]])
    array([1.25])
    """
    return np.abs(p - y)


@_of_each_example
def huber(y: Any, p: Any, delta: float = 1.0) -> Any:
    """``½ e² where |e| ≤ delta, else delta · (|e| - ½ delta)``, with e = p - y (Huber 1964).

    Squared near 0 and absolute far away. To train with another delta give ``cr.Huber(delta=2.0)``.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.
        delta: The error from which on it grows in a straight line, in the units of y; 1 suits targets that are
            standardized, and is what Keras and PyTorch take.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.huber([[0.0], [0.0]], [[0.5], [3.0]])
    array([0.125, 2.5  ])
    """
    error = np.abs(p - y)
    return np.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta))


@_of_each_example
def quantile(y: Any, p: Any, q: float = 0.5) -> Any:
    """``max(q · e, (q - 1) · e)`` with e = y - p: the pinball loss (Koenker & Bassett 1978).

    The best p is the q-th quantile of y. To train with another q give ``cr.Quantile(q=0.9)``.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.
        q: Which quantile, above 0 and below 1; at ½, the median, the loss is half the absolute error.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.quantile([[10.0], [10.0]], [[8.0], [12.0]], q=0.9)
    array([1.8, 0.2])
    """
    error = y - p
    return np.maximum(q * error, (q - 1) * error)


@_of_each_example
def poisson(y: Any, p: Any) -> Any:
    """``p - y · log(p)`` for counts y and their expected number p > 0, up to terms of y alone.

    It is least where p = y (Nelder & Wedderburn 1972). End the network with 'softplus' or an exponential, so that p is
    positive.

    Args:
        y: The targets, ``(batch, outputs)`` or ``(batch,)``.
        p: The predictions, of the same shape. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.poisson([[2.0]], [[2.0]]).round(4)
    array([0.6137])
    """
    return p - _times_log(y, p)


@_of_each_example
def binary_crossentropy(y: Any, p: Any) -> Any:
    """``-(y · log(p) + (1 - y) · log(1 - p))``, with p the probability of yes: the log loss (Good 1952).

    Nothing is clipped: a p of exactly 0 or 1 that is wrong costs ∞. Where p is a sigmoid of the graph the cost is
    computed from its z, and no z is too large.

    Args:
        y: The targets, 0 or 1 or a probability between them, ``(batch, outputs)`` or ``(batch,)``.
        p: The predicted probabilities of yes, of the same shape. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``: the mean over its outputs.

    Raises:
        ShapeError: If the shapes of y and p differ.

    >>> cr.binary_crossentropy([[1.0], [1.0]], [[0.99], [0.01]]).round(6)
    array([0.01005, 4.60517])
    """
    return -(_times_log(y, p) + _times_log(1 - y, 1 - p))


@of_pairs
def categorical_crossentropy(y: Any, p: Any) -> Any:
    """``-Σ y · log(p)`` over the classes: how surprised p is by the true class (Bridle 1990).

    To train with targets that are softened give ``cr.CategoricalCrossentropy(label_smoothing=0.1)``.

    Args:
        y: A row of class probabilities (one-hot, for example) for each row of p, or labels: whole numbers
            from 0, of shape ``(batch,)``.
        p: The predicted probabilities, of shape ``(batch, classes)``. Either may be a node.

    Returns:
        The loss of each example, ``(batch,)``, in nats.

    Raises:
        ShapeError: If the shapes do not fit.
        DataError: If a label of a plain array is no class.

    >>> p = [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]
    >>> cr.categorical_crossentropy([2, 1], p).round(4)
    array([1.3863, 0.2231])
    >>> cr.categorical_crossentropy([[0, 0, 1], [0, 1, 0]], p).round(4)
    array([1.3863, 0.2231])
    """
    y, p = _of_classes(y, p)
    return _averaged(-np.sum(_times_log(y, p), axis=-1))


@dataclass(frozen=True)
class CategoricalCrossentropy(Checked):
    """:func:`categorical_crossentropy` of softened targets, to train with (Szegedy et al. 2016).

    Each class is given ``label_smoothing / classes``, and the true one what is left of 1: a network that need not be
    sure keeps its weights smaller, and often is right more often. The cost is then never 0.

    Args:
        label_smoothing: How much of each target is spread over all classes, at least 0 and below 1; 0.1 is the paper's.

    Raises:
        GraphError: If label_smoothing is not from 0 to below 1.

    >>> cr.CategoricalCrossentropy(label_smoothing=0.1)([0, 0], [[0.95, 0.05], [0.5, 0.5]]).round(4)
    array([0.1985, 0.6931])
    >>> network = cr.Network([cr.Dense(3, "softmax")], seed=0)
    >>> history = network.fit([[1.0], [2.0]], [0, 2], loss=cr.CategoricalCrossentropy(0.1), epochs=1)
    """

    label_smoothing: Share = 0.0

    @overload
    def __call__(self, y: "ArrayLike", p: Node) -> Node: ...
    @overload
    def __call__(self, y: "ArrayLike", p: "ArrayLike") -> "NDArray[Any]": ...
    def __call__(self, y: Any, p: Any) -> Any:
        """Return the loss of each example.

        Args:
            y: Labels from 0, ``(batch,)``, or a row of class probabilities for each row of p.
            p: The predicted probabilities, ``(batch, classes)``.

        Returns:
            Of shape ``(batch,)``, in nats.

        Raises:
            ShapeError: If the shapes do not fit.
            DataError: If a label of a plain array is no class.
        """
        y, p = _of_classes(y, p)
        spread = self.label_smoothing / max(p.shape[-1], 1)
        return categorical_crossentropy((1 - self.label_smoothing) * y + spread, p)


@dataclass(frozen=True)
class Huber(Checked):
    """:func:`huber` with a delta of its own, to train with.

    Args:
        delta: The error from which on it grows in a straight line, in the units of y.

    Raises:
        GraphError: If delta is not above 0.

    >>> cr.Huber(delta=2.0)([[0.0]], [[3.0]])
    array([4.])
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit([[1.0], [2.0]], [3.0, 5.0], loss=cr.Huber(delta=2.0), epochs=1)
    """

    delta: Above0 = 1.0

    @overload
    def __call__(self, y: "ArrayLike", p: Node) -> Node: ...
    @overload
    def __call__(self, y: "ArrayLike", p: "ArrayLike") -> "NDArray[Any]": ...
    def __call__(self, y: Any, p: Any) -> Any:
        """Return the loss of each example.

        Args:
            y: The targets, ``(batch, outputs)`` or ``(batch,)``.
            p: The predictions, of the same shape.

        Returns:
            Of shape ``(batch,)``: the mean over the outputs.

        Raises:
            ShapeError: If the shapes of y and p differ.
        """
        return huber(y, p, self.delta)


@dataclass(frozen=True)
class Quantile(Checked):
    """:func:`quantile` with a q of its own, to train with.

    Args:
        q: Which quantile of the targets is predicted, above 0 and below 1; ½ is the median.

    Raises:
        GraphError: If q is not between 0 and 1.

    >>> cr.Quantile(q=0.9)([[10.0]], [[8.0]])
    array([1.8])
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit([[1.0], [2.0]], [3.0, 5.0], loss=cr.Quantile(q=0.9), epochs=1)
    """

    q: Within01 = 0.5

    @overload
    def __call__(self, y: "ArrayLike", p: Node) -> Node: ...
    @overload
    def __call__(self, y: "ArrayLike", p: "ArrayLike") -> "NDArray[Any]": ...
    def __call__(self, y: Any, p: Any) -> Any:
        """Return the loss of each example.

        Args:
            y: The targets, ``(batch, outputs)`` or ``(batch,)``.
            p: The predictions, of the same shape.

        Returns:
            Of shape ``(batch,)``: the mean over the outputs.

        Raises:
            ShapeError: If the shapes of y and p differ.
        """
        return quantile(y, p, self.q)


LOSSES: dict[str, Callable[..., Any]] = {
    **functions(globals()),
    "mean_squared_error": mse,
    "half_mean_squared_error": half_mse,
    "mean_absolute_error": mae,
    "pinball": quantile,
    "log_loss": binary_crossentropy,
    "sparse_categorical_crossentropy": categorical_crossentropy,
}
CLASSES = classes(globals())
# What each takes as targets; any other takes numbers.
TARGETS = {
    "binary_crossentropy": "probabilities",
    "categorical_crossentropy": "labels",
    "CategoricalCrossentropy": "labels",
    "poisson": "counts",
}


def targets_of(name: str) -> str:
    """Return what a loss takes as targets, given its name, which may have settings behind it.

    >>> targets_of("poisson"), targets_of("CategoricalCrossentropy(label_smoothing=0.1)"), targets_of("mse")
    ('counts', 'labels', 'numbers')
    """
    return TARGETS.get(name.partition("(")[0], "numbers")


def of_classes(name: str) -> bool:
    """Say whether the targets of a loss, which is given by its name, are classes or their probabilities.

    >>> of_classes("binary_crossentropy"), of_classes("mse")
    (True, False)
    """
    return targets_of(name) in ("probabilities", "labels")


def loss(spec: Any) -> Callable[..., Any]:
    """Return the loss that ``spec`` means: a name, or a callable on nodes ``(y, p)``.

    Raises:
        UnknownNameError: If no loss bears the name.

    >>> loss("mean_squared_error") is mse
    True
    """
    return find("loss", spec, LOSSES)


def describe_loss(spec: Any) -> str:
    """Return the name of the loss that ``spec`` means; one with settings is written as it is made.

    >>> describe_loss("log_loss"), describe_loss(Huber(2.0))
    ('binary_crossentropy', 'Huber(delta=2.0)')
    """
    return name_of(loss(spec), LOSSES)


def default_loss(output_activation_name: str, target_kind: str = "") -> str:
    """Return the name of the loss that suits what a network puts out.

    Args:
        output_activation_name: The canonical name of the last activation.
        target_kind: "regression" where the targets are numbers that need not be probabilities.

    >>> default_loss("sigmoid"), default_loss("softmax"), default_loss("identity")
    ('binary_crossentropy', 'categorical_crossentropy', 'mse')
    >>> default_loss("sigmoid", "regression")
    'mse'
    """
    if output_activation_name == "softmax":
        return "categorical_crossentropy"
    if output_activation_name == "sigmoid" and target_kind != "regression":
        return "binary_crossentropy"
    return "mse"


def _times_log(y: Any, p: Any) -> Any:
    """Return y · log(p), which is 0 where both are 0."""
    with np.errstate(divide="ignore"):
        return arithmetic.weigh(y, np.log(p))


def _averaged(each: Any) -> Any:
    """Average over all axes but the first, which counts the examples."""
    rank = len(each.shape)
    return np.mean(each, axis=tuple(range(1, rank))) if rank > 1 else each


def _pair(y: Any, p: Any) -> tuple[Any, Any]:
    """Return target and prediction as floats of one shape: (n,) and (n, 1) would broadcast to (n, n)."""
    y = y if isinstance(y, Node) else np.asarray(y)
    p = p if isinstance(p, Node) else numbers(p)
    if y.dtype.kind != "f":
        y = identities.cast(y, dtype=p.dtype.name)
    if y.shape != p.shape:
        raise ShapeError(
            f"The target has shape {shapes.show(y.shape)} and the prediction {shapes.show(p.shape)}. "
            "A loss compares number by number: give both the shape (examples, outputs)."
        )
    return y, p


def _of_classes(y: Any, p: Any) -> tuple[Any, Any]:
    """Return target and prediction as rows of probabilities; labels become rows of 0 and a 1."""
    y = y if isinstance(y, Node) else np.asarray(y)
    p = p if isinstance(p, Node) else numbers(p)
    if y.dtype.kind in "iu" and len(y.shape) == len(p.shape) - 1:
        y = _one_hot(y, p)
    return _pair(y, p)


def _one_hot(labels: Any, p: Any) -> Any:
    classes = p.shape[-1]
    if not isinstance(labels, Node) and labels.size and not (labels.min() >= 0 and labels.max() < classes):
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))[0]
        raise DataError(
            f"The label in row {wrong} is {labels.ravel()[wrong]}; with {classes} predicted probabilities "
            f"the labels are 0 to {classes - 1}. Number the classes from 0, or predict more of them."
        )
    return indexing.one_hot(labels, classes=classes, dtype=p.dtype.name)

"""Layers: small frozen descriptions that, called on a node, build graph.

A layer holds no numbers. What it learns are variables in the graph it builds, and the mark on its output says
which layer it is, what it was given and what it learns; :mod:`chainrule.nn.architecture` reads these marks.
"""

import math
import os
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import ChainruleError, GraphError, ShapeError, short
from chainrule.graph.node import Cell, Node, input, mark
from chainrule.graph.primitives import elementwise, structure
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.shapes import Extent, show
from chainrule.nn.activations import activation
from chainrule.nn.initializers import initializer
from chainrule.nn.regularizers import regularizer
from chainrule.nn.specs import ABOVE_0, COUNT, SHARE, check

# What a network's graph reads besides its data. One graph serves training and prediction: `TRAINING` decides.
TRAINING = input("training", (), "bool")
SEED = input("seed", (), "int64")
STEP = input("step", (), "int64")


def _memory() -> int:
    """Return how many bytes of memory this machine has, or more than any has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return 2**43


MOST_NUMBERS = _memory() // 8  # of one parameter; they are drawn in float64


@dataclass(frozen=True, eq=False)
class Parameter:
    """What a variable of a layer is.

    Attributes:
        layer: The layer that made it.
        role: "W", "b", "gamma", "beta", "E"; running statistics are "mean" and "variance".
        initializer: How it begins: a name, a callable or an array; None for the layer's activation to choose.
        regularizer: What its size costs.
        trainable: Whether gradient descent changes it.
    """

    layer: "Layer"
    role: str
    initializer: Any
    regularizer: Any = None
    trainable: bool = True


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a layer in a graph.

    Attributes:
        layer: The layer.
        inputs: What it was called on.
        parameters: The variables it made, trainable or not.
        updates: (running statistic, its value after a training step).
        parts: Intermediate values worth a name: "Z", the pre-activation.
    """

    layer: "Layer"
    inputs: tuple[Node, ...]
    parameters: tuple[Node, ...]
    updates: tuple[tuple[Node, Node], ...]
    parts: dict[str, Node]


class Scope:
    """What a layer builds with: it makes the variables and notes what happened."""

    def __init__(self, layer: "Layer", dtype: np.dtype) -> None:
        self.layer, self.dtype = layer, dtype
        self.parameters: list[Node] = []
        self.updates: list[tuple[Node, Node]] = []
        self.parts: dict[str, Node] = {}

    def parameter(
        self,
        role: str,
        shape: tuple[int, ...],
        initializer: Any,
        regularizer: Any = None,
        trainable: bool = True,
    ) -> Node:
        """Return a variable of this layer; the network gives it its name and its first value."""
        if any(w.meaning.role == role for w in self.parameters):
            raise GraphError(f"{self.layer!r} makes two parameters in the role '{role}'. Give each its own.")
        if math.prod(shape) > MOST_NUMBERS:
            raise ShapeError(
                f"{self.layer!r} would have a {role} of shape {show(shape)}, more than the memory of this machine "
                f"holds ({MOST_NUMBERS:.2g} numbers)."
            )
        no_memory = (0,) * len(shape)  # all zeros are one
        blank = np.ndarray(shape, self.dtype, bytes(8), strides=no_memory)
        meaning = Parameter(self.layer, role, initializer, regularizer, trainable)
        node = Node(TABLE["variable"], (), {"cell": Cell(blank)}, blank.shape, blank.dtype, role, meaning)
        self.parameters.append(node)
        return node

    def update(self, statistic: Node, new: Node) -> None:
        """Let ``statistic`` become ``new`` after every training step."""
        self.updates.append((statistic, elementwise.cast(new, dtype=self.dtype.name)))

    def uniform(self, shape: tuple[Any, ...]) -> Node:
        """Return random numbers in [0, 1), new at every training step; each use in a network has its own."""
        return structure.random_uniform(SEED, STEP, shape=tuple(shape), stream=0, dtype=self.dtype.name)


@dataclass(frozen=True, eq=False)
class Layer:
    """The base of every layer. A layer of your own is a frozen dataclass with one method, ``build``.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Scale(Layer):
    ...     name: str = ""
    ...     def build(self, scope, x):
    ...         return x * scope.parameter("gamma", (x.shape[-1],), "ones")
    >>> Scale()(input("x", ("batch", 3))).shape
    (batch, 3)
    """

    counts: ClassVar[bool] = False  # whether it has units, and so a number l: W1, b1
    least_examples: ClassVar[int] = 1  # how many it must see at once to learn from them

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the output for the inputs ``xs``, as graph."""
        raise GraphError(f"{type(self).__name__} must define build(self, scope, x).")

    def __call__(self, *xs: Node) -> Node:
        """Build the layer on top of ``xs``: nodes whose first axis counts the examples."""
        for x in xs or (None,):
            if not isinstance(x, Node):
                raise GraphError(
                    f"{type(self).__name__} is called on nodes; found {type(x).__name__}. "
                    "To compute with arrays make a cr.Network of it and predict."
                )
        scope = Scope(self, _float_dtype(xs))
        y = self.build(scope, *xs)
        if not isinstance(y, Node) or not y.shape or y.shape[0] != xs[0].shape[0]:
            found = f"shape {show(y.shape)}" if isinstance(y, Node) else type(y).__name__
            raise GraphError(
                f"{self!r} must build a node whose first axis counts the examples; built {found}."
            )
        call = Call(self, xs, tuple(scope.parameters), tuple(scope.updates), scope.parts)
        return mark(y, call)

    def __repr__(self) -> str:
        defaults = {f.name: f.default for f in fields(self)}
        shown = [
            (f.name, getattr(self, f.name))
            for f in fields(self)
            if not _same(getattr(self, f.name), defaults[f.name])
        ]
        written = ", ".join(
            _written(v) if i == 0 and k == fields(self)[0].name else f"{k}={_written(v)}"
            for i, (k, v) in enumerate(shown)
        )
        return f"{type(self).__name__}({written})"


def only(layer: Layer, xs: tuple[Node, ...]) -> Node:
    """Return the one input of a layer that takes no more."""
    if len(xs) != 1:
        raise GraphError(
            f"{layer!r} takes one input; it was called on {len(xs)}. "
            "Join several first: np.concatenate([a, b], axis=1)."
        )
    return xs[0]


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, int | float | str | bool) and type(a) is type(b) and a == b)


def _written(value: Any) -> str:
    if isinstance(value, np.ndarray | list):
        return f"<{show(np.shape(value))} numbers>"  # never all of them: this stands in tables and errors
    name = getattr(value, "__name__", None)
    return name if callable(value) and name else repr(value)


def _float_dtype(xs: tuple[Node, ...]) -> np.dtype:
    found = [x.dtype for x in xs if x.dtype.kind == "f"]
    return np.result_type(*found) if found else np.dtype(np.float32)


def _width(layer: Layer, x: Node) -> int:
    """Return the length of the last axis, which must be known."""
    if x.ndim < 2:
        raise ShapeError(
            f"{layer!r} needs inputs of shape (examples, features); found {show(x.shape)}. "
            "Give single numbers an axis: X.reshape(-1, 1)."
        )
    if isinstance(x.shape[-1], Extent):
        raise ShapeError(f"{layer!r}: the last axis of {show(x.shape)} must have a fixed length.")
    if x.shape[-1] == 0:
        raise ShapeError(f"{layer!r}: there are no features to compute with: {show(x.shape)}.")
    return int(x.shape[-1])


def _check_initializer(layer: Layer, value: Any) -> None:
    if value is not None:
        try:
            initializer(value)
        except ValueError as error:
            if isinstance(error, ChainruleError):
                raise
            raise GraphError(f"{type(layer).__name__}: the initial values are no table of numbers.") from None


def activate(kind: Any, z: Node) -> Node:
    """Return ``kind`` (a name or a callable on nodes) of ``z``, checked to be a node of as many examples."""
    function = activation(kind)
    y = function(z)
    if not isinstance(y, Node):
        raise GraphError(
            f"The activation {_written(function)} returned {type(y).__name__} and no node. "
            "Write it with operators and NumPy functions, which work on nodes."
        )
    if y.ndim != z.ndim or y.shape[0] != z.shape[0]:
        raise ShapeError(
            f"The activation {_written(function)} turned shape {show(z.shape)} into {show(y.shape)}; "
            "it must keep the examples apart."
        )
    return y


@dataclass(frozen=True, repr=False, eq=False)
class Dense(Layer):
    """A fully connected layer: ``activation(x @ W + b)``, with W of shape (inputs, units).

    Args:
        units: The number of neurons.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b.
        initializer: How W begins: a name, a callable or an array. By default He's for the relu family and
            Glorot's otherwise; b begins at 0.
        regularizer: What W costs: ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes.
        name: What to call the layer in tables and errors.

    >>> Dense(3, "relu")(input("x", ("batch", 4))).shape
    (batch, 3)
    """

    units: int
    activation: Any = None
    use_bias: bool = True
    initializer: Any = None
    regularizer: Any = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check(self, units=COUNT)
        activation(self.activation)
        _check_initializer(self, self.initializer)
        regularizer(self.regularizer)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return ``activation(x @ W + b)``."""
        x = only(self, xs)
        width = _width(self, x)
        W = scope.parameter("W", (width, self.units), self.initializer, self.regularizer)
        z: Any = x @ W if x.ndim == 2 else np.tensordot(x, W, 1)
        if self.use_bias:
            z = z + scope.parameter("b", (self.units,), "zeros")
        scope.parts["Z"] = z
        return activate(self.activation, z)


@dataclass(frozen=True, repr=False, eq=False)
class Activation(Layer):
    """An activation as a layer of its own, for what stands between it and the units (batch normalization).

    >>> Activation("relu")(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    activation: Any
    name: str = ""

    def __post_init__(self) -> None:
        activation(self.activation)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the activation of x."""
        x = only(self, xs)
        return activate(self.activation, x)


@dataclass(frozen=True, repr=False, eq=False)
class Dropout(Layer):
    """While training, set each number to 0 with probability ``rate`` and divide the rest by ``1 - rate``.

    At prediction it does nothing (inverted dropout; Srivastava et al. 2014).

    >>> Dropout(0.5)(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    rate: float
    name: str = ""

    def __post_init__(self) -> None:
        check(self, rate=SHARE)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return x with holes in it while training."""
        x = only(self, xs)
        if self.rate == 0:
            return x
        kept = scope.uniform(x.shape) >= self.rate
        dropped: Any = np.where(TRAINING, np.where(kept, x / (1 - self.rate), 0), x)
        return dropped


@dataclass(frozen=True, repr=False, eq=False)
class BatchNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the examples (Ioffe & Szegedy 2015).

    While training, mean and variance (divided by n) are those of the batch, for each feature of the last
    axis; at prediction they are the running ones, which move by ``1 - momentum`` toward the batch's at every
    step. One example has no variance: ``fit`` lets a last batch of one join the batch before it, and warns where
    ``batch_size=1`` leaves nothing else.

    >>> BatchNormalization()(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    name: str = ""
    least_examples: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check(self, momentum=SHARE, epsilon=ABOVE_0)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the normalized x."""
        x = only(self, xs)
        width = _width(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        running_mean = scope.parameter("mean", (width,), "zeros", trainable=False)
        running_variance = scope.parameter("variance", (width,), "ones", trainable=False)
        axes = tuple(range(x.ndim - 1))
        mean: Any = np.mean(x, axis=axes)
        centred = x - mean
        variance: Any = np.mean(centred * centred, axis=axes)
        for running, found in ((running_mean, mean), (running_variance, variance)):
            moved = running + (1 - self.momentum) * (elementwise.stop_gradient(found) - running)
            scope.update(running, moved)
        used_mean: Any = np.where(TRAINING, mean, running_mean)
        used_variance: Any = np.where(TRAINING, variance, running_variance)
        return (x - used_mean) / np.sqrt(used_variance + self.epsilon) * gamma + beta


@dataclass(frozen=True, repr=False, eq=False)
class LayerNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the features (Ba et al. 2016).

    >>> LayerNormalization()(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    epsilon: float = 1e-5
    name: str = ""

    def __post_init__(self) -> None:
        check(self, epsilon=ABOVE_0)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the normalized x."""
        x = only(self, xs)
        width = _width(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + self.epsilon) * gamma + beta


@dataclass(frozen=True, repr=False, eq=False)
class Embedding(Layer):
    """A row of numbers for each whole number: ``k`` becomes row k of a table of shape (vocabulary, units).

    >>> Embedding(1000, 16)(input("words", ("batch", 20))).shape
    (batch, 20, 16)
    """

    vocabulary: int
    units: int
    initializer: Any = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check(self, vocabulary=COUNT, units=COUNT)
        _check_initializer(self, self.initializer)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the rows that x names."""
        x = only(self, xs)
        table = scope.parameter("E", (self.vocabulary, self.units), self.initializer)
        positions = x if x.dtype.kind in "iu" else elementwise.cast(x, dtype="int64")
        return structure.gather(table, positions, axis=0)


@dataclass(frozen=True, repr=False, eq=False)
class Flatten(Layer):
    """Each example as one row of numbers: (batch, 8, 8) becomes (batch, 64).

    >>> Flatten()(input("image", ("batch", 8, 8))).shape
    (batch, 64)
    """

    name: str = ""

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return x with one axis beside the examples."""
        x = only(self, xs)
        if x.ndim == 1:
            return x.reshape(x.shape[0], 1)
        return x.reshape(x.shape[0], -1)


LAYERS: dict[str, type[Layer]] = {
    c.__name__: c
    for c in (Dense, Activation, Dropout, BatchNormalization, LayerNormalization, Embedding, Flatten)
}  # fmt: skip


def output_activation(layer: Layer) -> Any:
    """Return the activation that a layer ends with, or None if it has none."""
    return getattr(layer, "activation", None)


def check_layer(thing: Any) -> Layer:
    """Return ``thing`` if it is a layer, else raise with the remedy."""
    if isinstance(thing, Layer):
        return thing
    if isinstance(thing, type) and issubclass(thing, Layer):
        raise GraphError(f"{thing.__name__} is a class: write {thing.__name__}(...).")
    if isinstance(thing, str):
        raise GraphError(f"'{thing}' is no layer. An activation as a layer is cr.Activation('{thing}').")
    raise GraphError(f"A network is a list of layers such as cr.Dense(16, 'relu'); found {short(thing)}.")

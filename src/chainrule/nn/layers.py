"""Layers: small frozen descriptions that, called on a node, build graph.

A layer holds no numbers. What it learns are variables in the graph it builds, and the mark on its output says which
layer it is, what it was given and what it learns; :mod:`chainrule.nn.architecture` reads these marks.
"""

import inspect
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph import elementwise, structure
from chainrule.graph.node import Node, input, mark, variable
from chainrule.graph.shapes import Extent, show
from chainrule.nn.activations import activation
from chainrule.nn.initializers import initializer
from chainrule.nn.regularizers import regularizer

# What a network's graph reads besides its data. One graph serves training and prediction: `TRAINING` decides.
TRAINING = input("training", (), "bool")
SEED = input("seed", (), "int64")
STEP = input("step", (), "int64")


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
        blank = variable(np.zeros(shape, self.dtype), name=role)
        meaning = Parameter(self.layer, role, initializer, regularizer, trainable)
        node = Node(blank.row, (), blank.attributes, blank.shape, blank.dtype, role, meaning)
        self.parameters.append(node)
        return node

    def update(self, statistic: Node, new: Node) -> None:
        """Let ``statistic`` become ``new`` after every training step."""
        self.updates.append((statistic, structure.cast(new, dtype=self.dtype.name)))

    def uniform(self, shape: tuple[Any, ...]) -> Node:
        """Return random numbers in [0, 1), new at every step; the network gives each use its own stream."""
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

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the output for the inputs ``xs``, as graph."""
        raise GraphError(f"{type(self).__name__} must define build(self, scope, x).")

    def __call__(self, *xs: Node) -> Node:
        """Build the layer on top of ``xs``: nodes whose first axis counts the examples."""
        for x in xs:
            if not isinstance(x, Node):
                raise GraphError(
                    f"{type(self).__name__} is called on nodes; found {type(x).__name__}. "
                    "To compute with arrays make a cr.Network of it and predict."
                )
        scope = Scope(self, _float_dtype(xs))
        y = self.build(scope, *xs)
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


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, int | float | str | bool) and type(a) is type(b) and a == b)


def _written(value: Any) -> str:
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
    return int(x.shape[-1])


def _check_count(layer: Layer, name: str, value: Any) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise GraphError(
            f"{type(layer).__name__}: {name} must be a whole number of at least 1; found {value!r}."
        )
    object.__setattr__(layer, name, int(value))


def _check_share(layer: Layer, name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < 1:
        raise GraphError(f"{type(layer).__name__}: {name} must be at least 0 and below 1; found {value!r}.")
    object.__setattr__(layer, name, float(value))


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
        _check_count(self, "units", self.units)
        activation(self.activation)
        if self.initializer is not None and not isinstance(self.initializer, np.ndarray | list):
            initializer(self.initializer)
        regularizer(self.regularizer)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return ``activation(x @ W + b)``."""
        (x,) = xs
        width = _width(self, x)
        W = scope.parameter("W", (width, self.units), self.initializer, self.regularizer)
        z = x @ W if x.ndim == 2 else np.tensordot(x, W, 1)  # type: ignore[arg-type] -- nodes
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
        (x,) = xs
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
        _check_share(self, "rate", self.rate)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return x with holes in it while training."""
        (x,) = xs
        if self.rate == 0:
            return x
        kept = scope.uniform(x.shape) >= self.rate
        return np.where(TRAINING, np.where(kept, x / (1 - self.rate), 0), x)  # type: ignore[call-overload, return-value] -- nodes


@dataclass(frozen=True, repr=False, eq=False)
class BatchNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the examples (Ioffe & Szegedy 2015).

    While training, mean and variance (divided by n) are those of the batch, for each feature of the last axis; at
    prediction they are the running ones, which move by ``1 - momentum`` toward the batch's at every step.

    >>> BatchNormalization()(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    name: str = ""

    def __post_init__(self) -> None:
        _check_share(self, "momentum", self.momentum)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the normalized x."""
        (x,) = xs
        width = _width(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        running_mean = scope.parameter("mean", (width,), "zeros", trainable=False)
        running_variance = scope.parameter("variance", (width,), "ones", trainable=False)
        axes = tuple(range(x.ndim - 1))
        mean: Any = np.mean(x, axis=axes)  # type: ignore[call-overload] -- nodes
        centred = x - mean
        variance: Any = np.mean(centred * centred, axis=axes)  # type: ignore[call-overload] -- nodes
        for running, found in ((running_mean, mean), (running_variance, variance)):
            moved = running + (1 - self.momentum) * (elementwise.stop_gradient(found) - running)
            scope.update(running, moved)
        used_mean: Any = np.where(TRAINING, mean, running_mean)  # type: ignore[call-overload] -- nodes
        used_variance: Any = np.where(TRAINING, variance, running_variance)  # type: ignore[call-overload] -- nodes
        return (x - used_mean) / np.sqrt(used_variance + self.epsilon) * gamma + beta


@dataclass(frozen=True, repr=False, eq=False)
class LayerNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the features of each example (Ba et al. 2016).

    >>> LayerNormalization()(input("x", ("batch", 4))).shape
    (batch, 4)
    """

    epsilon: float = 1e-5
    name: str = ""

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the normalized x."""
        (x,) = xs
        width = _width(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + self.epsilon) * gamma + beta


@dataclass(frozen=True, repr=False, eq=False)
class Embedding(Layer):
    """A row of numbers for each whole number: label ``k`` becomes row k of a table of shape (vocabulary, units).

    >>> Embedding(1000, 16)(input("words", ("batch", 20))).shape
    (batch, 20, 16)
    """

    vocabulary: int
    units: int
    initializer: Any = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_count(self, "vocabulary", self.vocabulary)
        _check_count(self, "units", self.units)
        if self.initializer is not None and not isinstance(self.initializer, np.ndarray | list):
            initializer(self.initializer)

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the rows that x names."""
        (x,) = xs
        table = scope.parameter("E", (self.vocabulary, self.units), self.initializer)
        positions = x if x.dtype.kind in "iu" else structure.cast(x, dtype="int64")
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
        (x,) = xs
        if x.ndim < 1 or x.ndim == 1:
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
    if inspect.isclass(thing) and issubclass(thing, Layer):
        raise GraphError(f"{thing.__name__} is a class: write {thing.__name__}(...).")
    if isinstance(thing, str):
        raise GraphError(f"'{thing}' is no layer. An activation as a layer is cr.Activation('{thing}').")
    raise GraphError(f"A network is a list of layers such as cr.Dense(16, 'relu'); found {thing!r}.")

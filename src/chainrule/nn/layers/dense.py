"""Dense layers, and activations as layers of their own."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, show
from chainrule.nn.activations import LeakyReLU, activation
from chainrule.nn.callables import apply
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.base import Layer, Scope, check_initializer, width_of, written
from chainrule.nn.regularizers import regularizer
from chainrule.nn.specs import Axes, Count

__all__ = ["Activation", "Dense", "PReLU"]


@dataclass(frozen=True, repr=False, eq=False)
class Dense(Layer):
    """A fully connected layer (Rosenblatt 1958): ``activation(x @ W + b)``, with W of shape (inputs, units).

    Takes x of shape (batch, ..., inputs) and gives (batch, ..., units).

    Args:
        units: The number of neurons, at least 1.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of shape (inputs, units).
            By default He's for the relu family and Glorot's otherwise, which keep a signal's size from layer to layer;
            b begins at 0.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If units is no whole number of at least 1.
        UnknownNameError: If no activation, initializer or regularizer bears the name.

    >>> cr.Dense(3, "relu")(cr.input("x", ("batch", 4))).shape
    (batch, 3)
    >>> cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=4).parameters
    {'W1': (4, 3), 'b1': (3,), 'W2': (3, 1), 'b2': (1,)}
    """

    units: Count
    activation: ActivationLike = None
    use_bias: bool = True
    initializer: InitializerLike = None
    regularizer: RegularizerLike = None
    name: str = ""
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        activation(self.activation)
        check_initializer(self, self.initializer)
        regularizer(self.regularizer)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return ``activation(x @ W + b)``.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ..., inputs).

        Returns:
            A node of shape (batch, ..., units).

        Raises:
            ShapeError: If x has no features, or the activation does not keep the examples apart.
            GraphError: If the activation returns no node.

        >>> layer = cr.Dense(2, "relu", initializer="ones")
        >>> print(layer(cr.input("x", ("batch", 3))))  # which calls build
        relu(x @ W + b)
        """
        width = width_of(self, x)
        W = scope.parameter("W", (width, self.units), self.initializer, self.regularizer)
        z: Any = x @ W if x.ndim == 2 else np.tensordot(x, W, 1)
        if self.use_bias:
            z = z + scope.parameter("b", (self.units,), "zeros")
        scope.parts["Z"] = z
        return activate(self.activation, z)


@dataclass(frozen=True, repr=False, eq=False)
class Activation(Layer):
    """An activation as a layer of its own, for what stands between it and the units (batch normalization).

    Takes x of any shape (batch, ...) and gives the same.

    Args:
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        UnknownNameError: If no activation bears the name.

    >>> layers = [cr.Dense(8, use_bias=False), cr.BatchNormalization(), cr.Activation("relu"), cr.Dense(1)]
    >>> cr.Network(layers, input_shape=4, seed=0).predict(np.zeros((2, 4))).shape
    (2, 1)
    """

    activation: ActivationLike
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        activation(self.activation)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the activation of x.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the activation does not keep the examples apart.
            GraphError: If the activation returns no node.

        >>> print(cr.Activation("tanh")(cr.input("x", ("batch", 3))))  # which calls build
        tanh(x)
        """
        scope.parts["Z"] = x
        return activate(self.activation, x)


@dataclass(frozen=True, repr=False, eq=False)
class PReLU(Layer):
    """``x where x > 0, else alpha · x``, of which each alpha is learned (He et al. 2015).

    Takes x of any shape (batch, ...) and gives the same. There is an alpha for each number of an example, or one for
    all along the axes that share theirs: after a :class:`Conv2D`, ``shared_axes=(1, 2)`` leaves one for each channel.

    Args:
        shared_axes: The axes of an example along which the same alphas stand, counted from 1, as in Keras.
        initializer: How alpha begins: a number, a name, a callable ``(shape, rng)`` or an array. 0.25 as in the paper
            and in PyTorch; Keras has 0.
        regularizer: What alpha costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing: the paper warns of a price, which draws it to 0.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If shared_axes are no axes of an example.
        UnknownNameError: If no initializer or regularizer bears the name.

    >>> network = cr.Network([cr.PReLU()], input_shape=2)
    >>> network.parameters, network.predict([[2.0, -2.0]])
    ({'alpha_0': (2,)}, array([[ 2. , -0.5]], dtype=float32))
    """

    shared_axes: Axes = ()
    initializer: InitializerLike = 0.25
    regularizer: RegularizerLike = None
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_initializer(self, self.initializer)
        regularizer(self.regularizer)

    def ends_in(self) -> ActivationLike:
        """Return that it is a leaky relu, which weights before it begin for.

        >>> cr.PReLU().ends_in()
        LeakyReLU(slope=0.25)
        """
        return LeakyReLU(0.25)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x, what is below 0 times alpha.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has no such axes to share along, or one that is open and does not share.

        >>> cr.PReLU(shared_axes=(1,))(cr.input("x", ("batch", 5, 3))).shape  # which calls build
        (batch, 5, 3)
        """
        width_of(self, x)
        beyond = [axis for axis in self.shared_axes if axis >= x.ndim]
        if beyond:
            raise ShapeError(f"{self!r}: examples of shape {show(x.shape[1:])} have no axis {beyond[0]}.")
        shape = [1 if axis in self.shared_axes else n for axis, n in enumerate(x.shape[1:], 1)]
        for axis, n in enumerate(shape, 1):
            if isinstance(n, Extent):
                axes = tuple(sorted([*self.shared_axes, axis]))
                raise ShapeError(
                    f"{self!r}: axis {axis} of {show(x.shape)} is open, so all along it share an alpha: "
                    f"cr.PReLU(shared_axes={axes})."
                )
        alpha = scope.parameter("alpha", tuple(map(int, shape)), self.initializer, self.regularizer)
        scope.parts["Z"] = x
        y: Any = np.where(x > 0, x, alpha * x)
        return y


def activate(kind: Any, z: Node) -> Node:
    """Return ``kind`` (a name or a callable on nodes) of ``z``, checked to be a node of as many examples."""
    function = activation(kind)
    y = apply(f"the activation {written(function)}", function, z=z)
    if not isinstance(y, Node):
        raise GraphError(
            f"The activation {written(function)} returned {type(y).__name__} and no node. "
            "Write it with operators and NumPy functions, which work on nodes."
        )
    if y.ndim != z.ndim or y.shape[0] != z.shape[0]:
        raise ShapeError(
            f"The activation {written(function)} turned shape {show(z.shape)} into {show(y.shape)}; "
            "it must keep the examples apart."
        )
    return y

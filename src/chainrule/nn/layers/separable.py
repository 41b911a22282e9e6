"""Convolutions in which each channel has kernels of its own, alone or before what mixes the channels."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.graph.node import Node
from chainrule.nn import convolving
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, both, lengths
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.sliding import PaddingLike, Sizes, check_kernels, finished, framed
from chainrule.nn.specs import Count

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"]


@dataclass(frozen=True, repr=False, eq=False)
class Depthwise(Layer):
    """What convolutions of each channel by itself have in common: all but along how many axes they slide."""

    kernel_size: Sizes
    strides: Sizes = 1
    padding: PaddingLike = "valid"
    depth_multiplier: Count = 1
    dilation_rate: Sizes = 1
    activation: ActivationLike = None
    use_bias: bool = True
    initializer: InitializerLike = None
    regularizer: RegularizerLike = None
    name: str = ""
    counts: ClassVar[bool] = True
    axes: ClassVar[tuple[str, ...]] = PICTURE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_kernels(self, self.axes)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return what the kernels of each channel make of its windows.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, *windows, channels · depth_multiplier).

        Raises:
            ShapeError: If x has other axes, or no kernel fits into it.

        >>> cr.DepthwiseConv2D(3)(cr.input("picture", ("batch", 28, 28, 8))).shape  # which calls build
        (batch, 26, 26, 8)
        """
        return finished(self, scope, _each_channel(self, "W", scope, x))


@dataclass(frozen=True, repr=False, eq=False)
class DepthwiseConv1D(Depthwise):
    """Filters that slide along a sequence, of which each sees one feature alone.

    Takes x of shape (batch, time, features) and gives (batch, windows, features · depth_multiplier): all that is made
    of the first feature comes first. W has the shape (size, features, depth_multiplier).

    Args:
        kernel_size: How many places each sees at once.
        strides: From window to window.
        padding: "valid", "same", "causal", a number, or a pair of them, as of :class:`Conv1D`.
        depth_multiplier: How many filters there are for each feature.
        dilation_rate: From place to place within a window: 2 passes over every second one.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = size and fan_out = size · depth_multiplier:
            the kernels of each feature are drawn by themselves.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> cr.Network([cr.DepthwiseConv1D(3, depth_multiplier=2)], input_shape=(8, 4)).parameters
    {'W1': (3, 4, 2), 'b1': (8,)}
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class DepthwiseConv2D(Depthwise):
    """Filters that slide over a picture, of which each sees one channel alone.

    Takes x of shape (batch, height, width, channels) and gives (batch, rows, columns, channels · depth_multiplier): all
    that is made of the first channel comes first. W has the shape (height, width, channels, depth_multiplier).

    Args:
        kernel_size: How many places each sees at once: 3 for (3, 3), or (height, width).
        strides: From window to window, downwards and to the right: a number for both, or a pair.
        padding: "valid", "same", a number, or ((top, bottom), (left, right)), as of :class:`Conv2D`.
        depth_multiplier: How many filters there are for each channel.
        dilation_rate: From place to place within a window: 2 passes over every second one.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = height · width of the kernel and fan_out =
            height · width · depth_multiplier: the kernels of each channel are drawn by themselves.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> cr.Network([cr.DepthwiseConv2D(3, depth_multiplier=2)], input_shape=(8, 8, 4)).parameters
    {'W1': (3, 3, 4, 2), 'b1': (8,)}
    """


@dataclass(frozen=True, repr=False, eq=False)
class Separable(Layer):
    """What convolutions in two steps have in common: all but along how many axes they slide."""

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: PaddingLike = "valid"
    dilation_rate: Sizes = 1
    depth_multiplier: Count = 1
    activation: ActivationLike = None
    use_bias: bool = True
    initializer: InitializerLike = None
    regularizer: RegularizerLike = None
    name: str = ""
    counts: ClassVar[bool] = True
    axes: ClassVar[tuple[str, ...]] = PICTURE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_kernels(self, self.axes)

    def build(self, scope: Scope, x: Node) -> Node:
        """Return sums of what the kernels of each channel make of its windows.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, *windows, filters).

        Raises:
            ShapeError: If x has other axes, or no kernel fits into it.

        >>> cr.SeparableConv2D(16, 3)(cr.input("picture", ("batch", 28, 28, 8))).shape  # which calls build
        (batch, 26, 26, 16)
        """
        x = _each_channel(self, "D", scope, x)
        one = (1,) * (len(self.axes) - 1)
        W = scope.parameter("W", (*one, x.shape[-1], self.filters), self.initializer, self.regularizer)
        return finished(self, scope, convolving.convolve(x, W, one, one))


@dataclass(frozen=True, repr=False, eq=False)
class SeparableConv1D(Separable):
    """A convolution in two steps along a sequence: filters that see one feature each, then sums of what these put out.

    Takes x of shape (batch, time, features) and gives (batch, windows, filters), of far fewer numbers than a
    :class:`Conv1D`: D, of shape (size, features, depth_multiplier), and W, of shape (1, features · depth_multiplier,
    filters).

    Args:
        filters: How many sums there are.
        kernel_size: How many places of a feature are seen at once.
        strides: From window to window.
        padding: "valid", "same", "causal", a number, or a pair of them, as of :class:`Conv1D`.
        dilation_rate: From place to place within a window: 2 passes over every second one.
        depth_multiplier: How many filters there are for each feature in the first step.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each of the sums.
        initializer: How D and W begin: a name, a number, or a callable ``(shape, rng)``. By default He's for the relu
            family and Glorot's otherwise; D as that of :class:`DepthwiseConv1D`.
        regularizer: What D and W cost: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> cr.Network([cr.SeparableConv1D(16, 3)], input_shape=(28, 8)).parameters
    {'D1': (3, 8, 1), 'W1': (1, 8, 16), 'b1': (16,)}
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class SeparableConv2D(Separable):
    """A convolution in two steps (Chollet 2017): filters that see one channel each, then sums of what these put out.

    Takes x of shape (batch, height, width, channels) and gives (batch, rows, columns, filters), of far fewer numbers
    than a :class:`Conv2D`: D, of shape (height, width, channels, depth_multiplier), and W, of shape (1, 1, channels ·
    depth_multiplier, filters).

    Args:
        filters: How many sums there are.
        kernel_size: How many places of a channel are seen at once: 3 for (3, 3), or (height, width).
        strides: From window to window, downwards and to the right: a number for both, or a pair.
        padding: "valid", "same", a number, or ((top, bottom), (left, right)), as of :class:`Conv2D`.
        dilation_rate: From place to place within a window: 2 passes over every second one.
        depth_multiplier: How many filters there are for each channel in the first step.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each of the sums.
        initializer: How D and W begin: a name, a number, or a callable ``(shape, rng)``. By default He's for the relu
            family and Glorot's otherwise; D as that of :class:`DepthwiseConv2D`.
        regularizer: What D and W cost: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> cr.Network([cr.SeparableConv2D(16, 3)], input_shape=(28, 28, 8)).parameters
    {'D1': (3, 3, 8, 1), 'W1': (1, 1, 8, 16), 'b1': (16,)}
    """


def _each_channel(layer: Depthwise | Separable, role: str, scope: Scope, x: Node) -> Node:
    """Return what kernels for each channel of its own make of x."""
    rank = len(layer.axes) - 1
    channels = lengths(layer, x, layer.axes)[-1]
    sizes, strides, dilations = (
        both(s, rank) for s in (layer.kernel_size, layer.strides, layer.dilation_rate)
    )
    x = framed(layer, x, layer.padding, sizes, strides, dilations)
    shape = (*sizes, channels, layer.depth_multiplier)
    each = (*sizes, 1, layer.depth_multiplier)
    K = scope.parameter(role, shape, layer.initializer, layer.regularizer, each=each)
    return convolving.convolve_each(x, K, strides, dilations)

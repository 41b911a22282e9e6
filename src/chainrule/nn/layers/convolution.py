"""Convolution layers: the same small kernel slides over a sequence, a picture or a volume."""

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.errors import GraphError, LearningWarning, ShapeError, warn
from chainrule.graph.node import Node
from chainrule.nn import convolving
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, VOLUME, both, lengths
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.sliding import PaddingLike, Sizes, check_kernels, finished, framed
from chainrule.nn.specs import Count

__all__ = ["Conv1D", "Conv2D", "Conv3D"]


@dataclass(frozen=True, repr=False, eq=False)
class Convolution(Layer):
    """What convolutions along one, two and three axes have in common: all but how many these are."""

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: PaddingLike = "valid"
    dilation_rate: Sizes = 1
    groups: Count = 1
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
        if self.filters % self.groups:
            raise GraphError(
                f"{type(self).__name__}: {self.filters} filters do not divide into {self.groups} groups of as many."
            )
        if _counts_channels(self.filters, self.kernel_size, self.strides):
            meant = f"{type(self).__name__}({self.kernel_size}, {self.strides})"
            warn(
                f"{self!r}: PyTorch has (channels, filters, size) where here (filters, size, strides) stand. For "
                f"{self.kernel_size} filters of size {self.strides} write cr.{meant}: channels are seen in the input.",
                LearningWarning,
            )

    def build(self, scope: Scope, x: Node) -> Node:
        """Return what the kernels make of each window of x.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, *windows, filters).

        Raises:
            ShapeError: If x has other axes, its channels do not divide into the groups, or no kernel fits into it.

        >>> cr.Conv2D(8, 3)(cr.input("picture", ("batch", 28, 28, 1))).shape  # which calls build
        (batch, 26, 26, 8)
        """
        rank = len(self.axes) - 1
        channels = lengths(self, x, self.axes)[-1]
        if channels % self.groups:
            raise ShapeError(f"{self!r}: {channels} channels do not divide into {self.groups} groups.")
        sizes, strides, dilations = (
            both(s, rank) for s in (self.kernel_size, self.strides, self.dilation_rate)
        )
        shape = (*sizes, channels // self.groups, self.filters)
        each = (*shape[:-1], self.filters // self.groups)
        x = framed(self, x, self.padding, sizes, strides, dilations)
        W = scope.parameter("W", shape, self.initializer, self.regularizer, each=each)
        return finished(self, scope, convolving.convolve(x, W, strides, dilations, self.groups))


def _counts_channels(filters: int, kernel_size: Any, strides: Any) -> bool:
    """Say whether settings look like PyTorch's (channels, filters, size), which nobody wants to mean what they say."""
    if not isinstance(kernel_size, int) or not isinstance(strides, int):
        return False
    return filters <= kernel_size >= 8 and kernel_size % 2 == 0 and strides >= 3 and strides % 2 == 1


@dataclass(frozen=True, repr=False, eq=False)
class Conv1D(Convolution):
    """Filters that slide along a sequence (Waibel et al. 1989): ``activation(windows · W + b)``.

    Takes x of shape (batch, time, features) and gives (batch, windows, filters). W has the shape (size, features,
    filters).

    Args:
        filters: How many there are: each puts out a sequence of its own.
        kernel_size: How many places each sees at once.
        strides: From window to window.
        padding: "valid" for none; "same" for zeros at both ends, so that there are ``ceil(time / stride)`` windows;
            "causal" for all of them in front, so that no window sees what comes after it; a number of zeros for both
            ends, or one for each: (1, 2).
        dilation_rate: From place to place within a window: 2 passes over every second one.
        groups: How many parts features and filters are divided into; each filter sees the features of its part.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = size · features and fan_out = size · filters.
            Of several groups each is drawn by itself.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes, or the filters do not divide into the groups.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> difference = np.array([-1.0, 1.0]).reshape(2, 1, 1)
    >>> network = cr.Network([cr.Conv1D(1, 2, initializer=difference)], input_shape=(5, 1))
    >>> network.predict(np.array([[1, 2, 4, 8, 16]])[..., np.newaxis]).ravel()
    array([1., 2., 4., 8.], dtype=float32)
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class Conv2D(Convolution):
    """Filters that slide over a picture (LeCun et al. 1998): ``activation(windows · W + b)``.

    Takes x of shape (batch, height, width, channels) and gives (batch, rows, columns, filters). W has the shape
    (height, width, channels, filters) of the kernel: however large the picture, (3·3·1 + 1)·8 = 80 numbers are learned
    by 8 filters of 3 x 3 on one channel. Weights from PyTorch, (filters, channels, height, width), are turned by
    ``weight.transpose(2, 3, 1, 0)``.

    Args:
        filters: How many there are: each puts out a picture of its own.
        kernel_size: How many places each sees at once: 3 for (3, 3), or (height, width).
        strides: From window to window, downwards and to the right: a number for both, or a pair.
        padding: "valid" for none; "same" for zeros around the picture, so that there are ``ceil(height / stride)``
            rows of windows, where of an odd number of zeros one more stands below and to the right; a number of zeros
            for all sides, one for each axis, or ((top, bottom), (left, right)).
        dilation_rate: From place to place within a window: 2 passes over every second one.
        groups: How many parts channels and filters are divided into; each filter sees the channels of its part.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = height · width · channels of the kernel and
            fan_out = height · width · filters. Of several groups each is drawn by itself.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes, or the filters do not divide into the groups.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> layers = [cr.Conv2D(8, 3, activation="relu"), cr.Flatten(), cr.Dense(10, "softmax")]
    >>> cr.Network(layers, input_shape=(28, 28, 1)).parameters
    {'W1': (3, 3, 1, 8), 'b1': (8,), 'W2': (5408, 10), 'b2': (10,)}
    """


@dataclass(frozen=True, repr=False, eq=False)
class Conv3D(Convolution):
    """Filters that slide through a volume, or over the pictures of a film (Ji et al. 2013).

    Takes x of shape (batch, depth, height, width, channels) and gives as many axes, with filters in place of channels.
    W has the shape (depth, height, width, channels, filters) of the kernel.

    Args:
        filters: How many there are: each puts out a volume of its own.
        kernel_size: How many places each sees at once: 3 for (3, 3, 3), or (depth, height, width).
        strides: From window to window: a number for all axes, or three.
        padding: "valid" for none; "same" for zeros on all sides, so that there are ``ceil(length / stride)`` windows
            along each axis; a number of zeros for all sides, or a number or a pair for each axis.
        dilation_rate: From place to place within a window: 2 passes over every second one.
        groups: How many parts channels and filters are divided into; each filter sees the channels of its part.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins, as of :class:`Conv2D`.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes, or the filters do not divide into the groups.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> cr.Conv3D(4, (2, 3, 3))(cr.input("film", ("batch", 8, 28, 28, 3))).shape
    (batch, 7, 26, 26, 4)
    """

    axes: ClassVar[tuple[str, ...]] = VOLUME

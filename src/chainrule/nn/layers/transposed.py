"""Transposed convolutions: each number lays down a kernel, which makes sequences and pictures larger."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.errors import GraphError, ShapeError, short, unknown_name
from chainrule.graph.node import Node
from chainrule.graph.shapes import span
from chainrule.nn import convolving
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, WHOLE, both, check_places, lengths
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.sliding import NAMES, PaddingLike, Sizes, check_kernels, check_sizes, finished
from chainrule.nn.specs import Count

__all__ = ["Conv1DTranspose", "Conv2DTranspose"]


@dataclass(frozen=True, repr=False, eq=False)
class Transposed(Layer):
    """What convolutions the other way have in common: all but along how many axes kernels are laid."""

    filters: Count
    kernel_size: Sizes
    strides: Sizes = 1
    padding: PaddingLike = "valid"
    output_padding: Sizes | None = None
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
        if self.padding == "causal":
            raise unknown_name("padding", self.padding, NAMES[2])
        check_sizes(self, ("output_padding",), self.axes, least=0)
        rank = len(self.axes) - 1
        more, strides = both(self.output_padding, rank), both(self.strides, rank)
        if self.output_padding is not None and any(o >= s for o, s in zip(more, strides, strict=True)):
            raise GraphError(
                f"{type(self).__name__}: output_padding must be below strides, {self.strides}; "
                f"found {short(self.output_padding)}."
            )

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the sum of the kernels that each place of x lays down.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, *longer, filters).

        Raises:
            ShapeError: If x has other axes, nothing is left of what was cut off, or more than any picture has.

        >>> layer = cr.Conv2DTranspose(8, 3, strides=2, padding="same")
        >>> layer(cr.input("picture", ("batch", 7, 7, 16))).shape  # which calls build
        (batch, 14, 14, 8)
        """
        rank = len(self.axes) - 1
        *places, channels = lengths(self, x, self.axes)
        sizes, strides, dilations = (
            both(s, rank) for s in (self.kernel_size, self.strides, self.dilation_rate)
        )
        W = scope.parameter("W", (*sizes, channels, self.filters), self.initializer, self.regularizer)
        spans = [span(k, d) for k, d in zip(sizes, dilations, strict=True)]
        kept = convolving.kept(self.padding, both(self.output_padding, rank), places, spans, strides)
        if any(length < 1 for _, length in kept):
            raise ShapeError(
                f"{self!r}: padding cuts all off that kernels reach from {WHOLE[self.axes]} of "
                f"{' x '.join(map(str, places))}. "
                "Cut off less, or take a larger kernel."
            )
        check_places(self, [length for _, length in kept])
        return finished(self, scope, convolving.transposed(x, W, strides, dilations, kept))


@dataclass(frozen=True, repr=False, eq=False)
class Conv1DTranspose(Transposed):
    """A convolution along a sequence the other way: each place lays down a kernel, times its number.

    It makes sequences longer, where a :class:`Conv1D` of the same settings makes them shorter: it is the gradient of
    that by its input. Takes x of shape (batch, time, features) and gives (batch, longer, filters); W has the shape
    (size, features, filters). Weights from PyTorch, (features, filters, size), are turned by
    ``weight.transpose(2, 0, 1)``, those from Keras, (size, filters, features), by ``weight.transpose(0, 2, 1)``.

    Args:
        filters: How many sequences it puts out for each.
        kernel_size: How long the kernels are.
        strides: How far apart they are laid: 2 makes a sequence twice as long.
        padding: "valid" for all that kernels reach, ``(time - 1) · stride + size`` places, or ``time · stride`` where
            kernels do not meet; "same" for ``time · stride`` places, of the middle; a number of places that are cut off
            at both ends, or one for each: (1, 2).
        output_padding: How many places more there are behind; with "same", more than those in which the last kernel has
            its middle. Below the strides. None for what padding says.
        dilation_rate: From place to place within a kernel.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = size · features and fan_out = size · filters.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> layer = cr.Conv1DTranspose(1, 2, strides=2, initializer="ones")
    >>> cr.Network([layer], input_shape=(3, 1)).predict([[[3.0], [5.0], [4.0]]]).ravel()
    array([3., 3., 5., 5., 4., 4.], dtype=float32)
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class Conv2DTranspose(Transposed):
    """A convolution the other way (Zeiler et al. 2010): each place lays down a kernel, times its number.

    It makes pictures larger, where a :class:`Conv2D` of the same settings makes them smaller: it is the gradient of
    that by its input. Takes x of shape (batch, height, width, channels) and gives (batch, rows, columns, filters); W
    has the shape (height, width, channels, filters) of the kernel. Weights from PyTorch, (channels, filters, height,
    width), are turned by ``weight.transpose(2, 3, 0, 1)``, those from Keras, (height, width, filters, channels), by
    ``weight.transpose(0, 1, 3, 2)``.

    Args:
        filters: How many pictures it puts out for each.
        kernel_size: How large the kernels are: 3 for (3, 3), or (height, width).
        strides: How far apart they are laid, downwards and to the right: 2 makes a picture twice as high and wide.
        padding: "valid" for all that kernels reach, ``(height - 1) · stride + size`` rows, or ``height · stride`` where
            kernels do not meet; "same" for ``height · stride`` rows, of the middle; a number of rows and columns that
            are cut off on all sides, one for each axis, or ((top, bottom), (left, right)).
        output_padding: How many rows and columns more there are below and to the right; with "same", more than those
            in which the last kernel has its middle. Below the strides. None for what padding says.
        dilation_rate: From place to place within a kernel.
        activation: A name ("relu", "sigmoid", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b, a number for each filter.
        initializer: How W begins: a name, a number, a callable ``(shape, rng)`` or an array of its shape. By default
            He's for the relu family and Glorot's otherwise, with fan_in = height · width · channels of the kernel and
            fan_out = height · width · filters.
        regularizer: What W costs: "l2", ``cr.L1(...)``, ``cr.L2(...)`` or a callable on nodes; None, the default,
            nothing.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If a number is none that it takes.
        UnknownNameError: If no activation, initializer, regularizer or padding bears the name.

    >>> layer = cr.Conv2DTranspose(1, 2, strides=2, initializer="ones")
    >>> cr.Network([layer], input_shape=(1, 2, 1)).predict([[[[3.0], [5.0]]]])[0, ..., 0]
    array([[3., 3., 5., 5.],
           [3., 3., 5., 5.]], dtype=float32)
    """

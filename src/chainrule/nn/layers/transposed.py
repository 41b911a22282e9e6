"""Transposed convolutions: each number lays down a kernel, which makes pictures larger."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.node import Node
from chainrule.graph.shapes import span
from chainrule.nn import convolving
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.axes import PICTURE, both, check_places, lengths
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.sliding import PaddingLike, Sizes, check_kernels, check_sizes, finished
from chainrule.nn.specs import Count

__all__ = ["Conv2DTranspose"]


@dataclass(frozen=True, repr=False, eq=False)
class Conv2DTranspose(Layer):
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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_kernels(self, PICTURE)
        check_sizes(self, ("output_padding",), PICTURE, least=0)
        more, strides = both(self.output_padding), both(self.strides)
        if self.output_padding is not None and any(o >= s for o, s in zip(more, strides, strict=True)):
            raise GraphError(
                f"Conv2DTranspose: output_padding must be below strides, {self.strides}; "
                f"found {short(self.output_padding)}."
            )

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the sum of the kernels that each place of x lays down.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, height, width, channels).

        Returns:
            A node of shape (batch, rows, columns, filters).

        Raises:
            ShapeError: If x has other axes, nothing is left of what was cut off, or more than any picture has.

        >>> layer = cr.Conv2DTranspose(8, 3, strides=2, padding="same")
        >>> layer(cr.input("picture", ("batch", 7, 7, 16))).shape  # which calls build
        (batch, 14, 14, 8)
        """
        *places, channels = lengths(self, x, PICTURE)
        sizes, strides, dilations = (both(s) for s in (self.kernel_size, self.strides, self.dilation_rate))
        W = scope.parameter("W", (*sizes, channels, self.filters), self.initializer, self.regularizer)
        spans = [span(k, d) for k, d in zip(sizes, dilations, strict=True)]
        kept = convolving.kept(self.padding, both(self.output_padding), places, spans, strides)
        if any(length < 1 for _, length in kept):
            raise ShapeError(
                f"{self!r}: padding cuts all off that kernels reach from a picture of {places[0]} x {places[1]}. "
                "Cut off less, or take a larger kernel."
            )
        check_places(self, [length for _, length in kept])
        return finished(self, scope, convolving.transposed(x, W, strides, dilations, kept))

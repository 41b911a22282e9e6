"""Pooling: of the numbers in a window, or of all places, the largest or the mean is kept, for each channel by itself.

Where windows lie side by side, as they do unless strides are given, they are a reshape, and no number stands in two.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.nn.convolving import framed, sides, windows_of
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, both, check_places, lengths, too_small
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.masking import mask_of, over_steps
from chainrule.nn.specs import Count, Counts2D

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


@dataclass(frozen=True, repr=False, eq=False)
class Pooling(Layer):
    """What pooling layers have in common: all but what they keep of each window, and along which axes these lie."""

    pool_size: Counts2D = 2
    strides: Counts2D | None = None
    padding: Literal["valid", "same"] = "valid"
    name: str = ""
    axes: ClassVar[tuple[str, ...]] = PICTURE
    keeps: ClassVar[Literal["largest", "mean"]] = "largest"

    def build(self, scope: Scope, x: Node) -> Node:
        """Return what is kept of each window.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, *windows, channels).

        Raises:
            ShapeError: If x has other axes, or there is room for no window.

        >>> cr.MaxPooling2D(3, strides=2, padding="same")(cr.input("x", ("batch", 28, 28, 8))).shape  # calls build
        (batch, 14, 14, 8)
        """
        found = lengths(self, x, self.axes)
        if self.keeps == "largest":
            seen, axes, _ = _windows(self, x, found, -np.inf)
            return seen.max(axis=axes)
        seen, axes, there = _windows(self, x, found, 0.0)  # of what is there
        return seen.mean(axis=axes) if there is None else seen.sum(axis=axes) / there.astype(x.dtype)


@dataclass(frozen=True, repr=False, eq=False)
class MaxPooling1D(Pooling):
    """The largest number of each window, feature by feature.

    Where several are the largest, they share its gradient.

    Takes sequences (batch, time, features) and gives (batch, windows, features).

    Args:
        pool_size: How many places a window has.
        strides: From window to window; by default pool_size, so that they lie side by side.
        padding: "valid" takes whole windows alone; "same" gives ``ceil(time / strides)`` of them, of which those at
            the ends reach over them; what lies beyond is never the largest.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If pool_size or strides is no whole number of at least 1, or padding neither of the two.

    >>> cr.Network([cr.MaxPooling1D(2)], input_shape=(4, 1)).predict([[[1.0], [5.0], [2.0], [4.0]]])[0, :, 0]
    array([5., 4.], dtype=float32)
    """

    pool_size: Count = 2
    strides: Count | None = None
    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class MaxPooling2D(Pooling):
    """The largest number of each window, channel by channel.

    Where several are the largest, they share its gradient.

    Takes pictures (batch, height, width, channels) and gives (batch, rows of windows, columns of windows, channels).

    Args:
        pool_size: The size of a window: a number, or (height, width).
        strides: From window to window, likewise; by default pool_size, so that they lie side by side.
        padding: "valid" takes whole windows alone; "same" gives ``ceil(height / strides)`` rows of them, and columns
            likewise, of which those at the border reach over it; what lies beyond is never the largest.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If pool_size or strides is no whole number of at least 1, or two of them, or padding is neither of
            the two.

    >>> picture = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> cr.Network([cr.MaxPooling2D(2)], input_shape=(4, 4, 1)).predict(picture)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """


@dataclass(frozen=True, repr=False, eq=False)
class AveragePooling1D(Pooling):
    """The mean of each window, feature by feature.

    Takes sequences (batch, time, features) and gives (batch, windows, features).

    Args:
        pool_size: How many places a window has.
        strides: From window to window; by default pool_size, so that they lie side by side.
        padding: "valid" takes whole windows alone; "same" gives ``ceil(time / strides)`` of them, of which those at
            the ends reach over them; their mean is that of what is there, as in Keras.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If pool_size or strides is no whole number of at least 1, or padding neither of the two.

    >>> cr.Network([cr.AveragePooling1D(2)], input_shape=(4, 1)).predict([[[1.0], [5.0], [2.0], [4.0]]])[0, :, 0]
    array([3., 3.], dtype=float32)
    """

    pool_size: Count = 2
    strides: Count | None = None
    axes: ClassVar[tuple[str, ...]] = SEQUENCE
    keeps: ClassVar[Literal["largest", "mean"]] = "mean"


@dataclass(frozen=True, repr=False, eq=False)
class AveragePooling2D(Pooling):
    """The mean of each window, channel by channel.

    Takes pictures (batch, height, width, channels) and gives (batch, rows of windows, columns of windows, channels).

    Args:
        pool_size: The size of a window: a number, or (height, width).
        strides: From window to window, likewise; by default pool_size, so that they lie side by side.
        padding: "valid" takes whole windows alone; "same" gives ``ceil(height / strides)`` rows of them, and columns
            likewise, of which those at the border reach over it; their mean is that of what is there, as in Keras.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If pool_size or strides is no whole number of at least 1, or two of them, or padding is neither of
            the two.

    >>> picture = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> cr.Network([cr.AveragePooling2D(2)], input_shape=(4, 4, 1)).predict(picture)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    keeps: ClassVar[Literal["largest", "mean"]] = "mean"


@dataclass(frozen=True, repr=False, eq=False)
class GlobalPooling(Layer):
    """What layers have in common that look at all places at once."""

    keepdims: bool = False
    name: str = ""
    axes: ClassVar[tuple[str, ...]] = PICTURE
    keeps: ClassVar[Literal["largest", "mean"]] = "largest"

    def build(self, scope: Scope, x: Node) -> Node:
        """Return what is kept of all places.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of shape (batch, channels); where the axes are kept, they have the length 1.

        Raises:
            ShapeError: If x has other axes, or there are no places.

        >>> cr.GlobalMaxPooling2D(keepdims=True)(cr.input("x", ("batch", 7, 7, 64))).shape  # which calls build
        (batch, 1, 1, 64)
        """
        *places, _ = lengths(self, x, self.axes, open_time=True)
        if 0 in places:
            raise ShapeError(f"{self!r}: there are no places to look at in {show(x.shape[1:])}.")
        mask = mask_of(x)
        if mask is not None:
            return _of_what_counts(self, x, mask)
        reduced = x.max if self.keeps == "largest" else x.mean
        return reduced(axis=tuple(range(1, x.ndim - 1)), keepdims=self.keepdims)

    def mask_after(self, x: Node) -> None:
        """Return None: padded steps are left out, and nothing that is padding goes on.

        Args:
            x: A node of shape (batch, *places, channels).

        Returns:
            None.

        >>> cr.GlobalMaxPooling1D().mask_after(cr.input("x", ("batch", 5, 3)))
        """


@dataclass(frozen=True, repr=False, eq=False)
class GlobalMaxPooling1D(GlobalPooling):
    """The largest number of each feature in a whole sequence: whether something was there, whenever it was.

    Steps that are padding do not count (see :class:`Masking`).

    Takes sequences (batch, time, features) and gives (batch, features).

    Args:
        keepdims: Whether the axes stay, of length 1: (batch, 1, features).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If keepdims is neither True nor False.

    >>> cr.GlobalMaxPooling1D()(cr.input("x", ("batch", 9, 4))).shape
    (batch, 4)
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class GlobalMaxPooling2D(GlobalPooling):
    """The largest number of each channel in a whole picture: whether something is there, wherever it is.

    Takes pictures (batch, height, width, channels) and gives (batch, channels).

    Args:
        keepdims: Whether the axes stay, of length 1: (batch, 1, 1, channels).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If keepdims is neither True nor False.

    >>> cr.GlobalMaxPooling2D()(cr.input("x", ("batch", 7, 7, 64))).shape
    (batch, 64)
    """


@dataclass(frozen=True, repr=False, eq=False)
class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each feature over a whole sequence, however long it is.

    Steps that are padding do not count (see :class:`Masking`).

    Takes sequences (batch, time, features) and gives (batch, features).

    Args:
        keepdims: Whether the axes stay, of length 1: (batch, 1, features).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If keepdims is neither True nor False.

    >>> cr.GlobalAveragePooling1D()(cr.input("x", ("batch", 9, 4))).shape
    (batch, 4)
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE
    keeps: ClassVar[Literal["largest", "mean"]] = "mean"


@dataclass(frozen=True, repr=False, eq=False)
class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel over a whole picture (Lin et al. 2013): what follows does not depend on the size.

    Takes pictures (batch, height, width, channels) and gives (batch, channels).

    Args:
        keepdims: Whether the axes stay, of length 1: (batch, 1, 1, channels).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If keepdims is neither True nor False.

    >>> cr.GlobalAveragePooling2D()(cr.input("x", ("batch", 7, 7, 64))).shape
    (batch, 64)
    """

    keeps: ClassVar[Literal["largest", "mean"]] = "mean"


def _of_what_counts(layer: GlobalPooling, x: Node, mask: Node) -> Node:
    """Return what is kept of the steps that are no padding; 0 of a sequence that is nothing else."""
    axes, keepdims = tuple(range(1, x.ndim - 1)), layer.keepdims
    there: Any = np.broadcast_to(over_steps(mask, x.ndim), (*x.shape[:-1], 1))
    kept: Any
    if layer.keeps == "mean":
        total: Any = np.sum(np.where(there, x, 0), axis=axes, keepdims=keepdims)
        count: Any = np.sum(there.astype(x.dtype), axis=axes, keepdims=keepdims)
        kept = total / np.maximum(count, 1)
    else:
        some: Any = np.any(there, axis=axes, keepdims=keepdims)
        kept = np.where(some, np.max(np.where(there, x, -np.inf), axis=axes, keepdims=keepdims), 0)
    found: Node = kept
    return found


def _windows(
    layer: Pooling, x: Node, found: tuple[int, ...], beyond: float
) -> tuple[Node, tuple[int, ...], np.ndarray | None]:
    """Return the windows of a pooling layer and the axes of their places; how many of these are there, if not all are.

    What is not there is ``beyond``.
    """
    *places, channels = found
    rank = len(places)
    sizes = both(layer.pool_size, rank)
    strides = sizes if layer.strides is None else both(layer.strides, rank)
    around = sides(layer.padding, places, sizes, strides)
    length = [n + sum(side) for n, side in zip(places, around, strict=True)]
    check_places(layer, length)
    if any(n < size or not n for n, size in zip(length, sizes, strict=True)):
        raise ShapeError(too_small(layer, x, sizes))
    there = None
    if length != places:
        x = framed(x, around, beyond)
        counts = [_there(*each) for each in zip(places, sizes, strides, around, strict=True)]
        there = np.multiply.outer(*counts)[..., None] if rank == 2 else counts[0][:, None]
    if sizes != strides:
        return windows_of(x, sizes, strides, [1] * rank), tuple(range(-rank, 0)), there
    whole = [n // size * size for n, size in zip(length, sizes, strict=True)]
    if whole != length:
        x = x[(slice(None), *[slice(n) for n in whole])]
    apart = [e for n, size in zip(whole, sizes, strict=True) for e in (n // size, size)]
    return x.reshape(x.shape[0], *apart, channels), tuple(range(2, 2 * rank + 1, 2)), there


def _there(length: int, size: int, stride: int, side: tuple[int, int]) -> np.ndarray:
    """Return how many places each window along an axis has that are there.

    >>> _there(5, 3, 2, (1, 1))
    array([2, 3, 2])
    """
    starts = np.array(range(-side[0], length + side[1] - size + 1, stride))
    return np.minimum(starts + size, length) - np.maximum(starts, 0)

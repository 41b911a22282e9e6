"""Padding: zeros around pictures and sequences, their margins cut off, and each place several times."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.nn.convolving import each_side, framed
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, both, lengths
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.specs import Count, Counts2D, Sides1D, Sides2D

__all__ = ["Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D"]

MOST_TIMES = 64  # each of which is written out


@dataclass(frozen=True, repr=False, eq=False)
class ZeroPadding(Layer):
    """What layers that put zeros around have in common: all but along how many axes these stand."""

    padding: Sides2D = 1
    name: str = ""
    axes: ClassVar[tuple[str, ...]] = PICTURE

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with zeros around it.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of as many axes.

        Raises:
            ShapeError: If x has other axes.

        >>> cr.ZeroPadding2D(1)(cr.input("x", ("batch", 8, 8, 3))).shape  # which calls build
        (batch, 10, 10, 3)
        """
        lengths(self, x, self.axes)
        return framed(x, each_side(self.padding, len(self.axes) - 1))


@dataclass(frozen=True, repr=False, eq=False)
class ZeroPadding1D(ZeroPadding):
    """Zeros around sequences.

    Takes sequences (batch, time, features) and gives the same, longer.

    Args:
        padding: How many zeros stand at each end, or (before, after).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If padding is none of these.

    >>> cr.Network([cr.ZeroPadding1D((1, 0))], input_shape=(2, 1)).predict([[[3.0], [4.0]]])[0, :, 0]
    array([0., 3., 4.], dtype=float32)
    """

    padding: Sides1D = 1
    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class ZeroPadding2D(ZeroPadding):
    """Zeros around pictures.

    Takes pictures (batch, height, width, channels) and gives the same, longer along both.

    Args:
        padding: How many zeros stand on each side: a number for all, (height, width) for above and below and for
            the sides, or ((top, bottom), (left, right)).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If padding is none of these.

    >>> cr.ZeroPadding2D(((0, 1), (2, 2)))(cr.input("image", ("batch", 8, 8, 3))).shape
    (batch, 9, 12, 3)
    """


@dataclass(frozen=True, repr=False, eq=False)
class Cropping(Layer):
    """What layers that cut margins off have in common: all but along how many axes these lie."""

    cropping: Sides2D = 0
    name: str = ""
    axes: ClassVar[tuple[str, ...]] = PICTURE
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return what is within the margins.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of as many axes.

        Raises:
            ShapeError: If x has other axes, or nothing is left.

        >>> cr.Cropping2D(1)(cr.input("x", ("batch", 8, 8, 3))).shape  # which calls build
        (batch, 6, 6, 3)
        """
        *places, _ = lengths(self, x, self.axes)
        cut = each_side(self.cropping, len(places))
        kept = [slice(before, n - behind) for n, (before, behind) in zip(places, cut, strict=True)]
        if any(at.start >= at.stop for at in kept):
            raise ShapeError(f"{self!r} leaves nothing of {show(x.shape[1:])}.")
        return x[(slice(None), *kept)]


@dataclass(frozen=True, repr=False, eq=False)
class Cropping1D(Cropping):
    """Sequences without their margins.

    Takes sequences (batch, time, features) and gives the same, shorter.

    Args:
        cropping: How many places are cut off at each end, or (before, after).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If cropping is none of these.

    >>> cr.Network([cr.Cropping1D((1, 0))], input_shape=(2, 1)).predict([[[3.0], [4.0]]])[0, :, 0]
    array([4.], dtype=float32)
    """

    cropping: Sides1D = 1
    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class Cropping2D(Cropping):
    """Pictures without their margins.

    Takes pictures (batch, height, width, channels) and gives the same, shorter along both.

    Args:
        cropping: How many are cut off on each side: a number for all, (height, width) for above and below and for
            the sides, or ((top, bottom), (left, right)).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If cropping is none of these.

    >>> cr.Cropping2D(((0, 1), (2, 2)))(cr.input("image", ("batch", 8, 8, 3))).shape
    (batch, 7, 4, 3)
    """


@dataclass(frozen=True, repr=False, eq=False)
class UpSampling1D(Layer):
    """Each place of a sequence several times.

    Takes sequences (batch, time, features) and gives (batch, size · time, features).

    Args:
        size: How often each stands there.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If size is no whole number of at least 1.

    >>> cr.Network([cr.UpSampling1D(2)], input_shape=(2, 1)).predict([[[3.0], [4.0]]])[0, :, 0]
    array([3., 3., 4., 4.], dtype=float32)
    """

    size: Count = 2
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return each place several times.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, time, features).

        Returns:
            A node of shape (batch, size · time, features).

        Raises:
            ShapeError: If x is no batch of sequences.

        >>> cr.UpSampling1D(3)(cr.input("x", ("batch", 5, 2))).shape  # which calls build
        (batch, 15, 2)
        """
        lengths(self, x, SEQUENCE)
        return _repeated(x, (self.size,))


@dataclass(frozen=True, repr=False, eq=False)
class UpSampling2D(Layer):
    """Pictures that are larger by whole factors.

    Takes pictures (batch, height, width, channels) and gives (batch, size · height, size · width, channels).

    Args:
        size: By how much: a number for both, or (height, width).
        interpolation: "nearest" repeats each pixel; "bilinear" goes straight from the middle of each pixel to that of
            the next, as Keras and PyTorch do (``align_corners=False``).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If size is no whole number of at least 1, or two, of at most 64 where it is bilinear, or
            interpolation is neither of the two.

    >>> layer = cr.UpSampling2D((1, 2), "bilinear")
    >>> cr.Network([layer], input_shape=(1, 2, 1)).predict([[[[0.0], [4.0]]]])[0, :, :, 0]
    array([[0., 1., 3., 4.]], dtype=float32)
    """

    size: Counts2D = 2
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interpolation == "bilinear" and max(both(self.size)) > MOST_TIMES:
            raise GraphError(
                f"UpSampling2D: straight lines are drawn for sizes of at most {MOST_TIMES}; found {short(self.size)}. "
                "Several layers one after the other make more of it."
            )

    def build(self, scope: Scope, x: Node) -> Node:
        """Return larger pictures.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, height, width, channels).

        Returns:
            A node of shape (batch, size · height, size · width, channels).

        Raises:
            ShapeError: If x is no batch of pictures.

        >>> cr.UpSampling2D(3)(cr.input("x", ("batch", 5, 4, 2))).shape  # which calls build
        (batch, 15, 12, 2)
        """
        lengths(self, x, PICTURE)
        if self.interpolation == "nearest":
            return _repeated(x, both(self.size))
        for axis, times in enumerate(both(self.size), start=1):
            x = _drawn_out(x, axis, times)
        return x


def _repeated(x: Node, times: tuple[int, ...]) -> Node:
    """Return x with each place so often along each axis of places."""
    batch, *places, channels = x.shape
    apart = [e for n in places for e in (n, 1)]
    wide = [e for pair in zip(places, times, strict=True) for e in pair]
    repeated: Any = np.broadcast_to(x.reshape(batch, *apart, channels), (batch, *wide, channels))
    return repeated.reshape(batch, *[n * k for n, k in zip(places, times, strict=True)], channels)


def _drawn_out(x: Node, axis: int, times: int) -> Node:
    """Return x, longer along an axis, each new place on the line between the middles of two old ones.

    Of the new places within an old one, each has its two neighbours at the same distances everywhere.
    """
    if times == 1:
        return x
    before = (slice(None),) * axis
    framed: Any = np.concatenate([x[(*before, slice(0, 1))], x, x[(*before, slice(-1, None))]], axis=axis)
    length, found = x.shape[axis], []
    for k in range(times):
        at = (k + 0.5) / times + 0.5  # from the middle of the place before
        first, share = int(at), at % 1
        low, high = (framed[(*before, slice(i, i + length))] for i in (first, first + 1))
        found.append(low * (1 - share) + high * share if share else low)
    joined: Any = np.stack(found, axis=axis + 1)
    return joined.reshape(*x.shape[:axis], length * times, *x.shape[axis + 1 :])

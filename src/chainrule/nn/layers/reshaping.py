"""Reshaping: the same numbers, in another order or along other axes."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, show
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.specs import Lengths, Order

__all__ = ["Flatten", "Permute", "Reshape"]


@dataclass(frozen=True, repr=False, eq=False)
class Flatten(Layer):
    """Each example as one row of numbers: (batch, 8, 8) becomes (batch, 64).

    Takes x of any shape (batch, ...) and gives (batch, numbers).

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> images = np.arange(8).reshape(2, 2, 2)
    >>> cr.Network([cr.Flatten()], input_shape=(2, 2)).predict(images)
    array([[0., 1., 2., 3.],
           [4., 5., 6., 7.]], dtype=float32)
    """

    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with one axis beside the examples.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of shape (batch, numbers).

        >>> cr.Flatten()(cr.input("image", ("batch", 8, 8))).shape  # which calls build
        (batch, 64)
        """
        if x.ndim == 1:
            return x.reshape(x.shape[0], 1)
        return x.reshape(x.shape[0], -1)


@dataclass(frozen=True, repr=False, eq=False)
class Reshape(Layer):
    """The numbers of each example along other axes, in their order: (batch, 64) becomes (batch, 8, 8, 1).

    Takes x of any shape (batch, ...) with as many numbers, and gives (batch, *target_shape).

    Args:
        target_shape: The lengths of the new axes, without that of the examples; one may be -1: what is left.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If target_shape is no tuple of lengths, or has more than one -1.

    >>> cr.Reshape((8, 8, 1))(cr.input("x", ("batch", 64))).shape
    (batch, 8, 8, 1)
    >>> cr.Network([cr.Reshape((2, -1))], input_shape=4).predict([[1, 2, 3, 4]])
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """

    target_shape: Lengths
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x along other axes.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of shape (batch, *target_shape).

        Raises:
            ShapeError: If x has another number of numbers.

        >>> cr.Reshape((-1, 2))(cr.input("x", ("batch", 3, 4))).shape  # which calls build
        (batch, 6, 2)
        """
        try:
            return x.reshape(x.shape[0], *self.target_shape)
        except ShapeError:
            left, needed = -1 in self.target_shape, prod(e for e in self.target_shape if e != -1)
            found, fixed = show(x.shape[1:]), not any(isinstance(e, Extent) for e in x.shape[1:])
            counted = f", which are {prod(map(int, x.shape[1:])):,}" if fixed and x.ndim > 2 else ""
            raise ShapeError(
                f"{self!r} makes {needed:,} numbers{' times what is left' * left} of each example; it is given "
                f"{found}{counted}."
            ) from None


@dataclass(frozen=True, repr=False, eq=False)
class Permute(Layer):
    """The axes of each example in another order: with (2, 1), (batch, time, features) becomes (batch, features, time).

    Takes x of shape (batch, ...), with as many axes as dims names.

    Args:
        dims: The axes in their new order, counted from 1 as in Keras: the examples' axis is 0 and stays first.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If dims does not name the axes 1, 2 ... once each.

    >>> cr.Permute((3, 1, 2))(cr.input("image", ("batch", 8, 6, 3))).shape
    (batch, 3, 8, 6)
    """

    dims: Order
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with its axes in another order.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same numbers.

        Raises:
            ShapeError: If x has another number of axes.

        >>> cr.Permute((2, 1))(cr.input("x", ("batch", 5, 3))).shape  # which calls build
        (batch, 3, 5)
        """
        if x.ndim != len(self.dims) + 1:
            raise ShapeError(
                f"{self!r} takes examples of {len(self.dims)} axes; it is given {show(x.shape[1:])}."
            )
        moved: Any = np.transpose(x, (0, *self.dims))
        return moved

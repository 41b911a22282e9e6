"""Merging: several nodes become one, joined side by side or number by number, as where paths of a network meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import add, mul
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.ranges import range_of
from chainrule.graph.shapes import show
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.specs import Axis, Parts
from chainrule.shown import in_a_row

__all__ = ["Add", "Average", "Concatenate", "Maximum", "Mixture", "Multiply", "Subtract"]


@dataclass(frozen=True, repr=False, eq=False)
class Merging(Layer):
    """What layers have in common that make one node of several of one shape, number by number."""

    name: str = ""

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return what is made of the nodes.

        Args:
            scope: Not used: there is nothing to learn.
            xs: Nodes of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            GraphError: If there is one node alone.
            ShapeError: If the shapes do not fit each other.

        >>> cr.Add()(cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        found: Node = self._merged(_fitting(self, xs))
        return found

    def _merged(self, xs: Sequence[Node]) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, repr=False, eq=False)
class Add(Merging):
    """The sum of several nodes, number by number: the end of a residual block (He et al. 2016).

    Takes nodes of one shape (batch, ...), but for axes of length 1, and gives the same.

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> def draw(x):
    ...     h = cr.Dense(4, "relu")(x)
    ...     return cr.Dense(1)(cr.Add()(x, h))
    >>> cr.Network(draw, inputs={"x": 4}, seed=0).predict(np.zeros((2, 4))).shape
    (2, 1)
    """

    def _merged(self, xs: Sequence[Node]) -> Any:
        return reduce(add, xs)


@dataclass(frozen=True, repr=False, eq=False)
class Multiply(Merging):
    """The product of several nodes, number by number: a gate, such as (batch, 1, 1, channels) on pictures.

    Takes nodes of one shape (batch, ...), but for axes of length 1, and gives the same.

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> x, gate = cr.input("x", ("batch", 8, 8, 3)), cr.input("gate", ("batch", 1, 1, 3))
    >>> cr.Multiply()(x, gate).shape
    (batch, 8, 8, 3)
    """

    def _merged(self, xs: Sequence[Node]) -> Any:
        return reduce(mul, xs)


@dataclass(frozen=True, repr=False, eq=False)
class Average(Merging):
    """The mean of several nodes, number by number.

    Takes nodes of one shape (batch, ...), but for axes of length 1, and gives the same.

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> a, b = cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))
    >>> print(cr.Average()(a, b))
    (a + b) / 2
    """

    def _merged(self, xs: Sequence[Node]) -> Any:
        return reduce(add, xs) / len(xs)


@dataclass(frozen=True, repr=False, eq=False)
class Maximum(Merging):
    """The largest of several nodes, number by number.

    Takes nodes of one shape (batch, ...), but for axes of length 1, and gives the same.

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> a, b = cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))
    >>> print(cr.Maximum()(a, b))
    max(a, b)
    """

    def _merged(self, xs: Sequence[Node]) -> Any:
        larger: Any = np.maximum
        return reduce(larger, xs)


@dataclass(frozen=True, repr=False, eq=False)
class Subtract(Layer):
    """The difference of two nodes, number by number.

    Takes two nodes of one shape (batch, ...), but for axes of length 1, and gives the same.

    Args:
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> a, b = cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))
    >>> print(cr.Subtract()(a, b))
    a - b
    """

    name: str = ""

    def build(self, scope: Scope, a: Node, b: Node) -> Node:
        """Return ``a - b``.

        Args:
            scope: Not used: there is nothing to learn.
            a: A node of shape (batch, ...).
            b: Another.

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If the shapes do not fit each other.

        >>> cr.Subtract()(cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        _fitting(self, (a, b))
        return a - b


@dataclass(frozen=True, repr=False, eq=False)
class Mixture(Layer):
    """The sum of several nodes, each times its share: what several models say, as one.

    The shares have the sum 1, so that probabilities stay probabilities. :func:`mixture` makes one network of several
    that have learned, which ends in this layer.

    Takes as many nodes as there are shares, of one shape (batch, ...), and gives the same.

    Args:
        shares: A number of at least 0 for each node; their sum is 1.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If shares are no such numbers.

    >>> a, b = cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))
    >>> print(cr.Mixture((0.25, 0.75))(a, b))
    a · 0.25 + b · 0.75
    """

    shares: Parts
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def __repr__(self) -> str:
        """Write the shares briefly, those that are equal once: this stands in tables and errors."""
        several = ((share, len([*equal])) for share, equal in groupby(self.shares))
        shown = [f"{count} × {share:.4g}" if count > 1 else f"{share:.4g}" for share, count in several]
        return f"Mixture(<{in_a_row(shown)}>)"

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the sum of the nodes, each times its share.

        Args:
            scope: Not used: there is nothing to learn.
            xs: Nodes of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            GraphError: If there are more nodes or fewer than shares.
            ShapeError: If the shapes do not fit each other.

        >>> one, other = cr.input("a", ("batch", 3)), cr.input("b", ("batch", 3))
        >>> cr.Mixture((0.5, 0.5))(one, other).shape  # which calls build
        (batch, 3)
        """
        if len(xs) != len(self.shares):
            raise GraphError(f"{self!r} has {len(self.shares)} shares, and is called on {len(xs)} nodes.")
        if len(xs) > 1:
            _fitting(self, xs)
        mixed: Any = reduce(add, [x * w for x, w in zip(xs, self.shares, strict=True)])
        shares = all(range_of(x).low >= 0 and range_of(x).high <= 1 for x in xs)
        return np.minimum(mixed, 1) if shares else mixed  # a sum may be rounded to above it


@dataclass(frozen=True, repr=False, eq=False)
class Concatenate(Layer):
    """Several nodes side by side, along one axis: by default their features or channels.

    Takes nodes of shape (batch, ...) that are equal but for that axis, and gives the same with the sum of its lengths.

    Args:
        axis: The axis along which they are joined; 0 counts the examples, and is none.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If axis is no whole number.

    >>> a, b = cr.input("a", ("batch", 8, 8, 3)), cr.input("b", ("batch", 8, 8, 5))
    >>> cr.Concatenate()(a, b).shape
    (batch, 8, 8, 8)
    """

    axis: Axis = -1
    name: str = ""

    def build(self, scope: Scope, *xs: Node) -> Node:
        """Return the nodes side by side.

        Args:
            scope: Not used: there is nothing to learn.
            xs: Nodes of shape (batch, ...).

        Returns:
            A node of shape (batch, ...).

        Raises:
            GraphError: If there is one node alone.
            ShapeError: If the shapes do not fit each other, or the axis is none of theirs.

        >>> cr.Concatenate(1)(cr.input("a", ("batch", 3)), cr.input("b", ("batch", 2))).shape  # which calls build
        (batch, 5)
        """
        rank = _several(self, xs)[0].ndim
        if not -rank < self.axis < rank or self.axis == 0:
            raise ShapeError(
                f"{self!r} joins along an axis of the examples, 1 to {rank - 1}; 0 is the examples themselves."
            )
        try:
            joined: Any = np.concatenate(xs, axis=self.axis)
        except ShapeError:
            found = " and ".join(show(x.shape[1:]) for x in xs)
            raise ShapeError(
                f"{self!r} takes examples that are equal but for axis {self.axis % rank}; found {found}."
            ) from None
        return joined


def _several(layer: Layer, xs: Sequence[Node]) -> Sequence[Node]:
    """Return the nodes, of which there must be several."""
    if len(xs) < 2:
        raise GraphError(
            f"{layer!r} makes one node of several, and is given {len(xs)}. It is called on nodes, in a network that is "
            "drawn by a function: layer(a, b)."
        )
    return xs


def _fitting(layer: Layer, xs: Sequence[Node]) -> Sequence[Node]:
    """Return the nodes, which must be of one shape, but for axes of length 1."""
    try:
        shapes.broadcast(*(x.shape for x in _several(layer, xs)))
        fit = len({x.ndim for x in xs}) == 1
    except ShapeError:
        fit = False
    if not fit:
        found = " and ".join(show(x.shape[1:]) for x in xs)
        raise ShapeError(
            f"{layer!r} takes examples of one shape, but for axes of length 1; found {found}. Where a path changes the "
            "width, a layer on the other makes it the same."
        )
    return xs

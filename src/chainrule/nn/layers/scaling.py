"""Scaling: numbers brought to where a network learns from them, and kept there."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.graph.node import Node
from chainrule.nn.layers.base import Layer, Scope, width_of
from chainrule.nn.specs import Each

__all__ = ["Clip", "Rescaling"]


@dataclass(frozen=True, repr=False, eq=False)
class Rescaling(Layer):
    """Numbers times a scale, plus an offset: pictures of 0 to 255 become 0 to 1 within the network, and so in its file.

    Takes x of any shape (batch, ...) and gives the same.

    Args:
        scale: What x is multiplied with: 1/255 for numbers of 0 to 1, 1/127.5 for -1 to 1; or a number for each
            feature, as means and deviations of columns give them.
        offset: What is added: -1 for -1 to 1; or a number for each feature.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If scale or offset is no number and no row of numbers.

    >>> cr.Network([cr.Rescaling(1 / 127.5, offset=-1)], input_shape=2).predict([[0, 255]])
    array([[-1.,  1.]], dtype=float32)
    """

    scale: Each
    offset: Each = 0.0
    name: str = ""
    sets_scale: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x times the scale, plus the offset.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has more features or fewer than there are numbers for.

        >>> print(cr.Rescaling(0.5, 1)(cr.input("x", ("batch", 3))))  # which calls build
        x · 0.5 + 1
        """
        y = x * _each(self, scope, x, self.scale)
        return y + _each(self, scope, x, self.offset) if self.offset else y


@dataclass(frozen=True, repr=False, eq=False)
class Clip(Layer):
    """Numbers kept between two ends: what is below the lower becomes it, and what is above the upper likewise.

    So what lies far beyond all that was learned from leads nowhere that was never seen.

    Takes x of any shape (batch, ...) and gives the same.

    Args:
        lower: The least that is put out; or a number for each feature.
        upper: The most; or a number for each feature.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If lower or upper is no number and no row of numbers, or the lower is above the upper.

    >>> cr.Network([cr.Clip(-8, 8)], input_shape=3).predict([[-1e12, 0.5, 9]])
    array([[-8. ,  0.5,  8. ]], dtype=float32)
    """

    lower: Each
    upper: Each
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            crossed = np.any(np.greater(self.lower, self.upper))
        except ValueError:
            raise GraphError(f"{self!r}: lower and upper are of as many features.") from None
        if crossed:
            raise GraphError(f"{self!r}: a lower end is above its upper one.")

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x, kept between both ends.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has more features or fewer than there are numbers for.

        >>> print(cr.Clip(0, 1)(cr.input("x", ("batch", 3))))  # which calls build
        clip(x, 0, 1)
        """
        kept: Any = np.clip(x, _each(self, scope, x, self.lower), _each(self, scope, x, self.upper))
        return kept


def _each(layer: Layer, scope: Scope, x: Node, numbers: Any) -> Any:
    """Return a number as it is, and a row of them as an array, where x has as many features."""
    if not isinstance(numbers, tuple):
        return numbers
    if len(numbers) != (width := width_of(layer, x)):
        raise ShapeError(f"{layer!r} has numbers for {len(numbers)} features; found {width}.")
    return np.asarray(numbers, scope.dtype)

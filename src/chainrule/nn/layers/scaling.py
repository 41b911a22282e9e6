"""Scaling: numbers brought to where a network learns from them."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.graph.node import Node
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.specs import Number

__all__ = ["Rescaling"]


@dataclass(frozen=True, repr=False, eq=False)
class Rescaling(Layer):
    """Numbers times a scale, plus an offset: pictures of 0 to 255 become 0 to 1 within the network, and so in its file.

    Takes x of any shape (batch, ...) and gives the same.

    Args:
        scale: What x is multiplied with: 1/255 for numbers of 0 to 1, 1/127.5 for -1 to 1.
        offset: What is added: -1 for -1 to 1.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If scale or offset is no number.

    >>> cr.Network([cr.Rescaling(1 / 127.5, offset=-1)], input_shape=2).predict([[0, 255]])
    array([[-1.,  1.]], dtype=float32)
    """

    scale: Number
    offset: Number = 0.0
    name: str = ""
    sets_scale: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x times the scale, plus the offset.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        >>> print(cr.Rescaling(0.5, 1)(cr.input("x", ("batch", 3))))  # which calls build
        x · 0.5 + 1
        """
        y = x * self.scale
        return y + self.offset if self.offset else y

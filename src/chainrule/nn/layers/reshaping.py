"""Reshaping: the same numbers, in another order or along other axes."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.graph.node import Node
from chainrule.nn.layers.base import Layer, Scope

__all__ = ["Flatten"]


@dataclass(frozen=True, repr=False, eq=False)
class Flatten(Layer):
    """Each example as one row of numbers: (batch, 8, 8) becomes (batch, 64).

    Takes x of any shape (batch, ...) and gives (batch, numbers).

    >>> cr.Flatten()(cr.input("image", ("batch", 8, 8))).shape
    (batch, 64)
    """

    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with one axis beside the examples."""
        if x.ndim == 1:
            return x.reshape(x.shape[0], 1)
        return x.reshape(x.shape[0], -1)

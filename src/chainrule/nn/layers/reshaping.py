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

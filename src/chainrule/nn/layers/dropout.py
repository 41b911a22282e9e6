"""Dropout: holes in what a layer is given, while training."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.graph.node import Node
from chainrule.nn.layers.base import TRAINING, Layer, Scope
from chainrule.nn.specs import Share

__all__ = ["Dropout"]


@dataclass(frozen=True, repr=False, eq=False)
class Dropout(Layer):
    """While training, set each number to 0 with probability ``rate`` and divide the rest by ``1 - rate``.

    At prediction it does nothing (inverted dropout; Srivastava et al. 2014). Takes x of any shape (batch, ...)
    and gives the same.

    Args:
        rate: The share of numbers that is set to 0, at least 0 and below 1. The paper has 0.5 between hidden layers
            and 0.2 on inputs.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and drops out all the same.

    Raises:
        GraphError: If the rate is below 0, or 1 and above: 50 % is 0.5.

    >>> network = cr.Network([cr.Dropout(0.5)], input_shape=4, seed=0)
    >>> network.predict([[1.0, 2.0, 3.0, 4.0]])
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    rate: Share
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with holes in it while training.

        Args:
            scope: Where the random numbers come from.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        >>> cr.Dropout(0.5)(cr.input("x", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        if self.rate == 0:
            return x
        kept = scope.uniform(x.shape) >= self.rate
        dropped: Any = np.where(TRAINING, np.where(kept, x / (1 - self.rate), 0), x)
        return dropped

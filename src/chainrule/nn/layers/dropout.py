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

    >>> cr.Dropout(0.5)(cr.input("x", ("batch", 4))).shape
    (batch, 4)
    """

    rate: Share
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with holes in it while training."""
        if self.rate == 0:
            return x
        kept = scope.uniform(x.shape) >= self.rate
        dropped: Any = np.where(TRAINING, np.where(kept, x / (1 - self.rate), 0), x)
        return dropped

"""Masking: a value that stands for padding, where sequences are of different lengths."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.masking import joined, mask_of, over_steps
from chainrule.nn.specs import Finite

__all__ = ["Masking"]


@dataclass(frozen=True, repr=False, eq=False)
class Masking(Layer):
    """Pass over the steps of a sequence that are padding: those of which all numbers are ``mask_value``.

    What follows leaves them out: recurrent layers keep their state, pooling over time counts the others, and neither
    the loss nor a metric sees them. Lists of sequences of different lengths are padded with mask_value by the network
    that they are given to.

    Takes sequences (batch, time, ...) and gives the same, 0 where a step is padding.

    Args:
        mask_value: What stands for padding, as in Keras; a step of the data that holds nothing else is passed over too.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing.

    Raises:
        GraphError: If mask_value is no finite number.

    >>> network = cr.Network([cr.Masking(), cr.GlobalAveragePooling1D()], input_shape=(None, 1))
    >>> network.predict([[[1.0], [3.0]], [[5.0]]])
    array([[2.],
           [5.]], dtype=float32)
    """

    mask_value: Finite = 0.0
    name: str = ""

    @property
    def pads(self) -> float:
        """The value that stands for padding.

        >>> cr.Masking(-1.0).pads
        -1.0
        """
        return self.mask_value

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x, 0 where a step is padding.

        Args:
            scope: Not used: there is nothing to learn.
            x: A node of shape (batch, time, ...).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If a step of x holds no numbers of its own.

        >>> cr.Masking()(cr.input("x", ("batch", 5, 3))).shape  # which calls build
        (batch, 5, 3)
        """
        mask = self.mask_after(x)
        kept: Any = np.where(over_steps(mask, x.ndim), x, 0)
        return kept

    def mask_after(self, x: Node) -> Node:
        """Return which steps hold something other than mask_value.

        Args:
            x: A node of shape (batch, time, ...).

        Returns:
            A node of truth values, (batch, time).

        Raises:
            ShapeError: If a step of x holds no numbers of its own.

        >>> print(cr.Masking(-1.0).mask_after(cr.input("x", ("batch", 5, 3))).shape)
        (batch, 5)
        """
        if x.ndim < 3:
            raise ShapeError(
                f"{self!r} takes sequences of shape (time, features); found {show(x.shape[1:])}. Where there is one "
                "number at each step, give it an axis: X[..., np.newaxis]. For the numbers of words there is "
                "cr.Embedding(vocabulary, units, mask_zero=True)."
            )
        found: Any = np.any(np.not_equal(x, self.mask_value), axis=tuple(range(2, x.ndim)))
        return joined(mask_of(x), found)

"""Dropout and noise: holes in what a layer is given, or random numbers added to it, while training."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.shapes import Shape
from chainrule.nn.layers.axes import PICTURE, SEQUENCE, lengths
from chainrule.nn.layers.base import TRAINING, Layer, Scope
from chainrule.nn.specs import AtLeast0, Share

__all__ = ["Dropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D"]


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
        return with_holes(scope, x, self.rate, x.shape)


@dataclass(frozen=True, repr=False, eq=False)
class GaussianNoise(Layer):
    """While training, add normal numbers of mean 0 to each number (Sietsma & Dow 1991).

    At prediction it does nothing. On inputs it makes neighbours of the examples, for which the answer is the same
    (Bishop 1995). Takes x of any shape (batch, ...) and gives the same.

    Args:
        std: The standard deviation of what is added, at least 0: of inputs with deviation 1, 0.1 or so.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and adds noise all the same.

    Raises:
        GraphError: If std is below 0 or no finite number.

    >>> cr.Network([cr.GaussianNoise(0.1)], input_shape=3, seed=0).predict([[1.0, 2.0, 3.0]])
    array([[1., 2., 3.]], dtype=float32)
    """

    std: AtLeast0
    name: str = ""
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x with noise while training.

        Args:
            scope: Where the random numbers come from.
            x: A node of shape (batch, ...).

        Returns:
            A node of the same shape.

        >>> cr.GaussianNoise(0.1)(cr.input("x", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        if self.std == 0:
            return x
        # Box & Muller 1958; 1 - u, which is never 0, has a logarithm
        length: Any = np.sqrt(-2 * np.log(1 - scope.uniform(x.shape)))
        noisy: Any = np.where(TRAINING, x + self.std * length * np.cos(2 * np.pi * scope.uniform(x.shape)), x)
        return noisy


@dataclass(frozen=True, repr=False, eq=False)
class SpatialDropout(Layer):
    """What layers that drop whole channels have in common: all but along how many axes these go."""

    rate: Share
    name: str = ""
    axes: ClassVar[tuple[str, ...]] = PICTURE
    keeps_values: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return x without some of its channels while training.

        Args:
            scope: Where the random numbers come from.
            x: A node of shape (batch, *places, channels).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has other axes.

        >>> cr.SpatialDropout2D(0.5)(cr.input("x", ("batch", 8, 8, 3))).shape  # which calls build
        (batch, 8, 8, 3)
        """
        *places, channels = lengths(self, x, self.axes)
        return with_holes(scope, x, self.rate, (x.shape[0], *(1 for _ in places), channels))


@dataclass(frozen=True, repr=False, eq=False)
class SpatialDropout1D(SpatialDropout):
    """While training, set whole features of each example to 0 with probability ``rate`` (Tompson et al. 2015).

    Neighbours in sequences say nearly the same, so that a hole of one number is no loss; here all places of a feature
    are dropped together, and the rest is divided by ``1 - rate``. At prediction it does nothing.

    Takes sequences (batch, time, features) and gives the same.

    Args:
        rate: The share of features that is set to 0, at least 0 and below 1.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and drops out all the same.

    Raises:
        GraphError: If the rate is below 0, or 1 and above: 50 % is 0.5.

    >>> cr.SpatialDropout1D(0.2)(cr.input("x", ("batch", 5, 3))).shape
    (batch, 5, 3)
    """

    axes: ClassVar[tuple[str, ...]] = SEQUENCE


@dataclass(frozen=True, repr=False, eq=False)
class SpatialDropout2D(SpatialDropout):
    """While training, set whole channels of each example to 0 with probability ``rate`` (Tompson et al. 2015).

    Neighbours in pictures say nearly the same, so that a hole of one number is no loss; here all places of a channel
    are dropped together, and the rest is divided by ``1 - rate``. At prediction it does nothing.

    Takes pictures (batch, height, width, channels) and gives the same.

    Args:
        rate: The share of channels that is set to 0, at least 0 and below 1.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: As of every layer; this one learns nothing, and drops out all the same.

    Raises:
        GraphError: If the rate is below 0, or 1 and above: 50 % is 0.5.

    >>> cr.SpatialDropout2D(0.2)(cr.input("x", ("batch", 8, 8, 3))).shape
    (batch, 8, 8, 3)
    """


def with_holes(scope: Scope, x: Node, rate: float, shape: Shape) -> Node:
    """Return x with holes while training, of a mask of a shape that broadcasts to that of x."""
    if rate == 0:
        return x
    kept = scope.uniform(shape) >= rate
    dropped: Any = np.where(TRAINING, np.where(kept, x / (1 - rate), 0), x)
    return dropped

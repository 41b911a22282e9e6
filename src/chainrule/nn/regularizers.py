"""Regularizers: a price on large weights, added to the cost once, whatever the number of examples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from chainrule.graph.node import Node
from chainrule.nn.specs import Above0, AtLeast0, Checked, classes, find

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["L1", "L1L2", "L2"]


@dataclass(frozen=True)
class L1(Checked):
    """``factor / divisor · Σ|w|``: pulls weights to exactly 0, all with the same force (Tibshirani 1996).

    Args:
        factor: λ, at least 0; 0.01 as in Keras.
        divisor: What it is divided by, above 0. Keras has the factor alone; a price that falls with the number m of
            examples, as in the lectures, is ``cr.L1(λ, divisor=m)``.

    Raises:
        GraphError: If the factor is below 0 or the divisor not above 0.

    >>> cr.L1(0.1)(np.array([[3.0, -4.0]])).round(6)
    np.float64(0.7)
    >>> cr.Dense(16, "relu", regularizer=cr.L1(0.1))
    Dense(16, activation='relu', regularizer=L1(factor=0.1, divisor=1.0))
    """

    factor: AtLeast0 = 0.01
    divisor: Above0 = 1.0

    @overload
    def __call__(self, w: Node) -> Node: ...
    @overload
    def __call__(self, w: "ArrayLike") -> "np.floating[Any]": ...
    def __call__(self, w: Any) -> Any:
        """Return the price of some weights.

        Args:
            w: The weights, an array or a node of any shape.

        Returns:
            A single number, or a scalar node for a node.
        """
        return (self.factor / self.divisor) * np.sum(np.abs(w))


@dataclass(frozen=True)
class L2(Checked):
    """``factor / divisor · Σw²``: pulls large weights harder than small ones (Hoerl & Kennard 1970).

    Args:
        factor: λ, at least 0; 0.01 as in Keras, without a ½.
        divisor: What it is divided by, above 0. The lectures' ``λ/(2m) · Σw²`` of m examples is
            ``cr.L2(λ, divisor=2 * m)``.

    Raises:
        GraphError: If the factor is below 0 or the divisor not above 0.

    >>> w = np.array([[3.0, -4.0]])
    >>> cr.L2(0.1)(w), cr.L2(0.1, divisor=2 * 50)(w)
    (np.float64(2.5), np.float64(0.025))
    """

    factor: AtLeast0 = 0.01
    divisor: Above0 = 1.0

    @overload
    def __call__(self, w: Node) -> Node: ...
    @overload
    def __call__(self, w: "ArrayLike") -> "np.floating[Any]": ...
    def __call__(self, w: Any) -> Any:
        """Return the price of some weights.

        Args:
            w: The weights, an array or a node of any shape.

        Returns:
            A single number, or a scalar node for a node.
        """
        return (self.factor / self.divisor) * np.sum(np.square(w))


@dataclass(frozen=True)
class L1L2(Checked):
    """``l1 · Σ|w| + l2 · Σw²``: the elastic net (Zou & Hastie 2005).

    Give both: the one left out is 0.01, as in the function ``l1_l2`` of Keras 2, where the class of Keras has 0.

    Args:
        l1: The factor of the absolute values, at least 0.
        l2: The factor of the squares, at least 0.

    Raises:
        GraphError: If a factor is below 0 or no finite number.

    >>> cr.L1L2(l1=0.1, l2=0.01)(np.array([3.0, -4.0])).round(6)
    np.float64(0.95)
    """

    l1: AtLeast0 = 0.01
    l2: AtLeast0 = 0.01

    @overload
    def __call__(self, w: Node) -> Node: ...
    @overload
    def __call__(self, w: "ArrayLike") -> "np.floating[Any]": ...
    def __call__(self, w: Any) -> Any:
        """Return the price of some weights.

        Args:
            w: The weights, an array or a node of any shape.

        Returns:
            A single number, or a scalar node for a node.
        """
        return self.l1 * np.sum(np.abs(w)) + self.l2 * np.sum(np.square(w))


REGULARIZERS: dict[str, Callable[[Any], Any]] = {"l1": L1(), "l2": L2(), "l1_l2": L1L2()}
CLASSES = classes(globals())


def regularizer(spec: Any) -> Callable[[Any], Any] | None:
    """Return the regularizer that ``spec`` means.

    Args:
        spec: None (no price), "l1", "l2" or "l1_l2" (with factors of 0.01), a number (the factor of an L2),
            an object, or a callable on nodes that returns a single number.

    Raises:
        UnknownNameError: If no regularizer bears the name.

    >>> regularizer("l2"), regularizer(0.1)
    (L2(factor=0.01, divisor=1.0), L2(factor=0.1, divisor=1.0))
    """
    if spec is None:
        return None
    if isinstance(spec, int | float) and not isinstance(spec, bool):
        return L2(spec)
    return find("regularizer", spec, REGULARIZERS)

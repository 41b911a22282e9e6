"""Cancellation: arithmetic written as a sum of products, in which terms and factors cancel.

This is how ``dz = a - y`` is found. The log loss gives ``-y/a + (1 - y)/(1 - a)``, the sigmoid ``a · (1 - a)``; in
their product a cancels against 1/a (a sigmoid is never 0) and ``y · a`` against ``-y · a``, and ``a - y`` is left.

What is replaced, and what is not:
- a factor cancels only if it is proved not to be 0; a term only if what vanishes with it is proved finite;
- what vanishes altogether is still asked whether it is NaN: σ(z) / σ(z) is 1, but for a z of NaN;
- only a sum whose terms stay simple is written back, since expanding (x + 1)(x - 1) would lose digits.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node, as_node
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times
from chainrule.graph.primitives.corners import where
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.primitives.logic import equal
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.walk import learn
from chainrule.transform.cancel.atoms import OneMinus, complement, met
from chainrule.transform.cancel.known import Known
from chainrule.transform.cancel.terms import (
    MOST_TERMS,
    Expanded,
    Product,
    Sum,
    atoms_in,
    cancelled_product,
    is_long,
    joined,
    nan_of,
    product,
    settled,
)
from chainrule.transform.cancel.writing import cost, write


class Cancellation:
    """Finds what each arithmetic node of one graph comes to."""

    def __init__(self) -> None:
        self._known = Known()
        self._sums: dict[Node, Expanded] = {}

    def look_at(self, nodes: Iterable[Node]) -> bool:
        """Learn from ``nodes``; return whether something that was simple may be so no longer."""
        learned = self._known.learn(nodes)
        if learned:
            self._sums.clear()
        return learned

    def simpler(self, node: Node) -> Node | None:
        """Return what replaces ``node``, or None where nothing cancels."""
        if node.primitive not in ARITHMETIC or node.dtype.kind != "f":
            return None
        found = learn(node, self._sums, self._expanded, _parts)
        if not found.cancelled:
            return None
        written = write(self._known.rejoined(found.terms), node, self._known.complements)
        if written is None or cost(written, node, ARITHMETIC) >= cost(node, node, ARITHMETIC):
            return None
        for lost in sorted(found.nan - nan_of(found.terms), key=met):
            if not shapes.fits(lost.shape, node.shape):
                return None
            written = where(equal(lost, lost), written, as_node(np.nan, [node.dtype]))
        return written

    def _expanded(self, node: Node) -> Expanded:
        """Expand a node whose inputs are expanded already."""
        if node.primitive not in ARITHMETIC:
            return _plain(self._known.terms(node))
        found = ARITHMETIC[node.primitive](node, *(self._sums[x] for x in node.inputs))
        if found is None or len(found.terms) > MOST_TERMS or any(map(is_long, found.terms)):
            return _plain({product([node]): 1.0})
        return found


def _parts(node: Node) -> Iterable[Node]:
    return node.inputs if node.primitive in ARITHMETIC else ()


def _plain(terms: Sum) -> Expanded:
    return Expanded(terms, False, nan_of(terms))


def _negate(node: Node, x: Expanded) -> Expanded:
    return x._replace(terms={p: -c for p, c in x.terms.items()})


def _add(node: Node, left: Expanded, right: Expanded) -> Expanded | None:
    nan, cancelled = left.nan | right.nan, left.cancelled or right.cancelled
    sign = 1.0 if node.primitive is plus else -1.0
    terms = dict(left.terms)
    for p, c in right.terms.items():
        terms[p] = terms.get(p, 0.0) + sign * c
    special = _special_sum(terms)
    if special is not None:
        return Expanded({special: 1.0}, cancelled, nan)
    merged = len(terms) < len(left.terms) + len(right.terms)
    return settled(terms, cancelled or merged, nan)


def _special_sum(terms: Sum) -> Product | None:
    """1 - σ(z) is one factor, and 1 + exp(-z) is 1 / σ(z)."""
    if len(terms) != 2 or terms.get(product()) != 1.0:
        return None
    (factors, c) = next((p, c) for p, c in terms.items() if p != product())
    above, below = map(atoms_in, factors)
    if c == -1.0 and not below and len(above) == 1:
        (a,) = above
        if isinstance(a, OneMinus) or a.primitive is sigmoid:
            return product([complement(a)])
    if c == 1.0 and len(above) == len(below) == 1:
        (a,), (b,) = above, below
        if (isinstance(b, OneMinus) and b.sigmoid is a) or (isinstance(a, OneMinus) and a.sigmoid is b):
            return product([], below)
    return None


def _multiply(node: Node, left: Expanded, right: Expanded) -> Expanded | None:
    terms: Sum = {}
    cancelled = left.cancelled or right.cancelled
    if len(left.terms) * len(right.terms) > 2 * MOST_TERMS:
        return None
    for (a_above, a_below), a in left.terms.items():
        for (b_above, b_below), b in right.terms.items():
            above, below = joined(a_above, b_above), joined(a_below, b_below)
            p = cancelled_product(above, below)
            cancelled = cancelled or 0 in above.values() or 0 in below.values()
            terms[p] = terms.get(p, 0.0) + a * b
    return settled(terms, cancelled, left.nan | right.nan)


def _divide(node: Node, left: Expanded, right: Expanded) -> Expanded | None:
    if len(right.terms) == 1:
        ((above, below), c) = next(iter(right.terms.items()))
        if c != 0 and math.isfinite(1 / c):
            return _multiply(node, left, right._replace(terms={(below, above): 1 / c}))
    return _multiply(node, left, _plain({product([], [node.inputs[1]]): 1.0}))


ARITHMETIC: dict[Primitive, Callable[..., Expanded | None]] = {
    plus: _add,
    minus: _add,
    times: _multiply,
    divide: _divide,
    negative: _negate,
}

"""Choices: conditions that are known, products that choose, and weights of 0 beside what is infinite."""

import numpy as np

from chainrule.graph.node import Node, as_node
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times, weigh
from chainrule.graph.primitives.corners import where
from chainrule.graph.primitives.exponentials import log
from chainrule.graph.primitives.identities import cast
from chainrule.graph.primitives.linear import broadcast_to
from chainrule.graph.primitives.logic import logical_or, not_equal
from chainrule.graph.ranges import range_of
from chainrule.transform.constants import is_number
from chainrule.transform.rewrites.rewrite import Move, Rewrite, only

TRUE, FALSE = as_node(np.True_), as_node(np.False_)


def _zero_anyhow(node: Node, condition: Node) -> Node | None:
    """Where a factor of a product is 0, so is the product, if all else in it is finite: nothing is to be chosen."""
    _, product, other = node.inputs
    asked = condition.inputs if condition.primitive is logical_or else (condition,)
    if is_number(other, 0) and product.shape == node.shape:
        for part in asked:
            if (
                part.primitive is not_equal
                and is_number(part.inputs[1], 0)
                and _is_multiple(product, part.inputs[0])
            ):
                return product
    return None


def _is_multiple(product: Node, factor: Node, depth: int = 6) -> bool:
    """Say whether ``product`` is ``factor`` times what is finite."""
    if product is factor:
        return True
    if not depth or product.primitive not in (times, divide, negative, broadcast_to):
        return False
    for x, *others in (product.inputs, product.inputs[::-1]):
        if _is_multiple(x, factor, depth - 1):
            inverse = product.primitive is divide
            return (x is product.inputs[0] or not inverse) and all(
                range_of(other).finite and (range_of(other).nonzero or not inverse) for other in others
            )
    return False


def _weighed(node: Node, _: Node) -> Node | None:
    """y · log(p) is 0 where y = p = 0: a product with a logarithm that may be infinite is one with a weight."""
    if node.dtype.kind != "f":
        return None
    for w, x in (node.inputs, node.inputs[::-1]):
        if may_weigh(w, x):
            return weighed(w, x)
    return None


def may_weigh(w: Node, x: Node) -> bool:
    """Say whether x may be the logarithm of 0 or of infinity, and w be 0 beside it."""
    return _may_be_infinite_log(x) and not _may_be_infinite_log(w) and not range_of(w).nonzero


def weighed(w: Node, x: Node) -> Node:
    """Return w · x, which is 0 where w is 0 and x the logarithm of 0."""
    if x.primitive in (plus, minus) and all(map(_may_be_infinite_log, x.inputs)):
        return x.primitive(*(weigh(w, part) for part in x.inputs))  # infinity - infinity would be NaN
    if x.primitive is log and x.inputs[0].primitive is divide and x.inputs[0].inputs[0] is w:
        p = x.inputs[0].inputs[1]
        both = np.logical_and(np.equal(w, 0), np.equal(p, 0))
        return weigh(w, np.log(w / np.where(both, 1, p)))  # and so would 0 / 0
    return weigh(w, x)


def _may_be_infinite_log(x: Node, depth: int = 4) -> bool:
    """Say whether ``x`` is made of logarithms, one of which may be that of 0 or of infinity."""
    row = x.primitive
    if row.logarithm:
        return row.logarithm == "exponentials" or not range_of(x).finite
    carries = row.linear and (row.elementwise or row.moves)
    return depth > 0 and bool(carries) and any(_may_be_infinite_log(part, depth - 1) for part in x.inputs)


def _by_truth(node: Node, _: Node) -> Node | None:
    """x · [condition] chooses between x and 0."""
    for truth, x in (node.inputs, node.inputs[::-1]):
        if truth.dtype == bool and x.dtype.kind == "f":
            return where(truth, x, as_node(0.0, [x.dtype]))
        if truth.primitive is cast and truth.inputs[0].dtype == bool:
            return where(truth.inputs[0], x, as_node(0.0, [x.dtype]))
    return None


CHOICES: list[Rewrite | Move] = [
    Move("where a factor is not 0", "where it is, the product is 0 anyhow",
         _zero_anyhow, only(where), only(not_equal, logical_or)),
    Rewrite("where true", "the condition is known", lambda a, b: where(TRUE, a, b), lambda a, b: a),
    Rewrite("where false", "the condition is known", lambda a, b: where(FALSE, a, b), lambda a, b: b),
    Rewrite("where, both alike", "nothing is chosen", lambda c, a: where(c, a, a), lambda c, a: a),
    Rewrite("where not", "the other way round",
            lambda c, a, b: where(np.logical_not(c), a, b), lambda c, a, b: where(c, b, a)),
    Rewrite("where in where", "the condition inside is decided already",
            lambda c, a, b, d: where(c, where(c, a, b), d), lambda c, a, b, d: where(c, a, d)),
    Rewrite("where in where, else", "the condition inside is decided already",
            lambda c, a, b, d: where(c, a, where(c, b, d)), lambda c, a, b, d: where(c, a, d)),
    Move("0 · log(0)", "y · log(p) tends to 0 where y = p = 0", _weighed, only(times)),
    Move("times a truth", "x · [c] chooses between x and 0", _by_truth, only(times)),
]  # fmt: skip

"""Arithmetic: what adds, multiplies and raises to a power for nothing, signs that go out, numbers that go together."""

import numpy as np

from chainrule.graph.node import Node, as_node
from chainrule.graph.primitives.arithmetic import (
    divide,
    minus,
    negative,
    plus,
    power,
    raised,
    sqrt,
    times,
    weigh,
)
from chainrule.graph.primitives.leaves import constant, length
from chainrule.transform.constants import is_scalar
from chainrule.transform.logarithms import as_exponential
from chainrule.transform.rewrites.rewrite import Move, Rewrite, only

ARITHMETIC = [
    Rewrite("x - 0", "nothing taken", lambda x: x - 0, lambda x: x),
    Rewrite("1 - (1 - x)", "what is taken is what was left; an x of -0 would be 0",
            lambda x: 1 - (1 - x), lambda x: x, when=lambda x: x.primitive.nonzero),
    Rewrite("x * 1", "times one", lambda x: x * 1, lambda x: x),
    Rewrite("x / 1", "divided by one", lambda x: x / 1, lambda x: x),
    Rewrite("x * -1", "times minus one is the negative", lambda x: x * -1, lambda x: -x),
    Rewrite("x / -1", "divided by minus one is the negative", lambda x: x / -1, lambda x: -x),
    Rewrite("-(-x)", "two signs cancel", lambda x: np.negative(np.negative(x)), lambda x: x),
    Rewrite("a + -b", "adding a negative is subtracting", lambda a, b: a + -b, lambda a, b: a - b),
    Rewrite("a - -b", "subtracting a negative is adding", lambda a, b: a - -b, lambda a, b: a + b),
    Rewrite("(-a) * b", "the sign goes out", lambda a, b: (-a) * b, lambda a, b: -(a * b)),
    Rewrite("(-a) / b", "the sign goes out", lambda a, b: (-a) / b, lambda a, b: -(a / b)),
    Rewrite("a / (-b)", "the sign goes out", lambda a, b: a / (-b), lambda a, b: -(a / b)),
    Rewrite("a * (1 / b)", "a quotient in one step", lambda a, b: a * (1 / b), lambda a, b: a / b),
    Rewrite("a / n - b / n", "one division by the count is enough",
            lambda a, b, n: a / n - b / n, lambda a, b, n: (a - b) / n,
            when=lambda a, b, n: n.primitive is length),
    Rewrite("w · -x, weighed", "the sign goes out", lambda w, x: weigh(w, -x), lambda w, x: -weigh(w, x)),
    Rewrite("-w · x, weighed", "the sign goes out", lambda w, x: weigh(-w, x), lambda w, x: -weigh(w, x)),
    Rewrite("not not c", "two negations cancel", lambda c: np.logical_not(np.logical_not(c)), lambda c: c),
]  # fmt: skip

POWERS: list[Rewrite | Move] = [
    Rewrite("e ** x", "is exp(x)", lambda x: np.e**x, lambda x: np.exp(x)),
    Rewrite("x ** 1", "is x", lambda x: x**1, lambda x: x),
    Rewrite("x ** 2", "a product is cheaper than pow", lambda x: x**2, lambda x: x * x),
    Rewrite("x ** 3", "products are cheaper than pow", lambda x: x**3, lambda x: x * x * x),
    Rewrite("x ** -1", "a quotient is cheaper than pow", lambda x: x**-1, lambda x: 1 / x),
    Rewrite("x ** 0.5", "a root is cheaper than pow", lambda x: x**0.5, lambda x: np.sqrt(x)),
    Move("a power of what may be 0 or infinite in floats", "exp(p · log x) has a slope that is finite",
         lambda node, x: as_exponential(x, _exponent(node)), only(raised, power, sqrt)),
]  # fmt: skip


def _exponent(node: Node) -> Node | float:
    if node.primitive is sqrt:
        return 0.5
    return node.inputs[1] if node.primitive is power else node.attributes["exponent"]


def _common_number(node: Node, _: Node) -> Node | None:
    """a · n - b · n is (a - b) · n for a number n, which must be positive to leave the sign of 0 alone."""
    left, right = (_way_to_number(x) for x in node.inputs)
    # Where both hold one and the same product with a number, there is no second one to save, and taken out it
    # would be in the way of all that follows: a chain of such steps would move each number past each other.
    if not left or not right or left[-1][0] is right[-1][0]:
        return None
    (a, n), (b, m) = (_without_number(way) for way in (left, right))
    if abs(n) != abs(m) or not n > 0:
        return None
    added = (node.primitive is plus) == (n == m)
    return (a + b if added else a - b) * as_node(n, [node.dtype])


def _way_to_number(product: Node, depth: int = 3) -> list[tuple[Node, int]]:
    """Return the products from one down to that which has a number for a factor, and the factor to follow in each."""
    if product.primitive is times and depth:
        for position, x in enumerate(product.inputs):
            if is_scalar(x) and product.inputs[1 - position].dtype == product.dtype:
                return [(product, position)]
            way = _way_to_number(x, depth - 1)
            if way:
                return [(product, position), *way]
    return []


def _without_number(way: list[tuple[Node, int]]) -> tuple[Node, float]:
    """Return the first product of a way without the number that it leads to, and that number."""
    *above, (product, position) = way
    rest, n = product.inputs[1 - position], float(product.inputs[position].attributes["value"])
    for outer, place in reversed(above):
        other = outer.inputs[1 - place]
        rest = rest * other if place == 0 else other * rest
    return rest, n


def _plus_negative(node: Node, _: Node) -> Node | None:
    for c, x in (node.inputs, node.inputs[::-1]):
        value = c.attributes["value"] if c.primitive is constant and c.dtype.kind == "f" else np.zeros(0)
        if (value <= 0).all() and (value < 0).any():
            return x - as_node(-value)
    return None


def _negative_of_product(_: Node, x: Node) -> Node | None:
    for position, factor in enumerate(x.inputs):
        if factor.primitive is constant and factor.shape == ():
            value = as_node(-factor.attributes["value"])
            return x.primitive(*(value if i == position else f for i, f in enumerate(x.inputs)))
    return None


NUMBERS = [
    Move("a * n - b * n", "one product with a number is enough", _common_number, only(plus, minus)),
    Move("x + c", "where no number of c is positive, it reads as x - (-c)", _plus_negative, only(plus)),
    Move(
        "-(c * x)", "the sign goes into the number", _negative_of_product, only(negative), only(times, divide)
    ),
]

"""Writing a derivative as one does by hand: ``-y / a + (1 - y) / (1 - a)``, ``6 · x``, ``1 - a^2``.

Simplification makes a graph small and stable for computing; this makes it short for reading, and only
collects equal terms, equal factors and numbers. Nothing but numbers is divided out: it is the same function.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from chainrule.graph.node import Node, as_node, cast, with_inputs
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times
from chainrule.graph.primitives.identities import cast as to_dtype, mark
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.walk import order

Powers = tuple[tuple[Node, int], ...]  # each factor and how often it stands there


@dataclass(frozen=True)
class Term:
    """``number · above / (divisor · below)``."""

    number: float
    above: Powers = ()
    divisor: float = 1.0
    below: Powers = ()


Terms = tuple[Term, ...]


def tidy(node: Node) -> Node:
    """Return the same expression, its sums and products (element by element) written shorter.

    It may have fewer axes, where they came from what is not written any more. What stands inside a function or a
    condition stays as the user wrote it.

    >>> from chainrule.graph.node import variable
    >>> x = variable(2.0, "x")
    >>> print(tidy(1 * (3 * x) + -(-x) * 3), tidy(-(-1 * (2 * (x - 1)))), sep="   ")
    6 · x   2 · (x - 1)
    """
    sums: dict[Node, Terms] = {}
    known: dict[Any, Node] = {}
    plain: dict[Node, Node] = {}
    for n in order([node]):
        sums[n] = _collected(_terms(n, [sums[x] for x in n.inputs], [plain[x] for x in n.inputs], known))
        plain[n] = _interned(_sum(sums[n], n.dtype), known)
    return plain[node]


def _terms(n: Node, sums: list[Terms], inputs: list[Node], known: dict[Any, Node]) -> Terms:
    """Return a node as a sum of terms, given its inputs as sums and, written, as nodes."""
    row = n.primitive
    if row is constant and not n.name and n.dtype.kind == "f" and not n.shape:
        return (Term(float(n.attributes["value"])),)
    if row is mark or (row is to_dtype and n.dtype.kind == n.inputs[0].dtype.kind == "f"):
        return sums[0]
    if row is plus:
        return (*sums[0], *sums[1])
    if row is minus:
        return (*sums[0], *map(_negative, sums[1]))
    parts = [_as_one(terms, x) for terms, x in zip(sums, inputs, strict=True)]
    if row is negative:
        return (_negative(parts[0]),)
    if row is times:
        return (_times(parts[0], parts[1]),)
    if row is divide:
        return (_times(parts[0], _inverse(parts[1])),)
    exponent = n.attributes.get("exponent", 0)
    if exponent == int(exponent) and 0 < exponent < 10:
        return (reduce(_times, parts * int(exponent)),)
    return (Term(1.0, ((_interned(n, known), 1),)),)


def _as_one(terms: Terms, written: Node) -> Term:
    return terms[0] if len(terms) == 1 else Term(1.0, ((written, 1),)) if terms else Term(0.0)


def _negative(term: Term) -> Term:
    return replace(term, number=-term.number)


def _inverse(term: Term) -> Term:
    sign = -1.0 if term.number < 0 else 1.0
    return Term(sign * term.divisor, term.below, sign * term.number, term.above)


def _times(a: Term, b: Term) -> Term:
    number, divisor = a.number * b.number, a.divisor * b.divisor
    if divisor and (number / divisor).is_integer():
        number, divisor = number / divisor, 1.0
    return Term(number, _powers(a.above, b.above), divisor, _powers(a.below, b.below))


def _powers(a: Powers, b: Powers) -> Powers:
    powers = dict(a)
    for factor, count in b:
        powers[factor] = powers.get(factor, 0) + count
    return tuple(powers.items())


def _collected(terms: Sequence[Term]) -> Terms:
    """Add terms that differ in their number alone."""
    numbers: dict[Any, float] = {}
    first: dict[Any, Term] = {}
    for term in terms:
        key = (frozenset(term.above), term.divisor, frozenset(term.below))
        first.setdefault(key, term)
        numbers[key] = numbers.get(key, 0.0) + term.number
    return tuple(replace(term, number=numbers[key]) for key, term in first.items() if numbers[key] != 0)


# --- back to nodes --------------------------------------------------------------------------------------


def _sum(terms: Terms, dtype: np.dtype) -> Node:
    if not terms:
        return _number(0.0, dtype)
    result = _signed(terms[0], dtype)
    for term in terms[1:]:
        size = _product(replace(term, number=abs(term.number)), dtype)
        result = result - size if term.number < 0 else result + size
    return result


def _signed(term: Term, dtype: np.dtype) -> Node:
    if term.number >= 0 or not (term.above or term.below):
        return _product(term, dtype)
    return -_product(_negative(term), dtype)


def _number(value: float, dtype: np.dtype) -> Node:
    return as_node(value, [dtype] if dtype.kind == "f" else [])


def _product(term: Term, dtype: np.dtype) -> Node:
    above, below = _factors(term.number, term.above, dtype), _factors(term.divisor, term.below, dtype)
    return above if term.divisor == 1 and not term.below else above / below


def _factors(number: float, powers: Powers, dtype: np.dtype) -> Node:
    factors = [x if count == 1 else x**count for x, count in powers]
    if number != 1 or not factors:
        factors.insert(0, _number(number, dtype))
    product = reduce(lambda a, b: a * b, factors)
    return cast(product, dtype) if dtype.kind == "f" and product.dtype.kind != "f" else product


def _interned(node: Node, known: dict[Any, Node]) -> Node:
    """Return the first node that was written like this one, so that equal factors are seen to be equal."""
    if node in known or (not node.inputs and node.primitive is not constant):
        return node
    inputs = tuple(_interned(x, known) for x in node.inputs)
    value = node.attributes["value"].tobytes() if node.primitive is constant else b""
    attributes = tuple((k, v) for k, v in sorted(node.attributes.items()) if k != "value")
    key = (node.primitive.name, node.name, node.dtype, inputs, attributes, value)
    found = known.setdefault(key, with_inputs(node, inputs))
    known[found] = found
    return found

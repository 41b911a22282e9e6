"""Writing a sum of products back as graph."""

from collections import Counter
from collections.abc import Collection

import numpy as np

from chainrule.graph.node import Node, as_node, broadcast, cast
from chainrule.graph.primitives.exponentials import exp
from chainrule.graph.primitives.primitive import Primitive
from chainrule.transform.cancel.atoms import Atom, OneMinus, complement, node_of
from chainrule.transform.cancel.terms import Factors, Product, Sum, atoms_in, positive, product

Complements = dict[Node, Node]  # σ(z) -> σ(-z), which has more digits than 1 - σ(z)


def write(terms: Sum, like: Node, complements: Complements) -> Node | None:
    """Return the node that a sum of products stands for: common factors outside, positive terms first."""
    if not terms:
        return broadcast(as_node(0.0, [like.dtype]), like.shape)
    held = np.finfo(like.dtype) if like.dtype.kind == "f" else None
    if held is not None and not all(held.tiny <= abs(c) <= held.max for c in terms.values()):
        return None  # infinite or lost in this dtype, where what they multiply may bring the result back
    above = _common([a for a, _ in terms])
    below = _common([b for _, b in terms])
    rest = {(_without(a, above), _without(b, below)): c for (a, b), c in terms.items()}
    if len(rest) > 1 and any(_degree(p, like) > 1 for p in rest):
        return None
    scale = next(iter(rest.values()))
    if any(abs(c) != abs(scale) for c in rest.values()):
        scale = 1.0
    elif len(rest) > 1:
        scale = abs(scale)
    rest = {p: c / scale for p, c in rest.items()}
    inner = _sum_node(rest, like, complements)
    return _product_node(inner, above, below, scale, like, complements)


def _common(factors: list[Factors]) -> Factors:
    common = Counter(dict(factors[0]))
    for f in factors[1:]:
        common &= Counter(dict(f))
    return frozenset(common.items())


def _without(factors: Factors, gone: Factors) -> Factors:
    return frozenset((Counter(dict(factors)) - Counter(dict(gone))).items())


def _degree(factors: Product, like: Node) -> int:
    """Count the factors of full size; those that are broadcast only scale."""
    return sum(n for side in factors for atom, n in side if atom.shape == like.shape or not like.shape)


def _sum_node(terms: Sum, like: Node, complements: Complements) -> Node | None:
    """Return Σ c·product, or None for the plain number 1."""
    if set(terms) == {product()} and terms[product()] == 1.0:
        return None
    total: Node | None = None
    for (above, below), c in sorted(terms.items(), key=lambda item: -item[1]):
        negative = total is not None and c < 0
        term = _product_node(None, above, below, -c if negative else c, like, complements)
        total = term if total is None else (total - term if negative else total + term)
    return total


def _product_node(
    inner: Node | None, above: Factors, below: Factors, scale: float, like: Node, complements: Complements
) -> Node:
    """Return inner · above · scale / below; what is smaller than the result is multiplied together first."""

    def built(atom: Atom) -> Node:
        if isinstance(atom, OneMinus):
            return complements.get(atom.sigmoid, 1 - atom.sigmoid)
        return cast(atom, like.dtype)

    above, below = _with_exponentials(above, below)
    small = [built(x) for x in atoms_in(above) if x.shape != like.shape]
    full = [built(x) for x in atoms_in(above) if x.shape == like.shape]
    factors = ([inner] if inner is not None else []) + full + small
    node: Node | None = None
    for factor in factors:
        node = factor if node is None else node * factor
    if node is None:
        node = as_node(scale, [like.dtype])
    elif abs(scale) != 1:
        node = node * as_node(scale, [like.dtype])
    for divisor in atoms_in(below):
        node = node / built(divisor)
    return -node if scale == -1 and factors else node


def _with_exponentials(above: Factors, below: Factors) -> tuple[Factors, Factors]:
    """Write σ(z) / (1 - σ(z)) as exp(z) again: it is finite where 1 - σ(z) is 0 in floats."""
    up, down = dict(above), dict(below)
    for atom in atoms_in(above):
        other = complement(atom)
        if down.get(other):
            (z,) = node_of(atom).inputs
            e = exp(-z if isinstance(atom, OneMinus) else z)
            up[atom] -= 1
            down[other] -= 1
            up[e] = up.get(e, 0) + 1
    return positive(up), positive(down)


def cost(root: Node, like: Node, rows: Collection[Primitive]) -> float:
    """Count the nodes of these ``rows`` written between ``root`` and its atoms, small ones for little."""
    total, seen, stack = 0.0, set(), [root]
    while stack and total < 1000:
        node = stack.pop()
        if node in seen or node.primitive not in rows:
            continue
        seen.add(node)
        total += 1.0 if node.shape == like.shape else 0.01
        stack.extend(node.inputs)
    return total

"""Cancellation: arithmetic written as a sum of products, in which terms and factors cancel.

This is how ``dz = a - y`` is found. The log loss gives ``-y/a + (1 - y)/(1 - a)``, the sigmoid ``a · (1 - a)``; in
their product a cancels against 1/a (a sigmoid is never 0) and ``y · a`` against ``-y · a``, and ``a - y`` is left.

What is replaced, and what is not:
- a factor cancels only if it is proved not to be 0; a term only if what vanishes with it is proved finite;
- what vanishes altogether is still asked whether it is NaN: σ(z) / σ(z) is 1, but for a z of NaN;
- only a sum whose terms stay simple is written back, since expanding (x + 1)(x - 1) would lose digits.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.graph import shapes
from chainrule.graph.node import Node, apply, as_node, cast
from chainrule.graph.primitives.reductions import softmax

MOST_TERMS, MOST_FACTORS, MOST_ARRAYS = 8, 12, 16
FINITE = ("sigmoid", "softmax", "tanh", "constant", "length", "one_hot", "sin", "cos", "random_uniform")
ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative")
NONZERO = ("sigmoid", "softmax", "exp", "softplus", "length")
NEVER_NAN = ("constant", "length", "one_hot", "random_uniform")
NAN_AS_INPUT = ("sigmoid", "softmax", "exp", "softplus", "tanh", "negative", "sum")


@dataclass(frozen=True)
class OneMinus:
    """The factor ``1 - σ(z)``, known by its sigmoid, so that it cancels and expands."""

    sigmoid: Node

    @property
    def shape(self) -> shapes.Shape:
        """The shape of the sigmoid."""
        return self.sigmoid.shape


Atom = Any  # a Node that is not arithmetic, or a OneMinus
Factors = frozenset[tuple[Atom, int]]
Product = tuple[Factors, Factors]  # factors above and below the line
Sum = dict[Product, float]
Complements = dict[Node, Node]  # σ(z) -> σ(-z), which has more digits than 1 - σ(z)


class Expanded(NamedTuple):
    """A node as a sum of products.

    ``cancelled`` says whether anything cancelled on the way, ``met`` whose NaN would be one of the node.
    """

    terms: Sum
    cancelled: bool
    met: frozenset[Node]


def _product(above: Iterable[Atom] = (), below: Iterable[Atom] = ()) -> Product:
    return _counted(above), _counted(below)


def _counted(atoms: Iterable[Atom]) -> Factors:
    found: dict[Atom, int] = {}
    for atom in atoms:
        _met(atom)
        found[atom] = found.get(atom, 0) + 1
    return frozenset(found.items())


_NUMBERS: WeakKeyDictionary[Node, int] = WeakKeyDictionary()
_NEXT = count()


def _met(atom: Atom) -> tuple[int, bool]:
    """Return what atoms are sorted by: when each was first met. Sets go by addresses, and would change the bits."""
    complement = isinstance(atom, OneMinus)
    node = atom.sigmoid if complement else atom
    number = _NUMBERS.get(node)
    if number is None:
        number = _NUMBERS.setdefault(node, next(_NEXT))  # another thread may have met it by now
    return number, complement


def _list(factors: Factors) -> list[Atom]:
    return [atom for atom, n in sorted(factors, key=lambda f: _met(f[0])) for _ in range(n)]


def _is_long(product: Product) -> bool:
    above, below = product
    return sum([n for _, n in above]) + sum([n for _, n in below]) > MOST_FACTORS


def _not_zero(atom: Atom) -> bool:
    if isinstance(atom, OneMinus) or atom.primitive.name in NONZERO:
        return True
    return atom.primitive.name == "sum" and atom.inputs[0].primitive.name == "exp"


def _complement(atom: Atom) -> Atom:
    return atom.sigmoid if isinstance(atom, OneMinus) else OneMinus(atom)


def _finite(atom: Atom) -> bool:
    return isinstance(atom, OneMinus) or atom.primitive.name in FINITE or atom.dtype == bool


def _may_be_nan(terms: Sum) -> frozenset[Node]:
    """Return the nodes whose NaN would be one of the sum."""
    found = set()
    for atom in {atom for above, below in terms for atom, _ in [*above, *below]}:
        node = atom.sigmoid if isinstance(atom, OneMinus) else atom
        while node.primitive.name in NAN_AS_INPUT:
            (node,) = node.inputs
        if not (node.primitive.name in NEVER_NAN or node.dtype == bool):
            found.add(node)
    return frozenset(found)


class Cancellation:
    """Finds what each arithmetic node of one graph comes to."""

    def __init__(self) -> None:
        self._sums: dict[Node, Expanded] = {}
        self._asked: set[Node] = set()  # z of the exp(z) whose expansion depends on what is known of it
        self._logistic: dict[Node, Atom] = {}  # z -> σ(z) or 1 - σ(-z), for exp(z) = σ(z) / (1 - σ(z))
        self._softmax: dict[Node, tuple[Node, Node]] = {}  # exp(z) -> softmax(z), its sum
        self._complements: Complements = {}  # where the graph has both
        self._arrays: dict[Node, tuple[Node, float] | None] = {}  # c -> b, n where c = n - b everywhere

    def look_at(self, nodes: Iterable[Node]) -> bool:
        """Note the sigmoids and the sums of exponentials among ``nodes``: they say what an exp comes to.

        Returns:
            Whether something that was looked at before may now come to something else.
        """
        learned: set[Node] = set()
        paired = False
        for n in nodes:
            if n.primitive.name == "sigmoid":
                learned.update(self._look_at_sigmoid(n))
            elif n.primitive.name == "constant" and n.shape and n.dtype.kind == "f":
                paired = self._look_at_array(n) or paired
            elif (
                n.primitive.name == "sum" and n.inputs[0].primitive.name == "exp" and n.attributes["keepdims"]
            ):
                (e,) = n.inputs
                if e not in self._softmax:
                    self._softmax[e] = (softmax(e.inputs[0], axes=n.attributes["axes"]), n)
                    learned.add(e.inputs[0])
        if not paired and self._asked.isdisjoint(learned):
            return False
        self._sums.clear()
        self._asked.clear()
        return True

    def _look_at_sigmoid(self, a: Node) -> Iterable[Node]:
        (z,) = a.inputs
        if z not in self._logistic:
            yield z
        self._logistic[z] = a
        if z.primitive.name == "negative" and z.inputs[0] not in self._logistic:
            yield z.inputs[0]
            self._logistic[z.inputs[0]] = OneMinus(a)

    def _look_at_array(self, c: Node) -> bool:
        """Note the array that ``c`` completes to one number: a lecture's y and 1 - y, computed by NumPy."""
        if c in self._arrays:
            return False
        value = c.attributes["value"]
        self._arrays[c] = None
        firsts = [b for b, other in self._arrays.items() if other is None and b is not c]
        for b in firsts[:MOST_ARRAYS]:
            if b.shape == c.shape and b.dtype == c.dtype:
                sums = value + b.attributes["value"]
                if sums.size and (sums == sums.flat[0]).all():
                    self._arrays[c] = b, float(sums.flat[0])
                    return True
        return False

    def simpler(self, node: Node) -> Node | None:
        """Return what replaces ``node``, or None where nothing cancels."""
        if (
            node.primitive.name not in ("add", "subtract", "multiply", "divide", "negative")
            or node.dtype.kind != "f"
        ):
            return None
        found = self._expand(node)
        if not found.cancelled:
            return None
        written = _write(self._rejoined(found.terms), node, self._complements)
        if written is None or _cost(written, node) >= _cost(node, node):
            return None
        for lost in sorted(found.met - _may_be_nan(found.terms), key=_met):
            if not shapes.fits(lost.shape, node.shape):
                return None
            written = apply("where", apply("equal", lost, lost), written, as_node(np.nan, [node.dtype]))
        return written

    def _rejoined(self, terms: Sum) -> Sum:
        """Write n - b as the array that it is, where both are left over."""
        one = _product()
        for c, akin in self._arrays.items():
            if akin is None or one not in terms:
                continue
            b, n = _product([akin[0]]), akin[1]
            if b in terms and terms[one] == -n * terms[b]:
                rest = {p: k for p, k in terms.items() if p not in (one, b)}
                terms = {**rest, _product([c]): -terms[b]}
        return terms

    def _expand(self, node: Node) -> Expanded:
        sums = self._sums
        stack = [node]
        while stack:
            n = stack[-1]
            missing = [x for x in n.inputs if x not in sums] if n.primitive.name in ARITHMETIC else ()
            if missing:
                stack.extend(missing)
            else:
                stack.pop()
                if n not in sums:
                    sums[n] = self._expanded(n)
        return sums[node]

    def _expanded(self, node: Node) -> Expanded:
        """Expand a node whose inputs are expanded already."""
        if node.primitive.name in ARITHMETIC:
            found = self._arithmetic(node)
            if found is not None and len(found.terms) <= MOST_TERMS and not any(map(_is_long, found.terms)):
                return found
            terms = {_product([node]): 1.0}
        else:
            terms = self._known(node)
        return Expanded(terms, False, _may_be_nan(terms))

    def _known(self, node: Node) -> Sum:
        """Return what is known of a node that is not arithmetic."""
        name = node.primitive.name
        # A 0 is kept as it is: adding it is more than nothing, for -0 becomes 0.
        if name == "constant" and node.shape == () and node.attributes["value"] != 0:
            return {_product(): float(node.attributes["value"])}
        akin = self._arrays.get(node)
        if akin is not None:
            return {_product(): akin[1], _product([akin[0]]): -1.0}
        if name == "softmax":
            self._asked.add(node.inputs[0])
            same = (
                p
                for p, _ in self._softmax.values()
                if p.inputs == node.inputs and p.attributes == node.attributes
            )
            return {_product([next(same, node)]): 1.0}
        if name == "sigmoid":
            (z,) = node.inputs
            self._asked.update(z.inputs if z.primitive.name == "negative" else ())
            known = self._logistic.get(z.inputs[0]) if z.primitive.name == "negative" else None
            if isinstance(known, Node):
                self._complements[known] = node
            return {_product([node if known is None else _complement(known)]): 1.0}
        if name == "exp":
            return {self._exponential(node): 1.0}
        return {_product([node]): 1.0}

    def _arithmetic(self, node: Node) -> Expanded | None:
        name = node.primitive.name
        if name == "negative":
            inner = self._sums[node.inputs[0]]
            return inner._replace(terms={p: -c for p, c in inner.terms.items()})
        if name in ("add", "subtract"):
            return self._add(node)
        if name == "multiply":
            return self._multiply(self._sums[node.inputs[0]], self._sums[node.inputs[1]])
        return self._divide(node)

    def _exponential(self, node: Node) -> Product:
        (z,) = node.inputs
        self._asked.update((z, *z.inputs) if z.primitive.name == "negative" else (z,))
        if node in self._softmax:
            return _product(self._softmax[node])
        if z in self._logistic:
            a = self._logistic[z]
            return _product([a], [_complement(a)])
        if z.primitive.name == "negative" and z.inputs[0] in self._logistic:
            a = self._logistic[z.inputs[0]]
            return _product([_complement(a)], [a])
        return _product([node])

    def _add(self, node: Node) -> Expanded | None:
        left, right = (self._sums[x] for x in node.inputs)
        met = left.met | right.met
        sign = 1.0 if node.primitive.name == "add" else -1.0
        terms = dict(left.terms)
        for product, c in right.terms.items():
            terms[product] = terms.get(product, 0.0) + sign * c
        special = self._special_sum(terms)
        if special is not None:
            return Expanded({special: 1.0}, left.cancelled or right.cancelled, met)
        merged = len(terms) < len(left.terms) + len(right.terms)
        return _settled(terms, left.cancelled or right.cancelled or merged, met)

    def _special_sum(self, terms: Sum) -> Product | None:
        """1 - σ(z) is one factor, and 1 + exp(-z) is 1 / σ(z)."""
        if len(terms) != 2 or terms.get(_product()) != 1.0:
            return None
        (product, c) = next((p, c) for p, c in terms.items() if p != _product())
        above, below = _list(product[0]), _list(product[1])
        if c == -1.0 and not below and len(above) == 1:
            (a,) = above
            if isinstance(a, OneMinus) or a.primitive.name == "sigmoid":
                return _product([_complement(a)])
        if c == 1.0 and len(above) == len(below) == 1:
            (a,), (b,) = above, below
            if (isinstance(b, OneMinus) and b.sigmoid is a) or (isinstance(a, OneMinus) and a.sigmoid is b):
                return _product([], below)
        return None

    def _multiply(self, left: Expanded, right: Expanded) -> Expanded | None:
        terms: Sum = {}
        cancelled = left.cancelled or right.cancelled
        if len(left.terms) * len(right.terms) > 2 * MOST_TERMS:
            return None
        for (a_above, a_below), a in left.terms.items():
            for (b_above, b_below), b in right.terms.items():
                above, below = _joined(a_above, b_above), _joined(a_below, b_below)
                product = _cancelled_product(above, below)
                cancelled = cancelled or 0 in above.values() or 0 in below.values()
                terms[product] = terms.get(product, 0.0) + a * b
        return _settled(terms, cancelled, left.met | right.met)

    def _divide(self, node: Node) -> Expanded | None:
        left, right = (self._sums[x] for x in node.inputs)
        if len(right.terms) == 1:
            ((above, below), c) = next(iter(right.terms.items()))
            if c != 0 and math.isfinite(1 / c):
                return self._multiply(left, right._replace(terms={(below, above): 1 / c}))
        whole = {_product([], [node.inputs[1]]): 1.0}
        return self._multiply(left, Expanded(whole, False, _may_be_nan(whole)))


def _settled(terms: Sum, cancelled: bool, met: frozenset[Node]) -> Expanded | None:
    """Let terms cancel, with every 1 - σ(z) as a factor or, where that leaves fewer terms, written out."""
    best, opened = _merge(terms), None
    if any(isinstance(x, OneMinus) for above, below in terms for x, _ in [*above, *below]):
        opened = _merge(_open_complements(terms))
    if opened is not None and (best is None or _size(opened) < _size(best)):
        return Expanded(opened, True, met)
    return None if best is None else Expanded(best, cancelled or len(best) < len(terms), met)


def _size(terms: Sum) -> tuple[int, int]:
    """Return how many terms there are, and how many factors in them."""
    return len(terms), sum(n for above, below in terms for _, n in [*above, *below])


def _open_complements(terms: Sum) -> Sum:
    """Write σ and 1 - σ out by each other until no product holds 1 - σ above the line, or σ over 1 - σ."""
    result: Sum = {}
    work = list(terms.items())
    while work:
        (above, below), c = work.pop()
        up, down = dict(above), dict(below)
        atom = next((x for x in sorted(up, key=_met) if _opens(x, down)), None)
        if atom is None:
            result[above, below] = result.get((above, below), 0.0) + c
            continue
        up[atom] -= 1
        opened = _joined(frozenset(up.items()), frozenset([(_complement(atom), 1)]))
        work.append((_cancelled_product(up, dict(down)), c))
        work.append((_cancelled_product(opened, dict(down)), -c))
        if len(work) + len(result) > 4 * MOST_TERMS:
            return terms
    return result


def _opens(atom: Atom, below: dict[Atom, int]) -> bool:
    return isinstance(atom, OneMinus) or (atom.primitive.name == "sigmoid" and OneMinus(atom) in below)


def _cancelled_product(above: dict[Atom, int], below: dict[Atom, int]) -> Product:
    for atom in [x for x in above if below.get(x) and _not_zero(x)]:
        common = min(above[atom], below[atom])
        above[atom] -= common
        below[atom] -= common
    return _positive(above), _positive(below)


def _positive(counts: dict[Atom, int]) -> Factors:
    return frozenset((x, n) for x, n in counts.items() if n)


def _joined(a: Factors, b: Factors) -> dict[Atom, int]:
    both = dict(a)
    for atom, n in b:
        both[atom] = both.get(atom, 0) + n
    return both


def _merge(terms: Sum) -> Sum | None:
    """Drop the terms that cancelled; None if something that may be infinite would vanish with them."""
    if all(terms.values()):
        return terms
    kept = {p: c for p, c in terms.items() if c != 0}
    before = {atom for above, below in terms for atom, _ in [*above, *below]}
    after = {atom for above, below in kept for atom, _ in [*above, *below]}
    return kept if all(_finite(atom) for atom in before - after) else None


# --- writing it back ------------------------------------------------------------------------------------


def _write(terms: Sum, like: Node, complements: Complements) -> Node | None:
    """Return the node that a sum of products stands for: common factors outside, positive terms first."""
    if not terms:
        return apply("broadcast_to", as_node(0.0, [like.dtype]), shape=like.shape) if like.shape else as_node(
            0.0, [like.dtype]
        )  # fmt: skip
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


def _degree(product: Product, like: Node) -> int:
    """Count the factors of full size; those that are broadcast only scale."""
    return sum(n for side in product for atom, n in side if atom.shape == like.shape or not like.shape)


def _sum_node(terms: Sum, like: Node, complements: Complements) -> Node | None:
    """Return Σ c·product, or None for the plain number 1."""
    if set(terms) == {_product()} and terms[_product()] == 1.0:
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
    small = [built(x) for x in _list(above) if x.shape != like.shape]
    full = [built(x) for x in _list(above) if x.shape == like.shape]
    factors = ([inner] if inner is not None else []) + full + small
    sign = -1 if scale == -1 else 1
    product: Node | None = None
    for factor in factors:
        product = factor if product is None else product * factor
    if product is None:
        product = as_node(scale, [like.dtype])
    elif abs(scale) != 1:
        product = product * as_node(scale, [like.dtype])
    for divisor in _list(below):
        product = product / built(divisor)
    return -product if sign < 0 and factors else product


def _with_exponentials(above: Factors, below: Factors) -> tuple[Factors, Factors]:
    """Write σ(z) / (1 - σ(z)) as exp(z) again: it is finite where 1 - σ(z) is 0 in floats."""
    up, down = dict(above), dict(below)
    for atom in _list(above):
        other = _complement(atom)
        if down.get(other):
            (z,) = (atom.sigmoid if isinstance(atom, OneMinus) else atom).inputs
            e = apply("exp", -z if isinstance(atom, OneMinus) else z)
            up[atom] -= 1
            down[other] -= 1
            up[e] = up.get(e, 0) + 1
    return _positive(up), _positive(down)


def _cost(root: Node, like: Node) -> float:
    """Count the arithmetic written between ``root`` and its atoms, small operands for little."""
    total, seen, stack = 0.0, set(), [root]
    while stack and total < 1000:
        node = stack.pop()
        if node in seen or node.primitive.name not in ARITHMETIC:
            continue
        seen.add(node)
        total += 1.0 if node.shape == like.shape else 0.01
        stack.extend(node.inputs)
    return total

"""Sums over pictures taken apart: Σ k·x is k·Σx, and Σ (x + y) is Σx + Σy, where k is the same all along.

Of batch normalization's backward pass seven sums remain four, and no array is gone through once more for one of them:
the gradients of gamma and of the variance are one sum in two units, and what the mean's is made of is known already. It
is done where rows are summed over together with other axes, height and width, say: sums over rows alone stay.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.engines.native.plan.bodies import in_bodies
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, as_node, broadcast, cast, of_array, with_inputs
from chainrule.graph.primitives.arithmetic import divide, minus, negative, plus, times
from chainrule.graph.primitives.bounds import REAL
from chainrule.graph.ranges import range_of
from chainrule.graph.shapes import Extent

DEEP = 16  # so many terms and factors inside each other are looked into
LEAST_ROWS, LEAST_WEIGHTS = 16, 512  # of an array that is summed row by row: less is done whole anyway

# What a sum is multiplied with, one after the other: how, and what with.
Scale = tuple[tuple[str, Node | None], ...]


@dataclass(frozen=True)
class Term:
    """Σ of a product of factors, where a condition holds; or of what is the same all along, if there are none."""

    over: tuple[int, ...]
    factors: tuple[Node, ...]
    condition: Node | None
    same: Node | None
    scale: Scale

    @property
    def summed(self) -> tuple[object, ...]:
        """What is summed, whatever it is multiplied with."""
        return (self.over, self.condition, *self.factors)


def taken_apart(program: Program) -> Program:
    """Return a program in which sums over rows and more are made of fewer sums."""
    program = in_bodies(program, taken_apart)
    nodes = program.nodes
    place = {n: i for i, n in enumerate(nodes)}
    found = {n: [*_Sum(n, place).terms(n.inputs[0], (), DEEP)] for n in nodes if _goes_over_pictures(n)}
    summed = {n: {t.summed for t in terms if t.factors} for n, terms in found.items()}
    known = {key for keys in summed.values() if len(keys) == 1 for key in keys}
    use = {n: terms for n, terms in found.items() if summed[n] <= known}
    if len(known) == len(use):
        return program  # nothing is summed less often

    became: dict[Node, Node] = {}
    made: dict[object, Node] = {}  # one node for each sum, and each number of terms
    for node in nodes:
        if node in use:
            became[node] = _put_together(node, use[node], became, made)
        else:
            became[node] = with_inputs(node, tuple(became[x] for x in node.inputs))
    return program.map_ends(lambda ends: [became[n] for n in ends])


def row_by_row(program: Program) -> Program:
    """Return a program in which what weights are summed to, all of them, is the sum of what each row is summed to.

    Threads do rows, and each those that it overwrites behind that: what a penalty reads needs no region of its own.
    """

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if not _is_of_weights(new):
            return new
        _, *further = (a for a, e in enumerate(inputs[0].shape) if e != 1)
        rows = apply("sum", inputs[0], axes=tuple(further), keepdims=True)
        return apply("sum", rows, axes=new.attributes["axes"], keepdims=new.attributes["keepdims"])

    return program.rebuild(visit)


def _is_of_weights(node: Node) -> bool:
    """Say whether a node is the sum of all numbers of an array that is long enough to be cut into rows."""
    if node.primitive.name != "sum" or node.dtype.kind != "f":
        return False
    shape, axes = node.inputs[0].shape, node.attributes["axes"]
    long = [a for a, e in enumerate(shape) if e != 1]
    fixed = [e for e in shape if isinstance(e, int)]
    every = len(fixed) == len(shape) and len(long) > 1 and set(long) <= set(axes)
    return every and shape[long[0]] >= LEAST_ROWS and math.prod(fixed) >= LEAST_WEIGHTS


def _goes_over_pictures(node: Node) -> bool:
    if node.primitive.name != "sum" or node.dtype.kind != "f":
        return False
    shape, axes = node.inputs[0].shape, node.attributes["axes"]
    return 0 in axes and isinstance(shape[0], Extent) and any(shape[a] != 1 for a in axes if a)


class _Sum:
    """Takes apart what is summed."""

    def __init__(self, node: Node, place: Mapping[Node, int]) -> None:
        self.axes, self.shape, self.place = node.attributes["axes"], node.inputs[0].shape, place

    def is_same(self, x: Node) -> bool:
        """Say whether a number is the same all along what is summed."""
        aligned = (1,) * (len(self.shape) - len(x.shape)) + x.shape
        return all(aligned[a] == 1 for a in self.axes)

    def terms(self, x: Node, scale: Scale, deep: int) -> Iterator[Term]:
        """Yield what Σ x, scaled, is the sum of."""
        if self.is_same(x):
            yield Term(self.axes, (), None, x, scale)
            return
        if x.primitive in (plus, minus) and deep and self._is_whole(*x.inputs):
            yield from self.terms(x.inputs[0], scale, deep - 1)
            sign: Scale = ((negative.name, None),) if x.primitive is minus else ()
            yield from self.terms(x.inputs[1], sign + scale, deep - 1)
            return
        condition = None
        if x.primitive.name == "where" and x.inputs[1].shape == self.shape and _is_zero(x.inputs[2]):
            condition, x = x.inputs[:2]
        factors, own = self._factors(x, deep)
        if condition is not None and not all(_is_harmless(*step) for step in own):
            factors, own = [x], ()  # chosen nowhere, 1/0 is no part of the sum
        if condition is None and factors != [x] and len(factors) == 1:
            yield from self.terms(factors[0], own + scale, deep - 1)
        else:
            ordered = tuple(sorted(factors, key=self.place.__getitem__))
            yield Term(self.axes, ordered, condition, None, own + scale)

    def _is_whole(self, *parts: Node) -> bool:
        return all(x.shape == self.shape or self.is_same(x) for x in parts)

    def _factors(self, x: Node, deep: int) -> tuple[list[Node], Scale]:
        """Return the factors of a product that change along what is summed, and the others as a scale."""
        row, inputs = x.primitive, x.inputs
        if not deep or row not in (times, divide, negative) or not self._is_whole(*inputs):
            return [x], ()
        changing = [y for y in inputs if not self.is_same(y)]
        if row is divide and changing != [inputs[0]]:
            return [x], ()
        scale: Scale = ((row.name, None),) if row is negative else ()
        if len(changing) < len(inputs):
            (k,) = (y for y in inputs if y not in changing)
            scale = ((row.name, k),)
        factors: list[Node] = []
        for y in changing:
            more, own = self._factors(y, deep - 1)
            factors, scale = factors + more, own + scale
        return factors, scale


def _is_harmless(name: str, k: Node | None) -> bool:
    """Say whether 0 stays 0 when it is multiplied with a number, or divided by it."""
    known = range_of(k) if k is not None else REAL
    return known.finite and (name != "divide" or known.nonzero)


def _is_zero(x: Node) -> bool:
    return x.primitive.name == "constant" and not x.shape and not x.attributes["value"]


# --- and putting together ---


def _put_together(
    node: Node, terms: list[Term], became: Mapping[Node, Node], made: dict[object, Node]
) -> Node:
    """Return a sum of what it was taken apart into, of nodes as they became."""
    axes, keeps, shape = node.attributes["axes"], node.attributes["keepdims"], node.inputs[0].shape

    def reduced(k: Node) -> Node:
        """Return what is the same all along in the result's shape."""
        aligned = (1,) * (len(shape) - len(k.shape)) + k.shape
        kept = aligned if keeps else tuple(e for a, e in enumerate(aligned) if a not in axes)
        k = became.get(k, k)
        return k if kept == k.shape or not k.shape else apply("reshape", k, shape=kept)

    total: Node | None = None
    for term in terms:
        if term.same is not None:
            found = reduced(term.same) * _count(node, made)
        elif term.summed in made:
            found = reduced(made[term.summed])
        else:
            x = became[term.factors[0]]
            for factor in term.factors[1:]:
                x = x * became[factor]
            if term.condition is not None:
                x = apply("where", became[term.condition], x, of_array(np.zeros((), x.dtype)))
            made[term.summed] = apply("sum", x, axes=axes, keepdims=True)
            found = reduced(made[term.summed])
        for name, k in term.scale:
            found = apply(name, found, reduced(k)) if k is not None else apply(name, found)
        total = found if total is None else total + found
    if total is None:
        raise AssertionError(node)
    if any(k is not None for term in terms for k in (term.same, *(k for _, k in term.scale))):
        # a sum of nothing is 0, whatever it were multiplied with: of no rows a mean is 0/0
        total = apply("where", _count(node, made) > 0, total, of_array(np.zeros((), total.dtype)))
    return cast(broadcast(total, node.shape), node.dtype)


def _count(node: Node, known: dict[object, Node]) -> Node:
    """Return how many numbers a sum adds up."""
    extents = [node.inputs[0].shape[a] for a in node.attributes["axes"]]
    fixed = math.prod(e for e in extents if isinstance(e, int))
    key = (*extents, node.dtype)
    if key not in known:
        known[key] = as_node(fixed, [node.dtype])
        for extent in (e for e in extents if isinstance(e, Extent)):
            known[key] = known[key] * known.setdefault((extent, node.dtype), as_node(extent, [node.dtype]))
    return known[key]

"""Sums over windows place by place: only what falls on one place of all windows is computed at a time.

So is added up what is no product, as behind pooling, or a product of windows and windows; the order is NumPy's.
"""

from collections.abc import Collection, Sequence

from chainrule.engines.native.plan.laying import laid, sliced
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, apply, broadcast, with_inputs
from chainrule.graph.primitives.linear import broadcast_to
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.windows import positions, windows
from chainrule.graph.shapes import FULL
from chainrule.graph.walk import learn


def added_up(node: Node, x: Node, alone: Collection[Node]) -> Node:
    """Return a sum over windows as sums of what falls on one place of all windows, one place after the other.

    Args:
        node: The sum.
        x: What is summed, as it has become.
        alone: The products that nothing else reads.
    """
    at = dict(node.attributes)
    shape, total = node.shape, None
    at.pop("extents")
    for place, index in positions(x.shape[: len(shape)], **at):
        part = _at_place(x, place, alone)
        if total is None:
            total = apply("pad", part, index=index, shape=shape)
        else:
            part = apply("slice", total, index=index) + part
            total = laid([total, part], [index], shape)
    return x if total is None else total


def _at_place(x: Node, place: tuple[int, ...], alone: Collection[Node]) -> Node:
    """Return x at a place along its last axes: computed there alone, where it is computed element by element, or is a
    product that nothing else reads."""

    def rule(x: Node) -> Node:
        row, rank = x.primitive, len(x.shape)
        own = place[max(0, len(place) - rank) :]
        kept = rank - len(own)
        if not own:
            return x
        if row.elementwise:
            return with_inputs(x, tuple(known[y] for y in x.inputs))
        if row is broadcast_to:
            return broadcast(known[x.inputs[0]], x.shape[:kept])
        if (
            row.name == "reshape"
            and x.inputs[0].shape == x.shape[:kept]
            and x.shape[kept:] == (1,) * len(own)
        ):
            return x.inputs[0]
        if row is windows and len(x.attributes["axes"]) == len(own):
            counts, at = x.shape[:kept], x.attributes
            return apply("slice", x.inputs[0], index=dict(positions(counts, **at))[own])
        if row is contract and x in alone:
            spec = contraction(x.attributes["spec"])
            at = dict(zip(spec.out[kept:], entries(x, kept, own), strict=True))
            sides = [*zip(x.inputs, (spec.left, spec.right), strict=True)]
            factors = [sliced(y, [at.get(k, FULL) for k in letters]) for y, letters in sides]
            left, right, out = (
                "".join(k for k in x if k not in at) for x in (spec.left, spec.right, spec.out)
            )
            return apply("contract", *factors, spec=f"{left},{right}->{out}")
        return apply("slice", x, index=(FULL,) * kept + entries(x, kept, own))

    def looks_at(x: Node) -> Sequence[Node]:
        return x.inputs if x.primitive.elementwise or x.primitive is broadcast_to else ()

    def entries(x: Node, kept: int, own: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(0 if e == 1 else p for e, p in zip(x.shape[kept:], own, strict=True))

    known: dict[Node, Node] = {}
    return learn(x, known, rule, looks_at)
